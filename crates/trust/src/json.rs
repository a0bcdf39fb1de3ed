//! The JSON of this crate: a tree of bounded size when read, Python's text when written.

use serde_json::{Map, Value};
use zeroize::Zeroize;

/// Why bytes are no JSON document of the expected form. Nothing of the input is told, only names of members and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More bytes than such a document may have.
    #[error("{bytes} bytes; there may be at most {limit}")]
    TooLarge {
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Not UTF-8, or not JSON.
    #[error("not JSON (line {line}, column {column})")]
    Syntax {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// Not TOML.
    #[error("not TOML")]
    Toml,
    /// The document is not an object.
    #[error("not an object")]
    NoObject,
    /// A required member is absent or null.
    #[error("member {0:?} is missing")]
    Missing(&'static str),
    /// A member has another type or range.
    #[error("member {0:?} has a wrong type or value")]
    Member(&'static str),
    /// A member is not hexadecimal of its fixed length.
    #[error("member {member:?} is not {digits} hexadecimal digits")]
    Hex {
        /// Which.
        member: &'static str,
        /// How many digits it has to have.
        digits: usize,
    },
    /// More elements than a member may have.
    #[error("member {member:?} has more than {limit} elements")]
    TooMany {
        /// Which.
        member: &'static str,
        /// How many it may have.
        limit: usize,
    },
    /// A version of the document that this crate does not know.
    #[error("version {0} of this document is not known")]
    Version(u64),
}

/// An object, read whole; of members with equal names the last counts.
pub(crate) struct Object(Map<String, Value>);

impl Object {
    /// Reads an object of at most `limit` bytes.
    pub(crate) fn read(bytes: &[u8], limit: usize) -> Result<Self, Malformed> {
        if bytes.len() > limit {
            return Err(Malformed::TooLarge { bytes: bytes.len(), limit });
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Malformed::NoObject),
            Err(error) => Err(Malformed::Syntax { line: error.line(), column: error.column() }),
        }
    }

    /// An object with these members.
    pub(crate) fn from_members(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Reads an object whose texts may be secret: they are overwritten when it is dropped.
    pub(crate) fn read_secret(bytes: &[u8], limit: usize) -> Result<SecretObject, Malformed> {
        Self::read(bytes, limit).map(SecretObject)
    }

    /// A member; null counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A member that is not one of the values that Python takes for false: null, false, zero, nothing in it.
    pub(crate) fn truthy(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Bool(true) => true,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
        })
    }

    /// True when there is a member with this name, null or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, Malformed> {
        self.get(name).map(|value| value.as_str().ok_or(Malformed::Member(name))).transpose()
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, name: &'static str) -> Result<&str, Malformed> {
        self.text(name)?.ok_or(Malformed::Missing(name))
    }

    /// `2 * N` hexadecimal digits that must be there.
    pub(crate) fn hex<const N: usize>(&self, name: &'static str) -> Result<[u8; N], Malformed> {
        hex(name, self.required_text(name)?)
    }

    /// An integer from 0 that must be there.
    pub(crate) fn integer(&self, name: &'static str) -> Result<u64, Malformed> {
        let value = self.get(name).ok_or(Malformed::Missing(name))?;
        value.as_u64().ok_or(Malformed::Member(name))
    }

    /// A list of at most `limit` elements; absent means empty.
    pub(crate) fn list(&self, name: &'static str, limit: usize) -> Result<&[Value], Malformed> {
        let Some(value) = self.get(name) else { return Ok(&[]) };
        let items = value.as_array().ok_or(Malformed::Member(name))?;
        if items.len() > limit {
            return Err(Malformed::TooMany { member: name, limit });
        }
        Ok(items)
    }
}

/// An object whose texts are overwritten when it is dropped.
pub(crate) struct SecretObject(Object);

impl std::ops::Deref for SecretObject {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.0
    }
}

