//! Service documents of recorded Python services: contract ids, type definitions and manifests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_contract::service::Service;
use aster_contract::typegraph::{TypeGraph, root_message};
use aster_contract::{describe, manifest};
use aster_testkit::{hex, vectors};
use serde_json::Value;

/// The service documents of the services that were recorded.
fn documents() -> Vec<String> {
    let file: Value = serde_json::from_str(include_str!("data/reference-services.json")).unwrap();
    let services = vectors::list(&file, "services").iter().map(|service| {
        let mut service = service.clone();
        service["schema"] = file["schema"].clone();
        service["defaults"] = file["defaults"].clone();
        service.to_string()
    });
    services.collect()
}

fn recorded() -> Vec<Value> {
    vectors::list(&vectors::load("wheel-contracts"), "cases").to_vec()
}

#[test]
fn contract_ids_equal_those_of_python() {
    for (document, case) in documents().iter().zip(recorded()) {
        let description = describe(document).unwrap();
        assert_eq!(description.contract_id.as_deref(), Some(vectors::text(&case, "contract_id")));
        assert_eq!(hex::encode(&description.canonical), vectors::text(&case, "contract_canonical_hex"));
        assert_eq!(description.problem, None);
    }
}

#[test]
fn type_definitions_have_the_order_and_bytes_of_python() {
    for (document, case) in documents().iter().zip(recorded()) {
        let service = Service::from_json(document).unwrap();
        let roots = service.methods.iter().flat_map(|method| [&method.request, &method.response]);
        let graph = TypeGraph::new(&service, roots.filter_map(root_message));
        let entries = vectors::list(&case, "collection_entries").iter();
        let expected: Vec<String> = entries
            .filter_map(|entry| vectors::text(entry, "name").strip_prefix("types/").map(str::to_owned))
            .collect();
        let got: Vec<String> =
            graph.types().iter().map(|defined| format!("{}.bin", hex::encode(&defined.hash))).collect();
        assert_eq!(got, expected, "{}", case["service_class"]);
    }
}

#[test]
fn manifests_equal_those_of_python_byte_for_byte() {
    for (document, case) in documents().iter().zip(recorded()) {
        let text = manifest(document).unwrap();
        let expected = vectors::text(&case, "manifest_text");
        for (line, expected) in text.lines().zip(expected.lines()) {
            assert_eq!(line, expected, "{}", case["service_class"]);
        }
        assert_eq!(text, expected, "{}", case["service_class"]);
    }
}
