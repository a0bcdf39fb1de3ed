//! Keys: the root key that signs credentials, and the key that a node is known by.
//!
//! Owns secret bytes in memory: they are overwritten when a key is dropped, and `Debug` does not show them. The files of keys
//! are [`crate::key_file`].

use std::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::Signature;
use crate::text::{from_hex, public_bytes};

/// The operating system has no random bytes to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// 32 bytes from the operating system, overwritten when dropped.
pub fn random_bytes() -> Result<Zeroizing<[u8; 32]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

public_bytes! {
    /// The public key that a node is known and dialled by.
    EndpointId
}

impl EndpointId {
    /// The id with these bytes. That they are a key is what QUIC proves, not this type.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }
}

public_bytes! {
    /// The public half of a root key. Any 32 bytes while it is only what a credential claims; a trusted one has passed
    /// [`RootPublicKey::is_sound`].
    RootPublicKey
}

impl RootPublicKey {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }

    /// True when these bytes are a point of the curve and not one of the weak keys, for which anybody can make signatures.
    pub fn is_sound(&self) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| !key.is_weak())
    }
}

/// A secret key with a role of its own.
macro_rules! secret_key {
    ($(#[$about:meta])* $name:ident, $public:ident) => {
        $(#[$about])*
        #[derive(Clone)]
        pub struct $name(SigningKey);

        impl $name {
            /// A new key, from the randomness of the operating system.
            pub fn generate() -> Result<Self, NoRandomness> {
                Ok(Self::from_seed(&*random_bytes()?))
            }

            /// The key with this seed; equal seeds give equal keys.
            pub fn from_seed(seed: &[u8; 32]) -> Self {
                Self(SigningKey::from_bytes(seed))
            }

            /// The seed, which is the secret itself: overwritten when dropped.
            pub fn seed(&self) -> Zeroizing<[u8; 32]> {
                Zeroizing::new(self.0.to_bytes())
            }

            /// The public half.
            pub fn public_key(&self) -> $public {
                $public::from_bytes(self.0.verifying_key().to_bytes())
            }

            pub(crate) fn sign(&self, message: &[u8]) -> Signature {
                Signature::from_bytes(self.0.sign(message).to_bytes())
            }
        }

        /// The public half only.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}(public {})", stringify!($name), self.public_key())
            }
        }
    };
}

secret_key! {
    /// The key that signs credentials and revocation lists. It stays offline: no node needs it.
    RootKey, RootPublicKey
}

secret_key! {
    /// The key of a node: its public half is the endpoint id.
    NodeKey, EndpointId
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 1.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    #[test]
    fn keys_are_those_of_ed25519() {
        let seed = from_hex(SEED).unwrap();
        assert_eq!(RootKey::from_seed(&seed).public_key().to_string(), PUBLIC);
        assert_eq!(NodeKey::from_seed(&seed).public_key(), EndpointId::from_hex(PUBLIC).unwrap());
        assert_eq!(*RootKey::from_seed(&seed).seed(), seed);
        let signature = NodeKey::from_seed(&seed).sign(b"");
        assert_eq!(
            signature.to_string(),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        );
        assert!(signature.is_of(&from_hex(PUBLIC).unwrap(), b""));
        assert!(!signature.is_of(&from_hex(PUBLIC).unwrap(), b"x"));
    }

    #[test]
    fn generated_keys_differ_and_sign() {
        let (one, other) = (RootKey::generate().unwrap(), RootKey::generate().unwrap());
        assert_ne!(one.public_key(), other.public_key());
        assert!(one.sign(b"m").is_of(one.public_key().as_bytes(), b"m"));
        assert!(!one.sign(b"m").is_of(other.public_key().as_bytes(), b"m"));
        assert!(one.public_key().is_sound());
    }

    #[test]
    fn debug_output_has_no_secret() {
        let seed = from_hex(SEED).unwrap();
        for shown in [format!("{:?}", RootKey::from_seed(&seed)), format!("{:?}", NodeKey::from_seed(&seed))]
        {
            assert!(shown.contains(PUBLIC) && !shown.contains(&SEED[..16]), "{shown}");
        }
    }

    /// With a key of small order anybody can make a signature that a lenient check accepts for any message.
    #[test]
    fn keys_of_small_order_are_unsound_and_sign_nothing() {
        let neutral = {
            let mut bytes = [0; 32];
            bytes[0] = 1;
            bytes
        };
        let mut forged = [0; 64];
        forged[0] = 1;
        let lenient = VerifyingKey::from_bytes(&neutral).unwrap();
        let forged = Signature::from_bytes(forged);
        assert!(!forged.is_of(&neutral, b"anything"));
        assert!(lenient.is_weak() && !RootPublicKey::from_bytes(neutral).is_sound());
        // y = 2 has no x: no point of the curve.
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert!(!RootPublicKey::from_bytes(no_point).is_sound());
    }

    #[test]
    fn a_signature_with_an_unreduced_scalar_is_refused() {
        let key = RootKey::from_seed(&from_hex(SEED).unwrap());
        let mut bytes = *key.sign(b"m").as_bytes();
        // The order of the group, little-endian; adding it to the scalar gives another text for the same equation.
        let order: [u8; 32] =
            from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
        let mut carry = 0;
        for (byte, add) in bytes[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert!(!Signature::from_bytes(bytes).is_of(key.public_key().as_bytes(), b"m"));
    }

    #[test]
    fn text_of_keys_is_read_in_either_case() {
        let upper = PUBLIC.to_uppercase();
        assert_eq!(RootPublicKey::from_hex(&upper).unwrap().to_string(), PUBLIC);
        assert_eq!(EndpointId::from_hex(&upper).unwrap().to_string(), PUBLIC);
        assert_eq!(EndpointId::from_hex(&PUBLIC[1..]), None);
        assert_eq!(RootPublicKey::from_hex("zz"), None);
        assert_eq!(format!("{:?}", EndpointId::from_hex(PUBLIC).unwrap()), format!("EndpointId({PUBLIC})"));
    }
}
