//! Back references: which values of a message have a reference number, and where a back reference is legal.
//!
//! The peer chooses the number in a back reference. A value that was read as one type must not appear where
//! another type is declared, so each number keeps the type that its value was read as.

use super::{Decoder, Typing, WireType, allows};
use crate::CodecError;
use crate::error::CodecResult;
use crate::plan::{ANY, PlanNode, Shape};
use crate::sink::Sink;

/// A reference flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Null,
    Present,
    First,
    Back,
}

/// The values with a reference number; the index is the number.
#[derive(Default)]
pub(super) struct Tracked<'a> {
    values: Vec<TrackedValue<'a>>,
}

/// The type that a tracked value was read as: its plan node, and its type info if the node does not declare the type.
#[derive(Clone, Copy)]
struct TrackedValue<'a> {
    node: &'a PlanNode,
    wire: Option<WireType>,
    /// The value was inside a skipped field, so the sink never received it.
    skipped: bool,
}

impl<'a, S: Sink> Decoder<'a, S> {
    pub(super) fn flag(&mut self) -> Result<Flag, CodecError> {
        match self.reader.u8()? {
            0xFD => Ok(Flag::Null),
            0xFE => Ok(Flag::Back),
            0xFF => Ok(Flag::Present),
            0x00 => Ok(Flag::First),
            flag => Err(CodecError::invalid(format!(
                "unknown reference flag {flag:#04x}, but only 0xfd, 0xfe, 0xff and 0x00 are allowed"
            ))),
        }
    }

    /// Reads a reference flag, then the value unless the flag says null or back reference.
    pub(super) fn with_reference_flag(&mut self, node: &'a PlanNode, typing: Typing) -> CodecResult {
        match self.flag()? {
            Flag::Null => self.null(node),
            Flag::Present => self.value_of(node, typing),
            Flag::First => self.first(node, typing),
            Flag::Back => self.back(node),
        }
    }

    /// Reads a value that takes the next reference number. It takes the number before its parts are read, so a part may
    /// refer back to it.
    pub(super) fn first(&mut self, node: &'a PlanNode, typing: Typing) -> CodecResult {
        let wire = self.wire_type(node, typing)?;
        let number = self.tracked.values.len();
        self.budget.tracked(number + 1)?;
        self.tracked.values.push(TrackedValue { node, wire, skipped: self.sink.is_muted() });
        self.sink.begin_tracked(number)?;
        self.value_after_type(node, wire)?;
        self.sink.end_tracked(number)
    }

    fn back(&mut self, node: &'a PlanNode) -> CodecResult {
        let number = self.reader.length()?;
        let Some(tracked) = self.tracked.values.get(number).copied() else {
            return Err(CodecError::invalid(format!(
                "a back reference to value {number}, but the message has {} values so far",
                self.tracked.values.len()
            )));
        };
        if self.sink.is_muted() {
            return Ok(());
        }
        if tracked.skipped {
            return Err(CodecError::invalid(
                "a back reference to a value inside a field that is not declared here",
            ));
        }
        if !reference_fits(tracked, node) {
            return Err(CodecError::invalid("a back reference to a value of another type than declared"));
        }
        self.sink.reference(number)
    }
}

/// Whether a back reference to `tracked` is legal at the position that `place` describes.
fn reference_fits(tracked: TrackedValue<'_>, place: &PlanNode) -> bool {
    if tracked.wire == Some(WireType::None) {
        return place.takes_null();
    }
    if std::ptr::eq(tracked.node, place) || tracked.node.shape == place.shape {
        return true;
    }
    let named = match (&tracked.node.shape, tracked.wire) {
        (Shape::Dynamic(_), Some(wire)) => wire,
        (Shape::Dynamic(_), None) => return false,
        (shape, _) => declared_type(shape),
    };
    let dynamic = matches!(tracked.node.shape, Shape::Dynamic(_));
    match &place.shape {
        Shape::Dynamic(dynamic) => allows(dynamic, named),
        // The elements of a dynamic container can have any type, so the declared element type must be `any`.
        Shape::List(items) | Shape::Set(items) => {
            dynamic && items.node.shape == ANY.node.shape && declared_type(&place.shape) == named
        }
        Shape::Map(entries) => {
            let any = |node: &PlanNode| node.shape == ANY.node.shape;
            dynamic && any(&entries.key.node) && any(&entries.value.node) && named == WireType::Map
        }
        shape => declared_type(shape).same_type(named),
    }
}

/// The type that a shape declares; `None` for a dynamic shape.
fn declared_type(shape: &Shape) -> WireType {
    match shape {
        Shape::Scalar(scalar) | Shape::Converted(_, scalar) => WireType::Scalar(scalar.on_wire()),
        Shape::Array(kind) => WireType::Array(*kind),
        Shape::List(_) => WireType::List,
        Shape::Set(_) => WireType::Set,
        Shape::Map(_) => WireType::Map,
        Shape::Message { index, .. } => WireType::Message(*index, None),
        Shape::Extension { index, .. } => WireType::Extension(*index),
        Shape::Enum(index) => WireType::Enum(*index),
        Shape::Dynamic(_) => WireType::None,
    }
}

impl WireType {
    /// Whether both are the same type; the description of its fields does not matter.
    fn same_type(self, other: Self) -> bool {
        match (self, other) {
            (Self::Message(own, _), Self::Message(other, _)) => own == other,
            _ => self == other,
        }
    }
}
