//! Values of messages in memory, for Rust callers that have a plan at run time and no types.

use std::borrow::Cow;

use crate::CodecError;
use crate::decode::decode;
use crate::encode::encode;
use crate::limits::Limits;
use crate::plan::{MessagePlan, Plan, TypePlan};
use crate::schema::EnumValue;
use crate::sink::Sink;
use crate::source::{Kind, Source};

/// A value of any type that a plan can name.
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
    /// A set, in some order.
    Set(Vec<Value>),
    /// A map, in insertion order.
    Map(Vec<(Value, Value)>),
    /// A message: index of its type in the plan, fields in declaration order.
    Message {
        /// Index of the type.
        index: usize,
        /// Its fields.
        fields: Vec<Value>,
    },
    /// A member of an enum.
    Enum {
        /// Index of the type in the plan.
        index: usize,
        /// Position of the member in declaration order.
        ordinal: usize,
    },
}

impl Value {
    /// Writes the value as root `root` of `plan`.
    ///
    /// Errors: the value does not fit the root's type.
    pub fn encode(&self, plan: &Plan, root: usize) -> Result<Vec<u8>, CodecError> {
        encode(plan, root, self, false, 64)
    }

    /// Reads a message of root `root`, within the default limits.
    ///
    /// Errors: what is wrong and where.
    pub fn decode(plan: &Plan, root: usize, message: &[u8]) -> Result<Self, CodecError> {
        let mut builder = Builder::default();
        decode(plan, root, message, Limits::DEFAULT, &mut builder)?;
        let value = builder.done.ok_or_else(|| CodecError::invalid("an empty message"))?;
        Ok(value)
    }
}

fn must_be(what: &str) -> CodecError {
    CodecError::invalid(format!("must be {what}"))
}

impl Source for &Value {
    fn kind(self) -> Kind {
        match self {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Float(_) => Kind::Float,
            Value::Text(_) => Kind::Text,
            Value::Bytes(_) => Kind::Bytes,
            Value::Date(_) => Kind::Date,
            Value::Timestamp { .. } => Kind::Timestamp,
            Value::List(_) => Kind::List,
            Value::Set(_) => Kind::Set,
            Value::Map(_) => Kind::Map,
            Value::Message { index, .. } => Kind::Message(*index),
            Value::Enum { index, .. } => Kind::Enum(*index),
        }
    }

    fn bool(self) -> Result<bool, CodecError> {
        match self {
            Value::Bool(value) => Ok(*value),
            _ => Err(must_be("a bool")),
        }
    }

    fn int(self) -> Result<i128, CodecError> {
        match self {
            Value::Int(value) => Ok(*value),
            _ => Err(must_be("an integer")),
        }
    }

    fn float(self) -> Result<f64, CodecError> {
        match self {
            Value::Float(value) => Ok(*value),
            _ => Err(must_be("a float")),
        }
    }

    fn text<'s>(self) -> Result<Cow<'s, str>, CodecError>
    where
        Self: 's,
    {
        match self {
            Value::Text(value) => Ok(Cow::Borrowed(value)),
            _ => Err(must_be("a string")),
        }
    }

    fn bytes<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's,
    {
        match self {
            Value::Bytes(value) => Ok(value),
            _ => Err(must_be("a byte string")),
        }
    }

    fn date(self) -> Result<i32, CodecError> {
        match self {
            Value::Date(days) => Ok(*days),
            _ => Err(must_be("a date")),
        }
    }

    fn timestamp(self) -> Result<(i64, u32), CodecError> {
        match self {
            Value::Timestamp { seconds, nanoseconds } => Ok((*seconds, *nanoseconds)),
            _ => Err(must_be("a timestamp")),
        }
    }

    fn ordinal(self, index: usize, values: &[EnumValue]) -> Result<usize, CodecError> {
        match self {
            Value::Enum { index: own, ordinal } if *own == index && *ordinal < values.len() => Ok(*ordinal),
            _ => Err(must_be("a member")),
        }
    }

    fn items(self, set: bool) -> Result<impl ExactSizeIterator<Item = Self> + Clone, CodecError> {
        match self {
            Value::List(items) if !set => Ok(items.iter()),
            Value::Set(items) if set => Ok(items.iter()),
            _ => Err(must_be(if set { "a set" } else { "a list" })),
        }
    }

