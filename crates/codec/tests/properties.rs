//! Properties: any bytes decode or give an error, and encoded values decode to the same values.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Plan, Reader, Value, Writer, check, json_to_xlang, metastring, xlang_to_json};
use proptest::prelude::*;
use serde_json::json;
use support::plan;
use support::targets::is_unsigned_overflow;

/// A plan with every kind of type.
fn all_types_plan() -> Plan {
    let field = |name: &str, r#type: serde_json::Value| json!({ "name": name, "type": r#type });
    plan(&json!({
        "types": [
            { "kind": "message", "tag": "n/All", "namespace": "n", "name": "All", "fields": [
                field("text", json!("string")), field("n", json!("int")), field("x", json!("float")),
                field("flag", json!({ "optional": "bool" })), field("blob", json!({ "optional": "bytes" })),
                field("list", json!({ "list": { "optional": "string" } })),
                field("ids", json!({ "set": "int" })),
                field("map", json!({ "map": ["string", { "list": "int32" }] })),
                field("byId", json!({ "map": ["int", { "message": 0 }] })),
                field("at", json!({ "optional": "timestamp" })), field("day", json!({ "optional": "date" })),
                field("next", json!({ "optional": { "message": 0 } })),
                field("color", json!({ "optional": { "enum": 1 } })), field("any", json!("any")),
                field("either", json!({ "optional": { "union": [0, 1] } })),
            ] },
            { "kind": "enum", "tag": "Color", "namespace": "", "name": "Color", "members": ["A", "B"], "json": ["a", 2] },
        ],
        "roots": [{ "message": 0 }, "any", { "list": { "optional": { "enum": 1 } } }],
    }))
}

/// Values for a dynamic position, including messages and enums.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| Value::Int(n.into())),
        any::<f64>().prop_filter("NaN is not equal to itself", |x| !x.is_nan()).prop_map(Value::Float),
        ".{0,12}".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(Value::Bytes),
        (-719_162..=2_932_896_i32).prop_map(Value::Date),
        (0..4_000_000_000_i64, 0..1_000_000_000_u32)
            .prop_map(|(seconds, nanoseconds)| { Value::Timestamp { seconds, nanoseconds } }),
        (0..2_usize).prop_map(|ordinal| Value::Enum { index: 1, ordinal }),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Set),
            prop::collection::vec((inner.clone(), inner.clone()), 0..6).prop_map(Value::Map),
            (inner, ".{0,5}", any::<i64>()).prop_map(|(any, text, n)| message(any, text, n)),
        ]
    })
}

fn message(any: Value, text: String, n: i64) -> Value {
    Value::Message {
        index: 0,
        fields: vec![
            Value::Text(text.clone()),
            Value::Int(n.into()),
            Value::Float(n as f64),
            Value::Bool(n > 0),
            Value::Null,
            Value::List(vec![Value::Null, Value::Text(text)]),
            Value::Set(vec![Value::Int(n.into())]),
            Value::Map(vec![(Value::Text("k".into()), Value::List(vec![Value::Int(7)]))]),
            Value::Map(vec![]),
            Value::Null,
            Value::Date(1),
            Value::Null,
            Value::Enum { index: 1, ordinal: 0 },
            any,
            Value::Enum { index: 1, ordinal: 1 },
        ],
    }
}

