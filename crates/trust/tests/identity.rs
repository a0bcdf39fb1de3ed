//! Identity files: those of the reference's command line and runtime, ours, and damaged ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use std::time::Duration;

use aster_testkit::vectors;
use aster_trust::attributes::{Attributes, NAME, ROLE};
use aster_trust::credential::document::CredentialError;
use aster_trust::credential::{Credential, CredentialKind, Grant};
use aster_trust::identity::{Identity, IdentityError, MAX_FILE_BYTES, MAX_PEERS, PublishedService, Role};
use aster_trust::key::{NodeKey, RootKey};
use aster_trust::refusal::{MalformedDocument as Malformed, Refusal};
use aster_trust::request::{MAX_LIFETIME, RequestError, SigningRequest};
use aster_trust::time::UnixTime;

fn root() -> RootKey {
    RootKey::from_seed(&[1; 32])
}

fn node() -> NodeKey {
    NodeKey::from_seed(&[7; 32])
}

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    Attributes::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
        .unwrap()
}

fn signed(kind: CredentialKind, pairs: &[(&str, &str)]) -> Credential {
    let grant = Grant {
        kind,
        endpoint_id: Some(node().public_key()),
        expires_at: UnixTime::from_seconds(1_893_456_000),
        attributes: attributes(pairs),
    };
    grant.sign(&root()).unwrap()
}

fn with_node() -> Identity {
    let mut identity = Identity::default();
    identity.set_node_key(&node()).unwrap();
    identity
}

/// An entry as the reference's command line writes it, without the attributes that equal role and name.
fn entry_of_the_command_line(credential: &Credential, role: &str, name: &str) -> String {
    let stored = credential.attributes.iter().filter(|(attribute, value)| {
        (*attribute, *value) != (ROLE, role) && (*attribute, *value) != (NAME, name)
    });
    let stored: Vec<String> = stored.map(|(name, value)| format!("\"{name}\" = \"{value}\"")).collect();
    let attributes = match stored.len() {
        0 => String::new(),
        _ => format!("attributes = {{ {} }}\n", stored.join(", ")),
    };
    let nonce = credential.nonce.as_ref().map(|nonce| format!("nonce = \"{}\"\n", nonce.to_hex()));
    let kind = if credential.kind == CredentialKind::OneTime { "ott" } else { "policy" };
    format!(
        "[[peers]]\nname = \"{name}\"\nrole = \"{role}\"\ntype = \"{kind}\"\nroot_pubkey = \"{}\"\nendpoint_id = \"{}\"\nexpires_at = {}\n{}signature = \"{}\"\n{attributes}\n",
        credential.root,
        credential.endpoint_id.as_deref().unwrap(),
        credential.expires_at,
        nonce.unwrap_or_default(),
        credential.signature.unwrap(),
    )
}

#[test]
fn attributes_that_the_command_line_leaves_out_are_found_again() {
    for pairs in [
        &[][..],
        &[(ROLE, "consumer")],
        &[(ROLE, "ops.status"), (NAME, "edge")],
        &[(ROLE, "consumer"), (NAME, "edge")],
        &[(NAME, "edge")],
        &[("zone", "eu"), (ROLE, "consumer")],
        &[(ROLE, "a,b"), (NAME, "other")],
    ] {
        let credential = signed(CredentialKind::Policy, pairs);
        let text = entry_of_the_command_line(&credential, "consumer", "edge");
        let identity = Identity::from_toml(&text).unwrap();
        let read = identity.as_credential().unwrap().credential().unwrap();
        assert_eq!(read.signing_bytes(), credential.signing_bytes(), "{text}");
        assert_eq!(read.signature, credential.signature);
    }
    let producer = signed(CredentialKind::Producer, &[(ROLE, "producer"), (NAME, "p")]);
    let text = entry_of_the_command_line(&producer, "producer", "p");
    let identity = Identity::from_toml(&text).unwrap();
    let read = identity.select(None, Role::Producer).unwrap().credential().unwrap();
    assert_eq!(read.signing_bytes(), producer.signing_bytes());
}

#[test]
fn a_credential_whose_signature_never_fits_keeps_the_attributes_that_are_written() {
    let mut credential = signed(CredentialKind::Policy, &[("zone", "eu")]);
    credential.expires_at = UnixTime::from_seconds(5);
    let text = entry_of_the_command_line(&credential, "consumer", "edge");
    let identity = Identity::from_toml(&text).unwrap();
    assert_eq!(identity.as_credential().unwrap().credential().unwrap(), credential);
}

