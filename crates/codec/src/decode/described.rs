//! Descriptions of types in a message of a peer: which of its fields we declare, and how to read or skip each.
//!
//! All decisions about the peer's fields are made when a description is read, once in each message. Reading a
//! value only follows them. Descriptions are kept in an arena, so the plan nodes in them can be borrowed.

use std::cell::OnceCell;

use super::typedef::{self, DescribedField};
use super::{Decoder, Typing, WireType};
use crate::CodecError;
use crate::error::CodecResult;
use crate::limits::{cost, within};
use crate::plan::{BodyPlan, Dynamic, FieldPlan, Shape, describe};
use crate::sink::Sink;
use crate::types::{Scalar, id};
use crate::violation::printable;

/// Dropping the chain of descriptions recurses once for each link, so the chain must be short.
const MAX_TYPES: usize = 4096;

/// Owns the descriptions of a message: a linked list to which links are only added.
#[derive(Default)]
pub(super) struct Arena {
    first: OnceCell<Box<Link>>,
}

struct Link {
    described: Described,
    next: OnceCell<Box<Link>>,
}

/// The descriptions that the message has sent so far. A message refers to them by position.
pub(super) struct Descriptions<'a> {
    list: Vec<&'a Described>,
    tail: &'a OnceCell<Box<Link>>,
}

impl<'a> Descriptions<'a> {
    pub(super) fn new(arena: &'a Arena) -> Self {
        Self { list: Vec::new(), tail: &arena.first }
    }

    fn push(&mut self, described: Described) {
        let link = self.tail.get_or_init(|| Box::new(Link { described, next: OnceCell::new() }));
        self.list.push(&link.described);
        self.tail = &link.next;
    }
}

/// A type as the peer declares it.
pub(super) struct Described {
    /// Type number.
    pub(super) number: u8,
    /// Namespace and name, for error texts.
    pub(super) name: String,
    /// Index of our type with this name.
    pub(super) index: Option<usize>,
    pub(super) fields: Vec<DescribedField>,
    /// Positions of our fields that the peer does not declare.
    absent: Vec<usize>,
}

impl<'a, S: Sink> Decoder<'a, S> {
    /// Reads the description number that follows a type number, and the description itself at its first use.
    pub(super) fn described_type(&mut self, number: u8) -> Result<WireType, CodecError> {
        let marker = self.reader.length()?;
        let by = marker >> 1;
        if marker & 1 == 0 {
            if by != self.descriptions.list.len() {
                return Err(CodecError::invalid("a new description does not have the next number"));
            }
            within("described types", by + 1, MAX_TYPES)?;
            let described = self.description(number)?;
            self.descriptions.push(described);
        }
        let Some(described) = self.descriptions.list.get(by) else {
            return Err(CodecError::invalid("a reference to a description that the message has not sent"));
        };
        if described.number != number {
            return Err(CodecError::invalid("a type number that does not fit the description it refers to"));
        }
        Ok(match (number, described.index) {
            (_, None) => WireType::UnknownType(by),
            (id::ENUM, Some(index)) => WireType::Enum(index),
            (id::EXTENSION, Some(index)) => WireType::Extension(index),
            (_, Some(index)) => WireType::Message(index, Some(by)),
        })
    }

    fn description(&mut self, number: u8) -> Result<Described, CodecError> {
        let head = self.reader.u64()?;
        let mut size = head as usize & describe::SIZE;
        if size == describe::SIZE {
            size = size.saturating_add(self.reader.length()?);
        }
        let body = self.reader.take(size)?;
        if !describe::is_head_of(head, body) {
            return Err(CodecError::invalid("a description has a wrong checksum"));
        }
        let (read, names) = typedef::read(body, &mut self.budget)?;
        if (head & describe::HAS_FIELDS != 0) == read.is_empty() {
            return Err(CodecError::invalid(
                "a description whose head disagrees with its body about having fields",
            ));
        }
        let index = self.plan.find(&names.0, &names.1);
        let name: String = format!("{}/{}", names.0, names.1).chars().take(200).collect();
        let name = printable(&name).into_owned();
        let ours = index.and_then(|index| self.plan.types.get(index)).map(|plan| &plan.body);
        let message = match (number, ours) {
            (id::COMPATIBLE_MESSAGE, Some(BodyPlan::Message(message))) => Some(message),
            (id::ENUM, Some(BodyPlan::Enum(_))) | (id::EXTENSION, Some(BodyPlan::Extension)) | (_, None) => {
                None
            }
            _ => {
                return Err(CodecError::invalid(format!(
                    "the peer declares {name} with type number {number}, this side declares another kind of type"
                )));
            }
        };
        let fields = message.map(|message| message.fields.as_slice()).unwrap_or_default();
        self.budget.charge(fields.len(), cost::OWN_FIELD)?;
        self.budget.charge(1, cost::DESCRIPTION)?;
        let mut declared = vec![false; fields.len()];
        let mut described = Vec::with_capacity(read.len());
        for field in read {
            let position = message.and_then(|message| message.by_name.get(&field.name).copied());
            if let Some(declared) = position.and_then(|position| declared.get_mut(position)) {
                *declared = true;
            }
            let own = position.and_then(|position| fields.get(position));
            let refs = self.options.refs;
            self.budget.charge(own.map_or(0, |own| own.node.parts()), cost::DESCRIBED_TYPE)?;
            described
                .push(field.resolve(own, position, refs).map_err(|(error, name)| error.in_field(&name))?);
        }
        let absent = (0..fields.len()).filter(|index| declared.get(*index) == Some(&false)).collect();
        Ok(Described { number, name, index, fields: described, absent })
    }

