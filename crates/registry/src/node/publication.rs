//! What this node publishes in its own document: contracts, pointers and leases.

use std::collections::BTreeMap;

use aster_contract::collection;
use aster_net::ServiceDefinition;
use iroh_blobs::format::collection::Collection;
use iroh_blobs::ticket::BlobTicket;
use iroh_blobs::{BlobFormat, Hash, HashAndFormat};
use iroh_docs::AuthorId;

use super::clock::epoch_ms;
use super::document::{Alarm, Document};
use super::engine::Engine;
use super::error::RegistryError;
use super::shared::Shared;
use crate::core::artifact::ArtifactRef;
use crate::core::key::{Key, LeaseKey, is_hex_id, is_name};
use crate::core::lease::{ALPN, Lease, WITHDRAWN, XLANG};
use crate::core::limit::LIST_ITEMS;
use crate::core::time::milliseconds;

/// The name under which a node says which members it knows.
pub(crate) const MEMBERS: &str = "members";

/// A service that is published.
#[derive(Debug, Clone)]
struct Published {
    contract_id: String,
    modes: Vec<String>,
    seq: i64,
}

/// The document of this node.
#[derive(Debug)]
pub(crate) struct Publication {
    document: Document,
    author: AuthorId,
    alarm: Alarm,
    published: BTreeMap<(String, i64), Published>,
}

impl Publication {
    /// Opens the document, and lets others read it.
    pub(crate) async fn open(engine: &Engine, alarm: &Alarm) -> Result<Self, RegistryError> {
        let document = Document::own(&engine.docs, alarm).await?;
        let author = alarm.bounded("open its author", engine.docs.author_default()).await?;
        document.sync(Vec::new()).await?;
        Ok(Self { document, author, alarm: alarm.clone(), published: BTreeMap::new() })
    }

    /// The id of the document, 64 hex digits.
    pub(crate) fn namespace(&self) -> String {
        self.document.id().to_string()
    }

    /// Publishes services that are not published yet.
    pub(crate) async fn publish(&mut self, engine: &Engine, shared: &Shared) -> Result<(), RegistryError> {
        for definition in shared.node.services() {
            let key = (definition.name.clone(), definition.version);
            if self.published.contains_key(&key) {
                continue;
            }
            if !is_name(&definition.name) || !is_hex_id(&definition.contract_id) {
                tracing::warn!(
                    service = definition.name,
                    "not published: the name or the contract id cannot be part of a key"
                );
                continue;
            }
            self.contract(engine, shared, &definition).await?;
            self.point(shared, &definition).await?;
            let seq = self.last_seq(engine, shared, &definition).await?;
            let modes = definition.modes.iter().map(|mode| mode_word(mode).to_owned()).collect();
            let contract_id = definition.contract_id.clone();
            self.published.insert(key, Published { contract_id, modes, seq });
        }
        self.refresh(shared).await
    }

    /// The collection of a contract, its reference and its manifest.
    async fn contract(
        &self,
        engine: &Engine,
        shared: &Shared,
        definition: &ServiceDefinition,
    ) -> Result<(), RegistryError> {
        let Some(description) = &definition.description else { return Ok(()) };
        let failed = |reason: String| RegistryError::Value { what: definition.name.clone(), reason };
        let files = match collection::files(&description.document) {
            Ok(files) if files.contract_id == definition.contract_id => files,
            // Another document, or one without a contract id: the lease and the pointers still say that it is served.
            Ok(_) => return Ok(()),
            Err(error) => {
                tracing::debug!(service = definition.name, "no collection is published: {error}");
                return Ok(());
            }
        };
        let id = &files.contract_id;
        let hash = self.store(engine, &files.entries, id).await?;
        let reference = ArtifactRef {
            contract_id: id.clone(),
            collection_hash: hash.to_string(),
            provider_endpoint_id: None,
            relay_url: None,
            ticket: Some(
                BlobTicket::new(shared.node.endpoint().addr(), hash, BlobFormat::HashSeq).to_string(),
            ),
            published_by: self.author.to_string(),
            published_at_epoch_ms: epoch_ms(),
            collection_format: "index".to_owned(),
        };
        let reference = reference.to_json().map_err(|error| failed(error.to_string()))?;
        self.document.set(self.author, &Key::Contract(id.clone()), reference).await?;
        self.write(Key::Manifest(id.clone()), files.manifest).await
    }

    /// Puts the files of a collection into the store, under a tag that keeps them.
    async fn store(
        &self,
        engine: &Engine,
        entries: &[(String, Vec<u8>)],
        contract_id: &str,
    ) -> Result<Hash, RegistryError> {
        let blobs = engine.blobs.blobs();
        let mut collection = Collection::default();
        let mut held = Vec::with_capacity(entries.len());
        for (name, bytes) in entries {
            let tag = self.alarm.bounded("store a file", blobs.add_slice(bytes).temp_tag()).await?;
            collection.push(name.clone(), tag.hash());
            held.push(tag);
        }
        let root = self.alarm.bounded("store a collection", collection.store(&engine.blobs)).await?;
        let content = HashAndFormat { hash: root.hash(), format: BlobFormat::HashSeq };
        let name = format!("aster-collection/{}", &contract_id[..16]);
        self.alarm.bounded("keep a collection", engine.blobs.tags().set(name, content)).await?;
        Ok(root.hash())
    }

