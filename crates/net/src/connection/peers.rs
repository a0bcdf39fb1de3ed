//! The peers that are connected to this node, by key, and the services that they answer on their connections.
//!
//! A client announces its services when it asks for admission, before it opens its connection. The newest announcement of a
//! key belongs to the connections that it opens from then on. One of a peer without connection is kept, because the peer may
//! connect again without asking; how many are kept is bounded.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aster_wire::admission::ConsumerRequest;
use iroh::EndpointId;

use super::announcement::Announcement;
use super::{PeerBudget, ProcessBudget, ServedConnection};
use crate::endpoint::NodeLimits;
use crate::error::ConnectError;

/// Announcements of peers without connection that are kept. Each has at most 16,384 bytes.
const KEPT: usize = 1024;

/// The connected peers of a node.
#[derive(Debug)]
pub(crate) struct ConnectedPeers {
    table: Mutex<Table>,
    generations: AtomicU64,
    limits: NodeLimits,
}

#[derive(Debug, Default)]
struct Table {
    connected: HashMap<EndpointId, Peer>,
    kept: HashMap<EndpointId, Arc<Announcement>>,
    /// The keys of `kept`, the oldest first.
    order: VecDeque<EndpointId>,
}

#[derive(Debug)]
struct Peer {
    newest: Arc<Announcement>,
    /// The newest last.
    connections: Vec<Arc<ServedConnection>>,
}

impl Table {
    fn keep(&mut self, id: EndpointId, announcement: Arc<Announcement>) {
        if announcement.services.is_empty() {
            self.take(&id);
            return;
        }
        if self.kept.insert(id, announcement).is_none() {
            self.order.push_back(id);
        }
        if self.kept.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.kept.remove(&oldest);
        }
    }

    fn take(&mut self, id: &EndpointId) -> Option<Arc<Announcement>> {
        let taken = self.kept.remove(id)?;
        self.order.retain(|other| other != id);
        Some(taken)
    }
}

impl ConnectedPeers {
    pub(crate) fn new(limits: NodeLimits) -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), generations: AtomicU64::new(1), limits })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A peer was admitted, and announced the services in its request.
    pub(crate) fn announced(&self, id: EndpointId, request: &ConsumerRequest) {
        let mut table = self.table();
        let before = match table.connected.get(&id) {
            Some(peer) => Some(&peer.newest),
            None => table.kept.get(&id),
        };
        let generation = match before {
            _ if request.services.is_empty() => 0,
            Some(before) if *before.services == *request.services => before.generation,
            _ => self.generations.fetch_add(1, Ordering::Relaxed),
        };
        let announcement = Arc::new(Announcement::new(request, generation));
        match table.connected.get_mut(&id) {
            Some(peer) => peer.newest = announcement,
            None => table.keep(id, announcement),
        }
    }

    /// The announcement for a connection that the peer opens now.
    pub(crate) fn newest(&self, id: &EndpointId) -> Arc<Announcement> {
        let table = self.table();
        let newest = match table.connected.get(id) {
            Some(peer) => Some(&peer.newest),
            None => table.kept.get(id),
        };
        newest.cloned().unwrap_or_default()
    }

    /// A connection is open until the result is dropped.
    pub(crate) fn enter(self: &Arc<Self>, id: EndpointId, connection: &Arc<ServedConnection>) -> Connected {
        let mut table = self.table();
        let kept = table.take(&id);
        let first = || Peer { newest: kept.unwrap_or_default(), connections: Vec::new() };
        table.connected.entry(id).or_insert_with(first).connections.push(Arc::clone(connection));
        Connected { peers: Arc::clone(self), id, connection: Arc::clone(connection) }
    }

    /// The newest connection of each peer.
    pub(crate) fn all(&self) -> Vec<Arc<ServedConnection>> {
        let table = self.table();
        table.connected.values().filter_map(|peer| peer.newest_open().cloned()).collect()
    }

    /// The newest connection of a peer.
    pub(crate) fn find(&self, id: &EndpointId) -> Option<Arc<ServedConnection>> {
        self.table().connected.get(id)?.newest_open().cloned()
    }
}

impl Peer {
    fn open(&self) -> impl Iterator<Item = &Arc<ServedConnection>> {
        self.connections.iter().rev().filter(|connection| connection.is_open())
    }

    /// The newest connection with services, else the newest one.
    fn newest_open(&self) -> Option<&Arc<ServedConnection>> {
        let answers = |connection: &&Arc<ServedConnection>| !connection.announced().services.is_empty();
        self.open().find(answers).or_else(|| self.open().next())
    }
}

