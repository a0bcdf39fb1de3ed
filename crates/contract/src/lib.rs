//! From a service document to the contract id and the manifest.
//!
//! Owns the canonical encoding, the type graph and the identity rules (`docs/protocol.md#contract-identity`),
//! and the manifest (`docs/protocol.md#manifest`). Knows nothing of frames or networks. The rules are those of
//! the reference implementation, including where they surprise: an id is only useful if both sides get the same.
#![forbid(unsafe_code)]

pub mod canonical;
pub mod diff;
mod error;
mod id;
mod manifest;
pub mod schema;
pub mod service;
pub mod typegraph;

pub use error::ContractError;
pub use id::{Description, describe};
pub use manifest::manifest;
