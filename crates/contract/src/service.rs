//! The service document: the description of a service that TypeScript sends (`docs/boundary.md`, `docs/plan.md`).
//!
//! Owns the service, its methods, and the check that all type indexes exist. [`crate::schema`] has its types.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::ContractError;
use crate::schema::{Composed, Declaration, Enum, Message, Schema, Type};

/// Most types of a service. The limit keeps the recursion over the type graph within the stack.
const MAX_TYPES: usize = 4096;

/// A service with all types that its methods use.
#[derive(Debug, Clone, Deserialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: i32,
    /// Shared or session.
    #[serde(default)]
    pub scope: Scope,
    /// Lower-case serialization modes, in order.
    #[serde(default = "xlang")]
    pub modes: Vec<String>,
    /// Its methods, in any order.
    pub methods: Vec<Method>,
    /// The types. Methods refer to them by index.
    pub schema: Schema,
    /// For each type, in the order of the schema: the default values of its fields that are scalars or null (bytes as
    /// hexadecimal). Only the manifest contains them.
    #[serde(default)]
    pub defaults: Vec<Map<String, Value>>,
}

/// Whether each call of a service has its own stream, or calls share the stream of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// One stream for each call.
    #[default]
    Shared,
    /// One stream for each session.
    Session,
}

/// A method.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    /// Its wire name.
    pub name: String,
    /// Which sides stream.
    pub pattern: Pattern,
    /// The type of a message from the client.
    pub request: Type,
    /// The type of a message from the server.
    pub response: Type,
    /// Whether a second call with the same request has no further effect.
    #[serde(default)]
    pub idempotent: bool,
    /// The declared timeout in milliseconds.
    #[serde(default)]
    pub timeout_ms: Option<f64>,
}

/// Which sides of a call stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each variant is the word of the document")]
pub enum Pattern {
    Unary,
    ServerStream,
    ClientStream,
    BidiStream,
}

impl Pattern {
    /// True if the server sends a stream of responses.
    pub fn streams_response(self) -> bool {
        matches!(self, Self::ServerStream | Self::BidiStream)
    }
}

impl Service {
    /// Reads and checks a document.
    pub fn from_json(text: &str) -> Result<Self, ContractError> {
        let service: Self = serde_json::from_str(text)?;
        if service.schema.types.len() > MAX_TYPES {
            return Err(ContractError::invalid("schema.types", format!("more than {MAX_TYPES} types")));
        }
        for (index, method) in service.methods.iter().enumerate() {
            service
                .check_method(method)
                .map_err(|problem| ContractError::invalid(format!("methods[{index}]"), problem))?;
        }
        for (index, declaration) in service.schema.types.iter().enumerate() {
            let Declaration::Message(message) = declaration else {
                continue;
            };
            for field in &message.fields {
                let path = || format!("schema.types[{index}].{}", field.name);
                service.check_type(&field.kind).map_err(|problem| ContractError::invalid(path(), problem))?;
            }
        }
        Ok(service)
    }

    /// The message with this index.
    pub fn message(&self, index: usize) -> Option<&Message> {
        match self.schema.types.get(index) {
            Some(Declaration::Message(message)) => Some(message),
            _ => None,
        }
    }

    /// The default value of a field of the message with this index, if the default is a scalar or null.
    pub fn default(&self, message: usize, field: &str) -> Option<&Value> {
        self.defaults.get(message)?.get(field)
    }

    /// The enum with this index.
    pub fn enumeration(&self, index: usize) -> Option<&Enum> {
        match self.schema.types.get(index) {
            Some(Declaration::Enum(declared)) => Some(declared),
            _ => None,
        }
    }

    fn check_method(&self, method: &Method) -> Result<(), &'static str> {
        if method.idempotent && method.pattern.streams_response() {
            return Err("a method with a stream of responses cannot be idempotent");
        }
        if method.timeout_ms.is_some_and(|timeout| !timeout.is_finite() || timeout < 0.0) {
            return Err("timeoutMs must be a finite number of milliseconds, 0 or more");
        }
        self.check_type(&method.request)?;
        self.check_type(&method.response)
    }

    fn check_type(&self, kind: &Type) -> Result<(), &'static str> {
        let Type::Composed(composed) = kind else {
            return Ok(());
        };
        match composed {
            Composed::List(inner)
            | Composed::Set(inner)
            | Composed::Optional(inner)
            | Composed::Shared(inner) => self.check_type(inner),
            Composed::Map(parts) => self.check_type(&parts.0).and_then(|()| self.check_type(&parts.1)),
            Composed::Message(index) if self.message(*index).is_none() => Err("no message has this index"),
            Composed::Enum(index) if self.enumeration(*index).is_none() => Err("no enum has this index"),
            Composed::Ext(index) if !matches!(self.schema.types.get(*index), Some(Declaration::Ext {})) => {
                Err("no extension has this index")
            }
            Composed::Union(indexes)
                if indexes.iter().any(|index| self.schema.types.get(*index).is_none()) =>
            {
                Err("no type has this index")
            }
            _ => Ok(()),
        }
    }
}

fn xlang() -> Vec<String> {
    vec!["xlang".to_owned()]
}
