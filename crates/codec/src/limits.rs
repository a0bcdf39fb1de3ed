//! What a message may ask of the reader before it is refused.

use crate::CodecError;

/// Names that one message may spell in full: a writer does so once for each type, and a service has at most 4096.
const NAMES: usize = 8192;

/// Bounds on one message, enforced before anything is allocated for what exceeds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadLimits {
    /// Containers and messages inside each other.
    pub depth: usize,
    /// Elements of one list, set or map.
    pub elements: usize,
    /// Containers and messages in all.
    pub objects: usize,
    /// Length of one byte string.
    pub binary: usize,
    /// Length of the JSON text that a message is turned into.
    pub json_text: usize,
}

impl PayloadLimits {
    /// The limits that hold where nothing else was asked for.
    pub const DEFAULT: Self =
        Self { depth: 50, elements: 1_000_000, objects: 1_000_000, binary: 64 << 20, json_text: 256 << 20 };
}

impl Default for PayloadLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What one message has used of its limits.
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

    /// Fields that the message leaves out cost it nothing, and us something.
    pub(crate) fn defaulted(&mut self, fields: usize) -> Result<(), CodecError> {
        self.defaulted += fields;
        within("fields left to their defaults", self.defaulted, self.limits.objects.saturating_mul(16))
    }

    /// A container or message begins, with that many parts.
    pub(crate) fn enter(&mut self, parts: usize) -> Result<(), CodecError> {
        let PayloadLimits { depth, elements, objects, .. } = self.limits;
        within("nesting", self.depth + 1, depth)?;
        within("elements of a collection", parts, elements)?;
        within("containers and messages", self.objects + 1, objects)?;
        self.depth += 1;
        self.objects += 1;
        Ok(())
    }

    /// It ended.
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Names cost more memory than the bytes that may stand for one.
    pub(crate) fn names(count: usize) -> Result<(), CodecError> {
        within("names", count, NAMES)
    }

    /// Neither do values that may be referred to.
    pub(crate) fn tracked(&self, count: usize) -> Result<(), CodecError> {
        within("values with references", count, self.limits.objects)
    }

    pub(crate) fn binary(&self, length: usize) -> Result<(), CodecError> {
        within("bytes of a byte string", length, self.limits.binary)
    }
}

/// Refuses what is over its limit.
pub(crate) fn within(what: &'static str, used: usize, most: usize) -> Result<(), CodecError> {
    if used <= most {
        return Ok(());
    }
    Err(CodecError::Limit { path: String::new(), what, most })
}
