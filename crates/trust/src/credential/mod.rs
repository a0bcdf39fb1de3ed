//! Credentials: what a root key says about a node, and the bytes that it signs.
//!
//! Owns the three types, the canonical signing bytes (`docs/protocol.md#credentials`), signing and the fingerprint.
//! [`document`] reads and writes the JSON forms, [`check`] decides whether one counts.

use std::fmt;

use crate::Signature;
use crate::attributes::{self, Attributes};
use crate::key::{EndpointId, NoRandomness, RootKey, RootPublicKey, random_bytes};
use crate::nonce::Nonce;
use crate::text::{from_hex, public_bytes};
use crate::time::UnixTime;

pub mod check;
pub mod document;

/// What sets the hash of a fingerprint apart from other hashes.
const FINGERPRINT_CONTEXT: &str = "aster-rpc credential fingerprint v1";

/// Which gate a credential opens, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// Admits a node as a producer of the mesh; always bound to its endpoint id.
    Producer,
    /// Admits a consumer until it expires.
    Policy,
    /// Admits a consumer once.
    OneTime,
}

impl CredentialKind {
    /// The word for it in documents: `producer`, `policy`, `ott`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Policy => "policy",
            Self::OneTime => "ott",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Producer, Self::Policy, Self::OneTime].into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

public_bytes! {
    /// Names a credential by what it says, whatever its signature: the value by which it is revoked.
    Fingerprint
}

impl Fingerprint {
    /// The fingerprint with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }
}

/// A credential as it is written, whether it counts or not. [`check::Verifier::verify`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its type.
    pub kind: CredentialKind,
    /// The root key that is said to have signed it.
    pub root: RootPublicKey,
    /// The first second in which it no longer counts.
    pub expires_at: UnixTime,
    /// What it says about its holder.
    pub attributes: Attributes,
    /// The node that it is bound to, as text: 64 lower-case hexadecimal digits, or a text that fits no node.
    pub endpoint_id: Option<String>,
    /// What makes a one-time credential one.
    pub nonce: Option<Nonce>,
    /// Absent before signing.
    pub signature: Option<Signature>,
}

impl Credential {
    /// The bytes that are signed.
    pub fn signing_bytes(&self) -> Vec<u8> {
        let attributes = self.attributes.canonical();
        let mut bytes = Vec::with_capacity(192 + attributes.len());
        let endpoint_id = self.endpoint_id.as_deref();
        if self.kind == CredentialKind::Producer {
            bytes.extend_from_slice(endpoint_id.unwrap_or_default().as_bytes());
        } else {
            bytes.push(u8::from(self.kind == CredentialKind::OneTime));
            put_optional(&mut bytes, endpoint_id.map(str::as_bytes));
        }
        bytes.extend_from_slice(self.root.as_bytes());
        bytes.extend_from_slice(&self.expires_at.seconds().to_be_bytes());
        bytes.extend_from_slice(attributes.as_bytes());
        if self.kind != CredentialKind::Producer {
            put_optional(&mut bytes, self.nonce.as_ref().map(|nonce| &nonce.as_bytes()[..]));
        }
        bytes
    }

    /// The fingerprint: the hash of what is signed.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(blake3::derive_key(FINGERPRINT_CONTEXT, &self.signing_bytes()))
    }

    /// True when its root key signed what it says.
    pub(crate) fn is_signed(&self) -> bool {
        // A missing signature is checked like a wrong one, so that it takes as long to refuse.
        let signature = self.signature.unwrap_or(Signature::from_bytes([0; 64]));
        signature.is_of(self.root.as_bytes(), &self.signing_bytes()) && self.signature.is_some()
    }
}

/// A byte that tells whether there is a value, and the value.
fn put_optional(bytes: &mut Vec<u8>, value: Option<&[u8]>) {
    bytes.push(u8::from(value.is_some()));
    bytes.extend_from_slice(value.unwrap_or_default());
}

/// Why a root key does not sign a grant: the credential would be refused everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// A producer credential names its node.
    #[error("a producer credential has to be bound to an endpoint id")]
    Unbound,
    /// The time does not fit the files that carry credentials.
    #[error("a credential cannot expire that late")]
    Expiry,
    /// The attribute `aster.not_before` is no time, or not before the expiry.
    #[error("attribute aster.not_before has to be a time in seconds before the credential expires")]
    NotBefore,
    /// Cloud identity checks are not made by this implementation.
    #[error("attribute aster.iid_provider demands a check that is not supported")]
    CloudIdentity,
    /// No nonce could be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// What a credential shall say, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its type.
    pub kind: CredentialKind,
    /// The node that it is bound to; none for whoever holds it.
    pub endpoint_id: Option<EndpointId>,
    /// The first second in which it no longer counts.
    pub expires_at: UnixTime,
    /// What it says about its holder.
    pub attributes: Attributes,
}

impl Grant {
    /// The signed credential. A one-time credential gets a fresh nonce.
    pub fn sign(self, root: &RootKey) -> Result<Credential, GrantError> {
        let nonce = match self.kind {
            CredentialKind::OneTime => Some(Nonce::from_bytes(*random_bytes()?)),
            CredentialKind::Producer | CredentialKind::Policy => None,
        };
        self.sign_with(root, nonce)
    }

