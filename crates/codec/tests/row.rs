//! Rows: recorded bytes in both directions, and buffers whose offsets point outside the buffer.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Plan, RowLayout, Value, message_to_row, row_to_message};
use aster_testkit::{hex, vectors};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use support::targets::walk;
use support::{Types, plan};

#[test]
fn recorded_rows_and_schemas_encode_and_decode_to_the_same_bytes() {
    let file = vectors::load("wheel-row");
    let cases = vectors::list(&file, "cases");
    assert_eq!(cases.len(), 9);
    for case in cases.iter().filter(|case| case["error"].is_null()) {
        let name = vectors::text(case, "name");
        let types = Types::compile(&case["types"], vectors::text(&case["value"], "$struct"));
        let value = types.value(&case["value"]);
        let layout = RowLayout::of(&types.plan, 0).expect(name);
        let schema = layout.schema_bytes().expect(name);
        assert_eq!(hex::encode(&schema), vectors::text(case, "schema_hex"), "{name}");
        let row = layout.encode(&value).expect(name);
        assert_eq!(hex::encode(&row), vectors::text(case, "row_hex"), "{name}");
        assert_eq!(layout.decode(&types.plan, &row).as_ref(), Ok(&value), "{name}");
        let message = value.encode(&types.plan, 0).expect(name);
        assert_eq!(message_to_row(&types.plan, 0, &message), Ok(row.clone()), "{name}");
        assert_eq!(row_to_message(&types.plan, 0, &row), Ok(message), "{name}");
    }
}

fn all_types_plan() -> Plan {
    let field = |name: &str, r#type: Json| json!({ "name": name, "type": r#type });
    plan(&json!({
        "types": [
            { "kind": "message", "tag": "r/All", "namespace": "r", "name": "All", "fields": [
                field("text", json!("string")), field("n", json!({ "optional": "int" })), field("x", json!("float")),
                field("flag", json!("bool")), field("blob", json!({ "optional": "bytes" })),
                field("flags", json!({ "list": { "optional": "bool" } })), field("ids", json!({ "set": "int16" })),
                field("texts", json!({ "list": { "optional": "string" } })),
                field("map", json!({ "map": ["string", { "optional": { "list": "int32" } }] })),
                field("in", json!({ "optional": { "message": 1 } })), field("ins", json!({ "list": { "message": 1 } })),
            ] },
            { "kind": "message", "tag": "r/In", "namespace": "r", "name": "In",
                "fields": [field("a", json!("float32")), field("b", json!("string"))] },
        ],
        "roots": [{ "message": 0 }, { "list": { "message": 0 } }],
    }))
}

