//! What a node can be told at start. Defaults live here; wording and validation of user input do not.

use std::net::SocketAddr;
use std::time::Duration;

/// Which relays a node uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RelayChoice {
    /// None: only direct addresses, and nothing waits for a relay.
    #[default]
    Disabled,
    /// The public relays and discovery of iroh's operators.
    Default,
    /// These relays alone.
    Urls(Vec<String>),
}

/// Options of [`Node::bind`](crate::Node::bind).
#[derive(Debug, Clone, Default)]
pub struct NodeOptions {
    /// Ed25519 seed; a random one when absent.
    pub secret_key: Option<[u8; 32]>,
    /// The only UDP address to bind; absent: all interfaces, any port.
    pub bind: Option<SocketAddr>,
    /// Relays.
    pub relay: RelayChoice,
    /// Bounds on what peers may use.
    pub limits: NodeLimits,
}

/// Bounds on what one peer may use, and on how long it may take.
#[derive(Debug, Clone)]
pub struct NodeLimits {
    /// Streams that a peer may have open on one connection.
    pub max_streams: u32,
    /// Time from the opening of a stream to its complete header.
    pub header_timeout: Duration,
    /// Silence allowed inside a started frame, or while a single request is awaited.
    pub body_timeout: Duration,
    /// Bytes of messages that one connection may have waiting in this process.
    pub peer_bytes: u32,
    /// Resets before the response that a peer may do at once.
    pub reset_burst: u32,
    /// Resets before the response that a peer may do each second after that.
    pub resets_per_second: u32,
    /// Connections served at once.
    pub max_connections: u32,
}

impl Default for NodeLimits {
    fn default() -> Self {
        Self {
            max_streams: 1024,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_mins(1),
            peer_bytes: 64 << 20,
            reset_burst: 2000,
            resets_per_second: 500,
            max_connections: 4096,
        }
    }
}
