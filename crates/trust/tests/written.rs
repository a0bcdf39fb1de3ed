//! What we write into files is what `__test__/interop/trust/written.json` has, which the interop tests give to Python.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use std::path::Path;

use aster_testkit::{hex, vectors};
use aster_trust::credential::Credential;
use aster_trust::identity::{Identity, PublishedService};
use aster_trust::key::{EndpointId, NodeKey, RootKey};
use aster_trust::mesh::state_file::MeshState;
use aster_trust::mesh::{Salt, Topic};
use serde_json::{Value, json};

/// The seed of the peer of `credentials.json`.
const NODE_SEED: &str = "9db7cda76812814cefc5bc71894e2cb78c055887863f8f151c6cad77d4776e20";

fn written() -> Value {
    let file = vectors::load("credentials");
    let root = RootKey::from_seed(&hex::decode(vectors::text(&file, "root_seed_hex")).try_into().unwrap());
    let node = NodeKey::from_seed(&hex::decode(NODE_SEED).try_into().unwrap());
    assert_eq!(node.public_key().to_string(), vectors::text(&file, "peer"));
    let mut identity = Identity::default();
    identity.set_node_key(&node).unwrap();
    let mut credentials = Vec::new();
    let sets = ["no attributes", "one role", "values with quotes and backslashes", "control characters"];
    for case in vectors::list(&file, "cases") {
        let name = vectors::text(case, "name");
        let (kind, set) = name.split_once(": ").unwrap_or_default();
        if !sets.contains(&set) || kind.ends_with("unbound") {
            continue;
        }
        let text = vectors::text(case, "credential");
        let credential = if kind == "producer" {
            Credential::from_producer_json(text)
        } else {
            Credential::from_consumer_json(text)
        };
        let credential = credential.unwrap();
        identity.install(name, &credential).unwrap();
        credentials.push(json!({ "name": name, "kind": kind, "file": credential.to_file_json() }));
    }
    let echo = PublishedService {
        producer_token: Some("token".into()),
        contract_id: Some("ab".repeat(32)),
        service_name: Some("Echo".into()),
    };
    identity.set_published_service("Echo", &echo).unwrap();
    let id = |number| EndpointId::from_bytes([number; 32]);
    let salt = Salt::from_bytes([3; 32]);
    let state = MeshState {
        accepted_producers: [id(1), id(2)].into(),
        topic: Some(Topic::of(&root.public_key(), &salt)),
        salt: Some(salt),
        peer_offsets_ms: [(id(1), -5)].into(),
        drift_isolated: [id(2)].into(),
        last_heartbeat_epoch_ms: 6,
        mesh_joined_at_epoch_ms: 7,
        mesh_dead: false,
    };
    json!({
        "identity": *identity.to_toml(),
        "credentials": credentials,
        "root.key": *root.to_file(),
        "root.pub": root.public_key().to_file(),
        "node.key": *node.to_file(),
        "mesh_state.json": state.to_json(),
    })
}

#[test]
fn the_files_that_python_gets_are_the_ones_that_we_write() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../__test__/interop/trust/written.json");
    let text = format!("{:#}\n", written());
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(recorded == text, "{} has to be:\n{text}", path.display());
}
