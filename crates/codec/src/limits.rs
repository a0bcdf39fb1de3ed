//! Limits on one payload, and the counters that enforce them.

use crate::CodecError;

/// What decoded values cost in memory: the estimated size of each kind of [`crate::Value`] and of the tokens of JSON text.
///
/// `tests/memory.rs` compares the table with the memory that a decoder takes. The costs of values in JavaScript are in
/// `ts/src/codec/costs.ts`.
pub(crate) mod cost {
    /// A position for a value: an element, a key, a value of an entry, or a field. The size of [`crate::Value`].
    pub(crate) const VALUE: usize = 48;
    /// An allocation: the text of a string, the elements of a list, the fields of a message.
    pub(crate) const ALLOCATION: usize = 32;
    /// A value with a reference number, in the tables of the decoder and of a graph.
    pub(crate) const TRACKED: usize = 3 * VALUE;
    /// A token of JSON text.
    pub(crate) const TOKEN: usize = 16;
    /// An entry of a JSON object that is read as a map: repeated names are removed.
    pub(crate) const JSON_ENTRY: usize = 160;
    /// A description without its fields.
    pub(crate) const DESCRIPTION: usize = 512;
    /// A field in a description.
    pub(crate) const DESCRIBED_FIELD: usize = 192;
    /// A field of ours, in the list of those that a description leaves out.
    pub(crate) const OWN_FIELD: usize = 16;
    /// A type in a description, with the plan node that is made from it.
    pub(crate) const DESCRIBED_TYPE: usize = 192;
    /// A name of a type.
    pub(crate) const NAME: usize = 64;
}

/// Meta strings that one message may contain. A writer sends two for each type, and a service has at most 4096 types.
const NAMES: usize = 8192;

/// Limits on one message. Each is checked before memory is allocated for the value that exceeds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadLimits {
    /// Nesting depth of containers and messages.
    pub depth: usize,
    /// Elements of one list, set or map.
    pub elements: usize,
    /// Containers and messages in the whole message.
    pub objects: usize,
    /// Length of one byte string, in bytes.
    pub binary: usize,
    /// Length of the JSON text that a message is converted to, in bytes.
    pub json_text: usize,
    /// Estimated size of the decoded values of one message, in bytes. A short message can decode to large values.
    pub decoded: usize,
}

impl PayloadLimits {
    /// The default limits.
    pub const DEFAULT: Self = Self {
        depth: 50,
        elements: 1_000_000,
        objects: 1_000_000,
        binary: 64 << 20,
        json_text: 256 << 20,
        decoded: 64 << 20,
    };

    /// The limits for a value of this process, which does not come from a peer.
    pub const OWN: Self = Self::with_decoded(usize::MAX);

    /// The limits for a value of this process that is sent as JSON text. A frame has at most 16 MiB.
    pub const SENT: Self = Self { json_text: 16 << 20, ..Self::OWN };

    /// The default limits with another estimated size.
    #[must_use]
    pub const fn with_decoded(decoded: usize) -> Self {
        Self { decoded, ..Self::DEFAULT }
    }
}

impl Default for PayloadLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How much of its limits one message has used.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: PayloadLimits,
    depth: usize,
    objects: usize,
    decoded: usize,
}

impl Budget {
    pub(crate) fn new(limits: PayloadLimits) -> Self {
        Self { limits, depth: 0, objects: 0, decoded: 0 }
    }

    /// Counts the cost of values before memory is allocated for them: `count` times `each`.
    pub(crate) fn charge(&mut self, count: usize, each: usize) -> Result<(), CodecError> {
        self.decoded = self.decoded.saturating_add(count.saturating_mul(each));
        within("bytes of estimated size when decoded", self.decoded, self.limits.decoded)
    }

    /// Begins a container or message that has this number of elements.
    pub(crate) fn enter(&mut self, parts: usize) -> Result<(), CodecError> {
        let PayloadLimits { depth, elements, objects, .. } = self.limits;
        within("levels of nesting", self.depth + 1, depth)?;
        within("elements in one collection", parts, elements)?;
        within("containers and messages", self.objects + 1, objects)?;
        self.depth += 1;
        self.objects += 1;
        Ok(())
    }

    /// Ends the innermost container or message.
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Counts a name: it takes more memory than the bytes that encode it.
    pub(crate) fn name(&mut self, count: usize) -> Result<(), CodecError> {
        within("names of types", count, NAMES)?;
        self.charge(1, cost::NAME)
    }

    /// Counts a value that has a reference number: the table of them takes memory, too.
    pub(crate) fn tracked(&mut self, count: usize) -> Result<(), CodecError> {
        within("values with reference numbers", count, self.limits.objects)?;
        self.charge(1, cost::TRACKED)
    }

    pub(crate) fn binary(&self, length: usize) -> Result<(), CodecError> {
        within("bytes in one byte string", length, self.limits.binary)
    }
}

/// Returns an error if `used` is more than `most`; `what` names the counted thing.
pub(crate) fn within(what: &'static str, used: usize, most: usize) -> Result<(), CodecError> {
    if used <= most {
        return Ok(());
    }
    Err(CodecError::Limit { path: String::new(), what, most })
}
