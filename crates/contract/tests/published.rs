//! What a server published about a service, read back into types.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_contract::collection;
use aster_contract::published::{PublishedError, manifest_with_types};
use serde_json::{Value, json};

fn document() -> Value {
    json!({
        "name": "Shop", "version": 2, "scope": "shared", "modes": ["xlang"],
        "methods": [
            { "name": "find", "pattern": "unary", "request": { "message": 0 }, "response": { "message": 1 }, "idempotent": false, "timeoutMs": null },
            { "name": "paint", "pattern": "unary", "request": { "message": 3 }, "response": "int", "idempotent": false, "timeoutMs": null },
        ],
        "schema": { "roots": [], "types": [
            { "kind": "message", "tag": "shop/Ask", "namespace": "shop", "name": "Ask", "fields": [
                { "name": "id", "type": "int" },
                { "name": "note", "type": { "optional": "string" } },
                { "name": "words", "type": { "list": "string" } },
            ] },
            { "kind": "message", "tag": "shop/Order", "namespace": "shop", "name": "Order", "fields": [
                { "name": "lines", "type": { "optional": { "list": { "message": 2 } } } },
                { "name": "by_name", "type": { "map": ["string", { "message": 2 }] } },
                { "name": "marks", "type": { "set": "int" } },
                { "name": "raw", "type": "bytes" },
                { "name": "flag", "type": "bool" },
                { "name": "ratio", "type": "float" },
            ] },
            { "kind": "message", "tag": "shop/Line", "namespace": "shop", "name": "Line", "pythonModule": "shop.types", "fields": [
                { "name": "next", "type": { "optional": { "message": 2 } } },
            ] },
            { "kind": "message", "tag": "shop/Paint", "namespace": "shop", "name": "Paint", "fields": [
                { "name": "hue", "type": { "enum": 4 } },
            ] },
            { "kind": "enum", "tag": "shop/Hue", "namespace": "shop", "name": "Hue", "members": ["RED"] },
        ] },
    })
}

fn published() -> collection::Files {
    collection::files(&document().to_string()).unwrap()
}

#[test]
fn all_types_come_back_as_they_were_declared() {
    let files = published();
    let text = manifest_with_types(&files.contract_id, &files.entries).unwrap();
    let read: Value = serde_json::from_str(&text).unwrap();
    let types = read["types"].as_array().unwrap();
    let find = |tag: &str| types.iter().find(|it| it["tag"] == tag).unwrap_or_else(|| panic!("{tag}"));
    let line = types.iter().position(|it| it["tag"] == "shop/Line").unwrap();
    assert_eq!(find("shop/Ask")["fields"], document()["schema"]["types"][0]["fields"]);
    assert_eq!(
        find("shop/Order")["fields"],
        json!([
            { "name": "lines", "type": { "optional": { "list": { "message": line } } } },
            { "name": "by_name", "type": { "map": ["string", { "message": line }] } },
            { "name": "marks", "type": { "set": "int" } },
            { "name": "raw", "type": "bytes" },
            { "name": "flag", "type": "bool" },
            { "name": "ratio", "type": "float" },
        ])
    );
    let itself = json!([{ "name": "next", "type": { "optional": { "message": line } } }]);
    assert_eq!(
        (&find("shop/Line")["fields"], &find("shop/Line")["pythonModule"]),
        (&itself, &json!("shop.types"))
    );
    assert_eq!(find("shop/Paint")["fields"], json!([{ "name": "hue", "type": "any" }]));
    let exact: Vec<_> =
        read["methods"].as_array().unwrap().iter().map(|it| (&it["name"], &it["exact_types"])).collect();
    assert_eq!(exact, [(&json!("find"), &json!(true)), (&json!("paint"), &json!(false))]);
}

#[test]
fn files_that_are_not_those_of_the_contract_are_refused() {
    let files = published();
    let id = files.contract_id.as_str();
    let read = |entries: &[(String, Vec<u8>)]| manifest_with_types(id, entries);
    for missing in ["contract.bin", "manifest.json"] {
        let rest: Vec<_> = files.entries.iter().filter(|(name, _)| name != missing).cloned().collect();
        assert!(matches!(read(&rest), Err(PublishedError::Missing(name)) if name == missing), "{missing}");
    }
    for index in 0..files.entries.len() - 1 {
        let mut damaged = files.entries.clone();
        damaged[index].1[0] ^= 1;
        assert!(matches!(read(&damaged), Err(PublishedError::Hash(name)) if name == damaged[index].0));
    }
    let mut other = files.entries.clone();
    other.last_mut().unwrap().1 = br#"{"contract_id":"x","methods":[]}"#.to_vec();
    assert!(matches!(read(&other), Err(PublishedError::Manifest)));
    let mut unknown = document();
    unknown["methods"][0]["name"] = json!("other");
    let unknown = collection::files(&unknown.to_string()).unwrap();
    assert!(matches!(manifest_with_types(id, &unknown.entries), Err(PublishedError::Hash(_))));
    let renamed = String::from_utf8(files.manifest.clone()).unwrap().replace("\"find\"", "\"lost\"");
    other.last_mut().unwrap().1 = renamed.into_bytes();
    assert!(matches!(read(&other), Err(PublishedError::Manifest)));
}
