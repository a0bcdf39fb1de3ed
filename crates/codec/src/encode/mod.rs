//! Encoding: writes a value by a plan, byte for byte as Python's writer does.
//!
//! Owns the order of what is written and the choice of forms. Values come from a [`Source`]; `collection`
//! writes lists, sets and maps, `scalar` values without parts.

mod collection;
mod scalar;

use crate::CodecError;
use crate::buffer::Writer;
use crate::limits::{Budget, Limits};
use crate::plan::{BodyPlan, Dynamic, Items, Node, Plan, Shape, TypePlan};
use crate::source::{Kind, Source};
use crate::types::{Scalar, id};

type Done = Result<(), CodecError>;

/// Writes `value` as root `root` of `plan`. `marked` puts a byte before each field that has a default,
/// saying whether the value has it: the form in which JSON text travels to TypeScript.
pub(crate) fn encode<S: Source>(
    plan: &Plan,
    root: usize,
    value: S,
    marked: bool,
    capacity: usize,
) -> Result<Vec<u8>, CodecError> {
    let node = plan.roots.get(root).ok_or(CodecError::NoRoot(root))?;
    let mut encoder = Encoder {
        plan,
        writer: Writer::with_capacity(capacity),
        names: Names::default(),
        budget: Budget::new(Limits::DEFAULT),
        slots: Vec::new(),
        marked,
    };
    if value.kind() == Kind::Null && takes_null(node) {
        encoder.writer.put_raw(&NULL_MESSAGE);
    } else {
        encoder.writer.put_raw(&[0x02, PRESENT_FLAG]);
        encoder.typed(node, value)?;
    }
    Ok(encoder.writer.into_vec())
}

/// The message that is null, whatever its root: the answer of a handler that returns nothing. A root that is
/// not nullable refuses it when read.
pub const NULL_MESSAGE: [u8; 2] = [0x03, NULL_FLAG];

const NULL_FLAG: u8 = 0xFD;
const PRESENT_FLAG: u8 = 0xFF;

/// The type that precedes a value whose place declares none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WireType {
    id: u8,
    /// Index of a registered type.
    index: usize,
}

struct Encoder<'p, S> {
    plan: &'p Plan,
    writer: Writer,
    names: Names,
    budget: Budget,
    /// Fields of the messages that are being written.
    slots: Vec<Option<S>>,
    marked: bool,
}

/// Which meta strings the message already holds, by type.
#[derive(Default)]
struct Names {
    written: Vec<Option<(u64, u64)>>,
    empty_namespace: Option<u64>,
    count: u64,
}

fn takes_null(node: &Node) -> bool {
    node.nullable || matches!(node.shape, Shape::Dynamic(Dynamic::Any))
}

impl<'p, S: Source> Encoder<'p, S> {
    /// A value with its type before it.
    fn typed(&mut self, node: &'p Node, value: S) -> Done {
        let wire = wire_type(node, value)?;
        self.type_info(wire)?;
        self.payload(wire, node, value)
    }

    fn field(&mut self, node: &'p Node, value: S) -> Done {
        if node.nullable {
            if value.kind() == Kind::Null {
                self.writer.put_u8(NULL_FLAG);
                return Ok(());
            }
            self.writer.put_u8(PRESENT_FLAG);
        }
        self.body(node, value)
    }

    /// A value whose type is declared by its place.
    fn body(&mut self, node: &'p Node, value: S) -> Done {
        match &node.shape {
            Shape::Scalar(scalar) => self.scalar(*scalar, value),
            Shape::List(items) => self.items(items, value, false),
            Shape::Set(items) => self.items(items, value, true),
            Shape::Map(entries) => self.map(&entries.key, &entries.value, value),
            Shape::Message { index, type_info: false } => self.message(*index, value),
            Shape::Message { type_info: true, .. } | Shape::Dynamic(_) => self.typed(node, value),
            Shape::Enum(index) => self.member(*index, value),
        }
    }

    /// What follows the type of a value that is written with it.
    fn payload(&mut self, wire: WireType, node: &'p Node, value: S) -> Done {
        static ANY: &Items = &crate::plan::ANY;
        match (&node.shape, wire.id) {
            (_, id::NONE) => Ok(()),
            (_, id::MESSAGE) => self.message(wire.index, value),
            (_, id::ENUM) => self.member(wire.index, value),
            (Shape::Dynamic(_), id::LIST) => self.items(ANY, value, false),
            (Shape::Dynamic(_), id::SET) => self.items(ANY, value, true),
            (Shape::Dynamic(_), id::MAP) => self.map(ANY, ANY, value),
            (Shape::Dynamic(_), scalar) => match Scalar::from_id(scalar) {
                Some(scalar) => self.scalar(scalar, value),
                None => Err(CodecError::invalid("a value without a type")),
            },
            _ => self.body(node, value),
        }
    }

