//! Admission: who may connect, and as whom.
//!
//! Owns the policy trait and the exchange of admission documents. A policy decides without waiting and fails
//! closed; [`Open`] is the one that exists. Which methods a caller may use is decided with its roles when the
//! header of a call is judged.

mod exchange;
mod open;

use std::time::SystemTime;

use aster_wire::admission::ConsumerRequest;

pub(crate) use exchange::{AskFailure, answer, ask};
pub use open::Open;

/// Who makes a call, as its admission established it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The peer's id, 64 hex digits.
    pub endpoint_id: String,
    /// Attributes of the credential, in order; empty without one.
    pub attributes: Vec<(String, String)>,
    /// Roles of the credential; empty without one.
    pub roles: Vec<String>,
    /// When the admission ends. `None`: never by itself.
    pub expires_at: Option<SystemTime>,
}

impl Caller {
    /// A caller about whom nothing but its id is known.
    pub fn anonymous(endpoint_id: String) -> Self {
        Self { endpoint_id, attributes: Vec::new(), roles: Vec::new(), expires_at: None }
    }
}

/// Why an admission request is refused: for the log of this side. The peer is told nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AdmissionRefusal(pub String);

/// Decides who may connect. Called on the I/O thread: decides at once.
pub trait AdmissionPolicy: std::fmt::Debug + Send + Sync + 'static {
    /// Decides a request on the admission protocol. `None` stands for a request that is not readable.
    ///
    /// # Errors
    /// Why the peer is refused.
    fn admit(&self, endpoint_id: &str, request: Option<&ConsumerRequest>)
    -> Result<Caller, AdmissionRefusal>;

    /// The caller behind a connection of any other protocol; `None` closes the connection.
    fn caller(&self, endpoint_id: &str) -> Option<Caller>;

    /// The root key that admission answers name, 64 hex digits; zeros for none.
    fn root_public_key(&self) -> &str;
}
