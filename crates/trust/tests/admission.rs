//! The admission decision, step by step and as a whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/numbered.rs"]
mod numbered;

use aster_trust::admission::{Admitted, Gate, Pending, Policy, Presented};
use aster_trust::attributes::{Attributes, NOT_BEFORE, ROLE, Roles};
use aster_trust::credential::check::Verifier;
use aster_trust::credential::{Credential, CredentialKind, Grant};
use aster_trust::key::EndpointId;
use aster_trust::nonce::{Consumed, MemoryNonces, Nonce, NonceStore, NonceStoreError};
use aster_trust::refusal::Refusal;
use aster_trust::revocation::{RevocationList, Revocations};
use aster_trust::roots::TrustedRoots;
use aster_trust::time::UnixTime;
use numbered::{peer, root, roots, time};

const EXPIRY: u64 = 2000;

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    Attributes::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
        .unwrap()
}

fn signed(kind: CredentialKind, bound: Option<u8>, pairs: &[(&str, &str)]) -> Credential {
    let grant =
        Grant { kind, endpoint_id: bound.map(peer), expires_at: time(EXPIRY), attributes: attributes(pairs) };
    grant.sign(&root(1)).unwrap()
}

fn decide_by(
    credential: &Credential,
    trusted: &TrustedRoots,
    revocations: &Revocations,
    now: u64,
    nonces: Option<&dyn NonceStore>,
) -> Result<Admitted, Refusal> {
    let is_producer = credential.kind == CredentialKind::Producer;
    let gate = if is_producer { Gate::Producer } else { Gate::Consumer };
    let text = credential.to_wire_json();
    let policy = Policy { roots: trusted, revocations };
    policy.decide(gate, Presented::Credential(&text), &peer(7), time(now), nonces)
}

fn decide(credential: &Credential, now: u64) -> Result<Admitted, Refusal> {
    decide_by(credential, &roots(&[1]), &Revocations::default(), now, Some(&MemoryNonces::default()))
}

fn revoking(ids: &[EndpointId], credentials: &[&Credential]) -> Revocations {
    let prints = credentials.iter().map(|credential| credential.fingerprint());
    let list = RevocationList::sign(&root(1), 1, time(0), ids.iter().copied(), prints).unwrap();
    let mut revocations = Revocations::default();
    revocations.apply(list, &roots(&[1])).unwrap();
    revocations
}

const KINDS: [CredentialKind; 3] =
    [CredentialKind::Producer, CredentialKind::Policy, CredentialKind::OneTime];

#[test]
fn a_right_credential_admits_its_holder_with_what_it_says() {
    for kind in KINDS {
        let credential = signed(kind, Some(7), &[(ROLE, "b, a"), ("zone", "eu")]);
        let admitted = decide(&credential, EXPIRY - 1).unwrap();
        assert_eq!(
            admitted,
            Admitted {
                endpoint_id: peer(7),
                kind,
                root: root(1).public_key(),
                attributes: attributes(&[(ROLE, "b, a"), ("zone", "eu")]),
                roles: Roles::of("a,b"),
                expires_at: time(EXPIRY),
                fingerprint: credential.fingerprint(),
            }
        );
    }
    assert!(decide(&signed(CredentialKind::Policy, None, &[]), 1).is_ok());
    assert!(decide(&signed(CredentialKind::OneTime, None, &[]), 1).is_ok());
}

