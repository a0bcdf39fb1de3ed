//! A node that admits peers by their credentials: what `aster-trust` decides, with the clock, the stores and the program.
//!
//! No lock is held while something is waited for. One task looks at the time and at the sources of revocation lists, and
//! ends the connections of peers whose admission is over.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aster_trust::access::{Access, Asking};
use aster_trust::admission::{Admitted, Gate, Pending, Presented};
use aster_trust::key::EndpointId;
use aster_trust::mesh::members::{ClockRules, Members};
use aster_trust::mesh::{Salt, Topic};
use aster_trust::nonce::{Consumed, NonceStore, NonceStoreError};
use aster_trust::peers::Ended;
use aster_trust::refusal::Refusal;
use aster_trust::revocation::{Applied, RevocationError, RevocationList};
use aster_trust::store::Store;
use aster_wire::ending::AdmissionEnd;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::clock::SystemClock;
use super::lists::Sources;
use super::live::{Identified, Live};
use super::push::{Pushed, Revoking};
use super::{AccessError, Caller, Clock, GateOptions, Narrowing};

/// How often the time and the sources of revocation lists are looked at. A clock may be set at any time.
const STEP: Duration = Duration::from_millis(500);
/// How many admissions are decided at once; further ones wait for a short time.
const DECISIONS: usize = 64;
/// How long an admission waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// How long the program may take to agree.
const AGREEMENT: Duration = Duration::from_secs(5);

/// The gates of a node with trusted root keys.
pub(crate) struct Trusted {
    pub(super) options: GateOptions,
    root: String,
    access: Mutex<Access>,
    members: Mutex<Members>,
    salt: Salt,
    clock: Arc<dyn Clock>,
    store: Option<Arc<Store>>,
    sources: Arc<Mutex<Sources>>,
    watches_sources: bool,
    narrowings: Mutex<Vec<Arc<dyn Narrowing>>>,
    turns: Semaphore,
    /// The next end of an admission may be another one.
    changed: Notify,
    live: Arc<Live>,
}

