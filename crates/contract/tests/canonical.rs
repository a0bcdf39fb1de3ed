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
