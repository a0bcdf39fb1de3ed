//! Signing on an offline machine: the node writes a request file, the holder of the root key turns it into a credential
//! file, and the node installs that ([`crate::identity::Identity::install`]).
//!
//! The request proves that its writer holds the key of the node that it names.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::Signature;
use crate::attributes::Attributes;
use crate::credential::document::attributes;
use crate::credential::{Credential, CredentialKind, Grant, GrantError};
use crate::json::{self, Malformed, Object};
use crate::key::{EndpointId, NodeKey, RootKey};
use crate::time::UnixTime;

/// Largest request file.
pub const MAX_FILE_BYTES: usize = 65_536;
/// Longest label.
pub const MAX_NAME_BYTES: usize = 256;
/// Longest lifetime that can be asked for: ten years.
pub const MAX_LIFETIME: Duration = Duration::from_hours(87_600);

const VERSION_MEMBER: &str = "aster_signing_request";
const VERSION: u64 = 1;
/// What the proven bytes start with. The first byte is one that no other signed bytes start with.
const DOMAIN: &[u8] = b"\x03aster signing request v1\0";

/// Why a request is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is not a document of this form.
    #[error("the signing request is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The node's signature does not fit what the request says.
    #[error("the signing request was not made by the node that it names, or was changed")]
    BadProof,
    /// The lifetime is zero or too long.
    #[error("the lifetime has to be between a second and ten years")]
    Lifetime,
    /// The label is empty or too long.
    #[error("the name has to have 1 to {MAX_NAME_BYTES} bytes")]
    Name,
}

/// What a node asks the holder of a root key for. The answer is always bound to the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest {
    kind: CredentialKind,
    name: String,
    endpoint_id: EndpointId,
    attributes: Attributes,
    lifetime: Duration,
    proof: Signature,
}

impl SigningRequest {
    /// A request of the node with this key. `name` is the label under which the node keeps the credential.
    pub fn new(
        kind: CredentialKind,
        name: &str,
        attributes: Attributes,
        lifetime: Duration,
        key: &NodeKey,
    ) -> Result<Self, RequestError> {
        let mut request = Self {
            kind,
            name: name.to_owned(),
            endpoint_id: key.public_key(),
            attributes,
            lifetime,
            proof: Signature::from_bytes([0; 64]),
        };
        request.check()?;
        request.proof = key.sign(&request.proven_bytes());
        Ok(request)
    }

    /// Reads a request and checks its proof.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RequestError> {
        let object = Object::read(bytes, MAX_FILE_BYTES)?;
        match object.integer(VERSION_MEMBER)? {
            VERSION => {}
            other => return Err(Malformed::Version(other).into()),
        }
        let kind = CredentialKind::from_word(object.required_text("type")?);
        let request = Self {
            kind: kind.ok_or(Malformed::Member("type"))?,
            name: object.required_text("name")?.to_owned(),
            endpoint_id: EndpointId::from_bytes(object.hex("endpoint_id")?),
            attributes: attributes(object.get("attributes").ok_or(Malformed::Missing("attributes"))?)?,
            lifetime: Duration::from_secs(object.integer("lifetime_s")?),
            proof: Signature::from_bytes(object.hex("proof")?),
        };
        request.check()?;
        if !request.proof.is_of(request.endpoint_id.as_bytes(), &request.proven_bytes()) {
            return Err(RequestError::BadProof);
        }
        Ok(request)
    }

    /// The request file. It contains no secret.
    pub fn to_json(&self) -> String {
        let attributes: Map<String, Value> =
            self.attributes.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        json::indented(&json!({
            VERSION_MEMBER: VERSION,
            "type": self.kind.word(),
            "name": self.name,
            "endpoint_id": self.endpoint_id.to_string(),
            "attributes": attributes,
            "lifetime_s": self.lifetime.as_secs(),
            "proof": self.proof.to_string(),
        }))
    }

    /// The type that is asked for.
    pub fn kind(&self) -> CredentialKind {
        self.kind
    }

    /// The label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The node that asks.
    pub fn endpoint_id(&self) -> &EndpointId {
        &self.endpoint_id
    }

    /// The attributes that are asked for. Whoever signs has to look at them: the roles are among them.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// How long the credential shall count, from its signing on.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Grants the request as it is. [`SigningRequest::grant`] gives a grant to change first.
    pub fn sign(&self, root: &RootKey, now: UnixTime) -> Result<Credential, GrantError> {
        self.grant(now).sign(root)
    }

    /// What is asked for, as something that can be signed.
    pub fn grant(&self, now: UnixTime) -> Grant {
        Grant {
            kind: self.kind,
            endpoint_id: Some(self.endpoint_id),
            expires_at: now.plus(self.lifetime),
            attributes: self.attributes.clone(),
        }
    }

    fn check(&self) -> Result<(), RequestError> {
        if self.lifetime.as_secs() == 0 || self.lifetime > MAX_LIFETIME {
            return Err(RequestError::Lifetime);
        }
        if self.name.is_empty() || self.name.len() > MAX_NAME_BYTES {
            return Err(RequestError::Name);
        }
        Ok(())
    }

    /// Every part has a fixed length or tells its length.
    fn proven_bytes(&self) -> Vec<u8> {
        let attributes = self.attributes.canonical();
        let mut bytes = DOMAIN.to_vec();
        bytes.extend_from_slice(self.endpoint_id.as_bytes());
        bytes.extend_from_slice(&self.lifetime.as_secs().to_be_bytes());
        for part in [self.kind.word(), &self.name, &attributes] {
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}