    fn sign_with(self, root: &RootKey, nonce: Option<Nonce>) -> Result<Credential, GrantError> {
        if self.kind == CredentialKind::Producer && self.endpoint_id.is_none() {
            return Err(GrantError::Unbound);
        }
        if i64::try_from(self.expires_at.seconds()).is_err() {
            return Err(GrantError::Expiry);
        }
        match self.attributes.not_before() {
            Ok(from) if from.is_none_or(|from| from < self.expires_at) => {}
            _ => return Err(GrantError::NotBefore),
        }
        if self.attributes.get(attributes::IID_PROVIDER).is_some() {
            return Err(GrantError::CloudIdentity);
        }
        let mut credential = Credential {
            kind: self.kind,
            root: root.public_key(),
            expires_at: self.expires_at,
            attributes: self.attributes,
            endpoint_id: self.endpoint_id.map(|id| id.to_string()),
            nonce,
            signature: None,
        };
        credential.signature = Some(root.sign(&credential.signing_bytes()));
        Ok(credential)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(kind: CredentialKind) -> Grant {
        Grant {
            kind,
            endpoint_id: Some(EndpointId::from_bytes([7; 32])),
            expires_at: UnixTime::from_seconds(1_893_456_000),
            attributes: Attributes::default(),
        }
    }

    fn with(name: &str, value: &str) -> Attributes {
        Attributes::default().with(name, value)
    }

    #[test]
    fn what_a_root_signs_is_signed() {
        let root = RootKey::from_seed(&[1; 32]);
        for kind in [CredentialKind::Producer, CredentialKind::Policy, CredentialKind::OneTime] {
            let credential = grant(kind).sign(&root).unwrap();
            assert!(credential.is_signed());
            assert_eq!(credential.nonce.is_some(), kind == CredentialKind::OneTime);
            assert_eq!(CredentialKind::from_word(&kind.to_string()), Some(kind));
            let other =
                Credential { expires_at: UnixTime::from_seconds(1_893_456_001), ..credential.clone() };
            assert!(!other.is_signed() && other.fingerprint() != credential.fingerprint());
            let unsigned = Credential { signature: None, ..credential.clone() };
            assert!(!unsigned.is_signed() && unsigned.fingerprint() == credential.fingerprint());
        }
        let print = grant(CredentialKind::Policy).sign(&root).unwrap().fingerprint();
        assert_eq!(Fingerprint::from_hex(&print.to_string()), Some(print));
        assert_eq!(Fingerprint::from_hex(&print.to_string().to_uppercase()), Some(print));
        assert_eq!(Fingerprint::from_hex("ab"), None);
        assert_eq!(CredentialKind::from_word("Policy"), None);
        let nonces = [(); 2].map(|()| grant(CredentialKind::OneTime).sign(&root).unwrap().nonce);
        assert_ne!(nonces[0], nonces[1]);
    }

    #[test]
    fn a_document_has_a_limited_number_of_attributes() {
        let root = RootKey::from_seed(&[1; 32]);
        let many = |count: usize| (0..count).map(|number| (format!("a{number}"), String::new()));
        let most = Attributes::from_pairs(many(attributes::MAX_ATTRIBUTES)).unwrap();
        let credential = Grant { attributes: most, ..grant(CredentialKind::Policy) }.sign(&root).unwrap();
        let text = credential.to_wire_json();
        assert_eq!(Credential::from_consumer_json(&text).unwrap(), credential);
        let more = text.replacen(r#"{"a0":"","#, r#"{"a0":"","more":"","#, 1);
        assert_ne!(more, text);
        let refused = Credential::from_consumer_json(&more).unwrap_err();
        assert_eq!(refused.to_string(), r#"member "attributes" has more than 256 elements"#);
    }

    #[test]
    fn a_grant_that_would_be_refused_everywhere_is_not_signed() {
        let root = RootKey::from_seed(&[1; 32]);
        let sign = |change: &dyn Fn(&mut Grant)| {
            let mut grant = grant(CredentialKind::Producer);
            change(&mut grant);
            grant.sign(&root).err()
        };
        assert_eq!(sign(&|_| ()), None);
        assert_eq!(sign(&|grant| grant.endpoint_id = None), Some(GrantError::Unbound));
        let late = UnixTime::from_seconds(i64::MAX as u64 + 1);
        assert_eq!(sign(&|grant| grant.expires_at = late), Some(GrantError::Expiry));
        let not_before = |text: &'static str| {
            sign(&|grant: &mut Grant| grant.attributes = with(attributes::NOT_BEFORE, text))
        };
        assert_eq!(not_before("1893455999"), None);
        assert_eq!(not_before("1893456000"), Some(GrantError::NotBefore));
        assert_eq!(not_before("soon"), Some(GrantError::NotBefore));
        let cloud = sign(&|grant| grant.attributes = with(attributes::IID_PROVIDER, "aws"));
        assert_eq!(cloud, Some(GrantError::CloudIdentity));
        let unbound = Grant { endpoint_id: None, ..grant(CredentialKind::Policy) };
        assert_eq!(unbound.sign(&root).unwrap().endpoint_id, None);
    }
}
