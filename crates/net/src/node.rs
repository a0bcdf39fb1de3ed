//! A node: one key, one endpoint, both roles. Accepts connections, knows what is served, drains and closes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aster_wire::address::{self, NodeAddr};
use aster_wire::admission::{ConsumerRequest, ConsumerResponse, ServiceSummary};
use aster_wire::ticket::Ticket;
use iroh::endpoint::{Connection, Incoming, QuicTransportConfig, VarInt, presets};
use iroh::{Endpoint, RelayMode, RelayUrl, SecretKey, Watcher as _};
use tokio::sync::{Notify, Semaphore};

use crate::error::{BindError, ConnectError};
use crate::options::{NodeOptions, RelayChoice};
use crate::payload::Mode;
use crate::peer::{Peer, chain, endpoint_addr};
use crate::port::Port;
use crate::server;
use crate::service::{Service, ServiceDefinition, Worker};
use crate::{ALPN_CONSUMER_ADMISSION, ALPN_RPC, admission};

/// Root key that an open server tells: none.
const NO_ROOT: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// A ticket cannot hold more.
const TICKET_ADDRESSES: usize = 15;
/// What peers may have under way to one connection.
const CONNECTION_WINDOW: u32 = 32 << 20;
/// What one connection buffers for a peer that does not read: with a stream's budget it stays under 8 MiB.
const SEND_WINDOW: u64 = 6 << 20;
/// How long starting waits for a relay or for the first addresses; the node works without either.
const SETTLE: Duration = Duration::from_secs(3);
/// How long closing waits for the last acknowledgements.
const CLOSE: Duration = Duration::from_secs(1);
/// How long cancelled handlers may take to say goodbye when draining runs out of time.
const DRAIN_GRACE: Duration = Duration::from_millis(800);

type ServiceKey = (String, i64);

/// See the module.
#[derive(Debug)]
pub struct Node {
    endpoint: Endpoint,
    options: NodeOptions,
    services: RwLock<HashMap<ServiceKey, Arc<Service>>>,
    pub(crate) next_connection: AtomicU32,
    calls: AtomicUsize,
    call_ended: Notify,
    draining: AtomicBool,
    pub(crate) abort_calls: Notify,
}

impl Node {
    /// Binds an endpoint and starts accepting, on the runtime that the caller entered.
    ///
    /// # Errors
    /// [`BindError`] when the socket or a relay URL is not usable.
    pub async fn bind(options: NodeOptions) -> Result<Arc<Self>, BindError> {
        let endpoint = build_endpoint(&options).await?;
        if options.relay != RelayChoice::Disabled {
            // Without a relay in time the node is reachable by its direct addresses all the same.
            let _ = tokio::time::timeout(SETTLE, endpoint.online()).await;
        }
        let node = Arc::new(Self {
            endpoint,
            options,
            services: RwLock::default(),
            next_connection: AtomicU32::new(1),
            calls: AtomicUsize::new(0),
            call_ended: Notify::new(),
            draining: AtomicBool::new(false),
            abort_calls: Notify::new(),
        });
        tokio::spawn(Arc::clone(&node).accept());
        Ok(node)
    }

    /// 64 hex digits.
    pub fn endpoint_id(&self) -> String {
        self.endpoint.id().to_string()
    }

    /// Addresses that peers may dial, best first.
    pub async fn direct_addresses(&self) -> Vec<SocketAddr> {
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

    /// URL of the relay in use, if any.
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
        // Addresses that fit are always few enough to write.
        Ticket::with_addresses(address.endpoint_id, &address.direct).to_text().unwrap_or_default()
    }

    /// Answers calls to `services` on `port`; gives the first handle of each service there.
    pub fn serve(&self, port: &Arc<Port>, services: Vec<ServiceDefinition>) -> Vec<u32> {
        let mut table = self.services.write().unwrap_or_else(PoisonError::into_inner);
        let mut handles = Vec::with_capacity(services.len());
        for definition in services {
            let first_handle = port.reserve_handles(definition.methods.len());
            handles.push(first_handle);
            let key = (definition.name.clone(), definition.version);
            let worker = Worker { port: Arc::clone(port), first_handle };
            let service = match table.get(&key) {
                Some(served) if served.is_served() => served.with_worker(worker),
                _ => Service::new(definition).with_worker(worker),
            };
            table.insert(key, Arc::new(service));
        }
        handles
    }

