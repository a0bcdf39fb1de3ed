//! What the fuzz targets of trust do with their bytes; `replay.rs` gives them damaged seeds.
//!
//! Each target panics where a promise is broken: something read is not written and read again as the same, takes more
//! memory than its bytes allow, or lets somebody in that it should not.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a finding")]

use aster_trust::admission::{Gate, Policy, Presented};
use aster_trust::attributes::{MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES, Roles};
use aster_trust::capability::{MAX_ROLES, Requirement, may_call};
use aster_trust::credential::check::Verifier;
use aster_trust::credential::{Credential, CredentialKind};
use aster_trust::identity::{Identity, MAX_PEERS, Role};
use aster_trust::key::{EndpointId, NodeKey, RootKey, RootPublicKey};
use aster_trust::mesh::envelope::Envelope;
use aster_trust::mesh::state_file::MeshState;
use aster_trust::profile::Profiles;
use aster_trust::request::SigningRequest;
use aster_trust::revocation::{Applied, RevocationList, Revocations};
use aster_trust::roots::TrustedRoots;
use aster_trust::time::UnixTime;

/// The key whose credentials are among the seeds.
fn root() -> RootKey {
    RootKey::from_seed(&[1; 32])
}

fn peer() -> EndpointId {
    NodeKey::from_seed(&[7; 32]).public_key()
}

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// Credential documents in their three forms, and key files.
pub(crate) fn credential(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(credential) = Credential::from_consumer_json(text) {
        assert_ne!(credential.kind, CredentialKind::Producer);
        bounded(bytes, &credential);
        assert_eq!(Credential::from_consumer_json(&credential.to_wire_json()).as_ref(), Ok(&credential));
    }
    if let Ok(credential) = Credential::from_producer_json(text) {
        assert_eq!(credential.kind, CredentialKind::Producer);
        bounded(bytes, &credential);
        assert_eq!(Credential::from_producer_json(&credential.to_wire_json()).as_ref(), Ok(&credential));
    }
    if let Ok(credential) = Credential::from_file_json(text) {
        let file = credential.to_file_json();
        assert_eq!(Credential::from_file_json(&file).as_ref(), Ok(&credential));
    }
    if let Ok(key) = RootKey::from_file(text) {
        assert_eq!(RootKey::from_file(&key.to_file()).expect("a key").seed(), key.seed());
    }
    if let Ok(key) = NodeKey::from_file(text) {
        assert_eq!(NodeKey::from_file(&key.to_file()).expect("a key").seed(), key.seed());
    }
    if let Ok(key) = RootPublicKey::from_file(text) {
        assert_eq!(RootPublicKey::from_file(&key.to_file()), Ok(key));
    }
}

fn bounded(bytes: &[u8], credential: &Credential) {
    let size: usize = credential.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(size <= bytes.len() && size <= MAX_ATTRIBUTE_BYTES);
    assert!(credential.attributes.iter().len() <= MAX_ATTRIBUTES);
    assert!(credential.signing_bytes().len() <= 6 * bytes.len() + 256);
}

/// A document at both gates: only what the root has signed gets through.
pub(crate) fn decision(bytes: &[u8]) {
    let trusted = TrustedRoots::new([root().public_key()]).expect("a root");
    let none = Revocations::default();
    let policy = Policy { roots: &trusted, revocations: &none };
    let presented = std::str::from_utf8(bytes).map_or(Presented::Unreadable, Presented::Credential);
    for gate in [Gate::Consumer, Gate::Producer] {
        let pending = match policy.begin(gate, presented, &peer(), NOW) {
            Err(refusal) => {
                assert!(!refusal.code().is_empty() && !refusal.to_string().contains('\u{1b}'));
                continue;
            }
            Ok(pending) => pending,
        };
        let (kind, root) = (pending.candidate().kind, pending.candidate().root);
        assert_eq!(pending.nonce().is_some(), kind == CredentialKind::OneTime);
        let expires_at = pending.expires_at();
        assert_eq!(gate == Gate::Producer, kind == CredentialKind::Producer);
        assert!(trusted.contains(&root) && expires_at > NOW);
        let text = std::str::from_utf8(bytes).expect("it was read");
        let read = match gate {
            Gate::Consumer => Credential::from_consumer_json(text),
            Gate::Producer => Credential::from_producer_json(text),
        };
        let read = read.expect("it was admitted");
        let verifier = Verifier { roots: &trusted, peer: Some(&peer()), now: NOW, revocations: &none };
        assert_eq!(verifier.faults(&read), []);
        // The root key is deterministic: what it signed is what it would sign.
        let again = aster_trust::credential::Grant {
            kind,
            endpoint_id: read
                .endpoint_id
                .as_deref()
                .map(|id| EndpointId::from_hex(id).expect("bound to a node")),
            expires_at: read.expires_at,
            attributes: read.attributes.clone(),
        };
        if kind != CredentialKind::OneTime {
            assert_eq!(again.sign(&self::root()).ok(), Some(read), "forged");
        }
    }
}

