//! The rules of evolution: the name of each change, the peers it breaks, and facts that documents do not contain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_contract::diff::{Change, Comparison, Verdict, Verdicts, diff};
use aster_contract::{ContractError, manifest};
use aster_testkit::vectors;
use serde_json::{Value, json};

fn item(fields: &Value) -> Value {
    json!({
        "kind": "message", "tag": "shop/Item", "namespace": "shop", "name": "Item",
        "fields": fields,
    })
}

fn service() -> Value {
    let nested = json!([{ "name": "sku", "type": "string", "default": false }]);
    let fields = json!([
        { "name": "id", "type": "int", "default": false },
        { "name": "lines", "type": { "list": { "message": 1 } }, "default": true },
    ]);
    let mut line = item(&nested);
    line["tag"] = json!("shop/Line");
    line["name"] = json!("Line");
    json!({
        "name": "Shop", "version": 1, "scope": "shared", "modes": ["xlang"],
        "methods": [
            { "name": "get", "pattern": "unary", "request": "string", "response": { "message": 0 } },
            { "name": "list", "pattern": "serverStream", "request": { "message": 0 }, "response": { "message": 1 } },
        ],
        "schema": { "types": [item(&fields), line], "roots": [] },
    })
}

fn compare(old: &Value, new: &Value) -> Comparison {
    diff(&old.to_string(), &new.to_string()).unwrap()
}

/// Edits the service and returns the only change that the comparison reports.
fn change(edit: impl Fn(&mut Value)) -> Change {
    let (old, mut new) = (service(), service());
    edit(&mut new);
    let mut compared = compare(&old, &new);
    assert_eq!(compared.services.len(), 1, "{}", compared.text);
    let changes = compared.services.remove(0).changes;
    assert_eq!(changes.len(), 1, "{}", compared.text);
    changes.into_iter().next().unwrap()
}

const FAILS: Verdicts = Verdicts { old_clients: Verdict::Fails, new_clients: Verdict::Fails };
const WORKS: Verdicts = Verdicts { old_clients: Verdict::Works, new_clients: Verdict::Works };

#[test]
fn equal_services_have_the_same_contract() {
    let compared = compare(&service(), &service());
    assert!(!compared.breaking);
    assert_eq!(compared.text, "Shop v1: the same contract\n");
}

#[test]
fn a_document_and_its_manifest_have_the_same_contract() {
    let text = manifest(&service().to_string()).unwrap();
    let compared = diff(&text, &service().to_string()).unwrap();
    assert_eq!(compared.text, "Shop v1: the same contract\n");
}

#[test]
fn added_removed_renamed_and_changed_methods_are_reported() {
    let added = change(|new| {
        let method = json!({ "name": "put", "pattern": "unary", "request": "string", "response": "string" });
        new["methods"].as_array_mut().unwrap().push(method);
    });
    assert_eq!((added.kind, added.path.as_str(), added.breaking), ("method_added", "put", true));
    assert_eq!(added.effects.stubs, FAILS);
    let calls = Verdicts { old_clients: Verdict::Works, new_clients: Verdict::Fails };
    assert_eq!(added.effects.xlang, calls);

    let removed = change(|new| drop(new["methods"].as_array_mut().unwrap().remove(0)));
    assert_eq!((removed.kind, removed.path.as_str()), ("method_removed", "get"));
    assert_eq!(removed.effects.xlang.new_clients, Verdict::Works);

    let renamed = change(|new| new["methods"][0]["name"] = json!("fetch"));
    assert_eq!((renamed.kind, renamed.path.as_str()), ("method_renamed", "get"));

    for (member, value, kind, calls) in [
        ("pattern", json!("clientStream"), "pattern_changed", FAILS),
        ("request", json!("int"), "request_changed", FAILS),
        ("response", json!({ "message": 1 }), "response_changed", FAILS),
        ("idempotent", json!(true), "idempotent_changed", WORKS),
        ("timeoutMs", json!(1500), "timeout_changed", WORKS),
    ] {
        let changed = change(|new| new["methods"][0][member] = value.clone());
        assert_eq!((changed.kind, changed.breaking, changed.effects.stubs), (kind, true, FAILS));
        assert_eq!(changed.effects.xlang, calls, "{kind}");
    }
}

