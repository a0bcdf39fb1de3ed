//! Key files: what the reference's tools write and read, and ours.
//!
//! Owns the text of root keys, root public keys and node keys. Modes of files and the disk are [`crate::files`]'.

use serde_json::json;
use zeroize::Zeroizing;

use crate::json::{self, Malformed, Object, SecretObject};
use crate::key::{EndpointId, NodeKey, RootKey, RootPublicKey};

/// Largest key file.
pub const MAX_FILE_BYTES: usize = 4096;
/// The service under which the reference keeps root keys in the keyring of the operating system.
pub const KEYRING_SERVICE: &str = "aster";

/// Why a text is no key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// It is not a document of its form.
    #[error("not a key file: {0}")]
    Malformed(#[from] Malformed),
    /// The public half in the file is not that of the secret half.
    #[error("the two halves of the key do not belong together")]
    Mismatch,
    /// The public key is not a sound one.
    #[error("not an Ed25519 public key that only its owner can sign for")]
    Unsound,
    /// A raw key file has 32 bytes.
    #[error("a raw key has 32 bytes, not {0}")]
    Length(usize),
}

/// The entry in the keyring for a profile's root key; its value is the seed in hexadecimal.
pub fn keyring_entry(profile: &str) -> String {
    format!("root_privkey:{profile}")
}

impl RootKey {
    /// Reads a root key file, or the seed alone as 64 hexadecimal digits, as it stands in the keyring.
    pub fn from_file(text: &str) -> Result<Self, KeyFileError> {
        let (seed, public) = secret(text, "private_key", "public_key")?;
        let key = Self::from_seed(&seed);
        let expected = key.public_key();
        fits(public.map(RootPublicKey::from_bytes).is_none_or(|public| public == expected), key)
    }

    /// The root key file, which is a secret.
    pub fn to_file(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(crate::text::to_hex(&*self.seed()));
        pair("private_key", &seed, "public_key", &self.public_key().to_string())
    }
}

impl NodeKey {
    /// Reads a node key file, or the seed alone as 64 hexadecimal digits.
    pub fn from_file(text: &str) -> Result<Self, KeyFileError> {
        let (seed, public) = secret(text, "secret_key", "node_id")?;
        let key = Self::from_seed(&seed);
        let expected = key.public_key();
        fits(public.map(EndpointId::from_bytes).is_none_or(|public| public == expected), key)
    }

    /// The node key file, which is a secret.
    pub fn to_file(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(crate::text::to_hex(&*self.seed()));
        pair("secret_key", &seed, "node_id", &self.public_key().to_string())
    }

    /// Reads a file of 32 raw bytes (`producer.key`).
    pub fn from_raw_file(bytes: &[u8]) -> Result<Self, KeyFileError> {
        raw(bytes).map(|seed| Self::from_seed(&seed))
    }
}

impl RootPublicKey {
    /// Reads a public key file (`root.pub`): JSON with `public_key`, or 64 hexadecimal digits alone.
    pub fn from_file(text: &str) -> Result<Self, KeyFileError> {
        const NAME: &str = "public_key";
        let trimmed = text.trim();
        let key = if trimmed.starts_with('{') {
            Self::from_bytes(Object::read(trimmed.as_bytes(), MAX_FILE_BYTES)?.hex(NAME)?)
        } else {
            Self::from_bytes(json::hex(NAME, trimmed)?)
        };
        if key.is_sound() { Ok(key) } else { Err(KeyFileError::Unsound) }
    }

    /// The public key file.
    pub fn to_file(&self) -> String {
        json::indented(&json!({ "public_key": self.to_string() }))
    }
}

/// Reads a file of 32 raw bytes (`producer.key`, `mesh_salt`).
pub fn raw(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    bytes.try_into().map(Zeroizing::new).map_err(|_| KeyFileError::Length(bytes.len()))
}

