//! Canonical bytes and hashes of records: golden vectors from Python's native functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_contract::canonical::{MethodDef, ServiceContract, TypeDef};
use aster_testkit::{hex, vectors};
use serde_json::Value;

/// The canonical bytes of a record that is given as JSON, or the error.
fn encode(kind: &str, input: &Value) -> Result<Vec<u8>, serde_json::Error> {
    let input = input.clone();
    Ok(match kind {
        "TypeDef" => serde_json::from_value::<TypeDef>(input)?.encode(),
        "MethodDef" => serde_json::from_value::<MethodDef>(input)?.encode(),
        "ServiceContract" => serde_json::from_value::<ServiceContract>(input)?.encode(),
        other => panic!("unknown record {other}"),
    })
}

fn blake3_hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[test]
fn vectors_encode_to_the_recorded_bytes_and_hashes() {
    let file = vectors::load("contracts");
    for case in vectors::list(&file, "cases") {
        let name = vectors::text(case, "name");
        match encode(vectors::text(case, "type"), &case["input"]) {
            Ok(bytes) => {
                assert_eq!(hex::encode(&bytes), vectors::text(case, "canonical_hex"), "{name}");
                assert_eq!(blake3_hex(&bytes), vectors::text(case, "blake3"), "{name}");
            }
            Err(error) => assert!(case.get("error").is_some(), "{name}: {error}"),
        }
    }
}

#[test]
fn recorded_types_and_contracts_encode_to_the_recorded_bytes() {
    let mut types = 0;
    for (file, list) in [("typegraph", "services"), ("wheel-contracts", "cases")] {
        for service in vectors::list(&vectors::load(file), list) {
            let name = vectors::text(service, "service_class");
            let contract = encode("ServiceContract", &service["contract"]).unwrap();
            assert_eq!(hex::encode(&contract), vectors::text(service, "contract_canonical_hex"), "{name}");
            assert_eq!(blake3_hex(&contract), vectors::text(service, "contract_id"), "{name}");
            for defined in vectors::list(service, "types") {
                let bytes = encode("TypeDef", &defined["typedef"]).unwrap();
                assert_eq!(hex::encode(&bytes), vectors::text(defined, "canonical_hex"));
                assert_eq!(blake3_hex(&bytes), vectors::text(defined, "blake3"));
                types += 1;
            }
        }
    }
    assert!(types > 40, "only {types} types");
}

/// The decoded form of canonical bytes, written again.
fn rewritten(kind: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    match kind {
        "TypeDef" => TypeDef::decode(bytes).ok().map(|read| read.encode()),
        "ServiceContract" => ServiceContract::decode(bytes).ok().map(|read| read.encode()),
        _ => None,
    }
}

#[test]
fn recorded_bytes_are_read_and_damaged_ones_are_refused() {
    let file = vectors::load("contracts");
    let mut read = 0;
    for case in vectors::list(&file, "cases") {
        let (name, kind) = (vectors::text(case, "name"), vectors::text(case, "type"));
        let Some(text) = case["canonical_hex"].as_str().filter(|_| kind != "MethodDef") else { continue };
        let bytes = hex::decode(text);
        assert_eq!(rewritten(kind, &bytes).as_deref(), Some(bytes.as_slice()), "{name}");
        read += 1;
        for length in 0..bytes.len() {
            assert_eq!(rewritten(kind, &bytes[..length]), None, "{name} cut at {length}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(rewritten(kind, &longer), None, "{name} with one more byte");
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 0x41;
            // Whatever is read is written as the same bytes.
            if let Some(again) = rewritten(kind, &other) {
                assert_eq!(again, other, "{name} with another byte at {at}");
            }
        }
    }
    assert!(read > 20, "{read}");
}
