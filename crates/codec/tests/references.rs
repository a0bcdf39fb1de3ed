//! Shared values and cycles: recorded bytes in both directions, and malformed back references.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Graph, Plan, Value, check, json_to_xlang, xlang_to_json};
use aster_testkit::{hex, vectors};
use serde_json::{Value as Json, json};
use support::{Types, plan};

#[test]
fn recorded_graphs_encode_and_decode_to_the_same_bytes() {
    let file = vectors::load("wheel-refs");
    let cases = vectors::list(&file, "cases");
    assert_eq!(cases.len(), 174);
    for case in cases {
        let name = vectors::text(case, "name");
        let types = Types::compile_as(&case["types"], vectors::text(&case["value"], "$struct"), true, false);
        let graph = types.graph(&case["value"]);
        let written = graph.encode(&types.plan, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(hex::encode(&written), vectors::text(case, "ref_hex"), "{name}");
        check(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read = Graph::decode(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        let again = read.encode(&types.plan, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(hex::encode(&again), hex::encode(&written), "{name}");
    }
}

/// A message type whose fields can hold other messages of the type, any value, and two typed lists.
fn nodes(refs: bool) -> Plan {
    let field = |name: &str, r#type: Json| json!({ "name": name, "type": r#type });
    let node = json!({ "shared": { "optional": { "message": 0 } } });
    plan(&json!({
        "types": [
            { "kind": "message", "tag": "g/N", "namespace": "g", "name": "N", "refs": refs, "fields": [
                field("next", node.clone()), field("all", json!({ "list": { "message": 0 } })),
                field("any", json!("any")), field("ints", json!({ "shared": { "list": "int" } })),
                field("texts", json!({ "shared": { "list": "string" } })),
            ] },
        ],
        "roots": [{ "message": 0 }],
    }))
}

fn node(next: Value, all: Vec<Value>, any: Value) -> Value {
    let lists = [Value::List(vec![]), Value::List(vec![])];
    let [ints, texts] = lists;
    Value::Message { index: 0, fields: vec![next, Value::List(all), any, ints, texts] }
}

#[test]
fn a_round_trip_keeps_shared_values_and_cycles() {
    let plan = nodes(true);
    // `next` of the root is the root. `all` of the root has one message twice, and `any` of that message has the root.
    let root = node(Value::Shared(0), vec![Value::Shared(1), Value::Shared(1)], Value::Null);
    let inner = node(Value::Shared(1), vec![], Value::List(vec![Value::Shared(0), Value::Bool(true)]));
    let graph = Graph { root: Value::Shared(0), objects: vec![root, inner] };
    let written = graph.encode(&plan, 0).expect("a graph");
    assert_eq!(Graph::decode(&plan, 0, &written), Ok(graph.clone()));
    check(&plan, 0, &written).expect("our own message");
    assert!(Value::decode(&plan, 0, &written).is_err());
    let error = graph.encode(&nodes(false), 0).expect_err("a cycle without references");
    assert_eq!(error.code(), 8);
    let mut text = String::new();
    let error = xlang_to_json(&plan, 0, &written, &mut text).expect_err("a cycle");
    assert!(error.to_string().ends_with("a value that contains itself has no JSON form"), "{error}");
    assert!(!error.path().is_empty(), "{error}");
}

#[test]
fn json_prints_a_shared_value_at_each_occurrence() {
    let plan = nodes(true);
    let leaf = node(Value::Null, vec![], Value::Bool(true));
    let root = node(
        Value::Shared(0),
        vec![Value::Shared(0)],
        Value::List(vec![Value::Bool(true), Value::Null, Value::Bool(true)]),
    );
    let written = Graph { root, objects: vec![leaf] }.encode(&plan, 0).expect("a graph");
    let mut text = String::new();
    xlang_to_json(&plan, 0, &written, &mut text).expect("a tree");
    let leaf = r#"{"next":null,"all":[],"any":true,"ints":[],"texts":[]}"#;
    let expected = format!(r#"{{"next":{leaf},"all":[{leaf}],"any":[true,null,true],"ints":[],"texts":[]}}"#);
    assert_eq!(text, expected);
    let read = json_to_xlang(&plan, 0, text.as_bytes(), false).expect("a tree");
    let tree = Graph::decode(&plan, 0, &read).expect("a tree");
    assert!(matches!(tree.root, Value::Message { .. }));
}

#[test]
fn a_back_reference_to_a_value_of_another_type_is_refused() {
    let plan = nodes(true);
    let ints = Value::List(vec![Value::Int(1)]);
    let fields = |any: Value, ints: Value, texts: Value| Value::Message {
        index: 0,
        fields: vec![Value::Null, Value::List(vec![]), any, ints, texts],
    };
    // In the plan that encodes the message both lists have one type, so the second list is a reference to the first.
    let descriptor: Json = json!({
        "types": [{ "kind": "message", "tag": "g/N", "namespace": "g", "name": "N", "refs": true, "fields": [
            { "name": "next", "type": { "shared": { "optional": { "message": 0 } } } },
            { "name": "all", "type": { "list": { "message": 0 } } }, { "name": "any", "type": "any" },
            { "name": "ints", "type": { "shared": { "list": "int" } } },
            { "name": "texts", "type": { "shared": { "list": "int" } } },
        ] }],
        "roots": [{ "message": 0 }],
    });
    let other = support::plan(&descriptor);
    let graph = Graph { root: fields(Value::Null, Value::Shared(0), Value::Shared(0)), objects: vec![ints] };
    let written = graph.encode(&other, 0).expect("lists of one type");
    check(&other, 0, &written).expect("lists of one type");
    // Hashes do not include element types, so only the check of the back reference can find the difference.
    let error = check(&plan, 0, &written).expect_err("a list of ints for one of strings");
    assert_eq!(error.to_string(), "texts: a back reference to a value of another type than declared");
}

#[test]
fn a_back_reference_to_null_is_refused_where_null_is_not_allowed() {
    let descriptor = json!({
        "types": [{ "kind": "message", "tag": "g/A", "namespace": "g", "name": "A", "refs": true, "fields": [
            { "name": "a", "type": { "list": { "optional": { "list": "int" } } } },
            { "name": "b", "type": { "list": { "list": "int" } } },
        ] }],
        "roots": [{ "message": 0 }],
    });
    let plan = support::plan(&descriptor);
    let empty = Value::Message { index: 0, fields: vec![Value::List(vec![]), Value::List(vec![])] };
    let mut prefix = empty.encode(&plan, 0).expect("a message");
    prefix.truncate(prefix.len() - 2);
    let body = |text: &str| [prefix.as_slice(), &hex::decode(&text.replace(' ', ""))].concat();
    check(&plan, 0, &body("02 09 24 00 fe01 00")).expect("null twice");
    let error = check(&plan, 0, &body("01 09 24 00 01 0d fe01")).expect_err("null for a list");
    assert_eq!(error.to_string(), "b[0]: a back reference to a value of another type than declared");
}

#[test]
fn malformed_back_references_are_refused() {
    let any = json!({
        "types": [{ "kind": "message", "tag": "g/A", "namespace": "g", "name": "A", "refs": true,
            "fields": [{ "name": "any", "type": "anyList" }] }],
        "roots": [{ "message": 0 }],
    });
    let plan = support::plan(&any);
    let message = Value::Message { index: 0, fields: vec![Value::List(vec![])] };
    let mut prefix = message.encode(&plan, 0).expect("a message");
    assert_eq!(prefix.pop(), Some(0));
    let body = |text: &str| [prefix.as_slice(), &hex::decode(&text.replace(' ', ""))].concat();
    check(&plan, 0, &body("01 09 16 00 00")).expect("a list in a list");
    check(&plan, 0, &body("02 09 16 00 00 fe 01")).expect("it again");
    check(&plan, 0, &body("01 01 fe 00")).expect("the message that is being read");
    check(&plan, 0, &body("01 09 16 00 01 09 16 fe 01")).expect("a list in itself");
    for text in [
        "01 09 16 fe 01",                 // not written yet
        "01 09 16 fe ffffffffffffffffff", // never
        "02 09 16 00 00 fe 02",
        "01 09 16 01",       // no flag
        "01 41 16 00 00",    // no such bit
        "02 09 07 00 02 fe", // ends inside
        "01 08 16 fe 00",    // where none is announced: a list of 254
        "02 09 24 fd fe 01", // null is never shared
    ] {
        let error = check(&plan, 0, &body(text)).expect_err(text);
        assert_eq!(error.code(), 3, "{text}: {error}");
    }
    let error = check(&plan, 0, &hex::decode("02fe00")).expect_err("a root that is a reference");
    assert_eq!(error.code(), 3);
    // One million and one bools; each takes a reference number.
    let mut many = body("c1843d 09 15");
    many.extend(std::iter::repeat_n(0, 2_000_100));
    assert_eq!(check(&plan, 0, &many).expect_err("too many").code(), 8);
}
