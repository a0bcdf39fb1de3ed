//! The JSON forms of a credential: what is sent in an admission request, and what lies in a file.
//!
//! Readers accept what Python's readers accept: an expiry may be a number with a fraction or a text of digits, and an empty
//! text counts as absent. The signature is over the meaning, not over the text, so two texts with one meaning are one
//! credential.

use serde_json::{Map, Value, json};

use super::{Credential, CredentialKind};
use crate::Signature;
use crate::attributes::{Attributes, MAX_ATTRIBUTES, is_space};
use crate::json::{self, Malformed, Object};
use crate::key::RootPublicKey;
use crate::nonce::Nonce;
use crate::refusal::Refusal;
use crate::time::UnixTime;

/// Largest credential document.
pub const MAX_DOCUMENT_BYTES: usize = 65_536;

/// Why a text is no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// It is not a document of this form.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Its type does not exist, or not in this place.
    #[error("the credential's type is not known here")]
    UnknownType,
}

impl From<CredentialError> for Refusal {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Malformed(malformed) => Self::Malformed(malformed),
            CredentialError::UnknownType => Self::UnknownType,
        }
    }
}

impl Credential {
    /// Reads what a consumer sends: a policy or one-time credential, whose type is called `credential_type`.
    pub fn from_consumer_json(text: &str) -> Result<Self, CredentialError> {
        let object = Object::read(text.as_bytes(), MAX_DOCUMENT_BYTES)?;
        let word = object.required_text("credential_type")?;
        match CredentialKind::from_word(word) {
            Some(kind @ (CredentialKind::Policy | CredentialKind::OneTime)) => consumer(kind, &object),
            _ => Err(CredentialError::UnknownType),
        }
    }

    /// Reads what a producer sends. The document has no type.
    pub fn from_producer_json(text: &str) -> Result<Self, CredentialError> {
        producer(&Object::read(text.as_bytes(), MAX_DOCUMENT_BYTES)?)
    }

    /// Reads a credential file: any type, told by `credential_type` or `type`; `policy` where neither is there.
    pub fn from_file_json(text: &str) -> Result<Self, CredentialError> {
        let object = Object::read(text.as_bytes(), MAX_DOCUMENT_BYTES)?;
        let name = if object.truthy("credential_type").is_some() { "credential_type" } else { "type" };
        match CredentialKind::from_word(object.text(name)?.unwrap_or("policy")) {
            Some(CredentialKind::Producer) => producer(&object),
            Some(kind) => consumer(kind, &object),
            None => Err(CredentialError::UnknownType),
        }
    }

    /// What is sent in an admission request, byte for byte as the reference writes it.
    pub fn to_wire_json(&self) -> String {
        json::compact(&self.document("credential_type", false))
    }

    /// What a credential file contains, byte for byte as the reference's tools write it.
    pub fn to_file_json(&self) -> String {
        json::indented(&self.document("type", true))
    }

    fn document(&self, type_name: &str, type_of_producers: bool) -> Value {
        let mut document = Map::new();
        let is_producer = self.kind == CredentialKind::Producer;
        let mut put = |name: &str, value: Value| drop(document.insert(name.to_owned(), value));
        if !is_producer || type_of_producers {
            put(type_name, json!(self.kind.word()));
        }
        if is_producer {
            put("endpoint_id", json!(self.endpoint_id.as_deref().unwrap_or_default()));
        }
        put("root_pubkey", json!(self.root.to_string()));
        put("expires_at", json!(self.expires_at.seconds()));
        put(
            "attributes",
            self.attributes.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect(),
        );
        if !is_producer {
            put("endpoint_id", json!(self.endpoint_id));
            put("nonce", json!(self.nonce.as_ref().map(Nonce::to_hex)));
        }
        put("signature", json!(self.signature.map_or_else(String::new, |signature| signature.to_string())));
        Value::Object(document)
    }
}

pub(crate) fn producer(object: &Object) -> Result<Credential, CredentialError> {
    let endpoint_id = object.required_text("endpoint_id")?;
    let credential = base(CredentialKind::Producer, object)?;
    // The reference takes a list of no attributes for no list, but only from consumers.
    if object.has("attributes") && object.get("attributes").and_then(Value::as_object).is_none() {
        return Err(Malformed::Member("attributes").into());
    }
    Ok(Credential { endpoint_id: Some(bound(endpoint_id)?), ..credential })
}

pub(crate) fn consumer(kind: CredentialKind, object: &Object) -> Result<Credential, CredentialError> {
    let credential = base(kind, object)?;
    let endpoint_id = match object.text("endpoint_id")? {
        Some("") => Some(String::new()),
        Some(text) => Some(bound(text)?),
        None => None,
    };
    let nonce = match object.truthy("nonce") {
        Some(_) => Some(Nonce::from_bytes(object.hex("nonce")?)),
        None => None,
    };
    Ok(Credential { endpoint_id, nonce, ..credential })
}

/// The members that all types share.
fn base(kind: CredentialKind, object: &Object) -> Result<Credential, CredentialError> {
    let signature = match object.truthy("signature") {
        Some(_) => Some(Signature::from_bytes(object.hex("signature")?)),
        None => None,
    };
    Ok(Credential {
        kind,
        root: RootPublicKey::from_bytes(object.hex("root_pubkey")?),
        expires_at: expiry(object.get("expires_at").ok_or(Malformed::Missing("expires_at"))?)
            .ok_or(Malformed::Member("expires_at"))?,
        attributes: object.truthy("attributes").map(attributes).transpose()?.unwrap_or_default(),
        endpoint_id: None,
        nonce: None,
        signature,
    })
}

/// The text of an endpoint id. It is signed as it is written, so its case is kept: in capitals it is bound to nobody.
fn bound(text: &str) -> Result<String, Malformed> {
    json::hex::<32>("endpoint_id", text).map(|_| text.to_owned())
}

/// A time as Python's `int` reads it: a whole number, the whole part of a number, or decimal digits.
fn expiry(value: &Value) -> Option<UnixTime> {
    /// The first number that is too large, 2 to the power of 64.
    const TOO_LARGE: f64 = 18_446_744_073_709_551_616.0;
    let seconds = match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let seconds = number.as_f64()?.trunc();
            (0.0..TOO_LARGE).contains(&seconds).then_some(seconds as u64)
        }),
        Value::String(text) => digits(text),
        _ => None,
    };
    seconds.map(UnixTime::from_seconds)
}

fn digits(text: &str) -> Option<u64> {
    let text = text.trim_matches(is_space);
    let text = text.strip_prefix('+').unwrap_or(text);
    let grouped = text.split('_').all(|group| !group.is_empty());
    let plain: String = text.chars().filter(|&character| character != '_').collect();
    if !grouped || !plain.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    plain.parse().ok()
}

/// An object of texts.
pub(crate) fn attributes(value: &Value) -> Result<Attributes, Malformed> {
    const NAME: &str = "attributes";
    let members = value.as_object().ok_or(Malformed::Member(NAME))?;
    if members.len() > MAX_ATTRIBUTES {
        return Err(Malformed::TooMany { member: NAME, limit: MAX_ATTRIBUTES });
    }
    let pairs = members.iter().map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let pairs: Option<Vec<_>> = pairs.collect();
    pairs.and_then(Attributes::from_pairs).ok_or(Malformed::Member(NAME))
}