    fn entries(self) -> Result<Vec<(Self, Self)>, CodecError> {
        match self {
            Value::Map(entries) => Ok(entries.iter().map(|(key, value)| (key, value)).collect()),
            _ => Err(must_be("a map")),
        }
    }

    fn fields(self, index: usize, plan: &TypePlan, slots: &mut Vec<Option<Self>>) -> Result<(), CodecError> {
        match self {
            Value::Message { index: own, fields } if *own == index => {
                slots.extend(fields.iter().map(Some));
                Ok(())
            }
            _ => Err(must_be(&format!("a {}", plan.name))),
        }
    }

    fn label(self) -> String {
        match self {
            Value::Text(text) => text.chars().take(80).collect(),
            Value::Int(value) => value.to_string(),
            _ => "...".to_owned(),
        }
    }
}

/// The sink that builds a value.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    done: Option<Value>,
}

enum Open {
    Items(Vec<Value>, bool),
    Map(Vec<(Value, Value)>, Option<Value>),
    Message { index: usize, fields: Vec<Value>, field: usize },
}

type Done = Result<(), CodecError>;

impl Builder {
    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some(Open::Items(items, _)) => items.push(value),
            Some(Open::Map(entries, key)) => match key.take() {
                None => *key = Some(value),
                Some(key) => entries.push((key, value)),
            },
            Some(Open::Message { fields, field, .. }) => {
                if let Some(slot) = fields.get_mut(*field) {
                    *slot = value;
                }
            }
        }
    }

    fn end(&mut self) -> Done {
        let value = match self.open.pop() {
            None => return Err(CodecError::invalid("an end without a beginning")),
            Some(Open::Items(items, true)) => Value::Set(items),
            Some(Open::Items(items, false)) => Value::List(items),
            Some(Open::Map(entries, _)) => Value::Map(entries),
            Some(Open::Message { index, fields, .. }) => Value::Message { index, fields },
        };
        self.put(value);
        Ok(())
    }
}

impl Sink for Builder {
    fn null(&mut self) -> Done {
        self.put(Value::Null);
        Ok(())
    }

    fn bool(&mut self, value: bool) -> Done {
        self.put(Value::Bool(value));
        Ok(())
    }

    fn int(&mut self, value: i128) -> Done {
        self.put(Value::Int(value));
        Ok(())
    }

    fn float(&mut self, value: f64) -> Done {
        self.put(Value::Float(value));
        Ok(())
    }

    fn text(&mut self, value: &str) -> Done {
        self.put(Value::Text(value.to_owned()));
        Ok(())
    }

    fn bytes(&mut self, value: &[u8]) -> Done {
        self.put(Value::Bytes(value.to_vec()));
        Ok(())
    }

    fn date(&mut self, days: i32) -> Done {
        self.put(Value::Date(days));
        Ok(())
    }

    fn timestamp(&mut self, seconds: i64, nanoseconds: u32) -> Done {
        self.put(Value::Timestamp { seconds, nanoseconds });
        Ok(())
    }

    fn member(&mut self, index: usize, ordinal: usize, _: &EnumValue) -> Done {
        self.put(Value::Enum { index, ordinal });
        Ok(())
    }

    fn begin_items(&mut self, _: usize, set: bool) -> Done {
        self.open.push(Open::Items(Vec::new(), set));
        Ok(())
    }

    fn element(&mut self) -> Done {
        Ok(())
    }

    fn end_items(&mut self) -> Done {
        self.end()
    }

    fn begin_map(&mut self, _: usize) -> Done {
        self.open.push(Open::Map(Vec::new(), None));
        Ok(())
    }

    fn key(&mut self) -> Done {
        Ok(())
    }

    fn value(&mut self) -> Done {
        Ok(())
    }

    fn end_map(&mut self) -> Done {
        self.end()
    }

    fn begin_message(&mut self, index: usize, plan: &MessagePlan) -> Done {
        let fields = vec![Value::Null; plan.fields.len()];
        self.open.push(Open::Message { index, fields, field: 0 });
        Ok(())
    }

    fn field(&mut self, position: usize, _: &MessagePlan) -> Done {
        if let Some(Open::Message { field, .. }) = self.open.last_mut() {
            *field = position;
        }
        Ok(())
    }

    fn end_message(&mut self, _: &MessagePlan) -> Done {
        self.end()
    }
}
