//! Encoding: writes a value by a plan, byte for byte as Python's writer does.
//!
//! Where the format allows several encodings of a value, this module chooses the one that Python writes. Values
//! come from a [`Source`]. `collection` writes lists, sets and maps, `scalar` the rest, `names` type info.

mod collection;
mod names;
mod scalar;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::CodecError;
use crate::buffer::Writer;
use crate::error::CodecResult;
use crate::limits::{Budget, PayloadLimits};
use crate::plan::{BodyPlan, Dynamic, Items, LeadingFlag, Plan, PlanNode, Shape, TypePlan};
use crate::schema::RootOptions;
use crate::sink::XlangForm;
use crate::source::{Identity, Source, ValueKind};
use crate::types::{ArrayKind, Scalar, id};

/// Encodes `value` as root `root` of `plan`. `capacity` is the expected length in bytes.
pub(crate) fn encode<S: Source>(
    plan: &Plan,
    root: usize,
    value: S,
    form: XlangForm,
    capacity: usize,
    limits: PayloadLimits,
) -> Result<Vec<u8>, CodecError> {
    let root = plan.roots.get(root).ok_or(CodecError::NoRoot(root))?;
    let node = &root.node;
    let mut encoder = Encoder {
        plan,
        writer: Writer::with_capacity(capacity),
        options: form.of(root.options),
        names: names::Names::default(),
        tracked: Tracked::default(),
        budget: Budget::new(limits),
        slots: Vec::new(),
        presence_flags: form == XlangForm::PresenceFlagged,
    };
    if value.kind() == ValueKind::Null && node.takes_null() {
        encoder.writer.put_raw(&NULL_MESSAGE);
    } else if encoder.options.refs {
        encoder.writer.put_u8(0x02);
        encoder.back_reference(value)?;
        encoder.typed(node, value)?;
    } else {
        encoder.writer.put_raw(&[0x02, PRESENT_FLAG]);
        encoder.typed(node, value)?;
    }
    Ok(encoder.writer.into_vec())
}

/// The encoding of a null message, for every root. A handler that returns nothing sends it as its response.
///
/// Errors: a root that is not nullable refuses this message when it is decoded.
pub const NULL_MESSAGE: [u8; 2] = [0x03, NULL_FLAG];

const NULL_FLAG: u8 = 0xFD;
const PRESENT_FLAG: u8 = 0xFF;
const FIRST_FLAG: u8 = 0x00;
const BACK_FLAG: u8 = 0xFE;

/// A type as type info writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WireType {
    id: u8,
    /// Index in the plan, for a message, enum or extension.
    index: usize,
}

impl WireType {
    /// Whether type info contains the name of the type.
    fn is_named(self) -> bool {
        matches!(self.id, id::MESSAGE | id::ENUM | id::EXTENSION)
    }

    /// Whether values of this type have reference flags at a position without a declared type.
    fn has_identity(self) -> bool {
        match Scalar::from_id(self.id) {
            Some(scalar) => scalar.has_identity(),
            None => !matches!(self.id, id::ENUM | id::NONE),
        }
    }
}

struct Encoder<'p, S> {
    plan: &'p Plan,
    writer: Writer,
    options: RootOptions,
    names: names::Names,
    tracked: Tracked,
    budget: Budget,
    /// The fields of all messages that are being written: a stack with one slot for each field.
    slots: Vec<Option<S>>,
    presence_flags: bool,
}

/// The values with a reference number: how many there are, and the number of each value that has an identity.
#[derive(Default)]
struct Tracked {
    count: usize,
    numbers: HashMap<Identity, usize>,
}

impl<'p, S: Source> Encoder<'p, S> {
    /// Writes type info, then the value.
    fn typed(&mut self, node: &'p PlanNode, value: S) -> CodecResult {
        let wire = wire_type(node, value)?;
        self.type_info(wire)?;
        self.payload(wire, node, value)
    }

