//! The fuzz target `records`. Its body and its invariants are in `crates/wire/tests/support/targets.rs`.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/wire/tests/support/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::records(bytes));
