//! What the reference signs and writes, byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_testkit::{hex, vectors};
use aster_trust::Signature;
use aster_trust::admission::{Gate, Policy, Presented};
use aster_trust::attributes::Attributes;
use aster_trust::credential::{Credential, CredentialKind};
use aster_trust::key::{EndpointId, NodeKey, RootKey, RootPublicKey};
use aster_trust::mesh::envelope::{Envelope, MessageKind};
use aster_trust::mesh::{Salt, Topic};
use aster_trust::nonce::{MemoryNonces, Nonce};
use aster_trust::refusal::Refusal;
use aster_trust::revocation::Revocations;
use aster_trust::roots::TrustedRoots;
use aster_trust::time::UnixTime;
use serde_json::Value;

fn seed(text: &str) -> [u8; 32] {
    hex::decode(text).try_into().unwrap()
}

fn attributes(value: &Value) -> Attributes {
    let pairs = value.as_object().unwrap().iter();
    Attributes::from_pairs(pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())))
        .unwrap()
}

/// A credential of the vectors, which also hold ones that no reader accepts.
fn credential(input: &Value) -> Credential {
    let kind = if vectors::text(input, "kind") == "producer" {
        CredentialKind::Producer
    } else {
        CredentialKind::from_word(vectors::text(input, "credential_type")).unwrap()
    };
    Credential {
        kind,
        root: RootPublicKey::from_hex(vectors::text(input, "root_pubkey")).unwrap(),
        expires_at: UnixTime::from_seconds(input["expires_at"].as_u64().unwrap()),
        attributes: attributes(&input["attributes"]),
        endpoint_id: input["endpoint_id"].as_str().map(str::to_owned),
        nonce: input["nonce"].as_str().map(|nonce| Nonce::from_bytes(seed(nonce))),
        signature: None,
    }
}

#[test]
fn signing_bytes_and_signatures_are_those_of_the_reference() {
    let file = vectors::load("signing");
    let root = RootKey::from_seed(&seed(vectors::text(&file, "seed_hex")));
    assert_eq!(root.public_key().to_string(), vectors::text(&file, "public_key_hex"));
    let mut signed = 0;
    for case in vectors::list(&file, "cases") {
        let name = vectors::text(case, "name");
        if let Some(expected) = case["signing_hex"].as_str() {
            let mut credential = credential(&case["input"]);
            assert_eq!(hex::encode(&credential.signing_bytes()), expected, "{name}");
            credential.signature = Signature::from_hex(vectors::text(case, "signature"));
            let roots = TrustedRoots::new([root.public_key()]).unwrap();
            let verifier = aster_trust::credential::check::Verifier {
                roots: &roots,
                peer: None,
                now: UnixTime::from_seconds(0),
                revocations: &Revocations::default(),
            };
            assert!(!verifier.faults(&credential).contains(&Refusal::BadSignature), "{name}");
            signed += 1;
        } else {
            // What the reference cannot encode cannot be read here either.
            let input = case["input"].as_object().unwrap();
            let renamed = |(name, value): (&String, &Value)| {
                (if name == "credential_type" { "type" } else { name.as_str() }.to_owned(), value.clone())
            };
            let mut document: serde_json::Map<String, Value> = input.iter().map(renamed).collect();
            document.entry("type").or_insert_with(|| "producer".into());
            let text = Value::Object(document).to_string();
            assert!(Credential::from_file_json(&text).is_err(), "{name}");
        }
    }
    assert!(signed >= 12, "{signed}");
    for case in vectors::list(&file, "canonical_json") {
        let credential = Credential {
            kind: CredentialKind::Producer,
            root: root.public_key(),
            expires_at: UnixTime::from_seconds(0),
            attributes: attributes(&case["input"]),
            endpoint_id: None,
            nonce: None,
            signature: None,
        };
        let bytes = credential.signing_bytes();
        assert_eq!(std::str::from_utf8(&bytes[40..]).unwrap(), vectors::text(case, "output"));
    }
}

