//! The constant prefixes and field orders of records equal those that the codec computes for equal messages.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

use aster_codec::{Plan, Schema};
use aster_testkit::{hex, vectors};
use aster_wire::record::{CallHeader, Encoding, RpcStatus, StreamHeader};
use serde_json::{Value, json};

/// The plan of a message with the fields of a record, which are taken from its JSON form.
fn plan(name: &str, record: &Value) -> Value {
    let kind = |value: &Value| match value {
        Value::Number(_) => json!("int"),
        Value::String(_) => json!("string"),
        _ => json!({ "list": "string" }),
    };
    let fields: Vec<Value> = record
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| json!({ "name": name, "type": kind(value), "default": false }))
        .collect();
    let descriptor = json!({
        "types": [{
            "kind": "message", "tag": format!("_aster/{name}"), "namespace": "_aster", "name": name,
            "pythonModule": null, "qualname": null, "refs": false, "compatible": false, "fields": fields,
        }],
        "roots": [{ "message": 0 }],
    });
    let schema = Schema::from_json(&descriptor.to_string()).unwrap();
    let plan: Value = serde_json::from_str(&Plan::compile(&schema).unwrap().to_json()).unwrap();
    let order = vectors::list(&plan["types"][0], "order").iter();
    let order: Vec<Value> =
        order.map(|index| fields[index.as_u64().unwrap() as usize]["name"].clone()).collect();
    json!({ "prefix": plan["types"][0]["prefix"], "order": order })
}

fn check(name: &str, encode: impl Fn(Encoding) -> Vec<u8>) {
    let record: Value = serde_json::from_slice(&encode(Encoding::Json)).unwrap();
    let plan = plan(name, &record);
    let expected = &vectors::load("fory")["protocol_types"][name];
    assert_eq!(plan["prefix"], expected["prefix_hex"], "{name}");
    assert_eq!(plan["order"], expected["write_order"], "{name}");
    assert!(hex::encode(&encode(Encoding::Fory)).starts_with(vectors::text(&plan, "prefix")), "{name}");
}

#[test]
fn record_prefixes_and_field_orders_equal_those_of_the_codec() {
    check("StreamHeader", |encoding| StreamHeader::default().encode(encoding));
    check("CallHeader", |encoding| CallHeader::default().encode(encoding));
    check("RpcStatus", |encoding| RpcStatus::default().encode(encoding));
}