#[test]
fn a_changed_extension_or_array_is_breaking_although_the_id_stays() {
    let with = |kind: Value, tag: &str| {
        let mut document = service();
        let types = document["schema"]["types"].as_array_mut().unwrap();
        types.push(json!({ "kind": "ext", "tag": tag, "namespace": "shop", "name": "X" }));
        types[0]["fields"][0]["type"] = kind;
        document
    };
    for (old, new, what) in [
        (
            with(json!({ "ext": 2 }), "shop/Money"),
            with(json!({ "ext": 2 }), "shop/Coin"),
            "from extension shop/Money to extension shop/Coin",
        ),
        (
            with(json!({ "list": { "array": "int32" } }), "shop/Money"),
            with(json!({ "list": { "array": "int64" } }), "shop/Money"),
            "from list of array of int32 to list of array of int64",
        ),
    ] {
        let compared = compare(&old, &new);
        assert!(compared.breaking && compared.text.contains(what), "{}", compared.text);
        let change = &compared.services[0].changes[0];
        assert_eq!((change.effects.stubs, change.effects.xlang), (FAILS, FAILS));
        assert!(!change.in_contract);
    }
}

#[test]
fn changed_options_of_a_message_are_reported_if_it_is_a_root() {
    let with = |member: &str, position: usize| {
        change(|service| service["schema"]["types"][position][member] = json!(true))
    };
    let tracking = with("refs", 0);
    assert_eq!((tracking.kind, tracking.breaking, tracking.in_contract), ("references_changed", true, false));
    assert_eq!(tracking.effects.xlang.old_clients, Verdict::Depends);
    let compatible = with("compatible", 0);
    assert_eq!((compatible.kind, compatible.breaking), ("compatible_changed", false));
    assert_eq!(compatible.effects.stubs, WORKS);
    assert_eq!(compatible.effects.xlang.old_clients, Verdict::Works);
}

#[test]
fn changes_of_the_service_itself_are_reported() {
    for (member, value, kind) in [
        ("version", json!(2), "version_changed"),
        ("scope", json!("session"), "scope_changed"),
        ("modes", json!(["xlang", "json"]), "modes_changed"),
    ] {
        let changed = change(|new| new[member] = value.clone());
        assert_eq!((changed.kind, changed.breaking), (kind, true));
    }
}

#[test]
fn a_new_version_beside_the_old_one_is_not_breaking() {
    let mut second = service();
    second["version"] = json!(2);
    let compared = compare(&json!([service()]), &json!([second, service()]));
    assert!(!compared.breaking, "{}", compared.text);
    let kinds: Vec<_> = compared.services.iter().map(|pair| pair.changes.len()).collect();
    assert_eq!(kinds, [0, 1]);
    let gone = compare(&json!([service(), second]), &json!([second]));
    assert!(gone.breaking);
    assert!(gone.text.contains("service removed"), "{}", gone.text);
}

#[test]
fn a_change_of_a_nested_message_names_every_method_that_uses_it() {
    let changed = change(|new| new["schema"]["types"][1]["fields"][0]["type"] = json!("bytes"));
    assert_eq!((changed.kind, changed.path.as_str()), ("field_type_changed", "shop/Line.sku"));
    assert_eq!(changed.methods, ["get (response)", "list (request and response)"]);
}

#[test]
fn adding_or_removing_optional_is_one_change() {
    let optional = |new: &mut Value| {
        new["schema"]["types"][1]["fields"][0]["type"] = json!({ "optional": "string" });
    };
    let changed = change(optional);
    assert_eq!(changed.kind, "field_optional");
    assert_eq!(changed.effects.xlang, FAILS);
    let mut new = service();
    optional(&mut new);
    let back = compare(&new, &service());
    assert_eq!(back.services[0].changes[0].kind, "field_required");
}

