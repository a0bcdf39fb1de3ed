//! Gates 0 and 1 of a node in one place: who may try, who is admitted, and whose connections have to end.
//!
//! Owns the state that changes while a node runs: trusted root keys, revocation lists in force, admitted peers, counted
//! tries, counts of outcomes. It has no lock and no clock; a node keeps it behind a lock that is never held across a wait.
//! The steps of an admission are those of [`crate::admission`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::admission::{Admitted, Gate, Pending, Policy, Presented, Step};
use crate::bucket::AdmissionTries;
use crate::key::EndpointId;
use crate::nonce::{Consumed, NonceStoreError};
use crate::peers::{Ended, Peers};
use crate::refusal::Refusal;
use crate::revocation::{Applied, RevocationError, RevocationList, Revocations};
use crate::roots::TrustedRoots;
use crate::time::UnixTime;

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

/// How an admission goes on.
#[derive(Debug)]
pub enum Progress {
    /// It is decided.
    Decided(Result<Arc<Admitted>, Refusal>),
    /// A nonce has to be consumed, then [`Access::settle`] decides.
    Consume(Pending),
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

    /// Begins an admission. `clock` is the time since any moment that stays the same; only tries are counted by it.
    ///
    /// Tries beyond the limit, and peers for which there is no room, are refused before their credential is looked at.
    pub fn begin(&mut self, asking: &Asking<'_>, now: UnixTime, clock: Duration) -> Progress {
        if !self.tries.allow(asking.peer, asking.address, clock) {
            return Progress::Decided(self.refuse(Refusal::TooManyTries));
        }
        if !self.peers.has_room_for(&asking.peer, now) {
            return Progress::Decided(self.refuse(Refusal::TooManyPeers));
        }
        match self.policy().begin(asking.gate, asking.presented, &asking.peer, now) {
            Step::Consume(pending) => Progress::Consume(pending),
            Step::Decided(decision) => Progress::Decided(self.conclude(decision, now)),
        }
    }

    /// Ends an admission with what the store of nonces said. Without a store that is [`Refusal::NoNonceStore`], by
    /// [`Access::refuse`].
    pub fn settle(
        &mut self,
        pending: Pending,
        consumed: &Result<Consumed, NonceStoreError>,
        now: UnixTime,
    ) -> Result<Arc<Admitted>, Refusal> {
        let decision = pending.settle(&self.policy(), consumed, now);
        self.conclude(decision, now)
    }

    /// Counts a refusal for a reason that lies outside of this crate's checks.
    pub fn refuse(&mut self, refusal: Refusal) -> Result<Arc<Admitted>, Refusal> {
        self.count(refusal.code());
        Err(refusal)
    }

    /// What is known of a peer, if it is admitted now: the question of gate 0, on each connection and each call.
    pub fn admitted(&self, peer: &EndpointId, now: UnixTime) -> Option<&Arc<Admitted>> {
        self.peers.get(peer, now)
    }

    /// Puts a revocation list in force. Returns the peers whose connections have to end.
    pub fn revoke(
        &mut self,
        list: RevocationList,
        now: UnixTime,
    ) -> Result<(Applied, Vec<(EndpointId, Ended)>), RevocationError> {
        let applied = self.revocations.apply(list, &self.roots)?;
        Ok((applied, self.sweep(now)))
    }

    /// Trusts other root keys from now on. Returns the peers whose connections have to end.
    pub fn trust(&mut self, roots: TrustedRoots, now: UnixTime) -> Vec<(EndpointId, Ended)> {
        self.revocations.keep_roots(&roots);
        self.roots = roots;
        self.sweep(now)
    }

    /// Takes out the peers whose admission is over. Returns them: their connections have to end. To be called at
    /// [`Access::next_end`] at the latest.
    pub fn sweep(&mut self, now: UnixTime) -> Vec<(EndpointId, Ended)> {
        self.peers.sweep(&self.roots, &self.revocations, now)
    }

    /// When the next admission ends.
    pub fn next_end(&self) -> Option<UnixTime> {
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

    fn conclude(
        &mut self,
        decision: Result<Admitted, Refusal>,
        now: UnixTime,
    ) -> Result<Arc<Admitted>, Refusal> {
        let admitted = decision.and_then(|admitted| self.peers.admit(admitted, now));
        match admitted {
            Ok(admitted) => {
                self.count(ADMITTED);
                Ok(admitted)
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn count(&mut self, word: &'static str) {
        let count = self.counts.entry(word).or_default();
        *count = count.saturating_add(1);
    }
}
