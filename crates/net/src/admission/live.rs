//! The connections that peers have open now, by peer: for the limit on them, and to end them with an admission.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use aster_trust::time::UnixTime;
use aster_wire::ending::AdmissionEnd;
use iroh::EndpointId;
use iroh::endpoint::Connection;
use tokio_util::sync::CancellationToken;

use super::{Caller, Clock};

/// What a connection is for. The limit counts the kinds apart, so that a peer with many connections can still renew its
/// admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Admission,
    Use,
    /// A protocol that was attached to the node.
    Attached,
}

/// A connection of an admitted peer.
#[derive(Debug)]
pub(crate) struct Presence {
    purpose: Purpose,
    /// Who the peer is. Its next admission may change that.
    caller: RwLock<Arc<Caller>>,
    cause: OnceLock<AdmissionEnd>,
    ended: CancellationToken,
    clock: Option<Arc<dyn Clock>>,
}

impl Presence {
    /// The presence of a peer that needs no admission.
    pub(crate) fn lasting(caller: Caller) -> Arc<Self> {
        Arc::new(Self {
            purpose: Purpose::Use,
            caller: RwLock::new(Arc::new(caller)),
            clock: None,
            cause: OnceLock::new(),
            ended: CancellationToken::new(),
        })
    }

    /// The peer, as its newest admission says.
    pub(crate) fn caller(&self) -> Arc<Caller> {
        Arc::clone(&self.caller.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The peer, if it is still admitted. The end of an admission is noticed here even before its connections are closed.
    pub(crate) fn admitted(&self) -> Result<Arc<Caller>, AdmissionEnd> {
        if let Some(cause) = self.cause() {
            return Err(cause);
        }
        let caller = self.caller();
        match (&self.clock, caller.expires_at) {
            (Some(clock), Some(at)) if UnixTime::of(at) <= clock.now().wall => Err(AdmissionEnd::Expired),
            _ => Ok(caller),
        }
    }

    /// Waits until the admission of the peer ends.
    pub(crate) async fn ended(&self) -> AdmissionEnd {
        self.ended.cancelled().await;
        self.cause.get().copied().unwrap_or(AdmissionEnd::Expired)
    }

    /// Why the admission of the peer has ended, if it has.
    pub(crate) fn cause(&self) -> Option<AdmissionEnd> {
        self.cause.get().copied()
    }

    fn set_caller(&self, caller: &Arc<Caller>) {
        *self.caller.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(caller);
    }

    fn end(&self, cause: AdmissionEnd) {
        let _ = self.cause.set(cause);
        self.ended.cancel();
    }
}

/// Keeps a connection in the table until it is dropped.
#[derive(Debug)]
pub(crate) struct Entered {
    live: Arc<Live>,
    peer: EndpointId,
    pub(crate) presence: Arc<Presence>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut peers = self.live.peers();
        if let Some(present) = peers.get_mut(&self.peer) {
            present.retain(|other| !Arc::ptr_eq(other, &self.presence));
            if present.is_empty() {
                peers.remove(&self.peer);
            }
        }
    }
}

type Peers = HashMap<EndpointId, Vec<Arc<Presence>>>;

/// The table.
#[derive(Debug)]
pub(crate) struct Live {
    peers: Mutex<Peers>,
    per_peer: usize,
}

/// What [`Live::enter`] needs to know of a peer.
pub(super) struct Identified {
    pub(super) caller: Arc<Caller>,
    /// The clock that its admission ends by.
    pub(super) clock: Option<Arc<dyn Clock>>,
}

impl Live {
    pub(super) fn new(per_peer: usize) -> Arc<Self> {
        Arc::new(Self { peers: Mutex::default(), per_peer })
    }

    fn peers(&self) -> MutexGuard<'_, Peers> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a connection. `identify` tells who the peer is, or why it may not be here; the table does not change
    /// meanwhile, so that no end of an admission is missed.
    pub(super) fn enter<E>(
        self: &Arc<Self>,
        connection: &Connection,
        purpose: Purpose,
        too_many: E,
        identify: impl FnOnce() -> Result<Identified, E>,
    ) -> Result<Entered, E> {
        let peer = connection.remote_id();
        let mut peers = self.peers();
        let present = peers.get(&peer).map_or(&[][..], Vec::as_slice);
        if present.iter().filter(|presence| presence.purpose == purpose).count() >= self.per_peer {
            return Err(too_many);
        }
        let Identified { caller, clock } = identify()?;
        let presence = Arc::new(Presence {
            purpose,
            caller: RwLock::new(caller),
            clock,
            cause: OnceLock::new(),
            ended: CancellationToken::new(),
        });
        peers.entry(peer).or_default().push(Arc::clone(&presence));
        Ok(Entered { live: Arc::clone(self), peer, presence })
    }

    /// The peer was admitted anew.
    pub(super) fn renew(&self, peer: &EndpointId, caller: &Arc<Caller>) {
        for presence in self.peers().get(peer).into_iter().flatten() {
            presence.set_caller(caller);
        }
    }

    /// The admission of the peer has ended. Its connections are closed by the tasks that serve them.
    pub(super) fn end(&self, peer: &EndpointId, cause: AdmissionEnd) {
        for presence in self.peers().get(peer).into_iter().flatten() {
            if presence.purpose != Purpose::Admission {
                presence.end(cause);
            }
        }
    }
}
