//! The bodies of the codec's fuzz targets. `replay.rs` runs them on damaged seeds.
//!
//! A target panics if an invariant is broken: one decoder accepts what another refuses, a value changes in a round
//! trip, an offset in a checked row points outside the buffer.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a finding")]

use std::sync::OnceLock;

use aster_codec::{
    CodecError, Graph, Plan, RowLayout, Schema, check, json_to_xlang, murmur3, plain_to_wire,
    wire_to_presence_flagged, xlang_to_json,
};
use serde_json::{Value as Json, json};

fn compiled(refs: bool, compatible: bool) -> Plan {
    let field = |name: &str, r#type: Json| json!({ "name": name, "type": r#type });
    let descriptor = json!({
        "types": [
            { "kind": "message", "tag": "n/All", "namespace": "n", "name": "All", "refs": refs, "compatible": compatible,
                "fields": [
                    field("text", json!("string")), field("n", json!("int")), field("x", json!("float")),
                    field("flag", json!({ "optional": "bool" })), field("blob", json!({ "optional": "bytes" })),
                    field("list", json!({ "list": { "optional": "string" } })), field("ids", json!({ "set": "int" })),
                    field("map", json!({ "map": ["string", { "list": "int32" }] })),
                    field("byId", json!({ "map": ["int", { "message": 0 }] })), field("at", json!({ "optional": "timestamp" })),
                    field("next", json!({ "shared": { "optional": { "message": 0 } } })), field("any", json!("any")),
                    field("all", json!({ "list": { "message": 0 } })), field("color", json!({ "optional": { "enum": 1 } })),
                    field("ext", json!({ "optional": { "ext": 2 } })), field("array", json!({ "array": "int16" })),
                    field("either", json!({ "optional": { "union": [0, 1, 2] } })),
                ] },
            { "kind": "enum", "tag": "C", "namespace": "", "name": "C", "members": ["A", "B"], "json": ["a", 2] },
            { "kind": "ext", "tag": "n/X", "namespace": "n", "name": "X" },
            { "kind": "message", "tag": "n/Row", "namespace": "n", "name": "Row", "fields": [
                field("text", json!("string")), field("n", json!({ "optional": "int" })), field("flags", json!({ "list": "bool" })),
                field("map", json!({ "map": ["string", { "list": "int32" }] })), field("in", json!({ "list": { "message": 4 } })),
            ] },
            { "kind": "message", "tag": "n/In", "namespace": "n", "name": "In",
                "fields": [field("x", json!("float32")), field("s", json!("string"))] },
        ],
        "roots": [{ "message": 0 }, "any", { "message": 3 }, { "list": { "message": 3 } }],
    });
    let schema = Schema::from_json(&descriptor.to_string()).expect("a descriptor");
    Plan::compile(&schema).expect("a plan")
}

pub(crate) fn plain() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| compiled(false, false))
}

/// The plan whose messages track references.
pub(crate) fn tracking() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| compiled(true, false))
}

/// The plans in compatible mode, without and with references.
pub(crate) fn described() -> &'static [Plan; 2] {
    static PLANS: OnceLock<[Plan; 2]> = OnceLock::new();
    PLANS.get_or_init(|| [compiled(false, true), compiled(true, true)])
}

/// Whether encoding failed because of an unsigned 64-bit integer at a dynamic position. Peers can send one there, but
/// this library, like Python, can only write signed integers.
pub(crate) fn is_unsigned_overflow(error: &CodecError) -> bool {
    error.to_string().ends_with("is out of the range of int")
}

/// Decodes, encodes and decodes again, and checks that the value stays the same.
fn check_round_trip(plan: &Plan, root: usize, bytes: &[u8]) {
    let checked = check(plan, root, bytes);
    let read = Graph::decode(plan, root, bytes);
    assert_eq!(checked.is_ok(), read.is_ok(), "check and decode: {checked:?} {read:?}");
    let Ok(graph) = read else {
        return;
    };
    let again = match graph.encode(plan, root) {
        Ok(again) => again,
        Err(error) if is_unsigned_overflow(&error) => return,
        Err(error) => panic!("what was read can be written: {error}"),
    };
    let read = Graph::decode(plan, root, &again).expect("what was written can be read");
    assert_eq!(read.encode(plan, root).expect("it can be written"), again, "a value changed");
}

/// The bytes as XLANG of a message root and of a dynamic root.
pub(crate) fn xlang(bytes: &[u8]) {
    for root in 0..2 {
        check_round_trip(plain(), root, bytes);
        let mut text = String::new();
        let printed = xlang_to_json(plain(), root, bytes, &mut text);
        assert!(printed.is_err() || check(plain(), root, bytes).is_ok());
    }
}

/// The same in a plan that tracks references.
pub(crate) fn references(bytes: &[u8]) {
    let plan = tracking();
    check_round_trip(plan, 0, bytes);
    let _ = xlang_to_json(plan, 0, bytes, &mut String::new());
}

/// The same in compatible mode, with and without references.
pub(crate) fn compatible(bytes: &[u8]) {
    for plan in described() {
        let _ = plain_to_wire(plan, 0, bytes);
        check_round_trip(plan, 0, bytes);
        check_round_trip(plan, 0, &with_checksum(bytes));
        let presence_flagged = wire_to_presence_flagged(plan, 0, bytes);
        assert!(presence_flagged.is_err() || check(plan, 0, bytes).is_ok());
    }
}

