//! The fuzz target `descriptor`. Its body and its invariants are in `crates/codec/tests/support/targets.rs`.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/codec/tests/support/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::descriptor(bytes));
