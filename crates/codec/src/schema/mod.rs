//! The schema descriptor: what the user declared, in the JSON form that TypeScript sends (docs/plan.md).
//!
//! Owns what can be declared. `read` parses a descriptor and makes every check that does not depend on the
//! encoding; `plan` decides the encoding.

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

/// A descriptor: all message, enum and extension types, and the types that can be the root of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Messages, enums and extensions. Types refer to each other by index in this list.
    pub types: Vec<Declaration>,
    /// Root types. Calls refer to them by index in this list.
    pub roots: Vec<Type>,
}

/// A message, an enum or an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// First part of the registered name; may be empty.
    pub namespace: String,
    /// Second part of the registered name.
    pub name: String,
    /// Message, enum or extension, with its contents.
    pub body: Body,
}

/// The contents of a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A message: its fields in declaration order, and the options of payloads that have it at the root.
    Message(Vec<Field>, RootOptions),
    /// An enum: the JSON value of each member, in declaration order.
    Enum(Vec<EnumValue>),
    /// An extension: the user's own encoder produces its bytes.
    Extension,
}

/// Options of a whole payload, declared by the message at its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RootOptions {
    /// A value that occurs more than once is encoded once and then referred to by number: Python's `ref=True`.
    pub refs: bool,
    /// Each message type is sent with a description of its fields instead of a hash: Python's `compatible=True`.
    pub compatible: bool,
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Wire name.
    pub name: String,
    /// Its type.
    pub r#type: Type,
    /// The user declared a default, so JSON text may leave the field out.
    pub has_default: bool,
}

/// The JSON value of a member of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EnumValue {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
}

/// A type as the user declared it.
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

impl Type {
    /// The type inside `optional` and `shared`, whether it is optional, and whether it is shared.
    pub(crate) fn without_modifiers(&self) -> (&Self, bool, bool) {
        match self {
            Self::Optional(inner) => {
                let (inner, _, shared) = inner.without_modifiers();
                (inner, true, shared)
            }
            Self::Shared(inner) => {
                let (inner, nullable, _) = inner.without_modifiers();
                (inner, nullable, true)
            }
            other => (other, false, false),
        }
    }
}
