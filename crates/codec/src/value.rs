//! Message values in memory, for Rust callers that have a plan at run time and no static types.

use std::borrow::Cow;

use crate::encode::encode;
use crate::limits::{PayloadLimits, cost};
use crate::plan::{Plan, TypePlan};
use crate::schema::EnumValue;
use crate::sink::XlangForm;
use crate::source::{Identity, Source, ValueKind};
use crate::types::ArrayKind;
use crate::{CodecError, Graph};

const _: () = assert!(size_of::<Value>() <= cost::VALUE, "the table of costs is too low");

/// A value of any type that a plan can contain.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer of any of the integer types.
    Int(i128),
    /// A float of either width.
    Float(f64),
    /// A string.
    Text(String),
    /// A byte string.
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// A point in time.
    Timestamp {
        /// Seconds since 1970-01-01T00:00Z.
        seconds: i64,
        /// Nanoseconds of the second.
        nanoseconds: u32,
    },
    /// A list.
    List(Vec<Value>),
    /// A set; the order of its elements has no meaning.
    Set(Vec<Value>),
    /// A map, in insertion order.
    Map(Vec<(Value, Value)>),
    /// A message.
    Message {
        /// Index of the type in the plan.
        index: usize,
        /// The fields in declaration order.
        fields: Vec<Value>,
    },
    /// A typed array.
    Array {
        /// The type of its items.
        kind: ArrayKind,
        /// The items, little-endian.
        items: Vec<u8>,
    },
    /// A value of an extension type.
    Extension {
        /// Index of the type in the plan.
        index: usize,
        /// The bytes that the user's encoder produced.
        bytes: Vec<u8>,
    },
    /// A value that occurs more than once: its index in [`crate::Graph::objects`].
    Shared(usize),
    /// A field that has a default and that the peer did not send.
    Absent,
    /// A member of an enum.
    Enum {
        /// Index of the type in the plan.
        index: usize,
        /// Position of the member in declaration order.
        ordinal: usize,
    },
}

impl Value {
    /// Encodes the value as root `root` of `plan`, in the form that is sent to a peer.
    ///
    /// Errors: the value does not fit the root's type; the error has the path.
    pub fn encode(&self, plan: &Plan, root: usize) -> Result<Vec<u8>, CodecError> {
        encode(plan, root, ResolvedValue::new(self, &[]), XlangForm::Wire, 64, PayloadLimits::OWN)
    }

    /// Decodes a message of root `root` within the default limits.
    ///
    /// Errors: what is wrong and where. A message with shared values is an error here; decode it as a [`crate::Graph`].
    pub fn decode(plan: &Plan, root: usize, message: &[u8]) -> Result<Self, CodecError> {
        let graph = Graph::decode(plan, root, message)?;
        if graph.objects.is_empty() {
            return Ok(graph.root);
        }
        Err(CodecError::invalid("the message has shared values: decode it as a graph"))
    }
}

/// A value of a graph after [`Value::Shared`] was looked up in `objects`; `number` is the index of a shared value.
#[derive(Clone, Copy)]
pub(crate) struct ResolvedValue<'g> {
    value: &'g Value,
    objects: &'g [Value],
    number: Option<usize>,
}

impl<'g> ResolvedValue<'g> {
    pub(crate) fn new(value: &'g Value, objects: &'g [Value]) -> Self {
        let Value::Shared(number) = value else {
            return Self { value, objects, number: None };
        };
        match objects.get(*number) {
            Some(Value::Shared(_)) | None => Self { value, objects, number: None },
            Some(value) => Self { value, objects, number: Some(*number) },
        }
    }
}

fn must_be(what: &str) -> CodecError {
    CodecError::invalid(format!("must be {what}"))
}

impl<'g> Source for ResolvedValue<'g> {
    fn kind(self) -> ValueKind {
        match self.value {
            Value::Null => ValueKind::Null,
            Value::Bool(_) => ValueKind::Bool,
            Value::Int(_) => ValueKind::Int,
            Value::Float(_) => ValueKind::Float,
            Value::Text(_) => ValueKind::Text,
            Value::Bytes(_) => ValueKind::Bytes,
            Value::Date(_) => ValueKind::Date,
            Value::Timestamp { .. } => ValueKind::Timestamp,
            Value::List(_) => ValueKind::List,
            Value::Set(_) => ValueKind::Set,
            Value::Map(_) => ValueKind::Map,
            Value::Message { index, .. } => ValueKind::Message(*index),
            Value::Enum { index, .. } => ValueKind::Enum(*index),
            Value::Array { kind, .. } => ValueKind::Array(*kind),
            Value::Extension { index, .. } => ValueKind::Extension(*index),
            // An index that no plan has, so the encoder refuses the value. `fields` skips absent fields before this.
            Value::Shared(_) | Value::Absent => ValueKind::Message(usize::MAX),
        }
    }