#[test]
fn what_is_installed_is_read_as_the_same() {
    let mut identity = with_node();
    let all = [
        ("p", signed(CredentialKind::Producer, &[(ROLE, "producer")])),
        ("c", signed(CredentialKind::Policy, &[(ROLE, "a,b"), ("quote\"", "line\nend\\ é")])),
        ("o", signed(CredentialKind::OneTime, &[])),
    ];
    for (name, credential) in &all {
        identity.install(name, credential).unwrap();
    }
    let text = identity.to_toml();
    assert!(text.starts_with('#'), "the reference tells the file from JSON by its first character");
    let again = Identity::from_toml(&text).unwrap();
    assert_eq!(*again.to_toml(), *text);
    assert_eq!(again.node_key().unwrap().unwrap().public_key(), node().public_key());
    for (name, credential) in &all {
        let entry = again.select(Some(name), Role::Consumer).unwrap();
        let read = entry.credential().unwrap();
        assert_eq!(read.signing_bytes(), credential.signing_bytes(), "{name}");
        assert_eq!((read.kind, read.signature), (credential.kind, credential.signature), "{name}");
    }
    let roles: Vec<_> = again.peers().map(|entry| (entry.name().unwrap(), entry.role().unwrap())).collect();
    assert_eq!(roles, [("p", "producer"), ("c", "consumer"), ("o", "consumer")]);
    assert_eq!(again.as_credential().unwrap().name(), Some("c"));
    assert_eq!(again.select(None, Role::Producer).unwrap().name(), Some("p"));
    assert!(again.select(Some("x"), Role::Consumer).is_none());
}

#[test]
fn writing_keeps_what_was_there() {
    let text = "# mine\n[node]\nextra = 1 # kept\n\n[[peers]]\nname = \"old\"\nnote = \"kept\"\n\n[[peers]]\nname = \"c\"\n\n[published_services.Echo]\nproducer_token = \"t\"\ncontract_id = \"i\"\nservice_name = \"Echo\"\n\n[other]\nx = 1\n";
    let mut identity = Identity::from_toml(text).unwrap();
    assert!(identity.node_key().unwrap().is_none());
    let credential = signed(CredentialKind::Policy, &[]);
    assert_eq!(identity.install("c", &credential), Err(IdentityError::NoSecretKey));
    identity.set_node_key(&node()).unwrap();
    identity.install("c", &credential).unwrap();
    let echo = PublishedService {
        producer_token: Some("t".into()),
        contract_id: Some("i".into()),
        service_name: Some("Echo".into()),
    };
    assert_eq!(identity.published_service("Echo"), Some(echo.clone()));
    assert_eq!(identity.published_service("Other"), None);
    identity
        .set_published_service("Other", &PublishedService { producer_token: None, ..echo.clone() })
        .unwrap();
    let written = identity.to_toml();
    for kept in
        ["# mine", "extra = 1 # kept", "note = \"kept\"", "[other]\nx = 1", "[published_services.Other]"]
    {
        assert!(written.contains(kept), "{kept}\n{}", *written);
    }
    let again = Identity::from_toml(&written).unwrap();
    assert_eq!(again.peers().map(|entry| entry.name().unwrap()).collect::<Vec<_>>(), ["old", "c"]);
    assert_eq!(again.published_service("Other"), Some(PublishedService { producer_token: None, ..echo }));
    assert_eq!(again.published_service("Echo"), identity.published_service("Echo"));
}

