//! A peer that was dialled: its connection, kept alive by redialling when a call finds it gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aster_wire::address::Address;
use aster_wire::admission::ConsumerResponse;
use iroh::endpoint::Connection;
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayUrl, TransportAddr};
use tokio::sync::Mutex;

use crate::budget::PeerBudget;
use crate::framing::{FrameReader, FrameWriter};
use crate::options::NodeLimits;
use crate::{ALPN_CONSUMER_ADMISSION, ALPN_RPC, ConnectError, admission};

/// A dial that nobody answers would stay pending until the transport's idle timeout.
const DIAL_TIMEOUT: Duration = Duration::from_secs(8);

/// How long a connection may stay silent after something was sent before the next call dials anew.
const SILENCE: Duration = Duration::from_secs(3);

/// See the module.
#[derive(Debug)]
pub struct Peer {
    endpoint: Endpoint,
    address: EndpointAddr,
    credential: String,
    limits: NodeLimits,
    budget: PeerBudget,
    connection: Mutex<Connection>,
    closed: AtomicBool,
    /// The connection said nothing when it had to: the next call dials anew.
    doubted: AtomicBool,
    listening: AtomicBool,
}

/// Where the packets of a connection go.
#[derive(Debug, Clone)]
pub(crate) struct SelectedPath {
    pub(crate) remote_address: String,
    pub(crate) relayed: bool,
    pub(crate) rtt: Duration,
}

impl SelectedPath {
    /// The path that `connection` uses now; none while it is being chosen.
    pub(crate) fn of(connection: &Connection) -> Option<Self> {
        let paths = connection.paths();
        let selected = paths.iter().find(iroh::endpoint::Path::is_selected)?;
        let remote_address = match selected.remote_addr() {
            TransportAddr::Ip(address) => address.to_string(),
            TransportAddr::Relay(url) => url.to_string(),
            other => format!("{other:?}"),
        };
        Some(Self { remote_address, relayed: selected.is_relay(), rtt: selected.rtt() })
    }
}

/// Facts about the path to a peer.
#[derive(Debug, Clone)]
pub struct PeerInfo {
    /// The peer's id, 64 hex digits.
    pub endpoint_id: String,
    /// Address of the selected path.
    pub remote_address: Option<String>,
    /// Whether that path is a relay.
    pub relayed: bool,
    /// Round trip of that path in milliseconds.
    pub rtt_ms: Option<f64>,
    /// Whether the connection is open.
    pub open: bool,
}

impl Peer {
    /// Dials, asks for admission and opens the RPC connection.
    pub(crate) async fn connect(
        endpoint: Endpoint,
        address: EndpointAddr,
        credential: String,
        limits: NodeLimits,
    ) -> Result<(Arc<Self>, ConsumerResponse), ConnectError> {
        if address.id == endpoint.id() {
            return Err(ConnectError::Itself { endpoint_id: address.id.to_string() });
        }
        let answer = admit(&endpoint, &address, &credential).await?;
        let connection = dial(&endpoint, &address, ALPN_RPC).await?;
        let budget = PeerBudget::new(limits.peer_bytes, limits.body_timeout);
        let peer = Self {
            endpoint,
            address,
            credential,
            limits,
            budget,
            connection: Mutex::new(connection),
            closed: AtomicBool::default(),
            doubted: AtomicBool::default(),
            listening: AtomicBool::default(),
        };
        Ok((Arc::new(peer), answer))
    }

    /// The peer's id, 64 hex digits.
    pub fn endpoint_id(&self) -> String {
        self.address.id.to_string()
    }

    /// Opens a stream, on a new connection if the old one is gone.
    pub(crate) async fn open_stream(&self) -> Result<(FrameWriter, FrameReader), ConnectError> {
        let connection = self.live_connection().await?;
        let (send, recv) = connection.open_bi().await.map_err(|e| self.failed(&e))?;
        let reader = FrameReader::new(recv, self.budget.clone(), self.limits.body_timeout);
        Ok((FrameWriter::new(send), reader))
    }