/// Identity files, and files with profiles.
pub(crate) fn identity(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    profiles(text);
    let Ok(mut identity) = Identity::from_toml(text) else { return };
    assert!(identity.peers().count() <= MAX_PEERS);
    let again = Identity::from_toml(&identity.to_toml()).expect("what was read can be written");
    let seeds = |identity: &Identity| identity.node_key().map(|key| key.map(|key| key.seed()));
    assert_eq!(seeds(&again), seeds(&identity));
    assert_eq!(again.peers().count(), identity.peers().count());
    for (one, other) in identity.peers().zip(again.peers()) {
        assert_eq!((one.name(), one.role()), (other.name(), other.role()));
        assert_eq!(one.credential(), other.credential());
    }
    assert!(identity.as_credential().is_some() == (identity.peers().count() > 0));
    if identity.set_node_key(&NodeKey::from_seed(&[7; 32])).is_err() {
        return;
    }
    let grant = aster_trust::credential::Grant {
        kind: CredentialKind::Policy,
        endpoint_id: Some(peer()),
        expires_at: NOW,
        attributes: aster_trust::attributes::Attributes::default(),
    };
    let credential = grant.sign(&root()).expect("a credential");
    if identity.install("fuzz", &credential).is_ok() {
        let again = Identity::from_toml(&identity.to_toml()).expect("what was installed can be read");
        let entry = again.select(Some("fuzz"), Role::Consumer).expect("the entry");
        assert_eq!(entry.credential().expect("a credential"), credential);
        assert_eq!(again.node_key().expect("a key").expect("a key").public_key(), peer());
    }
}

fn profiles(text: &str) {
    let Ok(mut profiles) = Profiles::from_toml(text) else { return };
    let (active, names) = (profiles.active().to_owned(), profiles.names());
    if !names.iter().any(|name| name == "fuzz") {
        profiles.create("fuzz").expect("a new profile");
        profiles.set_root_public_key("fuzz", &root().public_key()).expect("a profile");
        let again = Profiles::from_toml(&profiles.to_toml()).expect("what was written can be read");
        assert_eq!(again.root_public_key("fuzz"), Some(root().public_key().to_string()));
        profiles.delete("fuzz").expect("a profile");
    }
    let again = Profiles::from_toml(&profiles.to_toml()).expect("what was written can be read");
    assert_eq!(again.names(), names);
    if names.contains(&active) {
        assert_eq!(again.active(), active);
    }
    for name in &names {
        assert_eq!(again.root_public_key(name), profiles.root_public_key(name));
        assert_eq!(again.members(name), profiles.members(name));
    }
}

/// Capability expressions.
pub(crate) fn capability(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let requirement = Requirement::from_json_or_nobody(text);
    assert!(!requirement.is_met_by(&Roles::default()), "somebody without roles gets in");
    let Ok(read) = Requirement::from_json(text) else {
        let all: String =
            text.chars().filter(|character| character.is_alphanumeric() || *character == ',').collect();
        assert!(!requirement.is_met_by(&Roles::of(&all)));
        return;
    };
    assert!((1..=MAX_ROLES).contains(&read.roles().len()));
    let holder = Roles::of(&read.roles().join(","));
    assert!(may_call(Some(&read), Some(&read), &holder), "{read}");
    let other = Roles::of("another role");
    assert!(read.roles().iter().any(|role| role == "another role") || !read.is_met_by(&other), "{read}");
}

/// Revocation lists.
pub(crate) fn revocation(bytes: &[u8]) {
    let Ok(list) = RevocationList::from_json(bytes) else { return };
    assert_eq!(RevocationList::from_json(list.to_json().as_bytes()).as_ref(), Ok(&list));
    let Ok(trusted) = TrustedRoots::new([*list.root()]) else { return };
    let mut lists = Revocations::default();
    assert_eq!(lists.apply(list.clone(), &trusted), Ok(Applied::InForce));
    assert_eq!(lists.apply(list.clone(), &trusted), Ok(Applied::Unchanged));
    assert!(list.endpoint_ids().all(|id| lists.revokes_endpoint(&id)));
    assert!(list.fingerprints().all(|print| lists.revokes_credential(&print)));
    if *list.root() == root().public_key() {
        let again = RevocationList::sign(
            &root(),
            list.sequence(),
            list.issued_at(),
            list.endpoint_ids(),
            list.fingerprints(),
        );
        assert_eq!(again, Ok(list), "forged");
    }
}

/// Messages of the mesh, its state file, and signing requests.
pub(crate) fn mesh(bytes: &[u8]) {
    if let Ok(message) = Envelope::from_json(bytes) {
        assert!(message.payload.len() <= bytes.len());
        assert_eq!(Envelope::from_json(message.to_json().as_bytes()).as_ref(), Ok(&message));
        if message.is_signed() && message.sender_id() == Some(peer()) {
            let key = NodeKey::from_seed(&[7; 32]);
            let again = Envelope::sign(message.kind, message.payload.clone(), message.epoch_ms, &key);
            assert_eq!(again, Ok(message), "forged");
        }
    }
    if let Ok(state) = MeshState::from_json(bytes) {
        assert_eq!(MeshState::from_json(state.to_json().as_bytes()), Ok(state));
    }
    if let Ok(request) = SigningRequest::from_json(bytes) {
        assert_eq!(SigningRequest::from_json(request.to_json().as_bytes()).as_ref(), Ok(&request));
    }
}
