//! Rows: recorded bytes both ways, and buffers made to lead outside of themselves.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Plan, RowLayout, Value, message_to_row, row_to_message};
use aster_testkit::{hex, vectors};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use support::{Types, plan};

#[test]
fn recorded_rows_and_schemas_are_written_and_read_back_byte_for_byte() {
    let file = vectors::load("wheel-row");
    let cases = vectors::list(&file, "cases");
    assert_eq!(cases.len(), 9);
    for case in cases.iter().filter(|case| case["error"].is_null()) {
        let name = vectors::text(case, "name");
        let types = Types::compile(&case["types"], vectors::text(&case["value"], "$struct"));
        let value = types.value(&case["value"]);
        let layout = RowLayout::of(&types.plan, 0).expect(name);
        let schema = layout.schema_bytes().expect(name);
        assert_eq!(hex::encode(&schema), vectors::text(case, "schema_hex"), "{name}");
        let row = layout.encode(&value).expect(name);
        assert_eq!(hex::encode(&row), vectors::text(case, "row_hex"), "{name}");
        assert_eq!(layout.decode(&types.plan, &row).as_ref(), Ok(&value), "{name}");
        let message = value.encode(&types.plan, 0).expect(name);
        assert_eq!(message_to_row(&types.plan, 0, &message), Ok(row.clone()), "{name}");
        assert_eq!(row_to_message(&types.plan, 0, &row), Ok(message), "{name}");
    }
}
