//! Options of a registry.

use std::path::PathBuf;

use crate::core::timing::Timing;

/// Where documents are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory. The document of the node is another one after each start.
    #[default]
    Memory,
    /// In a folder, which only one process may use.
    Folder(PathBuf),
}

/// Options of [`Registry::start`](super::Registry::start).
#[derive(Debug, Clone, Default)]
pub struct RegistryOptions {
    /// Where documents are kept.
    pub storage: Storage,
    /// Addresses of members to join, in any form.
    pub join: Vec<String>,
    /// The credential for the admission at members.
    pub credential: String,
    /// The channel under which services are published.
    pub channel: Option<String>,
    /// The tags of this endpoint.
    pub tags: Vec<String>,
    /// The version of the library, as leases name it.
    pub library: String,
    /// How long leases last.
    pub timing: Timing,
}
