//! A lease: what an endpoint says of itself every 15 seconds, for one service (`docs/registry.md#leases`).

use serde::{Deserialize, Serialize};

use super::health::Health;
use super::key::LeaseKey;
use super::limit::{LEASE_BYTES, LIST_ITEMS};

/// The value of an entry that was withdrawn.
pub const WITHDRAWN: &[u8] = b"null";
/// The protocol that a lease is for.
pub const ALPN: &str = "aster/1";
/// The mode that every endpoint has unless its lease says otherwise.
pub const XLANG: &str = "fory-xlang";

/// Why bytes are not a lease.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Above 16 KiB.
    #[error("a lease has at most {LEASE_BYTES} bytes, not {0}")]
    TooLarge(usize),
    /// Not JSON of its form.
    #[error("it is no lease: {0}")]
    Form(#[from] serde_json::Error),
    /// A list with too many items.
    #[error("a list in a lease has at most {LIST_ITEMS} items")]
    TooMany,
    /// The load is no number that can be compared.
    #[error("the load in a lease is a number from 0")]
    Load,
    /// It is under the key of another service, contract or endpoint.
    #[error("the lease is not the one that its key names")]
    Key,
}

/// A lease. The members stand in the order in which they are written; all are required, and there are no others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// The endpoint id, 64 hex digits.
    pub endpoint_id: String,
    /// The contract id, 64 hex digits.
    pub contract_id: String,
    /// The service.
    pub service: String,
    /// Its version.
    pub version: i64,
    /// When it ends, by the clock of the endpoint. Readers go by `updated_at_epoch_ms`.
    pub lease_expires_epoch_ms: i64,
    /// Grows with every refresh.
    pub lease_seq: i64,
    /// The protocol.
    pub alpn: String,
    /// The modes, as leases call them.
    pub serialization_modes: Vec<String>,
    /// Not used.
    pub feature_flags: Vec<String>,
    /// The relay of the endpoint.
    #[serde(deserialize_with = "required")]
    pub relay_url: Option<String>,
    /// `ip:port` of each direct address.
    pub direct_addrs: Vec<String>,
    /// How busy the endpoint is; lower is better.
    #[serde(deserialize_with = "required")]
    pub load: Option<f64>,
    /// The language of the server.
    #[serde(deserialize_with = "required")]
    pub language_runtime: Option<String>,
    /// The version of the server's library.
    pub aster_version: String,
    /// Not used.
    #[serde(deserialize_with = "required")]
    pub policy_realm: Option<String>,
    /// Whether it takes calls.
    pub health_status: Health,
    /// The tags of the endpoint.
    pub tags: Vec<String>,
    /// When it was written, by the clock of the endpoint.
    pub updated_at_epoch_ms: i64,
}

/// An optional value whose member may not be missing.
fn required<'de, D, T>(input: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(input)
}

impl Lease {
    /// Reads the value of an entry.
    ///
    /// # Errors
    /// [`LeaseError`] when it is none, or not the one that the key names.
    pub fn read(key: &LeaseKey, bytes: &[u8]) -> Result<Self, LeaseError> {
        let lease = Self::from_json(bytes)?;
        let named = lease.service == key.service
            && lease.contract_id == key.contract_id
            && lease.endpoint_id == key.endpoint_id;
        if named { Ok(lease) } else { Err(LeaseError::Key) }
    }

    /// Reads a lease.
    ///
    /// # Errors
    /// [`LeaseError`] when it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Self, LeaseError> {
        if bytes.len() > LEASE_BYTES {
            return Err(LeaseError::TooLarge(bytes.len()));
        }
        let lease: Self = serde_json::from_slice(bytes)?;
        let lists = [&lease.serialization_modes, &lease.feature_flags, &lease.direct_addrs, &lease.tags];
        if lists.iter().any(|list| list.len() > LIST_ITEMS) {
            return Err(LeaseError::TooMany);
        }
        if lease.load.is_some_and(|load| !load.is_finite() || load < 0.0) {
            return Err(LeaseError::Load);
        }
        Ok(lease)
    }

    /// The value of the entry: compact JSON.
    ///
    /// # Errors
    /// [`LeaseError`] when it would not be read.
    pub fn to_json(&self) -> Result<Vec<u8>, LeaseError> {
        let bytes = serde_json::to_vec(self)?;
        Self::from_json(&bytes)?;
        Ok(bytes)
    }

    /// Its key.
    pub fn key(&self) -> LeaseKey {
        LeaseKey {
            service: self.service.clone(),
            contract_id: self.contract_id.clone(),
            endpoint_id: self.endpoint_id.clone(),
        }
    }
}

/// True for the value of an entry that was withdrawn or deleted.
pub fn is_withdrawn(value: &[u8]) -> bool {
    value.is_empty() || value == WITHDRAWN
}
