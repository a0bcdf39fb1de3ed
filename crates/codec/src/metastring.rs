//! Meta strings: the packed encoding of namespaces, type names and field names.
//!
//! Owns the choice of a packing, packing and unpacking. The encoder and the decoder know which strings a message
//! already contains.

use crate::{Writer, murmur3};

/// A packed string with more bytes than this has a hash before it.
pub(crate) const SHORT: usize = 16;
const LONGEST_NAME: usize = 32_766;

/// What a meta string names. It decides the two special characters of the six-bit alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A namespace: `.` and `_`.
    Namespace,
    /// A type name: `$` and `_`.
    TypeName,
}

impl Role {
    fn specials(self) -> [u8; 2] {
        match self {
            Self::Namespace => *b"._",
            Self::TypeName => *b"$_",
        }
    }
}

/// A packed string.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MetaString {
    /// Number of the packing, 0 to 4.
    pub code: u8,
    /// Packed bytes.
    pub bytes: Vec<u8>,
}

/// Why a name cannot be packed, or packed bytes cannot be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetaStringError {
    /// The name has letters outside ASCII that make Python's packing fail, such as `über`.
    #[error("the name has letters or digits outside ASCII that Python peers cannot register")]
    Letters,
    /// Too many characters.
    #[error("the name is longer than 32766 characters")]
    TooLong,
    /// The packed bytes do not decode to a text.
    #[error("a packed name is malformed")]
    Malformed,
}

const UTF8: u8 = 0;
const LOWER: u8 = 1;
const ALL: u8 = 2;
const FIRST_TO_LOWER: u8 = 3;
const ALL_TO_LOWER: u8 = 4;

impl MetaString {
    /// Packs `text` as Python does, so equal names have equal bytes.
    pub fn encode(text: &str, role: Role) -> Result<Self, MetaStringError> {
        Self::pack(text, role, choose(text, role)?)
    }

    /// Packs a namespace or type name for a description (TypeDef), which does not use the lower-case packing.
    pub(crate) fn encode_described(text: &str, role: Role) -> Result<Self, MetaStringError> {
        let first = role == Role::TypeName && text.starts_with(char::is_uppercase);
        match choose(text, role)? {
            FIRST_TO_LOWER if first => Self::pack(text, role, FIRST_TO_LOWER),
            _ => Self::pack(text, role, choose_of_three(text, role)?),
        }
    }

    /// Packs the name of a field, for a description (TypeDef) or the schema bytes of a row.
    pub(crate) fn encode_field(text: &str) -> Result<Self, MetaStringError> {
        Self::pack(text, Role::TypeName, choose_of_three(text, Role::TypeName)?)
    }

    fn pack(text: &str, role: Role, code: u8) -> Result<Self, MetaStringError> {
        let bytes = match code {
            LOWER => pack(text.bytes(), 5, lower_index),
            ALL => pack(text.bytes(), 6, |byte| all_index(byte, role)),
            FIRST_TO_LOWER => pack(text.bytes().map(|b| b.to_ascii_lowercase()), 5, lower_index),
            ALL_TO_LOWER => pack(text.bytes().flat_map(escape_upper), 5, lower_index),
            _ => Some(text.as_bytes().to_vec()),
        };
        let bytes = bytes.ok_or(MetaStringError::Letters)?;
        Ok(Self { code, bytes })
    }

    /// Its bytes at the first use in a message.
    pub fn first_use(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(self.bytes.len() + 9);
        writer.put_var_u64((self.bytes.len() as u64) << 1);
        if self.bytes.len() > SHORT {
            writer.put_u64(long_hash(self.code, &self.bytes));
        } else if !self.bytes.is_empty() {
            writer.put_u8(self.code);
        }
        writer.put_raw(&self.bytes);
        writer.into_vec()
    }
}

/// The hash that precedes a long packed string. Its low byte is the packing code.
pub(crate) fn long_hash(code: u8, bytes: &[u8]) -> u64 {
    murmur3(bytes) & !0xFF | u64::from(code)
}

