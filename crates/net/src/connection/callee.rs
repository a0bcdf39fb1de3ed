//! The peer of a client call, and the connection on which the call runs. Either side of a connection can call the other.

use std::sync::Arc;
use std::time::Duration;

use aster_wire::admission::ServiceSummary;

use super::clock::PeerClock;
use super::path::{PathInfo, Traffic};
use super::peers::ConnectedPeer;
use super::watch::Watched;
use super::{FrameReader, FrameWriter, OutgoingConnection, PeerBudget, ServedConnection};
use crate::error::ConnectError;

/// A peer that is called.
#[derive(Debug, Clone)]
pub enum Callee {
    /// A server that this node dialled. When the connection is gone, the next call dials again.
    Dialled(Arc<OutgoingConnection>),
    /// A peer that dialled this node and announced services. Nothing is ever dialled.
    Connected(ConnectedPeer),
}

impl From<Arc<OutgoingConnection>> for Callee {
    fn from(connection: Arc<OutgoingConnection>) -> Self {
        Self::Dialled(connection)
    }
}

impl From<ConnectedPeer> for Callee {
    fn from(peer: ConnectedPeer) -> Self {
        Self::Connected(peer)
    }
}

impl Callee {
    /// Whether both are clones of the same value.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dialled(this), Self::Dialled(other)) => Arc::ptr_eq(this, other),
            (Self::Connected(this), Self::Connected(other)) => this.is(other),
            _ => false,
        }
    }

    /// Endpoint id of the peer, 64 hex digits.
    pub fn endpoint_id(&self) -> String {
        match self {
            Self::Dialled(connection) => connection.endpoint_id(),
            Self::Connected(peer) => peer.endpoint_id(),
        }
    }

    /// The services that the peer announced at its last admission; none while it is not connected.
    pub fn announced(&self) -> Arc<[ServiceSummary]> {
        match self {
            Self::Dialled(connection) => connection.announced(),
            Self::Connected(peer) => {
                peer.connection().map(|open| Arc::clone(&open.announced().services)).unwrap_or_default()
            }
        }
    }

    /// The network path to the peer; `None` while none is selected.
    pub fn path(&self) -> Option<PathInfo> {
        match self {
            Self::Dialled(connection) => connection.path(),
            Self::Connected(peer) => peer.connection()?.path(),
        }
    }

    /// The bytes to and from the peer so far. Of a peer that dialled this node, those of its newest connection.
    pub fn traffic(&self) -> Traffic {
        match self {
            Self::Dialled(connection) => connection.traffic(),
            Self::Connected(peer) => peer.connection().map(|open| open.traffic()).unwrap_or_default(),
        }
    }

    /// Whether a connection is open.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Dialled(connection) => connection.is_open(),
            Self::Connected(peer) => peer.connection().is_some(),
        }
    }

    /// Closes a connection that this node dialled. A peer that dialled this node keeps its own.
    pub fn close(&self) {
        if let Self::Dialled(connection) = self {
            connection.close();
        }
    }

    /// Asks the peer for the document of a service. `None`: it has none, it does not answer within 10 s, or it cannot be
    /// asked because it is a client.
    pub async fn describe(&self, service: &str, version: i64) -> Option<String> {
        match self {
            Self::Dialled(connection) => connection.describe(service, version).await,
            Self::Connected(_) => None,
        }
    }

    /// The connection for a call that begins now.
    pub(crate) fn route(&self) -> Route {
        match self {
            Self::Dialled(connection) => Route::Dialled(Arc::clone(connection)),
            Self::Connected(peer) => match peer.answering() {
                Ok(connection) => Route::Accepted(connection),
                Err(error) => Route::None(Arc::new((error, peer.empty_budget()))),
            },
        }
    }
}

/// The connection on which a call runs.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// It dials again until the stream of the call is open.
    Dialled(Arc<OutgoingConnection>),
    /// The call ends with it.
    Accepted(Arc<ServedConnection>),
    /// There is none, and the call fails for this reason.
    None(Arc<(ConnectError, PeerBudget)>),
}

impl Route {
    /// The byte budget of the connection.
    pub(crate) fn budget(&self) -> &PeerBudget {
        match self {
            Self::Dialled(connection) => connection.budget(),
            Self::Accepted(connection) => connection.budget(),
            Self::None(none) => &none.1,
        }
    }

    /// Opens a stream.
    pub(crate) async fn open_stream(&self) -> Result<(FrameWriter, FrameReader), ConnectError> {
        match self {
            Self::Dialled(connection) => connection.open_stream().await,
            Self::Accepted(connection) => connection.open_stream().await,
            Self::None(none) => Err(none.0.clone()),
        }
    }

    /// Whether the connection is open.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Dialled(connection) => connection.is_open(),
            Self::Accepted(connection) => connection.is_open(),
            Self::None(_) => false,
        }
    }

    /// The peer is watched until the result is dropped.
    pub(crate) fn watched(&self) -> Option<Watched> {
        match self {
            Self::Dialled(connection) => Some(Watched::new(connection)),
            Self::Accepted(connection) => Some(Watched::new(connection)),
            Self::None(_) => None,
        }
    }

    /// The services that the peer announced for this connection.
    pub(crate) fn announced(&self) -> Arc<[ServiceSummary]> {
        match self {
            Self::Dialled(connection) => connection.announced(),
            Self::Accepted(connection) => Arc::clone(&connection.announced().services),
            Self::None(_) => Arc::default(),
        }
    }

    /// Different for services that differ.
    pub(crate) fn generation(&self) -> u64 {
        match self {
            Self::Dialled(connection) => connection.generation(),
            Self::Accepted(connection) => connection.announced().generation,
            Self::None(_) => 0,
        }
    }

    /// The time of the peer after `left`, in milliseconds since 1970.
    pub(crate) fn at_peer(&self, left: Duration) -> i64 {
        match self {
            Self::Dialled(connection) => connection.at_peer(left),
            Self::Accepted(connection) => connection.announced().at_peer(left),
            Self::None(_) => PeerClock::default().at_peer(left),
        }
    }
}
