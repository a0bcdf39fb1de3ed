//! Hostile messages: false lengths and counts, deep nesting, many elements, repeated keys.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Plan, Value, check, json_to_xlang, xlang_to_json};
use aster_testkit::hex;
use serde_json::json;
use support::{message_plan, plan};

fn refused(plan: &Plan, message: &[u8]) -> u32 {
    let code = check(plan, 0, message).expect_err("a hostile message").code();
    assert_eq!(Value::decode(plan, 0, message).expect_err("a hostile message").code(), code);
    code
}

fn dynamic(body: &str, tail: &[u8]) -> Vec<u8> {
    let mut message = hex::decode(&format!("02ff{}", body.replace(' ', "")));
    message.extend_from_slice(tail);
    message
}

#[test]
fn a_false_length_is_refused_before_memory_is_allocated() {
    let plan = Plan::dynamic();
    for body in [
        "15 fcffffffffffffffff 61", // a string
        "29 ffffffffffffffffff 61", // bytes
        "29 808080 01 61",          // bytes of 2 MiB, one follows
        "29 80808080 01 61",        // bytes over their limit
        "16 ffffffffffffffffff 08 07",
        "16 c0843d 08 07 02", // a million elements, one follows
        "17 c0843d 08 07 02",
        "18 c0843d 00 01 15 07 0461 02",
        "1d feffffffffffffffff 01", // a meta string
        "1d fe 01",
    ] {
        let code = refused(&plan, &dynamic(body, &[]));
        assert!(code == 3 || code == 8, "{body}: {code}");
    }
}

/// A dynamic value of `depth` nested containers. `unit` is the hex of each container but the innermost; it ends with
/// the type number of the container inside.
fn nested(first: &str, unit: &str, depth: usize) -> Vec<u8> {
    let mut message = hex::decode(&format!("02ff{first}"));
    message.extend_from_slice(&hex::decode(unit).repeat(depth - 1));
    message.push(0);
    message
}

#[test]
fn nesting_stops_at_50_levels_in_every_kind_of_container() {
    let plan = Plan::dynamic();
    // A list whose elements have one type; a list with type info before each element; a map entry; an entry with a null key.
    for (first, unit) in
        [("16", "010816"), ("16", "010016"), ("17", "010817"), ("18", "01000115180461"), ("18", "010aff18")]
    {
        check(&plan, 0, &nested(first, unit, 50)).unwrap_or_else(|error| panic!("{unit}: {error}"));
        assert_eq!(refused(&plan, &nested(first, unit, 51)), 8, "{unit}");
        assert_eq!(refused(&plan, &nested(first, unit, 100_000)), 8, "{unit}");
    }
}

#[test]
fn recursive_messages_stop_at_50_levels() {
    let plan = plan(&json!({
        "types": [{ "kind": "message", "tag": "n/N", "namespace": "n", "name": "N",
            "fields": [{ "name": "next", "type": { "optional": { "message": 0 } } }] }],
        "roots": [{ "message": 0 }],
    }));
    let chain = |length: usize| {
        let end = Value::Message { index: 0, fields: vec![Value::Null] };
        (1..length).fold(end, |next, _| Value::Message { index: 0, fields: vec![next] })
    };
    let longest = chain(50).encode(&plan, 0).expect("50 messages");
    check(&plan, 0, &longest).expect("50 messages");
    let error = chain(51).encode(&plan, 0).expect_err("51 messages");
    assert_eq!(error.code(), 8);
    assert!(error.path().starts_with("next.next."), "{error}");
    // Replaces the null flag at the end by one more message.
    let described: serde_json::Value = serde_json::from_str(&plan.to_json()).expect("a plan");
    let hash = described["types"][0]["hash"].as_str().expect("a hash");
    let mut longer = longest;
    assert_eq!(longer.pop(), Some(0xFD));
    longer.extend_from_slice(&hex::decode(&format!("ff1d0305{hash}fd")));
    assert_eq!(refused(&plan, &longer), 8);
}