    fn type_info(&mut self, wire: WireType) -> Done {
        self.writer.put_u8(wire.id);
        if wire.id == id::MESSAGE || wire.id == id::ENUM {
            self.names(wire.index)?;
        }
        Ok(())
    }

    /// The two meta strings of a type: in full the first time, later by number. All types share the empty
    /// namespace, and nothing else.
    fn names(&mut self, index: usize) -> Done {
        let plan = type_plan(self.plan, index)?;
        let names = &mut self.names;
        if names.written.is_empty() {
            names.written.resize(self.plan.types.len(), None);
        }
        let Some(slot) = names.written.get_mut(index) else {
            return Err(no_type(index));
        };
        let reference = |number: u64| (number + 1) << 1 | 1;
        if let Some((namespace, name)) = *slot {
            self.writer.put_var_u64(reference(namespace));
            self.writer.put_var_u64(reference(name));
            return Ok(());
        }
        let mut next = || {
            names.count += 1;
            names.count - 1
        };
        let shared = names.empty_namespace.filter(|_| plan.empty_namespace());
        let namespace = if let Some(number) = shared {
            self.writer.put_var_u64(reference(number));
            let tail = plan.both_first.get(plan.namespace_first.len()..);
            self.writer.put_raw(tail.unwrap_or_default());
            number
        } else {
            self.writer.put_raw(&plan.both_first);
            next()
        };
        if plan.empty_namespace() {
            names.empty_namespace = Some(namespace);
        }
        *slot = Some((namespace, next()));
        Ok(())
    }

    fn message(&mut self, index: usize, value: S) -> Done {
        let plan = type_plan(self.plan, index)?;
        let BodyPlan::Message(message) = &plan.body else {
            return Err(no_type(index));
        };
        self.budget.enter(0)?;
        self.writer.put_raw(&message.hash);
        let base = self.slots.len();
        value.fields(index, plan, &mut self.slots)?;
        for &position in &message.order {
            let Some(field) = message.fields.get(position) else {
                continue;
            };
            let slot = self.slots.get(base + position).copied().flatten();
            if self.marked && field.has_default {
                self.writer.put_u8(u8::from(slot.is_some()));
            }
            let written = match slot {
                Some(value) => self.field(&field.node, value),
                None if self.marked && field.has_default => Ok(()),
                None if field.node.nullable => {
                    self.writer.put_u8(NULL_FLAG);
                    Ok(())
                }
                None => Err(CodecError::invalid("the member is missing")),
            };
            written.map_err(|error| error.in_field(&field.name))?;
        }
        self.slots.truncate(base);
        self.budget.leave();
        Ok(())
    }

    fn member(&mut self, index: usize, value: S) -> Done {
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
    CodecError::invalid(format!("the plan has no such type {index}"))
}

/// The type by which a value is written: the declared one, or in a dynamic place its own.
fn wire_type<S: Source>(node: &Node, value: S) -> Result<WireType, CodecError> {
    let unnamed = |id| WireType { id, index: 0 };
    Ok(match &node.shape {
        Shape::Scalar(scalar) => unnamed(scalar.id()),
        Shape::List(_) => unnamed(id::LIST),
        Shape::Set(_) => unnamed(id::SET),
        Shape::Map(_) => unnamed(id::MAP),
        Shape::Message { index, .. } => WireType { id: id::MESSAGE, index: *index },
        Shape::Enum(index) => WireType { id: id::ENUM, index: *index },
        Shape::Dynamic(dynamic) => {
            let wire = own_type(value.kind());
            if !allows(dynamic, wire) {
                return Err(CodecError::invalid(match dynamic {
                    Dynamic::List => "must be a list",
                    Dynamic::Map => "must be a map",
                    _ => "must be a value of one of the types of the union",
                }));
            }
            wire
        }
    })
}

fn own_type(kind: Kind) -> WireType {
    let (id, index) = match kind {
        Kind::Null => (id::NONE, 0),
        Kind::Bool => (id::BOOL, 0),
        Kind::Int => (id::INT, 0),
        Kind::Float => (id::FLOAT, 0),
        Kind::Text => (id::STRING, 0),
        Kind::Bytes => (id::BYTES, 0),
        Kind::Date => (id::DATE, 0),
        Kind::Timestamp => (id::TIMESTAMP, 0),
        Kind::List => (id::LIST, 0),
        Kind::Set => (id::SET, 0),
        Kind::Map => (id::MAP, 0),
        Kind::Message(index) => (id::MESSAGE, index),
        Kind::Enum(index) => (id::ENUM, index),
    };
    WireType { id, index }
}

fn allows(dynamic: &Dynamic, wire: WireType) -> bool {
    match dynamic {
        Dynamic::Any => true,
        Dynamic::List => wire.id == id::LIST,
        Dynamic::Map => wire.id == id::MAP,
        Dynamic::OneOf(indexes) => {
            (wire.id == id::MESSAGE || wire.id == id::ENUM) && indexes.contains(&wire.index)
        }
    }
}
