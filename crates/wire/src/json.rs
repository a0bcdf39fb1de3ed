//! Writes JSON documents of the protocol (records, admission documents): compact, in ASCII, exactly as Python's `json`.
//!
//! The codec writes user payloads in JSON mode.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

/// Compact JSON. Every character outside printable ASCII is escaped as `\uXXXX`.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0;
        for (at, character) in fragment.char_indices() {
            if matches!(character, ' '..='~') {
                continue;
            }
            writer.write_all(&fragment.as_bytes()[plain..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = at + character.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }
}

/// Writes a document. It is only called with types of this crate, and none of them can fail to serialize.
pub(crate) fn to_vec<T: Serialize>(document: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, Ascii);
    let written = document.serialize(&mut writer);
    debug_assert!(written.is_ok(), "documents have string keys and a Vec cannot refuse bytes");
    bytes
}

/// Objects with string values as ordered pairs. A repeated key keeps its first position and its last value.
pub(crate) mod pairs {
    use std::fmt;

    use serde::de::{Deserializer, MapAccess, Visitor};
    use serde::ser::{SerializeMap, Serializer};

    type Pairs = Vec<(String, String)>;

    pub(crate) fn serialize<S: Serializer>(pairs: &[(String, String)], out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(pairs.len()))?;
        for (key, value) in pairs {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Pairs, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                super::last_wins(&mut pairs);
                Ok(pairs)
            }
        }
        input.deserialize_map(PairsVisitor)
    }
}

/// Makes keys unique: a repeated key keeps its first position and its last value.
pub(crate) fn last_wins(pairs: &mut Vec<(String, String)>) {
    if pairs.len() < 2 {
        return;
    }
    let mut positions = std::collections::HashMap::with_capacity(pairs.len());
    let mut unique: Vec<(String, String)> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs.drain(..) {
        let earlier = positions.get(&key).and_then(|&position: &usize| unique.get_mut(position));
        if let Some(earlier) = earlier {
            earlier.1 = value;
        } else {
            positions.insert(key.clone(), unique.len());
            unique.push((key, value));
        }
    }
    *pairs = unique;
}
