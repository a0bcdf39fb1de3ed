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
    /// A check takes as long for these as for others.
    pub(crate) fn is_of(&self, public_key: &[u8; 32], message: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&self.0);
        match (point(public_key), point(signature.r_bytes())) {
            (Some(key), Some(_)) if is_reduced(signature.s_bytes()) => check(&key, message, &signature),
            _ => {
                check_decoy();
                false
            }
        }
    }
}

fn check(key: &VerifyingKey, message: &[u8], signature: &ed25519_dalek::Signature) -> bool {
    #[cfg(test)]
    CHECKS.set(CHECKS.get() + 1);
    key.verify_strict(message, signature).is_ok()
}

/// A point of the curve that is not of small order.
fn point(bytes: &[u8; 32]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(bytes).ok().filter(|point| !point.is_weak())
}

/// The order of the group, 2^252 + 27742317777372353535851937790883648493; least significant byte first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn is_reduced(scalar: &[u8; 32]) -> bool {
    scalar.iter().rev().lt(ORDER.iter().rev())
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
    let signature =
        Signature::from_hex(SIGNATURE).map(|signature| ed25519_dalek::Signature::from_bytes(&signature.0));
    if let (Some(key), Some(signature)) = (from_hex(KEY).as_ref().and_then(point), signature) {
        std::hint::black_box(check(&key, &[0; 192], &signature));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_equal_when_all_their_bytes_are_and_are_shown_as_digits() {
        let of = |last| {
            let mut bytes = [7; 64];
            bytes[63] = last;
            Signature::from_bytes(bytes)
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_eq!(Signature::from_hex(&of(1).to_string()), Some(of(1)));
        assert_eq!(format!("{:?}", of(1)), format!("Signature({}01)", "07".repeat(63)));
    }

    #[test]
    fn a_scalar_is_reduced_below_the_order_of_the_group() {
        let mut below = ORDER;
        below[0] -= 1;
        let mut above = ORDER;
        above[0] += 1;
        let mut far_above = [0; 32];
        far_above[31] = 0x20;
        assert!(is_reduced(&below) && is_reduced(&[0; 32]));
        assert!(!is_reduced(&ORDER) && !is_reduced(&above) && !is_reduced(&far_above));
    }

    #[test]
    fn a_point_is_on_the_curve_and_not_of_small_order() {
        let mut base = [0x66; 32];
        base[0] = 0x58;
        let mut one = [0; 32];
        one[0] = 1;
        assert!(point(&base).is_some());
        assert!(point(&one).is_none() && point(&[0; 32]).is_none(), "of order 1 and 4");
        assert!(point(&[2; 32]).is_none(), "not on the curve");
    }
}