/// JSON text of dynamic values, as Python prints it.
fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| json_of(&Value::Float(value))),
        ".{0,12}".prop_map(|text| json_of(&Value::Text(text))),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map(".{0,6}", inner, 0..6).prop_map(|entries| {
                let entry = |(key, value)| format!("{}:{value}", json_of(&Value::Text(key)));
                format!("{{{}}}", entries.into_iter().map(entry).collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn json_of(value: &Value) -> String {
    let plan = Plan::dynamic();
    let message = value.encode(&plan, 0).expect("a value");
    let mut text = String::new();
    xlang_to_json(&plan, 0, &message, &mut text).expect("a value");
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_decode_or_err(bytes in prop::collection::vec(any::<u8>(), 0..200), root in 0..3_usize) {
        let plan = all_types_plan();
        let checked = check(&plan, root, &bytes);
        let decoded = Value::decode(&plan, root, &bytes);
        prop_assert_eq!(checked.is_ok(), decoded.is_ok());
        if let Ok(value) = decoded {
            let again = match value.encode(&plan, root) {
                Err(error) if is_unsigned_overflow(&error) => return Ok(()),
                again => again.expect("what was read can be written"),
            };
            let read = Value::decode(&plan, root, &again).expect("what was written can be read");
            prop_assert_eq!(format!("{read:?}"), format!("{value:?}"));
        }
    }

    #[test]
    fn damaged_messages_decode_or_err(value in any_value(), at in any::<prop::sample::Index>(), byte: u8) {
        let plan = all_types_plan();
        let mut bytes = message(value, "é日".to_owned(), -3).encode(&plan, 0).expect("a message");
        check(&plan, 0, &bytes).expect("our own message");
        let position = at.index(bytes.len());
        bytes[position] = byte;
        let damaged = Value::decode(&plan, 0, &bytes);
        prop_assert_eq!(check(&plan, 0, &bytes).is_ok(), damaged.is_ok());
        let mut text = String::new();
        let _ = xlang_to_json(&plan, 0, &bytes, &mut text);
        bytes.truncate(position);
        prop_assert!(check(&plan, 0, &bytes).is_err());
    }

    #[test]
    fn encoded_values_decode_to_the_same_values(value in any_value()) {
        let plan = all_types_plan();
        let bytes = value.encode(&plan, 1).expect("a value");
        prop_assert_eq!(Value::decode(&plan, 1, &bytes), Ok(value));
    }

    #[test]
    fn printed_json_text_parses_and_prints_to_the_same_text(text in json_text()) {
        let plan = Plan::dynamic();
        let message = json_to_xlang(&plan, 0, text.as_bytes(), false).expect("JSON");
        check(&plan, 0, &message).expect("our own message");
        let mut printed = String::new();
        xlang_to_json(&plan, 0, &message, &mut printed).expect("JSON");
        prop_assert_eq!(printed, text);
    }

    #[test]
    fn any_text_is_json_or_is_refused(text in "[\\[\\]{}:,\"\\\\0-9eE+.u a-]{0,30}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let plan = all_types_plan();
        for root in 0..3 {
            let _ = json_to_xlang(&plan, root, &bytes, true);
            if let Ok(message) = json_to_xlang(&plan, root, text.as_bytes(), false) {
                prop_assert!(check(&plan, root, &message).is_ok());
            }
        }
    }

    #[test]
    fn written_integers_and_strings_are_read_back(n: u64, text in ".{0,40}") {
        let mut writer = Writer::new();
        writer.put_var_u64(n);
        writer.put_var_i64(n as i64);
        writer.put_tagged_i64(n as i64 >> 20);
        writer.put_tagged_u64(n >> 33);
        writer.put_str(&text);
        let bytes = writer.into_vec();
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(reader.var_u64(), Ok(n));
        prop_assert_eq!(reader.var_i64(), Ok(n as i64));
        prop_assert_eq!(reader.tagged_i64(), Ok(n as i64 >> 20));
        prop_assert_eq!(reader.tagged_u64(), Ok(n >> 33));
        let read = reader.str();
        prop_assert_eq!(read.as_deref(), Ok(text.as_str()));
        prop_assert!(reader.is_empty());
    }

    #[test]
    fn packed_names_unpack_to_the_same_names(text in "[a-zA-Z0-9._$|日-]{0,40}") {
        for role in [metastring::Role::Namespace, metastring::Role::TypeName] {
            let packed = metastring::MetaString::encode(&text, role).expect("a name");
            let read = metastring::decode(packed.code, &packed.bytes, role);
            prop_assert_eq!(read.as_deref(), Ok(text.as_str()));
        }
    }

    #[test]
    fn any_packed_name_is_a_text_or_is_refused(code in 0..6_u8, bytes in prop::collection::vec(any::<u8>(), 0..20)) {
        if let Ok(text) = metastring::decode(code, &bytes, metastring::Role::TypeName) {
            prop_assert!(text.len() <= bytes.len() * 2);
        }
    }
}
