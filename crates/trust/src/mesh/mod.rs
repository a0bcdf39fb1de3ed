//! The mesh of producers: the secret salt, the gossip topic that follows from it, and the messages on that topic.
//!
//! Owns bytes and rules; joining a topic is `aster-registry`'s work. [`envelope`] is a signed message, [`members`] decides
//! which messages count, [`state_file`] is what the reference keeps on disk.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::key::{NoRandomness, RootPublicKey, random_bytes};
use crate::text::{from_hex, public_bytes, to_hex};

pub mod envelope;
pub mod members;
pub mod state_file;

const TOPIC_DOMAIN: &[u8] = b"aster-producer-mesh";

public_bytes! {
    /// A gossip topic. Whoever knows it can join, so only admitted producers learn the salt that it is made of.
    Topic
}

impl Topic {
    /// The topic with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }

    /// The topic of a root key's mesh with this salt.
    pub fn of(root: &RootPublicKey, salt: &Salt) -> Self {
        Self::with_salt_bytes(root, &salt.0)
    }

    /// The same for a salt of any length; the reference does not check it.
    pub fn with_salt_bytes(root: &RootPublicKey, salt: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(root.as_bytes()).update(TOPIC_DOMAIN).update(salt);
        Self(*hasher.finalize().as_bytes())
    }
}

/// The secret part of a mesh's topic. `Debug` does not show it; it is overwritten when dropped.
#[derive(Clone)]
pub struct Salt([u8; 32]);

impl Salt {
    /// A new one, from the randomness of the operating system.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self(*random_bytes()?))
    }

    /// The salt with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits of either case, as in the answer of a producer admission.
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits, for the answer to an admitted producer.
    pub fn to_hex(&self) -> String {
        to_hex(&self.0)
    }
}

/// Compares in constant time.
impl PartialEq for Salt {
    fn eq(&self, other: &Self) -> bool {
        self.0[..].ct_eq(&other.0[..]).into()
    }
}

impl Eq for Salt {}

impl Drop for Salt {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// The salt in use, and for a while the one before it.
///
/// A salt is replaced when a producer that knows it was revoked. The others learn the new one by a new admission; until the
/// overlap ends both topics are joined, so that no message is lost.
#[derive(Debug, Clone)]
pub struct Salts {
    current: Salt,
    previous: Option<(Salt, u64)>,
}

impl Salts {
    /// A mesh that starts with this salt.
    pub fn new(current: Salt) -> Self {
        Self { current, previous: None }
    }

    /// The salt that newcomers are told.
    pub fn current(&self) -> &Salt {
        &self.current
    }

    /// Takes a new salt into use. The one before counts for `overlap_ms` more; an earlier one ends at once.
    pub fn rotate(&mut self, next: Salt, now_ms: u64, overlap_ms: u64) {
        let previous = std::mem::replace(&mut self.current, next);
        self.previous = Some((previous, now_ms.saturating_add(overlap_ms)));
    }

    /// The topics to be on, the one of the current salt first.
    pub fn topics(&self, root: &RootPublicKey, now_ms: u64) -> Vec<Topic> {
        let previous =
            self.previous.as_ref().filter(|(_, until_ms)| now_ms < *until_ms).map(|(salt, _)| salt);
        [Some(&self.current), previous].into_iter().flatten().map(|salt| Topic::of(root, salt)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::RootKey;

    #[test]
    fn a_rotated_salt_counts_until_the_overlap_ends() {
        let root = RootKey::from_seed(&[1; 32]).public_key();
        let [a, b, c] = [1, 2, 3].map(|number| Salt::from_bytes([number; 32]));
        let topic = |salt: &Salt| Topic::of(&root, salt);
        let mut salts = Salts::new(a.clone());
        assert_eq!(salts.topics(&root, 0), [topic(&a)]);
        salts.rotate(b.clone(), 1000, 500);
        assert_eq!(salts.current(), &b);
        assert_eq!(salts.topics(&root, 1499), [topic(&b), topic(&a)]);
        assert_eq!(salts.topics(&root, 1500), [topic(&b)]);
        salts.rotate(c.clone(), 1100, 500);
        assert_eq!(salts.topics(&root, 1200), [topic(&c), topic(&b)]);
    }

    #[test]
    fn a_salt_is_not_shown() {
        let salt = Salt::generate().unwrap();
        assert_eq!(format!("{salt:?}"), "Salt(..)");
        assert_eq!(Salt::from_hex(&salt.to_hex()), Some(salt.clone()));
        assert_eq!(Salt::from_bytes(*salt.as_bytes()), salt);
        assert!(Salt::generate().unwrap() != salt && Salt::from_hex("00").is_none());
    }

    #[test]
    fn a_topic_depends_on_root_and_salt() {
        let [one, other] = [1, 2].map(|number| RootKey::from_seed(&[number; 32]).public_key());
        let salt = Salt::from_bytes([0; 32]);
        let topic = Topic::of(&one, &salt);
        assert_ne!(topic, Topic::of(&other, &salt));
        assert_ne!(topic, Topic::of(&one, &Salt::from_bytes([1; 32])));
        assert_eq!(Topic::from_hex(&topic.to_string()), Some(topic));
        assert_eq!(Topic::from_bytes(*topic.as_bytes()), topic);
    }
}
