//! The schema descriptor: what the user declared, as TypeScript hands it over (docs/plan.md).
//!
//! Owns what can be declared. `read` takes a descriptor apart and makes every check that needs no knowledge
//! of bytes; what the bytes are is decided in `plan`.

mod place;
mod read;

use crate::types::Scalar;

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
    /// A declaration asks for what this version does not do.
    #[error("{path}: {feature} is not supported yet")]
    Unsupported {
        /// Where in the descriptor.
        path: String,
        /// The word or member that asks for it.
        feature: &'static str,
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
            Self::Invalid { path, .. } | Self::Unsupported { path, .. } => path,
        }
    }
}

/// A descriptor: all types that can be reached, and what can stand at the root of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Messages and enums; types name each other by index.
    pub types: Vec<Declaration>,
    /// Root types; calls name them by index.
    pub roots: Vec<Type>,
}

/// A message or an enum.
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
    /// A message with its fields, in declaration order.
    Message(Vec<Field>),
    /// An enum: what JSON carries for each member, in declaration order.
    Enum(Vec<EnumValue>),
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
    Message(usize),
    Enum(usize),
    Union(Vec<usize>),
    Any,
    AnyList,
    AnyMap,
}