    fn identity(self) -> Option<Identity> {
        match self.value {
            Value::Bool(value) => Some(Identity::Bool(*value)),
            Value::Enum { index, ordinal } => Some(Identity::Member(*index, *ordinal)),
            _ => self.number.map(Identity::Object),
        }
    }

    fn array<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's,
    {
        match self.value {
            Value::Array { items, .. } => Ok(items),
            _ => Err(must_be("a typed array")),
        }
    }

    fn extension<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's,
    {
        match self.value {
            Value::Extension { bytes, .. } => Ok(bytes),
            _ => Err(must_be("a value of an extension")),
        }
    }

    fn bool(self) -> Result<bool, CodecError> {
        match self.value {
            Value::Bool(value) => Ok(*value),
            _ => Err(must_be("a bool")),
        }
    }

    fn int(self) -> Result<i128, CodecError> {
        match self.value {
            Value::Int(value) => Ok(*value),
            _ => Err(must_be("an integer")),
        }
    }

    fn float(self) -> Result<f64, CodecError> {
        match self.value {
            Value::Float(value) => Ok(*value),
            _ => Err(must_be("a float")),
        }
    }

    fn text<'s>(self) -> Result<Cow<'s, str>, CodecError>
    where
        Self: 's,
    {
        match self.value {
            Value::Text(value) => Ok(Cow::Borrowed(value)),
            _ => Err(must_be("a string")),
        }
    }

    fn bytes<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's,
    {
        match self.value {
            Value::Bytes(value) => Ok(value),
            _ => Err(must_be("a byte string")),
        }
    }

    fn date(self) -> Result<i32, CodecError> {
        match self.value {
            Value::Date(days) => Ok(*days),
            _ => Err(must_be("a date")),
        }
    }

    fn timestamp(self) -> Result<(i64, u32), CodecError> {
        match self.value {
            Value::Timestamp { seconds, nanoseconds } => Ok((*seconds, *nanoseconds)),
            _ => Err(must_be("a timestamp")),
        }
    }

    fn ordinal(self, index: usize, values: &[EnumValue]) -> Result<usize, CodecError> {
        match self.value {
            Value::Enum { index: own, ordinal } if *own == index && *ordinal < values.len() => Ok(*ordinal),
            _ => Err(must_be("a member")),
        }
    }

    fn items(self, set: bool) -> Result<impl ExactSizeIterator<Item = Self> + Clone, CodecError> {
        let objects = self.objects;
        let at = move |value: &'g Value| ResolvedValue::new(value, objects);
        match self.value {
            Value::List(items) if !set => Ok(items.iter().map(at)),
            Value::Set(items) if set => Ok(items.iter().map(at)),
            _ => Err(must_be(if set { "a set" } else { "a list" })),
        }
    }

    fn entries(self) -> Result<Vec<(Self, Self)>, CodecError> {
        match self.value {
            Value::Map(entries) => {
                let at = |value| ResolvedValue::new(value, self.objects);
                Ok(entries.iter().map(|(key, value)| (at(key), at(value))).collect())
            }
            _ => Err(must_be("a map")),
        }
    }

    fn fields(self, index: usize, plan: &TypePlan, slots: &mut Vec<Option<Self>>) -> Result<(), CodecError> {
        match self.value {
            Value::Message { index: own, fields } if *own == index => {
                let at = |field: &'g Value| match field {
                    Value::Absent => None,
                    value => Some(ResolvedValue::new(value, self.objects)),
                };
                slots.extend(fields.iter().map(at));
                Ok(())
            }
            _ => Err(must_be(&format!("a {}", plan.name))),
        }
    }

    fn label(self) -> String {
        match self.value {
            Value::Text(text) => text.chars().take(80).collect(),
            Value::Int(value) => value.to_string(),
            _ => "...".to_owned(),
        }
    }
}
