//! Descriptors that are refused, with the path of the error.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Plan, PlanError, Schema};
use serde_json::{Value as Json, json};
use support::{message_plan, plan};

fn message(fields: &Json) -> Json {
    json!({ "kind": "message", "tag": "n/M", "namespace": "n", "name": "M", "fields": fields })
}

fn refusal(descriptor: &Json) -> PlanError {
    let schema = match Schema::from_json(&descriptor.to_string()) {
        Ok(schema) => schema,
        Err(error) => return error,
    };
    Plan::compile(&schema).expect_err("a wrong descriptor")
}

fn type_refusal(r#type: &Json) -> PlanError {
    let color =
        json!({ "kind": "enum", "tag": "C", "namespace": "", "name": "C", "members": ["A"], "json": ["a"] });
    refusal(&json!({ "types": [message(&json!([{ "name": "f", "type": r#type }])), color], "roots": [] }))
}

#[test]
fn a_wrong_type_is_refused_with_its_path() {
    for (r#type, path) in [
        (json!("integer"), "types[0].fields[0].type"),
        (json!(7), "types[0].fields[0].type"),
        (json!({}), "types[0].fields[0].type"),
        (json!({ "list": "int", "set": "int" }), "types[0].fields[0].type"),
        (json!({ "lists": "int" }), "types[0].fields[0].type.lists"),
        (json!({ "list": "str" }), "types[0].fields[0].type.list"),
        (json!({ "map": ["string"] }), "types[0].fields[0].type.map"),
        (json!({ "map": ["string", "str"] }), "types[0].fields[0].type.map[1]"),
        (json!({ "optional": { "optional": "int" } }), "types[0].fields[0].type.optional"),
        (json!({ "message": 2 }), "types[0].fields[0].type.message"),
        (json!({ "message": 1 }), "types[0].fields[0].type.message"),
        (json!({ "enum": 0 }), "types[0].fields[0].type.enum"),
        (json!({ "enum": -1 }), "types[0].fields[0].type.enum"),
        (json!({ "ext": 1 }), "types[0].fields[0].type.ext"),
        (json!({ "array": "string" }), "types[0].fields[0].type.array"),
        (json!({ "shared": { "optional": { "shared": "any" } } }), "types[0].fields[0].type.shared"),
        (json!({ "optional": { "shared": { "optional": "any" } } }), "types[0].fields[0].type.optional"),
        (json!({ "union": [] }), "types[0].fields[0].type.union"),
        (json!({ "union": [0, 9] }), "types[0].fields[0].type.union[1]"),
    ] {
        let error = type_refusal(&r#type);
        assert_eq!(error.path(), path, "{type}: {error}");
        assert!(matches!(error, PlanError::Invalid { .. }), "{type}: {error}");
    }
    let deep = (0..40).fold(json!("int"), |inner, _| json!({ "list": inner }));
    assert!(type_refusal(&deep).to_string().contains("more than 32 levels deep"));
}

#[test]
fn a_wrong_declaration_is_refused_with_its_path() {
    let with = |member: &str, value: Json| {
        let mut declared = message(&json!([{ "name": "a", "type": "int" }]));
        declared[member] = value;
        declared
    };
    let double = json!([{ "name": "a", "type": "int" }, { "name": "a", "type": "int" }]);
    let color = |members: Json, values: Json| json!({ "kind": "enum", "tag": "C", "namespace": "", "name": "C", "members": members, "json": values });
    for (declared, path) in [
        (json!({}), "types[0]"),
        (with("kind", json!("struct")), "types[0].kind"),
        (with("refs", json!(1)), "types[0].refs"),
        (with("compatible", json!("yes")), "types[0].compatible"),
        (with("name", json!("")), "types[0].name"),
        (with("namespace", json!(null)), "types[0].namespace"),
        (with("name", json!("über")), "types[0].name"),
        (with("colour", json!(1)), "types[0]"),
        (with("fields", json!({})), "types[0].fields"),
        (with("fields", json!([{ "name": "" , "type": "int" }])), "types[0].fields[0].name"),
        (with("fields", json!([{ "name": "x" }])), "types[0].fields[0]"),
        (with("fields", json!([{ "name": "x", "type": "int", "default": 1 }])), "types[0].fields[0].default"),
        (with("fields", double), "types[0].fields[1].name"),
        (color(json!([]), json!([])), "types[0]"),
        (color(json!(["A"]), json!([])), "types[0].json"),
        (color(json!(["A", "A"]), json!(["a", "b"])), "types[0].members[1]"),
        (color(json!(["A", "B"]), json!(["a", "a"])), "types[0].json[1]"),
        (color(json!(["A"]), json!([1.5])), "types[0].json[0]"),
    ] {
        let error = refusal(&json!({ "types": [declared], "roots": [] }));
        assert_eq!(error.path(), path, "{declared}: {error}");
    }
    let twice = refusal(&json!({ "types": [message(&json!([])), message(&json!([]))], "roots": [] }));
    assert_eq!(twice.path(), "types[1]");
    assert_eq!(refusal(&json!({ "types": [] })).path(), "");
    assert_eq!(refusal(&json!({ "types": [], "roots": [{ "message": 0 }] })).path(), "roots[0].message");
    assert!(matches!(Schema::from_json("{").expect_err("no JSON"), PlanError::Json(_)));
}

#[test]
fn a_plan_can_be_shared_between_threads() {
    fn shareable<T: Send + Sync + 'static>(_: &T) {}
    shareable(&Plan::dynamic());
}

#[test]
fn too_many_types_and_roots_are_refused() {
    let types: Vec<Json> = vec![json!(null); 4097];
    assert_eq!(refusal(&json!({ "types": types, "roots": [] })).path(), "types");
    let roots: Vec<Json> = vec![json!("int"); 65_537];
    assert_eq!(refusal(&json!({ "types": [], "roots": roots })).path(), "roots");
}

#[test]
fn the_plan_has_the_declared_flags_and_type_info_flags() {
    let plan = plan(&json!({
        "types": [
            { "kind": "message", "tag": "n/M", "namespace": "n", "name": "M", "fields": [
                { "name": "one", "type": { "optional": { "message": 0 } } },
                { "name": "many", "type": { "list": { "message": 0 } } },
                { "name": "rest", "type": { "map": ["string", "any"] } },
                { "name": "color", "type": { "enum": 1 }, "default": true },
                { "name": "seq", "type": "anyList" },
                { "name": "either", "type": { "union": [0, 1] } },
            ] },
            { "kind": "enum", "tag": "C", "namespace": "", "name": "C", "members": ["A", "B"], "json": ["a", "b"] },
        ],
        "roots": [{ "list": { "message": 0 } }, "int32", "json"],
    }));
    let described: Json = serde_json::from_str(&plan.to_json()).expect("a plan");
    let text = json!({ "id": 21, "nullable": false });
    let any = json!({ "id": 0, "nullable": false, "dynamic": true, "narrow": null, "types": null });
    assert_eq!(described["types"][0]["order"], json!([1, 2, 3, 5, 0, 4]));
    assert_eq!(
        described["types"][0]["fields"],
        json!([
            { "id": 29, "type": 0, "nullable": true, "typeInfo": true },
            { "id": 22, "nullable": false, "declared": true,
                "element": { "id": 29, "type": 0, "nullable": false, "typeInfo": false } },
            { "id": 24, "nullable": false, "key": text, "value": any, "keyDeclared": true, "valueDeclared": false },
            { "id": 26, "type": 1, "nullable": false },
            { "id": 0, "nullable": false, "dynamic": true, "narrow": 22, "types": null },
            { "id": 0, "nullable": false, "dynamic": true, "narrow": null, "types": [0, 1] },
        ])
    );
    assert_eq!(
        described["types"][1],
        json!({ "kind": "enum", "namespaceMeta": "00", "nameMeta": "020308", "emptyNamespace": true, "members": 2 })
    );
    assert_eq!(
        described["roots"],
        json!([
            { "id": 22, "nullable": false, "declared": false,
                "element": { "id": 29, "type": 0, "nullable": false, "typeInfo": true } },
            { "id": 7, "nullable": false },
            any,
        ])
    );
    assert_eq!(
        Plan::dynamic().to_json(),
        r#"{"types":[],"roots":[{"id":0,"nullable":true,"dynamic":true,"narrow":null,"types":null}]}"#
    );
    assert_eq!(message_plan(&[]).root_count(), 1);
}

#[test]
fn the_plan_has_shared_fields_and_the_options_of_roots() {
    let field = |name: &str, r#type: Json| json!({ "name": name, "type": r#type });
    let declared = json!({ "kind": "message", "tag": "n/M", "namespace": "n", "name": "M", "refs": true,
    "compatible": true, "fields": [
        field("int", json!({ "shared": "int" })), field("blob", json!({ "shared": "bytes" })),
        field("color", json!({ "shared": { "optional": { "enum": 1 } } })),
        field("next", json!({ "optional": { "shared": { "message": 0 } } })), field("array", json!({ "array": "float64" })),
    ] });
    let color =
        json!({ "kind": "enum", "tag": "C", "namespace": "", "name": "C", "members": ["A"], "json": ["a"] });
    let roots = json!([{ "optional": { "message": 0 } }, { "list": { "message": 0 } }]);
    let plan = plan(&json!({ "types": [declared, color], "roots": roots }));
    let described: Json = serde_json::from_str(&plan.to_json()).expect("JSON");
    let fields = &described["types"][0]["fields"];
    let shared: Vec<&Json> = (0..5).map(|index| &fields[index]["shared"]).collect();
    assert_eq!(shared, [&Json::Null, &json!("reference"), &json!("flag"), &json!("reference"), &Json::Null]);
    assert_eq!(fields[4], json!({ "id": 56, "nullable": false }));
    assert_eq!(fields[3]["nullable"], json!(true));
    assert!(described["types"][0]["prefix"].as_str().expect("a prefix").starts_with("02001d"));
    assert_eq!(
        (&described["roots"][0]["refs"], &described["roots"][0]["compatible"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&described["roots"][1]["refs"], &described["roots"][1]["compatible"]),
        (&Json::Null, &Json::Null)
    );
}
