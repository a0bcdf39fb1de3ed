//! The policy of an open server.

use aster_wire::admission::ConsumerRequest;

use super::{AdmissionPolicy, AdmissionRefusal, Caller};

/// The root key in the answers of an open server: none.
const NO_ROOT: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Admits every peer that presents no credential. A credential is refused, as in the reference implementation,
/// because it cannot be verified without a root key.
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
            Some(_) => "the peer presented a credential, but an open server has no root key to verify it",
            None => "the request could not be decoded",
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
