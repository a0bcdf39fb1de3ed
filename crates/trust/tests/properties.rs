//! Properties of credentials: every form keeps them, and nothing but a right one is admitted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_trust::admission::{Gate, Policy, Presented};
use aster_trust::attributes::Attributes;
use aster_trust::credential::{Credential, CredentialKind, Grant};
use aster_trust::identity::{Identity, Role};
use aster_trust::key::{NodeKey, RootKey};
use aster_trust::nonce::MemoryNonces;
use aster_trust::revocation::Revocations;
use aster_trust::roots::TrustedRoots;
use aster_trust::time::UnixTime;
use proptest::prelude::*;

fn root() -> RootKey {
    RootKey::from_seed(&[1; 32])
}

fn node() -> NodeKey {
    NodeKey::from_seed(&[7; 32])
}

fn kinds() -> impl Strategy<Value = CredentialKind> {
    prop_oneof![Just(CredentialKind::Producer), Just(CredentialKind::Policy), Just(CredentialKind::OneTime)]
}

fn credentials() -> impl Strategy<Value = Credential> {
    let pairs = prop::collection::vec((any::<String>(), any::<String>()), 0..6);
    (kinds(), any::<bool>(), 1_u64..i64::MAX as u64, pairs).prop_map(|(kind, bound, expires_at, pairs)| {
        let is_bound = bound || kind == CredentialKind::Producer;
        let grant = Grant {
            kind,
            endpoint_id: is_bound.then(|| node().public_key()),
            expires_at: UnixTime::from_seconds(expires_at),
            attributes: Attributes::from_pairs(pairs).unwrap(),
        };
        grant.sign(&root()).unwrap()
    })
}

fn is_admitted(text: &str, gate: Gate, now: u64) -> bool {
    let roots = TrustedRoots::new([root().public_key()]).unwrap();
    let policy = Policy { roots: &roots, revocations: &Revocations::default() };
    let (peer, now) = (node().public_key(), UnixTime::from_seconds(now));
    policy.decide(gate, Presented::Credential(text), &peer, now, Some(&MemoryNonces::default())).is_ok()
}

fn gate_of(credential: &Credential) -> Gate {
    if credential.kind == CredentialKind::Producer { Gate::Producer } else { Gate::Consumer }
}

fn read(text: &str, gate: Gate) -> Option<Credential> {
    match gate {
        Gate::Consumer => Credential::from_consumer_json(text).ok(),
        Gate::Producer => Credential::from_producer_json(text).ok(),
    }
}

proptest! {
    #[test]
    fn a_credential_survives_every_form(credential in credentials()) {
        let gate = gate_of(&credential);
        prop_assert_eq!(read(&credential.to_wire_json(), gate), Some(credential.clone()));
        prop_assert_eq!(Credential::from_file_json(&credential.to_file_json()), Ok(credential.clone()));
        let mut identity = Identity::default();
        identity.set_node_key(&node()).unwrap();
        identity.install("one", &credential).unwrap();
        let again = Identity::from_toml(&identity.to_toml()).unwrap();
        let installed = again.select(Some("one"), Role::Consumer).unwrap().credential().unwrap();
        prop_assert_eq!(installed.signing_bytes(), credential.signing_bytes());
        prop_assert_eq!(installed.fingerprint(), credential.fingerprint());
    }

    #[test]
    fn a_credential_admits_until_its_last_second(credential in credentials()) {
        let (text, gate, end) = (credential.to_wire_json(), gate_of(&credential), credential.expires_at.seconds());
        prop_assert!(is_admitted(&text, gate, end - 1));
        prop_assert!(!is_admitted(&text, gate, end));
    }

    #[test]
    fn a_changed_text_says_the_same_or_is_refused(
        credential in credentials(), at in any::<prop::sample::Index>(), to in "[ -~]",
    ) {
        let (mut text, gate) = (credential.to_wire_json(), gate_of(&credential));
        let at = at.index(text.len());
        text.replace_range(at..=at, &to);
        if is_admitted(&text, gate, 0) {
            prop_assert_eq!(read(&text, gate).unwrap().fingerprint(), credential.fingerprint());
        }
    }

    #[test]
    fn any_text_is_refused(text in any::<String>()) {
        prop_assert!(!is_admitted(&text, Gate::Consumer, 0) && !is_admitted(&text, Gate::Producer, 0));
    }
}
