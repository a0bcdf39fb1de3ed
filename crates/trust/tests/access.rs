//! Both gates over the life of a node: admissions, renewals, expiry, revocation, other root keys, limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/numbered.rs"]
mod numbered;

use std::sync::Arc;
use std::time::Duration;

use aster_trust::access::{Access, Asking};
use aster_trust::admission::{Admitted, Gate, Pending, Presented};
use aster_trust::attributes::{Attributes, ROLE};
use aster_trust::bucket::{AdmissionTries, Rate};
use aster_trust::credential::{Credential, CredentialKind, Grant};
use aster_trust::nonce::{Consumed, MemoryNonces, NonceStore};
use aster_trust::peers::{Ended, Peers};
use aster_trust::refusal::Refusal;
use aster_trust::revocation::{Applied, RevocationError, RevocationList, Revocations};
use aster_trust::time::Moment;
use numbered::{peer, root, roots, time};

fn access() -> Access {
    Access::new(roots(&[1]), Revocations::default())
}

fn signed(key: u8, kind: CredentialKind, bound: u8, expires_at: u64, role: &str) -> Credential {
    let attributes = Attributes::from_pairs([(ROLE.to_owned(), role.to_owned())]).unwrap();
    let grant = Grant { kind, endpoint_id: Some(peer(bound)), expires_at: time(expires_at), attributes };
    grant.sign(&root(key)).unwrap()
}

fn policy(bound: u8, expires_at: u64) -> Credential {
    signed(1, CredentialKind::Policy, bound, expires_at, "r")
}

/// A moment when both clocks tell the same time.
fn at(seconds: u64) -> Moment {
    Moment { wall: time(seconds), steady: Duration::from_secs(seconds) }
}

fn begin(access: &mut Access, credential: &Credential, number: u8, now: u64) -> Result<Pending, Refusal> {
    let text = credential.to_wire_json();
    let presented = Presented::Credential(&text);
    let asking = Asking { gate: Gate::Consumer, presented, peer: peer(number), address: None };
    access.begin(&asking, at(now))
}

fn ask(access: &mut Access, credential: &Credential, number: u8, now: u64) -> Result<Arc<Admitted>, Refusal> {
    let pending = begin(access, credential, number, now)?;
    assert!(pending.nonce().is_none());
    access.settle(pending, None, at(now))
}

fn list(sequence: u64, ids: &[u8]) -> RevocationList {
    let ids = ids.iter().map(|&number| peer(number));
    RevocationList::sign(&root(1), sequence, time(0), ids, []).unwrap()
}

#[test]
fn a_peer_is_admitted_renewed_and_ends_with_its_credential() {
    let mut access = access();
    assert!(access.admitted(&peer(7), at(10)).is_none() && access.next_end().is_none());
    let first = signed(1, CredentialKind::Policy, 7, 100, "a");
    assert!(ask(&mut access, &first, 7, 10).unwrap().roles.holds("a"));
    assert_eq!(access.next_end(), Some(Duration::from_secs(100)));
    let second = signed(1, CredentialKind::Policy, 7, 200, "b");
    ask(&mut access, &second, 7, 90).unwrap();
    assert_eq!(access.sweep(at(100)), []);
    assert!(access.admitted(&peer(7), at(199)).unwrap().roles.holds("b"));
    assert!(access.admitted(&peer(7), at(200)).is_none());
    assert_eq!(access.sweep(at(200)), [(peer(7), Ended::Expired)]);
    assert_eq!(access.roots(), &roots(&[1]));
}

#[test]
fn a_refused_renewal_leaves_the_admission_that_is_there() {
    let mut access = access();
    ask(&mut access, &policy(7, 100), 7, 10).unwrap();
    assert_eq!(ask(&mut access, &policy(8, 100), 7, 10), Err(Refusal::WrongPeer));
    assert!(access.admitted(&peer(7), at(10)).is_some());
}

#[test]
fn outcomes_are_counted_by_their_word() {
    let mut access = access();
    ask(&mut access, &policy(7, 100), 7, 10).unwrap();
    for _ in 0..2 {
        assert_eq!(ask(&mut access, &policy(7, 5), 7, 10), Err(Refusal::Expired(time(5))));
    }
    assert_eq!(access.refuse::<()>(Refusal::NoNonceStore), Err(Refusal::NoNonceStore));
    let counts: Vec<_> = access.counts().iter().map(|(word, count)| (*word, *count)).collect();
    assert_eq!(counts, [("ADMITTED", 1), ("EXPIRED", 2), ("NO_NONCE_STORE", 1)]);
}

#[test]
fn a_one_time_credential_is_settled_by_its_nonce() {
    let mut access = access();
    let nonces = MemoryNonces::default();
    let credential = signed(1, CredentialKind::OneTime, 7, 100, "r");
    let mut settle = || {
        let pending = begin(&mut access, &credential, 7, 10).unwrap();
        let consumed = nonces.consume(pending.nonce().unwrap(), pending.expires_at(), time(10));
        access.settle(pending, Some(&consumed), at(10)).map(drop)
    };
    assert_eq!(settle(), Ok(()));
    assert_eq!(settle(), Err(Refusal::Replayed));
    assert!(access.admitted(&peer(7), at(10)).is_some());
    assert_eq!(access.counts()["REPLAYED"], 1);
}

