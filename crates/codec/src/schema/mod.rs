//! The schema descriptor: what the user declared, as TypeScript hands it over (docs/plan.md).
//!
//! Owns what can be declared. `read` takes a descriptor apart and makes every check that needs no knowledge
//! of bytes; what the bytes are is decided in `plan`.

mod cursor;
mod read;

use crate::types::{ArrayKind, Scalar};

/// Why a descriptor cannot become a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The text is not JSON.
    #[error("the descriptor is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A declaration is wrong.
    #[error("{path}: {problem}")]
    Invalid {
        /// Where in the descriptor.
        path: String,
        /// What is wrong there.
        problem: String,
    },
}

impl PlanError {
    pub(crate) fn invalid(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { path: path.into(), problem: problem.into() }
    }

    /// Where in the descriptor, empty for its text as a whole.
    pub fn path(&self) -> &str {
        match self {
            Self::Json(_) => "",
            Self::Invalid { path, .. } => path,
        }
    }
}

/// A descriptor: all types that can be reached, and what can stand at the root of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Messages, enums and extensions; types name each other by index.
    pub types: Vec<Declaration>,
    /// Root types; calls name them by index.
    pub roots: Vec<Type>,
}

/// A message, an enum or an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// First half of the registered name, may be empty.
    pub namespace: String,
    /// Second half of the registered name.
    pub name: String,
    /// What it is.
    pub body: Body,
}

/// What a declaration declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A message with its fields, in declaration order, and how it is written at a root.
    Message(Vec<Field>, RootOptions),
    /// An enum: what JSON carries for each member, in declaration order.
    Enum(Vec<EnumValue>),
    /// An extension: bytes that the user's own encoder makes.
    Extension,
}

/// How a payload is written as a whole: a matter of its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RootOptions {
    /// Shared values are written once and referred to by number: Python's `ref=True`.
    pub refs: bool,
    /// Messages carry a description of their fields instead of a hash: Python's `compatible=True`.
    pub compatible: bool,
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Wire name.
    pub name: String,
    /// Its type.
    pub r#type: Type,
    /// Whether JSON may leave it out because the user declared a default.
    pub has_default: bool,
}

/// What JSON carries for a member of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EnumValue {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
}

/// A type as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the word of the descriptor")]
pub enum Type {
    Scalar(Scalar),
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<(Type, Type)>),
    Optional(Box<Type>),
    Shared(Box<Type>),
    Array(ArrayKind),
    Message(usize),
    Enum(usize),
    Extension(usize),
    Union(Vec<usize>),
    Any,
    AnyList,
    AnyMap,
}
