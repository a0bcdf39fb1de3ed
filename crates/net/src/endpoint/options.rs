//! Start options of a node and their defaults. User input is checked elsewhere, before these types are made.

use std::net::SocketAddr;
use std::time::Duration;

/// The relays that a node uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RelayChoice {
    /// None: only direct addresses. Starting does not wait for a relay.
    #[default]
    Disabled,
    /// The public relays and the discovery service of iroh's operators.
    Default,
    /// Only these relays.
    Own(OwnRelays),
}

/// Relays that somebody runs for this node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnRelays {
    /// Their URLs.
    pub urls: Vec<String>,
    /// The word that they ask for.
    pub token: Option<String>,
    /// The UDP port on which they tell the public address; `None`: 7842. Those with plain HTTP tell none.
    pub quic_port: Option<u16>,
    /// Certificates in PEM that are trusted beside the public ones.
    pub certificates: Option<String>,
}

/// How endpoints are found of which only the id is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// On this machine, and by mDNS in the local network. The node announces itself there, too.
    pub local: bool,
    /// A pkarr server, to which the node publishes its addresses, and which it asks for those of others.
    pub pkarr: Option<String>,
    /// The domain below which a DNS server has the addresses of endpoints.
    pub dns: Option<String>,
    /// The DNS server to ask, also for the addresses of relays; `None`: those of the system.
    pub nameserver: Option<SocketAddr>,
}

/// Options of [`Node::bind`](crate::Node::bind).
#[derive(Debug, Clone, Default)]
pub struct NodeOptions {
    /// Ed25519 seed; `None`: a random one.
    pub secret_key: Option<[u8; 32]>,
    /// The only UDP address to bind; `None`: all interfaces, any port.
    pub bind: Option<SocketAddr>,
    /// Relays.
    pub relay: RelayChoice,
    /// No direct paths at all: every packet goes through a relay.
    pub relay_only: bool,
    /// Starting does not wait until a relay is ready. A node that only dials needs none of its own for that.
    pub starts_at_once: bool,
    /// How other endpoints are found.
    pub discovery: Discovery,
    /// Limits for peers.
    pub limits: NodeLimits,
    /// Streams in one direction that a peer may open on a connection of a protocol that was attached. The protocols of
    /// the node itself use none.
    pub one_way_streams: u32,
}

/// Limits on the resources and the time that one peer may use.
#[derive(Debug, Clone)]
pub struct NodeLimits {
    /// Streams that a peer may have open at the same time on one connection.
    pub max_streams: u32,
    /// Sessions that a peer may have open at the same time on one connection, beside its other streams.
    pub max_sessions: u32,
    /// A session ends when it had no call for this long. `None`: it does not end.
    pub session_idle: Option<Duration>,
    /// Time from the opening of a stream until its header is complete.
    pub header_timeout: Duration,
    /// Longest time without a byte inside a frame that has begun, or while a single request is expected.
    pub body_timeout: Duration,
    /// Bytes of messages of one connection that may wait in this process.
    pub peer_bytes: u32,
    /// Bytes of messages of all connections that may wait in this process. It applies to all nodes of the process;
    /// the value of the last started node counts. `None`: unchanged, at first 1 GiB.
    pub process_bytes: Option<usize>,
    /// Resets before the response that a peer may make in one burst.
    pub reset_burst: u32,
    /// Resets before the response that a peer may make in each second after that.
    pub resets_per_second: u32,
    /// Connections that are open at the same time.
    pub max_connections: u32,
    /// Connections that one peer may have open at the same time. Those that ask for admission are counted apart.
    pub max_connections_per_peer: u32,
    /// Calls in both directions end when the peer has acknowledged nothing for this long, though something was sent.
    pub dead_after: Duration,
}

impl Default for NodeLimits {
    fn default() -> Self {
        Self {
            max_streams: 1024,
            max_sessions: 1024,
            session_idle: None,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_mins(1),
            peer_bytes: 64 << 20,
            process_bytes: None,
            reset_burst: 2000,
            resets_per_second: 500,
            max_connections: 4096,
            max_connections_per_peer: 16,
            dead_after: Duration::from_secs(10),
        }
    }
}
