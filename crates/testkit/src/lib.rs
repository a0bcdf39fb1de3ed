//! What the tests of this workspace share: golden vectors, seeds of fuzz targets, hexadecimal, the call ledger. Not published.
//!
//! Owns how test data is found and spelled. Contains no rule of the protocol: a test that needs one asks the
//! crate under test, or states it itself. Panics are how a test says that its data is wrong.
#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "test support: a panic is a failed test"
)]

pub mod corpus;
pub mod hex;
pub mod ledger;
pub mod vectors;
