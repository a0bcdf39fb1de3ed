//! The sample services of the golden vectors: contract ids, definitions of cyclic types, postponed annotations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_contract::canonical::TypeDef;
use aster_contract::service::Service;
use aster_contract::typegraph::{TypeGraph, root_message};
use aster_contract::{ContractError, describe, manifest};
use aster_testkit::{hex, vectors};
use serde_json::{Value, json};

fn samples() -> Value {
    serde_json::from_str(include_str!("data/sample-services.json")).unwrap()
}

/// The document of the service with this Python class.
fn document(source: &str) -> Value {
    let file = samples();
    let mut services = vectors::list(&file, "services").iter();
    let mut service = services.find(|service| service["source"] == source).expect("a sample").clone();
    service["schema"] = file["schema"].clone();
    service["defaults"] = file["defaults"].clone();
    service
}

fn definitions(document: &Value) -> Vec<(String, TypeDef)> {
    let service = Service::from_json(&document.to_string()).unwrap();
    let roots = service.methods.iter().flat_map(|method| [&method.request, &method.response]);
    let graph = TypeGraph::new(&service, roots.filter_map(root_message));
    graph.types().iter().map(|defined| (defined.full_name.clone(), defined.definition.clone())).collect()
}

#[test]
fn contract_ids_equal_those_of_the_vectors() {
    for case in vectors::list(&vectors::load("typegraph"), "services") {
        let source = vectors::text(case, "service_class");
        let description = describe(&document(source).to_string()).unwrap();
        // This Python module has postponed annotations. The services of all other modules have the strict id.
        let id = match source {
            "vec_future.Minimal" => description.open_contract_ids.first().cloned(),
            _ => description.contract_id,
        };
        assert_eq!(id.as_deref(), Some(vectors::text(case, "contract_id")), "{source}");
    }
}

#[test]
fn type_definitions_equal_those_of_the_vectors() {
    for case in vectors::list(&vectors::load("typegraph"), "services") {
        let source = vectors::text(case, "service_class");
        if source == "vec_future.Minimal" {
            continue;
        }
        let mut got = definitions(&document(source));
        got.sort_by(|a, b| a.0.cmp(&b.0));
        let mut expected: Vec<(String, TypeDef)> = vectors::list(case, "types")
            .iter()
            .map(|defined| {
                let name = vectors::text(defined, "fqn").to_owned();
                (name, serde_json::from_value(defined["typedef"].clone()).unwrap())
            })
            .collect();
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(got, expected, "{source}");
    }
}

#[test]
fn manifests_and_collections_equal_those_of_the_vectors() {
    for case in vectors::list(&vectors::load("manifests"), "services") {
        let source = vectors::text(case, "service_class");
        if source == "vec_shapes.KitchenService" {
            continue;
        }
        let document = document(source).to_string();
        assert_eq!(manifest(&document).unwrap(), vectors::text(case, "manifest_text"), "{source}");
        let service = Service::from_json(&document).unwrap();
        let roots = service.methods.iter().flat_map(|method| [&method.request, &method.response]);
        let graph = TypeGraph::new(&service, roots.filter_map(root_message));
        let names: Vec<&str> =
            vectors::list(case, "entries").iter().map(|entry| vectors::text(entry, "name")).collect();
        let types: Vec<String> =
            graph.types().iter().map(|defined| format!("types/{}.bin", hex::encode(&defined.hash))).collect();
        assert_eq!(names[1..names.len() - 1], types, "{source}");
    }
}

#[test]
fn the_order_of_methods_and_types_in_the_document_does_not_matter() {
    let document = document("vec_shapes.Cycles");
    let mut turned = document.clone();
    turned["methods"].as_array_mut().unwrap().reverse();
    let types = turned["schema"]["types"].as_array_mut().unwrap();
    let last = types.len() as u64 - 1;
    types.reverse();
    let mut text = turned.to_string();
    for index in 0..=last {
        text = text.replace(&format!("\"message\":{index}}}"), &format!("\"message\":#{}}}", last - index));
    }
    let text = text.replace('#', "");
    let (plain, turned) = (describe(&document.to_string()).unwrap(), describe(&text).unwrap());
    assert!(plain.contract_id.is_some());
    assert_eq!(plain.contract_id, turned.contract_id);
    assert_eq!(plain.type_hashes, turned.type_hashes);
}

