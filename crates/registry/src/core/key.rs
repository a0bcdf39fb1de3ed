//! The keys of a registry document (`docs/registry.md#entries`).
//!
//! Every key is UTF-8, has at most 1,024 bytes, and its parts are separated by slashes. So a name must have none.

use std::fmt;

use super::limit::{KEY_BYTES, NAME_BYTES};

/// Why bytes are not a key, or why something cannot be named by one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Longer than 1,024 bytes.
    #[error("a key has at most {KEY_BYTES} bytes, not {0}")]
    TooLong(usize),
    /// None of the known forms.
    #[error("it is no key of a registry")]
    Form,
    /// A name that cannot be part of a key.
    #[error("a name in a key has 1 to {NAME_BYTES} bytes and no slash")]
    Name,
}

/// A list of authors in a registry document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AclList {
    /// Whose entries count.
    Writers,
    /// Not used.
    Readers,
    /// Not used.
    Admins,
    /// Not used.
    Policy,
}

impl AclList {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Writers, "writers"),
        (Self::Readers, "readers"),
        (Self::Admins, "admins"),
        (Self::Policy, "policy"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(list, _)| *list == self).map_or("", |(_, word)| word)
    }
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// `contracts/ID`: where the collection of a contract is.
    Contract(String),
    /// `manifests/ID`: the manifest.
    Manifest(String),
    /// `services/NAME/versions/vN`: a contract id.
    Version {
        /// The service.
        service: String,
        /// Its version.
        version: i64,
    },
    /// `services/NAME/channels/CHANNEL`: a contract id.
    Channel {
        /// The service.
        service: String,
        /// The channel.
        channel: String,
    },
    /// `services/NAME/tags/TAG`: a contract id.
    Tag {
        /// The service.
        service: String,
        /// The tag.
        tag: String,
    },
    /// `services/NAME/contracts/ID/endpoints/ENDPOINT`: a lease.
    Lease(LeaseKey),
    /// `_aster/acl/LIST`: author ids.
    Acl(AclList),
    /// `_aster/config/NAME`.
    Config(String),
}

/// Whose lease for what.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeaseKey {
    /// The service.
    pub service: String,
    /// The contract id, 64 hex digits.
    pub contract_id: String,
    /// The endpoint id, 64 hex digits.
    pub endpoint_id: String,
}

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    /// [`KeyError`] when it is none. Other keys may be in a document; a reader leaves them alone.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() > KEY_BYTES {
            return Err(KeyError::TooLong(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| KeyError::Form)?;
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            ["contracts", id] => Ok(Self::Contract(hex_id(id)?)),
            ["manifests", id] => Ok(Self::Manifest(hex_id(id)?)),
            ["services", name, "versions", version] => {
                Ok(Self::Version { service: self::name(name)?, version: version_of(version)? })
            }
            ["services", name, "channels", channel] => {
                Ok(Self::Channel { service: self::name(name)?, channel: self::name(channel)? })
            }
            ["services", name, "tags", tag] => {
                Ok(Self::Tag { service: self::name(name)?, tag: self::name(tag)? })
            }
            ["services", name, "contracts", id, "endpoints", endpoint] => Ok(Self::Lease(LeaseKey {
                service: self::name(name)?,
                contract_id: hex_id(id)?,
                endpoint_id: hex_id(endpoint)?,
            })),
            ["_aster", "acl", list] => {
                let known = AclList::ALL.iter().find(|(_, word)| *word == list);
                known.map(|(list, _)| Self::Acl(*list)).ok_or(KeyError::Form)
            }
            ["_aster", "config", name] => Ok(Self::Config(self::name(name)?)),
            _ => Err(KeyError::Form),
        }
    }

    /// The bytes of the key.
    ///
    /// # Errors
    /// [`KeyError`] when a part cannot be written so that it is read again as the same.
    pub fn to_bytes(&self) -> Result<Vec<u8>, KeyError> {
        let bytes = self.to_string().into_bytes();
        if bytes.len() > KEY_BYTES {
            return Err(KeyError::TooLong(bytes.len()));
        }
        match Self::parse(&bytes) {
            Ok(read) if read == *self => Ok(bytes),
            _ => Err(KeyError::Name),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contract(id) => write!(f, "contracts/{id}"),
            Self::Manifest(id) => write!(f, "manifests/{id}"),
            Self::Version { service, version } => write!(f, "services/{service}/versions/v{version}"),
            Self::Channel { service, channel } => write!(f, "services/{service}/channels/{channel}"),
            Self::Tag { service, tag } => write!(f, "services/{service}/tags/{tag}"),
            Self::Lease(LeaseKey { service, contract_id, endpoint_id }) => {
                write!(f, "services/{service}/contracts/{contract_id}/endpoints/{endpoint_id}")
            }
            Self::Acl(list) => write!(f, "_aster/acl/{}", list.word()),
            Self::Config(name) => write!(f, "_aster/config/{name}"),
        }
    }
}

/// A contract id, endpoint id or author id: 64 hex digits in lower case.
pub fn is_hex_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

fn hex_id(text: &str) -> Result<String, KeyError> {
    if is_hex_id(text) { Ok(text.to_owned()) } else { Err(KeyError::Form) }
}

/// Whether a text can be the name of a service, a channel or a tag.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_BYTES && !text.contains('/')
}

fn name(text: &str) -> Result<String, KeyError> {
    if is_name(text) { Ok(text.to_owned()) } else { Err(KeyError::Name) }
}

/// One text for each number, so that a key is read and written as the same.
fn version_of(text: &str) -> Result<i64, KeyError> {
    let digits = text.strip_prefix('v').ok_or(KeyError::Form)?;
    let version: i64 = digits.parse().map_err(|_| KeyError::Form)?;
    if version.to_string() == digits { Ok(version) } else { Err(KeyError::Form) }
}
