//! Errors of starting and dialling, and statuses that this side creates.

use aster_wire::call::{NOT_ADMITTED, RELAY_REFUSED};
use aster_wire::ending::AdmissionEnd;
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

/// Why a node could not start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A relay URL could not be parsed.
    #[error("relay URL {url:?} is not valid: {reason}")]
    RelayUrl {
        /// The text given.
        url: String,
        /// The message of the parser.
        reason: String,
    },
    /// The URL of a pkarr server could not be parsed.
    #[error("pkarr URL {url:?} is not valid: {reason}")]
    Pkarr {
        /// The text given.
        url: String,
        /// The message of the parser.
        reason: String,
    },
    /// The certificates for relays are not valid.
    #[error("the certificates for relays are not certificates in PEM")]
    Certificates,
    /// The socket could not be bound, or the endpoint could not be created.
    #[error("the endpoint could not be bound to {address}: {reason}")]
    Bind {
        /// The requested address.
        address: String,
        /// The message of the system.
        reason: String,
    },
}

/// Why a service cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// Another handler of the same node serves this service with another definition.
    #[error(
        "{name} v{version} is already served on this node with another definition: {difference}. All workers that share a node must serve the same contract with the same options"
    )]
    OtherDefinition {
        /// Name of the service.
        name: String,
        /// Version of the service.
        version: i64,
        /// Text about the first difference.
        difference: String,
    },
}

/// Why connecting to a peer failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectError {
    /// The address text has none of the supported forms.
    #[error("{0}")]
    Address(#[from] aster_wire::address::AddressError),
    /// The dial failed.
    #[error("could not connect to {endpoint_id}: {reason}")]
    Dial {
        /// Endpoint id of the peer.
        endpoint_id: String,
        /// The message of the transport.
        reason: String,
    },
    /// Dialling and admission took longer than the time limit.
    #[error("connecting to {endpoint_id} took longer than {limit_ms} ms")]
    Timeout {
        /// Endpoint id of the peer.
        endpoint_id: String,
        /// The time limit.
        limit_ms: u128,
    },
    /// A node cannot dial itself.
    #[error("the address is that of this node; a node cannot dial itself")]
    Itself {
        /// The id of this node.
        endpoint_id: String,
    },
    /// The peer refused admission.
    #[error("{endpoint_id} refused admission{hint}")]
    Refused {
        /// Endpoint id of the peer.
        endpoint_id: String,
        /// How the caller can solve this.
        hint: &'static str,
    },
    /// The admission of this node ended on the connection that was about to be used.
    #[error("{endpoint_id} does not admit this node any more: {end}")]
    AdmissionEnded {
        /// Endpoint id of the peer.
        endpoint_id: String,
        /// Why.
        end: AdmissionEnd,
    },
    /// The connection was lost, or the peer sent nothing, before the admission answer was complete.
    #[error("{endpoint_id} sent no admission answer: {reason}")]
    NoAnswer {
        /// Endpoint id of the peer.
        endpoint_id: String,
        /// The cause.
        reason: String,
    },
    /// The admission answer of the peer is malformed.
    #[error("the admission answer of {endpoint_id} is not valid: {reason}")]
    Answer {
        /// Endpoint id of the peer.
        endpoint_id: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The admission request exceeds a limit.
    #[error("the admission request for {endpoint_id} cannot be sent: {reason}")]
    Request {
        /// Endpoint id of the peer.
        endpoint_id: String,
        /// What is wrong with the request.
        reason: String,
    },
    /// A peer that is called on its own connection has none.
    #[error("{endpoint_id} is not connected{reason}")]
    NotConnected {
        /// Endpoint id of the peer.
        endpoint_id: String,
        /// Why the last connection ended, if it did now.
        reason: String,
    },
    /// A peer that is called on its own connection announced no services.
    #[error("{endpoint_id} cannot be called back: it announced no services when it connected")]
    NothingAnnounced {
        /// Endpoint id of the peer.
        endpoint_id: String,
    },
    /// The calls would go through a relay that they must not use.
    #[error("{endpoint_id} cannot be reached as the relay policy asks: {why}")]
    RelayRefused {
        /// Endpoint id of the peer.
        endpoint_id: String,
        /// What the policy asks for.
        why: String,
    },
    /// Only a relay may be used, but the endpoint has direct paths.
    #[error("only a relay may be used, but this node has direct paths: start it with relays only")]
    DirectPaths,
    /// The node was closed.
    #[error("the node is closed")]
    Closed,
}

/// The reason word of a call to a peer that announced no services.
const NOTHING_ANNOUNCED: &str = "NOTHING_ANNOUNCED";
/// The reason word of a call to a peer that is not connected.
const NOT_CONNECTED: &str = "NOT_CONNECTED";

impl ConnectError {
    /// The status code for users.
    pub fn code(&self) -> Code {
        match self {
            Self::Address(_) | Self::Itself { .. } | Self::Request { .. } => Code::InvalidArgument,
            Self::Dial { .. }
            | Self::NoAnswer { .. }
            | Self::NotConnected { .. }
            | Self::RelayRefused { .. }
            | Self::Closed => Code::Unavailable,
            Self::NothingAnnounced { .. } | Self::DirectPaths => Code::FailedPrecondition,
            Self::Timeout { .. } => Code::DeadlineExceeded,
            Self::Refused { .. } => Code::PermissionDenied,
            Self::AdmissionEnded { .. } => Code::Unauthenticated,
            Self::Answer { .. } => Code::Internal,
        }
    }

    /// Endpoint id of the dialled peer, 64 hex digits, if the address contained it.
    pub fn endpoint_id(&self) -> Option<&str> {
        match self {
            Self::Address(_) | Self::DirectPaths | Self::Closed => None,
            Self::Dial { endpoint_id, .. }
            | Self::Timeout { endpoint_id, .. }
            | Self::Itself { endpoint_id }
            | Self::Refused { endpoint_id, .. }
            | Self::AdmissionEnded { endpoint_id, .. }
            | Self::NoAnswer { endpoint_id, .. }
            | Self::Request { endpoint_id, .. }
            | Self::NotConnected { endpoint_id, .. }
            | Self::NothingAnnounced { endpoint_id }
            | Self::RelayRefused { endpoint_id, .. }
            | Self::Answer { endpoint_id, .. } => Some(endpoint_id),
        }
    }

    /// The reason word, if the failure has one.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Refused { .. } => Some(NOT_ADMITTED),
            Self::AdmissionEnded { end, .. } => Some(end.word()),
            Self::NothingAnnounced { .. } => Some(NOTHING_ANNOUNCED),
            Self::NotConnected { .. } => Some(NOT_CONNECTED),
            Self::RelayRefused { .. } | Self::DirectPaths => Some(RELAY_REFUSED),
            _ => None,
        }
    }

    /// The status of a call that could not be made because of this failure.
    pub fn status(&self) -> RpcStatus {
        let status = status(self.code(), self.to_string());
        self.reason().map_or(status.clone(), |reason| status.because(reason))
    }

    /// Whether the failure happened in this process or on the network. A refusal is a decision of the peer.
    pub fn is_local(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::AdmissionEnded { .. })
    }
}

/// A status that this side creates.
pub fn status(code: Code, message: impl Into<String>) -> RpcStatus {
    RpcStatus { code: code as i64, message: message.into(), details: Vec::new() }
}