#[test]
fn a_postponed_response_type_is_hashed_only_if_a_request_uses_it() {
    let ids = |pattern: &str, request: usize, response: usize| {
        let mut document = document("vec_shapes.Minimal");
        document["methods"] = json!([
            { "name": "m", "pattern": pattern, "request": { "message": request }, "response": { "message": response } }
        ]);
        let description = describe(&document.to_string()).unwrap();
        description.open_contract_ids
    };
    let (ping, leaf, c2) = (0, 2, 14);
    let same = |others: Vec<String>| others.is_empty();
    assert!(same(ids("unary", ping, ping)));
    assert!(same(ids("unary", c2, leaf)), "reached through a field of the request");
    assert!(!same(ids("unary", leaf, ping)));
    assert!(same(ids("clientStream", ping, ping)));
    assert!(!same(ids("serverStream", ping, ping)));
    assert!(!same(ids("bidiStream", ping, ping)));
}

#[test]
fn a_tag_without_a_slash_needs_the_python_module() {
    let mut document = document("vec_shapes.Tags");
    assert!(describe(&document.to_string()).unwrap().problem.is_none());
    document["schema"]["types"][6]["pythonModule"] = Value::Null;
    let description = describe(&document.to_string()).unwrap();
    assert_eq!((description.contract_id, description.open_contract_ids.len()), (None, 0));
    assert!(description.problem.unwrap().contains("\"NoSlash\""));
    assert!(matches!(manifest(&document.to_string()), Err(ContractError::NoId(_))));
}

#[test]
fn every_type_that_contracts_do_not_distinguish_is_any() {
    let sized = [
        "int8",
        "int16",
        "fixedInt32",
        "fixedInt64",
        "int32",
        "int64",
        "taggedInt64",
        "uint8",
        "uint16",
        "fixedUint32",
        "fixedUint64",
        "uint32",
        "uint64",
        "taggedUint64",
        "float32",
        "timestamp",
        "date",
        "any",
        "anyList",
        "anyMap",
        "json",
    ];
    let id = |kind: Value| {
        let mut document = document("vec_shapes.Minimal");
        document["schema"]["types"][0]["fields"][0]["type"] = kind;
        describe(&document.to_string()).unwrap().contract_id.unwrap()
    };
    let any = id(json!("any"));
    for word in sized {
        assert_eq!(id(json!(word)), any, "{word}");
    }
    assert_eq!(id(json!({ "array": "int32" })), any);
    assert_eq!(id(json!({ "union": [1, 2] })), any);
    let mut extended = document("vec_shapes.Minimal");
    let types = extended["schema"]["types"].as_array_mut().unwrap();
    types.push(json!({ "kind": "ext", "tag": "n/X", "namespace": "n", "name": "X" }));
    let index = types.len() - 1;
    extended["schema"]["types"][0]["fields"][0]["type"] = json!({ "ext": index });
    assert_eq!(describe(&extended.to_string()).unwrap().contract_id.unwrap(), any);
    extended["methods"][0]["request"] = json!({ "ext": 0 });
    assert_eq!(describe(&extended.to_string()).unwrap_err().path(), "methods[0]");
    assert_eq!(id(json!({ "shared": "string" })), id(json!("string")));
    assert_ne!(id(json!("string")), any);
}

#[test]
fn a_text_that_is_not_a_service_document_is_refused_with_its_path() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut document = document("vec_shapes.Minimal");
        change(&mut document);
        describe(&document.to_string()).unwrap_err()
    };
    assert!(matches!(describe("{"), Err(ContractError::Form(_))));
    assert!(matches!(refused(&|document| document["version"] = json!(1_i64 << 31)), ContractError::Form(_)));
    assert!(matches!(
        refused(&|document| document["schema"]["types"][0]["kind"] = json!("zap")),
        ContractError::Form(_)
    ));
    let error = refused(&|document| document["methods"][0]["request"] = json!({ "message": 99 }));
    assert_eq!(error.path(), "methods[0]");
    let error = refused(&|document| {
        document["schema"]["types"][1]["fields"][0]["type"] = json!({ "enum": 0 });
    });
    assert_eq!(error.path(), "schema.types[1].text");
    let error = refused(&|document| {
        document["methods"][0]["pattern"] = json!("serverStream");
        document["methods"][0]["idempotent"] = json!(true);
    });
    assert_eq!(error.path(), "methods[0]");
}

