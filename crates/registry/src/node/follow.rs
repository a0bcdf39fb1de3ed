//! Follows one member: asks for admission, reads its document, and stays in touch.
//!
//! Admission comes first: a gossip connection that is refused leaves the peer unreachable by gossip. Entries and contents
//! decide what is known, and never what a synchronization says of itself, because that is often wrong.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aster_wire::admission::ServiceSummary;
use iroh::EndpointId;
use iroh_docs::engine::LiveEvent;
use iroh_docs::{Entry, NamespaceId};
use n0_future::{BufferedStreamExt as _, StreamExt};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::document::{Alarm, Document};
use super::engine::Engine;
use super::error::RegistryError;
use super::exchange;
use super::fetch::Fetcher;
use super::jitter::jittered;
use super::members::{Followed, transport_address};
use super::publication::MEMBERS;
use super::shared::{Announced, Shared};
use crate::core::acl::Writers;
use crate::core::book::Entry as BookEntry;
use crate::core::key::{AclList, Key};
use crate::core::limit::{DOCUMENT_ENTRIES, LEASE_BYTES};
use crate::core::query::Query;

/// How long the admission of a member may take.
const ADMISSION: Duration = Duration::from_secs(10);
/// The first and the longest wait before a member is asked again that did not answer.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// How often a document without news is synchronized.
const ANTI_ENTROPY: Duration = Duration::from_secs(10);
/// The first synchronizations, until the first entries are there.
const FIRST_SYNC: Duration = Duration::from_secs(1);
/// How often the members are exchanged with a member, and its document is synchronized although there is news.
const EXCHANGE: Duration = Duration::from_secs(30);
/// A document counts as read when all announced services have leases, or when nothing has arrived for this long: at
/// first, and after something arrived.
const QUIET_AT_FIRST: Duration = Duration::from_secs(3);
const QUIET: Duration = Duration::from_millis(300);
/// Entries that are waiting for their contents at the same time.
const AT_ONCE: usize = 16;
/// Largest list of writers.
const ACL_BYTES: usize = 64 * 1024;

/// What a follower needs of its generation.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) shared: Arc<Shared>,
    pub(crate) engine: Engine,
    pub(crate) alarm: Alarm,
    pub(crate) fetcher: Arc<Fetcher>,
    /// The documents that are followed, by the endpoint id of their member.
    pub(crate) documents: Arc<Mutex<HashMap<String, Document>>>,
}

impl Ground {
    pub(crate) fn documents(&self) -> MutexGuard<'_, HashMap<String, Document>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows a member until `token` is cancelled.
pub(crate) async fn follow(ground: Ground, id: String, followed: Followed, token: CancellationToken) {
    let mut retry = FIRST_RETRY;
    loop {
        let started = ground.shared.now();
        let once = Follower { ground: &ground, id: &id, followed: &followed };
        let outcome = tokio::select! {
            biased;
            () = token.cancelled() => return,
            outcome = once.visit() => outcome,
        };
        if let Err(error) = outcome {
            tracing::debug!(member = id, "the member is not followed: {error}");
        }
        ground.shared.announced().remove(&id);
        settle(&ground.shared, &id);
        if ground.shared.now().steady.saturating_sub(started.steady) > LONGEST_RETRY {
            retry = FIRST_RETRY;
        }
        tokio::select! {
            biased;
            () = token.cancelled() => return,
            () = tokio::time::sleep(jittered(retry)) => retry = (retry * 2).min(LONGEST_RETRY),
        }
    }
}

fn settle(shared: &Shared, id: &str) {
    shared.directory.settle(id);
    shared.settled.notify_waiters();
}

struct Follower<'a> {
    ground: &'a Ground,
    id: &'a str,
    followed: &'a Followed,
}

