//! Compatible mode: recorded bytes in both directions, other versions of a message, malformed descriptions.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Plan, Value, check, plain_to_wire, wire_to_json, wire_to_presence_flagged};
use aster_testkit::{hex, vectors};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use support::{Types, plan};

#[test]
fn recorded_messages_encode_and_decode_to_the_same_bytes() {
    let file = vectors::load("wheel-compatible");
    let cases = vectors::list(&file, "cases");
    assert_eq!(cases.len(), 164);
    let mut recorded = 0;
    for case in cases {
        let name = vectors::text(case, "name");
        let types = Types::compile_as(&case["types"], vectors::text(&case["value"], "$struct"), false, true);
        let value = types.value(&case["value"]);
        let written = value.encode(&types.plan, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(expected) = case["compatible_hex"].as_str() {
            assert_eq!(hex::encode(&written), expected, "{name}");
            recorded += 1;
        }
        check(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read = Value::decode(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(format!("{read:?}"), format!("{value:?}"), "{name}");
    }
    assert_eq!(recorded, 143);
}

/// A version of the message `v/M` with these fields; `defaults` names the fields that have a default.
fn version(fields: &[(&str, Json)], defaults: &[&str], refs: bool) -> Plan {
    let field = |(name, r#type): &(&str, Json)| json!({ "name": name, "type": r#type, "default": defaults.contains(name) });
    let fields: Vec<Json> = fields.iter().map(field).collect();
    plan(&json!({
        "types": [
            { "kind": "message", "tag": "v/M", "namespace": "v", "name": "M", "compatible": true, "refs": refs,
                "fields": fields },
            { "kind": "message", "tag": "v/In", "namespace": "v", "name": "In",
                "fields": [{ "name": "x", "type": "int" }, { "name": "s", "type": "string" }] },
            { "kind": "enum", "tag": "v/C", "namespace": "v", "name": "C", "members": ["A", "B"], "json": ["a", "b"] },
        ],
        "roots": [{ "message": 0 }],
    }))
}

fn all_kinds() -> Vec<(&'static str, Json)> {
    vec![
        ("flag", json!("bool")),
        ("tiny", json!("int8")),
        ("int", json!("int")),
        ("tagged", json!("taggedInt64")),
        ("float", json!("float")),
        ("text", json!("string")),
        ("bytes", json!("bytes")),
        ("day", json!("date")),
        ("at", json!("timestamp")),
        ("ints", json!({ "list": { "optional": "int" } })),
        ("set", json!({ "set": "string" })),
        ("map", json!({ "map": ["string", { "list": { "message": 1 } }] })),
        ("color", json!({ "enum": 2 })),
        ("colors", json!({ "list": { "enum": 2 } })),
        ("in", json!({ "message": 1 })),
        ("maybe", json!({ "optional": { "message": 1 } })),
        ("ins", json!({ "list": { "message": 1 } })),
        ("array", json!({ "array": "int16" })),
        ("any", json!("any")),
        ("either", json!({ "union": [1, 2] })),
    ]
}

fn inner(x: i128) -> Value {
    Value::Message { index: 1, fields: vec![Value::Int(x), Value::Text("s".into())] }
}

fn all_values() -> Vec<Value> {
    let color = Value::Enum { index: 2, ordinal: 1 };
    vec![
        Value::Bool(true),
        Value::Int(-3),
        Value::Int(1 << 40),
        Value::Int(-9),
        Value::Float(0.5),
        Value::Text("é日".into()),
        Value::Bytes(vec![1, 2]),
        Value::Date(3),
        Value::Timestamp { seconds: 5, nanoseconds: 6 },
        Value::List(vec![Value::Int(1), Value::Null]),
        Value::Set(vec![Value::Text("a".into())]),
        Value::Map(vec![(Value::Text("k".into()), Value::List(vec![inner(1), inner(2)]))]),
        color.clone(),
        Value::List(vec![color.clone(), color.clone()]),
        inner(3),
        Value::Null,
        Value::List(vec![inner(4)]),
        Value::Array { kind: aster_codec::ArrayKind::Int16, items: vec![1, 0] },
        Value::List(vec![inner(5), color, Value::Null]),
        inner(6),
    ]
}

fn message(fields: Vec<Value>) -> Value {
    Value::Message { index: 0, fields }
}

#[test]
fn a_field_of_any_type_that_is_not_declared_here_is_skipped() {
    let newer = version(&all_kinds(), &[], false);
    let written = message(all_values()).encode(&newer, 0).expect("a message");
    assert_eq!(Value::decode(&newer, 0, &written), Ok(message(all_values())));
    for kept in 0..all_kinds().len() {
        let older = version(&all_kinds()[kept..=kept], &[], false);
        let read = Value::decode(&older, 0, &written);
        assert_eq!(read, Ok(message(all_values()[kept..=kept].to_vec())), "{}", all_kinds()[kept].0);
    }
    let none = version(&[], &[], false);
    assert_eq!(Value::decode(&none, 0, &written), Ok(message(vec![])));
}

#[test]
fn values_of_unknown_types_in_skipped_fields_are_skipped() {
    let fields = json!([{ "name": "x", "type": "any" }, { "name": "y", "type": "int" }]);
    let newer = plan(&json!({
        "types": [
            { "kind": "message", "tag": "v/M", "namespace": "v", "name": "M", "compatible": true, "fields": fields },
            { "kind": "message", "tag": "v/New", "namespace": "v", "name": "New",
                "fields": [{ "name": "e", "type": { "enum": 2 } }, { "name": "b", "type": { "ext": 3 } },
                    { "name": "l", "type": { "list": { "enum": 2 } } }, { "name": "n", "type": { "optional": { "message": 1 } } }] },
            { "kind": "enum", "tag": "v/E", "namespace": "v", "name": "E", "members": ["A", "B"], "json": ["a", "b"] },
            { "kind": "ext", "tag": "v/X", "namespace": "v", "name": "X" },
        ],
        "roots": [{ "message": 0 }],
    }));
    let color = Value::Enum { index: 2, ordinal: 1 };
    let new = |n| Value::Message {
        index: 1,
        fields: vec![
            color.clone(),
            Value::Extension { index: 3, bytes: vec![7] },
            Value::List(vec![color.clone()]),
            n,
        ],
    };
    let any =
        Value::List(vec![new(new(Value::Null)), color.clone(), Value::Extension { index: 3, bytes: vec![] }]);
    let written = message(vec![any.clone(), Value::Int(5)]).encode(&newer, 0).expect("a message");
    assert_eq!(Value::decode(&newer, 0, &written), Ok(message(vec![any, Value::Int(5)])));
    let older = version(&[("y", json!("int"))], &[], false);
    assert_eq!(Value::decode(&older, 0, &written), Ok(message(vec![Value::Int(5)])));
    let same = version(&[("x", json!("any")), ("y", json!("int"))], &[], false);
    let error = Value::decode(&same, 0, &written).expect_err("an unknown type in a declared field");
    assert_eq!(error.to_string(), r#"x[0]: unknown type "v/New""#);
}

#[test]
fn a_field_that_was_not_sent_is_absent_or_null_or_zero() {
    let older = version(&[("y", json!("int"))], &[], false);
    let written = message(vec![Value::Int(5)]).encode(&older, 0).expect("a message");
    let kinds = [
        ("with", json!("string"), Value::Absent),
        ("null", json!({ "optional": "int" }), Value::Null),
        ("any", json!("any"), Value::Null),
        ("n", json!("int"), Value::Int(0)),
        ("x", json!("float32"), Value::Float(0.0)),
        ("t", json!("string"), Value::Text(String::new())),
        ("b", json!("bytes"), Value::Bytes(vec![])),
        ("l", json!({ "list": "int" }), Value::List(vec![])),
        ("s", json!({ "set": "int" }), Value::Set(vec![])),
        ("m", json!({ "map": ["int", "int"] }), Value::Map(vec![])),
        ("al", json!("anyList"), Value::List(vec![])),
        ("am", json!("anyMap"), Value::Map(vec![])),
    ];
    let mut fields: Vec<(&str, Json)> =
        kinds.iter().map(|(name, r#type, _)| (*name, r#type.clone())).collect();
    fields.push(("y", json!("int")));
    let mut expected: Vec<Value> = kinds.iter().map(|(_, _, value)| value.clone()).collect();
    expected.push(Value::Int(5));
    let newer = version(&fields, &["with"], false);
    assert_eq!(Value::decode(&newer, 0, &written), Ok(message(expected)));
    let mut text = String::new();
    wire_to_json(&newer, 0, &written, &mut text).expect_err("bytes have no JSON form");
    for (r#type, word) in
        [(json!({ "message": 1 }), "message"), (json!("date"), "date"), (json!({ "enum": 2 }), "enum")]
    {
        let newer = version(&[("gone", r#type), ("y", json!("int"))], &[], false);
        let error = check(&newer, 0, &written).expect_err(word);
        assert_eq!(error.path(), "gone", "{error}");
    }
}

#[test]
fn typescript_reads_presence_flagged_and_writes_plain_xlang() {
    let older = version(&[("y", json!("int")), ("old", json!("int"))], &[], false);
    let written = message(vec![Value::Int(5), Value::Int(6)]).encode(&older, 0).expect("a message");
    let newer = version(&[("a", json!("string")), ("y", json!("int"))], &["a"], false);
    let flagged = wire_to_presence_flagged(&newer, 0, &written).expect("a message");
    let described: Json = serde_json::from_str(&newer.to_json()).expect("a plan");
    let prefix = hex::decode(described["types"][0]["prefix"].as_str().expect("a prefix"));
    // Wire order has integers first: the value of y, then the flag of the absent field a.
    assert_eq!(flagged, [prefix.as_slice(), &[10, 0]].concat());
    let plain = [prefix.as_slice(), &[10, 4, b'z']].concat();
    let wire = plain_to_wire(&newer, 0, &plain).expect("plain XLANG");
    assert_eq!(Value::decode(&newer, 0, &wire), Ok(message(vec![Value::Text("z".into()), Value::Int(5)])));
    assert_eq!(Value::decode(&older, 0, &wire), Ok(message(vec![Value::Int(5), Value::Int(0)])));
    let mut text = String::new();
    wire_to_json(&newer, 0, &written, &mut text).expect("a message");
    assert_eq!(text, r#"{"y":5}"#);
}

#[test]
fn numbers_convert_between_versions_of_a_message_and_other_types_do_not() {
    let write = |r#type: Json, value: Value| {
        message(vec![value]).encode(&version(&[("f", r#type)], &[], false), 0).expect("a message")
    };
    let read =
        |r#type: Json, written: &[u8]| Value::decode(&version(&[("f", r#type)], &[], false), 0, written);
    let narrow = write(json!("int32"), Value::Int(7));
    assert_eq!(read(json!("int"), &narrow), Ok(message(vec![Value::Int(7)])));
    assert_eq!(read(json!("float"), &narrow), Ok(message(vec![Value::Float(7.0)])));
    let wide = write(json!("int"), Value::Int(1 << 40));
    assert_eq!(read(json!("int32"), &wide).expect_err("too wide").path(), "f");
    let list = write(
        json!({ "list": "int32" }),
        Value::List(vec![Value::Int(1), Value::Null].into_iter().take(1).collect()),
    );
    assert_eq!(read(json!({ "list": "int" }), &list), Ok(message(vec![Value::List(vec![Value::Int(1)])])));
    assert_eq!(read(json!("any"), &list), Ok(message(vec![Value::List(vec![Value::Int(1)])])));
    let optional = write(json!({ "optional": "int" }), Value::Null);
    assert_eq!(read(json!("int"), &optional).expect_err("null").path(), "f");
    let member = write(json!({ "message": 1 }), inner(1));
    assert_eq!(read(json!("any"), &member), Ok(message(vec![inner(1)])));
    assert_eq!(read(json!({ "union": [1, 2] }), &member), Ok(message(vec![inner(1)])));
    let anything = write(json!("any"), Value::Text("t".into()));
    assert_eq!(read(json!("string"), &anything), Ok(message(vec![Value::Text("t".into())])));
    assert!(read(json!("int"), &anything).is_err());
    for (r#type, value) in
        [(json!("string"), Value::Text("1".into())), (json!({ "set": "int" }), Value::Set(vec![]))]
    {
        let error = read(json!("int"), &write(r#type, value)).expect_err("another type");
        assert_eq!(error.to_string(), "f: the peer declares another type");
    }
}

#[test]
fn malformed_descriptions_are_refused() {
    let plan = version(&[("y", json!("int"))], &[], false);
    let written = message(vec![Value::Int(5)]).encode(&plan, 0).expect("a message");
    for at in 4..written.len() - 1 {
        for bit in 0..8 {
            let mut damaged = written.clone();
            damaged[at] ^= 1 << bit;
            assert!(check(&plan, 0, &damaged).is_err(), "byte {at} bit {bit}");
        }
    }
    for text in [
        "02ff1e01",
        "02ff1e02",
        "02ff1e00",
        "02ff1e00ffffffffffffffff",
        "02ff1d0000",
        "02ff1e00ff00000000000000ffffffffffffffffff",
    ] {
        assert_eq!(check(&plan, 0, &hex::decode(text)).expect_err(text).code(), 3);
    }
}

#[test]
fn identity_is_kept_between_versions() {
    let shared = json!({ "shared": { "optional": { "message": 1 } } });
    let newer = version(&[("a", shared.clone()), ("b", shared.clone()), ("n", json!("int"))], &[], true);
    let older = version(&[("a", shared.clone()), ("b", shared.clone())], &[], true);
    let root = message(vec![Value::Shared(0), Value::Shared(0), Value::Int(1)]);
    let graph = aster_codec::Graph { root, objects: vec![inner(1)] };
    let written = graph.encode(&newer, 0).expect("a graph");
    let read = aster_codec::Graph::decode(&older, 0, &written).expect("a graph");
    assert_eq!(read.root, message(vec![Value::Shared(0), Value::Shared(0)]));
    let half = version(&[("b", shared)], &[], true);
    let error = check(&half, 0, &written).expect_err("a back reference into a skipped field");
    assert_eq!(error.to_string(), "b: a back reference to a value inside a field that is not declared here");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_messages_decode_or_err(at in any::<prop::sample::Index>(), byte: u8, kept in 0..20_usize) {
        let newer = version(&all_kinds(), &[], false);
        let mut bytes = message(all_values()).encode(&newer, 0).expect("a message");
        let position = at.index(bytes.len());
        bytes[position] = byte;
        let older = version(&all_kinds()[kept..=kept], &[], false);
        for plan in [newer, older] {
            let checked = check(&plan, 0, &bytes);
            prop_assert_eq!(checked.is_ok(), Value::decode(&plan, 0, &bytes).is_ok());
        }
    }
}

/// Messages of type `interop/Reading` as Java and Go write them (tests in `__test__/interop`). Both compute other
/// checksums than Python.
#[test]
fn descriptions_of_java_and_go_are_read() {
    let plan = plan(&json!({
        "types": [
            { "kind": "message", "tag": "interop/Reading", "namespace": "interop", "name": "Reading", "compatible": true, "fields": [
                { "name": "name", "type": "string" }, { "name": "units", "type": "int" }, { "name": "notes", "type": { "list": "string" } },
                { "name": "ratio", "type": { "optional": "float" } }, { "name": "meter", "type": { "message": 1 } } ] },
            { "kind": "message", "tag": "interop/Meter", "namespace": "interop", "name": "Meter", "compatible": true,
                "fields": [{ "name": "label", "type": "string" }] },
        ],
        "roots": [{ "message": 0 }],
    }));
    let java = "02ff1e002b01818498e0620a251521b3245cf01744801a1a604c07d1a89c804e14c41343804815340c204c1656b5d324804c1eb093\
        2440d801fd1c6b69746368656e010c04611e021281b81b98f23708211521b3245cf013b09324404c15ac0122c0046d";
    let go = "02ff1e002b017f7b671f9df5251521b3245cf01744801a1a604c07d1a89c804e14c41343804815340c204c1656b5d324804c1eb093\
        2440d801fd1e6b69746368656e010c06611e021281b81b98f23708211521b3245cf013b09324404c15ac0122c0066d";
    let text = |text: &str| Value::Text(text.to_owned());
    let meter = Value::Message { index: 1, fields: vec![text("m")] };
    let fields = vec![text("kitchen"), Value::Int(108), Value::List(vec![text("a")]), Value::Null, meter];
    for message in [java, go] {
        let mut message = hex::decode(message);
        let read = Value::decode(&plan, 0, &message).expect("a description in order");
        assert_eq!(read, Value::Message { index: 0, fields: fields.clone() });
        // Flip a bit of the checksum.
        message[6] ^= 0x40;
        let error = Value::decode(&plan, 0, &message).expect_err("a damaged description");
        assert!(error.to_string().contains("checksum"), "{error}");
    }
}
