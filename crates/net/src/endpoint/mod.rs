//! A node: one secret key and one endpoint, for client and server.
//!
//! Owns binding, the addresses of the node, the accepted protocols, limits on connections, and the life cycle: open,
//! draining, closed. One cancellation token ends everything that the node has started. Child tokens end only the
//! calls, or only the connections. A task tracker counts the running calls.

mod accept;
mod bind;
mod calls_back;
mod discovery;
mod handshakes;
mod host;
mod options;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use aster_wire::address::NodeAddr;
use aster_wire::admission::{ConsumerResponse, ProducerResponse};
use aster_wire::ticket::Ticket;
use iroh::protocol::{DynProtocolHandler, ProtocolHandler};
use iroh::{Endpoint, EndpointId, Watcher as _};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::{Access, AccessError, Gates, Narrowing, Pushed, Revoking};
use crate::call::{CallServer, Handler, Registration, ServiceDefinition};
use crate::connection::{
    CallsBack, ConnectedPeer, ConnectedPeers, OutgoingConnection, ProcessBudget, RelayPolicy,
    ServedConnection, Target,
};
use crate::error::{BindError, ConnectError, ServeError};

use calls_back::{AnsweredServer, NoCalls, Silent};
use host::Announced;

pub use bind::{endpoint_id_of, generate_secret_key};
pub use calls_back::ServerAccess;
pub use options::{Discovery, NodeLimits, NodeOptions, OwnRelays, RelayChoice};

/// The largest number of addresses in a ticket.
const TICKET_ADDRESSES: usize = 15;
/// How long starting waits for a relay or for the first addresses. The node also works without them.
const SETTLE: Duration = Duration::from_secs(3);
/// How long closing waits for the last acknowledgements.
const CLOSE: Duration = Duration::from_secs(1);
/// How long cancelled calls may take to end after the timeout of draining.
const DRAIN_GRACE: Duration = Duration::from_millis(800);

/// How a peer is dialled.
#[derive(Debug, Clone)]
pub struct Dial {
    /// The credential for admission; empty: none.
    pub credential: String,
    /// The time limit for connecting and admission together.
    pub timeout: Duration,
    /// What the server may call back.
    pub access: ServerAccess,
    /// Whether calls may go through a relay.
    pub relay: RelayPolicy,
}

/// A node of the network.
///
/// Lifetime: [`close`](Self::close) ends it. Dropping all handles does not end it, because its tasks hold it.
#[derive(Debug)]
pub struct Node {
    endpoint: Endpoint,
    /// Until it is dropped, other processes of this machine find the node.
    announced: Mutex<Option<Announced>>,
    options: NodeOptions,
    gates: Gates,
    /// Further protocols, by ALPN.
    protocols: RwLock<HashMap<Vec<u8>, Arc<dyn DynProtocolHandler>>>,
    /// What admission answers say of the registry; empty when there is none.
    registry_namespace: RwLock<String>,
    next_connection: AtomicU32,
    /// The peers that dialled this node.
    peers: Arc<ConnectedPeers>,
    /// The server calls. The tracker is closed when the node drains.
    calls: Arc<CallServer>,
    /// Cancelling it ends everything.
    closed: CancellationToken,
    /// Cancelling it ends the server calls. A child of `closed`.
    calls_token: CancellationToken,
}

impl Node {
    /// Binds an endpoint that is open to everybody and starts accepting, on the current tokio runtime.
    ///
    /// # Errors
    /// [`BindError`] when the socket cannot be bound or a relay URL is not valid.
    pub async fn bind(options: NodeOptions) -> Result<Arc<Self>, BindError> {
        let node = Self::bind_closed(options).await?;
        // INVARIANT: nobody else has the node yet, so it cannot be open to others than everybody.
        let _ = node.open_to(Access::Open);
        Ok(node)
    }