    async fn live_connection(&self) -> Result<Connection, ConnectError> {
        let mut connection = self.connection.lock().await;
        if self.closed.load(Ordering::Acquire) {
            return Err(ConnectError::Closed);
        }
        if connection.close_reason().is_some() || self.doubted.load(Ordering::Acquire) {
            admit(&self.endpoint, &self.address, &self.credential).await?;
            // What still runs on a doubted connection keeps it until it ends.
            *connection = dial(&self.endpoint, &self.address, ALPN_RPC).await?;
            self.doubted.store(false, Ordering::Release);
        }
        Ok(connection.clone())
    }

    /// A call ran out of time: is anybody there? Leaving it sends something that a living peer acknowledges. A
    /// process that was killed and came back never does, and the transport would take half a minute to see it.
    pub(crate) fn doubt(self: &Arc<Self>) {
        if self.listening.swap(true, Ordering::AcqRel) {
            return;
        }
        let peer = Arc::clone(self);
        tokio::spawn(async move {
            let connection = peer.connection.lock().await.clone();
            let heard = connection.stats().udp_rx.datagrams;
            tokio::time::sleep(SILENCE).await;
            if connection.stats().udp_rx.datagrams == heard {
                let current = peer.connection.lock().await;
                if current.stable_id() == connection.stable_id() {
                    peer.doubted.store(true, Ordering::Release);
                }
            }
            peer.listening.store(false, Ordering::Release);
        });
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> ConnectError {
        ConnectError::Dial { endpoint_id: self.endpoint_id(), reason: error.to_string() }
    }

    /// Closes the connection in order; calls in flight end as unavailable. Safe twice.
    pub async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.connection.lock().await.close(0u32.into(), b"normal close");
    }

    /// Facts about the path to this peer.
    pub async fn info(&self) -> PeerInfo {
        let connection = self.connection.lock().await.clone();
        let selected = SelectedPath::of(&connection);
        PeerInfo {
            endpoint_id: self.endpoint_id(),
            relayed: selected.as_ref().is_some_and(|path| path.relayed),
            rtt_ms: selected.as_ref().map(|path| path.rtt.as_secs_f64() * 1000.0),
            remote_address: selected.map(|path| path.remote_address),
            open: connection.close_reason().is_none(),
        }
    }
}

async fn admit(
    endpoint: &Endpoint,
    address: &EndpointAddr,
    credential: &str,
) -> Result<ConsumerResponse, ConnectError> {
    let connection = dial(endpoint, address, ALPN_CONSUMER_ADMISSION).await?;
    let id = address.id.to_string();
    let answer = tokio::time::timeout(DIAL_TIMEOUT, admission::ask(&connection, credential)).await;
    let answer = answer
        .unwrap_or_else(|_| Err("no answer in time".to_owned()))
        .map_err(|reason| ConnectError::Answer { endpoint_id: id.clone(), reason })?;
    // The peer has nothing more to say: the handle that is dropped here closes in order.
    if answer.admitted {
        return Ok(answer);
    }
    let hint = if credential.is_empty() {
        ": it asks for a credential"
    } else {
        ": the credential was not accepted (expired, for another node, or of another root)"
    };
    Err(ConnectError::Refused { endpoint_id: id, hint })
}

async fn dial(endpoint: &Endpoint, address: &EndpointAddr, alpn: &[u8]) -> Result<Connection, ConnectError> {
    let failed = |reason: String| ConnectError::Dial { endpoint_id: address.id.to_string(), reason };
    match tokio::time::timeout(DIAL_TIMEOUT, endpoint.connect(address.clone(), alpn)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(failed(chain(&error))),
        Err(_) => Err(failed("no answer".to_owned())),
    }
}

/// An error with its sources, so that the cause is in the text.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// The transport's form of an address.
pub(crate) fn endpoint_addr(address: &Address) -> Result<EndpointAddr, ConnectError> {
    let invalid = |reason: String| ConnectError::Dial { endpoint_id: address.endpoint_id_text(), reason };
    let id = EndpointId::from_bytes(&address.endpoint_id).map_err(|e| invalid(e.to_string()))?;
    let mut addrs: Vec<TransportAddr> = address.direct.iter().copied().map(TransportAddr::Ip).collect();
    if let Some(url) = &address.relay_url {
        let url: RelayUrl = url.parse().map_err(|e| invalid(format!("relay URL {url:?}: {e}")))?;
        addrs.push(TransportAddr::Relay(url));
    }
    Ok(EndpointAddr::from_parts(id, addrs))
}