    fn field(&mut self, node: &'p PlanNode, value: S) -> CodecResult {
        let lead = node.leading_flag(self.options.refs);
        if value.kind() == ValueKind::Null
            && (node.nullable || (lead != LeadingFlag::Plain && node.takes_null()))
        {
            self.writer.put_u8(NULL_FLAG);
            return Ok(());
        }
        match lead {
            LeadingFlag::Reference if self.back_reference(value)? => return Ok(()),
            LeadingFlag::Reference => {}
            LeadingFlag::Plain if !node.nullable => {}
            LeadingFlag::Plain | LeadingFlag::Null => self.writer.put_u8(PRESENT_FLAG),
        }
        self.body(node, value)
    }

    /// Writes a reference flag. Returns true for a back reference: then the value itself is not written.
    fn back_reference(&mut self, value: S) -> Result<bool, CodecError> {
        let number = self.tracked.count;
        if let Some(identity) = value.identity() {
            match self.tracked.numbers.entry(identity) {
                Entry::Occupied(entry) => {
                    self.writer.put_u8(BACK_FLAG);
                    self.writer.put_var_u64(*entry.get() as u64);
                    return Ok(true);
                }
                Entry::Vacant(entry) => entry.insert(number),
            };
        }
        self.tracked.count += 1;
        self.budget.tracked(self.tracked.count)?;
        self.writer.put_u8(FIRST_FLAG);
        Ok(false)
    }

    /// Writes a value of the declared type.
    fn body(&mut self, node: &'p PlanNode, value: S) -> CodecResult {
        match &node.shape {
            Shape::Scalar(scalar) | Shape::Converted(_, scalar) => self.scalar(*scalar, value),
            Shape::Array(kind) => self.array(*kind, value),
            Shape::List(items) => self.items(items, value, false),
            Shape::Set(items) => self.items(items, value, true),
            Shape::Map(entries) => self.map(&entries.key, &entries.value, value),
            Shape::Message { index, type_info: false } => self.message(*index, value),
            Shape::Extension { type_info: false, .. } => self.extension(value),
            Shape::Message { .. } | Shape::Extension { .. } | Shape::Dynamic(_) => self.typed(node, value),
            Shape::Enum(index) => self.member(*index, value),
        }
    }

    /// Writes a value after its type info.
    fn payload(&mut self, wire: WireType, node: &'p PlanNode, value: S) -> CodecResult {
        static ANY: &Items = &crate::plan::ANY;
        match (&node.shape, wire.id) {
            (_, id::NONE) => Ok(()),
            (_, id::MESSAGE) => self.message(wire.index, value),
            (_, id::ENUM) => self.member(wire.index, value),
            (_, id::EXTENSION) => self.extension(value),
            (Shape::Dynamic(_), id::LIST) => self.items(ANY, value, false),
            (Shape::Dynamic(_), id::SET) => self.items(ANY, value, true),
            (Shape::Dynamic(_), id::MAP) => self.map(ANY, ANY, value),
            (Shape::Dynamic(_), number) => match (Scalar::from_id(number), ArrayKind::from_id(number)) {
                (Some(scalar), _) => self.scalar(scalar, value),
                (_, Some(kind)) => self.array(kind, value),
                _ => Err(CodecError::invalid("the type of the value cannot be encoded")),
            },
            _ => self.body(node, value),
        }
    }

    fn message(&mut self, index: usize, value: S) -> CodecResult {
        let plan = type_plan(self.plan, index)?;
        let BodyPlan::Message(message) = &plan.body else {
            return Err(no_type(index));
        };
        self.budget.enter(0)?;
        if !self.options.compatible {
            self.writer.put_raw(&message.hash);
        }
        let base = self.slots.len();
        value.fields(index, plan, &mut self.slots)?;
        for &position in &message.order {
            let Some(field) = message.fields.get(position) else {
                continue;
            };
            let slot = self.slots.get(base + position).copied().flatten();
            if self.presence_flags && field.has_default {
                self.writer.put_u8(u8::from(slot.is_some()));
            }
            let written = match slot {
                Some(value) => self.field(&field.node, value),
                None if self.presence_flags && field.has_default => Ok(()),
                None if field.node.nullable => {
                    self.writer.put_u8(NULL_FLAG);
                    Ok(())
                }
                None => Err(CodecError::invalid("the value of a required field is missing")),
            };
            written.map_err(|error| error.in_field(&field.name))?;
        }
        self.slots.truncate(base);
        self.budget.leave();
        Ok(())
    }

