//! The Node addon: the only code that names `napi`. It owns no rules: it turns numbers into what they stand
//! for, bytes into operations and events into bytes, and failures into errors.
//!
//! `docs/boundary.md` is its contract with `ts/src/native`. Every export catches panics: one in a synchronous
//! function would abort the process.

#![cfg_attr(test, allow(dead_code, unused_imports, reason = "napi exports nothing in test builds"))]
#![allow(unreachable_pub, reason = "napi finds its exports by attribute, not by path")]
#![allow(
    clippy::doc_markdown,
    reason = "comments of exported types become TSDoc, whose examples are TypeScript"
)]
#![allow(clippy::needless_pass_by_value, reason = "napi hands arguments over by value")]

mod connection;
mod contracts;
mod data_plane;
mod differences;
mod doorbell;
mod error;
mod keys;
mod log;
mod node;
mod options;
mod outcomes;
mod plans;
mod registry;
mod runtime;
mod serve;
mod settle;
mod shared;
mod tickets;

use napi_derive::napi;

/// Identity of this build; TypeScript refuses an addon that names another.
#[napi(catch_unwind)]
pub fn bridge_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