    /// Reads a message by the peer's description: the peer's fields in its order, then defaults for our other fields.
    pub(super) fn described_message(&mut self, index: usize, by: usize) -> CodecResult {
        let plan = self.message_plan(index)?;
        let described = self.described(by)?;
        self.enter_message(plan)?;
        self.sink.begin_message(index, plan)?;
        for field in &described.fields {
            match field.position {
                Some(position) => {
                    self.sink.field(position, plan)?;
                    self.described_field(field).map_err(|error| error.in_field(&field.name))?;
                }
                None => self.skipped(field)?,
            }
        }
        for &position in &described.absent {
            let Some(field) = plan.fields.get(position) else {
                continue;
            };
            if field.has_default {
                self.sink.absent(position, plan)?;
            } else {
                self.sink.field(position, plan)?;
                self.zero(field).map_err(|error| error.in_field(&field.name))?;
            }
        }
        self.sink.end_message(plan)?;
        self.budget.leave();
        Ok(())
    }

    fn described(&self, by: usize) -> Result<&'a Described, CodecError> {
        let described = self.descriptions.list.get(by).copied();
        described
            .ok_or_else(|| CodecError::invalid("a reference to a description that the message has not sent"))
    }

    fn described_field(&mut self, field: &'a DescribedField) -> CodecResult {
        let typing = if field.type_info_first { Typing::Each } else { super::typing_of(&field.node) };
        self.with_leading_flag(&field.node, field.lead, field.nullable, typing)
    }

    fn skipped(&mut self, field: &'a DescribedField) -> CodecResult {
        self.sink.mute();
        self.described_field(field).map_err(|error| error.in_field(&field.name))?;
        self.sink.unmute();
        Ok(())
    }

    /// Skips a value of a type that the plan does not have. Outside skipped fields such a value is an error.
    pub(super) fn unknown_type(&mut self, by: usize) -> CodecResult {
        let described = self.described(by)?;
        if !self.sink.is_muted() {
            return Err(CodecError::invalid(format!("unknown type {:?}", described.name)));
        }
        match described.number {
            id::ENUM => {
                self.reader.length()?;
            }
            id::EXTENSION => {
                self.reader.bytes()?;
            }
            _ => {
                self.budget.enter(0)?;
                for field in &described.fields {
                    self.described_field(field).map_err(|error| error.in_field(&field.name))?;
                }
                self.budget.leave();
            }
        }
        Ok(())
    }

    /// The value of a field without default that the peer did not send: null if optional, else Python's zero value.
    fn zero(&mut self, field: &FieldPlan) -> CodecResult {
        if field.node.takes_null() {
            return self.sink.null();
        }
        match &field.node.shape {
            Shape::Scalar(Scalar::Bool) => self.sink.bool(false),
            Shape::Scalar(Scalar::String) => self.sink.text(""),
            Shape::Scalar(Scalar::Bytes) => self.sink.bytes(&[]),
            Shape::Scalar(Scalar::Base64) => self.sink.base64(&[]),
            Shape::Scalar(scalar) if scalar.is_float() => self.sink.float(0.0),
            Shape::Scalar(scalar) if scalar.is_integer() => self.sink.int(0),
            Shape::Array(kind) => self.sink.array(*kind, &[]),
            Shape::List(_) | Shape::Set(_) | Shape::Dynamic(Dynamic::List) => {
                self.sink.begin_items(0, matches!(field.node.shape, Shape::Set(_)))?;
                self.sink.end_items()
            }
            Shape::Map(_) | Shape::Dynamic(Dynamic::Map) => {
                self.sink.begin_map(0)?;
                self.sink.end_map()
            }
            _ => Err(CodecError::invalid("the peer did not send this field, and it has no default")),
        }
    }
}
