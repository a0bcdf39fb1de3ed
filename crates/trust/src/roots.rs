//! The root keys that a node trusts. More than one, so that a root key can be replaced while both count.

use crate::key::RootPublicKey;

/// Most root keys at a time.
pub const MAX_ROOTS: usize = 16;

/// Why keys cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// None at all: nobody could be admitted.
    #[error("at least one root key has to be trusted")]
    Empty,
    /// More than [`MAX_ROOTS`].
    #[error("at most {MAX_ROOTS} root keys can be trusted, not {0}")]
    TooMany(usize),
    /// Not a public key that only its owner can sign for.
    #[error("root key {0} is not a sound Ed25519 public key")]
    Unsound(RootPublicKey),
}

/// One to [`MAX_ROOTS`] sound root keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedRoots(Vec<RootPublicKey>);

impl TrustedRoots {
    /// Trusts these keys. The first one is what refusals name as `root_pubkey`.
    pub fn new(keys: impl IntoIterator<Item = RootPublicKey>) -> Result<Self, RootsError> {
        let mut roots: Vec<RootPublicKey> = Vec::new();
        for key in keys {
            if !key.is_sound() {
                return Err(RootsError::Unsound(key));
            }
            if !roots.contains(&key) {
                roots.push(key);
            }
        }
        match roots.len() {
            0 => Err(RootsError::Empty),
            1..=MAX_ROOTS => Ok(Self(roots)),
            more => Err(RootsError::TooMany(more)),
        }
    }

    /// True when `key` is one of them. Compares with all of them, in constant time each.
    pub fn contains(&self, key: &RootPublicKey) -> bool {
        let equal = self.0.iter().filter(|trusted| *trusted == key);
        equal.count() > 0
    }

    /// The keys, in the order of [`TrustedRoots::new`].
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &RootPublicKey> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::RootKey;

    fn key(number: u8) -> RootPublicKey {
        RootKey::from_seed(&[number; 32]).public_key()
    }

    #[test]
    fn roots_are_one_to_sixteen_different_sound_keys() {
        assert_eq!(TrustedRoots::new([]), Err(RootsError::Empty));
        assert_eq!(TrustedRoots::new((0..17).map(key)), Err(RootsError::TooMany(17)));
        assert_eq!(TrustedRoots::new((0..16).map(key)).unwrap().iter().len(), 16);
        assert_eq!(TrustedRoots::new([key(1), key(2), key(1)]).unwrap().iter().len(), 2);
        let weak = RootPublicKey::from_bytes([0; 32]);
        assert_eq!(TrustedRoots::new([key(1), weak]), Err(RootsError::Unsound(weak)));
    }

    #[test]
    fn only_keys_of_the_list_are_trusted() {
        let roots = TrustedRoots::new([key(1), key(2), key(3)]).unwrap();
        assert!(roots.contains(&key(1)) && roots.contains(&key(2)) && roots.contains(&key(3)));
        assert!(!roots.contains(&key(4)));
        assert_eq!(roots.iter().next(), Some(&key(1)));
    }
}
