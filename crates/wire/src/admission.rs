//! The documents of consumer admission: what a client asks and what a server answers.
//!
//! Owns their JSON form and size limit. Who is admitted is decided elsewhere; the exchange on the stream is
//! `aster-net`'s (`docs/protocol.md#admission`).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::json;
use crate::limit::ADMISSION_BYTES;

/// Why bytes are no admission document, or a document cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// Above 65,536 bytes.
    #[error("an admission document has at most {ADMISSION_BYTES} bytes, not {0}")]
    TooLarge(usize),
    /// Not JSON, or a required member is missing or of another type.
    #[error("no admission document: {0}")]
    Form(#[from] serde_json::Error),
}

/// What a client sends. Unknown members are ignored when read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConsumerRequest {
    /// A credential document as text; empty for none. Must be present, null counts as empty.
    #[serde(deserialize_with = "null_is_empty")]
    pub credential_json: String,
    /// A cloud identity token; empty for none.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub iid_token: String,
}

/// One service in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSummary {
    /// The service's name.
    pub name: String,
    /// The service's version.
    pub version: i64,
    /// 64 hexadecimal digits.
    pub contract_id: String,
    /// Channel name to address; calls go to `rpc`.
    #[serde(default, with = "json::pairs")]
    pub channels: Vec<(String, String)>,
    /// `shared` or `session`.
    #[serde(default = "shared")]
    pub pattern: String,
    /// Lower-case mode names; empty means the default.
    #[serde(default)]
    pub serialization_modes: Vec<String>,
    /// Modes beside those of the contract, by name, with what a client has to know of each. The reference knows none and
    /// ignores the member.
    #[serde(default, with = "json::pairs", skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<(String, String)>,
}

impl ServiceSummary {
    /// The address of a channel, in any form that [`crate::address::parse`] reads.
    pub fn channel(&self, name: &str) -> Option<&str> {
        self.channels.iter().find(|(channel, _)| channel == name).map(|(_, address)| address.as_str())
    }

    /// True when the service speaks JSON and no XLANG.
    pub fn is_json_only(&self) -> bool {
        let lists = |mode: &str| self.serialization_modes.iter().any(|listed| listed == mode);
        lists("json") && !lists("xlang")
    }
}

/// What a server answers. No cause is ever given for a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConsumerResponse {
    /// The decision.
    pub admitted: bool,
    /// The credential's attributes, empty with an open gate.
    #[serde(default, with = "json::pairs")]
    pub attributes: Vec<(String, String)>,
    /// What can be called; empty when refused.
    #[serde(default)]
    pub services: Vec<ServiceSummary>,
    /// The registry document's id, 64 hexadecimal digits or empty. Read under its old name, `registry_ticket`, too.
    #[serde(default, alias = "registry_ticket", deserialize_with = "null_is_empty")]
    pub registry_namespace: String,
    /// The server's trust root, also in a refusal. Clients must not trust it.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub root_pubkey: String,
    /// Always empty.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub reason: String,
    /// The mesh topic; only the root node is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gossip_topic: Option<String>,
}

impl ConsumerRequest {
    /// The document as sent.
    pub fn to_bytes(&self) -> Result<Vec<u8>, AdmissionError> {
        within_limit(json::to_vec(self))
    }

    /// Reads a request.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AdmissionError> {
        read(bytes)
    }
}

impl ConsumerResponse {
    /// The answer to everybody who is not admitted, whatever the cause.
    pub fn refusal(root_pubkey: &str) -> Self {
        Self { root_pubkey: root_pubkey.to_owned(), ..Self::default() }
    }

    /// The document as sent.
    pub fn to_bytes(&self) -> Result<Vec<u8>, AdmissionError> {
        within_limit(json::to_vec(self))
    }

    /// Reads an answer. No document at all is an error, which a client takes as a refusal.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AdmissionError> {
        read(bytes)
    }
}

fn within_limit(bytes: Vec<u8>) -> Result<Vec<u8>, AdmissionError> {
    if bytes.len() > ADMISSION_BYTES {
        return Err(AdmissionError::TooLarge(bytes.len()));
    }
    Ok(bytes)
}

/// Reads through a tree, in which of duplicate members the last has won; the size limit bounds the tree.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, AdmissionError> {
    if bytes.len() > ADMISSION_BYTES {
        return Err(AdmissionError::TooLarge(bytes.len()));
    }
    let mut document: serde_json::Value = serde_json::from_slice(bytes)?;
    if let Some(members) = document.as_object_mut()
        && members.contains_key("registry_namespace")
    {
        members.shift_remove("registry_ticket");
    }
    Ok(serde_json::from_value(document)?)
}

fn null_is_empty<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(input)?.unwrap_or_default())
}

fn shared() -> String {
    "shared".to_owned()
}
