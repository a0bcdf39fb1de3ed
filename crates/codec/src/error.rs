//! Why a message or its JSON text was refused, and the path of the wrong value.
//!
//! Each caller adds its segment to the path while the error returns, so decoding a valid message costs nothing extra.

use crate::buffer::ReadError;
use crate::violation::{Violation, printable};

/// The result of an operation of this crate.
pub(crate) type CodecResult<T = ()> = Result<T, CodecError>;

/// Why a message could not be read, written or converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes, the text or the value do not fit the type.
    #[error("{}{problem}", prefix(path))]
    Invalid {
        /// Path in the message, such as `lines[3].price`; empty at the root.
        path: String,
        /// What is wrong there.
        problem: String,
    },
    /// A limit of [`crate::PayloadLimits`] was exceeded.
    #[error("{}more than {most} {what}", prefix(path))]
    Limit {
        /// Path in the message.
        path: String,
        /// What was counted.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// JSON text has members that the message type does not declare.
    #[error("{0}")]
    Violation(Box<Violation>),
    /// The plan has no root with this number. The caller made the mistake, not a peer.
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

    /// The status code that is sent to the peer for this error.
    pub fn code(&self) -> u32 {
        match self {
            Self::Invalid { .. } => 3,
            Self::Limit { .. } => 8,
            Self::NoRoot(_) => 13,
            Self::Violation(_) => 101,
        }
    }

    /// Path in the message; empty at the root.
    pub fn path(&self) -> &str {
        match self {
            Self::Invalid { path, .. } | Self::Limit { path, .. } => path,
            Self::Violation(violation) => &violation.path,
            Self::NoRoot(_) => "",
        }
    }

    /// Status details for the peer. Only a contract violation has details.
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

    /// Adds the name of the field that contains the error to the path. It may be a name of the peer.
    pub(crate) fn in_field(self, name: &str) -> Self {
        self.prepend(&printable(name))
    }

    /// Adds the index of the element or entry that contains the error to the path.
    pub(crate) fn at_index(self, index: usize) -> Self {
        self.prepend(&format!("[{index}]"))
    }

    /// Adds the map key whose entry contains the error to the path.
    pub(crate) fn at_key(self, key: &str) -> Self {
        self.prepend(&format!("[{}]", printable(key)))
    }
}

impl From<ReadError> for CodecError {
    fn from(error: ReadError) -> Self {
        Self::invalid(error.to_string())
    }
}
