//! The golden vectors: bytes and JSON text recorded from Python.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Plan, Value, check, json_to_xlang, xlang_to_json};
use aster_testkit::{hex, vectors};
use serde_json::{Value as Json, json};
use support::Types;

fn json_text(plan: &Plan, message: &[u8]) -> Result<String, aster_codec::CodecError> {
    let mut text = String::new();
    xlang_to_json(plan, 0, message, &mut text).map(|()| text)
}

#[test]
fn recorded_messages_encode_and_decode_to_the_same_bytes() {
    let file = vectors::load("wheel-xlang");
    let cases = vectors::list(&file, "cases");
    assert_eq!(cases.len(), 164);
    for case in cases {
        let name = vectors::text(case, "name");
        let types = Types::compile(&case["types"], vectors::text(&case["value"], "$struct"));
        let value = types.value(&case["value"]);
        let written = value.encode(&types.plan, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(hex::encode(&written), vectors::text(case, "xlang_hex"), "{name}");
        check(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read = Value::decode(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(format!("{read:?}"), format!("{value:?}"), "{name}");
    }
}

#[test]
fn recorded_json_text_is_printed_and_parsed() {
    let file = vectors::load("wheel-jsonmode");
    let cases = vectors::list(&file, "cases");
    assert_eq!(cases.len(), 89);
    let mut refused = 0;
    for case in cases {
        let name = vectors::text(case, "name");
        let types = Types::compile(&case["types"], vectors::text(&case["value"], "$struct"));
        let value = types.value(&case["value"]);
        let message = value.encode(&types.plan, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        let printed = json_text(&types.plan, &message);
        let Some(text) = case["json"].as_str() else {
            let error = printed.expect_err(name);
            assert_eq!(error.code(), 3, "{name}: {error}");
            assert!(!error.path().is_empty(), "{name}: {error}");
            refused += 1;
            continue;
        };
        assert_eq!(printed.as_deref(), Ok(text), "{name}");
        let read = json_to_xlang(&types.plan, 0, text.as_bytes(), false)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(json_text(&types.plan, &read).as_deref(), Ok(text), "{name}");
        if !case["types"].to_string().contains("\"any\"") && !case["types"].to_string().contains("\"dict\"") {
            assert_eq!(hex::encode(&read), hex::encode(&message), "{name}");
        }
    }
    assert!(refused > 0 && refused < cases.len());
}

/// The types of the protocol records, in the notation of the vectors.
fn protocol_types() -> Json {
    let record = |name: &str, fields: &[(&str, Json)]| {
        let fields: Vec<Json> =
            fields.iter().map(|(name, r#type)| json!({ "name": name, "type": r#type })).collect();
        json!({ "kind": "struct", "tag": format!("_aster/{name}"), "fields": fields })
    };
    let texts = json!({ "list": "str" });
    let header = |extra: &[(&'static str, Json)]| {
        let mut fields = vec![
            ("method", json!("str")),
            ("callId", json!("str")),
            ("deadlineEpochMs", json!("int")),
            ("metadataKeys", texts.clone()),
            ("metadataValues", texts.clone()),
        ];
        fields.extend_from_slice(extra);
        fields
    };
    let stream = [("service", json!("str")), ("version", json!("int")), ("serializationMode", json!("int"))];
    let status = [
        ("code", json!("int")),
        ("message", json!("str")),
        ("detailKeys", texts.clone()),
        ("detailValues", texts.clone()),
    ];
    json!([
        record("StreamHeader", &header(&stream)),
        record("CallHeader", &header(&[])),
        record("RpcStatus", &status),
    ])
}

#[test]
fn protocol_records_equal_the_published_bytes() {
    let file = vectors::load("fory");
    let types = protocol_types();
    let cases = vectors::list(&file, "cases");
    assert_eq!(cases.len(), 15);
    for case in cases {
        let name = vectors::text(case, "type");
        let index = types.as_array().expect("types").iter();
        let index =
            index.clone().position(|declared| declared["tag"] == format!("_aster/{name}")).expect(name);
        let compiled = Types::compile(&types, &format!("_aster/{name}"));
        let value = compiled.message(index, &case["value"]);
        let written = value.encode(&compiled.plan, 0).expect(name);
        assert_eq!(hex::encode(&written), vectors::text(case, "xlang_hex"), "{name}");
        assert_eq!(Value::decode(&compiled.plan, 0, &written).as_ref(), Ok(&value));
        let from_json = json_to_xlang(&compiled.plan, 0, vectors::text(case, "json_text").as_bytes(), false);
        assert_eq!(from_json.map(|bytes| hex::encode(&bytes)), Ok(hex::encode(&written)), "{name}");
    }
}

#[test]
fn plans_of_protocol_records_have_the_published_hash_order_and_prefix() {
    let file = vectors::load("fory");
    let types = protocol_types();
    for (index, declared) in types.as_array().expect("types").iter().enumerate() {
        let tag = vectors::text(declared, "tag");
        let compiled = Types::compile(&types, tag);
        let plan: Json = serde_json::from_str(&compiled.plan.to_json()).expect("a plan");
        let plan = &plan["types"][index];
        let expected = &file["protocol_types"][tag.trim_start_matches("_aster/")];
        assert_eq!(plan["prefix"], expected["prefix_hex"], "{tag}");
        assert_eq!(plan["hash"], expected["hash_bytes_hex"], "{tag}");
        let field = |position: &Json| {
            declared["fields"][position.as_u64().expect("an index") as usize]["name"].clone()
        };
        let order: Vec<Json> = vectors::list(plan, "order").iter().map(field).collect();
        assert_eq!(Json::Array(order), expected["write_order"], "{tag}");
    }
}

#[test]
fn user_types_equal_the_published_bytes() {
    let file = vectors::load("fory");
    for case in vectors::list(&file, "user_types") {
        let tag = vectors::text(case, "tag");
        let types = json!([{ "kind": "struct", "tag": tag, "fields": case["fields"] }]);
        let compiled = Types::compile(&types, tag);
        let value = compiled.message(0, &case["value"]);
        let written = value.encode(&compiled.plan, 0).expect(tag);
        assert_eq!(hex::encode(&written), vectors::text(case, "xlang_hex"), "{tag}");
        assert_eq!(Value::decode(&compiled.plan, 0, &written).as_ref(), Ok(&value), "{tag}");
    }
}