    /// `port` takes no new calls of this node; those it has go on.
    pub fn unserve(&self, port: &Arc<Port>) {
        let mut table = self.services.write().unwrap_or_else(PoisonError::into_inner);
        for service in table.values_mut() {
            *service = Arc::new(service.without_port(port));
        }
        table.retain(|_, service| service.is_served());
    }

    /// Dials a peer in any address form and asks for admission.
    ///
    /// # Errors
    /// [`ConnectError`]; `Timeout` after `timeout`.
    pub async fn connect(
        &self,
        address: &str,
        credential: String,
        timeout: Duration,
    ) -> Result<(Arc<Peer>, ConsumerResponse), ConnectError> {
        let address = endpoint_addr(&address::parse(address)?)?;
        let endpoint_id = address.id.to_string();
        let connecting =
            Peer::connect(self.endpoint.clone(), address, credential, self.options.limits.clone());
        tokio::time::timeout(timeout, connecting)
            .await
            .unwrap_or_else(|_| Err(ConnectError::Timeout { endpoint_id, limit_ms: timeout.as_millis() }))
    }

    /// Stops accepting, waits for accepted calls, and cancels those left at the timeout. Says whether all ended by themselves.
    pub async fn drain(&self, timeout: Duration) -> bool {
        self.draining.store(true, Ordering::Release);
        if tokio::time::timeout(timeout, self.idle()).await.is_ok() {
            return true;
        }
        self.abort_calls.notify_waiters();
        let _ = tokio::time::timeout(DRAIN_GRACE, self.idle()).await;
        false
    }

    /// Ends everything. Safe twice.
    pub async fn close(&self) {
        self.drain(Duration::ZERO).await;
        self.services.write().unwrap_or_else(PoisonError::into_inner).clear();
        let _ = tokio::time::timeout(CLOSE, self.endpoint.close()).await;
    }

    /// Server calls that were accepted and have not ended.
    pub fn open_calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    /// Whether new calls are refused.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(crate) fn limits(&self) -> &crate::options::NodeLimits {
        &self.options.limits
    }

    async fn idle(&self) {
        loop {
            let ended = self.call_ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.open_calls() == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Counts a call until the guard is dropped.
    pub(crate) fn count_call(self: &Arc<Self>) -> CallGuard {
        self.calls.fetch_add(1, Ordering::AcqRel);
        CallGuard(Arc::clone(self))
    }

    /// The service for a header. Clients of the reference always say version 1: when no such version
    /// exists and the name has only one, that one is meant.
    pub(crate) fn service(&self, name: &str, version: i64) -> Option<Arc<Service>> {
        let table = self.services.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(service) = table.get(&(name.to_owned(), version)) {
            return Some(Arc::clone(service));
        }
        let mut same_name = table.iter().filter(|((n, _), _)| n == name);
        match (version, same_name.next(), same_name.next()) {
            (1, Some((_, only)), None) => Some(Arc::clone(only)),
            _ => None,
        }
    }

    async fn accept(self: Arc<Self>) {
        let slots = Arc::new(Semaphore::new(self.options.limits.max_connections as usize));
        while let Some(incoming) = self.endpoint.accept().await {
            if self.is_draining() {
                incoming.refuse();
                continue;
            }
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
                incoming.refuse();
                continue;
            };
            let node = Arc::clone(&self);
            tokio::spawn(async move {
                node.welcome(incoming).await;
                drop(slot);
            });
        }
    }

    async fn welcome(self: Arc<Self>, incoming: Incoming) {
        let Ok(accepting) = incoming.accept() else { return };
        let Ok(Ok(connection)) = tokio::time::timeout(self.options.limits.header_timeout, accepting).await
        else {
            return;
        };
        match connection.alpn() {
            ALPN_RPC => server::serve_connection(self, connection).await,
            ALPN_CONSUMER_ADMISSION => self.admit(connection).await,
            _ => connection.close(0u32.into(), b"unexpected alpn"),
        }
    }

    async fn admit(&self, connection: Connection) {
        let address = self.address().await.to_base64();
        let peer = connection.remote_id();
        admission::answer(connection, |request| match request {
            Some(ConsumerRequest { credential_json, .. }) if credential_json.is_empty() => self.welcome_answer(&address),
            Some(_) => {
                tracing::info!(%peer, "admission refused: a credential was presented to an open server without root key");
                ConsumerResponse::refusal(NO_ROOT)
            }
            None => {
                tracing::info!(%peer, "admission refused: the request is not readable");
                ConsumerResponse::refusal(NO_ROOT)
            }
        })
        .await;
    }

    fn welcome_answer(&self, address: &str) -> ConsumerResponse {
        let table = self.services.read().unwrap_or_else(PoisonError::into_inner);
        let mut services: Vec<_> =
            table.values().map(|service| summary(&service.definition, address)).collect();
        services.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
        ConsumerResponse { admitted: true, services, root_pubkey: NO_ROOT.to_owned(), ..Default::default() }
    }
}