prop_compose! {
    fn row()(
        text in ".{0,9}", n in prop::option::of(any::<i64>()), x in -1e9..1e9_f64, flag: bool,
        blob in prop::option::of(prop::collection::vec(any::<u8>(), 0..20)),
        flags in prop::collection::vec(prop::option::of(any::<bool>()), 0..70),
        ids in prop::collection::vec(any::<i16>(), 0..9),
        texts in prop::collection::vec(prop::option::of(".{0,9}"), 0..5),
        map in prop::collection::vec((".{0,9}", prop::option::of(prop::collection::vec(any::<i32>(), 0..4))), 0..4),
        ins in prop::collection::vec(("[a-z]{0,9}", -9..9_i8), 0..4),
    ) -> Value {
        let or_null = |value: Option<Value>| value.unwrap_or(Value::Null);
        let inner = |(b, a): (String, i8)| Value::Message { index: 1, fields: vec![Value::Float(f64::from(a) / 2.0), Value::Text(b)] };
        let ints = |list: Vec<i32>| Value::List(list.into_iter().map(|n| Value::Int(n.into())).collect());
        Value::Message { index: 0, fields: vec![
            Value::Text(text), or_null(n.map(|n| Value::Int(n.into()))), Value::Float(x), Value::Bool(flag),
            or_null(blob.map(Value::Bytes)),
            Value::List(flags.into_iter().map(|flag| or_null(flag.map(Value::Bool))).collect()),
            Value::Set(ids.into_iter().map(|id| Value::Int(id.into())).collect()),
            Value::List(texts.into_iter().map(|text| or_null(text.map(Value::Text))).collect()),
            Value::Map(map.into_iter().map(|(key, list)| (Value::Text(key), or_null(list.map(ints)))).collect()),
            or_null(ins.first().cloned().map(inner)), Value::List(ins.into_iter().map(inner).collect()),
        ] }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn encoded_rows_and_tables_decode_to_the_same_values(rows in prop::collection::vec(row(), 0..4)) {
        let plan = all_types_plan();
        let (one, table) = (RowLayout::of(&plan, 0).expect("a row"), RowLayout::of(&plan, 1).expect("a table"));
        for value in &rows {
            let bytes = one.encode(value).expect("a row");
            walk(&one, &bytes);
            prop_assert_eq!(one.decode(&plan, &bytes), Ok(value.clone()));
        }
        let value = Value::List(rows);
        let bytes = table.encode(&value).expect("a table");
        walk(&table, &bytes);
        prop_assert_eq!(table.decode(&plan, &bytes), Ok(value));
    }

    #[test]
    fn after_the_check_every_read_is_in_bounds(
        rows in prop::collection::vec(row(), 0..3),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(), cuts: bool,
    ) {
        let plan = all_types_plan();
        let table = RowLayout::of(&plan, 1).expect("a table");
        let mut bytes = table.encode(&Value::List(rows)).expect("a table");
        for (at, byte) in damage {
            let position = at.index(bytes.len());
            bytes[position] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if table.check(&bytes).is_ok() {
            walk(&table, &bytes);
        } else {
            prop_assert!(table.decode(&plan, &bytes).is_err());
        }
    }

    #[test]
    fn any_bytes_are_a_row_or_are_refused(words in prop::collection::vec(0..80_u64, 0..40)) {
        let plan = all_types_plan();
        let bytes: Vec<u8> = words.iter().flat_map(|word| (word << 32 | word).to_le_bytes()).collect();
        for root in 0..2 {
            let layout = RowLayout::of(&plan, root).expect("a layout");
            if layout.check(&bytes).is_ok() {
                walk(&layout, &bytes);
            }
        }
    }
}

#[test]
fn values_that_overlap_are_refused() {
    let plan = plan(&json!({
        "types": [{ "kind": "message", "tag": "r/L", "namespace": "r", "name": "L",
            "fields": [{ "name": "l", "type": { "list": { "list": { "list": "int" } } } }] }],
        "roots": [{ "message": 0 }],
    }));
    let layout = RowLayout::of(&plan, 0).expect("a row");
    let list = |items: &[Value]| Value::List(items.to_vec());
    let ints = list(&[Value::Int(1)]);
    let value = Value::Message {
        index: 0,
        fields: vec![list(&[list(&[ints.clone(), ints.clone()]), list(&[ints])])],
    };
    let mut bytes = layout.encode(&value).expect("a row");
    layout.check(&bytes).expect("our own row");
    // The offset of the second inner list is changed to that of the first.
    let outer = 16 + 16;
    let first: [u8; 8] = bytes[outer..outer + 8].try_into().expect("a pair");
    bytes[outer + 8..outer + 16].copy_from_slice(&first);
    assert_eq!(layout.check(&bytes).expect_err("overlap").to_string(), "l[1]: values in a row overlap");
}

#[test]
fn types_that_rows_cannot_hold_are_refused_with_their_path() {
    let of = |r#type: Json, root: Json| {
        let plan = plan(&json!({
            "types": [{ "kind": "message", "tag": "r/M", "namespace": "r", "name": "M",
                "fields": [{ "name": "f", "type": r#type }] }],
            "roots": [root],
        }));
        RowLayout::of(&plan, 0).expect_err("no row").to_string()
    };
    let row = || json!({ "message": 0 });
    assert_eq!(of(json!("any"), row()), "f: rows cannot hold values of this type");
    assert_eq!(of(json!("date"), row()), "f: rows cannot hold values of this type");
    assert!(
        of(json!({ "optional": { "message": 0 } }), row())
            .ends_with("rows cannot hold a message that contains itself")
    );
    assert!(of(json!({ "list": { "message": 0 } }), row()).contains("contains itself"));
    assert_eq!(
        of(json!("int"), json!("string")),
        "a row needs a message as root, a table a list of messages"
    );
}
