//! The documents of admission: the request of a client or producer and the response of a server.
//!
//! Owns their JSON form and size limit (`docs/protocol.md#admission`). `aster-net` exchanges the documents on a stream;
//! the admission policy of the server decides who is admitted.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::json;
use crate::limit::{ADMISSION_BYTES, ANNOUNCED_BYTES, ANNOUNCED_SERVICES, NAME_CHARS};

/// Why bytes are not an admission document, or why a document cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// Above 65,536 bytes.
    #[error("an admission document has at most {ADMISSION_BYTES} bytes, not {0}")]
    TooLarge(usize),
    /// The services that a client announces exceed a limit.
    #[error("the services for calls back exceed the limit of {0}")]
    Announced(&'static str),
    /// Not JSON, or a required member is missing or of another type.
    #[error("not an admission document: {0}")]
    Form(#[from] serde_json::Error),
}

/// The request of a client. Unknown members are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConsumerRequest {
    /// A credential document as text; empty for none. The member is required; null is read as empty.
    #[serde(deserialize_with = "null_is_empty")]
    pub credential_json: String,
    /// A cloud identity token; empty for none.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub iid_token: String,
    /// The services that the server may call back on the connections of this client
    /// (`docs/protocol.md#calls-back`). The Python implementation neither sends nor reads this member and the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceSummary>,
    /// The clock of the client when it asked, in milliseconds since 1970. The server writes the deadlines of calls back in
    /// this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_time_ms: Option<i64>,
}

/// One service in a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSummary {
    /// The service's name.
    pub name: String,
    /// The service's version.
    pub version: i64,
    /// 64 hexadecimal digits.
    pub contract_id: String,
    /// Channel names and their addresses. Calls use the channel `rpc`.
    #[serde(default, with = "json::pairs")]
    pub channels: Vec<(String, String)>,
    /// `shared` or `session`.
    #[serde(default = "shared")]
    pub pattern: String,
    /// Lower-case mode names; empty means the default.
    #[serde(default)]
    pub serialization_modes: Vec<String>,
    /// Modes that are not in the contract, by name, each with the data that a client needs for it. The Python
    /// implementation ignores this member.
    #[serde(default, with = "json::pairs", skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<(String, String)>,
}

impl ServiceSummary {
    /// The address of a channel, in a form that [`crate::address::parse`] accepts.
    pub fn channel(&self, name: &str) -> Option<&str> {
        self.channels.iter().find(|(channel, _)| channel == name).map(|(_, address)| address.as_str())
    }

    /// True if the service supports JSON and not XLANG.
    pub fn is_json_only(&self) -> bool {
        let lists = |mode: &str| self.serialization_modes.iter().any(|listed| listed == mode);
        lists("json") && !lists("xlang")
    }

    /// True if the service supports only NATIVE mode, which is an extension of this library.
    pub fn is_native_only(&self) -> bool {
        self.serialization_modes.iter().any(|mode| mode == "native")
            && !self.serialization_modes.iter().any(|mode| mode == "xlang" || mode == "json")
    }
}

/// The response of a server. A refusal never contains a reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConsumerResponse {
    /// The decision.
    pub admitted: bool,
    /// The attributes of the credential; empty with open access.
    #[serde(default, with = "json::pairs")]
    pub attributes: Vec<(String, String)>,
    /// The services that can be called; empty in a refusal.
    #[serde(default)]
    pub services: Vec<ServiceSummary>,
    /// The id of the registry document: 64 hexadecimal digits, or empty. The old member name `registry_ticket` is read, too.
    #[serde(default, alias = "registry_ticket", deserialize_with = "null_is_empty")]
    pub registry_namespace: String,
    /// The trust root of the server, also in a refusal. It is not proven, so clients must not trust it.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub root_pubkey: String,
    /// Always empty.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub reason: String,
    /// The mesh topic; only sent to the root node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gossip_topic: Option<String>,
    /// The clock of the server when it answered, in milliseconds since 1970. The reference neither sends nor reads it.
    /// A client writes deadlines in this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time_ms: Option<i64>,
}

/// What a server answers to a producer, whose request has the form of [`ConsumerRequest`]. A refusal is the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProducerResponse {
    /// The decision.
    pub accepted: bool,
    /// The salt of the mesh, 64 hexadecimal digits; empty when refused.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub salt: String,
    /// The endpoint ids of the members, sorted; empty when refused.
    #[serde(default)]
    pub accepted_producers: Vec<String>,
    /// Always empty.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub reason: String,
}

impl ConsumerRequest {
    /// A request without services for calls back.
    pub fn new(credential_json: String) -> Self {
        Self { credential_json, ..Self::default() }
    }

    /// The document as sent.
    pub fn to_bytes(&self) -> Result<Vec<u8>, AdmissionError> {
        self.check_announced()?;
        within_limit(json::to_vec(self))
    }

    /// Reads a request.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AdmissionError> {
        let request: Self = read(bytes)?;
        request.check_announced()?;
        Ok(request)
    }

    fn check_announced(&self) -> Result<(), AdmissionError> {
        if self.services.len() > ANNOUNCED_SERVICES {
            return Err(AdmissionError::Announced("64 services"));
        }
        if self.services.iter().any(|service| service.name.chars().count() > NAME_CHARS) {
            return Err(AdmissionError::Announced("256 characters for a name"));
        }
        if !self.services.is_empty() && json::to_vec(&self.services).len() > ANNOUNCED_BYTES {
            return Err(AdmissionError::Announced("16384 bytes"));
        }
        Ok(())
    }
}

impl ConsumerResponse {
    /// The response to a client that is not admitted. It is the same for every reason.
    pub fn refusal(root_pubkey: &str) -> Self {
        Self { root_pubkey: root_pubkey.to_owned(), ..Self::default() }
    }

    /// The document as sent.
    pub fn to_bytes(&self) -> Result<Vec<u8>, AdmissionError> {
        within_limit(json::to_vec(self))
    }

    /// Reads a response. Empty input is an error; a client handles it as a refusal.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AdmissionError> {
        read(bytes)
    }
}

impl ProducerResponse {
    /// The document as sent.
    pub fn to_bytes(&self) -> Result<Vec<u8>, AdmissionError> {
        within_limit(json::to_vec(self))
    }

    /// Reads an answer. No document is an error, which the producer treats as a refusal.
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

/// Reads a document into a JSON tree first: there a repeated member has its last value. The size limit bounds the tree.
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