/// One accepted server call.
#[derive(Debug)]
pub(crate) struct CallGuard(Arc<Node>);

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::AcqRel);
        self.0.call_ended.notify_waiters();
    }
}

fn summary(definition: &ServiceDefinition, address: &str) -> ServiceSummary {
    ServiceSummary {
        name: definition.name.clone(),
        version: definition.version,
        contract_id: definition.contract_id.clone(),
        channels: vec![("rpc".to_owned(), address.to_owned())],
        pattern: "shared".to_owned(),
        // The reference always lists nothing and takes a list that lacks `xlang` as JSON only.
        serialization_modes: if definition.takes(Mode::Xlang) { Vec::new() } else { vec!["json".to_owned()] },
        extensions: definition.extensions(),
    }
}

async fn build_endpoint(options: &NodeOptions) -> Result<Endpoint, BindError> {
    let failed = |error: &dyn std::error::Error| BindError::Bind {
        address: options.bind.map_or_else(|| "any address".to_owned(), |address| address.to_string()),
        reason: chain(error),
    };
    let mut builder = match &options.relay {
        RelayChoice::Default => Endpoint::builder(presets::N0),
        RelayChoice::Disabled => Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled),
        RelayChoice::Urls(urls) => {
            let urls = urls.iter().map(|url| {
                url.parse::<RelayUrl>()
                    .map_err(|e| BindError::RelayUrl { url: url.clone(), reason: e.to_string() })
            });
            let relays = RelayMode::custom(urls.collect::<Result<Vec<_>, _>>()?);
            Endpoint::builder(presets::Minimal).relay_mode(relays)
        }
    };
    let secret = options.secret_key.map_or_else(SecretKey::generate, |seed| SecretKey::from_bytes(&seed));
    let transport = QuicTransportConfig::builder()
        .max_concurrent_bidi_streams(VarInt::from_u32(options.limits.max_streams))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(SEND_WINDOW)
        .build();
    builder = builder
        .secret_key(secret)
        .alpns(vec![ALPN_RPC.to_vec(), ALPN_CONSUMER_ADMISSION.to_vec()])
        .transport_config(transport);
    if let Some(address) = options.bind {
        builder = builder.clear_ip_transports().bind_addr(address).map_err(|e| failed(&e))?;
    }
    builder.bind().await.map_err(|e| failed(&e))
}

/// A new ed25519 seed.
pub fn generate_secret_key() -> [u8; 32] {
    SecretKey::generate().to_bytes()
}

/// The endpoint id of a seed, 64 hex digits.
pub fn endpoint_id_of(seed: &[u8; 32]) -> String {
    SecretKey::from_bytes(seed).public().to_string()
}
