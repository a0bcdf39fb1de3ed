//! See `session_watch.rs`.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/wire/tests/support/session_watch.rs"]
mod session_watch;
#[allow(dead_code)]
#[path = "../../crates/wire/tests/support/sessions.rs"]
mod sessions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| session_watch::run(bytes));