/// Keeps a connection in the table until it is dropped.
#[derive(Debug)]
pub(crate) struct Connected {
    peers: Arc<ConnectedPeers>,
    id: EndpointId,
    connection: Arc<ServedConnection>,
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut table = self.peers.table();
        let Some(peer) = table.connected.get_mut(&self.id) else { return };
        peer.connections.retain(|other| !Arc::ptr_eq(other, &self.connection));
        if peer.connections.is_empty()
            && let Some(peer) = table.connected.remove(&self.id)
        {
            table.keep(self.id, peer.newest);
        }
    }
}

/// A peer by its key, to be called on the connections that it opened to this node. Its next connection takes the place of
/// one that is lost.
#[derive(Debug, Clone)]
pub struct ConnectedPeer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: EndpointId,
    peers: Arc<ConnectedPeers>,
}

impl ConnectedPeer {
    pub(crate) fn new(id: EndpointId, peers: Arc<ConnectedPeers>) -> Self {
        Self(Arc::new(Inner { id, peers }))
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn endpoint_id(&self) -> String {
        self.0.id.to_string()
    }

    /// The newest open connection. `None`: the peer is not connected.
    pub fn connection(&self) -> Option<Arc<ServedConnection>> {
        self.0.peers.find(&self.0.id)
    }

    /// The connection for a call.
    pub(super) fn answering(&self) -> Result<Arc<ServedConnection>, ConnectError> {
        let endpoint_id = self.endpoint_id();
        match self.connection() {
            None => Err(ConnectError::NotConnected { endpoint_id, reason: String::new() }),
            Some(connection) if connection.announced().services.is_empty() => {
                Err(ConnectError::NothingAnnounced { endpoint_id })
            }
            Some(connection) => Ok(connection),
        }
    }

    /// A budget for a call that has no connection.
    pub(super) fn empty_budget(&self) -> PeerBudget {
        let limits = &self.0.peers.limits;
        PeerBudget::new(limits.peer_bytes, limits.body_timeout, ProcessBudget::shared())
    }
}

#[cfg(test)]
mod tests {
    use aster_wire::admission::ServiceSummary;
    use iroh::SecretKey;

    use super::*;

    fn announcing(names: &[&str]) -> ConsumerRequest {
        let summary = |name: &&str| ServiceSummary {
            name: (*name).to_owned(),
            version: 1,
            contract_id: String::new(),
            channels: Vec::new(),
            pattern: "shared".to_owned(),
            serialization_modes: Vec::new(),
            extensions: Vec::new(),
        };
        ConsumerRequest { services: names.iter().map(summary).collect(), ..ConsumerRequest::default() }
    }

    fn key() -> EndpointId {
        SecretKey::generate().public()
    }

    #[test]
    fn announcements_of_peers_without_connection_are_bounded_and_the_oldest_are_forgotten() {
        let peers = ConnectedPeers::new(NodeLimits::default());
        let ids: Vec<_> = (0..=KEPT).map(|_| key()).collect();
        for id in &ids {
            peers.announced(*id, &announcing(&["S"]));
        }
        assert!(peers.newest(&ids[0]).services.is_empty());
        assert_eq!(peers.newest(&ids[1]).services.len(), 1);
        assert_eq!(peers.newest(&ids[KEPT]).services.len(), 1);
        let table = peers.table();
        assert_eq!((table.kept.len(), table.order.len()), (KEPT, KEPT));
    }

    #[test]
    fn a_peer_that_announces_and_withdraws_again_and_again_takes_one_place() {
        let peers = ConnectedPeers::new(NodeLimits::default());
        let id = key();
        for _ in 0..10 * KEPT {
            peers.announced(id, &announcing(&["S"]));
            peers.announced(id, &announcing(&[]));
        }
        let table = peers.table();
        assert!(table.kept.is_empty() && table.order.is_empty());
    }

    #[test]
    fn equal_announcements_have_one_generation_and_others_have_new_ones() {
        let peers = ConnectedPeers::new(NodeLimits::default());
        let id = key();
        let generation = |names: &[&str]| {
            peers.announced(id, &announcing(names));
            peers.newest(&id).generation
        };
        let first = generation(&["S"]);
        assert_eq!(generation(&["S"]), first);
        let second = generation(&["S", "T"]);
        assert_ne!(second, first);
        assert_eq!(generation(&[]), 0);
        assert!(![first, second].contains(&generation(&["S"])));
    }
}
