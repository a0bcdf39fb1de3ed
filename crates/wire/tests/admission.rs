//! Admission documents: recorded from Python, and malformed input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_testkit::vectors;
use aster_wire::address;
use aster_wire::admission::{ConsumerRequest, ConsumerResponse, ProducerResponse, ServiceSummary};
use aster_wire::limit::ADMISSION_BYTES;
use proptest::prelude::*;

#[test]
fn recorded_documents_decode_and_encode_to_the_same_bytes() {
    let file = vectors::load("wheel-admission");
    let (mut requests, mut answers) = (0, 0);
    for case in vectors::list(&file, "cases") {
        let name = vectors::text(case, "name");
        if vectors::text(case, "alpn") != "aster.consumer_admission" {
            continue;
        }
        if let Some(text) = case["request_text"].as_str() {
            // Python answers a valid document with a decision, and does not answer anything else.
            let request = ConsumerRequest::from_bytes(text.as_bytes());
            match request {
                Ok(request) if text.contains("\"iid_token\":\"") && !text.contains(": ") => {
                    assert_eq!(request.to_bytes().unwrap(), text.as_bytes(), "{name}");
                    requests += 1;
                }
                Ok(_) => requests += 1,
                Err(_) => assert_ne!(case["admitted"], serde_json::json!(true), "{name}"),
            }
        }
        if let Some(text) = case["response_text"].as_str().filter(|text| !text.is_empty()) {
            let answer = ConsumerResponse::from_bytes(text.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(answer.to_bytes().unwrap()).unwrap(), text, "{name}");
            assert_eq!(serde_json::json!(answer.admitted), case["admitted"], "{name}");
            for service in &answer.services {
                address::parse(service.channel("rpc").unwrap()).unwrap();
                assert!(!service.is_json_only());
            }
            answers += 1;
        }
    }
    assert!(requests > 10 && answers > 10, "{requests} {answers}");
}

#[test]
fn recorded_answers_to_producers_decode_and_encode_to_the_same_bytes() {
    let file = vectors::load("wheel-admission");
    let mut answers = 0;
    for case in vectors::list(&file, "cases") {
        let is_producer = vectors::text(case, "alpn") == "aster.producer_admission";
        let text = case["response_text"].as_str().filter(|text| is_producer && !text.is_empty());
        let Some(text) = text else { continue };
        let name = vectors::text(case, "name");
        let answer = ProducerResponse::from_bytes(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(answer.to_bytes().unwrap()).unwrap(), text, "{name}");
        assert_eq!(serde_json::json!(answer.accepted), case["admitted"], "{name}");
        assert_eq!(answer == ProducerResponse::default(), !answer.accepted, "{name}");
        answers += 1;
    }
    assert_eq!(answers, 2);
    assert!(ProducerResponse::from_bytes(b"{}").is_err());
    let members =
        |count| ProducerResponse { accepted_producers: vec!["ab".repeat(32); count], ..Default::default() };
    assert!(members(970).to_bytes().is_ok() && members(980).to_bytes().is_err());
}

#[test]
fn a_request_may_have_unknown_members_null_and_spaces_but_no_missing_members() {
    let read = |text: &str| ConsumerRequest::from_bytes(text.as_bytes());
    let empty = ConsumerRequest::default();
    assert_eq!(read(r#" { "credential_json" : null, "zap": [1] } "#).unwrap(), empty);
    assert_eq!(read(r#"{"credential_json":"a","credential_json":"","iid_token":null}"#).unwrap(), empty);
    assert_eq!(empty.to_bytes().unwrap(), br#"{"credential_json":"","iid_token":""}"#);
    for bad in ["", "{}", "[]", "null", r#"{"credential_json":1}"#, r#"{"credential_json":""}x"#] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_response_needs_only_its_decision_and_accepts_the_old_registry_name() {
    let read = |text: &str| ConsumerResponse::from_bytes(text.as_bytes()).unwrap();
    assert!(!read(r#"{"admitted":false}"#).admitted);
    assert_eq!(read(r#"{"admitted":true,"registry_ticket":"ab"}"#).registry_namespace, "ab");
    let both = r#"{"admitted":true,"registry_ticket":"ab","registry_namespace":"cd"}"#;
    assert_eq!(read(both).registry_namespace, "cd");
    assert!(ConsumerResponse::from_bytes(b"").is_err());
    assert!(ConsumerResponse::from_bytes(b"{}").is_err());
}

#[test]
fn a_summary_without_pattern_and_modes_has_the_defaults() {
    let text = r#"{"admitted":true,"services":[{"name":"S","version":1,"contract_id":"00"}]}"#;
    let answer = ConsumerResponse::from_bytes(text.as_bytes()).unwrap();
    let service = answer.services.first().unwrap();
    assert_eq!((service.pattern.as_str(), service.channel("rpc")), ("shared", None));
    let modes = |modes: &[&str]| ServiceSummary {
        serialization_modes: modes.iter().map(|&mode| mode.to_owned()).collect(),
        ..service.clone()
    };
    assert!(modes(&["json"]).is_json_only());
    assert!(!modes(&["json", "xlang"]).is_json_only() && !modes(&[]).is_json_only());
}

#[test]
fn a_refusal_has_no_reason() {
    let text = r#"{"admitted":false,"attributes":{},"services":[],"registry_namespace":"","root_pubkey":"ab","reason":""}"#;
    assert_eq!(ConsumerResponse::refusal("ab").to_bytes().unwrap(), text.as_bytes());
}

#[test]
fn documents_above_the_size_limit_are_neither_read_nor_written() {
    let request = |size: usize| ConsumerRequest::new("x".repeat(size));
    let frame = request(0).to_bytes().unwrap().len();
    let largest = request(ADMISSION_BYTES - frame).to_bytes().unwrap();
    assert!(ConsumerRequest::from_bytes(&largest).is_ok());
    assert!(request(ADMISSION_BYTES - frame + 1).to_bytes().is_err());
    assert!(ConsumerRequest::from_bytes(&[&largest[..], b" "].concat()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_a_document_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ConsumerRequest::from_bytes(&bytes);
        let _ = ConsumerResponse::from_bytes(&bytes);
    }

    #[test]
    fn an_encoded_response_decodes_to_the_same_response(name in any::<String>(), key in any::<String>(), topic in prop::option::of("[a-f0-9]{64}"), extensions in prop::collection::btree_map("[a-z]{1,9}", any::<String>(), 0..3)) {
        let service = ServiceSummary {
            name: name.clone(), version: 3, contract_id: "ab".repeat(32), channels: vec![("rpc".to_owned(), name)],
            pattern: "session".to_owned(), serialization_modes: vec!["json".to_owned()],
            extensions: extensions.into_iter().collect(),
        };
        let answer = ConsumerResponse {
            admitted: true, attributes: vec![(key, "v".to_owned())], services: vec![service],
            gossip_topic: topic, ..ConsumerResponse::default()
        };
        prop_assert_eq!(ConsumerResponse::from_bytes(&answer.to_bytes().unwrap()).unwrap(), answer);
    }
}