    /// The version, the channel and the tags.
    async fn point(&self, shared: &Shared, definition: &ServiceDefinition) -> Result<(), RegistryError> {
        let (service, version) = (definition.name.clone(), definition.version);
        let target = definition.contract_id.as_bytes();
        self.write(Key::Version { service: service.clone(), version }, target.to_vec()).await?;
        if let Some(channel) = &shared.options.channel {
            let key = Key::Channel { service: service.clone(), channel: channel.clone() };
            self.write(key, target.to_vec()).await?;
        }
        for tag in &shared.options.tags {
            let key = Key::Tag { service: service.clone(), tag: tag.clone() };
            self.write(key, target.to_vec()).await?;
        }
        Ok(())
    }

    /// Writes an entry, unless it has this value.
    async fn write(&self, key: Key, value: Vec<u8>) -> Result<(), RegistryError> {
        if self.document.has(self.author, &key, Hash::new(&value)).await? {
            return Ok(());
        }
        self.document.set(self.author, &key, value).await
    }

    /// The hash of the newest value of a key.
    pub(crate) async fn newest(&self, key: &Key) -> Option<Hash> {
        self.document.newest(key).await.ok()?.map(|entry| entry.content_hash())
    }

    /// The number of the last lease, which a document on disk may have from an earlier start.
    async fn last_seq(
        &self,
        engine: &Engine,
        shared: &Shared,
        definition: &ServiceDefinition,
    ) -> Result<i64, RegistryError> {
        let key = lease_key(shared, &definition.name, &definition.contract_id);
        let Some(entry) = self.document.newest(&Key::Lease(key.clone())).await? else { return Ok(0) };
        let value = engine.blobs.blobs().get_bytes(entry.content_hash()).await.unwrap_or_default();
        Ok(Lease::read(&key, &value).map_or(0, |lease| lease.lease_seq))
    }

    /// Says which set of members this node knows, so that its readers ask when they know another one.
    pub(crate) async fn introduce(&self, shared: &Shared) -> Result<(), RegistryError> {
        self.write(Key::Config(MEMBERS.to_owned()), shared.digest().into_bytes()).await
    }

    /// Writes every lease anew.
    pub(crate) async fn refresh(&mut self, shared: &Shared) -> Result<(), RegistryError> {
        let address = shared.node.address().await;
        let direct: Vec<String> = address.direct.iter().take(LIST_ITEMS).map(ToString::to_string).collect();
        let wanted = shared.wanted().clone();
        let endpoint_id = shared.node.endpoint_id();
        for ((service, version), published) in &mut self.published {
            published.seq += 1;
            let now = epoch_ms();
            let lease = Lease {
                endpoint_id: endpoint_id.clone(),
                contract_id: published.contract_id.clone(),
                service: service.clone(),
                version: *version,
                lease_expires_epoch_ms: now.saturating_add(milliseconds(shared.options.timing.lease)),
                lease_seq: published.seq,
                alpn: ALPN.to_owned(),
                serialization_modes: published.modes.clone(),
                feature_flags: Vec::new(),
                relay_url: address.relay_url.clone(),
                direct_addrs: direct.clone(),
                load: wanted.load,
                language_runtime: Some("node".to_owned()),
                aster_version: shared.options.library.clone(),
                policy_realm: None,
                health_status: wanted.health(service),
                tags: shared.options.tags.clone(),
                updated_at_epoch_ms: now,
            };
            let key = Key::Lease(lease.key());
            let failed = |reason: String| RegistryError::Value { what: service.clone(), reason };
            let value = lease.to_json().map_err(|error| failed(error.to_string()))?;
            self.document.set(self.author, &key, value).await?;
        }
        Ok(())
    }

    /// Ends every lease.
    pub(crate) async fn withdraw(&mut self, shared: &Shared) -> Result<(), RegistryError> {
        for ((service, _), published) in std::mem::take(&mut self.published) {
            let key = Key::Lease(lease_key(shared, &service, &published.contract_id));
            self.document.set(self.author, &key, WITHDRAWN.to_vec()).await?;
        }
        Ok(())
    }
}

fn lease_key(shared: &Shared, service: &str, contract_id: &str) -> LeaseKey {
    LeaseKey {
        service: service.to_owned(),
        contract_id: contract_id.to_owned(),
        endpoint_id: shared.node.endpoint_id(),
    }
}

/// The word of a mode in leases.
fn mode_word(mode: &str) -> &str {
    if mode == "xlang" { XLANG } else { mode }
}
