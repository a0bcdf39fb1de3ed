//! Shared by the tests of this workspace: golden vectors, seeds of fuzz targets, hexadecimal, the call ledger, the link
//! with faults. Not published.
//!
//! Owns where test data is and how it is written. Contains no rule of the protocol: a test uses the crate under test,
//! or states the rule itself. Functions panic if test data is wrong.
#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "test support: a panic is a failed test"
)]

pub use aster_link as link;

pub mod corpus;
pub mod hex;
pub mod ledger;
pub mod vectors;
