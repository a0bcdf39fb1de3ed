//! Shared values and cycles: recorded bytes both ways, and references made to hurt.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use aster_codec::{Graph, Plan, Value, check, json_to_xlang, xlang_to_json};
use aster_testkit::{hex, vectors};
use serde_json::{Value as Json, json};
use support::{Types, plan};

#[test]
fn recorded_graphs_are_written_and_read_back_byte_for_byte() {
    let file = vectors::load("wheel-refs");
    let cases = vectors::list(&file, "cases");
    assert_eq!(cases.len(), 174);
    for case in cases {
        let name = vectors::text(case, "name");
        let types = Types::compile_as(&case["types"], vectors::text(&case["value"], "$struct"), true, false);
        let graph = types.graph(&case["value"]);
        let written = graph.encode(&types.plan, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(hex::encode(&written), vectors::text(case, "ref_hex"), "{name}");
        check(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read = Graph::decode(&types.plan, 0, &written).unwrap_or_else(|error| panic!("{name}: {error}"));
        let again = read.encode(&types.plan, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(hex::encode(&again), hex::encode(&written), "{name}");
    }
}
