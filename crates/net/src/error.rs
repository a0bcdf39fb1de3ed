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
    #[error("the endpoint could not be bound to {address}: {reason}")]
    Bind {
        /// The address asked for, in words.
        address: String,
        /// The system's words.
        reason: String,
    },
}

/// Why a service cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// Another handler of the same node serves the service with another definition.
    #[error(
        "{name} v{version} is served on this node already, with another definition: {difference}. All workers that share a node must serve the same contract with the same options"
    )]
    OtherDefinition {
        /// Name of the service.
        name: String,
        /// Version of the service.
        version: i64,
        /// The first difference, in words.
        difference: String,
    },
}

/// Why a peer could not be reached.
#[derive(Debug, Clone, thiserror::Error)]
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
    #[error("connecting to {endpoint_id} took longer than {limit_ms} ms")]
    Timeout {
        /// Whom.
        endpoint_id: String,
        /// How long it was allowed to take.
        limit_ms: u128,
    },
    /// A node cannot dial itself.
    #[error("this address is this node's own: a node cannot dial itself")]
    Itself {
        /// The id of both.
        endpoint_id: String,
    },
    /// The peer answered and said no.
    #[error("{endpoint_id} refused admission{hint}")]
    Refused {
        /// Who refused.
        endpoint_id: String,
        /// What the caller may do about it.
        hint: &'static str,
    },
    /// The connection broke, or the peer stayed silent, before the admission answer was complete.
    #[error("{endpoint_id} gave no admission answer: {reason}")]
    NoAnswer {
        /// Whose answer is missing.
        endpoint_id: String,
        /// What happened instead.
        reason: String,
    },
    /// The peer's admission answer is malformed.
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
            Self::Address(_) | Self::Itself { .. } => Code::InvalidArgument,
            Self::Dial { .. } | Self::NoAnswer { .. } | Self::Closed => Code::Unavailable,
            Self::Timeout { .. } => Code::DeadlineExceeded,
            Self::Refused { .. } => Code::PermissionDenied,
            Self::Answer { .. } => Code::Internal,
        }
    }

    /// Who was dialled, 64 hex digits, where the address told.
    pub fn endpoint_id(&self) -> Option<&str> {
        match self {
            Self::Address(_) | Self::Closed => None,
            Self::Dial { endpoint_id, .. }
            | Self::Timeout { endpoint_id, .. }
            | Self::Itself { endpoint_id }
            | Self::Refused { endpoint_id, .. }
            | Self::NoAnswer { endpoint_id, .. }
            | Self::Answer { endpoint_id, .. } => Some(endpoint_id),
        }
    }

    /// Whether this process made the failure; a refusal is the peer's decision.
    pub fn is_local(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }
}

/// A status made by this side.
pub fn status(code: Code, message: impl Into<String>) -> RpcStatus {
    RpcStatus { code: code as i64, message: message.into(), details: Vec::new() }
}