#[test]
fn every_fault_has_its_reason() {
    for kind in KINDS {
        let right = signed(kind, Some(7), &[]);
        assert_eq!(decide(&right, EXPIRY), Err(Refusal::Expired(time(EXPIRY))), "{kind}");
        assert_eq!(decide(&signed(kind, Some(8), &[]), 1), Err(Refusal::WrongPeer), "{kind}");
        let other = Credential { root: root(2).public_key(), ..right.clone() };
        assert_eq!(decide(&other, 1), Err(Refusal::WrongRoot), "{kind}");
        let unsigned = Credential { signature: None, ..right.clone() };
        assert_eq!(decide(&unsigned, 1), Err(Refusal::BadSignature), "{kind}");
        let longer = Credential { expires_at: time(EXPIRY + 1), ..right.clone() };
        assert_eq!(decide(&longer, 1), Err(Refusal::BadSignature), "{kind}");
        let more = Credential { attributes: attributes(&[(ROLE, "admin")]), ..right.clone() };
        assert_eq!(decide(&more, 1), Err(Refusal::BadSignature), "{kind}");
        let early = signed(kind, Some(7), &[(NOT_BEFORE, "1000")]);
        assert_eq!(decide(&early, 999), Err(Refusal::NotYetValid(time(1000))), "{kind}");
        assert!(decide(&early, 1000).is_ok(), "{kind}");
        let everything = [revoking(&[peer(7)], &[]), revoking(&[], &[&right])];
        for revocations in everything {
            let decision = decide_by(&right, &roots(&[1]), &revocations, 1, Some(&MemoryNonces::default()));
            assert_eq!(decision, Err(Refusal::Revoked), "{kind}");
        }
    }
    let unbound = Credential { endpoint_id: None, ..signed(CredentialKind::OneTime, Some(7), &[]) };
    assert_eq!(decide(&unbound, 1), Err(Refusal::BadSignature));
    let policy = signed(CredentialKind::Policy, None, &[]);
    let with_nonce = Credential { nonce: Some(Nonce::from_bytes([1; 32])), ..policy.clone() };
    assert_eq!(decide(&with_nonce, 1), Err(Refusal::NonceUnexpected));
    let one_time = Credential { kind: CredentialKind::OneTime, ..policy };
    assert_eq!(decide(&one_time, 1), Err(Refusal::NonceMissing));
}

#[test]
fn requests_without_a_credential_and_of_the_other_gate_are_refused() {
    let (trusted, none) = (roots(&[1]), Revocations::default());
    let policy = Policy { roots: &trusted, revocations: &none };
    let decide = |gate, presented| policy.decide(gate, presented, &peer(7), time(1), None);
    for gate in [Gate::Consumer, Gate::Producer] {
        assert_eq!(decide(gate, Presented::Unreadable), Err(Refusal::UnreadableRequest));
        assert_eq!(decide(gate, Presented::Credential("")), Err(Refusal::NoCredential));
        assert_eq!(decide(gate, Presented::Credential("{}")).unwrap_err().code(), "MALFORMED");
    }
    let producer = signed(CredentialKind::Producer, Some(7), &[]);
    let policy_one = signed(CredentialKind::Policy, Some(7), &[]);
    let text = producer.to_wire_json();
    assert_eq!(decide(Gate::Consumer, Presented::Credential(&text)).unwrap_err().code(), "MALFORMED");
    let text = policy_one.to_wire_json();
    assert_eq!(decide(Gate::Producer, Presented::Credential(&text)), Err(Refusal::BadSignature));
    let text = text.replace("policy", "producer");
    assert_eq!(decide(Gate::Consumer, Presented::Credential(&text)), Err(Refusal::UnknownType));
    let unbound = Credential { endpoint_id: None, ..producer };
    let verifier = Verifier { roots: &trusted, peer: Some(&peer(7)), now: time(1), revocations: &none };
    assert!(verifier.faults(&unbound).contains(&Refusal::WrongPeer));
}

#[test]
fn the_first_fault_is_told_and_an_inspection_tells_all() {
    let wrong = Credential { root: root(2).public_key(), ..signed(CredentialKind::Policy, Some(8), &[]) };
    assert_eq!(decide(&wrong, EXPIRY), Err(Refusal::WrongRoot));
    let (trusted, none) = (roots(&[1]), Revocations::default());
    let verifier = Verifier { roots: &trusted, peer: Some(&peer(7)), now: time(EXPIRY), revocations: &none };
    let expired = Refusal::Expired(time(EXPIRY));
    let all = [Refusal::WrongRoot, Refusal::BadSignature, expired, Refusal::WrongPeer];
    assert_eq!(verifier.faults(&wrong), all);
    let offline = Verifier { peer: None, now: time(1), ..verifier };
    assert_eq!(offline.faults(&signed(CredentialKind::Producer, Some(8), &[])), []);
}

