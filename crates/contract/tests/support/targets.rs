//! The bodies of the fuzz targets of contracts. `replay.rs` runs them on damaged seeds.
//!
//! A target panics if an invariant is broken: an id is not the hash of the canonical bytes, a manifest is read as
//! another contract, a document differs from itself.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a finding")]

use std::fmt::Write as _;

use aster_contract::canonical::{MethodDef, ServiceContract, TypeDef};
use aster_contract::diff::{Comparison, diff};
use aster_contract::{describe, manifest};
use serde_json::Value;

/// The bytes as a service document: computes its identity and manifest and compares both.
pub(crate) fn service(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(description) = describe(text) else {
        assert!(manifest(text).is_err(), "a manifest of no service");
        return;
    };
    let Some(id) = description.contract_id else {
        assert!(description.problem.is_some() && description.canonical.is_empty());
        assert!(manifest(text).is_err(), "a manifest without an id");
        return;
    };
    assert_eq!(id, blake3::hash(&description.canonical).to_hex().as_str());
    let manifest = manifest(text).expect("what has an id has a manifest");
    let parsed: Value = serde_json::from_str(&manifest).expect("a manifest is JSON");
    assert_eq!(parsed["contract_id"], id);
    // A comparison parses the whole document. An unknown member may be a number that does not fit a double, and then
    // only the comparison refuses the document.
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return;
    };
    // Two Python classes can have the same tag, but the codec refuses that, so no service has it.
    if tags_are_unique(&document) {
        let same = diff(&manifest, text).expect("both are contracts");
        assert!(!same.breaking, "{}", same.text);
    }
    unchanged(text);
}

fn tags_are_unique(service: &Value) -> bool {
    let types = service["schema"]["types"].as_array().expect("types");
    let mut tags: Vec<String> = types.iter().map(|declared| declared["tag"].to_string()).collect();
    tags.sort();
    tags.windows(2).all(|pair| pair[0] != pair[1])
}

/// The bytes as an old and a new contract document, separated by a zero byte.
pub(crate) fn comparison(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (old, new) = text.split_once('\0').unwrap_or((text, text));
    for (old, new) in [(old, new), (new, old)] {
        if let Ok(found) = diff(old, new) {
            check_text_and_members_agree(&found);
            unchanged(old);
        }
    }
}

fn unchanged(document: &str) {
    let found = diff(document, document).expect("it was read before");
    assert!(!found.breaking, "{}", found.text);
    let changes = found.services.iter().map(|service| service.changes.len()).sum::<usize>();
    assert_eq!(changes, 0, "{}", found.text);
}

/// Checks that the text for people agrees with the members.
fn check_text_and_members_agree(found: &Comparison) {
    assert_eq!(found.breaking, found.services.iter().any(|service| service.breaking));
    assert!(serde_json::to_string(found).is_ok());
    assert!(!found.breaking || !found.text.is_empty());
}

/// The bytes as each JSON record that has a canonical encoding.
pub(crate) fn canonical(bytes: &[u8]) {
    if let Ok(mut declared) = serde_json::from_slice::<TypeDef>(bytes) {
        let first = declared.encode();
        assert_eq!(declared.encode(), first);
        let mut ids: Vec<i32> = declared.fields.iter().map(|field| field.id).collect();
        ids.sort_unstable();
        ids.dedup();
        declared.fields.reverse();
        assert!(ids.len() < declared.fields.len() || declared.encode() == first, "fields go by their ids");
        let mut renamed = declared.clone();
        let _ = renamed.name.write_char('x');
        assert_ne!(renamed.encode(), declared.encode(), "a name is part of it");
    }
    if let Ok(method) = serde_json::from_slice::<MethodDef>(bytes) {
        let other = MethodDef { idempotent: !method.idempotent, ..method.clone() };
        assert_ne!(method.encode(), other.encode());
    }
    if let Ok(contract) = serde_json::from_slice::<ServiceContract>(bytes) {
        let other = ServiceContract { version: contract.version.wrapping_add(1), ..contract.clone() };
        assert_ne!(contract.encode(), other.encode());
    }
}
