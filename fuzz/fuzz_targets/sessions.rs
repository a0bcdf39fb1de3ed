//! The fuzz target `sessions`. Its body and its invariants are in `crates/wire/tests/support/`.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/wire/tests/support/session_watch.rs"]
mod session_watch;
#[allow(dead_code)]
#[path = "../../crates/wire/tests/support/sessions.rs"]
mod sessions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| session_watch::run(bytes));
