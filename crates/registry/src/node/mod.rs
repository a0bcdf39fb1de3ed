//! The driver: documents, gossip and blobs of iroh, the tasks of a registry, and its public functions.

mod clock;
mod document;
mod engine;
mod error;
mod exchange;
mod fetch;
mod follow;
mod generation;
mod jitter;
mod members;
mod options;
mod publication;
mod registry;
mod shared;
mod watch;

pub use error::RegistryError;
pub use exchange::ALPN as ALPN_REGISTRY;
pub use options::{RegistryOptions, Storage};
pub use registry::Registry;
pub use watch::Watcher;
