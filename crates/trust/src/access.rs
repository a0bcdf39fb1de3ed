//! Gates 0 and 1 of a node in one place: who may try, who is admitted, and whose connections have to end.
//!
//! Owns the state that changes while a node runs: trusted root keys, revocation lists in force, admitted peers, counted
//! tries, counts of outcomes. It has no lock and no clock; a node keeps it behind a lock that is never held across a wait.
//! The steps of an admission are those of [`crate::admission`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::admission::{Admitted, Gate, Pending, Policy, Presented};
use crate::bucket::AdmissionTries;
use crate::credential::Fingerprint;
use crate::key::EndpointId;
use crate::nonce::{Consumed, NonceStoreError};
use crate::peers::{Ended, Peers};
use crate::refusal::Refusal;
use crate::revocation::{Applied, RevocationError, RevocationList, Revocations};
use crate::roots::TrustedRoots;
use crate::time::Moment;

/// The word that [`Access::counts`] uses for admitted peers; the others are those of [`Refusal::code`].
pub const ADMITTED: &str = "ADMITTED";

/// A peer that asks for admission.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// At which gate.
    pub gate: Gate,
    /// What its request contains.
    pub presented: Presented<'a>,
    /// Who it is, as QUIC has proven.
    pub peer: EndpointId,
    /// Its address; none behind a relay.
    pub address: Option<IpAddr>,
}

/// The state of both gates.
#[derive(Debug)]
pub struct Access {
    roots: TrustedRoots,
    revocations: Revocations,
    peers: Peers,
    tries: AdmissionTries,
    counts: BTreeMap<&'static str, u64>,
}

impl Access {
    /// Gates that trust these root keys, with the lists that are in force, and nobody admitted.
    pub fn new(roots: TrustedRoots, mut revocations: Revocations) -> Self {
        revocations.keep_roots(&roots);
        Self {
            roots,
            revocations,
            peers: Peers::default(),
            tries: AdmissionTries::default(),
            counts: BTreeMap::new(),
        }
    }

    /// The same gates with other limits.
    #[must_use]
    pub fn with_limits(self, peers: Peers, tries: AdmissionTries) -> Self {
        Self { peers, tries, ..self }
    }

    /// Begins an admission. When it does not end here, [`Access::settle`] decides.
    ///
    /// Tries beyond the limit, and peers for which there is no room, are refused before their credential is looked at.
    pub fn begin(&mut self, asking: &Asking<'_>, now: Moment) -> Result<Pending, Refusal> {
        if !self.tries.allow(asking.peer, asking.address, now.steady) {
            return self.refuse(Refusal::TooManyTries);
        }
        if !self.peers.has_room_for(&asking.peer, now) {
            return self.refuse(Refusal::TooManyPeers);
        }
        let begun = self.policy().begin(asking.gate, asking.presented, &asking.peer, now.wall);
        begun.or_else(|refusal| self.refuse(refusal))
    }

    /// Counts a try that is no admission, of somebody who has not shown yet who it is; false when it is one too many.
    pub fn allow_try(&mut self, peer: EndpointId, address: Option<IpAddr>, now: Moment) -> bool {
        self.tries.allow(peer, address, now.steady)
    }

    /// Ends an admission with what the store of nonces said; none where no store was asked.
    pub fn settle(
        &mut self,
        pending: Pending,
        consumed: Option<&Result<Consumed, NonceStoreError>>,
        now: Moment,
    ) -> Result<Arc<Admitted>, Refusal> {
        let decision = pending.settle(&self.policy(), consumed, now.wall);
        match decision.and_then(|admitted| self.peers.admit(admitted, now)) {
            Ok(admitted) => {
                self.count(ADMITTED);
                Ok(admitted)
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// Counts a refusal for a reason that lies outside of this crate's checks.
    pub fn refuse<T>(&mut self, refusal: Refusal) -> Result<T, Refusal> {
        self.count(refusal.code());
        Err(refusal)
    }

    /// What is known of a peer, if it is admitted now: the question of gate 0, on each connection and each call.
    pub fn admitted(&self, peer: &EndpointId, now: Moment) -> Option<&Arc<Admitted>> {
        self.peers.get(peer, now)
    }

    /// Puts a revocation list in force. Returns the peers whose connections have to end.
    pub fn revoke(
        &mut self,
        list: RevocationList,
        now: Moment,
    ) -> Result<(Applied, Vec<(EndpointId, Ended)>), RevocationError> {
        let applied = self.revocations.apply(list, &self.roots)?;
        Ok((applied, self.sweep(now)))
    }

    /// Revokes nodes and credentials until this process ends, without a signed list. Returns the peers whose connections
    /// have to end.
    pub fn block(
        &mut self,
        endpoint_ids: impl IntoIterator<Item = EndpointId>,
        fingerprints: impl IntoIterator<Item = Fingerprint>,
        now: Moment,
    ) -> Vec<(EndpointId, Ended)> {
        self.revocations.block(endpoint_ids, fingerprints);
        self.sweep(now)
    }

    /// Trusts other root keys from now on. Returns the peers whose connections have to end.
    pub fn trust(&mut self, roots: TrustedRoots, now: Moment) -> Vec<(EndpointId, Ended)> {
        self.revocations.keep_roots(&roots);
        self.roots = roots;
        self.sweep(now)
    }

    /// Takes out the peers whose admission is over. Returns them: their connections have to end. To be called at
    /// [`Access::next_end`] at the latest.
    pub fn sweep(&mut self, now: Moment) -> Vec<(EndpointId, Ended)> {
        self.peers.sweep(&self.roots, &self.revocations, now)
    }

    /// When the next admission ends, by the clock that only goes forward.
    pub fn next_end(&self) -> Option<Duration> {
        self.peers.next_end()
    }

    /// The trusted root keys.
    pub fn roots(&self) -> &TrustedRoots {
        &self.roots
    }

    /// How often each outcome was, by its word.
    pub fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    fn policy(&self) -> Policy<'_> {
        Policy { roots: &self.roots, revocations: &self.revocations }
    }

    fn count(&mut self, word: &'static str) {
        let count = self.counts.entry(word).or_default();
        *count = count.saturating_add(1);
    }
}