impl std::fmt::Debug for Trusted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trusted").field("options", &self.options).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trusted {
    /// Opens the stores and reads the revocation lists. It blocks.
    pub(super) fn open(options: GateOptions, live: Arc<Live>) -> Result<Arc<Self>, AccessError> {
        let clock = options.clock.clone().unwrap_or_else(|| Arc::new(SystemClock::default()));
        let store = options.nonces.as_deref().map(Store::open).transpose();
        let store = store.map_err(|error| AccessError::Nonces(error.to_string()))?.map(Arc::new);
        let mut sources = Sources::new(options.roots.clone(), store.clone(), options.revocations.clone());
        let revocations = sources.start().map_err(AccessError::Revocations)?;
        let wall_ms = clock.now().wall.seconds().saturating_mul(1000);
        let root = options.roots.iter().next().map(ToString::to_string).unwrap_or_default();
        Ok(Arc::new(Self {
            root,
            access: Mutex::new(Access::new(options.roots.clone(), revocations)),
            members: Mutex::new(Members::new(ClockRules::default(), wall_ms)),
            salt: Salt::generate()?,
            watches_sources: !sources.is_empty(),
            sources: Arc::new(Mutex::new(sources)),
            narrowings: Mutex::default(),
            turns: Semaphore::new(DECISIONS),
            changed: Notify::new(),
            options,
            clock,
            store,
            live,
        }))
    }

    /// The root key in answers, 64 hex digits.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// Who the peer is, if it is admitted now.
    pub(super) fn identify(&self, peer: &iroh::EndpointId) -> Option<Identified> {
        let peer = EndpointId::from_bytes(*peer.as_bytes());
        let access = lock(&self.access);
        let caller = Caller::of(access.admitted(&peer, self.clock.now())?);
        Some(Identified { caller, clock: Some(Arc::clone(&self.clock)) })
    }

    /// How often each outcome of an admission was, by its word.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.access).counts().clone()
    }

    pub(super) fn narrow(&self, narrowing: Arc<dyn Narrowing>) {
        let mut narrowings = lock(&self.narrowings);
        narrowings.retain(|known| !known.is_closed());
        narrowings.push(narrowing);
    }

    /// Decides an admission. `credential`: `None` when the request could not be read.
    pub(super) async fn admit(
        &self,
        gate: Gate,
        credential: Option<&str>,
        peer: iroh::EndpointId,
        address: Option<IpAddr>,
    ) -> Result<Arc<Caller>, Refusal> {
        let presented = credential.map_or(Presented::Unreadable, Presented::Credential);
        let id = EndpointId::from_bytes(*peer.as_bytes());
        let Ok(Ok(_turn)) = tokio::time::timeout(TURN, self.turns.acquire()).await else {
            return lock(&self.access).refuse(Refusal::TooManyTries);
        };
        let asking = Asking { gate, presented, peer: id, address };
        let pending = lock(&self.access).begin(&asking, self.clock.now())?;
        if self.options.narrowed && !self.is_welcome(&Caller::of(pending.candidate())).await {
            return lock(&self.access).refuse(Refusal::Narrowed);
        }
        let consumed = self.consume(&pending).await;
        let admitted = self.settle(gate, pending, consumed.as_ref())?;
        let caller = Caller::of(&admitted);
        self.live.renew(&peer, &caller);
        self.changed.notify_one();
        Ok(caller)
    }

    /// The program has to agree, in each thread that serves. A thread that has ended is not asked, and when all have,
    /// nobody is welcome.
    async fn is_welcome(&self, candidate: &Arc<Caller>) -> bool {
        let mut narrowings = lock(&self.narrowings).clone();
        narrowings.retain(|narrowing| !narrowing.is_closed());
        let all = async {
            for narrowing in &narrowings {
                if !narrowing.agrees(Arc::clone(candidate)).await {
                    return false;
                }
            }
            !narrowings.is_empty()
        };
        tokio::time::timeout(AGREEMENT, all).await.unwrap_or(false)
    }

    /// Consumes the nonce on a thread that may block. When this returns, the outcome is on disk.
    async fn consume(&self, pending: &Pending) -> Option<Result<Consumed, NonceStoreError>> {
        let (nonce, store) = (pending.nonce()?.clone(), Arc::clone(self.store.as_ref()?));
        let (expires_at, now) = (pending.expires_at(), self.clock.now().wall);
        let consuming = tokio::task::spawn_blocking(move || store.consume(&nonce, expires_at, now));
        Some(consuming.await.unwrap_or_else(|error| Err(NonceStoreError::Failed(error.to_string()))))
    }

    fn settle(
        &self,
        gate: Gate,
        pending: Pending,
        consumed: Option<&Result<Consumed, NonceStoreError>>,
    ) -> Result<Arc<Admitted>, Refusal> {
        if let Some(Err(error)) = consumed {
            tracing::error!("one-time credentials cannot be accepted: {error}");
        }
        let mut access = lock(&self.access);
        let peer = pending.candidate().endpoint_id;
        if gate == Gate::Producer && !lock(&self.members).has_room_for(&peer) {
            return access.refuse(Refusal::TooManyPeers);
        }
        let admitted = access.settle(pending, consumed, self.clock.now())?;
        if gate == Gate::Producer {
            lock(&self.members).accept(peer);
        }
        Ok(admitted)
    }

    /// The salt and the members of the mesh: what an admitted producer is told.
    pub(super) fn mesh(&self) -> (String, Vec<String>) {
        (self.salt.to_hex(), lock(&self.members).accepted().map(ToString::to_string).collect())
    }

    /// The topic of the mesh, for the holder of the root key, whose node key it is.
    pub(super) fn topic_for(&self, peer: &iroh::EndpointId) -> Option<String> {
        let root = self.options.roots.iter().find(|root| root.as_bytes() == peer.as_bytes())?;
        Some(Topic::of(root, &self.salt).to_string())
    }

    /// Counts a try of somebody who is not admitted; false when it is one too many.
    pub(super) fn allow_try(&self, peer: iroh::EndpointId, address: Option<IpAddr>) -> bool {
        let peer = EndpointId::from_bytes(*peer.as_bytes());
        lock(&self.access).allow_try(peer, address, self.clock.now())
    }

    /// Takes a list that was sent to this node. It blocks.
    pub(super) fn take_list(&self, document: &[u8]) -> Pushed {
        let outcome = RevocationList::from_json(document).and_then(|list| {
            let applied = self.put_in_force(list.clone())?;
            if applied == Applied::InForce {
                match lock(&self.sources).keep(&list) {
                    Ok(true) => {}
                    Ok(false) => tracing::warn!(
                        "the revocation list is in force until this process ends: there is no file to keep it in"
                    ),
                    Err(error) => tracing::error!("the revocation list cannot be kept: {error}"),
                }
            }
            Ok(applied)
        });
        if let Err(error) = &outcome {
            tracing::warn!("a revocation list was not taken: {error}");
        }
        Pushed::of(&outcome)
    }

    /// Revokes without a list, until this process ends.
    pub(super) fn revoke(&self, what: Revoking) {
        let (ids, prints) = match what {
            Revoking::Endpoint(id) => (Some(id), None),
            Revoking::Fingerprint(print) => (None, Some(print)),
        };
        let ended = lock(&self.access).block(ids, prints, self.clock.now());
        self.end(&ended);
    }

    fn put_in_force(&self, list: RevocationList) -> Result<Applied, RevocationError> {
        let (sequence, entries) = (list.sequence(), list.len());
        let (applied, ended) = lock(&self.access).revoke(list, self.clock.now())?;
        if applied == Applied::InForce {
            tracing::info!(sequence, entries, "a revocation list is in force");
        }
        self.end(&ended);
        Ok(applied)
    }

    fn end(&self, ended: &[(EndpointId, Ended)]) {
        for (peer, cause) in ended {
            let cause = match cause {
                Ended::Expired => AdmissionEnd::Expired,
                Ended::Revoked => AdmissionEnd::Revoked,
            };
            tracing::info!(%peer, reason = cause.word(), "an admission has ended: {cause}");
            lock(&self.members).remove(peer);
            if let Ok(peer) = iroh::EndpointId::from_bytes(peer.as_bytes()) {
                self.live.end(&peer, cause);
            }
        }
    }

    /// Ends admissions whose time has come and takes new revocation lists, until the node is closed.
    pub(super) async fn watch(self: Arc<Self>, closed: CancellationToken) {
        let mut looked = Instant::now();
        loop {
            let pause = self.pause();
            tokio::select! {
                biased;
                () = closed.cancelled() => return,
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
                () = self.changed.notified() => {}
            }
            let ended = lock(&self.access).sweep(self.clock.now());
            self.end(&ended);
            if self.watches_sources && looked.elapsed() >= STEP {
                looked = Instant::now();
                self.look_at_sources().await;
            }
        }
    }

    /// How long nothing has to be looked at; `None`: until something changes.
    fn pause(&self) -> Option<Duration> {
        let next_end = lock(&self.access).next_end();
        let until = next_end.map(|at| at.saturating_sub(self.clock.now().steady).min(STEP));
        until.or(self.watches_sources.then_some(STEP))
    }

    async fn look_at_sources(&self) {
        let sources = Arc::clone(&self.sources);
        let looking = tokio::task::spawn_blocking(move || lock(&sources).changed());
        for list in looking.await.unwrap_or_default() {
            if let Err(error) = self.put_in_force(list) {
                tracing::error!("the revocation list is not taken, the one before stays: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::path::Path;

    use aster_trust::attributes::Attributes;
    use aster_trust::credential::{CredentialKind, Grant};
    use aster_trust::key::RootKey;
    use aster_trust::roots::TrustedRoots;

    use super::*;

    fn root() -> RootKey {
        RootKey::from_seed(&[1; 32])
    }

    fn node(nonces: &Path) -> Arc<Trusted> {
        let mut options = GateOptions::new(TrustedRoots::new([root().public_key()]).unwrap());
        options.nonces = Some(nonces.to_owned());
        Trusted::open(options, Live::new(16)).expect("the gates open")
    }

    /// A thousand peers present the same one-time credential to three nodes at the same time.
    #[tokio::test]
    async fn one_of_a_thousand_racers_is_admitted_by_nodes_that_share_a_store() {
        let file = std::env::temp_dir().join(format!("aster-net-racers-{}", std::process::id()));
        let nodes = [node(&file), node(&file), node(&file)];
        let grant = Grant {
            kind: CredentialKind::OneTime,
            endpoint_id: None,
            expires_at: nodes[0].clock.now().wall.plus(Duration::from_hours(1)),
            attributes: Attributes::default(),
        };
        let credential: Arc<str> = grant.sign(&root()).unwrap().to_wire_json().into();
        let racers = (0..1000).map(|number| {
            let (node, credential) = (Arc::clone(&nodes[number % 3]), Arc::clone(&credential));
            let peer = iroh::SecretKey::generate().public();
            tokio::spawn(async move { node.admit(Gate::Consumer, Some(&credential), peer, None).await })
        });
        let mut admitted = 0;
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.expect("no panic") {
                Ok(_) => admitted += 1,
                Err(refusal) => {
                    assert!(matches!(refusal, Refusal::Replayed | Refusal::TooManyTries), "{refusal:?}");
                }
            }
        }
        assert_eq!(admitted, 1);
        let replayed: u64 = nodes.iter().filter_map(|node| node.counts().get("REPLAYED").copied()).sum();
        assert!(replayed > 0, "{replayed}");
        std::fs::remove_file(&file).expect("the store");
    }

    #[tokio::test]
    async fn a_program_that_cannot_be_asked_admits_nobody() {
        let mut options = GateOptions::new(TrustedRoots::new([root().public_key()]).unwrap());
        options.narrowed = true;
        let node = Trusted::open(options, Live::new(16)).expect("the gates open");
        let grant = Grant {
            kind: CredentialKind::Policy,
            endpoint_id: None,
            expires_at: node.clock.now().wall.plus(Duration::from_hours(1)),
            attributes: Attributes::default(),
        };
        let credential = grant.sign(&root()).unwrap().to_wire_json();
        let peer = iroh::SecretKey::generate().public();
        let decided = node.admit(Gate::Consumer, Some(&credential), peer, None).await;
        assert_eq!(decided.err(), Some(Refusal::Narrowed));
        assert!(node.identify(&peer).is_none());
    }
}