/// The secret seed, and the public half where the file names it.
#[allow(clippy::type_complexity, reason = "two halves of a key")]
fn secret(
    text: &str,
    secret_name: &'static str,
    public_name: &'static str,
) -> Result<(Zeroizing<[u8; 32]>, Option<[u8; 32]>), KeyFileError> {
    let trimmed = text.trim();
    if !trimmed.starts_with('{') {
        return Ok((Zeroizing::new(json::hex(secret_name, trimmed)?), None));
    }
    let object: SecretObject = Object::read_secret(trimmed.as_bytes(), MAX_FILE_BYTES)?;
    let seed = Zeroizing::new(object.hex(secret_name)?);
    let public = object.text(public_name)?.map(|public| json::hex(public_name, public)).transpose()?;
    Ok((seed, public))
}

fn fits<K>(is_right: bool, key: K) -> Result<K, KeyFileError> {
    if is_right { Ok(key) } else { Err(KeyFileError::Mismatch) }
}

/// Written by hand: a tree of values would keep a copy of the secret.
fn pair(secret_name: &str, secret: &str, public_name: &str, public: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{{\n  \"{secret_name}\": \"{secret}\",\n  \"{public_name}\": \"{public}\"\n}}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 1.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    #[test]
    fn key_files_are_those_of_the_reference() {
        let root = RootKey::from_file(SEED).unwrap();
        let file = format!("{{\n  \"private_key\": \"{SEED}\",\n  \"public_key\": \"{PUBLIC}\"\n}}\n");
        assert_eq!(*root.to_file(), file);
        assert_eq!(RootKey::from_file(&file).unwrap().seed(), root.seed());
        let node = NodeKey::from_file(&format!(" {SEED}\n")).unwrap();
        let file = format!("{{\n  \"secret_key\": \"{SEED}\",\n  \"node_id\": \"{PUBLIC}\"\n}}\n");
        assert_eq!(*node.to_file(), file);
        assert_eq!(NodeKey::from_file(&file).unwrap().public_key(), node.public_key());
        assert_eq!(
            NodeKey::from_file(&format!("{{\"secret_key\":\"{SEED}\"}}")).unwrap().seed(),
            node.seed()
        );
        let public = root.public_key();
        assert_eq!(public.to_file(), format!("{{\n  \"public_key\": \"{PUBLIC}\"\n}}\n"));
        for text in [public.to_file(), format!("{PUBLIC}\n"), format!("  {}", PUBLIC.to_uppercase())] {
            assert_eq!(RootPublicKey::from_file(&text), Ok(public), "{text}");
        }
        assert_eq!(keyring_entry("prod"), "root_privkey:prod");
    }

    #[test]
    fn raw_keys_have_32_bytes() {
        let node = NodeKey::from_file(SEED).unwrap();
        assert_eq!(NodeKey::from_raw_file(&*node.seed()).unwrap().public_key(), node.public_key());
        assert_eq!(NodeKey::from_raw_file(&[1; 31]).err(), Some(KeyFileError::Length(31)));
        assert_eq!(raw(&[1; 33]).err(), Some(KeyFileError::Length(33)));
    }

    #[test]
    fn a_file_that_is_damaged_is_refused() {
        let other = "00".repeat(32);
        let mismatch = format!("{{\"private_key\":\"{SEED}\",\"public_key\":\"{other}\"}}");
        assert_eq!(RootKey::from_file(&mismatch).err(), Some(KeyFileError::Mismatch));
        let mismatch = format!("{{\"secret_key\":\"{SEED}\",\"node_id\":\"{other}\"}}");
        assert_eq!(NodeKey::from_file(&mismatch).err(), Some(KeyFileError::Mismatch));
        assert_eq!(RootPublicKey::from_file(&other), Err(KeyFileError::Unsound));
        let malformed = |text: &str| match RootKey::from_file(text) {
            Err(KeyFileError::Malformed(malformed)) => malformed,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(malformed("{}"), Malformed::Missing("private_key"));
        assert_eq!(malformed("{"), Malformed::Syntax { line: 1, column: 1 });
        assert_eq!(malformed(""), Malformed::Hex { member: "private_key", digits: 64 });
        assert_eq!(malformed(PUBLIC.split_at(2).1), Malformed::Hex { member: "private_key", digits: 64 });
        let large = format!("{{{}}}", " ".repeat(MAX_FILE_BYTES));
        let limit = MAX_FILE_BYTES;
        assert_eq!(malformed(&large), Malformed::TooLarge { bytes: limit + 2, limit });
    }
}
