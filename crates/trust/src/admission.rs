//! The admission decision: may this peer in, as what, and until when.
//!
//! A state machine without I/O. [`Policy::begin`] looks at what the peer presented and checks all that can be checked at once.
//! What is left may take time: the nonce of a one-time credential has to be consumed ([`Pending::nonce`]), and the program may
//! want to be asked. Then [`Pending::settle`] ends the decision. Where waiting does not matter, [`Policy::decide`] does all
//! of it.
//!
//! A refusal carries its reason for our own log. The peer gets the same answer for all of them, after the same work: exactly
//! one signature is checked in each decision, also where there was none to check.

use crate::attributes::{Attributes, Roles};
use crate::credential::check::{Verified, Verifier};
use crate::credential::{Credential, CredentialKind, Fingerprint};
use crate::key::{EndpointId, RootPublicKey};
use crate::nonce::{Consumed, Nonce, NonceStore, NonceStoreError};
use crate::refusal::Refusal;
use crate::revocation::Revocations;
use crate::roots::TrustedRoots;
use crate::signature;
use crate::time::UnixTime;

/// Which admission a peer asks for: the protocol that it connected with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gate {
    /// `aster.consumer_admission`: policy and one-time credentials.
    Consumer,
    /// `aster.producer_admission`: producer credentials.
    Producer,
}

/// What was in the request.
#[derive(Debug, Clone, Copy)]
pub enum Presented<'a> {
    /// The request could not be read.
    Unreadable,
    /// The credential's document; empty for none.
    Credential(&'a str),
}

/// What decisions are made from. All of it may change between two decisions.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// The trusted root keys.
    pub roots: &'a TrustedRoots,
    /// What is revoked.
    pub revocations: &'a Revocations,
}

/// A peer that was admitted, with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The peer, as QUIC has proven.
    pub endpoint_id: EndpointId,
    /// The type of its credential.
    pub kind: CredentialKind,
    /// Who signed it.
    pub root: RootPublicKey,
    /// What it says.
    pub attributes: Attributes,
    /// The roles among that.
    pub roles: Roles,
    /// The first second in which the peer is no longer admitted.
    pub expires_at: UnixTime,
    /// What the credential is revoked by.
    pub fingerprint: Fingerprint,
}

impl Admitted {
    fn new(endpoint_id: EndpointId, verified: &Verified) -> Self {
        Self {
            endpoint_id,
            kind: verified.kind(),
            root: *verified.root(),
            attributes: verified.attributes().clone(),
            roles: verified.roles(),
            expires_at: verified.expires_at(),
            fingerprint: *verified.fingerprint(),
        }
    }
}

/// A decision that is not made yet: the credential counts, and what is left takes time. Dropping it decides nothing and
/// consumes nothing.
#[derive(Debug)]
#[must_use]
pub struct Pending {
    admitted: Admitted,
    nonce: Option<Nonce>,
}

impl Pending {
    /// What will be known of the peer when it is admitted.
    pub fn candidate(&self) -> &Admitted {
        &self.admitted
    }

    /// The nonce of a one-time credential, which has to be consumed ([`NonceStore::consume`]); none for other credentials.
    pub fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }

    /// What to give to [`NonceStore::consume`].
    pub fn expires_at(&self) -> UnixTime {
        self.admitted.expires_at
    }

    /// Ends the decision. `consumed` is what the store of nonces said; none when it was not asked. Time has passed, so expiry
    /// and revocation are looked at again. A nonce that was consumed for a peer that is refused here stays consumed.
    pub fn settle(
        self,
        policy: &Policy<'_>,
        consumed: Option<&Result<Consumed, NonceStoreError>>,
        now: UnixTime,
    ) -> Result<Admitted, Refusal> {
        match (&self.nonce, consumed) {
            (None, None) | (Some(_), Some(Ok(Consumed::First))) => {}
            (Some(_), None) => return Err(Refusal::NoNonceStore),
            (_, Some(Ok(Consumed::Again))) => return Err(Refusal::Replayed),
            (_, Some(_)) => return Err(Refusal::NonceStoreFailed),
        }
        let admitted = self.admitted;
        if admitted.expires_at <= now {
            return Err(Refusal::Expired(admitted.expires_at));
        }
        if policy.revokes(&admitted.endpoint_id, &admitted.fingerprint) {
            return Err(Refusal::Revoked);
        }
        if !policy.roots.contains(&admitted.root) {
            return Err(Refusal::WrongRoot);
        }
        Ok(admitted)
    }
}