    fn member(&mut self, index: usize, value: S) -> CodecResult {
        let plan = type_plan(self.plan, index)?;
        let BodyPlan::Enum(values) = &plan.body else {
            return Err(no_type(index));
        };
        let ordinal = value.ordinal(index, values).map_err(|error| match error {
            CodecError::Invalid { problem, .. } => CodecError::invalid(format!("{problem} of {}", plan.name)),
            other => other,
        })?;
        self.writer.put_var_u64(ordinal as u64);
        Ok(())
    }
}

fn type_plan(plan: &Plan, index: usize) -> Result<&TypePlan, CodecError> {
    plan.types.get(index).ok_or_else(|| no_type(index))
}

fn no_type(index: usize) -> CodecError {
    CodecError::invalid(format!("the plan has no type {index} of this kind"))
}

/// The type of a value on the wire: the declared type, or at a dynamic position the value's own type.
fn wire_type<S: Source>(node: &PlanNode, value: S) -> Result<WireType, CodecError> {
    let unnamed = |id| WireType { id, index: 0 };
    Ok(match &node.shape {
        Shape::Scalar(scalar) | Shape::Converted(_, scalar) => unnamed(scalar.id()),
        Shape::Array(kind) => unnamed(kind.id()),
        Shape::List(_) => unnamed(id::LIST),
        Shape::Set(_) => unnamed(id::SET),
        Shape::Map(_) => unnamed(id::MAP),
        Shape::Message { index, .. } => WireType { id: id::MESSAGE, index: *index },
        Shape::Extension { index, .. } => WireType { id: id::EXTENSION, index: *index },
        Shape::Enum(index) => WireType { id: id::ENUM, index: *index },
        Shape::Dynamic(dynamic) => {
            let wire = own_type(value.kind());
            if !allows(dynamic, wire) {
                return Err(CodecError::invalid(match dynamic {
                    Dynamic::List => "must be a list",
                    Dynamic::Map => "must be a map",
                    _ => "must be a value of a type of the union",
                }));
            }
            wire
        }
    })
}

fn own_type(kind: ValueKind) -> WireType {
    let (id, index) = match kind {
        ValueKind::Null => (id::NONE, 0),
        ValueKind::Bool => (id::BOOL, 0),
        ValueKind::Int => (id::INT, 0),
        ValueKind::Float => (id::FLOAT, 0),
        ValueKind::Text => (id::STRING, 0),
        ValueKind::Bytes => (id::BYTES, 0),
        ValueKind::Date => (id::DATE, 0),
        ValueKind::Timestamp => (id::TIMESTAMP, 0),
        ValueKind::List => (id::LIST, 0),
        ValueKind::Set => (id::SET, 0),
        ValueKind::Map => (id::MAP, 0),
        ValueKind::Message(index) => (id::MESSAGE, index),
        ValueKind::Enum(index) => (id::ENUM, index),
        ValueKind::Array(kind) => (kind.id(), 0),
        ValueKind::Extension(index) => (id::EXTENSION, index),
    };
    WireType { id, index }
}

fn allows(dynamic: &Dynamic, wire: WireType) -> bool {
    match dynamic {
        Dynamic::Any => true,
        Dynamic::List => wire.id == id::LIST,
        Dynamic::Map => wire.id == id::MAP,
        Dynamic::OneOf(indexes) => wire.is_named() && indexes.contains(&wire.index),
    }
}
