//! Encodings that the decoder accepts although no writer here produces them, and encodings that it refuses.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Plan, Value, check};
use aster_testkit::hex;
use serde_json::json;
use support::{message_plan, plan};

fn decode(plan: &Plan, message: &str) -> Result<Value, aster_codec::CodecError> {
    Value::decode(plan, 0, &hex::decode(&message.replace(' ', "")))
}

/// Decodes hex as the root of a plan with one dynamic root.
fn any(message: &str) -> Result<Value, aster_codec::CodecError> {
    decode(&Plan::dynamic(), message)
}

/// The prefix of `ns/M` messages of this plan, in hex.
fn prefix(plan: &Plan) -> String {
    let described: serde_json::Value = serde_json::from_str(&plan.to_json()).expect("a plan");
    described["types"][0]["prefix"].as_str().expect("a prefix").to_owned()
}

/// Decodes a message with one field from the bytes of that field, and returns the field.
fn field(r#type: &serde_json::Value, bytes: &str) -> Result<Value, aster_codec::CodecError> {
    let plan = message_plan(&[("f", r#type.clone())]);
    match decode(&plan, &format!("{}{bytes}", prefix(&plan)))? {
        Value::Message { mut fields, .. } => Ok(fields.remove(0)),
        other => panic!("no message: {other:?}"),
    }
}

fn ints(values: &[i128]) -> Value {
    Value::List(values.iter().copied().map(Value::Int).collect())
}

#[test]
fn a_declared_list_is_read_in_every_encoding() {
    let list = json!({ "list": "int" });
    for form in [
        "02 0c 02 04",
        "02 08 07 02 04",
        "02 00 07 02 07 04",
        "02 0e ff02 ff04",
        "02 0a 07 ff02 ff04",
        "02 02 ff0702 ff0704",
    ] {
        assert_eq!(field(&list, form), Ok(ints(&[1, 2])), "{form}");
    }
    assert_eq!(field(&list, "00"), Ok(ints(&[])));
    // Other integer types are read as int if the value fits.
    assert_eq!(field(&list, "02 00 02 ff 09 ff"), Ok(ints(&[-1, 255])));
    assert_eq!(field(&list, "01 08 0d ffffffffffffff7f"), Ok(ints(&[i128::from(i64::MAX)])));
    assert_eq!(field(&list, "01 08 0d ffffffffffffffff").expect_err("too large").path(), "f[0]");
    assert_eq!(field(&json!({ "list": "float" }), "01 08 07 02"), Ok(Value::List(vec![Value::Float(1.0)])));
}

#[test]
fn elements_of_another_type_and_unknown_flags_are_refused() {
    let list = json!({ "list": "int" });
    for form in [
        "01 08 15 0461",
        "01 08 14 000000000000f03f",
        "01 08 01 01",
        "01 08 16 00",
        "01 0d ff 02",
        "01 04 02",
        "01 1c 02",
        "01 08 24",
        "01 0e fd",
        "01 0a 24 fd",
        "01 0e fe",
    ] {
        let error = field(&list, form).expect_err(form);
        assert_eq!(error.code(), 3, "{form}: {error}");
        assert!(error.path().starts_with('f'), "{form}: {error}");
    }
    assert_eq!(
        field(&json!({ "list": { "optional": "int" } }), "02 0e fd ff02"),
        Ok(Value::List(vec![Value::Null, Value::Int(1)]))
    );
    assert_eq!(field(&json!({ "list": "any" }), "01 0c 02").expect_err("undeclared").code(), 3);
}

#[test]
fn the_element_type_must_fit_even_if_all_elements_are_null() {
    let maybe = json!({ "list": { "optional": "int" } });
    assert_eq!(field(&maybe, "02 0a 07 fd fd"), Ok(Value::List(vec![Value::Null, Value::Null])));
    assert_eq!(field(&maybe, "02 0a 24 fd fd"), Ok(Value::List(vec![Value::Null, Value::Null])));
    for form in ["02 0a 15 fd fd", "02 0a 16 fd fd", "02 0a 36 fd fd"] {
        let error = field(&maybe, form).expect_err(form);
        assert_eq!(error.path(), "f", "{form}: {error}");
    }
}

#[test]
fn type_id_none_is_refused_where_a_field_or_root_declares_a_message() {
    let inner = json!({ "kind": "message", "tag": "n/I", "namespace": "n", "name": "I", "fields": [] });
    for (refs, flag) in [(false, "ff"), (true, "ff"), (true, "00")] {
        let field = json!({ "name": "f", "type": { "shared": { "optional": { "message": 1 } } } });
        let holder = json!({ "kind": "message", "tag": "n/H", "namespace": "n", "name": "H", "refs": refs, "fields": [field] });
        let roots = json!([{ "optional": { "message": 0 } }]);
        let plan = plan(&json!({ "types": [holder, inner], "roots": roots }));
        let start = prefix(&plan);
        assert!(decode(&plan, &format!("{start}fd")).is_ok(), "{refs}");
        let error = decode(&plan, &format!("{start}{flag}24")).expect_err("nothing in a field");
        assert_eq!(error.path(), "f", "{refs} {flag}: {error}");
        assert_eq!(decode(&plan, "03"), Ok(Value::Null));
        decode(&plan, &format!("02{flag}24")).expect_err("nothing at the root");
    }
}

#[test]
fn a_declared_map_is_read_in_every_encoding() {
    let map = json!({ "map": ["string", "int"] });
    let expected =
        Value::Map(vec![(Value::Text("k".into()), Value::Int(1)), (Value::Text("l".into()), Value::Int(2))]);
    for form in [
        "02 24 02 046b 02 046c 04",
        "02 24 01 046b 02 24 01 046c 04",
        "02 00 02 15 07 046b 02 046c 04",
        "02 04 01 07 046b 02 20 01 15 046c 04",
    ] {
        assert_eq!(field(&map, form).as_ref(), Ok(&expected), "{form}");
    }
    for form in [
        "01 24 00",
        "01 24 02 046b 02 046c 04",
        "01 14 046b",
        "01 22 02",
        "01 12",
        "01 25 01 ff046b 02",
        "01 00 01 15 24 046b",
        "01 c4 01 046b02",
    ] {
        assert_eq!(field(&map, form).expect_err(form).code(), 3, "{form}");
    }
    let nullable = json!({ "map": ["string", { "optional": "int" }] });
    let null = Value::Map(vec![(Value::Text("k".into()), Value::Null)]);
    assert_eq!(field(&nullable, "01 14 046b").as_ref(), Ok(&null));
    assert_eq!(field(&nullable, "01 11 ff 15 046b").as_ref(), Ok(&null));
}

#[test]
fn every_string_encoding_is_accepted_for_every_text() {
    let text = |form: &str| field(&json!("string"), form);
    for (form, expected) in [
        ("14 68656c6c6f", "hello"),
        ("16 68656c6c6f", "hello"),
        ("29 680065006c006c006f00", "hello"),
        ("04 e9", "é"),
        ("0a c3a9", "é"),
        ("11 3dd800de", "😀"),
        ("12 f09f9880", "😀"),
    ] {
        assert_eq!(text(form), Ok(Value::Text(expected.into())), "{form}");
    }
    for form in
        ["07 61", "0a ffff", "0e eda080", "09 00d8", "09 00dc", "11 00d80000", "05 61", "0c 6161", "80"]
    {
        assert_eq!(text(form).expect_err(form).code(), 3, "{form}");
    }
}

fn two_types() -> Plan {
    plan(&json!({
        "types": [
            { "kind": "message", "tag": "n/Q", "namespace": "n", "name": "Q", "fields": [
                { "name": "a", "type": { "message": 1 } }, { "name": "b", "type": { "message": 1 } } ] },
            { "kind": "message", "tag": "n/P", "namespace": "n", "name": "P", "fields": [{ "name": "x", "type": "int" }] },
        ],
        "roots": [{ "message": 0 }],
    }))
}

#[test]
fn names_may_be_references_and_have_any_packing() {
    let plan = two_types();
    let value = Value::decode(&plan, 0, &plan_message(&plan)).expect("our own message");
    let own = hex::encode(&value.encode(&plan, 0).expect("a message"));
    let (head, tail) = own.split_at(own.find("1d020134").expect("names") + 2);
    assert!(tail.starts_with("020134020340"), "{own}");
    let hash_q = &tail[12..20];
    let rest = "c03ec01d02 1d0709 c03ec01d04".replace(' ', "");
    for names in [
        "020134 02033c", // as written
        "03 02033c",     // the namespace of Q by number
        "020134 020050", // P as UTF-8
        "02006e 020252", // n as UTF-8, P with six bits
    ] {
        let references =
            if names.starts_with("03") { rest.replacen("0709", "0307", 1) } else { rest.clone() };
        let message = format!("{head}020134020340{hash_q}1d{names}{references}");
        assert_eq!(decode(&plan, &message).as_ref(), Ok(&value), "{names}");
    }
    for names in ["020134 020051", "0d 02033c", "020134 0b", "020134 02053c", "020134 01"] {
        let message = format!("{head}020134020340{hash_q}1d{names}{rest}");
        assert_eq!(decode(&plan, &message).expect_err(names).path(), "a", "{names}");
    }
}

fn plan_message(plan: &Plan) -> Vec<u8> {
    let inner = |x: i128| Value::Message { index: 1, fields: vec![Value::Int(x)] };
    let value = Value::Message { index: 0, fields: vec![inner(1), inner(2)] };
    value.encode(plan, 0).expect("a message")
}

#[test]
fn the_hash_of_a_long_name_is_not_compared_but_its_packing_code_is_used() {
    let plan = plan(&json!({
        "types": [{ "kind": "message", "tag": "", "namespace": "com.example.services.billing.internal.v2", "name": "E", "fields": [] }],
        "roots": [{ "message": 0 }],
    }));
    let value = Value::Message { index: 0, fields: vec![] };
    let message = value.encode(&plan, 0).expect("a message");
    assert_eq!(Value::decode(&plan, 0, &message).as_ref(), Ok(&value));
    let mut other = message.clone();
    other[8] ^= 1; // Python reads it too, and other writers of Fory make other hashes
    assert_eq!(Value::decode(&plan, 0, &other), Ok(value));
    let mut broken = message;
    broken[4] = 9; // the low byte is the packing
    assert!(Value::decode(&plan, 0, &broken).is_err());
}

#[test]
fn a_message_with_other_fields_is_refused_by_its_hash() {
    let plan = message_plan(&[("x", json!("int"))]);
    let message =
        Value::Message { index: 0, fields: vec![Value::Int(1)] }.encode(&plan, 0).expect("a message");
    let other = message_plan(&[("x", json!("float"))]);
    let error = check(&other, 0, &message).expect_err("other fields");
    assert_eq!((error.code(), error.path()), (3, ""));
    // The text has hashes as Python prints them: as signed integers.
    assert!(error.to_string().contains("hash is 499138240"), "{error}");
}

#[test]
fn lengths_and_counts_have_at_most_five_bytes() {
    let short = "02ff1600";
    assert_eq!(any(short), Ok(Value::List(vec![])));
    assert_eq!(any("02ff168080808000"), Ok(Value::List(vec![])), "longer than need be");
    for wrong in
        ["02ff16808080808000", "02ff16808080808080808000", "02ff15808080808000", "02ff29808080808000"]
    {
        assert!(any(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_message_header_is_checked() {
    assert_eq!(any("02ff0702"), Ok(Value::Int(1)));
    assert_eq!(any("02000702"), Ok(Value::Int(1)));
    assert_eq!(any("00ff0702"), Ok(Value::Int(1)));
    for null in ["03fd", "03", "01fd"] {
        assert_eq!(any(null), Ok(Value::Null), "{null}");
    }
    for wrong in [
        "",
        "02",
        "02ff",
        "06ff0702",
        "12ff0702",
        "02fe00",
        "02fd",
        "02fc0702",
        "02ff070200",
        "03fd00",
        "0300",
        "02ff1c",
        "02ff1e00",
        "02ff2e0801000000",
        "02ff2500",
        "02ff1b41",
        "02ff2024",
    ] {
        assert_eq!(any(wrong).expect_err(wrong).code(), 3, "{wrong}");
    }
    let plan = message_plan(&[]);
    assert_eq!(check(&plan, 0, &[3, 0xFD]).expect_err("null").code(), 3);
    assert_eq!(check(&plan, 1, &[3, 0xFD]).expect_err("no root").code(), 13);
}

#[test]
fn any_list_any_map_and_union_refuse_other_types() {
    for (r#type, good, bad) in [
        (json!("anyList"), "16 01 08 07 02", "18 00"),
        (json!("anyMap"), "18 00", "16 00"),
        (json!("anyMap"), "18 00", "24"),
        (json!("anyList"), "16 00", "24"),
        (json!({ "union": [0] }), "1d 0304 2f000000", "07 02"),
    ] {
        if r#type.is_string() {
            assert!(field(&r#type, good).is_ok(), "{type} {good}");
        }
        assert_eq!(field(&r#type, bad).expect_err(bad).code(), 3, "{type} {bad}");
    }
    assert_eq!(field(&json!({ "optional": "anyMap" }), "fd"), Ok(Value::Null));
    assert_eq!(field(&json!("any"), "24"), Ok(Value::Null));
}

#[test]
fn scalars_outside_their_range_are_refused() {
    for (r#type, bytes) in [
        ("bool", "02"),
        ("int", "8080"),
        ("int32", "ffffffff1f"),
        ("int32", "808080808000"),
        ("uint32", "ffffffff7f"),
        ("date", "ffffff7f"),
        ("timestamp", "ffffffffffffff7f 00000000"),
        ("timestamp", "0000000000000000 00ca9a3b"),
        ("taggedInt64", "03 0000000000000000"),
        ("float", "0000"),
    ] {
        assert_eq!(field(&json!(r#type), bytes).expect_err(r#type).path(), "f", "{type} {bytes}");
    }
    assert_eq!(field(&json!("int"), "ffffffffffffffffff"), Ok(Value::Int(i64::MIN.into())));
    assert_eq!(field(&json!("uint64"), "ffffffffffffffffff"), Ok(Value::Int(u64::MAX.into())));
    assert_eq!(field(&json!("int32"), "ffffffff0f"), Ok(Value::Int(i32::MIN.into())));
}
