//! Rules of JSON mode that the recorded texts do not cover.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{CodecError, Plan, check, json_to_xlang, xlang_to_json};
use aster_testkit::hex;
use serde_json::json;
use support::{message_plan, plan};

fn read(plan: &Plan, text: &str) -> Result<Vec<u8>, CodecError> {
    json_to_xlang(plan, 0, text.as_bytes(), false)
}

fn print(plan: &Plan, message: &[u8]) -> Result<String, CodecError> {
    let mut text = String::new();
    xlang_to_json(plan, 0, message, &mut text).map(|()| text)
}

/// Converts JSON text to XLANG and back.
fn round_trip(plan: &Plan, text: &str) -> String {
    let message = read(plan, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    print(plan, &message).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The status code and path of the error.
fn refusal(plan: &Plan, text: &str) -> (u32, String) {
    let error = read(plan, text).expect_err(text);
    (error.code(), error.path().to_owned())
}

fn people() -> Plan {
    plan(&json!({
        "types": [
            { "kind": "message", "tag": "p/Person", "namespace": "p", "name": "Person", "fields": [
                { "name": "name", "type": "string" },
                { "name": "home", "type": { "optional": { "message": 1 } } },
                { "name": "past", "type": { "list": { "message": 1 } } },
                { "name": "places", "type": { "map": ["string", { "message": 1 }] } },
                { "name": "color", "type": { "optional": { "enum": 2 } } },
            ] },
            { "kind": "message", "tag": "p/Address", "namespace": "p", "name": "Address", "fields": [
                { "name": "zip", "type": "int" }, { "name": "city", "type": "string", "default": true },
            ] },
            { "kind": "enum", "tag": "p/Color", "namespace": "p", "name": "Color",
                "members": ["RED", "TEN"], "json": ["red", 10] },
        ],
        "roots": [{ "message": 0 }],
    }))
}

#[test]
fn an_int_field_accepts_only_integers_in_its_range() {
    let plan = message_plan(&[("n", json!("int"))]);
    for token in ["9223372036854775807", "-9223372036854775808", "0", "-1"] {
        let text = format!("{{\"n\":{token}}}");
        assert_eq!(round_trip(&plan, &text), text);
    }
    assert_eq!(round_trip(&plan, "{\"n\":-0}"), "{\"n\":0}");
    let huge = "1".repeat(400);
    for token in ["1.0", "1e3", "\"1\"", "true", "null", "[]", "NaN", "9223372036854775808", huge.as_str()] {
        assert_eq!(refusal(&plan, &format!("{{\"n\":{token}}}")), (3, "n".to_owned()), "{token}");
    }
    let narrow = message_plan(&[("n", json!("uint8"))]);
    assert_eq!(round_trip(&narrow, "{\"n\":255}"), "{\"n\":255}");
    assert_eq!(refusal(&narrow, "{\"n\":256}").0, 3);
    assert_eq!(refusal(&narrow, "{\"n\":-1}").0, 3);
}

#[test]
fn a_float_field_accepts_every_number_that_python_writes() {
    let plan = message_plan(&[("x", json!("float"))]);
    for (token, printed) in [
        ("1", "1.0"),
        ("1.50", "1.5"),
        ("1e400", "Infinity"),
        ("-1e400", "-Infinity"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("-0.0", "-0.0"),
        ("1E-7", "1e-07"),
        ("123456789012345680000", "1.2345678901234568e+20"),
    ] {
        assert_eq!(round_trip(&plan, &format!("{{\"x\":{token}}}")), format!("{{\"x\":{printed}}}"));
    }
    let huge = "1".repeat(400);
    for token in ["\"1.0\"", "true", "nan", "+1", ".5", "1.", "01", "1e", "-", huge.as_str()] {
        assert_eq!(read(&plan, &format!("{{\"x\":{token}}}")).expect_err(token).code(), 3);
    }
    let single = message_plan(&[("x", json!("float32"))]);
    assert_eq!(round_trip(&single, "{\"x\":0.1}"), "{\"x\":0.10000000149011612}");
}

#[test]
fn only_bytes_declared_as_base64_have_a_json_form() {
    let plan = message_plan(&[
        ("b", json!("base64")),
        ("m", json!({ "map": ["base64", { "optional": "base64" }] })),
    ]);
    let text = r#"{"b":"AAH/","m":{"":null,"+/8=":"Zg=="}}"#;
    assert_eq!(round_trip(&plan, text), text);
    let escaped = r#"{"b":"A\u0041H\/","m":{}}"#;
    assert_eq!(round_trip(&plan, escaped), r#"{"b":"AAH/","m":{}}"#);
    // base64 and bytes give the same XLANG, including the hash.
    let bare =
        message_plan(&[("b", json!("bytes")), ("m", json!({ "map": ["bytes", { "optional": "bytes" }] }))]);
    let message = read(&plan, text).expect("a message");
    let mut out = String::new();
    check(&bare, 0, &message).expect("the same bytes");
    assert!(xlang_to_json(&bare, 0, &message, &mut out).is_err());
    for wrong in ["\"AAH\"", "\"AAH_\"", "\"AA H/\"", "\"AB==\"", "1", "null", "[]"] {
        assert_eq!(refusal(&plan, &format!("{{\"b\":{wrong},\"m\":{{}}}}")), (3, "b".to_owned()), "{wrong}");
    }
}

#[test]
fn an_unknown_member_is_a_contract_violation_with_its_path() {
    let plan = people();
    let error =
        read(&plan, r#"{"name":"a","past":[],"places":{},"zap":1,"it's":2,"zap":3}"#).expect_err("unknown");
    assert_eq!(error.code(), 101);
    assert_eq!(
        error.to_string(),
        "contract violation at Person: unexpected JSON field(s) [\"'zap'\", '\"it\\'s\"'] \
         (expected: ['color', 'home', 'name', 'past', 'places'])"
    );
    let details = [
        ("unexpected_fields", "'zap',\"it's\"".to_owned()),
        ("location", "Person".to_owned()),
        ("expected_class", "Person".to_owned()),
    ];
    assert_eq!(error.details(), details);

    let path = |text: &str| {
        let error = read(&plan, text).expect_err(text);
        assert_eq!(error.code(), 101, "{error}");
        let details = error.details();
        assert_eq!(details[2].1, "Address");
        details[1].1.clone()
    };
    let home = r#"{"name":"","past":[],"places":{},"home":{"zip":1,"city":"","zap":1}}"#;
    assert_eq!(path(home), "Person.home");
    let past = r#"{"name":"","past":[{"zip":1,"city":""},{"zap":1}],"places":{}}"#;
    assert_eq!(path(past), "Person.past[1]");
    let places = r#"{"name":"","past":[],"places":{"there":{"zap":1}}}"#;
    assert_eq!(path(places), "Person.places[there]");
}

#[test]
fn a_repeated_member_keeps_its_first_position_and_its_last_value() {
    let plan = message_plan(&[("n", json!("int")), ("m", json!({ "map": ["string", "int"] }))]);
    let text = r#"{"n":1,"m":{"a":1,"b":2,"\u0061":3},"n":2}"#;
    assert_eq!(round_trip(&plan, text), r#"{"n":2,"m":{"a":3,"b":2}}"#);
    let entries = |range: std::ops::Range<usize>, offset: usize| {
        let entry = |n: usize| format!("\"k{}\":{}", n % 20, n + offset);
        range.map(entry).collect::<Vec<_>>().join(",")
    };
    let (many, last) = (entries(0..40, 0), entries(0..20, 20));
    assert_eq!(
        round_trip(&plan, &format!("{{\"n\":0,\"m\":{{{many}}}}}")),
        format!("{{\"n\":0,\"m\":{{{last}}}}}")
    );
    // A value that a later member replaces is not checked.
    assert_eq!(round_trip(&plan, r#"{"n":"x","n":2,"m":{}}"#), r#"{"n":2,"m":{}}"#);
}

#[test]
fn map_keys_are_converted_to_the_declared_type() {
    let map = |key: &str| message_plan(&[("m", json!({ "map": [key, "int"] }))]);
    for (key, good, bad) in [
        ("int", r#"{"m":{"-7":1,"12":2}}"#, r#"{"m":{"1.0":1}}"#),
        ("float", r#"{"m":{"1.5":1,"1e+16":2,"NaN":3}}"#, r#"{"m":{"x":1}}"#),
        ("bool", r#"{"m":{"true":1,"false":2}}"#, r#"{"m":{"True":1}}"#),
        ("uint8", r#"{"m":{"255":1}}"#, r#"{"m":{"256":1}}"#),
    ] {
        let plan = map(key);
        assert_eq!(round_trip(&plan, good), good);
        let (code, path) = refusal(&plan, bad);
        assert_eq!(code, 3);
        assert!(path.starts_with("m["), "{path}");
    }
    for spelling in [" 1", "1 ", "+1", "01", "", "[1]"] {
        assert_eq!(refusal(&map("int"), &format!("{{\"m\":{{\"{spelling}\":1}}}}")).0, 3, "{spelling}");
    }
    let colors = plan(&json!({
        "types": [{ "kind": "enum", "tag": "C", "namespace": "", "name": "C", "members": ["A", "B"], "json": ["a", 7] },
            { "kind": "message", "tag": "M", "namespace": "", "name": "M",
                "fields": [{ "name": "m", "type": { "map": [{ "enum": 0 }, { "enum": 0 }] } }] }],
        "roots": [{ "message": 1 }],
    }));
    assert_eq!(round_trip(&colors, r#"{"m":{"a":7,"7":"a"}}"#), r#"{"m":{"a":7,"7":"a"}}"#);
    assert_eq!(refusal(&colors, r#"{"m":{"a":"7"}}"#).0, 3);
    assert_eq!(refusal(&colors, r#"{"m":{"a":"A"}}"#).0, 3);
}

#[test]
fn a_missing_member_is_null_or_flagged_absent_or_refused() {
    let plan = people();
    let address = |city: &str| format!(r#"{{"name":"a","past":[{{"zip":1{city}}}],"places":{{}}}}"#);
    let (without, with) = (address(""), address(r#","city":"X""#));
    assert_eq!(refusal(&plan, &without), (3, "past[0].city".to_owned()));
    assert_eq!(refusal(&plan, r#"{"past":[],"places":{}}"#), (3, "name".to_owned()));
    assert!(round_trip(&plan, &with).ends_with(r#""color":null}"#));
    let flagged = |text: &str| {
        let bytes = json_to_xlang(&plan, 0, text.as_bytes(), true).expect(text);
        let without_flags = read(&plan, &with).expect(text);
        (hex::encode(&bytes), hex::encode(&without_flags))
    };
    // The value of zip, then the presence flag of city, then the value of city.
    let (present, without_flags) = flagged(&with);
    assert!(without_flags.contains("020458"), "{without_flags}");
    assert_eq!(present, without_flags.replace("020458", "02010458"));
    assert_eq!(flagged(&without).0, without_flags.replace("020458", "0200"));
}

#[test]
fn the_wrong_json_type_is_refused_with_its_path() {
    let plan = people();
    for (text, path) in [
        ("[]", ""),
        ("null", ""),
        ("1", ""),
        (r#"{"name":1,"past":[],"places":{}}"#, "name"),
        (r#"{"name":null,"past":[],"places":{}}"#, "name"),
        (r#"{"name":"","past":{},"places":{}}"#, "past"),
        (r#"{"name":"","past":[null],"places":{}}"#, "past[0]"),
        (r#"{"name":"","past":[{"zip":"1","city":""}],"places":{}}"#, "past[0].zip"),
        (r#"{"name":"","past":[],"places":[]}"#, "places"),
        (r#"{"name":"","past":[],"places":{"k":null}}"#, "places[k]"),
        (r#"{"name":"","past":[],"places":{"k":[]}}"#, "places[k]"),
        (r#"{"name":"","past":[],"places":{},"color":"blue"}"#, "color"),
        (r#"{"name":"","past":[],"places":{},"color":11}"#, "color"),
    ] {
        assert_eq!(refusal(&plan, text), (3, path.to_owned()), "{text}");
    }
}

#[test]
fn values_without_json_form_are_refused_in_both_directions() {
    for (kind, text, field) in [
        (json!("bytes"), "\"AAE=\"", "00"),
        (json!("date"), "\"2024-01-01\"", "0b4d0000"),
        (json!("timestamp"), "\"2024-01-01T00:00:00\"", "800092650000000000000000"),
        (json!({ "set": "int" }), "[]", "00"),
    ] {
        let plan = message_plan(&[("f", kind.clone())]);
        assert_eq!(refusal(&plan, &format!("{{\"f\":{text}}}")), (3, "f".to_owned()), "{kind}");
        let described: serde_json::Value = serde_json::from_str(&plan.to_json()).expect("a plan");
        let prefix = described["types"][0]["prefix"].as_str().expect("a prefix");
        let message = hex::decode(&format!("{prefix}{field}"));
        aster_codec::check(&plan, 0, &message).expect("a message");
        let error = print(&plan, &message).expect_err("no form");
        assert_eq!((error.code(), error.path()), (3, "f"), "{kind}");
    }
}

#[test]
fn dynamic_values_keep_the_difference_of_1_and_1_0() {
    let plan = Plan::dynamic();
    for (text, bytes) in [
        ("1", "02ff0702"),
        ("1.0", "02ff14000000000000f03f"),
        ("true", "02ff0101"),
        ("\"a\"", "02ff150461"),
        ("null", "03fd"),
        ("[1,2]", "02ff1602080702 04"),
        ("[1,\"a\",null]", "02ff160302ff0702ff150461fd"),
        ("[null]", "02ff16010a24fd"),
        ("{\"a\":1,\"b\":2.5,\"c\":3}", "02ff180300011507046102000115140462000000000000044000011507046306"),
        ("{\"a\":null}", "02ff180111ff150461"),
        ("{}", "02ff1800"),
        ("[]", "02ff1600"),
    ] {
        let message = read(&plan, text).expect(text);
        assert_eq!(hex::encode(&message), bytes.replace(' ', ""), "{text}");
        assert_eq!(round_trip(&plan, text), text);
    }
    assert_eq!(refusal(&plan, "[1,9223372036854775808]"), (3, "[1]".to_owned()));
}

#[test]
fn text_that_is_not_json_is_refused() {
    let plan = Plan::dynamic();
    for text in [
        "",
        " ",
        "{",
        "[",
        "]",
        "[1",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "\"",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"a\nb\"",
        "\"\u{0}\"",
        "nul",
        "tru",
        "-NaN",
        "- 1",
        "1 1",
        "[1]]",
        "{}x",
        "\u{feff}1",
        "Infinit",
        "/*1*/1",
        "0x10",
        "1_000",
    ] {
        let error = read(&plan, text).expect_err(text);
        assert_eq!(error.code(), 3, "{text}: {error}");
        assert!(error.to_string().contains("JSON"), "{text}: {error}");
    }
    assert_eq!(json_to_xlang(&plan, 0, b"\"\xff\"", false).expect_err("UTF-8").code(), 3);
    assert_eq!(round_trip(&plan, " \t\r\n[ 1 , {\"a\" : 2 } ] \n"), "[1,{\"a\":2}]");
}

#[test]
fn escapes_are_decoded_and_lone_surrogates_are_refused() {
    let plan = Plan::dynamic();
    let text = r#""\"\\\/\b\f\n\r\t\u0041\u00E9\ud83d\ude00 \u0000""#;
    assert_eq!(round_trip(&plan, text), r#""\"\\/\b\f\n\r\tA\u00e9\ud83d\ude00 \u0000""#);
    for half in [
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83dx""#,
        r#""\ud83d\u0041""#,
        r#""\ud83d\ud83d""#,
        r#""\ud83d\n""#,
    ] {
        assert_eq!(refusal(&plan, half).0, 3, "{half}");
        assert_eq!(refusal(&plan, &format!("{{{half}:1}}")).0, 3, "{half}");
    }
}

#[test]
fn nesting_stops_at_50_levels() {
    let plan = Plan::dynamic();
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(round_trip(&plan, &nested(50)), nested(50));
    assert_eq!(refusal(&plan, &nested(51)).0, 8);
    assert_eq!(refusal(&plan, &"[".repeat(1_000_000)).0, 8);
    assert_eq!(refusal(&plan, &"{\"a\":".repeat(51)).0, 8);
}

#[test]
fn a_list_at_the_root_is_written_undeclared() {
    let plan = plan(&json!({
        "types": [{ "kind": "message", "tag": "n/P", "namespace": "n", "name": "P",
            "fields": [{ "name": "x", "type": "int" }] }],
        "roots": [{ "list": { "message": 0 } }, { "optional": { "map": ["string", { "list": "int32" }] } }, "int8"],
    }));
    let message = json_to_xlang(&plan, 0, br#"[{"x":1},{"x":2}]"#, false).expect("a list");
    assert_eq!(hex::encode(&message), "02ff1602081d020134 02033cc03ec01d02c03ec01d04".replace(' ', ""));
    assert_eq!(round_trip(&plan, r#"[{"x":1},{"x":2}]"#), r#"[{"x":1},{"x":2}]"#);
    let error = json_to_xlang(&plan, 0, br#"[{"x":1},{"y":2}]"#, false).expect_err("unknown");
    assert_eq!(error.details()[1].1, "[1]");
    let message = json_to_xlang(&plan, 1, br#"{"a":[1]}"#, false).expect("a map");
    assert_eq!(hex::encode(&message), "02ff180100011516046101080702");
    assert_eq!(json_to_xlang(&plan, 1, b"null", false).expect("null"), aster_codec::NULL_MESSAGE);
    assert_eq!(json_to_xlang(&plan, 2, b"5", false).expect("an int"), [2, 0xFF, 7, 10]);
    assert_eq!(json_to_xlang(&plan, 3, b"5", false).expect_err("no root").code(), 13);
}