#[test]
fn an_optional_response_is_hashed_as_its_inner_type() {
    let plain = document("vec_shapes.PrimitiveIO");
    let mut optional = plain.clone();
    for method in optional["methods"].as_array_mut().unwrap() {
        method["response"] = json!({ "optional": method["response"] });
    }
    let (plain, optional) = (plain.to_string(), optional.to_string());
    assert_eq!(describe(&optional).unwrap().contract_id, describe(&plain).unwrap().contract_id);
    assert_eq!(manifest(&optional).unwrap(), manifest(&plain).unwrap());
}

#[test]
fn the_open_ids_of_a_service_cover_optional_responses_only() {
    let open_ids = |first: Value, second: Value| {
        let mut document = document("vec_shapes.Minimal");
        let method = |name: &str, response: Value| json!({ "name": name, "pattern": "unary", "request": { "message": 0 }, "response": response });
        document["methods"] = json!([method("a", first), method("b", second)]);
        let description = describe(&document.to_string()).unwrap();
        (description.contract_id.unwrap(), description.open_contract_ids)
    };
    let (ping, other) = (json!({ "message": 0 }), json!({ "message": 2 }));
    let (strict, open) = open_ids(ping.clone(), other.clone());
    assert_eq!(open.len(), 1, "only postponed annotations leave the second response open");
    let (id, more) = open_ids(json!({ "optional": ping }), other.clone());
    assert_eq!(id, strict);
    assert_eq!(more.len(), 3, "postponed, optional, and both");
    assert_eq!(more.first(), open.first());
    let (_, one) = open_ids(ping, json!({ "optional": other }));
    assert_eq!(one, open, "all three are the same id");
}

#[test]
fn an_optional_union_is_one_union_with_none_as_in_python() {
    let with = |kind: Value| {
        let mut document = document("vec_shapes.Minimal");
        let types = document["schema"]["types"].as_array_mut().unwrap();
        types[0]["fields"] = json!([{ "name": "holder", "type": kind, "default": false }]);
        let all = definitions(&document);
        let mut fields = all.iter().flat_map(|(_, definition)| &definition.fields);
        fields.find(|field| field.name == "holder").map(|field| field.optional)
    };
    let union = json!({ "union": [1, 2] });
    assert_eq!(with(json!({ "optional": "any" })), Some(true));
    assert_eq!(with(json!({ "optional": union })), Some(false));
    assert_eq!(with(json!({ "shared": { "optional": { "shared": union } } })), Some(false));
}

/// The type graph is visited by recursion, so the longest accepted chain of types must fit the stack of a test thread.
#[test]
fn the_longest_chain_of_types_is_accepted_and_a_longer_one_is_refused() {
    let chain = |length: usize| {
        let mut document = document("vec_shapes.Minimal");
        let message = |index: usize| {
            let next =
                json!([{ "name": "next", "type": { "message": (index + 1) % length }, "default": false }]);
            let name = format!("T{index:04}");
            json!({ "kind": "message", "tag": format!("n/{name}"), "namespace": "n", "name": name, "fields": next })
        };
        document["schema"]["types"] = (0..length).map(message).collect();
        describe(&document.to_string())
    };
    assert_eq!(chain(4096).unwrap().type_hashes.len(), 4096);
    assert_eq!(chain(4097).unwrap_err().path(), "schema.types");
}

proptest::proptest! {
    #[test]
    fn any_text_is_described_or_is_refused(text in "\\PC*", at in 0_usize..4000, cut in 0_usize..40) {
        let _ = describe(&text);
        let mut document = document("vec_shapes.Cycles").to_string();
        let at = at.min(document.len());
        let end = (at + cut).min(document.len());
        document.replace_range(at..end, &text);
        let _ = describe(&document);
        let _ = manifest(&document);
    }
}