#[test]
fn a_list_of_inline_tables_is_one_of_entries() {
    let mut identity = Identity::from_toml("peers = [{ name = \"a\" }, { name = \"b\" }]\n").unwrap();
    assert_eq!(identity.peers().count(), 2);
    identity.set_node_key(&node()).unwrap();
    identity.install("c", &signed(CredentialKind::Policy, &[])).unwrap();
    let again = Identity::from_toml(&identity.to_toml()).unwrap();
    assert_eq!(again.peers().map(|entry| entry.name().unwrap()).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn only_signed_credentials_of_this_node_are_installed() {
    let mut identity = with_node();
    let credential = signed(CredentialKind::Policy, &[]);
    let other = Grant {
        kind: CredentialKind::Policy,
        endpoint_id: Some(NodeKey::from_seed(&[8; 32]).public_key()),
        expires_at: UnixTime::from_seconds(9),
        attributes: Attributes::default(),
    };
    let other = other.sign(&root()).unwrap();
    assert_eq!(identity.install("x", &other), Err(IdentityError::OtherNode));
    let unsigned = Credential { signature: None, ..credential.clone() };
    assert_eq!(identity.install("x", &unsigned), Err(IdentityError::Unusable(Refusal::BadSignature)));
    let changed = Credential { expires_at: UnixTime::from_seconds(9), ..credential.clone() };
    assert_eq!(identity.install("x", &changed), Err(IdentityError::Unusable(Refusal::BadSignature)));
    assert_eq!(identity.peers().count(), 0);
    for number in 0..MAX_PEERS {
        identity.install(&number.to_string(), &credential).unwrap();
    }
    let full = IdentityError::Malformed(Malformed::TooMany { member: "peers", limit: MAX_PEERS });
    assert_eq!(identity.install("x", &credential), Err(full));
    identity.install("0", &credential).unwrap();
    assert_eq!(Identity::from_toml(&identity.to_toml()).unwrap().peers().count(), MAX_PEERS);
    let more = format!("{}\n[[peers]]\n", *identity.to_toml());
    assert_eq!(Identity::from_toml(&more).err(), Some(full));
}

#[test]
fn damaged_files_are_refused() {
    let read = |text: &str| Identity::from_toml(text).err();
    assert_eq!(read("[node"), Some(IdentityError::Malformed(Malformed::Toml)));
    for text in ["peers = 1", "peers = [1]", "[peers]\nname = 1"] {
        assert_eq!(read(text), Some(IdentityError::Malformed(Malformed::Member("peers"))), "{text}");
    }
    let padded = |bytes: usize| format!("#{}", " ".repeat(bytes - 1));
    assert_eq!(read(&padded(MAX_FILE_BYTES)), None);
    let too_large = Malformed::TooLarge { bytes: MAX_FILE_BYTES + 1, limit: MAX_FILE_BYTES };
    assert_eq!(read(&padded(MAX_FILE_BYTES + 1)), Some(IdentityError::Malformed(too_large)));
    for secret in ["1", "\"\"", "\"AAAA\"", "\"not base64\""] {
        let identity = Identity::from_toml(&format!("[node]\nsecret_key = {secret}\n")).unwrap();
        assert_eq!(identity.node_key().err(), Some(IdentityError::SecretKey), "{secret}");
    }
    let mut odd = Identity::from_toml("node = 1\npublished_services = 1\n").unwrap();
    assert_eq!(odd.set_node_key(&node()), Err(IdentityError::Malformed(Malformed::Member("node"))));
    let published = odd.set_published_service("x", &PublishedService::default());
    assert_eq!(published, Err(IdentityError::Malformed(Malformed::Member("published_services"))));
}

#[test]
fn damaged_entries_are_refused() {
    let credential = signed(CredentialKind::Policy, &[("a", "b")]);
    let text = entry_of_the_command_line(&credential, "consumer", "edge");
    let read = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        Identity::from_toml(&changed).unwrap().as_credential().unwrap().credential().err().unwrap()
    };
    let malformed = |malformed| IdentityError::Credential(CredentialError::Malformed(malformed));
    assert_eq!(read("\"policy\"", "\"zap\""), IdentityError::Credential(CredentialError::UnknownType));
    assert_eq!(read("\"policy\"", "\"producer\""), IdentityError::Credential(CredentialError::UnknownType));
    assert_eq!(read("expires_at = 1893456000\n", ""), malformed(Malformed::Missing("expires_at")));
    assert_eq!(read("= 1893456000", "= -1"), malformed(Malformed::Member("expires_at")));
    assert_eq!(
        read("= 1893456000", "= 2030-01-01"),
        IdentityError::Malformed(Malformed::Member("expires_at"))
    );
    assert_eq!(read("\"b\" }", "1 }"), IdentityError::Malformed(Malformed::Member("attributes")));
    assert_eq!(read("{ \"a\" = \"b\" }", "true"), IdentityError::Malformed(Malformed::Member("attributes")));
    let digits = Malformed::Hex { member: "root_pubkey", digits: 64 };
    assert_eq!(read("root_pubkey = \"", "root_pubkey = \"0"), malformed(digits));
}

#[test]
fn nothing_secret_is_shown() {
    let identity = with_node();
    let secret = identity.to_toml();
    let secret = secret.split('"').nth(1).unwrap();
    assert_eq!(secret.len(), 44);
    assert!(!format!("{identity:?}").contains(secret));
    assert_eq!(
        format!("{:?}", Identity::from_toml("[[peers]]\nname=\"n\"").unwrap().peers().next().unwrap()),
        "PeerEntry(Some(\"n\"))"
    );
}

#[test]
fn files_of_the_reference_are_read() {
    let file = vectors::load("wheel-trust-files");
    let root = aster_trust::key::RootPublicKey::from_file(vectors::text(&file, "root.pub")).unwrap();
    let key = RootKey::from_file(vectors::text(&file, "root.key")).unwrap();
    assert_eq!(key.public_key(), root);
    assert_eq!(*key.to_file(), vectors::text(&file, "root.key"));
    assert_eq!(root.to_file(), vectors::text(&file, "root.pub"));
    let mut seen = 0;
    for case in vectors::list(&file, "identities") {
        let (name, text) = (vectors::text(case, "name"), vectors::text(case, "text"));
        let identity = Identity::from_toml(text).unwrap();
        assert!(identity.node_key().unwrap().is_some(), "{name}");
        for entry in identity.peers() {
            let credential = entry.credential().unwrap();
            assert_eq!(credential.root, root, "{name}");
            let signed = Identity::from_toml(text).unwrap().install("again", &credential);
            // The command line writes no nonce for a one-time credential: nothing can make such a file right.
            assert_eq!(signed.is_ok(), entry.name() != Some("once"), "{name}: {signed:?}");
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen}");
    for case in vectors::list(&file, "credentials") {
        let text = vectors::text(case, "text");
        let credential = Credential::from_file_json(text).unwrap();
        assert_eq!(credential.to_file_json(), text, "{}", vectors::text(case, "name"));
        assert_eq!(credential.root, root);
    }
    let node = NodeKey::from_file(vectors::text(&file, "node.key")).unwrap();
    assert_eq!(*node.to_file(), vectors::text(&file, "node.key"));
}

fn request(kind: CredentialKind, name: &str, lifetime_s: u64) -> Result<SigningRequest, RequestError> {
    let lifetime = Duration::from_secs(lifetime_s);
    SigningRequest::new(kind, name, attributes(&[(ROLE, "a,b"), ("é", "\"")]), lifetime, &node())
}

#[test]
fn a_request_is_signed_offline_and_installed() {
    for kind in [CredentialKind::Producer, CredentialKind::Policy, CredentialKind::OneTime] {
        let request = request(kind, "edge", 3600).unwrap();
        let received = SigningRequest::from_json(request.to_json().as_bytes()).unwrap();
        assert_eq!(received, request);
        assert_eq!((received.kind(), received.name()), (kind, "edge"));
        assert_eq!(received.endpoint_id(), &node().public_key());
        assert_eq!((received.lifetime().as_secs(), received.attributes().get(ROLE)), (3600, Some("a,b")));
        let credential = received.sign(&root(), UnixTime::from_seconds(1000)).unwrap();
        assert_eq!(credential.expires_at, UnixTime::from_seconds(4600));
        let file = Credential::from_file_json(&credential.to_file_json()).unwrap();
        let mut identity = with_node();
        identity.install(received.name(), &file).unwrap();
        let installed = identity.select(Some("edge"), Role::Consumer).unwrap().credential().unwrap();
        assert_eq!(installed.signing_bytes(), credential.signing_bytes());
    }
}

#[test]
fn a_request_that_was_changed_or_copied_is_refused() {
    let text = request(CredentialKind::Policy, "edge", 3600).unwrap().to_json();
    let read = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        SigningRequest::from_json(changed.as_bytes()).unwrap_err()
    };
    let other = NodeKey::from_seed(&[8; 32]).public_key().to_string();
    for (from, to) in [
        ("a,b", "a,b,admin"),
        ("\"policy\"", "\"producer\""),
        ("3600", "3601"),
        ("\"edge\"", "\"edgy\""),
        (&node().public_key().to_string(), &other),
    ] {
        assert_eq!(read(from, to), RequestError::BadProof, "{from}");
    }
    assert_eq!(read("request\": 1", "request\": 2"), RequestError::Malformed(Malformed::Version(2)));
    assert_eq!(read("\"policy\"", "\"zap\""), RequestError::Malformed(Malformed::Member("type")));
    assert_eq!(read("proof", "prof"), RequestError::Malformed(Malformed::Missing("proof")));
    assert_eq!(read("attributes", "attr"), RequestError::Malformed(Malformed::Missing("attributes")));
    assert_eq!(read("3600", "0"), RequestError::Lifetime);
}

#[test]
fn requests_are_bounded() {
    let longest = MAX_LIFETIME.as_secs();
    let policy = CredentialKind::Policy;
    assert!(request(policy, "x", longest).is_ok() && request(policy, &"x".repeat(256), 1).is_ok());
    assert_eq!(request(policy, "x", longest + 1), Err(RequestError::Lifetime));
    assert_eq!(request(policy, "x", 0), Err(RequestError::Lifetime));
    assert_eq!(request(policy, "", 1), Err(RequestError::Name));
    assert_eq!(request(policy, &"x".repeat(257), 1), Err(RequestError::Name));
}