#[test]
fn a_credential_bound_to_a_revoked_node_is_revoked_for_an_inspection_too() {
    let trusted = roots(&[1]);
    let revocations = revoking(&[peer(8)], &[]);
    let verifier = Verifier { roots: &trusted, peer: None, now: time(1), revocations: &revocations };
    assert_eq!(verifier.faults(&signed(CredentialKind::Policy, Some(8), &[])), [Refusal::Revoked]);
    assert_eq!(verifier.faults(&signed(CredentialKind::Policy, Some(7), &[])), []);
}

#[test]
fn a_beginning_that_is_no_time_is_refused() {
    for text in ["", "soon", "+5", "-5", " 5", "1e3", "99999999999999999999999"] {
        let mut credential = signed(CredentialKind::Policy, None, &[]);
        credential.attributes = attributes(&[(NOT_BEFORE, text)]);
        let trusted = roots(&[1]);
        let none = Revocations::default();
        let verifier = Verifier { roots: &trusted, peer: None, now: time(1), revocations: &none };
        assert!(verifier.faults(&credential).contains(&Refusal::NotBeforeUnreadable), "{text:?}");
    }
}

#[test]
fn a_one_time_credential_admits_once() {
    let nonces = MemoryNonces::default();
    let credential = signed(CredentialKind::OneTime, None, &[]);
    let decide = || decide_by(&credential, &roots(&[1]), &Revocations::default(), 1, Some(&nonces));
    assert!(decide().is_ok());
    assert_eq!(decide(), Err(Refusal::Replayed));
    let without = decide_by(&credential, &roots(&[1]), &Revocations::default(), 1, None);
    assert_eq!(without, Err(Refusal::NoNonceStore));
}

#[test]
fn a_refused_one_time_credential_stays_unused() {
    let nonces = MemoryNonces::default();
    let credential = signed(CredentialKind::OneTime, Some(7), &[(NOT_BEFORE, "1000")]);
    let decide = |now| decide_by(&credential, &roots(&[1]), &Revocations::default(), now, Some(&nonces));
    assert_eq!(decide(999), Err(Refusal::NotYetValid(time(1000))));
    assert!(decide(1000).is_ok());
}

#[test]
fn a_store_that_fails_refuses() {
    struct Broken;
    impl NonceStore for Broken {
        fn consume(&self, _: &Nonce, _: UnixTime, _: UnixTime) -> Result<Consumed, NonceStoreError> {
            Err(NonceStoreError::Failed("no disk".into()))
        }
    }
    let credential = signed(CredentialKind::OneTime, None, &[]);
    let decision = decide_by(&credential, &roots(&[1]), &Revocations::default(), 1, Some(&Broken));
    assert_eq!(decision, Err(Refusal::NonceStoreFailed));
}

fn pending(trusted: &TrustedRoots, credential: &Credential) -> Pending {
    let text = credential.to_wire_json();
    let policy = Policy { roots: trusted, revocations: &Revocations::default() };
    policy.begin(Gate::Consumer, Presented::Credential(&text), &peer(7), time(1)).unwrap()
}

