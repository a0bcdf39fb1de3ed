//! Documents, gossip and blobs on one node, behind its gate.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aster_net::Node;
use iroh::address_lookup::memory::MemoryLookup;
use iroh::{Endpoint, EndpointAddr};
use iroh_blobs::api::Store;
use iroh_blobs::provider::events::EventSender;
use iroh_blobs::store::fs::FsStore;
use iroh_blobs::store::mem::MemStore;
use iroh_blobs::store::{GcConfig, ProtectCb, ProtectOutcome};
use iroh_blobs::{BlobsProtocol, store};
use iroh_docs::engine::{DefaultAuthorStorage, ProtectCallbackHandler};
use iroh_docs::protocol::Docs;
use iroh_docs::store as replicas;
use iroh_gossip::net::Gossip;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::error::RegistryError;
use super::options::Storage;

/// How often contents that no document and no tag names any more are deleted.
const COLLECT: Duration = Duration::from_secs(90);
/// The start of a database file.
const DATABASE: [u8; 4] = *b"redb";
/// How long opening a folder may take.
const OPEN: Duration = Duration::from_secs(20);
/// How long each part may take to shut down.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// The parts of iroh that a registry uses.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(crate) blobs: Store,
    pub(crate) docs: Docs,
    pub(crate) endpoint: Endpoint,
    /// Where the tasks of the downloader of the documents are. Nothing drives them: documents download nothing here. A downloader
    /// has a task that never ends and holds the endpoint, and only the end of its runtime ends it.
    idle: Arc<Idle>,
    stopped: CancellationToken,
    gossip: Gossip,
    lookup: MemoryLookup,
    /// Held while the folder of the documents is in use.
    lock: Option<Arc<File>>,
}

impl Engine {
    /// Starts the parts, and lets admitted peers use them.
    pub(crate) async fn start(node: &Node, storage: &Storage) -> Result<Self, RegistryError> {
        let endpoint = node.endpoint();
        let failed = |error: String| RegistryError::Start(error);
        let lookup = MemoryLookup::new();
        endpoint.address_lookup().map_err(|error| failed(error.to_string()))?.add(lookup.clone());
        let (protect, protected) = ProtectCallbackHandler::new();
        let stopped = CancellationToken::new();
        let collect = GcConfig { interval: COLLECT, add_protected: Some(until(stopped.clone(), protected)) };
        let Opened { blobs, replicas, author, lock } = match storage {
            Storage::Memory => Opened {
                blobs: memory(collect),
                replicas: replicas::Store::memory(),
                author: DefaultAuthorStorage::Mem,
                lock: None,
            },
            Storage::Folder(folder) => {
                let opening = tokio::time::timeout(OPEN, on_disk(folder, collect)).await;
                opening
                    .map_err(|_| failed(format!("{}: it cannot be opened in time", folder.display())))??
            }
        };
        let gossip = Gossip::builder().spawn(endpoint.clone());
        let idle = Builder::new_current_thread().build().map_err(|error| failed(error.to_string()))?;
        let downloader = {
            let _entered = idle.enter();
            blobs.downloader(endpoint)
        };
        let idle = Arc::new(Idle(Mutex::new(Some(idle))));
        let starting = iroh_docs::engine::Engine::spawn(
            endpoint.clone(),
            gossip.clone(),
            replicas,
            blobs.clone(),
            downloader,
            author,
            Some(protect),
        );
        let docs = Docs::new(starting.await.map_err(|error| failed(format!("{error:#}")))?);
        // Peers may read. The default refuses what they want to write.
        node.attach(iroh_blobs::ALPN, BlobsProtocol::new(&blobs, Some(EventSender::DEFAULT)));
        node.attach(iroh_gossip::ALPN, gossip.clone());
        node.attach(iroh_docs::ALPN, docs.clone());
        Ok(Self { endpoint: endpoint.clone(), blobs, docs, idle, stopped, gossip, lookup, lock })
    }

    /// Remembers where a node is.
    pub(crate) fn learn(&self, address: EndpointAddr) {
        self.lookup.add_endpoint_info(address);
    }

    /// Stops the parts. What does not stop in time is left alone.
    pub(crate) async fn stop(&self) {
        use iroh::protocol::ProtocolHandler as _;
        let _ = tokio::time::timeout(SHUTDOWN, self.docs.shutdown()).await;
        let _ = tokio::time::timeout(SHUTDOWN, self.gossip.shutdown()).await;
        let _ = tokio::time::timeout(SHUTDOWN, self.blobs.shutdown()).await;
        self.stopped.cancel();
        self.idle.end();
        if let Some(lock) = &self.lock {
            let _ = lock.unlock();
        }
    }
}

/// A runtime that nobody drives. Tasks drop it as well, where a runtime must not be dropped like another value.
#[derive(Debug)]
struct Idle(Mutex<Option<Runtime>>);

impl Idle {
    fn end(&self) {
        if let Some(runtime) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.end();
    }
}

/// The collection of contents goes on for ever when nobody tells it what to keep. After the end of the store it has to try, so
/// that it finds out and ends.
fn until(stopped: CancellationToken, protected: ProtectCb) -> ProtectCb {
    Arc::new(move |live| {
        if stopped.is_cancelled() {
            return Box::pin(std::future::ready(ProtectOutcome::Continue));
        }
        protected(live)
    })
}

fn memory(collect: GcConfig) -> Store {
    MemStore::new_with_opts(store::mem::Options { gc_config: Some(collect) }).into()
}

/// What is open in memory or in a folder.
struct Opened {
    blobs: Store,
    replicas: replicas::Store,
    author: DefaultAuthorStorage,
    lock: Option<Arc<File>>,
}

/// Opens a folder. Only one registry may use it: the store of the contents would wait for ever for another one.
async fn on_disk(folder: &Path, collect: GcConfig) -> Result<Opened, RegistryError> {
    let at = |path: &Path, error: String| RegistryError::Start(format!("{}: {error}", path.display()));
    tokio::fs::create_dir_all(folder).await.map_err(|error| at(folder, error.to_string()))?;
    let file = folder.join("lock");
    let lock = File::create(&file).map_err(|error| at(&file, error.to_string()))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(at(folder, "another registry uses this folder".to_owned()));
        }
        Err(TryLockError::Error(error)) => return Err(at(&file, error.to_string())),
    }
    let root = folder.join("blobs");
    let mut options = store::fs::options::Options::new(&root);
    options.gc = Some(collect);
    let (contents, documents) = (root.join("blobs.db"), folder.join("docs.redb"));
    for database in [&contents, &documents] {
        check_database(database).await.map_err(|error| at(database, error.to_string()))?;
    }
    let store = FsStore::load_with_opts(contents.clone(), options).await;
    let blobs = store.map_err(|error| at(&contents, format!("{error:#}")))?.into();
    let replicas =
        replicas::Store::persistent(&documents).map_err(|error| at(&documents, format!("{error:#}")))?;
    let author = DefaultAuthorStorage::Persistent(folder.join("default-author"));
    Ok(Opened { blobs, replicas, author, lock: Some(Arc::new(lock)) })
}

/// Refuses a file that is no database. The store of the contents would never open it, and not say so.
async fn check_database(file: &Path) -> std::io::Result<()> {
    use tokio::io::AsyncReadExt as _;
    let mut opened = match tokio::fs::File::open(file).await {
        Ok(opened) => opened,
        // A new folder has none.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut start = [0; DATABASE.len()];
    opened.read_exact(&mut start).await?;
    if start == DATABASE { Ok(()) } else { Err(std::io::Error::other("it is no database")) }
}
