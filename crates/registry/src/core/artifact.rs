//! The reference to the collection of a contract: the value under `contracts/ID`.

use serde::{Deserialize, Serialize};

use super::key::is_hex_id;
use super::limit::LEASE_BYTES;

/// Why bytes are no reference.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Too large.
    #[error("a reference to a collection has at most {LEASE_BYTES} bytes, not {0}")]
    TooLarge(usize),
    /// Not JSON of its form.
    #[error("it is no reference to a collection: {0}")]
    Form(#[from] serde_json::Error),
    /// An id that has not 64 hex digits.
    #[error("the ids in a reference to a collection have 64 hexadecimal digits")]
    Id,
}

/// Where the collection of a contract is. Readers use only `collection_hash` and `collection_format`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactRef {
    /// The contract id, 64 hex digits.
    pub contract_id: String,
    /// The hash of the collection, 64 hex digits.
    pub collection_hash: String,
    /// Always null.
    #[serde(default)]
    pub provider_endpoint_id: Option<String>,
    /// Always null.
    #[serde(default)]
    pub relay_url: Option<String>,
    /// A blob ticket.
    #[serde(default)]
    pub ticket: Option<String>,
    /// The author id, 64 hex digits.
    #[serde(default)]
    pub published_by: String,
    /// When it was published.
    #[serde(default)]
    pub published_at_epoch_ms: i64,
    /// `index`: a collection. `raw`: one blob.
    #[serde(default = "raw")]
    pub collection_format: String,
}

fn raw() -> String {
    "raw".to_owned()
}

impl ArtifactRef {
    /// Reads a value.
    ///
    /// # Errors
    /// [`ArtifactError`] when it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ArtifactError> {
        if bytes.len() > LEASE_BYTES {
            return Err(ArtifactError::TooLarge(bytes.len()));
        }
        let read: Self = serde_json::from_slice(bytes)?;
        if is_hex_id(&read.contract_id) && is_hex_id(&read.collection_hash) {
            Ok(read)
        } else {
            Err(ArtifactError::Id)
        }
    }

    /// The value: compact JSON.
    ///
    /// # Errors
    /// [`ArtifactError`] when it would not be read.
    pub fn to_json(&self) -> Result<Vec<u8>, ArtifactError> {
        let bytes = serde_json::to_vec(self)?;
        Self::from_json(&bytes)?;
        Ok(bytes)
    }
}
