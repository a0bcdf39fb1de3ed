//! The policy of an open server.

use aster_wire::admission::ConsumerRequest;

use super::{AdmissionPolicy, AdmissionRefusal, Caller};

/// The root key that an open server names: none.
const NO_ROOT: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Admits everybody who shows no credential. A credential is refused, as by the reference: without a root key
/// nothing in it can be verified.
#[derive(Debug, Clone, Copy, Default)]
pub struct Open;

impl AdmissionPolicy for Open {
    fn admit(
        &self,
        endpoint_id: &str,
        request: Option<&ConsumerRequest>,
    ) -> Result<Caller, AdmissionRefusal> {
        let refusal = match request {
            Some(ConsumerRequest { credential_json, .. }) if credential_json.is_empty() => {
                return Ok(Caller::anonymous(endpoint_id.to_owned()));
            }
            Some(_) => "a credential was presented to an open server without root key",
            None => "the request is not readable",
        };
        Err(AdmissionRefusal(refusal.to_owned()))
    }

    fn caller(&self, endpoint_id: &str) -> Option<Caller> {
        Some(Caller::anonymous(endpoint_id.to_owned()))
    }

    fn root_public_key(&self) -> &str {
        NO_ROOT
    }
}
