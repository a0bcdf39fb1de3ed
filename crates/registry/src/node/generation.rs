//! One life of the document engine and of the tasks on it. When the engine does not answer, another generation begins.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aster_wire::hex::id_from_hex;
use bytes::Bytes;
use iroh::EndpointId;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::document::Alarm;
use super::engine::Engine;
use super::error::RegistryError;
use super::exchange::{self, Exchange};
use super::fetch::Fetcher;
use super::follow::{Ground, follow};
use super::jitter::jittered;
use super::members::transport_address;
use super::publication::Publication;
use super::shared::Shared;
use crate::core::artifact::ArtifactRef;
use crate::core::collection::{self, FILES_BYTES, HASHES_BYTES, NAMES_BYTES};
use crate::core::key::Key;
use crate::core::limit::{LEASE_BYTES, VALUE_BYTES};

/// The form of a collection of several files.
const COLLECTION: &str = "index";
/// How often the table of members is looked at when nothing happens.
const LOOK: Duration = Duration::from_secs(30);
/// How long changes of the set of members are gathered.
const TOGETHER: Duration = Duration::from_millis(100);
/// How long leaving may take, and how many members are told.
const LEAVE: Duration = Duration::from_millis(800);
const TOLD: usize = 64;

/// The engine and its tasks.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) ground: Ground,
    /// Its lock is held while the own document is written, which needs no network.
    publication: Mutex<Publication>,
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Generation {
    /// Starts the engine, opens the own document and publishes what is served.
    pub(crate) async fn start(
        shared: &Arc<Shared>,
        token: CancellationToken,
    ) -> Result<Arc<Self>, RegistryError> {
        let alarm = Alarm::default();
        let engine = Engine::start(&shared.node, &shared.options.storage).await?;
        shared.node.attach(exchange::ALPN, Exchange(Arc::clone(shared)));
        let publication = Publication::open(&engine, &alarm).await?;
        shared.node.set_registry_namespace(publication.namespace());
        let ground = Ground {
            shared: Arc::clone(shared),
            engine,
            alarm,
            fetcher: Arc::default(),
            documents: Arc::default(),
        };
        let generation =
            Arc::new(Self { ground, publication: Mutex::new(publication), token, tasks: TaskTracker::new() });
        generation.publish().await?;
        generation.tasks.spawn(Arc::clone(&generation).refresh());
        generation.tasks.spawn(Arc::clone(&generation).introduce());
        generation.tasks.spawn(Arc::clone(&generation).follow_members());
        Ok(generation)
    }

    /// Publishes services that are served and not published yet.
    pub(crate) async fn publish(&self) -> Result<(), RegistryError> {
        let Ground { shared, engine, .. } = &self.ground;
        let mut publication = self.publication.lock().await;
        publication.publish(engine, shared).await?;
        publication.introduce(shared).await?;
        drop(publication);
        shared.news.send_modify(|news| *news += 1);
        Ok(())
    }

    /// Writes the leases anew.
    pub(crate) async fn write_leases(&self) -> Result<(), RegistryError> {
        self.publication.lock().await.refresh(&self.ground.shared).await
    }

    /// The manifest of a contract, from the document of any member that published it.
    pub(crate) async fn manifest(&self, contract_id: &str) -> Option<Bytes> {
        let Ground { engine, fetcher, .. } = &self.ground;
        let documents = self.ground.documents().clone();
        let key = Key::Manifest(contract_id.to_owned());
        for (owner, document) in documents {
            let Ok(Some(entry)) = document.newest(&key).await else { continue };
            let Ok(owner) = owner.parse::<EndpointId>() else { continue };
            let content = fetcher.content(engine, entry.content_hash(), VALUE_BYTES, &[owner]).await;
            if let Some(content) = content {
                return Some(content);
            }
        }
        let own = self.publication.lock().await.newest(&key).await?;
        fetcher.content(engine, own, VALUE_BYTES, &[]).await
    }

    /// The files of a contract, from the collection that any member published. `None`: nobody did, or it is not whole.
    pub(crate) async fn contract_files(&self, contract_id: &str) -> Option<Vec<(String, Vec<u8>)>> {
        let Ground { engine, fetcher, .. } = &self.ground;
        let documents = self.ground.documents().clone();
        let key = Key::Contract(contract_id.to_owned());
        for (owner, document) in documents {
            let Ok(Some(entry)) = document.newest(&key).await else { continue };
            let Ok(owner) = owner.parse::<EndpointId>() else { continue };
            let reference = fetcher.content(engine, entry.content_hash(), LEASE_BYTES, &[owner]).await;
            let Some(reference) = reference.and_then(|bytes| ArtifactRef::from_json(&bytes).ok()) else {
                continue;
            };
            if let Some(files) = files(engine, fetcher, &reference, owner).await {
                return Some(files);
            }
        }
        None
    }

    /// Waits until the engine does not answer.
    pub(crate) async fn wedged(&self) {
        self.ground.alarm.raised().await;
    }

    async fn refresh(self: Arc<Self>) {
        loop {
            tokio::select! {
                biased;
                () = self.token.cancelled() => return,
                () = tokio::time::sleep(self.ground.shared.options.timing.refresh) => {}
            }
            if let Err(error) = self.write_leases().await {
                tracing::warn!("the leases were not refreshed: {error}");
            }
        }
    }

    /// Tells readers when the set of members changed. Changes that come together are told together.
    async fn introduce(self: Arc<Self>) {
        let shared = &self.ground.shared;
        loop {
            tokio::select! {
                biased;
                () = self.token.cancelled() => return,
                () = shared.directory.changed.notified() => {}
            }
            tokio::time::sleep(jittered(TOGETHER)).await;
            if let Err(error) = self.publication.lock().await.introduce(shared).await {
                tracing::debug!("the members are not told: {error}");
            }
        }
    }

    /// Has a follower for every member, and no others.
    async fn follow_members(self: Arc<Self>) {
        let shared = Arc::clone(&self.ground.shared);
        let mut running: HashMap<String, (String, CancellationToken)> = HashMap::new();
        loop {
            let all = shared.directory.all();
            let ids = all.values().filter_map(|it| EndpointId::from_bytes(&it.address.endpoint_id).ok());
            shared.node.vouch(ids.collect());
            let gone = running.extract_if(|id, (instance, _)| {
                all.get(id).is_none_or(|it| !instance.is_empty() && *instance != it.instance)
            });
            for (id, (_, token)) in gone {
                token.cancel();
                shared.change(|book, _| book.forget(&id));
            }
            for (id, followed) in all {
                let entry = running.entry(id.clone()).or_insert_with(|| {
                    let token = self.token.child_token();
                    let following = follow(self.ground.clone(), id, followed.clone(), token.clone());
                    self.tasks.spawn(following);
                    (followed.instance.clone(), token)
                });
                if entry.0.is_empty() {
                    entry.0.clone_from(&followed.instance);
                }
            }
            tokio::select! {
                biased;
                () = self.token.cancelled() => return,
                () = shared.directory.news.notified() => {}
                () = tokio::time::sleep(jittered(LOOK)) => {}
            }
        }
    }

    /// Says that this node serves no more: in its document, and to the members that it knows.
    pub(crate) async fn leave(&self) {
        let shared = &self.ground.shared;
        if let Err(error) = self.publication.lock().await.withdraw(shared).await {
            tracing::debug!("the leases were not withdrawn: {error}");
        }
        let telling = TaskTracker::new();
        for address in
            shared.directory.all().values().take(TOLD).filter_map(|it| transport_address(&it.address))
        {
            let shared = Arc::clone(shared);
            telling.spawn(async move { exchange::ask(&shared, address, true).await });
        }
        telling.close();
        let _ = tokio::time::timeout(LEAVE, telling.wait()).await;
    }

    /// Ends the tasks and the engine.
    pub(crate) async fn stop(&self) {
        self.token.cancel();
        self.tasks.close();
        let _ = tokio::time::timeout(LEAVE, self.tasks.wait()).await;
        self.ground.engine.stop().await;
    }
}

/// The files of a collection, which together have at most [`FILES_BYTES`].
async fn files(
    engine: &Engine,
    fetcher: &Fetcher,
    reference: &ArtifactRef,
    owner: EndpointId,
) -> Option<Vec<(String, Vec<u8>)>> {
    let content =
        async |hash: [u8; 32], limit: usize| fetcher.content(engine, hash.into(), limit, &[owner]).await;
    if reference.collection_format != COLLECTION {
        return None;
    }
    let sequence = content(id_from_hex(&reference.collection_hash)?, HASHES_BYTES).await?;
    let (names, hashes) = collection::hashes(&sequence).ok()?;
    let names = collection::names(&content(names, NAMES_BYTES).await?).ok()?;
    if names.len() != hashes.len() {
        return None;
    }
    let mut files = Vec::with_capacity(names.len());
    let mut left = FILES_BYTES;
    for (name, hash) in names.into_iter().zip(hashes) {
        let file = content(hash, VALUE_BYTES.min(left)).await?;
        left = left.checked_sub(file.len())?;
        files.push((name, file.to_vec()));
    }
    Some(files)
}
