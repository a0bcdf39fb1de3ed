//! Why a message or its JSON text was refused, and where in it.
//!
//! Paths are put together while an error travels up, so that reading pays nothing for them.

use crate::buffer::ReadError;
use crate::violation::Violation;

/// Why a message could not be read, written or converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes, the text or the value do not fit the type.
    #[error("{}{problem}", prefix(path))]
    Invalid {
        /// Where in the message, such as `lines[3].price`; empty at its root.
        path: String,
        /// What is wrong there.
        problem: String,
    },
    /// A limit of [`crate::PayloadLimits`] was passed.
    #[error("{}more than {most} ({what})", prefix(path))]
    Limit {
        /// Where in the message.
        path: String,
        /// What was counted.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// JSON text has members that the contract does not know.
    #[error("{0}")]
    Violation(Box<Violation>),
    /// The plan has no root of that number: a mistake of the caller, not of a peer.
    #[error("the plan has no root {0}")]
    NoRoot(usize),
}

fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

impl CodecError {
    pub(crate) fn invalid(problem: impl Into<String>) -> Self {
        Self::Invalid { path: String::new(), problem: problem.into() }
    }

    /// The status code that says this to a peer.
    pub fn code(&self) -> u32 {
        match self {
            Self::Invalid { .. } => 3,
            Self::Limit { .. } => 8,
            Self::NoRoot(_) => 13,
            Self::Violation(_) => 101,
        }
    }

    /// Where in the message; empty at its root.
    pub fn path(&self) -> &str {
        match self {
            Self::Invalid { path, .. } | Self::Limit { path, .. } => path,
            Self::Violation(violation) => &violation.path,
            Self::NoRoot(_) => "",
        }
    }

    /// Status details for the peer; only a contract violation has any.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Violation(violation) => violation.details(),
            _ => Vec::new(),
        }
    }

    fn prepend(mut self, segment: &str) -> Self {
        let path = match &mut self {
            Self::Invalid { path, .. } | Self::Limit { path, .. } => path,
            Self::Violation(violation) => &mut violation.path,
            Self::NoRoot(_) => return self,
        };
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        *path = format!("{segment}{dot}{path}");
        self
    }

    /// The error seen from the message that has it in a field.
    pub(crate) fn in_field(self, name: &str) -> Self {
        self.prepend(name)
    }

    /// The error seen from the collection that has it in an element or entry.
    pub(crate) fn at_index(self, index: usize) -> Self {
        self.prepend(&format!("[{index}]"))
    }

    /// The error seen from the map that has it under a key.
    pub(crate) fn at_key(self, key: &str) -> Self {
        self.prepend(&format!("[{key}]"))
    }
}

impl From<ReadError> for CodecError {
    fn from(error: ReadError) -> Self {
        Self::invalid(error.to_string())
    }
}