/// The file has no documents of producers: they are put together from the signed bytes.
fn producer_document(case: &Value) -> String {
    let signed = vectors::bytes(case, "signing_hex");
    let endpoint_id = std::str::from_utf8(&signed[..64]).unwrap();
    let expires_at = u64::from_be_bytes(signed[96..104].try_into().unwrap());
    let attributes = std::str::from_utf8(&signed[104..]).unwrap();
    let (root, signature) = (vectors::text(case, "root_pubkey"), vectors::text(case, "signature"));
    format!(
        r#"{{"endpoint_id":"{endpoint_id}","root_pubkey":"{root}","expires_at":{expires_at},"attributes":{attributes},"signature":"{signature}"}}"#
    )
}

#[test]
fn credentials_of_the_reference_are_read_verified_and_written_back() {
    let file = vectors::load("wheel-credentials");
    let (mut consumers, mut producers) = (0, 0);
    for case in vectors::list(&file, "cases") {
        let name = vectors::text(case, "name");
        let (gate, text) = if let Some(text) = case["credential_json"].as_str() {
            consumers += 1;
            (Gate::Consumer, text.to_owned())
        } else {
            producers += 1;
            (Gate::Producer, producer_document(case))
        };
        let text = text.as_str();
        let credential = match gate {
            Gate::Consumer => Credential::from_consumer_json(text).unwrap(),
            Gate::Producer => Credential::from_producer_json(text).unwrap(),
        };
        if gate == Gate::Consumer {
            assert_eq!(credential.to_wire_json(), text, "{name}");
        }
        assert_eq!(
            Credential::from_file_json(&credential.to_file_json()).as_ref(),
            Ok(&credential),
            "{name}"
        );
        assert_eq!(hex::encode(&credential.signing_bytes()), vectors::text(case, "signing_hex"), "{name}");
        assert_eq!(credential.signature.unwrap().to_string(), vectors::text(case, "signature"), "{name}");
        let root = RootKey::from_seed(&seed(vectors::text(case, "root_seed_hex")));
        assert_eq!(root.public_key().to_string(), vectors::text(case, "root_pubkey"), "{name}");
        let roots = TrustedRoots::new([root.public_key()]).unwrap();
        let policy = Policy { roots: &roots, revocations: &Revocations::default() };
        let bound = credential.endpoint_id.as_deref().and_then(EndpointId::from_hex);
        let peer = bound.unwrap_or(EndpointId::from_bytes([7; 32]));
        let now = UnixTime::from_seconds(1_800_000_000);
        let decide = |now| {
            policy.decide(gate, Presented::Credential(text), &peer, now, Some(&MemoryNonces::default()))
        };
        let iid = credential.attributes.get("aster.iid_provider").is_some();
        match decide(now) {
            Ok(admitted) => {
                assert_eq!((&admitted.attributes, iid), (&credential.attributes, false), "{name}");
            }
            Err(refusal) => assert_eq!((refusal, iid), (Refusal::CloudIdentity, true), "{name}"),
        }
        assert_eq!(decide(credential.expires_at).unwrap_err().code(), "EXPIRED", "{name}");
    }
    assert!(consumers >= 5 && producers >= 1, "{consumers} {producers}");
}