impl Follower<'_> {
    /// One time: from the admission until the member has to be asked anew.
    async fn visit(&self) -> Result<(), String> {
        let Ground { shared, engine, alarm, .. } = self.ground;
        let (namespace, services) = self.admission().await?;
        let address = transport_address(&self.followed.address).ok_or("its address is not valid")?;
        engine.learn(address.clone());
        exchange::ask(shared, address.clone(), false).await;
        let Some(namespace) = namespace else {
            settle(shared, self.id);
            return self.without_document().await;
        };
        let document = Document::of_other(&engine.docs, namespace, alarm).await.map_err(text)?;
        self.ground.documents().insert(self.id.to_owned(), document.clone());
        let followed = self.read(&document, namespace, &services).await;
        self.ground.documents().remove(self.id);
        self.ground.fetcher.rest(address.id);
        document.forget(&engine.docs).await;
        followed
    }

    /// Asks for admission. Returns the id of the document, and what the member serves. `None`: it has no document.
    async fn admission(&self) -> Result<(Option<NamespaceId>, Vec<ServiceSummary>), String> {
        let Ground { shared, .. } = self.ground;
        let address = self.followed.address.to_base64();
        let credential = shared.options.credential.clone();
        let answer = shared.node.ask_admission(&address, credential, ADMISSION).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let namespace = answer.registry_namespace.as_str();
        let namespace = aster_wire::hex::id_from_hex(namespace).map(|id| NamespaceId::from(&id));
        if shared.directory.is_named(self.id) {
            let services = answer.services.clone();
            let announced = Announced { address: self.followed.address.clone(), services };
            shared.announced().insert(self.id.to_owned(), announced);
        }
        Ok((namespace, answer.services))
    }

    /// A member that has no registry: its admission answers are all that is known.
    async fn without_document(&self) -> Result<(), String> {
        loop {
            tokio::time::sleep(jittered(EXCHANGE)).await;
            if self.admission().await?.0.is_some() {
                return Ok(());
            }
        }
    }

    /// Reads the document until the member is silent or has another one.
    async fn read(
        &self,
        document: &Document,
        namespace: NamespaceId,
        services: &[ServiceSummary],
    ) -> Result<(), String> {
        let Ground { shared, .. } = self.ground;
        let address = transport_address(&self.followed.address).ok_or("its address is not valid")?;
        let owner = EndpointId::from_bytes(&self.followed.address.endpoint_id).map_err(text)?;
        let arrivals = Arc::new(Arrivals::default());
        let _reading = AbortOnDropHandle::new(tokio::spawn(
            Arc::clone(&arrivals).collect(document.events().await.map_err(text)?),
        ));
        document.sync(vec![address.clone()]).await.map_err(text)?;
        let mut reader = Reader {
            follower: self,
            document,
            owner,
            arrivals: &arrivals,
            writers: Writers::default(),
            seen: HashMap::new(),
        };
        reader.scan().await?;
        let mut told = shared.news.subscribe();
        let mut next_sync = tokio::time::Instant::now() + FIRST_SYNC;
        let mut next_exchange = tokio::time::Instant::now() + jittered(EXCHANGE);
        let mut quiet = tokio::time::Instant::now() + QUIET_AT_FIRST;
        let mut settled = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(quiet), if !settled => {
                    settled = true;
                    settle(shared, self.id);
                }
                () = arrivals.news.notified() => match arrivals.take() {
                    Some(entries) => reader.take_all(entries).await?,
                    None => reader.scan().await?,
                },
                () = tokio::time::sleep_until(next_sync) => {
                    reader.scan().await?;
                    document.sync(vec![address.clone()]).await.map_err(text)?;
                    let wait = if settled { jittered(ANTI_ENTROPY) } else { FIRST_SYNC };
                    next_sync = tokio::time::Instant::now() + wait;
                }
                () = tokio::time::sleep_until(next_exchange) => {
                    next_exchange = tokio::time::Instant::now() + jittered(EXCHANGE);
                    self.stay(&address, namespace).await?;
                }
                () = arrivals.introductions.notified() => {
                    exchange::ask(shared, address.clone(), false).await;
                }
                changed = told.changed() => {
                    changed.map_err(text)?;
                    exchange::ask(shared, address.clone(), false).await;
                }
            }
            if !settled && self.has_all(services) {
                settled = true;
                settle(shared, self.id);
            }
            if arrivals.forget_recent() {
                quiet = tokio::time::Instant::now() + QUIET;
                if settled {
                    next_sync = next_sync.max(tokio::time::Instant::now() + shared.options.timing.refresh);
                }
            }
        }
    }

    /// Whether there is a lease of every service that the member announced.
    fn has_all(&self, services: &[ServiceSummary]) -> bool {
        let Ground { shared, .. } = self.ground;
        let now = shared.now();
        let book = shared.book();
        services.iter().all(|service| {
            let query = Query { version: Some(service.version), ..Query::of(&service.name) };
            book.find(&query, now).iter().any(|found| found.endpoint_id == self.id)
        })
    }

    /// Exchanges members. A member that wrote no lease is asked for admission instead: only that tells whether it is there.
    async fn stay(&self, address: &iroh::EndpointAddr, namespace: NamespaceId) -> Result<(), String> {
        let Ground { shared, .. } = self.ground;
        let alive = shared.book().has_leases(self.id, shared.now());
        if !alive && self.admission().await?.0 != Some(namespace) {
            return Err("it has another document".to_owned());
        }
        self.ground.fetcher.rest(address.id);
        exchange::ask(shared, address.clone(), false).await;
        Ok(())
    }
}

/// Reads entries of one document.
struct Reader<'a> {
    follower: &'a Follower<'a>,
    document: &'a Document,
    owner: EndpointId,
    arrivals: &'a Arrivals,
    writers: Writers,
    /// The newest stamp of each key whose entry was taken.
    seen: HashMap<Vec<u8>, u64>,
}