impl Policy<'_> {
    /// Looks at what `peer` presented at a gate.
    pub fn begin(
        &self,
        gate: Gate,
        presented: Presented<'_>,
        peer: &EndpointId,
        now: UnixTime,
    ) -> Result<Pending, Refusal> {
        let credential = read(gate, presented).inspect_err(|_| signature::check_decoy())?;
        let checks = Verifier { roots: self.roots, peer: Some(peer), now, revocations: self.revocations };
        let verified = checks.verify(&credential)?;
        Ok(Pending { admitted: Admitted::new(*peer, &verified), nonce: verified.nonce().cloned() })
    }

    /// The whole decision, with a store that may be asked at once. Without a store one-time credentials are refused.
    pub fn decide(
        &self,
        gate: Gate,
        presented: Presented<'_>,
        peer: &EndpointId,
        now: UnixTime,
        nonces: Option<&dyn NonceStore>,
    ) -> Result<Admitted, Refusal> {
        let pending = self.begin(gate, presented, peer, now)?;
        let consumed = match (pending.nonce(), nonces) {
            (Some(nonce), Some(store)) => Some(store.consume(nonce, pending.expires_at(), now)),
            _ => None,
        };
        pending.settle(self, consumed.as_ref(), now)
    }

    /// True when a list in force names the peer or its credential.
    pub fn revokes(&self, endpoint_id: &EndpointId, fingerprint: &Fingerprint) -> bool {
        self.revocations.revokes_endpoint(endpoint_id) || self.revocations.revokes_credential(fingerprint)
    }
}

fn read(gate: Gate, presented: Presented<'_>) -> Result<Credential, Refusal> {
    let text = match presented {
        Presented::Unreadable => return Err(Refusal::UnreadableRequest),
        Presented::Credential("") => return Err(Refusal::NoCredential),
        Presented::Credential(text) => text,
    };
    let credential = match gate {
        Gate::Consumer => Credential::from_consumer_json(text),
        Gate::Producer => Credential::from_producer_json(text),
    };
    credential.map_err(Refusal::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signature;
    use crate::credential::Grant;
    use crate::key::RootKey;
    use crate::signature::CHECKS;

    /// A refusal that took less work would tell the peer how far it got.
    #[test]
    fn every_decision_checks_one_signature() {
        let root = RootKey::from_seed(&[1; 32]);
        let roots = TrustedRoots::new([root.public_key()]).unwrap();
        let policy = Policy { roots: &roots, revocations: &Revocations::default() };
        let peer = EndpointId::from_bytes([7; 32]);
        let sign = |kind, expires_at, bound| {
            let grant = Grant {
                kind,
                endpoint_id: Some(EndpointId::from_bytes([bound; 32])),
                expires_at: UnixTime::from_seconds(expires_at),
                attributes: Attributes::default(),
            };
            grant.sign(&root).unwrap()
        };
        let right = sign(CredentialKind::Policy, 100, 7);
        let mut other_root = right.clone();
        other_root.root = RootKey::from_seed(&[2; 32]).public_key();
        let mut no_point = right.clone();
        no_point.root = RootPublicKey::from_bytes([2; 32]);
        let texts = [
            String::new(),
            "{".to_owned(),
            "{}".to_owned(),
            right.to_wire_json().replace("policy", "zap"),
            other_root.to_wire_json(),
            no_point.to_wire_json(),
            Credential { signature: None, ..right.clone() }.to_wire_json(),
            Credential { signature: Some(Signature::from_bytes([0xff; 64])), ..right.clone() }.to_wire_json(),
            sign(CredentialKind::Policy, 50, 7).to_wire_json(),
            sign(CredentialKind::Policy, 100, 8).to_wire_json(),
            sign(CredentialKind::OneTime, 100, 7).to_wire_json(),
            right.to_wire_json(),
        ];
        let presented = texts.iter().map(|text| Presented::Credential(text)).chain([Presented::Unreadable]);
        for (number, presented) in presented.enumerate() {
            for gate in [Gate::Consumer, Gate::Producer] {
                let before = CHECKS.get();
                let _ = policy.decide(gate, presented, &peer, UnixTime::from_seconds(50), None);
                assert_eq!(CHECKS.get() - before, 1, "{number} {gate:?}");
            }
        }
    }
}