/// Unpacks a string. Any packing is accepted, not only the one that a writer chooses.
pub fn decode(code: u8, bytes: &[u8], role: Role) -> Result<String, MetaStringError> {
    let malformed = MetaStringError::Malformed;
    match code {
        UTF8 => String::from_utf8(bytes.to_vec()).map_err(|_| malformed),
        LOWER => unpack(bytes, 5, lower_char).ok_or(malformed),
        ALL => unpack(bytes, 6, |index| all_char(index, role)).ok_or(malformed),
        FIRST_TO_LOWER => {
            let mut text = unpack(bytes, 5, lower_char).ok_or(malformed)?;
            if let Some(first) = text.get_mut(0..1) {
                first.make_ascii_uppercase();
            }
            Ok(text)
        }
        ALL_TO_LOWER => {
            let packed = unpack(bytes, 5, lower_char).ok_or(malformed)?;
            unescape_upper(&packed).ok_or(malformed)
        }
        _ => Err(malformed),
    }
}

fn choose(text: &str, role: Role) -> Result<u8, MetaStringError> {
    let specials = role.specials().map(char::from);
    let (mut count, mut upper, mut digits) = (0, 0, 0);
    let (mut fits_lower, mut fits_all) = (true, true);
    for c in text.chars() {
        count += 1;
        // Python tests letters and digits by Unicode, not by ASCII. A name that passes this test and then cannot be
        // packed is a name that Python refuses.
        upper += usize::from(c.is_uppercase());
        digits += usize::from(c.is_numeric());
        fits_lower &= c.is_lowercase() || "._$|".contains(c);
        fits_all &= c.is_lowercase() || c.is_uppercase() || c.is_numeric() || specials.contains(&c);
    }
    if count > LONGEST_NAME {
        return Err(MetaStringError::TooLong);
    }
    Ok(match () {
        () if text.is_empty() => UTF8,
        () if fits_lower => LOWER,
        () if !fits_all => UTF8,
        () if digits > 0 => ALL,
        () if upper == 1 && text.starts_with(char::is_uppercase) => FIRST_TO_LOWER,
        () if (count + upper) * 5 < count * 6 => ALL_TO_LOWER,
        () => ALL,
    })
}

/// The packing of a name when only three packings are allowed. Python fails for a field name or namespace whose only
/// capital is its first letter; this function packs it like any other name.
fn choose_of_three(text: &str, role: Role) -> Result<u8, MetaStringError> {
    let specials = role.specials();
    let (mut count, mut upper, mut digits, mut fits) = (0, 0, 0, true);
    for byte in text.bytes() {
        count += 1;
        upper += usize::from(byte.is_ascii_uppercase());
        digits += usize::from(byte.is_ascii_digit());
        fits &= byte.is_ascii_alphanumeric() || specials.contains(&byte);
    }
    if count > LONGEST_NAME {
        return Err(MetaStringError::TooLong);
    }
    Ok(match () {
        () if text.is_empty() || !fits => UTF8,
        () if digits > 0 => ALL,
        () if (count + upper) * 5 < count * 6 => ALL_TO_LOWER,
        () => ALL,
    })
}

fn escape_upper(byte: u8) -> impl Iterator<Item = u8> {
    byte.is_ascii_uppercase().then_some(b'|').into_iter().chain([byte.to_ascii_lowercase()])
}

fn unescape_upper(packed: &str) -> Option<String> {
    let mut text = String::with_capacity(packed.len());
    let mut chars = packed.chars();
    while let Some(c) = chars.next() {
        if c == '|' {
            let lower = chars.next().filter(char::is_ascii_lowercase)?;
            text.push(lower.to_ascii_uppercase());
        } else {
            text.push(c);
        }
    }
    Some(text)
}

fn lower_index(byte: u8) -> Option<u8> {
    Some(match byte {
        b'a'..=b'z' => byte - b'a',
        b'.' => 26,
        b'_' => 27,
        b'$' => 28,
        b'|' => 29,
        _ => return None,
    })
}

fn lower_char(index: u8) -> Option<u8> {
    b"abcdefghijklmnopqrstuvwxyz._$|".get(usize::from(index)).copied()
}

fn all_index(byte: u8, role: Role) -> Option<u8> {
    Some(match byte {
        b'a'..=b'z' => byte - b'a',
        b'A'..=b'Z' => byte - b'A' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        _ => 62 + role.specials().iter().position(|&special| special == byte)? as u8,
    })
}

fn all_char(index: u8, role: Role) -> Option<u8> {
    Some(match index {
        0..26 => b'a' + index,
        26..52 => b'A' + index - 26,
        52..62 => b'0' + index - 52,
        _ => *role.specials().get(usize::from(index) - 62)?,
    })
}