    /// Like [`bind`](Self::bind), but nobody may connect before [`open_to`](Self::open_to).
    ///
    /// # Errors
    /// The same as for [`bind`](Self::bind).
    pub async fn bind_closed(options: NodeOptions) -> Result<Arc<Self>, BindError> {
        let gates = Gates::new(options.limits.max_connections, options.limits.max_connections_per_peer);
        let endpoint = bind::bind(&options, &gates).await?;
        let announced = if options.discovery.local { discovery::local(&endpoint) } else { None };
        if options.relay != RelayChoice::Disabled && !options.starts_at_once {
            // If no relay is ready in time, peers can still use the direct addresses.
            let _ = tokio::time::timeout(SETTLE, endpoint.online()).await;
        }
        if let Some(bytes) = options.limits.process_bytes {
            ProcessBudget::shared().set_limit(bytes);
        }
        let closed = CancellationToken::new();
        let header_timeout = options.limits.header_timeout;
        let peers = ConnectedPeers::new(options.limits.clone());
        let node = Arc::new(Self {
            endpoint,
            announced: Mutex::new(announced),
            options,
            gates,
            protocols: RwLock::default(),
            registry_namespace: RwLock::default(),
            next_connection: AtomicU32::new(1),
            peers,
            calls: Arc::new(CallServer {
                services: Arc::default(),
                running: TaskTracker::new(),
                sessions: TaskTracker::new(),
                draining: closed.child_token(),
                header_timeout,
            }),
            calls_token: closed.child_token(),
            closed,
        });
        tokio::spawn(Arc::clone(&node).accept());
        Ok(node)
    }

    /// 64 hex digits.
    pub fn endpoint_id(&self) -> String {
        self.endpoint.id().to_string()
    }

    /// Addresses at which peers may dial this node, best first.
    pub async fn direct_addresses(&self) -> Vec<SocketAddr> {
        if self.options.relay_only {
            return Vec::new();
        }
        let bound: Vec<_> =
            self.endpoint.bound_sockets().into_iter().filter(|a| !a.ip().is_unspecified()).collect();
        if !bound.is_empty() {
            return bound;
        }
        let mut watcher = self.endpoint.watch_addr();
        let known = async {
            loop {
                let addresses: Vec<_> = watcher.get().ip_addrs().copied().collect();
                if !addresses.is_empty() || watcher.updated().await.is_err() {
                    return addresses;
                }
            }
        };
        tokio::time::timeout(SETTLE, known).await.unwrap_or_default()
    }

    /// URL of the relay in use, if there is one.
    pub fn relay_url(&self) -> Option<String> {
        self.endpoint.addr().relay_urls().next().map(ToString::to_string)
    }

    /// The address of this node as `aster1` text and as node address.
    pub async fn address(&self) -> NodeAddr {
        let mut direct = self.direct_addresses().await;
        direct.truncate(TICKET_ADDRESSES);
        NodeAddr { endpoint_id: *self.endpoint.id().as_bytes(), relay_url: self.relay_url(), direct }
    }

    /// The `aster1` ticket of this node.
    pub async fn ticket(&self) -> String {
        let address = self.address().await;
        // The number of addresses is within the limit, so writing does not fail.
        Ticket::with_addresses(address.endpoint_id, &address.direct).to_text().unwrap_or_default()
    }

    /// Answers calls to a service with `handler` until the registration is dropped. Calls are distributed in turn
    /// among the handlers of one service.
    ///
    /// # Errors
    /// [`ServeError`] when the service is already served with another definition.
    pub fn serve(
        &self,
        definition: ServiceDefinition,
        handler: Arc<dyn Handler>,
    ) -> Result<Registration, ServeError> {
        Registration::new(&self.calls.services, definition, handler)
    }

