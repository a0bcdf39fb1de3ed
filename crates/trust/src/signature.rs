//! Ed25519 signatures: one way to check one.

use std::fmt;

use ed25519_dalek::VerifyingKey;
use subtle::ConstantTimeEq;

use crate::text::{from_hex, to_hex};

/// A signature, 64 bytes. That it is one of a given key over given bytes is only known after a check.
#[derive(Clone, Copy)]
pub struct Signature([u8; 64]);

impl Signature {
    /// The signature with these bytes.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Reads 128 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }

    /// True when the holder of `public_key` signed `message`. Strict: keys and commitments of small order, scalars that are
    /// not reduced and keys that are no points of the curve are refused, so that a signature cannot be turned into another.
    pub(crate) fn is_of(&self, public_key: &[u8; 32], message: &[u8]) -> bool {
        #[cfg(test)]
        CHECKS.set(CHECKS.get() + 1);
        let signature = ed25519_dalek::Signature::from_bytes(&self.0);
        VerifyingKey::from_bytes(public_key).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

#[cfg(test)]
thread_local! {
    /// How many signatures this thread has checked: decisions must not differ in that.
    pub(crate) static CHECKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Checks a constant signature, so that the refusal of a document without a signature takes as long as other refusals.
pub(crate) fn check_decoy() {
    /// The first test vector of RFC 8032: a good signature over nothing, held against something.
    const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const SIGNATURE: &str = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    if let (Some(key), Some(signature)) = (from_hex(KEY), Signature::from_hex(SIGNATURE)) {
        std::hint::black_box(signature.is_of(&key, &[0; 192]));
    }
}

/// Compares in constant time.
impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        self.0[..].ct_eq(&other.0[..]).into()
    }
}

impl Eq for Signature {}

/// 128 lower-case hexadecimal digits.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}
