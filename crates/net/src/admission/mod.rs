//! Admission: which peers may connect, and which identity and roles they have.
//!
//! Owns the gates of a node: who is admitted ([`Access`]), the exchange of admission documents, the connections that admitted
//! peers have open, and their end when an admission ends. `aster-trust` decides; this module reads the clock, asks the
//! stores and the program, and closes connections. Whatever cannot be decided is refused. The roles decide which methods a
//! caller may use; that is checked when the header of a call arrives.

mod clock;
mod exchange;
mod gates;
mod lists;
mod live;
mod options;
mod push;
mod trusted;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aster_trust::admission::Admitted;
use aster_trust::attributes::Roles;

pub use clock::Clock;
pub(crate) use exchange::{AskFailure, answer, ask, request};
pub(crate) use gates::Gates;
pub(crate) use live::{Entered, Presence, Purpose};
pub use options::{Access, AccessError, GateOptions, Narrowing};
pub use push::{MAX_PUSH_BYTES, Pushed, Revoking};

/// The peer that makes a call, as admission identified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Endpoint id of the peer, 64 hex digits.
    pub endpoint_id: String,
    /// Attributes of the credential, in order; empty when there is no credential.
    pub attributes: Vec<(String, String)>,
    /// Roles of the credential; empty when there is no credential.
    pub roles: Roles,
    /// Time when the admission ends. `None`: it has no end.
    pub expires_at: Option<SystemTime>,
}

impl Caller {
    /// A caller without attributes, roles and end of admission: only its endpoint id is known.
    pub fn anonymous(endpoint_id: String) -> Self {
        Self { endpoint_id, attributes: Vec::new(), roles: Roles::default(), expires_at: None }
    }

    fn of(admitted: &Admitted) -> Arc<Self> {
        let attributes = admitted.attributes.iter();
        let since = Duration::from_secs(admitted.expires_at.seconds());
        Arc::new(Self {
            endpoint_id: admitted.endpoint_id.to_string(),
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            roles: admitted.roles.clone(),
            // A time that the clock cannot tell counts as past.
            expires_at: Some(UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)),
        })
    }
}
