//! The gates of a node: gate 0 for every connection of every protocol, gate 1 for those that ask for admission.
//!
//! A node that has not been told who may call lets nobody in.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use aster_trust::admission::Gate;
use aster_wire::admission::{ConsumerRequest, ConsumerResponse, ProducerResponse};
use iroh::endpoint::Connection;
use iroh::{EndpointId, TransportAddr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::live::{Entered, Identified, Live, Purpose};
use super::push::{Pushed, Revoking};
use super::trusted::Trusted;
use super::{Access, AccessError, Caller, Narrowing};

/// The root key in the answers of an open server: none.
const NO_ROOT: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// How many revocation lists are read at once.
const PUSHES: usize = 16;

/// Why a connection is closed at once: application code and reason.
pub(crate) type Shut = (u32, &'static [u8]);

const NOT_SERVING: Shut = (0, b"this node does not serve");
/// The reference uses the same.
const NOT_ADMITTED: Shut = (403, b"not admitted");
const TOO_MANY: Shut = (429, b"too many connections of this peer");

#[derive(Debug)]
enum Policy {
    Open,
    Trusted(Arc<Trusted>),
}

/// The gates of one node.
#[derive(Debug)]
pub(crate) struct Gates {
    policy: OnceLock<Policy>,
    opening: Mutex<()>,
    live: Arc<Live>,
    /// Connections that may ask for admission at the same time, so that strangers do not take the places of admitted peers.
    asking: Arc<Semaphore>,
    pushes: Semaphore,
    /// Peers that may use the attached protocols of a node that does not serve.
    vouched: Mutex<HashSet<EndpointId>>,
}

impl Gates {
    pub(crate) fn new(max_connections: u32, per_peer: u32) -> Self {
        Self {
            policy: OnceLock::new(),
            opening: Mutex::new(()),
            live: Live::new(per_peer as usize),
            asking: Arc::new(Semaphore::new((max_connections as usize / 4).max(1))),
            pushes: Semaphore::new(PUSHES),
            vouched: Mutex::default(),
        }
    }

    /// Says who may call. The second time it has to be the same. It blocks while files are read.
    pub(crate) fn open(&self, access: Access, closed: &CancellationToken) -> Result<(), AccessError> {
        let _turn = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.policy.get(), access) {
            (None, Access::Open) => {
                let _ = self.policy.set(Policy::Open);
            }
            (None, Access::Gated(options)) => {
                let trusted = Trusted::open(options, Arc::clone(&self.live))?;
                tokio::spawn(Arc::clone(&trusted).watch(closed.child_token()));
                let _ = self.policy.set(Policy::Trusted(trusted));
            }
            (Some(Policy::Open), Access::Open) => {}
            (Some(Policy::Trusted(known)), Access::Gated(options)) if known.options == options => {}
            _ => return Err(AccessError::Other),
        }
        Ok(())
    }

    fn trusted(&self) -> Option<&Arc<Trusted>> {
        match self.policy.get()? {
            Policy::Open => None,
            Policy::Trusted(trusted) => Some(trusted),
        }
    }

    /// Whether producers may ask for admission.
    pub(crate) fn takes_producers(&self) -> bool {
        self.trusted().is_some_and(|trusted| trusted.options.producers)
    }

    /// Whether revocation lists may be sent to this node.
    pub(crate) fn takes_lists(&self) -> bool {
        self.trusted().is_some()
    }

    /// Gate 0: may this connection stay? The peer has to be admitted, unless the connection is there to ask for that.
    pub(crate) fn enter(&self, connection: &Connection, purpose: Purpose) -> Result<Entered, Shut> {
        let peer = connection.remote_id();
        let anonymous = || Identified { caller: Arc::new(Caller::anonymous(peer.to_string())), clock: None };
        let Some(policy) = self.policy.get() else {
            if purpose == Purpose::Attached && self.vouched().contains(&peer) {
                return self.live.enter(connection, purpose, TOO_MANY, || Ok(anonymous()));
            }
            return Err(NOT_SERVING);
        };
        self.live.enter(connection, purpose, TOO_MANY, || match (policy, purpose) {
            (Policy::Open, _) | (_, Purpose::Admission) => Ok(anonymous()),
            (Policy::Trusted(trusted), Purpose::Use | Purpose::Attached) => {
                trusted.identify(&peer).ok_or(NOT_ADMITTED)
            }
        })
    }

    /// Whether a peer is admitted now.
    pub(crate) fn admits(&self, peer: &EndpointId) -> bool {
        match self.policy.get() {
            None => false,
            Some(Policy::Open) => true,
            Some(Policy::Trusted(trusted)) => trusted.identify(peer).is_some(),
        }
    }

    fn vouched(&self) -> MutexGuard<'_, HashSet<EndpointId>> {
        self.vouched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets these peers, and no others, use the attached protocols while the node does not serve.
    pub(crate) fn vouch(&self, peers: HashSet<EndpointId>) {
        *self.vouched() = peers;
    }

    /// A place among those that ask for admission; `None` when all are taken.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.asking).try_acquire_owned().ok()
    }

    /// Gate 1 for consumers. `request`: `None` when it could not be read.
    pub(crate) async fn admit(
        &self,
        connection: &Connection,
        request: Option<ConsumerRequest>,
    ) -> Result<Arc<Caller>, String> {
        let credential = request.as_ref().map(|request| request.credential_json.as_str());
        match self.policy.get() {
            None => Err("this node does not serve".to_owned()),
            Some(Policy::Open) => open(connection.remote_id(), credential),
            Some(Policy::Trusted(trusted)) => {
                let (peer, address) = (connection.remote_id(), remote_ip(connection));
                let admitted = trusted.admit(Gate::Consumer, credential, peer, address).await;
                admitted.map_err(|refusal| format!("{}: {refusal}", refusal.code()))
            }
        }
    }

    /// Gate 1 for producers.
    pub(crate) async fn admit_producer(
        &self,
        connection: &Connection,
        request: Option<ConsumerRequest>,
    ) -> Result<ProducerResponse, String> {
        let Some(trusted) = self.trusted() else { return Err("this node has no root key".to_owned()) };
        let credential = request.as_ref().map(|request| request.credential_json.as_str());
        let (peer, address) = (connection.remote_id(), remote_ip(connection));
        let admitted = trusted.admit(Gate::Producer, credential, peer, address).await;
        admitted.map_err(|refusal| format!("{}: {refusal}", refusal.code()))?;
        let (salt, accepted_producers) = trusted.mesh();
        Ok(ProducerResponse { accepted: true, salt, accepted_producers, reason: String::new() })
    }

    /// The answer to a consumer that is not admitted. It is the same for every reason.
    pub(crate) fn refusal(&self) -> ConsumerResponse {
        ConsumerResponse::refusal(self.root())
    }

    /// The root key in answers, 64 hex digits; zeros when there is none.
    pub(crate) fn root(&self) -> &str {
        self.trusted().map_or(NO_ROOT, |trusted| trusted.root())
    }

    /// The topic of the mesh, which only the holder of the root key is told.
    pub(crate) fn topic_for(&self, peer: &EndpointId) -> Option<String> {
        self.trusted()?.topic_for(peer)
    }

    /// Whether a peer may send a revocation list now. The permit is held while it is read.
    pub(crate) fn may_push(&self, connection: &Connection) -> Option<tokio::sync::SemaphorePermit<'_>> {
        let permit = self.pushes.try_acquire().ok()?;
        let trusted = self.trusted()?;
        trusted.allow_try(connection.remote_id(), remote_ip(connection)).then_some(permit)
    }

    /// Takes a revocation list.
    pub(crate) async fn push(&self, document: Vec<u8>) -> Pushed {
        let Some(trusted) = self.trusted().map(Arc::clone) else { return Pushed::Refused };
        let taking = tokio::task::spawn_blocking(move || trusted.take_list(&document));
        taking.await.unwrap_or(Pushed::Refused)
    }

    /// Revokes without a list, until this process ends. False when everybody may call anyway.
    pub(crate) fn revoke(&self, what: Revoking) -> bool {
        self.trusted().inspect(|trusted| trusted.revoke(what)).is_some()
    }

    /// Adds somebody who has to agree to admissions.
    pub(crate) fn narrow(&self, narrowing: Arc<dyn Narrowing>) {
        if let Some(trusted) = self.trusted() {
            trusted.narrow(narrowing);
        }
    }

    /// How often each outcome of an admission was, by its word.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.trusted().map(|trusted| trusted.counts()).unwrap_or_default()
    }
}

/// Everybody is admitted who presents no credential. A credential is refused, as in the reference implementation, because it
/// cannot be verified without a root key.
fn open(peer: EndpointId, credential: Option<&str>) -> Result<Arc<Caller>, String> {
    match credential {
        Some("") => Ok(Arc::new(Caller::anonymous(peer.to_string()))),
        Some(_) => {
            Err("the peer presented a credential, but an open server has no root key to verify it".to_owned())
        }
        None => Err("the request could not be decoded".to_owned()),
    }
}

/// The address of the peer; `None` behind a relay.
fn remote_ip(connection: &Connection) -> Option<IpAddr> {
    let paths = connection.paths();
    let mut direct = paths.iter().filter_map(|path| match path.remote_addr() {
        TransportAddr::Ip(address) => Some(address.ip()),
        _ => None,
    });
    direct.next()
}
