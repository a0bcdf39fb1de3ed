//! Start options of endpoints. TypeScript has already checked them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aster_net::{BindError, Discovery, Node, NodeLimits, NodeOptions, OwnRelays, RelayChoice};
use napi_derive::napi;

use crate::error::{Failure, Outcome};
use crate::keys::seed_from_hex;

/// Streams in one direction of the gossip of a registry: one for each document that two nodes have in common.
const ONE_WAY_STREAMS: u32 = 128;

/// The smallest byte budget of the process.
const LEAST_PROCESS_BYTES: f64 = 1_048_576.0;

/// Start options of an endpoint.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct StartOptions {
    /// Ed25519 seed, 64 hex digits; null: a new random one.
    pub secret_key: Option<String>,
    /// `ip:port`; null: all interfaces, any port.
    pub bind: Option<String>,
    /// The relays.
    pub relay: RelayChoiceOptions,
    /// How other endpoints are found.
    pub discovery: DiscoveryOptions,
    /// Limits for peers.
    pub limits: LimitOptions,
}

/// The relays of an endpoint.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct RelayChoiceOptions {
    /// `own`: those in `urls`.
    #[napi(ts_type = "'disabled' | 'default' | 'own'")]
    pub kind: String,
    /// The URLs of one's own relays.
    #[napi(ts_type = "readonly string[]")]
    pub urls: Vec<String>,
    /// The word that they ask for.
    pub token: Option<String>,
    /// The UDP port on which they tell the public address; null: 7842.
    pub quic_port: Option<u16>,
    /// Certificates in PEM that are trusted beside the public ones.
    pub certificates: Option<String>,
    /// No direct paths.
    pub only: bool,
}

impl RelayChoiceOptions {
    fn choice(self) -> Outcome<RelayChoice> {
        let Self { kind, urls, token, quic_port, certificates, .. } = self;
        match kind.as_str() {
            "disabled" => Ok(RelayChoice::Disabled),
            "default" => Ok(RelayChoice::Default),
            "own" => Ok(RelayChoice::Own(OwnRelays { urls, token, quic_port, certificates })),
            _ => {
                Err(Failure::option("options.relay", "must be \"disabled\", \"default\" or { urls: [...] }"))
            }
        }
    }
}

/// How other endpoints are found.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct DiscoveryOptions {
    /// On this machine and in the local network.
    pub local: bool,
    /// URL of a pkarr server.
    pub pkarr: Option<String>,
    /// Domain with the addresses of endpoints.
    pub dns: Option<String>,
    /// `ip:port` of the DNS server to ask; null: those of the system.
    pub nameserver: Option<String>,
}

impl DiscoveryOptions {
    fn check(self) -> Outcome<Discovery> {
        let Self { local, pkarr, dns, nameserver } = self;
        let address =
            nameserver.map(|text| socket_address("options.discovery.nameserver", &text)).transpose()?;
        Ok(Discovery { local, pkarr, dns, nameserver: address })
    }
}

/// Limits on the resources that peers may use; null: the default.
#[napi(object, use_nullable = true, object_to_js = false)]
#[derive(Clone, PartialEq)]
pub struct LimitOptions {
    /// Streams that a peer may have open at the same time on one connection.
    pub max_streams: Option<u32>,
    /// Sessions that a peer may have open at the same time on one connection, beside its other streams.
    pub max_sessions: Option<u32>,
    /// A session ends when it had no call for this long; null: never.
    pub session_idle_ms: Option<f64>,
    /// Time limit for a handshake, and for the header of a stream.
    pub header_timeout_ms: Option<f64>,
    /// Longest time without a byte inside a frame that has begun, or while a single request is expected.
    pub body_timeout_ms: Option<f64>,
    /// Bytes of waiting messages, for each connection.
    pub peer_bytes: Option<u32>,
    /// Bytes of waiting messages, for all connections of the process.
    pub process_bytes: Option<f64>,
    /// Calls that a peer may cancel before their response in one burst.
    pub reset_burst: Option<u32>,
    /// Calls that a peer may cancel so in each second after that.
    pub resets_per_second: Option<u32>,
    /// Connections that are open at the same time.
    pub max_connections: Option<u32>,
    /// Connections that one peer may have open at the same time.
    pub max_connections_per_peer: Option<u32>,
    /// Calls end when the peer has not answered for this long.
    pub dead_after_ms: Option<f64>,
}

/// Start options as types of the core. Users with equal options may share an endpoint.
#[derive(Clone, PartialEq)]
pub(crate) struct EndpointOptions {
    secret_key: Option<[u8; 32]>,
    bind: Option<SocketAddr>,
    relay: RelayChoice,
    relay_only: bool,
    discovery: Discovery,
    limits: LimitOptions,
}