impl Reader<'_> {
    /// Takes every entry that was not taken yet.
    async fn scan(&mut self) -> Result<(), String> {
        self.read_writers().await?;
        let entries = self.document.entries().await.map_err(text)?;
        let entries = entries.ok_or_else(too_many)?;
        self.take_all(entries.into_iter().map(|entry| (entry.key().to_vec(), entry)).collect()).await
    }

    /// The list of writers, which decides over all other entries.
    async fn read_writers(&mut self) -> Result<(), String> {
        let Some(entry) = self.document.newest(&Key::Acl(AclList::Writers)).await.map_err(text)? else {
            return Ok(());
        };
        let content = self.content(&entry, ACL_BYTES).await.ok_or("its list of writers is missing")?;
        let writers = Writers::read(&content);
        if writers != self.writers {
            self.writers = writers;
            // What others wrote before does not count any more.
            self.follower.ground.shared.change(|book, _| book.forget(self.follower.id));
            self.seen.clear();
        }
        Ok(())
    }

    async fn take_all(&mut self, entries: BTreeMap<Vec<u8>, Entry>) -> Result<(), String> {
        let mut wanted = Vec::new();
        for (bytes, entry) in entries {
            let Ok(key) = Key::parse(&bytes) else { continue };
            let old = self.seen.get(&bytes).is_some_and(|stamp| *stamp >= entry.timestamp());
            if !old && key == Key::Acl(AclList::Writers) {
                self.seen.insert(bytes, entry.timestamp());
                return Box::pin(self.scan()).await;
            }
            if !old && self.writers.allows(&entry.author().to_string()) {
                wanted.push((bytes, key, entry));
            }
        }
        let this = &*self;
        let fetching = n0_future::stream::iter(wanted).map(|(bytes, key, entry)| async move {
            let content = match limit(&key) {
                Some(limit) => this.content(&entry, limit).await,
                None => Some(bytes::Bytes::new()),
            };
            (bytes, key, entry, content)
        });
        let fetched: Vec<_> = fetching.buffered_unordered(AT_ONCE).collect().await;
        for (bytes, key, entry, content) in fetched {
            // An entry without its content is none. It is tried again with the next scan.
            let Some(content) = content else { continue };
            self.take(&key, &entry, &content);
            if self.seen.len() >= DOCUMENT_ENTRIES && !self.seen.contains_key(&bytes) {
                return Err(too_many());
            }
            self.seen.insert(bytes, entry.timestamp());
        }
        Ok(())
    }

    fn take(&self, key: &Key, entry: &Entry, value: &[u8]) {
        let (shared, owner) = (&self.follower.ground.shared, self.follower.id);
        if matches!(key, Key::Config(name) if name == MEMBERS) && value != shared.digest().as_bytes() {
            self.arrivals.introductions.notify_one();
        }
        let taken = BookEntry { owner, key, value, stamp: entry.timestamp() };
        shared.change(|book, now| match book.take(taken, now) {
            Ok(change) => change.into_iter().collect(),
            Err(error) => {
                tracing::debug!(member = owner, %key, "an entry does not count: {error}");
                Vec::new()
            }
        });
    }

    async fn content(&self, entry: &Entry, limit: usize) -> Option<bytes::Bytes> {
        if entry.content_len() > limit as u64 {
            return None;
        }
        let Ground { engine, fetcher, .. } = self.follower.ground;
        fetcher.content(engine, entry.content_hash(), limit, &[self.owner]).await
    }
}

/// The largest content of an entry that is read at once. `None`: it is read when somebody asks for it.
fn limit(key: &Key) -> Option<usize> {
    match key {
        Key::Lease(_) => Some(LEASE_BYTES),
        Key::Version { .. } | Key::Channel { .. } | Key::Tag { .. } => Some(64),
        Key::Config(name) if name == MEMBERS => Some(64),
        Key::Acl(_) | Key::Contract(_) | Key::Manifest(_) | Key::Config(_) => None,
    }
}

fn too_many() -> String {
    format!("its document has more than {DOCUMENT_ENTRIES} entries")
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Entries that arrived and are not taken yet: of each key the newest.
#[derive(Debug, Default)]
struct Arrivals {
    waiting: Mutex<Waiting>,
    news: Notify,
    /// The member knows other members than this node.
    introductions: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: BTreeMap<Vec<u8>, Entry>,
    /// There were more than can wait, so everything has to be read.
    overflow: bool,
    recent: bool,
}

impl Arrivals {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the events of a document. It never waits for anything else.
    async fn collect(self: Arc<Self>, mut events: impl n0_future::Stream<Item = LiveEvent> + Unpin) {
        while let Some(event) = events.next().await {
            let LiveEvent::InsertRemote { entry, .. } = event else { continue };
            let mut waiting = self.waiting();
            waiting.recent = true;
            if waiting.entries.len() >= DOCUMENT_ENTRIES {
                waiting.overflow = true;
                waiting.entries.clear();
            }
            waiting.entries.insert(entry.key().to_vec(), entry);
            drop(waiting);
            self.news.notify_one();
        }
    }

    /// What arrived. `None`: too much, so that everything has to be read.
    fn take(&self) -> Option<BTreeMap<Vec<u8>, Entry>> {
        let mut waiting = self.waiting();
        let entries = std::mem::take(&mut waiting.entries);
        (!std::mem::take(&mut waiting.overflow)).then_some(entries)
    }

    /// Whether something arrived since the last time.
    fn forget_recent(&self) -> bool {
        std::mem::take(&mut self.waiting().recent)
    }
}

impl From<RegistryError> for String {
    fn from(error: RegistryError) -> Self {
        error.to_string()
    }
}
