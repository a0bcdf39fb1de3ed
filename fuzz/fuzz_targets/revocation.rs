//! The fuzz target `revocation`. Its body and its invariants are in `crates/trust/tests/support/targets.rs`.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/trust/tests/support/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::revocation(bytes));