impl StartOptions {
    pub(crate) fn check(self) -> Outcome<EndpointOptions> {
        let secret_key = self.secret_key.as_deref();
        let secret_key = secret_key.map(|key| seed_from_hex("options.secretKey", key)).transpose()?;
        let bind = self.bind.as_deref().map(bind_address).transpose()?;
        let relay_only = self.relay.only;
        let relay = self.relay.choice()?;
        if relay_only && relay == RelayChoice::Disabled {
            return Err(Failure::option("options.relay", "cannot be the only way when it is disabled"));
        }
        let discovery = self.discovery.check()?;
        // Checked here, so that starting cannot fail because of them later.
        self.limits.to_limits()?;
        Ok(EndpointOptions { secret_key, bind, relay, relay_only, discovery, limits: self.limits })
    }
}

pub(crate) fn bind_address(text: &str) -> Outcome<SocketAddr> {
    socket_address("options.bind", text)
}

fn socket_address(path: &str, text: &str) -> Outcome<SocketAddr> {
    text.parse().map_err(|_| {
        let problem =
            format_args!("{text:?} is not an IP address with a port, such as \"127.0.0.1:0\"").to_string();
        Failure::option(path, problem)
    })
}

impl EndpointOptions {
    /// Starts a node with these options. Nobody may connect to it until it serves. `starts_at_once`: without a wait for a relay.
    pub(crate) async fn bind(&self, starts_at_once: bool) -> Outcome<Arc<Node>> {
        Node::bind_closed(self.to_node_options(starts_at_once)?).await.map_err(|e| match e {
            BindError::RelayUrl { .. } => Failure::option("options.relay.urls", e),
            BindError::Certificates => Failure::option("options.relay.certificates", e),
            BindError::Pkarr { .. } => Failure::option("options.discovery.pkarr", e),
            BindError::Bind { .. } => Failure::bind(e),
        })
    }

    fn to_node_options(&self, starts_at_once: bool) -> Outcome<NodeOptions> {
        Ok(NodeOptions {
            secret_key: self.secret_key,
            bind: self.bind,
            relay: self.relay.clone(),
            relay_only: self.relay_only,
            starts_at_once,
            discovery: self.discovery.clone(),
            limits: self.limits.to_limits()?,
            one_way_streams: ONE_WAY_STREAMS,
        })
    }
}

impl LimitOptions {
    fn to_limits(&self) -> Outcome<NodeLimits> {
        let default = NodeLimits::default();
        let time = |name, given: Option<f64>, default| {
            given.map_or(Ok(default), |ms| milliseconds(&format!("options.limits.{name}"), ms))
        };
        Ok(NodeLimits {
            max_streams: self.max_streams.unwrap_or(default.max_streams),
            max_sessions: self.max_sessions.unwrap_or(default.max_sessions),
            session_idle: match self.session_idle_ms {
                Some(ms) => Some(milliseconds("options.limits.sessionIdleMs", ms)?),
                None => default.session_idle,
            },
            header_timeout: time("headerTimeoutMs", self.header_timeout_ms, default.header_timeout)?,
            body_timeout: time("bodyTimeoutMs", self.body_timeout_ms, default.body_timeout)?,
            peer_bytes: self.peer_bytes.unwrap_or(default.peer_bytes),
            process_bytes: self
                .process_bytes
                .map(|bytes| process_bytes("options.limits.processBytes", bytes))
                .transpose()?,
            reset_burst: self.reset_burst.unwrap_or(default.reset_burst),
            resets_per_second: self.resets_per_second.unwrap_or(default.resets_per_second),
            max_connections: self.max_connections.unwrap_or(default.max_connections),
            max_connections_per_peer: self
                .max_connections_per_peer
                .unwrap_or(default.max_connections_per_peer),
            dead_after: time("deadAfterMs", self.dead_after_ms, default.dead_after)?,
        })
    }
}

/// Parses a number of milliseconds, the value of the argument `path`.
pub(crate) fn milliseconds(path: &str, ms: f64) -> Outcome<Duration> {
    Duration::try_from_secs_f64(ms / 1000.0)
        .map_err(|_| Failure::option(path, "must be a number of milliseconds"))
}

/// Checks a byte budget of the process, the value of the argument `path`.
pub(crate) fn process_bytes(path: &str, bytes: f64) -> Outcome<usize> {
    if bytes >= LEAST_PROCESS_BYTES {
        return Ok(bytes as usize);
    }
    Err(Failure::option(path, format_args!("must be at least {LEAST_PROCESS_BYTES}")))
}
