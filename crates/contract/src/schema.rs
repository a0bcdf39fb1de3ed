//! The members of a schema descriptor that the contract id and the manifest need.
//!
//! `aster-codec` reads the whole descriptor, checks it, and decides the encoding; it also refuses unknown members.
//! This module additionally reads members that do not influence payloads: the names of types in Python.

use serde::Deserialize;
use serde_json::Value;

/// The types of a service.
#[derive(Debug, Clone, Deserialize)]
pub struct Schema {
    /// Messages, enums and extensions. Types refer to each other by index in this list.
    pub types: Vec<Declaration>,
}

/// A message, an enum or an extension.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Declaration {
    /// A message.
    Message(Message),
    /// An enum.
    Enum(Enum),
    /// An extension. A contract does not contain extensions.
    Ext {},
}

/// A message type.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The whole wire tag.
    pub tag: String,
    /// The part of the tag before its last `/`; empty if there is no `/`.
    pub namespace: String,
    /// The part of the tag after its last `/`.
    pub name: String,
    /// The module of the Python class of this type.
    #[serde(default)]
    pub python_module: Option<String>,
    /// The qualified name of that class; the default is `name`.
    #[serde(default)]
    pub qualname: Option<String>,
    /// Fields, in declaration order.
    pub fields: Vec<Field>,
}

impl Message {
    /// The class name with its outer classes.
    pub fn qualified_name(&self) -> &str {
        self.qualname.as_deref().unwrap_or(&self.name)
    }

    /// The name of the class in Python, with its module. If the module is unknown, the namespace is used instead. This
    /// gives the same contract, except for recursive types.
    pub fn full_name(&self) -> String {
        let module = self.python_module.as_deref().unwrap_or(&self.namespace);
        format!("{module}.{}", self.qualified_name())
    }

    /// The class name alone.
    pub fn class_name(&self) -> &str {
        let name = self.qualified_name();
        name.rsplit('.').next().unwrap_or(name)
    }
}

/// A field of a message.
#[derive(Debug, Clone, Deserialize)]
pub struct Field {
    /// Its wire name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Whether it has a default value.
    #[serde(default, rename = "default")]
    pub has_default: bool,
}

/// An enum type.
#[derive(Debug, Clone, Deserialize)]
pub struct Enum {
    /// The part of the tag after its last `/`.
    pub name: String,
    /// The JSON value of each member.
    #[serde(default)]
    pub json: Vec<Value>,
}

/// A type: a word, or an object with one member.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Type {
    /// A type that is one word.
    Word(Word),
    /// A type that is an object with one member.
    Composed(Composed),
}

/// A type that is one word of the descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each variant is the word of the document")]
pub enum Word {
    Bool,
    Int,
    Float,
    String,
    #[serde(alias = "base64")]
    Bytes,
    AnyList,
    AnyMap,
    /// All types that contracts do not distinguish: sized numbers, times, `any`.
    #[serde(
        alias = "int8",
        alias = "int16",
        alias = "fixedInt32",
        alias = "fixedInt64",
        alias = "int32",
        alias = "int64",
        alias = "taggedInt64",
        alias = "uint8",
        alias = "uint16",
        alias = "fixedUint32",
        alias = "fixedUint64",
        alias = "uint32",
        alias = "uint64",
        alias = "taggedUint64",
        alias = "float32",
        alias = "timestamp",
        alias = "date",
        alias = "json"
    )]
    Any,
}

/// A type with parts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each variant is the word of the document")]
pub enum Composed {
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<(Type, Type)>),
    Optional(Box<Type>),
    Shared(Box<Type>),
    Message(usize),
    Enum(usize),
    Ext(usize),
    Union(Vec<usize>),
    Array(String),
}

impl Type {
    /// The type inside `optional` and `shared`, and whether there was an `optional`. A contract does not contain whether
    /// a value is shared.
    pub fn unwrapped(&self) -> (&Self, bool) {
        match self {
            Self::Composed(Composed::Optional(inner)) => (inner.unwrapped().0, true),
            Self::Composed(Composed::Shared(inner)) => inner.unwrapped(),
            _ => (self, false),
        }
    }

    /// The type inside `optional` and `shared`, and whether it is optional in Python. An optional union is not: Python
    /// has one union with `None` among its members.
    pub fn unwrapped_as_in_python(&self) -> (&Self, bool) {
        let (kind, optional) = self.unwrapped();
        (kind, optional && !matches!(kind, Self::Composed(Composed::Union(_))))
    }
}