/// The seeds of the recordings are hashes of words, which tests of the reference tell; the public keys are in the file.
#[test]
fn recorded_admissions_are_decided_alike() {
    let file = vectors::load("wheel-admission");
    let alice =
        EndpointId::from_hex("66cb9b757d21e94921af52c10c08b129a1a7b62a1faa6ca039d4b6da566e7d7c").unwrap();
    let acme =
        RootPublicKey::from_hex("006517ea4b4217baf8c5c0f86bd456a39e8e1c677ace2694ef9f392b72cf0660").unwrap();
    let roots = TrustedRoots::new([acme]).unwrap();
    let policy = Policy { roots: &roots, revocations: &Revocations::default() };
    let nonces = MemoryNonces::default();
    let mut reasons = Vec::new();
    for case in vectors::list(&file, "cases") {
        let name = vectors::text(case, "name");
        let request: Option<Value> =
            case["request_text"].as_str().and_then(|text| serde_json::from_str(text).ok());
        let presented = match request.as_ref().and_then(|request| request["credential_json"].as_str()) {
            Some(text) => Presented::Credential(text),
            None => Presented::Unreadable,
        };
        let is_open = name.starts_with("open gate");
        if is_open && matches!(presented, Presented::Credential("")) {
            continue;
        }
        let is_consumer = vectors::text(case, "alpn") == "aster.consumer_admission";
        let gate = if is_consumer { Gate::Consumer } else { Gate::Producer };
        let now = UnixTime::from_seconds(1_800_000_000);
        let store: Option<&dyn aster_trust::nonce::NonceStore> = if is_open { None } else { Some(&nonces) };
        let decision = policy.decide(gate, presented, &alice, now, store);
        assert_eq!(decision.is_ok(), case["admitted"] == true, "{name}: {decision:?}");
        reasons.extend(decision.err().map(|refusal| (name.to_owned(), refusal.code())));
    }
    let reason = |name: &str| reasons.iter().find(|(case, _)| case == name).map(|(_, code)| *code);
    for (name, code) in [
        ("open gate, ott credential", "NO_NONCE_STORE"),
        ("request without credential_json", "UNREADABLE_REQUEST"),
        ("gated, no credential", "NO_CREDENTIAL"),
        ("gated, wrong root", "WRONG_ROOT"),
        ("gated, bad signature", "BAD_SIGNATURE"),
        ("gated, bound to another node", "WRONG_PEER"),
        ("gated, junk credential", "MALFORMED"),
        ("gated, ott without nonce", "NONCE_MISSING"),
        ("gated, endpoint id upper case", "WRONG_PEER"),
        ("gated, gcp IID", "CLOUD_IDENTITY"),
        ("producer, bare credential", "UNREADABLE_REQUEST"),
    ] {
        assert_eq!(reason(name), Some(code), "{name}");
    }
}

#[test]
fn topics_and_messages_of_the_mesh_are_those_of_the_reference() {
    let file = vectors::load("mesh");
    let wheel = vectors::load("wheel-registry-mesh");
    let recorded = vectors::list(&wheel, "cases").iter().filter(|case| case["topic"].is_string());
    let mut topics = 0;
    for case in vectors::list(&file, "topics").iter().chain(recorded) {
        let root = RootPublicKey::from_hex(vectors::text(case, "root_pubkey")).unwrap();
        let salt = hex::decode(vectors::text(case, "salt"));
        let topic = Topic::with_salt_bytes(&root, &salt);
        assert_eq!(topic.to_string(), vectors::text(case, "topic"));
        if let Some(salt) = Salt::from_hex(vectors::text(case, "salt")) {
            assert_eq!(Topic::of(&root, &salt), topic);
        }
        topics += 1;
    }
    assert_eq!(topics, 4);
    let key = NodeKey::from_seed(&seed(vectors::text(&file, "seed_hex")));
    for case in vectors::list(&file, "messages") {
        let kind = MessageKind::from_number(case["type"].as_u64().unwrap() as u8);
        let payload = hex::decode(vectors::text(case, "payload_hex"));
        let message = Envelope::sign(kind, payload, case["epoch_ms"].as_u64().unwrap(), &key).unwrap();
        assert_eq!(hex::encode(&message.signing_bytes()), vectors::text(case, "signing_hex"));
        assert_eq!(message.signature.to_string(), vectors::text(case, "signature"));
        assert_eq!(message.to_json(), vectors::text(case, "envelope"));
        assert_eq!(Envelope::from_json(message.to_json().as_bytes()), Ok(message));
    }
    let heartbeat = vectors::list(&wheel, "cases").iter().find(|case| case["envelope"].is_string()).unwrap();
    let text = vectors::text(heartbeat, "envelope");
    let message = Envelope::from_json(text.as_bytes()).unwrap();
    assert!(message.is_signed() && message.kind == MessageKind::LeaseUpdate);
    let node = NodeKey::from_seed(&seed(vectors::text(heartbeat, "node_seed_hex")));
    let again = Envelope::sign(message.kind, message.payload.clone(), message.epoch_ms, &node).unwrap();
    assert_eq!(again.to_json(), text);
}