/// Sets the correct checksum in the first description, because random bytes practically never have it.
pub(crate) fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Some((head, rest)) = bytes.get(4..).and_then(|rest| rest.split_first_chunk::<8>()) else {
        return bytes;
    };
    let head = u64::from_le_bytes(*head);
    let size = usize::from(head as u8);
    if size == 255 || size > rest.len() {
        return bytes;
    }
    let checksum = (i128::from(murmur3(&rest[..size]) as i64) << 14).unsigned_abs() as u64 & (u64::MAX >> 1);
    bytes[4..12].copy_from_slice(&(checksum | head & 0x1FF).to_le_bytes());
    bytes
}

/// The bytes as a row and as a table.
pub(crate) fn row(bytes: &[u8]) {
    for root in 2..4 {
        let layout = RowLayout::of(plain(), root).expect("a layout");
        let checked = layout.check(bytes);
        if checked.is_ok() {
            walk(&layout, bytes);
        }
        let read = layout.decode(plain(), bytes);
        assert!(checked.is_ok() || read.is_err());
        if let Ok(value) = read {
            let again = layout.encode(&value).expect("what was read can be written");
            let read = layout.decode(plain(), &again).expect("what was written can be read");
            assert_eq!(format!("{read:?}"), format!("{value:?}"));
        }
    }
}

/// The bytes as JSON text of a message root and of a dynamic root.
pub(crate) fn json_text(bytes: &[u8]) {
    for root in 0..2 {
        let Ok(message) = json_to_xlang(plain(), root, bytes, false) else {
            continue;
        };
        let mut text = String::new();
        xlang_to_json(plain(), root, &message, &mut text).expect("what was read can be printed");
        let again =
            json_to_xlang(plain(), root, text.as_bytes(), false).expect("what was printed can be read");
        let mut printed = String::new();
        xlang_to_json(plain(), root, &again, &mut printed).expect("it can be printed");
        assert_eq!(printed, text);
    }
}

/// The bytes as a schema descriptor, as manifests contain it. A descriptor that compiles must also decode and encode.
pub(crate) fn descriptor(bytes: &[u8]) {
    let Ok(schema) = Schema::from_json(&String::from_utf8_lossy(bytes)) else {
        return;
    };
    let Ok(plan) = Plan::compile(&schema) else {
        return;
    };
    serde_json::from_str::<Json>(&plan.to_json()).expect("a plan is told in JSON");
    for root in 0..plan.root_count().min(4) {
        for message in [&b"\x02\xff\x07\x02"[..], &b"\x02\xff\x16\x01\x08\x07\x02"[..], bytes] {
            check_round_trip(&plan, root, message);
        }
        if let Ok(layout) = RowLayout::of(&plan, root) {
            assert!(layout.decode(&plan, bytes).is_err() || layout.check(bytes).is_ok());
        }
    }
}

/// Reads by the layout as JavaScript does: without own checks. Slicing panics outside the buffer, so if this returns,
/// all offsets of this buffer are in bounds.
pub(crate) fn walk(layout: &RowLayout, bytes: &[u8]) {
    let described: Json = serde_json::from_str(&layout.to_json().expect("a layout")).expect("JSON");
    if described["table"] == json!(true) {
        walk_array(&json!({ "id": 27, "fields": described["fields"] }), bytes, 0);
    } else {
        walk_row(&described["fields"], bytes, 0);
    }
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("as many bytes")) as usize
}

fn u64_at(bytes: &[u8], at: usize) -> usize {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("as many bytes")) as usize
}

fn null(bytes: &[u8], at: usize, bit: usize) -> bool {
    bytes[at + bit / 8] >> (bit % 8) & 1 != 0
}

fn walk_row(fields: &Json, bytes: &[u8], base: usize) {
    let fields = fields.as_array().expect("fields");
    let slots = base + fields.len().div_ceil(64) * 8;
    for (index, field) in fields.iter().enumerate() {
        if !null(bytes, base, index) {
            slot(&field["type"], bytes, base, slots + index * 8);
        }
    }
}

fn slot(r#type: &Json, bytes: &[u8], base: usize, at: usize) {
    if let Some(width) = r#type["width"].as_u64() {
        let _ = &bytes[at..at + width as usize];
        return;
    }
    let (size, start) = (u32_at(bytes, at), base + u32_at(bytes, at + 4));
    let _ = &bytes[start..start + size];
    let id = r#type["id"].as_u64().expect("an id");
    if id != 21 && id != 41 {
        assert_eq!(start % 8, 0, "alignment");
    }
    match id {
        21 | 41 => {}
        22 => {
            walk_array(&r#type["element"], bytes, start);
        }
        24 => {
            let values = start + 8 + u64_at(bytes, start);
            assert_eq!(
                walk_array(&r#type["key"], bytes, start + 8),
                walk_array(&r#type["value"], bytes, values)
            );
        }
        _ => walk_row(&r#type["fields"], bytes, start),
    }
}

fn walk_array(element: &Json, bytes: &[u8], base: usize) -> usize {
    let count = u64_at(bytes, base);
    let start = base + 8 + count.div_ceil(64) * 8;
    let width = element["width"].as_u64().unwrap_or(8) as usize;
    let _ = &bytes[start..start + count * width];
    for index in 0..count {
        if !null(bytes, base + 8, index) {
            slot(element, bytes, base, start + index * width);
        }
    }
    count
}
