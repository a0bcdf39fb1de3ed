//! The fuzz target `registry`. Its body and its invariants are in `crates/registry/tests/support/targets.rs`.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/registry/tests/support/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::registry(bytes));
