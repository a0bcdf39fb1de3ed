//! Computes the contract id and the manifest of a service document.
//!
//! Owns the canonical encoding, the type graph and the identity rules (`docs/protocol.md#contract-identity`), and
//! the manifest (`docs/protocol.md#manifest`). Knows nothing of frames or networks. All rules are those of the Python
//! implementation, also the surprising ones: an id is only useful if both sides compute the same.
#![forbid(unsafe_code)]

pub mod canonical;
pub mod collection;
pub mod diff;
mod error;
pub mod exact;
mod id;
mod manifest;
pub mod published;
pub mod schema;
pub mod service;
pub mod typegraph;

pub use error::ContractError;
pub use id::{Description, describe};
pub use manifest::manifest;
