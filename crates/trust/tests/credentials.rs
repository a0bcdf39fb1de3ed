//! `conformance/vectors/credentials.json`: hundreds of credentials, right and wrong in each way, with the verdict of the
//! reference beside the expected one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use std::collections::BTreeMap;

use aster_testkit::{hex, vectors};
use aster_trust::admission::{Gate, Policy, Presented};
use aster_trust::credential::{Credential, Fingerprint};
use aster_trust::key::{EndpointId, RootKey, RootPublicKey};
use aster_trust::nonce::{Consumed, MemoryNonces, Nonce, NonceStore};
use aster_trust::refusal::Refusal;
use aster_trust::revocation::{RevocationList, Revocations};
use aster_trust::roots::TrustedRoots;
use aster_trust::time::UnixTime;
use serde_json::Value;

fn bytes(text: &str) -> [u8; 32] {
    hex::decode(text).try_into().unwrap()
}

struct Setting {
    root: RootKey,
    peer: EndpointId,
    now: UnixTime,
}

impl Setting {
    fn roots(&self, case: &Value) -> TrustedRoots {
        let keys: Vec<RootPublicKey> = match case["roots"].as_array() {
            Some(keys) => {
                keys.iter().map(|key| RootPublicKey::from_hex(key.as_str().unwrap()).unwrap()).collect()
            }
            None => vec![self.root.public_key()],
        };
        TrustedRoots::new(keys).unwrap()
    }

    fn revocations(&self, case: &Value, roots: &TrustedRoots) -> Revocations {
        let mut revocations = Revocations::default();
        let endpoints = case["revoke_endpoint"].as_str().and_then(EndpointId::from_hex);
        let prints: Option<Fingerprint> = case["revoke_itself"].as_bool().map(|_| {
            let text = vectors::text(case, "credential");
            let read = match gate(case) {
                Gate::Consumer => Credential::from_consumer_json(text),
                Gate::Producer => Credential::from_producer_json(text),
            };
            read.unwrap().fingerprint()
        });
        let list = RevocationList::sign(&self.root, 1, self.now, endpoints, prints).unwrap();
        revocations.apply(list, roots).unwrap();
        revocations
    }

    fn nonces(&self, case: &Value) -> MemoryNonces {
        let store = MemoryNonces::default();
        for nonce in case["consumed"].as_array().into_iter().flatten() {
            let nonce = Nonce::from_bytes(bytes(nonce.as_str().unwrap()));
            let far = UnixTime::from_seconds(u64::MAX);
            assert_eq!(store.consume(&nonce, far, self.now).unwrap(), Consumed::First);
        }
        store
    }
}

fn gate(case: &Value) -> Gate {
    if vectors::text(case, "gate") == "producer" { Gate::Producer } else { Gate::Consumer }
}

#[test]
fn each_credential_is_judged_as_expected_and_as_by_the_reference() {
    let file = vectors::load("credentials");
    let setting = Setting {
        root: RootKey::from_seed(&bytes(vectors::text(&file, "root_seed_hex"))),
        peer: EndpointId::from_hex(vectors::text(&file, "peer")).unwrap(),
        now: UnixTime::from_seconds(file["now"].as_u64().unwrap()),
    };
    assert_eq!(setting.root.public_key().to_string(), vectors::text(&file, "root_pubkey"));
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut judged, mut departures) = (0, 0);
    for case in vectors::list(&file, "cases") {
        let name = vectors::text(case, "name");
        let roots = setting.roots(case);
        let revocations = setting.revocations(case, &roots);
        let policy = Policy { roots: &roots, revocations: &revocations };
        let presented = Presented::Credential(vectors::text(case, "credential"));
        let nonces = setting.nonces(case);
        let decision = policy.decide(gate(case), presented, &setting.peer, setting.now, Some(&nonces));
        let verdict = decision.as_ref().map_or_else(|refusal| refusal.code(), |_| "ADMITTED");
        assert_eq!(verdict, vectors::text(case, "expected"), "{name}");
        *verdicts.entry(verdict).or_default() += 1;
        if case["departure"].is_string() {
            departures += 1;
        } else if let Some(wheel) = case["wheel"].as_str() {
            assert_eq!(wheel == "admitted", decision.is_ok(), "{name}: the reference says {wheel}");
            judged += 1;
        }
        if let Ok(admitted) = decision {
            assert_eq!(admitted.endpoint_id, setting.peer, "{name}");
            assert_eq!(admitted.roles, admitted.attributes.roles(), "{name}");
            let again = policy.decide(gate(case), presented, &setting.peer, setting.now, Some(&nonces));
            let once = admitted.kind.word() == "ott";
            assert_eq!(again.err().map(Refusal::code), once.then_some("REPLAYED"), "{name}");
        }
    }
    assert!(judged + departures >= 350 && judged > 8 * departures, "{judged} {departures}");
    assert!(verdicts.len() >= 15 && verdicts["ADMITTED"] > 100, "{verdicts:?}");
}
