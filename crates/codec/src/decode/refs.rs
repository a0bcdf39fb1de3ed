//! References: which values of a message may be referred to, and whether one may stand in a place.
//!
//! A peer chooses the numbers. What was read as one type must not turn up where another is declared, so each
//! number remembers how its value was read.

use super::{Decoder, Done, Typing, WireType, allows};
use crate::CodecError;
use crate::plan::{ANY, PlanNode, Shape};
use crate::sink::Sink;

/// What precedes a value that may be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Null,
    Present,
    First,
    Back,
}

/// Values that may be referred to, by number.
#[derive(Default)]
pub(super) struct Tracked<'a> {
    seen: Vec<Seen<'a>>,
}

/// The place where a value was read, and its type where the place does not say.
#[derive(Clone, Copy)]
struct Seen<'a> {
    node: &'a PlanNode,
    wire: Option<WireType>,
    /// It stood in a field that this side does not know.
    skipped: bool,
}

impl<'a, S: Sink> Decoder<'a, S> {
    pub(super) fn flag(&mut self) -> Result<Flag, CodecError> {
        match self.reader.u8()? {
            0xFD => Ok(Flag::Null),
            0xFE => Ok(Flag::Back),
            0xFF => Ok(Flag::Present),
            0x00 => Ok(Flag::First),
            flag => Err(CodecError::invalid(format!("unknown reference flag {flag:#04x}"))),
        }
    }

    /// A value that a reference flag precedes.
    pub(super) fn referable(&mut self, node: &'a PlanNode, typing: Typing) -> Done {
        match self.flag()? {
            Flag::Null => self.null(node),
            Flag::Present => self.value_of(node, typing),
            Flag::First => self.first(node, typing),
            Flag::Back => self.back(node),
        }
    }

    /// A value that gets the next number, before its parts do.
    pub(super) fn first(&mut self, node: &'a PlanNode, typing: Typing) -> Done {
        let wire = self.wire_type(node, typing)?;
        let number = self.tracked.seen.len();
        self.budget.tracked(number + 1)?;
        self.tracked.seen.push(Seen { node, wire, skipped: self.sink.is_muted() });
        self.sink.begin_tracked(number)?;
        self.value_as(node, wire)?;
        self.sink.end_tracked(number)
    }

    fn back(&mut self, node: &'a PlanNode) -> Done {
        let number = self.reader.length()?;
        let Some(seen) = self.tracked.seen.get(number).copied() else {
            return Err(CodecError::invalid(format!("a reference to value {number}, which was not written")));
        };
        if self.sink.is_muted() {
            return Ok(());
        }
        if seen.skipped {
            return Err(CodecError::invalid("a reference into a field that is not known here"));
        }
        if !may_stand(seen, node) {
            return Err(CodecError::invalid("a reference to a value of another type than declared"));
        }
        self.sink.reference(number)
    }
}

/// Whether what was read at one place may stand in another.
fn may_stand(seen: Seen<'_>, place: &PlanNode) -> bool {
    if seen.wire == Some(WireType::None) {
        return place.takes_null();
    }
    if std::ptr::eq(seen.node, place) || seen.node.shape == place.shape {
        return true;
    }
    let named = match (&seen.node.shape, seen.wire) {
        (Shape::Dynamic(_), Some(wire)) => wire,
        (Shape::Dynamic(_), None) => return false,
        (shape, _) => of_shape(shape),
    };
    let dynamic = matches!(seen.node.shape, Shape::Dynamic(_));
    match &place.shape {
        Shape::Dynamic(dynamic) => allows(dynamic, named),
        // Elements of a dynamic container were read as whatever they are.
        Shape::List(items) | Shape::Set(items) => {
            dynamic && items.node.shape == ANY.node.shape && of_shape(&place.shape) == named
        }
        Shape::Map(entries) => {
            let any = |node: &PlanNode| node.shape == ANY.node.shape;
            dynamic && any(&entries.key.node) && any(&entries.value.node) && named == WireType::Map
        }
        shape => of_shape(shape).same_type(named),
    }
}

fn of_shape(shape: &Shape) -> WireType {
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
    /// The same type, by whichever description of its fields.
    fn same_type(self, other: Self) -> bool {
        match (self, other) {
            (Self::Message(own, _), Self::Message(other, _)) => own == other,
            _ => self == other,
        }
    }
}
