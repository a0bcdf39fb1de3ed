//! Errors of starting and dialling, and the statuses that this side makes itself.

use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A relay URL did not parse.
    #[error("relay URL {url:?} is not valid: {reason}")]
    RelayUrl {
        /// The text given.
        url: String,
        /// The parser's words.
        reason: String,
    },
    /// The socket could not be bound, or the endpoint not be made.
    #[error("the endpoint could not be bound: {0}")]
    Bind(String),
}

/// Why a peer could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address text has none of the accepted forms.
    #[error("{0}")]
    Address(#[from] aster_wire::address::AddressError),
    /// The dial failed.
    #[error("could not connect to {endpoint_id}: {reason}")]
    Dial {
        /// Whom.
        endpoint_id: String,
        /// The transport's words.
        reason: String,
    },
    /// Dial and admission took longer than the caller allowed.
    #[error("connecting took longer than {0} ms")]
    Timeout(u128),
    /// A node cannot dial itself.
    #[error("this address is this node's own: a node cannot dial itself")]
    Itself,
    /// The peer answered and said no.
    #[error("{endpoint_id} refused admission{hint}")]
    Refused {
        /// Who refused.
        endpoint_id: String,
        /// What the caller may do about it.
        hint: &'static str,
    },
    /// The peer's admission answer was missing or malformed.
    #[error("the admission answer of {endpoint_id} is not usable: {reason}")]
    Answer {
        /// Whose.
        endpoint_id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The node was closed meanwhile.
    #[error("the node is closed")]
    Closed,
}

impl ConnectError {
    /// The status code that callers see.
    pub fn code(&self) -> Code {
        match self {
            Self::Address(_) | Self::Itself => Code::InvalidArgument,
            Self::Dial { .. } | Self::Closed => Code::Unavailable,
            Self::Timeout(_) => Code::DeadlineExceeded,
            Self::Refused { .. } => Code::PermissionDenied,
            Self::Answer { .. } => Code::Internal,
        }
    }
}

/// A status made by this side.
pub fn status(code: Code, message: impl Into<String>) -> RpcStatus {
    RpcStatus { code: code as i64, message: message.into(), details: Vec::new() }
}
