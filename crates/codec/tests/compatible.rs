//! Compatible mode: recorded bytes both ways, other versions of a message, descriptions made to hurt.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Value, check};
use aster_testkit::{hex, vectors};
use support::Types;

#[test]
fn recorded_messages_are_written_and_read_back_byte_for_byte() {
    let file = vectors::load("wheel-compatible");
    let cases = vectors::list(&file, "cases");
    assert_eq!(cases.len(), 164);
    let mut recorded = 0;
    for case in cases {
        let name = vectors::text(case, "name");
        let types = Types::compile_as(&case["types"], vectors::text(&case["value"], "$struct"), false, true);
        let value = types.value(&case["value"]);
        let written = value.encode(&types.plan, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(expected) = case["compatible_hex"].as_str() {
            assert_eq!(hex::encode(&written), expected, "{name}");
            recorded += 1;
        }
        check(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read = Value::decode(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(format!("{read:?}"), format!("{value:?}"), "{name}");
    }
    assert_eq!(recorded, 143);
}
