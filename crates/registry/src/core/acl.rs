//! Whose entries of a document count.

use std::collections::HashSet;

use super::key::is_hex_id;
use super::limit::VALUE_BYTES;

/// The authors whose entries count. Before a list of writers exists, everybody's do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Writers {
    /// No list exists.
    #[default]
    Everybody,
    /// The authors of the list.
    Only(HashSet<String>),
}

impl Writers {
    /// The value under `_aster/acl/writers`: a JSON array of author ids. A value that is no such list lets nobody write.
    pub fn read(value: &[u8]) -> Self {
        let listed = (value.len() <= VALUE_BYTES).then(|| serde_json::from_slice::<Vec<String>>(value).ok());
        let listed = listed.flatten().filter(|ids| ids.iter().all(|id| is_hex_id(id)));
        Self::Only(listed.unwrap_or_default().into_iter().collect())
    }

    /// Whether the entries of an author count.
    pub fn allows(&self, author: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::Only(authors) => authors.contains(author),
        }
    }
}
