//! The fuzz target `canonical`. Its body and its invariants are in `crates/contract/tests/support/targets.rs`.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/contract/tests/support/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::canonical(bytes));
