//! A document, with a bound on the time of every call, and on the length of every key.
//!
//! The document engine can come to a stop when a subscriber does not read. So each subscription is read by a task of its
//! own that never waits, and a call without an answer is reported to the generation, which is then started anew.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use iroh::EndpointAddr;
use iroh_docs::api::Doc;
use iroh_docs::engine::LiveEvent;
use iroh_docs::protocol::Docs;
use iroh_docs::store::{DownloadPolicy, Query};
use iroh_docs::{AuthorId, Capability, Entry, NamespaceId};
use n0_future::{Stream, StreamExt};
use tokio::sync::Notify;

use super::error::RegistryError;
use crate::core::key::Key;
use crate::core::limit::DOCUMENT_ENTRIES;

/// How long a call of the document engine may take.
const CALL: Duration = Duration::from_secs(5);

/// Says that the document engine does not answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alarm(Arc<Notify>);

impl Alarm {
    /// Waits until a call had no answer.
    pub(crate) async fn raised(&self) {
        self.0.notified().await;
    }

    /// Bounds the time of a call.
    pub(crate) async fn bounded<T, E: Display>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, RegistryError> {
        match tokio::time::timeout(CALL, call).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(RegistryError::Document { what, reason: format!("{error:#}") }),
            Err(_) => {
                self.0.notify_one();
                Err(RegistryError::NoAnswer { what, limit: CALL })
            }
        }
    }
}

/// A document.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    doc: Doc,
    alarm: Alarm,
}

impl Document {
    /// The document of this node: the one that the store has, or a new one.
    pub(crate) async fn own(docs: &Docs, alarm: &Alarm) -> Result<Self, RegistryError> {
        let listing = async {
            let mut listed = std::pin::pin!(docs.list().await.map_err(|error| format!("{error:#}"))?);
            while let Some(next) = listed.next().await {
                let (id, kind) = next.map_err(|error| format!("{error:#}"))?;
                if matches!(kind, iroh_docs::CapabilityKind::Write) {
                    return docs.open(id).await.map_err(|error| format!("{error:#}"));
                }
            }
            docs.create().await.map(Some).map_err(|error| format!("{error:#}"))
        };
        let doc = alarm.bounded("open its document", listing).await?;
        let doc = doc.ok_or_else(|| RegistryError::Start("its document is gone".to_owned()))?;
        Ok(Self { doc, alarm: alarm.clone() })
    }

    /// The document of another node. Nothing is downloaded by itself: contents have no bound on their size.
    pub(crate) async fn of_other(docs: &Docs, id: NamespaceId, alarm: &Alarm) -> Result<Self, RegistryError> {
        let import = docs.import_namespace(Capability::Read(id));
        let doc = alarm.bounded("open the document of a member", import).await?;
        let policy = doc.set_download_policy(DownloadPolicy::NothingExcept(Vec::new()));
        alarm.bounded("set the download policy", policy).await?;
        Ok(Self { doc, alarm: alarm.clone() })
    }

    /// Its id, 64 hex digits.
    pub(crate) fn id(&self) -> NamespaceId {
        self.doc.id()
    }

    /// Writes an entry.
    pub(crate) async fn set(&self, author: AuthorId, key: &Key, value: Vec<u8>) -> Result<(), RegistryError> {
        let bytes = key.to_bytes().map_err(|_| RegistryError::Name(key.to_string()))?;
        self.alarm.bounded("write an entry", self.doc.set_bytes(author, bytes, value)).await.map(drop)
    }

    /// Whether an entry of this author has this value.
    pub(crate) async fn has(
        &self,
        author: AuthorId,
        key: &Key,
        hash: iroh_blobs::Hash,
    ) -> Result<bool, RegistryError> {
        let bytes = key.to_bytes().map_err(|_| RegistryError::Name(key.to_string()))?;
        let entry = self.alarm.bounded("read an entry", self.doc.get_exact(author, bytes, false)).await?;
        Ok(entry.is_some_and(|entry| entry.content_hash() == hash))
    }

    /// The newest entry with a key.
    pub(crate) async fn newest(&self, key: &Key) -> Result<Option<Entry>, RegistryError> {
        let bytes = key.to_bytes().map_err(|_| RegistryError::Name(key.to_string()))?;
        let query = Query::single_latest_per_key().key_exact(bytes);
        self.alarm.bounded("read an entry", self.doc.get_one(query)).await
    }

    /// All entries. `None`: there are more than are read.
    pub(crate) async fn entries(&self) -> Result<Option<Vec<Entry>>, RegistryError> {
        let reading = async {
            let query = Query::all().include_empty().limit(DOCUMENT_ENTRIES as u64 + 1);
            let mut entries = Vec::new();
            let mut stream =
                std::pin::pin!(self.doc.get_many(query).await.map_err(|error| format!("{error:#}"))?);
            while let Some(entry) = stream.next().await {
                entries.push(entry.map_err(|error| format!("{error:#}"))?);
            }
            Ok::<_, String>(entries)
        };
        let entries = self.alarm.bounded("read the entries", reading).await?;
        Ok((entries.len() <= DOCUMENT_ENTRIES).then_some(entries))
    }

    /// Brings the document up to date with these nodes, and stays in touch with them.
    pub(crate) async fn sync(&self, with: Vec<EndpointAddr>) -> Result<(), RegistryError> {
        self.alarm.bounded("synchronize", self.doc.start_sync(with)).await
    }

    /// What happens in the document. It has to be read without waiting for anything else.
    pub(crate) async fn events(
        &self,
    ) -> Result<impl Stream<Item = LiveEvent> + Send + Unpin + 'static, RegistryError> {
        let events = self.alarm.bounded("follow the document", self.doc.subscribe()).await?;
        Ok(events.filter_map(Result::ok))
    }

    /// Leaves the document, and deletes it here.
    pub(crate) async fn forget(self, docs: &Docs) {
        let _ = self.alarm.bounded("leave the document", self.doc.leave()).await;
        let _ = self.alarm.bounded("delete the document", docs.drop_doc(self.doc.id())).await;
    }
}
