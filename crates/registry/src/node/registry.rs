//! The registry of a node: its public functions, and the task that replaces a generation that does not answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aster_net::Node;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::RegistryError;
use super::generation::Generation;
use super::jitter::{jittered, random};
use super::options::RegistryOptions;
use super::shared::Shared;
use super::watch::Watcher;
use crate::core::book::{Book, Change};
use crate::core::health::Health;
use crate::core::query::{Found, Query, Source};
use crate::core::rank::{Facts, rank};

/// How often leases are looked at that end.
const SWEEP: Duration = Duration::from_millis(500);
/// How long to wait before a generation is started that did not start.
const RESTART: Duration = Duration::from_secs(5);

/// The registry of a node.
///
/// Lifetime: [`close`](Self::close) ends it, and so does the end of the node.
#[derive(Debug)]
pub struct Registry {
    shared: Arc<Shared>,
    current: Mutex<Option<Arc<Generation>>>,
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Registry {
    /// Starts a registry on a node, and publishes what the node serves.
    ///
    /// # Errors
    /// [`RegistryError`] when its documents cannot be opened.
    pub async fn start(node: Arc<Node>, options: RegistryOptions) -> Result<Arc<Self>, RegistryError> {
        let token = node.token();
        let shared = Arc::new(Shared::new(node, options));
        let first = Generation::start(&shared, token.child_token()).await?;
        let registry =
            Arc::new(Self { shared, current: Mutex::new(Some(first)), token, tasks: TaskTracker::new() });
        registry.tasks.spawn(Arc::clone(&registry).sweep());
        registry.tasks.spawn(Arc::clone(&registry).supervise());
        Ok(registry)
    }

    fn current(&self) -> Result<Arc<Generation>, RegistryError> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone().ok_or(RegistryError::Closed)
    }

    fn replace(&self, generation: Option<Arc<Generation>>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = generation;
    }

    /// Names a member to follow, in addition to those of the options.
    pub fn join(&self, address: &str) {
        self.shared.directory.name(address);
    }

    /// Publishes services that the node serves by now.
    ///
    /// # Errors
    /// [`RegistryError`] when the document cannot be written.
    pub async fn publish(&self) -> Result<(), RegistryError> {
        self.current()?.publish().await
    }

    /// Says how a service is.
    ///
    /// # Errors
    /// [`RegistryError::NotServed`]; others when the document cannot be written.
    pub async fn set_health(&self, service: &str, health: Health) -> Result<(), RegistryError> {
        if !self.shared.node.services().iter().any(|served| served.name == service) {
            return Err(RegistryError::NotServed(service.to_owned()));
        }
        self.shared.wanted().health.insert(service.to_owned(), health);
        self.current()?.write_leases().await
    }

    /// Says how busy this node is; lower is better. Others learn it with the next lease.
    pub fn set_load(&self, load: f64) {
        self.shared.wanted().load = Some(load).filter(|load| load.is_finite() && *load >= 0.0);
    }

    /// Says that this node takes no more calls.
    ///
    /// # Errors
    /// [`RegistryError`] when the document cannot be written.
    pub async fn drain(&self) -> Result<(), RegistryError> {
        self.shared.wanted().draining = true;
        self.current()?.write_leases().await
    }

    /// The endpoints that serve something, best first. `wait`: how long to wait for the members that were named to join.
    pub async fn resolve(&self, query: &Query, wait: Duration) -> Vec<Found> {
        let limit = Instant::now() + wait;
        loop {
            let settled = self.shared.settled.notified();
            if self.shared.directory.is_settled() || timeout_at(limit, settled).await.is_err() {
                break;
            }
        }
        self.known(query)
    }

    /// The endpoints that are known now, best first.
    pub fn known(&self, query: &Query) -> Vec<Found> {
        let now = self.shared.now();
        let mut found = self.shared.book().find(query, now);
        found.extend(self.local(query));
        found.extend(self.announced(query));
        let mut rtts = self.shared.rtts().clone();
        // Nobody is nearer than this node.
        rtts.insert(self.shared.node.endpoint_id(), Duration::ZERO);
        let facts = Facts { turn: self.shared.turn(), seed: random(), rtts };
        rank(&mut found, query.policy, &facts);
        found
    }

    /// What this node serves.
    fn local(&self, query: &Query) -> Vec<Found> {
        let options = &self.shared.options;
        let channel = query.channel.is_none() || query.channel == options.channel;
        let tag = query.tag.as_ref().is_none_or(|tag| options.tags.contains(tag));
        let served = self.shared.node.services().into_iter().filter(|served| {
            served.name == query.service
                && query.version.is_none_or(|version| version == served.version)
                && query.contract_id.as_ref().is_none_or(|id| *id == served.contract_id)
                && channel
                && tag
        });
        let wanted = self.shared.wanted().clone();
        let found = served.map(|served| Found {
            endpoint_id: self.shared.node.endpoint_id(),
            version: served.version,
            contract_id: served.contract_id.clone(),
            health: wanted.health(&served.name),
            load: wanted.load,
            age_ms: 0,
            source: Source::Local,
            direct: Vec::new(),
            relay_url: None,
            tags: options.tags.clone(),
            modes: served.modes.clone(),
        });
        found.filter(|found| found.health.takes_calls()).collect()
    }