/// Packs characters, high bit first, after the strip bit. The strip bit is 1 if the unused bits at the end are enough
/// for one more character.
fn pack(
    characters: impl Iterator<Item = u8>,
    bits: usize,
    index: impl Fn(u8) -> Option<u8>,
) -> Option<Vec<u8>> {
    let mut bytes = vec![0_u8];
    let mut used = 1;
    for character in characters {
        let value = index(character)?;
        for bit in (0..bits).rev() {
            if used == 8 * bytes.len() {
                bytes.push(0);
            }
            if let Some(last) = bytes.last_mut() {
                *last |= (value >> bit & 1) << (7 - used % 8);
            }
            used += 1;
        }
    }
    if 8 * bytes.len() - used >= bits
        && let Some(first) = bytes.first_mut()
    {
        *first |= 0x80;
    }
    Some(bytes)
}

fn unpack(bytes: &[u8], bits: usize, character: impl Fn(u8) -> Option<u8>) -> Option<String> {
    let Some(first) = bytes.first() else {
        return Some(String::new());
    };
    let stripped = usize::from(first >> 7);
    let count = ((8 * bytes.len() - 1) / bits).checked_sub(stripped)?;
    let mut text = String::with_capacity(count);
    let mut all_bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).skip(1);
    for _ in 0..count {
        let value = all_bits.by_ref().take(bits).fold(0, |value, bit| value << 1 | bit);
        text.push(char::from(character(value)?));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{MetaString, MetaStringError, Role, decode};

    fn hex(bytes: &[u8]) -> String {
        aster_testkit::hex::encode(bytes).to_uppercase()
    }

    #[test]
    fn packs_and_unpacks_published_names() {
        let cases = [
            ("_aster", Role::Namespace, 1, "6C129922"),
            ("billing", Role::Namespace, 1, "050B5A1A60"),
            ("xxxxxxxxxxxxxxxxxxxxxxxx", Role::Namespace, 1, "DEF7BDEF7BDEF7BDEF7BDEF7BDEF7B80"),
            ("Invoice", Role::TypeName, 3, "21B5720440"),
            ("RpcStatus", Role::TypeName, 2, "5678562602 6A24"),
            ("CallHeader", Role::TypeName, 2, "380165C220018888"),
            ("StreamHeader", Role::TypeName, 4, "76538900CE9C801922"),
            ("a1", Role::TypeName, 2, "01A8"),
        ];
        for (text, role, code, packed) in cases {
            let meta = MetaString::encode(text, role).unwrap();
            assert_eq!((meta.code, hex(&meta.bytes)), (code, packed.replace(' ', "")), "{text}");
            assert_eq!(decode(meta.code, &meta.bytes, role).unwrap(), text);
        }
    }

    #[test]
    fn a_name_that_fits_no_alphabet_is_packed_as_utf8() {
        for text in ["Record.Inner", "Foo.<locals>.Bar", "名前", "With-Dash"] {
            let meta = MetaString::encode(text, Role::TypeName).unwrap();
            assert_eq!((meta.code, meta.bytes.as_slice()), (0, text.as_bytes()));
        }
        assert_eq!(MetaString::encode("", Role::Namespace).unwrap().first_use(), [0]);
    }

    #[test]
    fn names_that_python_cannot_register_are_refused() {
        let refused = MetaString::encode("über", Role::TypeName);
        assert_eq!(refused, Err(MetaStringError::Letters));
        let refused = MetaString::encode(&"a".repeat(32_767), Role::TypeName);
        assert_eq!(refused, Err(MetaStringError::TooLong));
    }

    #[test]
    fn malformed_packings_are_refused() {
        // An index past the alphabet, an escape without a letter, an unknown packing.
        for (code, bytes) in [(1, [0x7C, 0]), (4, [0x77, 0xA0]), (5, [0, 0]), (0, [0xFF, 0xFE])] {
            assert_eq!(decode(code, &bytes, Role::TypeName), Err(MetaStringError::Malformed), "{code}");
        }
    }

    #[test]
    fn long_names_carry_a_hash_whose_first_byte_is_the_packing() {
        let meta = MetaString::encode("com.example.services.billing.internal.v2", Role::Namespace).unwrap();
        let packed = hex(&meta.first_use());
        assert!(packed.starts_with("3E02F25C08BE43D1F584719F08B8061E589F24222A9010"), "{packed}");
    }
}