#[test]
fn a_list_that_comes_between_counts() {
    let mut access = access();
    let credential = signed(1, CredentialKind::OneTime, 7, 100, "r");
    let pending = begin(&mut access, &credential, 7, 10).unwrap();
    assert_eq!(access.revoke(list(1, &[7]), at(10)), Ok((Applied::InForce, vec![])));
    assert_eq!(access.settle(pending, Some(&Ok(Consumed::First)), at(10)), Err(Refusal::Revoked));
}

#[test]
fn a_revoked_peer_ends_at_once_and_stays_out() {
    let mut access = access();
    for number in [7, 8] {
        ask(&mut access, &policy(number, 100), number, 10).unwrap();
    }
    let ended = vec![(peer(7), Ended::Revoked)];
    assert_eq!(access.revoke(list(2, &[7]), at(10)), Ok((Applied::InForce, ended)));
    assert!(access.admitted(&peer(7), at(10)).is_none() && access.admitted(&peer(8), at(10)).is_some());
    assert_eq!(ask(&mut access, &policy(7, 100), 7, 10), Err(Refusal::Revoked));
    let older = access.revoke(list(1, &[]), at(10));
    assert_eq!(older, Err(RevocationError::Older { have: 2, got: 1 }));
    assert_eq!(ask(&mut access, &policy(7, 100), 7, 10), Err(Refusal::Revoked));
}

#[test]
fn a_root_key_is_replaced_while_both_count() {
    let mut access = access();
    ask(&mut access, &policy(7, 100), 7, 10).unwrap();
    assert_eq!(access.trust(roots(&[2, 1]), at(10)), []);
    ask(&mut access, &signed(2, CredentialKind::Policy, 8, 100, "r"), 8, 10).unwrap();
    assert_eq!(access.trust(roots(&[2]), at(10)), [(peer(7), Ended::Revoked)]);
    assert_eq!(ask(&mut access, &policy(7, 100), 7, 10), Err(Refusal::WrongRoot));
    assert!(access.admitted(&peer(8), at(10)).is_some());
}

#[test]
fn lists_of_root_keys_that_are_not_trusted_do_not_count() {
    let mut revocations = Revocations::default();
    revocations.apply(list(1, &[7]), &roots(&[1])).unwrap();
    let mut access = Access::new(roots(&[2]), revocations);
    ask(&mut access, &signed(2, CredentialKind::Policy, 7, 100, "r"), 7, 10).unwrap();
    access.trust(roots(&[1, 2]), at(10));
    access.revoke(list(1, &[7]), at(10)).unwrap();
    access.trust(roots(&[2]), at(10));
    ask(&mut access, &signed(2, CredentialKind::Policy, 7, 100, "r"), 7, 10).unwrap();
}

#[test]
fn tries_and_peers_are_limited_before_a_nonce_is_spent() {
    let rate = |burst| Rate { burst, per_minute: 1 };
    let tries = AdmissionTries::new(rate(2), rate(100));
    let mut access = access().with_limits(Peers::new(1, Duration::from_mins(1)), tries);
    let admitted = ask(&mut access, &policy(7, 1000), 7, 10).unwrap();
    assert_eq!(admitted.expires_at, time(70), "no longer than the longest admission");
    assert!(ask(&mut access, &policy(7, 1000), 7, 10).is_ok());
    assert_eq!(ask(&mut access, &policy(7, 1000), 7, 10), Err(Refusal::TooManyTries));
    let one_time = signed(1, CredentialKind::OneTime, 8, 1000, "r");
    assert_eq!(ask(&mut access, &one_time, 8, 10), Err(Refusal::TooManyPeers));
    assert!(begin(&mut access, &one_time, 8, 70).unwrap().nonce().is_some());
}

#[test]
fn what_the_program_blocks_ends_at_once_and_stays_out() {
    let mut access = access();
    for number in [7, 8] {
        ask(&mut access, &policy(number, 100), number, 10).unwrap();
    }
    assert_eq!(access.block([peer(7)], [], at(10)), [(peer(7), Ended::Revoked)]);
    assert_eq!(access.block([], [policy(8, 100).fingerprint()], at(10)), [(peer(8), Ended::Revoked)]);
    access.revoke(list(1, &[]), at(10)).unwrap();
    for number in [7, 8] {
        assert_eq!(ask(&mut access, &policy(number, 100), number, 10), Err(Refusal::Revoked));
    }
    assert!(ask(&mut access, &policy(8, 101), 8, 10).is_ok(), "another credential");
}

#[test]
fn other_tries_are_counted_with_those_of_admission() {
    let rate = |burst| Rate { burst, per_minute: 1 };
    let tries = AdmissionTries::new(rate(2), rate(100));
    let mut access = access().with_limits(Peers::default(), tries);
    assert!(access.allow_try(peer(7), None, at(10)));
    assert!(ask(&mut access, &policy(7, 100), 7, 10).is_ok());
    assert!(!access.allow_try(peer(7), None, at(10)));
}