#[test]
fn what_changes_while_a_nonce_is_consumed_counts() {
    let trusted = roots(&[1]);
    let none = Revocations::default();
    let policy = Policy { roots: &trusted, revocations: &none };
    let credential = signed(CredentialKind::OneTime, None, &[]);
    let waiting = || pending(&trusted, &credential);
    assert_eq!(waiting().nonce(), credential.nonce.as_ref());
    assert_eq!(waiting().candidate().fingerprint, credential.fingerprint());
    assert_eq!(waiting().expires_at(), time(EXPIRY));
    let (first, again) = (Some(&Ok(Consumed::First)), Some(&Ok(Consumed::Again)));
    assert!(waiting().settle(&policy, first, time(EXPIRY - 1)).is_ok());
    assert_eq!(waiting().settle(&policy, again, time(1)), Err(Refusal::Replayed));
    assert_eq!(waiting().settle(&policy, None, time(1)), Err(Refusal::NoNonceStore));
    let late = waiting().settle(&policy, first, time(EXPIRY));
    assert_eq!(late, Err(Refusal::Expired(time(EXPIRY))));
    for revocations in [revoking(&[peer(7)], &[]), revoking(&[], &[&credential])] {
        let policy = Policy { roots: &trusted, revocations: &revocations };
        assert_eq!(waiting().settle(&policy, first, time(1)), Err(Refusal::Revoked));
    }
    let other = roots(&[2]);
    let policy = Policy { roots: &other, revocations: &none };
    assert_eq!(waiting().settle(&policy, first, time(1)), Err(Refusal::WrongRoot));
}

#[test]
fn what_changes_while_the_program_is_asked_counts_for_every_credential() {
    let trusted = roots(&[1]);
    let none = Revocations::default();
    let policy = Policy { roots: &trusted, revocations: &none };
    let credential = signed(CredentialKind::Policy, Some(7), &[]);
    let waiting = || pending(&trusted, &credential);
    assert!(waiting().nonce().is_none());
    assert!(waiting().settle(&policy, None, time(1)).is_ok());
    assert_eq!(waiting().settle(&policy, None, time(EXPIRY)), Err(Refusal::Expired(time(EXPIRY))));
    let revocations = revoking(&[peer(7)], &[]);
    let revoked = Policy { roots: &trusted, revocations: &revocations };
    assert_eq!(waiting().settle(&revoked, None, time(1)), Err(Refusal::Revoked));
    let unasked = Some(&Ok(Consumed::First));
    let decision = waiting().settle(&policy, unasked, time(1));
    assert_eq!(decision, Err(Refusal::NonceStoreFailed), "an answer to no question");
}

#[test]
fn two_root_keys_count_side_by_side() {
    let credential = signed(CredentialKind::Policy, None, &[]);
    for (trusted, admitted) in [(roots(&[2, 1]), true), (roots(&[2]), false)] {
        let decision = decide_by(&credential, &trusted, &Revocations::default(), 1, None);
        assert_eq!(decision.is_ok(), admitted);
    }
}

#[test]
fn a_clock_that_jumps_ten_minutes_changes_only_what_the_time_decides() {
    let credential = signed(CredentialKind::Policy, Some(7), &[(NOT_BEFORE, "1000")]);
    let now = 1500;
    assert!(decide(&credential, now).is_ok());
    assert_eq!(decide(&credential, now + 600), Err(Refusal::Expired(time(EXPIRY))));
    assert_eq!(decide(&credential, now - 600), Err(Refusal::NotYetValid(time(1000))));
    assert!(decide(&credential, now).is_ok());
}

#[test]
fn reasons_have_different_words_and_tell_nothing_that_the_peer_sent() {
    let marker = "SECRET\u{1b}[31m";
    let text = format!(r#"{{"credential_type":"policy","root_pubkey":"{marker}","expires_at":"{marker}"}}"#);
    let trusted = roots(&[1]);
    let policy = Policy { roots: &trusted, revocations: &Revocations::default() };
    let decision = policy.decide(Gate::Consumer, Presented::Credential(&text), &peer(7), time(1), None);
    let shown = format!("{0} {0:?}", decision.unwrap_err());
    assert!(!shown.contains("SECRET") && !shown.contains('\u{1b}'), "{shown}");
}
