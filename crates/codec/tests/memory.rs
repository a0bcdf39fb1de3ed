//! Decoding takes no more memory than the limit on the estimated size of a message, measured with a counting allocator. One
//! test, because the counter counts the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

#[allow(dead_code, reason = "the fuzz targets use the rest")]
#[path = "support/memory.rs"]
mod memory;
#[allow(dead_code, reason = "the fuzz targets use the rest")]
#[path = "support/targets.rs"]
mod targets;

use aster_codec::{
    CodecError, Graph, PayloadLimits, Plan, Schema, Value, json_to_xlang_within,
    wire_to_presence_flagged_within,
};
use aster_testkit::corpus::replay;
use memory::{LIMIT, within_limit};
use serde_json::{Value as Json, json};

/// A list of messages that have so many optional fields.
fn plan(compatible: bool, count: usize) -> Plan {
    let field =
        |at: usize| json!({ "name": format!("f{at}"), "type": { "optional": "int" }, "default": true });
    let fields: Vec<Json> = (0..count).map(field).collect();
    let message = |tag: &str, fields: Json| json!({ "kind": "message", "tag": format!("m/{tag}"), "namespace": "m", "name": tag, "compatible": compatible, "fields": fields });
    let list =
        json!([{ "name": "list", "type": { "list": { "message": 0 } } }, { "name": "any", "type": "any" }]);
    let descriptor = json!({
        "types": [message("Wide", json!(fields)), message("Wides", list)],
        "roots": [{ "message": 1 }, "any"],
    });
    Plan::compile(&Schema::from_json(&descriptor.to_string()).unwrap()).unwrap()
}

fn refused<T: std::fmt::Debug>(name: &str, bytes: &[u8], decode: impl Fn(&[u8]) -> Result<T, CodecError>) {
    let error = within_limit(name, bytes.len(), || decode(bytes)).expect_err(name);
    assert_eq!(error.code(), 8, "{name}: {error}");
    assert!(error.to_string().contains("estimated size"), "{name}: {error}");
}

#[test]
fn decoding_takes_no_more_memory_than_its_limit() {
    let limits = PayloadLimits::with_decoded(LIMIT);
    let any = plan(false, 1);
    let lists = |inner: Value| Value::List(vec![inner; 200_000]);
    for (name, value) in [
        ("ints", lists(Value::Int(1))),
        ("empty texts", lists(Value::Text(String::new()))),
        ("empty byte strings", lists(Value::Bytes(Vec::new()))),
        ("empty lists", lists(Value::List(Vec::new()))),
        ("empty maps", lists(Value::Map(Vec::new()))),
        ("entries", Value::Map((0..100_000).map(|n| (Value::Int(n), Value::Null)).collect())),
    ] {
        let bytes = value.encode(&any, 1).unwrap();
        refused(name, &bytes, |bytes| Graph::decode_within(&any, 1, bytes, limits));
        refused(name, &bytes, |bytes| wire_to_presence_flagged_within(&any, 1, bytes, limits));
    }

    // Each message leaves out 40 fields: a peer pays a byte, and this side makes all of them.
    let (older, newer) = (plan(true, 0), plan(true, 40));
    let wide = Value::Message { index: 0, fields: Vec::new() };
    let list = Value::List(vec![wide; 20_000]);
    let message = Value::Message { index: 1, fields: vec![list, Value::Bytes(vec![0; 20_000])] };
    let plain = Graph { root: message, objects: Vec::new() };
    let bytes = plain.encode(&older, 0).unwrap();
    refused("fields that are left out", &bytes, |bytes| Graph::decode_within(&newer, 0, bytes, limits));

    for (name, text) in [
        ("JSON numbers", format!("[{}1]", "1,".repeat(400_000))),
        ("JSON objects", format!("[{}{{}}]", "{},".repeat(400_000))),
        ("JSON members", format!("{{{}\"a\":1}}", "\"a\":1,".repeat(300_000))),
    ] {
        refused(name, text.as_bytes(), |text| json_to_xlang_within(&any, 1, text, true, limits));
    }

    replay("xlang", 1000, memory::xlang);
    replay("references", 1000, memory::xlang);
    replay("compatible", 1000, memory::compatible);
    replay("json", 1000, memory::json);

    // The measurement itself: a decoder that takes too much is found.
    let greedy = || within_limit("greedy", 10, || drop(vec![1_u8; 16 << 20]));
    assert!(std::panic::catch_unwind(greedy).is_err());
}