#[test]
fn the_number_of_containers_in_a_message_is_limited() {
    // Ten lists of 100,001 empty lists each: more than one million containers in one megabyte.
    let mut message = hex::decode("02ff160a0816");
    for _ in 0..10 {
        message.extend_from_slice(&hex::decode("a18d060816"));
        message.extend(std::iter::repeat_n(0, 100_001));
    }
    assert_eq!(refused(&Plan::dynamic(), &message), 8);
    let mut text = String::new();
    assert_eq!(xlang_to_json(&Plan::dynamic(), 0, &message, &mut text).expect_err("too many").code(), 8);
    let lists = format!("[{}[]]", "[],".repeat(1_000_000));
    assert_eq!(json_to_xlang(&Plan::dynamic(), 0, lists.as_bytes(), false).expect_err("too many").code(), 8);
    let wide = format!("[{}0]", "0,".repeat(1_000_000));
    assert_eq!(json_to_xlang(&Plan::dynamic(), 0, wide.as_bytes(), false).expect_err("too many").code(), 8);
}

#[test]
fn a_collection_needs_at_least_one_byte_for_each_element() {
    let plan = Plan::dynamic();
    let tail = [0_u8; 4096];
    for body in ["16 8010 08 24", "17 8010 08 24", "18 8010 00 ff 24 24", "18 8010 00 ff 15 24"] {
        assert_eq!(refused(&plan, &dynamic(body, &tail)), 3, "{body}");
    }
}

#[test]
fn the_number_of_names_is_limited() {
    let plan = plan(&json!({
        "types": [{ "kind": "enum", "tag": "C", "namespace": "", "name": "C", "members": ["A"], "json": ["a"] }],
        "roots": ["anyList"],
    }));
    // A list of enums, each with its names in full.
    let spelled = |count: usize| {
        let mut message = vec![2, 0xFF, 22];
        let mut writer = aster_codec::Writer::new();
        writer.put_var_u64(count as u64);
        message.extend_from_slice(writer.as_slice());
        message.push(0);
        message.extend_from_slice(&hex::decode("1a0002030800").repeat(count));
        message
    };
    check(&plan, 0, &spelled(4096)).expect("as many names as types can have");
    assert_eq!(refused(&plan, &spelled(4097)), 8);
}

#[test]
fn a_repeated_map_key_is_printed_once_with_its_last_value() {
    let plan = message_plan(&[("m", json!({ "map": ["string", "int"] }))]);
    let entry = |key: &str, value: i128| (Value::Text(key.to_owned()), Value::Int(value));
    let print = |entries: Vec<(Value, Value)>| {
        let message = Value::Message { index: 0, fields: vec![Value::Map(entries)] };
        let message = message.encode(&plan, 0).expect("a message");
        let mut text = String::new();
        xlang_to_json(&plan, 0, &message, &mut text).map(|()| text)
    };
    let few = vec![entry("a", 1), entry("b", 2), entry("a", 3)];
    assert_eq!(print(few).as_deref(), Ok(r#"{"m":{"a":3,"b":2}}"#));
    let many = (0..600).map(|n| entry(&format!("k{}", n % 300), n)).collect();
    let expected: Vec<String> = (0..300).map(|n| format!("\"k{n}\":{}", n + 300)).collect();
    assert_eq!(print(many), Ok(format!("{{\"m\":{{{}}}}}", expected.join(","))));
}

#[test]
fn property_names_of_javascript_have_no_special_meaning() {
    let plan = Plan::dynamic();
    let text = r#"{"__proto__":{"constructor":1},"prototype":[],"toJSON":null,"then":true}"#;
    let message = json_to_xlang(&plan, 0, text.as_bytes(), false).expect("an object");
    let mut printed = String::new();
    xlang_to_json(&plan, 0, &message, &mut printed).expect("an object");
    assert_eq!(printed, text);
    let typed = message_plan(&[("x", json!("int"))]);
    let error = json_to_xlang(&typed, 0, br#"{"x":1,"__proto__":{}}"#, false).expect_err("unknown");
    assert_eq!(error.code(), 101);
}
