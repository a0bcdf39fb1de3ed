//! The members that this node follows: those that were named, and those that others introduced.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aster_net::Node;
use aster_trust::key::NodeKey;
use aster_wire::address::{self, NodeAddr};
use iroh::{EndpointAddr, EndpointId, RelayUrl, TransportAddr};
use tokio::sync::Notify;

use super::clock::epoch_ms;
use super::jitter::random;
use super::options::RegistryOptions;
use crate::core::exchange::Side;
use crate::core::member::{Heard, Introductions, Members, Record, RecordError, Whereabouts};
use crate::core::time::Moment;

/// Whom this node knows.
#[derive(Debug)]
pub(crate) struct Directory {
    key: NodeKey,
    /// Of this start.
    instance: String,
    named: Mutex<HashMap<String, NodeAddr>>,
    members: Mutex<Members>,
    /// Named members that were not yet read for the first time.
    unsettled: Mutex<HashSet<String>>,
    /// Rings when there is somebody new.
    pub(crate) news: Notify,
    /// Rings when the set of members changed.
    pub(crate) changed: Notify,
}

impl Directory {
    pub(crate) fn new(node: &Node, options: &RegistryOptions) -> Self {
        let directory = Self {
            key: NodeKey::from_seed(&node.endpoint().secret_key().to_bytes()),
            instance: format!("{:016x}", random()),
            unsettled: Mutex::default(),
            members: Mutex::new(Members::new(node.endpoint_id())),
            named: Mutex::default(),
            news: Notify::new(),
            changed: Notify::new(),
        };
        options.join.iter().for_each(|address| directory.name(address));
        directory
    }

    /// Names a member to follow. An address that cannot be read, and that of this node, name nobody.
    pub(crate) fn name(&self, address: &str) {
        let Ok(address) = address::parse(address) else { return };
        let id = address.endpoint_id_text();
        if id == self.key.public_key().to_string() {
            return;
        }
        if self.named().insert(id.clone(), address).is_none() {
            self.unsettled().insert(id);
            self.news.notify_one();
        }
    }

    fn named(&self) -> MutexGuard<'_, HashMap<String, NodeAddr>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unsettled(&self) -> MutexGuard<'_, HashSet<String>> {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a member was named, and not introduced by others.
    pub(crate) fn is_named(&self, id: &str) -> bool {
        self.named().contains_key(id)
    }

    /// Everybody that is followed.
    pub(crate) fn all(&self) -> HashMap<String, Followed> {
        let (named, members) = (self.named(), self.members());
        let named = named.iter().map(|(id, address)| {
            (id.clone(), Followed { address: address.clone(), instance: String::new() })
        });
        let introduced = members.present().filter_map(|record| {
            let address = address_of(&record.endpoint_id, &record.whereabouts)?;
            let instance = record.whereabouts.instance.clone();
            Some((record.endpoint_id.clone(), Followed { address, instance }))
        });
        // What a member says of itself is newer than what somebody was told of it.
        named.chain(introduced).collect()
    }

    /// Takes the records that a peer gave. Returns the members that left.
    pub(crate) fn hear(&self, given: &Introductions, through: &str, now: Moment) -> Vec<String> {
        let mut left = Vec::new();
        let mut news = false;
        for text in &given.records {
            // The signature is checked before the table is locked.
            let heard = Record::read(text).and_then(|record| {
                let id = record.endpoint_id.clone();
                Ok((id, self.members().hear(record, through, now)?))
            });
            match heard {
                Ok((_, Heard::New | Heard::Restarted)) => news = true,
                Ok((id, Heard::Left)) => left.push(id),
                Ok((_, Heard::Newer | Heard::Old)) => {}
                Err(error @ RecordError::TooMany) => tracing::warn!(peer = through, "{error}"),
                Err(error) => tracing::debug!(peer = through, "a record was refused: {error}"),
            }
        }
        if news || !left.is_empty() {
            self.news.notify_one();
            self.changed.notify_one();
        }
        left
    }

    /// Forgets members that nobody heard of for long.
    pub(crate) fn sweep(&self, now: Moment) -> Vec<String> {
        self.members().sweep(now)
    }

    /// What stands for the set of members. `serves`: this node is a member itself.
    pub(crate) fn digest(&self, serves: bool) -> String {
        self.members().digest(serves.then_some(self.instance.as_str()))
    }

    /// What this node says in an exchange. `own`: its record, if it is a member itself.
    pub(crate) fn say<T>(&self, own: Option<&Record>, what: impl FnOnce(&Side<'_>) -> T) -> T {
        let members = self.members();
        let digest = members.digest(own.map(|_| self.instance.as_str()));
        what(&Side { members: &members, digest: &digest, own: own.map(|record| record.text.as_str()) })
    }

    /// The record of this node, as of now.
    pub(crate) async fn own_record(&self, node: &Node, left: bool) -> Option<Record> {
        let address = node.address().await;
        let direct = address.direct.iter().map(SocketAddr::to_string).collect();
        let instance = self.instance.clone();
        let whereabouts = Whereabouts { direct, relay_url: address.relay_url, instance, left };
        Record::sign(whereabouts, epoch_ms(), &self.key)
    }

    /// A named member was read, or cannot be.
    pub(crate) fn settle(&self, id: &str) {
        self.unsettled().remove(id);
    }

    /// Whether every named member was read, or cannot be.
    pub(crate) fn is_settled(&self) -> bool {
        self.unsettled().is_empty()
    }
}

/// A member to follow.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    pub(crate) address: NodeAddr,
    /// Empty: not known.
    pub(crate) instance: String,
}

fn address_of(id: &str, whereabouts: &Whereabouts) -> Option<NodeAddr> {
    Some(NodeAddr {
        endpoint_id: address::parse_endpoint_id(id)?,
        relay_url: whereabouts.relay_url.clone(),
        direct: whereabouts.direct.iter().filter_map(|text| text.parse().ok()).collect(),
    })
}

/// The address as the transport needs it.
pub(crate) fn transport_address(address: &NodeAddr) -> Option<EndpointAddr> {
    let id = EndpointId::from_bytes(&address.endpoint_id).ok()?;
    let relay = address.relay_url.as_ref().and_then(|url| url.parse::<RelayUrl>().ok());
    let direct = address.direct.iter().copied().map(TransportAddr::Ip);
    Some(EndpointAddr::from_parts(id, direct.chain(relay.map(TransportAddr::Relay))))
}
