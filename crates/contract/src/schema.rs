//! The schema descriptor inside a service document, as far as identity and manifest need it.
//!
//! `aster-codec` reads the same descriptor in full, checks it, and decides about bytes; unknown members are its
//! business. Here stand the members that leave no trace in a payload: the names that types have in Python.

use serde::Deserialize;
use serde_json::Value;

/// The types of a service.
#[derive(Debug, Clone, Deserialize)]
pub struct Schema {
    /// Messages, enums and extensions, named by index.
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
    /// An extension, which leaves no trace in a contract.
    Ext {},
}

/// A message type.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The wire tag, whole.
    pub tag: String,
    /// The tag before its last `/`; empty without one.
    pub namespace: String,
    /// The tag after its last `/`.
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

    /// What Python calls the class, module first. Without a module the namespace stands in for it, which gives
    /// the same contract except to recursive types.
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
    /// The tag after its last `/`.
    pub name: String,
    /// What JSON carries for each member.
    #[serde(default)]
    pub json: Vec<Value>,
}

/// A type: a word, or an object with one member.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Type {
    /// A type without parts.
    Word(Word),
    /// A type with parts.
    Made(Made),
}

/// A type without parts.
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
    /// Everything that contracts do not tell apart: sized numbers, times, `any`.
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
pub enum Made {
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
    /// The type behind `optional` and `shared`, and whether there was an `optional`. That references are tracked leaves
    /// no trace in a contract.
    pub fn unwrapped(&self) -> (&Self, bool) {
        match self {
            Self::Made(Made::Optional(inner)) => (inner.unwrapped().0, true),
            Self::Made(Made::Shared(inner)) => inner.unwrapped(),
            _ => (self, false),
        }
    }

    /// The type behind `optional` and `shared`, and whether Python calls it optional: a union that may be null is there
    /// one union with `None` among its members.
    pub fn unwrapped_as_in_python(&self) -> (&Self, bool) {
        let (kind, optional) = self.unwrapped();
        (kind, optional && !matches!(kind, Self::Made(Made::Union(_))))
    }
}
