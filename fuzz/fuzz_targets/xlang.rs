//! The fuzz target `xlang`. Its body and its invariants are in `crates/codec/tests/support/targets.rs`, and the limit on its
//! memory in `memory.rs` beside it.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/codec/tests/support/memory.rs"]
mod memory;
#[allow(dead_code)]
#[path = "../../crates/codec/tests/support/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    memory::xlang(bytes);
    targets::xlang(bytes);
});
