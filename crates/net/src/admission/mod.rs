//! Admission: which peers may connect, and which identity and roles they have.
//!
//! Owns the policy trait and the exchange of admission documents. A policy decides without waiting. When it cannot
//! decide, it refuses. [`Open`] is the policy that admits every peer. The roles decide which methods a caller may
//! use; this is checked when the header of a call arrives.

mod exchange;
mod open;

use std::time::SystemTime;

use aster_wire::admission::ConsumerRequest;

pub(crate) use exchange::{AskFailure, answer, ask};
pub use open::Open;

/// The peer that makes a call, as admission identified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Endpoint id of the peer, 64 hex digits.
    pub endpoint_id: String,
    /// Attributes of the credential, in order; empty when there is no credential.
    pub attributes: Vec<(String, String)>,
    /// Roles of the credential; empty when there is no credential.
    pub roles: Vec<String>,
    /// Time when the admission ends. `None`: it has no end.
    pub expires_at: Option<SystemTime>,
}

impl Caller {
    /// A caller without attributes, roles and end of admission: only its endpoint id is known.
    pub fn anonymous(endpoint_id: String) -> Self {
        Self { endpoint_id, attributes: Vec::new(), roles: Vec::new(), expires_at: None }
    }
}

/// Why an admission request is refused. Only for the log of this side; the peer does not get the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AdmissionRefusal(pub String);

/// Decides which peers may connect. Called on the I/O thread, so it must not block.
pub trait AdmissionPolicy: std::fmt::Debug + Send + Sync + 'static {
    /// Decides a request on the admission protocol. `None`: the request could not be decoded.
    ///
    /// # Errors
    /// The reason for refusing the peer.
    fn admit(&self, endpoint_id: &str, request: Option<&ConsumerRequest>)
    -> Result<Caller, AdmissionRefusal>;

    /// The caller for a connection of any other protocol. `None` closes the connection.
    fn caller(&self, endpoint_id: &str) -> Option<Caller>;

    /// The root key in admission answers, 64 hex digits. All zeros: there is no root key.
    fn root_public_key(&self) -> &str;
}
