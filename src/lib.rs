//! The Node addon: the only code that uses `napi`. It contains no rules of the protocol. It looks up objects by their
//! numbers, converts bytes to operations and events to bytes, and converts failures to JavaScript errors.
//!
//! `docs/boundary.md` describes the interface to `ts/src/native`. Every export catches panics: a panic in a
//! synchronous function would abort the process.

#![cfg_attr(test, allow(dead_code, unused_imports, reason = "napi exports nothing in test builds"))]
#![allow(unreachable_pub, reason = "napi finds exports by their attribute, not by their path")]
#![allow(
    clippy::doc_markdown,
    reason = "comments of exported types become TSDoc, whose examples are TypeScript"
)]
#![allow(clippy::needless_pass_by_value, reason = "napi passes arguments by value")]

mod access;
mod admission;
mod connection;
mod contracts;
mod data_plane;
mod differences;
#[cfg(feature = "registry")]
mod discovery;
mod doorbell;
mod error;
mod keys;
mod link;
mod log;
mod memory;
mod node;
mod options;
mod outcomes;
mod paths;
mod peers;
mod plans;
mod registry;
mod registry_slot;
#[cfg(feature = "relay")]
mod relay;
mod runtime;
mod serve;
mod settle;
mod shared;
mod tickets;
mod trust;

use napi_derive::napi;

/// Version of the interface. TypeScript refuses an addon with another version.
#[napi(catch_unwind)]
pub fn bridge_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