#[test]
fn manifests_that_do_not_contain_the_difference_report_an_undescribed_change() {
    let mut new = service();
    new["schema"]["types"][1]["fields"][0]["type"] = json!({ "set": "string" });
    new["methods"].as_array_mut().unwrap().remove(1);
    let mut old = service();
    old["methods"].as_array_mut().unwrap().remove(1);
    // Without the second method the message `Line` is only nested, and manifests do not describe nested messages.
    let (old, new) = (manifest(&old.to_string()).unwrap(), manifest(&new.to_string()).unwrap());
    let compared = diff(&old, &new).unwrap();
    assert!(compared.breaking);
    assert_eq!(compared.services[0].changes[0].kind, "undescribed");
}

#[test]
fn manifests_from_python_are_compared_by_the_facts_they_contain() {
    let file = vectors::load("manifests");
    let texts: Vec<&str> = vectors::list(&file, "services")
        .iter()
        .map(|service| vectors::text(service, "manifest_text"))
        .collect();
    for text in &texts {
        assert!(!diff(text, text).unwrap().breaking);
    }
    let mut edited: Value = serde_json::from_str(texts[0]).unwrap();
    edited["contract_id"] = json!("0".repeat(64));
    edited["serialization_modes"] = json!([0]);
    edited["methods"][0]["response_fields"].as_array_mut().unwrap().remove(1);
    let compared = diff(texts[0], &edited.to_string()).unwrap();
    let changes = &compared.services[0].changes;
    assert_eq!(changes.len(), 1, "{}", compared.text);
    assert_eq!((changes[0].kind, changes[0].path.as_str()), ("field_removed", "demo.v1/Pong.count"));
}

#[test]
fn a_default_is_the_same_number_in_every_notation() {
    let text = manifest(&service().to_string()).unwrap();
    let mut a: Value = serde_json::from_str(&text).unwrap();
    let field = |value: Value| {
        json!([{ "name": "id", "kind": "float", "nullable": false, "required": false,
                 "default_value": value, "default_kind": "value" }])
    };
    let mut b = a.clone();
    a["methods"][0]["response_fields"] = field(json!(2.0));
    b["methods"][0]["response_fields"] = field(json!(2));
    assert!(compare(&a, &b).services[0].changes.is_empty());
}

#[test]
fn a_document_that_is_not_a_contract_is_refused_with_its_side_and_path() {
    let good = manifest(&service().to_string()).unwrap();
    for bad in ["", "1", "{}", "[{}]", r#"{"service":"S","contract_id":"12"}"#, r#"{"schema":1}"#] {
        let error = diff(&good, bad).unwrap_err();
        assert!(error.path().starts_with("new"), "{bad}: {error}");
        let error = diff(bad, &good).unwrap_err();
        assert!(
            matches!(&error, ContractError::Invalid { path, .. } if path.starts_with("old")),
            "{bad}: {error}"
        );
    }
}

#[test]
fn control_characters_in_names_are_escaped() {
    let changed = change(|new| new["schema"]["types"][1]["fields"][0]["name"] = json!("a\u{1b}[2J\u{202e}b"));
    let mut new = service();
    new["schema"]["types"][1]["fields"][0]["name"] = json!("a\u{1b}[2J\u{202e}b");
    let text = compare(&service(), &new).text;
    assert_eq!(changed.kind, "field_renamed");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn deep_and_recursive_schemas_are_compared_in_bounded_time() {
    let mut deep = json!("string");
    for _ in 0..100 {
        deep = json!({ "list": deep });
    }
    let mut new: Value = serde_json::from_str(&manifest(&service().to_string()).unwrap()).unwrap();
    let fields = json!([{ "name": "deep", "type": deep, "default": false }, { "name": "own", "type": { "message": 0 } }]);
    new["methods"][0]["schema"] = json!({ "types": [item(&fields)], "roots": [] });
    assert!(diff(&new.to_string(), &new.to_string()).is_ok());
}
