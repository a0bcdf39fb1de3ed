//! Why a registry cannot do something.

use std::time::Duration;

/// Why a registry cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The documents, the gossip or the blobs do not start.
    #[error("the registry cannot start: {0}")]
    Start(String),
    /// The document engine refuses a call.
    #[error("the registry cannot {what}: {reason}")]
    Document {
        /// The call.
        what: &'static str,
        /// The reason.
        reason: String,
    },
    /// The document engine does not answer.
    #[error("the registry cannot {what}: no answer within {} s", limit.as_secs())]
    NoAnswer {
        /// The call.
        what: &'static str,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A service, a channel or a tag that cannot be part of a key.
    #[error("{0:?} cannot be published: a name has 1 to 255 bytes and no slash")]
    Name(String),
    /// A value that cannot be published.
    #[error("{what} cannot be published: {reason}")]
    Value {
        /// What it is.
        what: String,
        /// The reason.
        reason: String,
    },
    /// The service is not served.
    #[error("the service {0:?} is not served here")]
    NotServed(String),
    /// The registry is closed.
    #[error("the registry is closed")]
    Closed,
}
