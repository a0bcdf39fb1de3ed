//! Limits on one payload, and the counters that enforce them.

use crate::CodecError;

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
}

impl PayloadLimits {
    /// The default limits.
    pub const DEFAULT: Self =
        Self { depth: 50, elements: 1_000_000, objects: 1_000_000, binary: 64 << 20, json_text: 256 << 20 };
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
    defaulted: usize,
}

impl Budget {
    pub(crate) fn new(limits: PayloadLimits) -> Self {
        Self { limits, depth: 0, objects: 0, defaulted: 0 }
    }

    /// Counts fields that are filled with defaults: a peer pays no bytes for them, but they cost memory here.
    pub(crate) fn defaulted(&mut self, fields: usize) -> Result<(), CodecError> {
        self.defaulted += fields;
        within("fields filled with defaults", self.defaulted, self.limits.objects.saturating_mul(16))
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

    /// Checks the number of names: a name takes more memory than the bytes that encode it.
    pub(crate) fn names(count: usize) -> Result<(), CodecError> {
        within("names of types", count, NAMES)
    }

    /// Checks the number of values that have a reference number: the table of them takes memory, too.
    pub(crate) fn tracked(&self, count: usize) -> Result<(), CodecError> {
        within("values with reference numbers", count, self.limits.objects)
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