impl Drop for SecretObject {
    fn drop(&mut self) {
        for value in self.0.0.values_mut() {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}

/// Reads `2 * N` hexadecimal digits.
pub(crate) fn hex<const N: usize>(member: &'static str, text: &str) -> Result<[u8; N], Malformed> {
    crate::text::from_hex(text).ok_or(Malformed::Hex { member, digits: 2 * N })
}

/// A JSON string as Python writes it with `ensure_ascii=False`.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Compact JSON, as Python's `json.dumps(document, separators=(",", ":"))`.
pub(crate) fn compact(document: &Value) -> String {
    ascii(&document.to_string())
}

/// Indented JSON with a line end, as `json.dump(document, file, indent=2)` and the tools of the reference write it.
pub(crate) fn indented(document: &Value) -> String {
    ascii(&format!("{document:#}\n"))
}

/// JSON text in ASCII. Outside of strings JSON has no other characters, so every one that is found gets escaped.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character <= '~' {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str("\\u");
                out.push_str(&crate::text::to_hex(&unit.to_be_bytes()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_written_as_python_writes_it() {
        assert_eq!(quoted("é\"\\\n\u{1}\u{7f}/"), "\"é\\\"\\\\\\n\\u0001\u{7f}/\"");
        let document = json!({"a": "é🚀\u{7f}\t", "b": {}, "c": [1]});
        assert_eq!(compact(&document), r#"{"a":"\u00e9\ud83d\ude80\u007f\t","b":{},"c":[1]}"#);
        assert_eq!(
            indented(&document),
            "{\n  \"a\": \"\\u00e9\\ud83d\\ude80\\u007f\\t\",\n  \"b\": {},\n  \"c\": [\n    1\n  ]\n}\n"
        );
    }

    #[test]
    fn a_document_is_bounded_before_it_is_read() {
        assert!(Object::read(b"{}  ", 4).is_ok());
        let too_large = Object::read(b"{}   ", 4).err();
        assert_eq!(too_large, Some(Malformed::TooLarge { bytes: 5, limit: 4 }));
        assert_eq!(Object::read(b"[]", 4).err(), Some(Malformed::NoObject));
        assert_eq!(Object::read(b"{\n!", 4).err(), Some(Malformed::Syntax { line: 2, column: 1 }));
    }

    #[test]
    fn members_are_told_apart() {
        let object = Object::read(
            br#"{"n":null,"t":"x","i":7,"neg":-1,"l":[1,2],"e":"","f":false,"z":0.0,"a":[],"o":{},"d":1,"d":2,"y":true,"h":"0a"}"#,
            200,
        )
        .unwrap();
        assert!(object.get("n").is_none() && object.has("n") && !object.has("absent"));
        for falsy in ["n", "e", "f", "z", "a", "o", "absent"] {
            assert!(object.truthy(falsy).is_none(), "{falsy}");
        }
        for truthy in ["t", "i", "neg", "l", "y", "d"] {
            assert!(object.truthy(truthy).is_some(), "{truthy}");
        }
        assert_eq!(object.text("t"), Ok(Some("x")));
        assert_eq!(object.text("i"), Err(Malformed::Member("i")));
        assert_eq!(object.required_text("n"), Err(Malformed::Missing("n")));
        assert_eq!(object.integer("d"), Ok(2));
        assert_eq!(object.integer("neg"), Err(Malformed::Member("neg")));
        assert_eq!(object.integer("n"), Err(Malformed::Missing("n")));
        assert_eq!(object.list("l", 2).map(<[Value]>::len), Ok(2));
        assert_eq!(object.list("l", 1), Err(Malformed::TooMany { member: "l", limit: 1 }));
        assert_eq!(object.list("absent", 1), Ok(&[][..]));
        assert_eq!(object.list("t", 1), Err(Malformed::Member("t")));
        assert_eq!(object.hex::<1>("h"), Ok([10]));
        assert_eq!(object.hex::<2>("h"), Err(Malformed::Hex { member: "h", digits: 4 }));
    }
}
