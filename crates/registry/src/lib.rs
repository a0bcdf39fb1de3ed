//! A registry: services are found by name, without a server that everybody has to know.
//!
//! Owns publication, leases, resolution and membership (`docs/registry.md`). [`core`] decides, and has no I/O;
//! [`node`] drives it on the documents, the gossip and the blobs of iroh. `aster-net` owns the node and its gates.
#![forbid(unsafe_code)]

pub mod core;
#[cfg(feature = "node")]
pub mod node;