    /// What the admission answers of named members announced that write no leases.
    fn announced(&self, query: &Query) -> Vec<Found> {
        if query.channel.is_some() || query.tag.is_some() {
            return Vec::new();
        }
        let announced = self.shared.announced().clone();
        let silent = announced.into_iter().filter(|(id, _)| !self.shared.book().wrote_leases(id));
        let found = silent.flat_map(|(id, announced)| {
            let address = announced.address;
            let services = announced.services.into_iter().filter(|served| {
                served.name == query.service
                    && query.version.is_none_or(|version| version == served.version)
                    && query.contract_id.as_ref().is_none_or(|wanted| *wanted == served.contract_id)
            });
            services
                .map(move |served| Found {
                    endpoint_id: id.clone(),
                    version: served.version,
                    contract_id: served.contract_id,
                    health: Health::Ready,
                    load: None,
                    age_ms: 0,
                    source: Source::Ticket,
                    direct: address.direct.iter().map(ToString::to_string).collect(),
                    relay_url: address.relay_url.clone(),
                    tags: Vec::new(),
                    modes: served.serialization_modes,
                })
                .collect::<Vec<_>>()
        });
        found.collect()
    }

    /// The manifest of a contract, as a member published it: JSON text. What it says of the contract is not proven by the
    /// contract id.
    ///
    /// # Errors
    /// [`RegistryError::Closed`].
    pub async fn manifest(&self, contract_id: &str) -> Result<Option<String>, RegistryError> {
        let bytes = self.current()?.manifest(contract_id).await;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        Ok(text.filter(|text| names(text, contract_id)))
    }

    /// The manifest of a contract with all types that a member published, as JSON text
    /// ([`aster_contract::published::manifest_with_types`]). The contract and its types are proven by the contract id.
    ///
    /// # Errors
    /// [`RegistryError::Closed`].
    pub async fn contract(&self, contract_id: &str) -> Result<Option<String>, RegistryError> {
        let Some(files) = self.current()?.contract_files(contract_id).await else { return Ok(None) };
        match aster_contract::published::manifest_with_types(contract_id, &files) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) => {
                tracing::warn!(contract_id, "a published contract is not used: {error}");
                Ok(None)
            }
        }
    }

    /// The changes of a service. The endpoints that are known now come first.
    pub fn watch(&self, service: &str) -> Watcher {
        let first = self.shared.book().find(&Query::of(service), self.shared.now());
        let first = first.into_iter().map(|found| Change::Up(Box::new(found)));
        self.shared.watchers.add(service.to_owned(), first)
    }

    /// Withdraws what was published, tells the members, and ends the registry. Can be called twice.
    pub async fn close(&self) {
        let Ok(current) = self.current() else { return };
        self.replace(None);
        current.leave().await;
        self.token.cancel();
        self.shared.node.set_registry_namespace(String::new());
        current.stop().await;
        self.shared.watchers.close();
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn sweep(self: Arc<Self>) {
        loop {
            tokio::select! {
                biased;
                () = self.token.cancelled() => break,
                () = tokio::time::sleep(SWEEP) => {}
            }
            self.shared.change(Book::sweep);
            for gone in self.shared.directory.sweep(self.shared.now()) {
                self.shared.change(|book, _| book.forget(&gone));
                self.shared.rtts().remove(&gone);
            }
        }
        self.shared.watchers.close();
    }

    /// Replaces a generation whose engine does not answer.
    async fn supervise(self: Arc<Self>) {
        while let Ok(current) = self.current() {
            tokio::select! {
                biased;
                () = self.token.cancelled() => return,
                () = current.wedged() => {}
            }
            tracing::error!("the document engine of the registry does not answer; it is started again");
            current.stop().await;
            loop {
                match Generation::start(&self.shared, self.token.child_token()).await {
                    Ok(next) => break self.replace(Some(next)),
                    Err(error) => tracing::error!("the registry does not start again: {error}"),
                }
                tokio::select! {
                    biased;
                    () = self.token.cancelled() => return,
                    () = tokio::time::sleep(jittered(RESTART)) => {}
                }
            }
        }
    }
}

/// Whether a manifest is one of the contract.
fn names(manifest: &str, contract_id: &str) -> bool {
    let read: Result<serde_json::Value, _> = serde_json::from_str(manifest);
    read.is_ok_and(|read| read.get("contract_id").and_then(serde_json::Value::as_str) == Some(contract_id))
}
