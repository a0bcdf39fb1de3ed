//! Typed arrays, extensions, unions: bytes recorded from Python, and round trips.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{ArrayKind, Plan, Value, check, json_to_xlang, xlang_to_json};
use aster_testkit::hex;
use serde_json::{Value as Json, json};
use support::plan;

fn of(r#type: &Json, compatible: bool) -> Plan {
    plan(&json!({
        "types": [
            { "kind": "message", "tag": "n/C", "namespace": "n", "name": "C", "compatible": compatible,
                "fields": [{ "name": "f", "type": r#type }] },
            { "kind": "message", "tag": "n/P", "namespace": "n", "name": "P",
                "fields": [{ "name": "x", "type": "int" }] },
            { "kind": "enum", "tag": "n/Color", "namespace": "n", "name": "Color", "members": ["R", "G"], "json": ["r", "g"] },
            { "kind": "ext", "tag": "n/X", "namespace": "n", "name": "X" },
        ],
        "roots": [{ "message": 0 }],
    }))
}

fn message(field: Value) -> Value {
    Value::Message { index: 0, fields: vec![field] }
}

fn ints(items: &[i32]) -> Value {
    Value::Array { kind: ArrayKind::Int32, items: items.iter().flat_map(|item| item.to_le_bytes()).collect() }
}

#[test]
fn values_equal_the_bytes_recorded_from_python() {
    let p = |x| Value::Message { index: 1, fields: vec![Value::Int(x)] };
    let color = Value::Enum { index: 2, ordinal: 1 };
    let union = json!({ "union": [1, 2] });
    let cases = [
        (json!({ "array": "int32" }), ints(&[1, 2]), false, "02ff1d020134020308cfb620c7080100000002000000"),
        (
            json!({ "array": "int32" }),
            ints(&[1, 2]),
            true,
            "02ff1e00080129bdfc3f39222105340708402e14080100000002000000",
        ),
        (
            json!({ "optional": "any" }),
            Value::List(vec![ints(&[1]), ints(&[2])]),
            false,
            "02ff1d020134020308957137dbff1602082e04010000000402000000",
        ),
        (union.clone(), p(1), false, "02ff1d020134020308b22889fb1d02013402033cc03ec01d02"),
        (
            json!({ "optional": union }),
            color.clone(),
            false,
            "02ff1d020134020308957137dbff1a020134080389cb744001",
        ),
        (
            json!({ "list": union }),
            Value::List(vec![color, p(2)]),
            false,
            "02ff1d020134020308713105ac02001a020134080389cb7440011d02013402033cc03ec01d04",
        ),
    ];
    for (r#type, field, compatible, expected) in cases {
        let plan = of(&r#type, compatible);
        let written =
            message(field.clone()).encode(&plan, 0).unwrap_or_else(|error| panic!("{type}: {error}"));
        assert_eq!(hex::encode(&written), expected, "{type}");
        assert_eq!(Value::decode(&plan, 0, &written), Ok(message(field)), "{type}");
    }
}

#[test]
fn arrays_and_extensions_are_allowed_wherever_values_are() {
    let point = |byte| Value::Extension { index: 3, bytes: vec![byte; 3] };
    for (r#type, field) in [
        (json!({ "ext": 3 }), point(1)),
        (json!({ "list": { "ext": 3 } }), Value::List(vec![point(1), point(2)])),
        (json!({ "map": ["string", { "ext": 3 }] }), Value::Map(vec![(Value::Text("k".into()), point(1))])),
        (json!({ "union": [1, 3] }), point(4)),
        (json!("any"), Value::List(vec![point(1), ints(&[4]), Value::Null])),
        (json!({ "list": { "array": "int32" } }), Value::List(vec![ints(&[]), ints(&[1, -1])])),
        (json!({ "optional": { "array": "int32" } }), Value::Null),
    ] {
        for compatible in [false, true] {
            let plan = of(&r#type, compatible);
            let written =
                message(field.clone()).encode(&plan, 0).unwrap_or_else(|error| panic!("{type}: {error}"));
            assert_eq!(Value::decode(&plan, 0, &written), Ok(message(field.clone())), "{type}");
        }
    }
}

#[test]
fn malformed_arrays_are_refused_in_both_directions() {
    let plan = of(&json!({ "array": "int32" }), false);
    let written = message(ints(&[1])).encode(&plan, 0).expect("an array");
    let with = |tail: &str| {
        let mut bytes = written[..written.len() - 5].to_vec();
        bytes.extend_from_slice(&hex::decode(tail));
        bytes
    };
    check(&plan, 0, &with("0401000000")).expect("an array");
    for tail in ["03010000", "0501000000ff", "04010000", "ffffffffffffffffff"] {
        assert!(check(&plan, 0, &with(tail)).is_err(), "{tail}");
    }
    let bools = Value::Array { kind: ArrayKind::Bool, items: vec![2] };
    assert!(message(bools).encode(&of(&json!({ "array": "bool" }), false), 0).is_err());
    let other = Value::Array { kind: ArrayKind::Uint32, items: vec![] };
    assert!(message(other).encode(&plan, 0).is_err());
    assert!(xlang_to_json(&plan, 0, &written, &mut String::new()).is_err());
    assert!(json_to_xlang(&plan, 0, br#"{"f":[1]}"#, false).is_err());
}
