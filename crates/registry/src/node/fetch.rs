//! The contents of entries: fetched by hash from the member that wrote them, up to a size.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use iroh::EndpointId;
use iroh::endpoint::Connection;
use iroh_blobs::Hash;
use iroh_blobs::api::blobs::BlobStatus;
use iroh_blobs::protocol::{ChunkRanges, ChunkRangesExt, GetRequest};
use tokio::sync::Semaphore;

use super::engine::Engine;

/// How long one content may take.
const FETCH: Duration = Duration::from_secs(5);
/// Contents that are fetched at the same time.
const AT_ONCE: usize = 16;

/// Fetches contents.
#[derive(Debug)]
pub(crate) struct Fetcher {
    turns: Semaphore,
    connections: Mutex<HashMap<EndpointId, Connection>>,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), connections: Mutex::default() }
    }
}

impl Fetcher {
    /// The content with this hash, which has at most `limit` bytes. `None`: nobody gives it, or it is larger.
    pub(crate) async fn content(
        &self,
        engine: &Engine,
        hash: Hash,
        limit: usize,
        from: &[EndpointId],
    ) -> Option<Bytes> {
        if hash == Hash::EMPTY {
            return Some(Bytes::new());
        }
        if let Some(known) = local(engine, hash, limit).await {
            return Some(known);
        }
        let _turn = self.turns.acquire().await.ok()?;
        for member in from {
            let fetching = self.fetch(engine, hash, limit, *member);
            if tokio::time::timeout(FETCH, fetching).await.ok().flatten().is_some()
                && let Some(content) = local(engine, hash, limit).await
            {
                return Some(content);
            }
        }
        None
    }

    async fn fetch(&self, engine: &Engine, hash: Hash, limit: usize, from: EndpointId) -> Option<()> {
        let connection = self.connection(engine, from).await?;
        // Whatever size an entry claims, no more than the limit is asked for.
        let request = GetRequest::blob_ranges(hash, ChunkRanges::bytes(..limit as u64));
        engine.blobs.remote().execute_get(connection, request).complete().await.ok().map(drop)
    }

    /// The connection to a member, which is kept for the next content.
    async fn connection(&self, engine: &Engine, member: EndpointId) -> Option<Connection> {
        let open = |connection: &&Connection| connection.close_reason().is_none();
        if let Some(known) = self.connections().get(&member).filter(open) {
            return Some(known.clone());
        }
        let connection = engine.endpoint.connect(member, iroh_blobs::ALPN).await.ok()?;
        self.connections().insert(member, connection.clone());
        Some(connection)
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<EndpointId, Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the connection to a member go, until there is something to fetch again.
    pub(crate) fn rest(&self, member: EndpointId) {
        self.connections().remove(&member);
    }
}

/// The content, if it is here as a whole.
async fn local(engine: &Engine, hash: Hash, limit: usize) -> Option<Bytes> {
    let reading = async {
        match engine.blobs.blobs().status(hash).await.ok()? {
            BlobStatus::Complete { size } if size <= limit as u64 => {
                engine.blobs.blobs().get_bytes(hash).await.ok()
            }
            _ => None,
        }
    };
    tokio::time::timeout(FETCH, reading).await.ok()?
}