    /// Says who may call. Once; a second time only with equal options, as the threads that share a node do. To be called on a
    /// tokio runtime. It blocks while files are read.
    ///
    /// # Errors
    /// [`AccessError`] when it was opened with other options, or a file cannot be used.
    pub fn open_to(&self, access: Access) -> Result<(), AccessError> {
        self.gates.open(access, &self.closed)?;
        self.announce(&self.protocols.read().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// Adds somebody who has to agree to admissions, for a node with [`crate::GateOptions::narrowed`].
    pub fn narrow(&self, narrowing: Arc<dyn Narrowing>) {
        self.gates.narrow(narrowing);
    }

    /// Revokes a node or a credential at this node alone, without a signed list, until the process ends. False when
    /// everybody may call anyway.
    pub fn revoke(&self, what: Revoking) -> bool {
        self.gates.revoke(what)
    }

    /// Puts a signed revocation list in force, and keeps it where the node has a file for it.
    pub async fn take_revocations(&self, document: Vec<u8>) -> Pushed {
        self.gates.push(document).await
    }

    /// How often each outcome of an admission was, by its word; empty when everybody may call.
    pub fn admissions(&self) -> BTreeMap<&'static str, u64> {
        self.gates.counts()
    }

    /// Accepts one more protocol, from admitted peers. Replaces a previous handler of the same protocol.
    pub fn attach(&self, alpn: &[u8], handler: impl ProtocolHandler) {
        let mut protocols = self.protocols.write().unwrap_or_else(PoisonError::into_inner);
        protocols.insert(alpn.to_vec(), Arc::new(handler));
        self.announce(&protocols);
    }

    /// Names the document of the registry in admission answers. Empty: none.
    pub fn set_registry_namespace(&self, namespace: String) {
        *self.registry_namespace.write().unwrap_or_else(PoisonError::into_inner) = namespace;
    }

    /// 64 hex digits; empty when the node has no registry.
    pub fn registry_namespace(&self) -> String {
        self.registry_namespace.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets these peers, and no others, use the attached protocols while the node does not serve. A node that serves asks its
    /// gates instead.
    pub fn vouch(&self, peers: HashSet<EndpointId>) {
        self.gates.vouch(peers);
    }

    /// The endpoint, for protocols that are attached.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The definitions of the services that are served now, by name and version.
    pub fn services(&self) -> Vec<Arc<ServiceDefinition>> {
        self.calls.services.definitions()
    }

    /// Ends when the node closes. For the tasks of protocols that are attached.
    pub fn token(&self) -> CancellationToken {
        self.closed.child_token()
    }

    fn announce(&self, protocols: &HashMap<Vec<u8>, Arc<dyn DynProtocolHandler>>) {
        let known = protocols.keys().cloned();
        self.endpoint.set_alpns(bind::own_protocols(&self.gates).into_iter().chain(known).collect());
    }

    /// Sends a signed revocation list to a node.
    ///
    /// # Errors
    /// [`ConnectError`]; `Timeout` after `timeout`.
    pub async fn push_revocations(
        &self,
        address: &str,
        document: &[u8],
        timeout: Duration,
    ) -> Result<Pushed, ConnectError> {
        let target = self.target(address, String::new(), Box::new(Silent))?;
        target.within(timeout, target.push(document)).await
    }

    /// Asks a node to admit this one as a producer.
    ///
    /// # Errors
    /// [`ConnectError`]; `Timeout` after `timeout`.
    pub async fn join_producers(
        &self,
        address: &str,
        credential: String,
        timeout: Duration,
    ) -> Result<ProducerResponse, ConnectError> {
        let target = self.target(address, credential, Box::new(Silent))?;
        target.within(timeout, target.admit_as_producer()).await
    }

    /// Asks a node for admission, and makes no connection for calls.
    ///
    /// # Errors
    /// [`ConnectError`]; `Timeout` after `timeout`.
    pub async fn ask_admission(
        &self,
        address: &str,
        credential: String,
        timeout: Duration,
    ) -> Result<ConsumerResponse, ConnectError> {
        let target = self.target(address, credential, Box::new(Silent))?;
        target.within(timeout, target.ask_admission()).await
    }

    /// Dials a peer by any form of its address and asks for admission. The peer cannot call back.
    ///
    /// # Errors
    /// [`ConnectError`]; `Timeout` after `timeout`.
    pub async fn connect(
        self: &Arc<Self>,
        address: &str,
        credential: String,
        timeout: Duration,
    ) -> Result<(Arc<OutgoingConnection>, ConsumerResponse), ConnectError> {
        self.connect_serving(address, credential, timeout, ServerAccess::Nothing).await
    }

    /// Like [`connect`](Self::connect). As far as `access` allows, the services of this node are announced to the peer, and
    /// the peer may call them on the streams that it opens on the same connection. A service that is served later is announced
    /// with the next admission.
    ///
    /// # Errors
    /// The same as for [`connect`](Self::connect), and `Request` when the services do not fit into the request.
    pub async fn connect_serving(
        self: &Arc<Self>,
        address: &str,
        credential: String,
        timeout: Duration,
        access: ServerAccess,
    ) -> Result<(Arc<OutgoingConnection>, ConsumerResponse), ConnectError> {
        self.connect_with(address, Dial { credential, timeout, access, relay: RelayPolicy::Allow }).await
    }

    /// Like [`connect_serving`](Self::connect_serving), with a policy for relays.
    ///
    /// # Errors
    /// The same, and `RelayRefused` when the policy is not met, `DirectPaths` when only relays may be used and this node has
    /// direct paths.
    pub async fn connect_with(
        self: &Arc<Self>,
        address: &str,
        dial: Dial,
    ) -> Result<(Arc<OutgoingConnection>, ConsumerResponse), ConnectError> {
        if dial.relay == RelayPolicy::Only && !self.options.relay_only {
            return Err(ConnectError::DirectPaths);
        }
        let calls_back: Box<dyn CallsBack> = match dial.access {
            ServerAccess::Nothing => Box::new(NoCalls(self.limits().clone())),
            access => Box::new(AnsweredServer::new(Arc::clone(self), access)),
        };
        let target = Arc::new(self.target(address, dial.credential, calls_back)?);
        let connecting = OutgoingConnection::connect(
            Arc::clone(&target),
            self.options.limits.clone(),
            dial.relay,
            self.closed.child_token(),
        );
        target.within(dial.timeout, connecting).await
    }

    /// A peer to dial. A text that names no relay gets those of this node: a peer that uses the same ones is found through them.
    fn target(
        &self,
        address: &str,
        credential: String,
        calls_back: Box<dyn CallsBack>,
    ) -> Result<Target, ConnectError> {
        let relays = match &self.options.relay {
            RelayChoice::Own(own) => own.urls.as_slice(),
            RelayChoice::Default | RelayChoice::Disabled => &[],
        };
        Target::new(self.endpoint.clone(), address, relays, credential, calls_back)
    }

    /// A peer that dialled this node, by its key: 64 hex digits. It can be called while it is connected. `None`: the text is
    /// no key.
    pub fn peer(&self, endpoint_id: &str) -> Option<ConnectedPeer> {
        let id = endpoint_id.parse().ok()?;
        Some(ConnectedPeer::new(id, Arc::clone(&self.peers)))
    }

    /// The newest connection of each peer that is connected to this node.
    pub fn connected(&self) -> Vec<Arc<ServedConnection>> {
        self.peers.all()
    }

    /// Stops accepting, waits for accepted calls, and cancels the remaining ones at the timeout. Returns true when no
    /// call had to be cancelled.
    pub async fn drain(&self, timeout: Duration) -> bool {
        self.calls.running.close();
        self.calls.sessions.close();
        // Sessions end when their running call has ended.
        self.calls.draining.cancel();
        let ended = async {
            self.calls.running.wait().await;
            self.calls.sessions.wait().await;
        };
        let mut ended = std::pin::pin!(ended);
        if tokio::time::timeout(timeout, &mut ended).await.is_ok() {
            return true;
        }
        self.calls_token.cancel();
        let _ = tokio::time::timeout(DRAIN_GRACE, ended).await;
        false
    }

    /// Ends everything: cancels calls and closes connections. Can be called twice.
    pub async fn close(&self) {
        self.drain(Duration::ZERO).await;
        self.calls.services.clear();
        self.closed.cancel();
        drop(self.announced.lock().unwrap_or_else(PoisonError::into_inner).take());
        let protocols = std::mem::take(&mut *self.protocols.write().unwrap_or_else(PoisonError::into_inner));
        let closing = async {
            for handler in protocols.values() {
                handler.shutdown().await;
            }
            self.endpoint.close().await;
        };
        let _ = tokio::time::timeout(CLOSE, closing).await;
    }

    /// Server calls that were accepted and have not ended.
    pub fn open_calls(&self) -> usize {
        self.calls.running.len()
    }

    /// Whether new calls are refused.
    pub fn is_draining(&self) -> bool {
        self.calls.running.is_closed()
    }

    fn limits(&self) -> &NodeLimits {
        &self.options.limits
    }
}
