//! A type with tags instead of indexes, so types of two documents can be compared.
//!
//! Owns two comparisons: whether the contract distinguishes two types, and whether JSON of one is read as the other.

use std::fmt;

use serde_json::Value;

use super::verdict::Verdict;

/// Nesting depth of types, as in the descriptor.
const MAX_DEPTH: usize = 32;

/// A type of the descriptor (`docs/plan.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NamedType {
    Word(String),
    List(Box<NamedType>),
    Set(Box<NamedType>),
    Map(Box<(NamedType, NamedType)>),
    Optional(Box<NamedType>),
    Shared(Box<NamedType>),
    Message(String),
    Enum(String),
    Extension(String),
    Union(Vec<String>),
    Array(String),
}

impl NamedType {
    /// Reads a type; `tags` are the tags of the descriptor's types.
    pub(super) fn read(value: &Value, tags: &[String]) -> Option<Self> {
        Self::read_at(value, tags, 0)
    }

    fn read_at(value: &Value, tags: &[String], depth: usize) -> Option<Self> {
        if depth > MAX_DEPTH {
            return None;
        }
        let inner = |value: &Value| Self::read_at(value, tags, depth + 1).map(Box::new);
        let tag = |value: &Value| tags.get(usize::try_from(value.as_u64()?).ok()?).cloned();
        let object = match value {
            Value::String(word) => return Some(Self::Word(word.clone())),
            value => value.as_object()?,
        };
        let (member, value) = object.iter().next()?;
        Some(match member.as_str() {
            "list" => Self::List(inner(value)?),
            "set" => Self::Set(inner(value)?),
            "optional" => Self::Optional(inner(value)?),
            "shared" => Self::Shared(inner(value)?),
            "map" => Self::Map(Box::new((*inner(value.get(0)?)?, *inner(value.get(1)?)?))),
            "message" => Self::Message(tag(value)?),
            "enum" => Self::Enum(tag(value)?),
            "ext" => Self::Extension(tag(value)?),
            "union" => Self::Union(value.as_array()?.iter().map(tag).collect::<Option<_>>()?),
            "array" => Self::Array(value.as_str()?.to_owned()),
            _ => return None,
        })
    }

    /// The type inside `optional` and `shared`, and whether there was an `optional`.
    pub(super) fn unwrapped(&self) -> (&Self, bool) {
        match self {
            Self::Optional(inner) => (inner.unwrapped().0, true),
            Self::Shared(inner) => inner.unwrapped(),
            inner => (inner, false),
        }
    }

    /// The tags of the messages and enums in the type.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::List(inner) | Self::Set(inner) | Self::Optional(inner) | Self::Shared(inner) => {
                inner.names()
            }
            Self::Map(parts) => parts.0.names().into_iter().chain(parts.1.names()).collect(),
            Self::Message(tag) | Self::Enum(tag) => vec![tag],
            Self::Union(tags) => tags.iter().map(String::as_str).collect(),
            Self::Word(_) | Self::Array(_) | Self::Extension(_) => Vec::new(),
        }
    }

    /// The type as the contract sees it. Types with equal texts give equal contract ids.
    pub(super) fn contract(&self) -> String {
        let (inner, optional) = self.unwrapped();
        let word = match inner {
            Self::List(element) => format!("list<{}>", element.part()),
            Self::Set(element) => format!("set<{}>", element.part()),
            Self::Map(parts) => format!("map<{},{}>", parts.0.part(), parts.1.part()),
            // "any" keeps "optional", too: the contract contains it.
            inner => inner.part(),
        };
        if optional { format!("optional {word}") } else { word }
    }

    /// The type of an element, key or value as the contract sees it. Containers and optionals are "any" there.
    fn part(&self) -> String {
        match self {
            Self::Shared(inner) => inner.part(),
            Self::Message(tag) => tag.clone(),
            Self::Word(word) if matches!(word.as_str(), "bool" | "int" | "float" | "string" | "bytes") => {
                word.clone()
            }
            _ => "any".to_owned(),
        }
    }

    /// Whether a reader that declares this type accepts JSON of a writer that declares `written`.
    pub(super) fn reads_json(&self, written: &Self) -> Verdict {
        let ((read, nullable), (written, null)) = (self.unwrapped(), written.unwrapped());
        let value = read.reads_value(written);
        if null && !nullable { value.max(Verdict::Depends) } else { value }
    }

    fn reads_value(&self, written: &Self) -> Verdict {
        match (self, written) {
            (Self::Word(word), _) if word == "any" || word == "json" => Verdict::Works,
            (Self::Word(read), Self::Word(written)) => words(read, written),
            (Self::List(read), Self::List(written)) => read.reads_json(written),
            (Self::Map(read), Self::Map(written)) => {
                read.0.reads_json(&written.0).max(read.1.reads_json(&written.1))
            }
            (Self::Message(read), Self::Message(written)) if read == written => Verdict::Works,
            (Self::Enum(read), Self::Enum(written)) if read == written => Verdict::Works,
            (Self::Message(_) | Self::Union(_), Self::Message(_) | Self::Union(_))
            | (Self::Enum(_) | Self::Word(_), Self::Enum(_))
            | (_, Self::Word(_)) => depends(written),
            _ => Verdict::Fails,
        }
    }
}

/// The verdict for two different types. A value may still fit if its type was written as `any`, `json`, `string`,
/// `int` or a composed type.
fn depends(written: &NamedType) -> Verdict {
    match written {
        NamedType::Word(word) if !matches!(word.as_str(), "any" | "json" | "string" | "int") => {
            Verdict::Fails
        }
        _ => Verdict::Depends,
    }
}

fn words(read: &str, written: &str) -> Verdict {
    if read == written {
        return Verdict::Works;
    }
    match (integer(read), integer(written)) {
        (Some(read), Some(written)) if read.0 <= written.0 && read.1 >= written.1 => return Verdict::Works,
        (Some(_), Some(_)) => return Verdict::Depends,
        _ => {}
    }
    match (read, written) {
        ("float" | "float32", "float" | "float32") => Verdict::Works,
        ("float" | "float32", written) if integer(written).is_some() => Verdict::Works,
        (_, "any" | "json") => Verdict::Depends,
        _ => Verdict::Fails,
    }
}

/// The range of an integer word.
fn integer(word: &str) -> Option<(i128, i128)> {
    let bits: u32 = word.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(64);
    let signed = Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1));
    match word {
        "int" | "int8" | "int16" | "int32" | "int64" | "fixedInt32" | "fixedInt64" | "taggedInt64" => signed,
        "uint8" | "uint16" | "uint32" | "uint64" | "fixedUint32" | "fixedUint64" | "taggedUint64" => {
            Some((0, (1 << bits) - 1))
        }
        _ => None,
    }
}

impl fmt::Display for NamedType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => out.write_str(word),
            Self::List(element) => write!(out, "list of {element}"),
            Self::Set(element) => write!(out, "set of {element}"),
            Self::Map(parts) => write!(out, "map of {} to {}", parts.0, parts.1),
            Self::Optional(inner) => write!(out, "optional {inner}"),
            Self::Shared(inner) => write!(out, "shared {inner}"),
            Self::Message(tag) | Self::Enum(tag) => out.write_str(tag),
            Self::Union(tags) => out.write_str(&tags.join(" or ")),
            Self::Extension(tag) => write!(out, "extension {tag}"),
            Self::Array(kind) => write!(out, "array of {kind}"),
        }
    }
}
