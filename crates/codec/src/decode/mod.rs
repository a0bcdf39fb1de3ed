//! Decoding: walks over the bytes of a message by its plan and calls a sink for each value.
//!
//! Accepts every encoding that Python's reader accepts (lists and maps with or without declared types, split
//! map chunks, any string encoding, repeated meta strings) and refuses everything else. `scalar` and
//! `collection` read values, `names` and `described` read type info, `refs` checks back references.

mod collection;
mod described;
mod gate;
mod names;
mod refs;
mod scalar;
mod typedef;

use crate::buffer::Reader;
use crate::error::CodecResult;
use crate::limits::{Budget, PayloadLimits, cost};
use crate::plan::{BodyPlan, Dynamic, Items, LeadingFlag, MessagePlan, Plan, PlanNode, Shape};
use crate::schema::RootOptions;
use crate::sink::{Sink, XlangForm};
use crate::types::{ArrayKind, Scalar, id};
use crate::{CodecError, ReadError};

/// A type that a message names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WireType {
    None,
    Scalar(Scalar),
    Array(ArrayKind),
    List,
    Set,
    Map,
    /// Index of the type in the plan, and number of the peer's description of its fields.
    Message(usize, Option<usize>),
    Enum(usize),
    Extension(usize),
    /// A type of the peer that the plan does not have: number of its description. Allowed only inside skipped fields.
    UnknownType(usize),
}

/// How the type of a value is known.
#[derive(Clone, Copy)]
enum Typing {
    /// The plan declares it; no type info precedes the value.
    Declared,
    /// Type info precedes the value and must fit the declared type, if one is declared.
    Named,
    /// One type info for all elements of a collection; it was read before.
    Same(WireType),
    /// Type info precedes each value.
    Each,
}

/// Decodes `message`, which must be one value of root `root`. Bytes after the value are an error.
pub(crate) fn decode<S: Sink>(
    plan: &Plan,
    root: usize,
    message: &[u8],
    form: XlangForm,
    limits: PayloadLimits,
    sink: &mut S,
) -> CodecResult {
    let root = plan.roots.get(root).ok_or(CodecError::NoRoot(root))?;
    let arena = described::Arena::default();
    let mut decoder = Decoder {
        plan,
        options: form.of(root.options),
        reader: Reader::new(message),
        names: names::Names::default(),
        descriptions: described::Descriptions::new(&arena),
        tracked: refs::Tracked::default(),
        budget: Budget::new(limits),
        sink: gate::Gate::new(sink),
    };
    decoder.root(&root.node)
}

struct Decoder<'a, S> {
    plan: &'a Plan,
    options: RootOptions,
    reader: Reader<'a>,
    names: names::Names<'a>,
    descriptions: described::Descriptions<'a>,
    tracked: refs::Tracked<'a>,
    budget: Budget,
    sink: gate::Gate<'a, S>,
}

const NULL_FLAG: u8 = 0xFD;

impl<'a, S: Sink> Decoder<'a, S> {
    fn root(&mut self, node: &'a PlanNode) -> CodecResult {
        let header = self.reader.u8()?;
        if header & !0x03 != 0 {
            return Err(CodecError::invalid(format!(
                "unknown message header {header:#04x}, but only 0x00 to 0x03 are allowed"
            )));
        }
        if header & 0x01 != 0 {
            self.reader.skip_if(&[NULL_FLAG]);
            self.null(node)?;
        } else {
            match (self.flag()?, self.options.refs) {
                (refs::Flag::First, true) => self.first(node, Typing::Named)?,
                (refs::Flag::First | refs::Flag::Present, _) => self.value_of(node, Typing::Named)?,
                (refs::Flag::Null, _) => {
                    return Err(CodecError::invalid("a null message without its header"));
                }
                (refs::Flag::Back, _) => {
                    return Err(CodecError::invalid("the root of a message is a back reference"));
                }
            }
        }
        if self.reader.is_empty() {
            return Ok(());
        }
        let left = self.reader.remaining();
        Err(CodecError::invalid(format!("{left} bytes follow the message")))
    }

    /// Reads a null flag and returns true for null. A present value has `FF`, or `00` from a peer that tracks
    /// references.
    fn is_null_flag(&mut self) -> Result<bool, CodecError> {
        match self.reader.u8()? {
            NULL_FLAG => Ok(true),
            0xFF | 0x00 => Ok(false),
            0xFE => Err(CodecError::invalid("a back reference where only a null flag is allowed")),
            flag => Err(CodecError::invalid(format!(
                "unknown null flag {flag:#04x}, but only 0xfd (null), 0xff and 0x00 are allowed"
            ))),
        }
    }

    fn null(&mut self, node: &PlanNode) -> CodecResult {
        if node.takes_null() || self.sink.is_muted() {
            return self.sink.null();
        }
        Err(CodecError::invalid("null where a value is required"))
    }

    fn field(&mut self, node: &'a PlanNode) -> CodecResult {
        self.with_leading_flag(node, node.leading_flag(self.options.refs), node.nullable, typing_of(node))
    }

    /// Reads the leading flag, then the value unless the flag says null or back reference.
    fn with_leading_flag(
        &mut self,
        node: &'a PlanNode,
        lead: LeadingFlag,
        nullable: bool,
        typing: Typing,
    ) -> CodecResult {
        match lead {
            LeadingFlag::Reference => self.with_reference_flag(node, typing),
            LeadingFlag::Plain if !nullable => self.value_of(node, typing),
            LeadingFlag::Plain | LeadingFlag::Null if self.is_null_flag()? => self.null(node),
            LeadingFlag::Plain | LeadingFlag::Null => self.value_of(node, typing),
        }
    }

    fn value_of(&mut self, node: &'a PlanNode, typing: Typing) -> CodecResult {
        let wire = self.wire_type(node, typing)?;
        self.value_after_type(node, wire)
    }

    /// The type of a value: read from the message if type info precedes the value. `None` if the plan declares the type.
    fn wire_type(&mut self, node: &'a PlanNode, typing: Typing) -> Result<Option<WireType>, CodecError> {
        match typing {
            Typing::Declared => Ok(None),
            Typing::Named => self.named_type(node).map(Some),
            Typing::Same(wire) => Ok(Some(wire)),
            Typing::Each => self.fitting_type(node).map(Some),
        }
    }

    /// Reads a value whose type info was already read, or which has none.
    fn value_after_type(&mut self, node: &'a PlanNode, wire: Option<WireType>) -> CodecResult {
        match wire {
            Some(wire) => self.value_of_type(wire, node),
            None => self.body(node),
        }
    }

    /// Reads a value of the declared type, without type info.
    fn body(&mut self, node: &'a PlanNode) -> CodecResult {
        match &node.shape {
            Shape::Scalar(scalar) => self.scalar(*scalar, *scalar),
            Shape::Converted(theirs, ours) => self.scalar(*theirs, *ours),
            Shape::Array(kind) => self.array(*kind),
            Shape::List(items) => self.items(items, false),
            Shape::Set(items) => self.items(items, true),
            Shape::Map(entries) => self.map(&entries.key, &entries.value),
            Shape::Message { index, .. } => self.message(*index),
            Shape::Extension { index, .. } => self.extension(*index),
            Shape::Enum(index) => self.member(*index),
            Shape::Dynamic(_) => self.value_of(node, Typing::Each),
        }
    }

    /// Reads type info and checks that the plan node allows this type.
    fn fitting_type(&mut self, node: &'a PlanNode) -> Result<WireType, CodecError> {
        let wire = self.type_info(node)?;
        if fits(wire, &node.shape) { Ok(wire) } else { Err(wrong_type()) }
    }

    /// Reads the type info of a field or root. If a message or extension is declared, type id NONE is not allowed here:
    /// null has a flag instead.
    fn named_type(&mut self, node: &'a PlanNode) -> Result<WireType, CodecError> {
        match (self.fitting_type(node)?, &node.shape) {
            (WireType::None, Shape::Message { .. } | Shape::Extension { .. }) => Err(wrong_type()),
            (wire, _) => Ok(wire),
        }
    }

    /// Reads a value of a type that the message names and the plan node allows.
    fn value_of_type(&mut self, wire: WireType, node: &'a PlanNode) -> CodecResult {
        match (&node.shape, wire) {
            (_, WireType::None) => self.null(node),
            (Shape::Scalar(declared) | Shape::Converted(_, declared), WireType::Scalar(named)) => {
                self.scalar(named, *declared)
            }
            (Shape::List(items), WireType::List) => self.items(items, false),
            (Shape::Set(items), WireType::Set) => self.items(items, true),
            (Shape::Map(entries), WireType::Map) => self.map(&entries.key, &entries.value),
            _ => self.dynamic(wire),
        }
    }

    fn dynamic(&mut self, wire: WireType) -> CodecResult {
        static ANY: &Items = &crate::plan::ANY;
        match wire {
            WireType::None => self.sink.null(),
            WireType::Scalar(scalar) => self.scalar(scalar, scalar),
            WireType::Array(kind) => self.array(kind),
            WireType::List => self.items(ANY, false),
            WireType::Set => self.items(ANY, true),
            WireType::Map => self.map(ANY, ANY),
            WireType::Message(index, by) => self.message_by(index, by),
            WireType::Enum(index) => self.member(index),
            WireType::Extension(index) => self.extension(index),
            WireType::UnknownType(by) => self.unknown_type(by),
        }
    }

    fn message_by(&mut self, index: usize, by: Option<usize>) -> CodecResult {
        match by {
            Some(by) => self.described_message(index, by),
            None => self.message(index),
        }
    }

    fn array(&mut self, kind: ArrayKind) -> CodecResult {
        let length = self.reader.length()?;
        self.contents(length)?;
        let items = self.reader.take(length)?;
        match kind.problem(items) {
            Some(problem) => Err(CodecError::invalid(problem)),
            None => self.sink.array(kind, items),
        }
    }

    fn extension(&mut self, index: usize) -> CodecResult {
        let length = self.reader.length()?;
        self.contents(length)?;
        let bytes = self.reader.take(length)?;
        self.sink.extension(index, bytes)
    }

    /// Counts the bytes of a byte string, typed array or extension that comes next.
    fn contents(&mut self, length: usize) -> CodecResult {
        check_count(length, &self.reader)?;
        self.budget.binary(length)?;
        self.budget.charge(1, length + cost::ALLOCATION)
    }

    fn message(&mut self, index: usize) -> CodecResult {
        if self.options.compatible {
            return Err(CodecError::invalid(
                "a message without a description of its fields, in compatible mode",
            ));
        }
        let plan = self.message_plan(index)?;
        self.enter_message(plan)?;
        let hash = self.reader.take(4)?;
        if hash != plan.hash {
            let (theirs, ours) = (hash_number(hash), hash_number(&plan.hash));
            let problem = format!("the peer declares other fields: its hash is {theirs}, ours is {ours}");
            return Err(CodecError::invalid(problem));
        }
        self.sink.begin_message(index, plan)?;
        for &position in &plan.order {
            let Some(field) = plan.fields.get(position) else {
                continue;
            };
            self.sink.field(position, plan)?;
            self.field(&field.node).map_err(|error| error.in_field(&field.name))?;
        }
        self.sink.end_message(plan)?;
        self.budget.leave();
        Ok(())
    }

    fn enter_message(&mut self, plan: &MessagePlan) -> CodecResult {
        self.budget.enter(0)?;
        self.budget.charge(plan.fields.len(), cost::VALUE)?;
        self.budget.charge(1, cost::ALLOCATION)
    }

    fn message_plan(&self, index: usize) -> Result<&'a MessagePlan, CodecError> {
        match self.plan.types.get(index).map(|plan| &plan.body) {
            Some(BodyPlan::Message(message)) => Ok(message),
            _ => Err(CodecError::invalid(format!("type {index} of the plan is not a message"))),
        }
    }

    fn member(&mut self, index: usize) -> CodecResult {
        let ordinal = self.reader.length()?;
        let Some(BodyPlan::Enum(values)) = self.plan.types.get(index).map(|plan| &plan.body) else {
            return Err(CodecError::invalid(format!("type {index} of the plan is not an enum")));
        };
        match values.get(ordinal) {
            Some(value) => self.sink.member(index, ordinal, value),
            None => Err(CodecError::invalid(format!("the enum has no member {ordinal}"))),
        }
    }
}

fn wrong_type() -> CodecError {
    CodecError::invalid("a value of another type than declared")
}

/// Whether type info precedes a field with this plan node.
fn typing_of(node: &PlanNode) -> Typing {
    match &node.shape {
        Shape::Message { type_info: true, .. }
        | Shape::Extension { type_info: true, .. }
        | Shape::Dynamic(_) => Typing::Named,
        _ => Typing::Declared,
    }
}

fn hash_number(bytes: &[u8]) -> i32 {
    bytes.first_chunk().map_or(0, |bytes| i32::from_le_bytes(*bytes))
}

/// Whether a shape allows a value of this type. Null is allowed here; `null` checks later whether the node takes null.
fn fits(wire: WireType, shape: &Shape) -> bool {
    match (shape, wire) {
        (_, WireType::None)
        | (Shape::List(_), WireType::List)
        | (Shape::Set(_), WireType::Set)
        | (Shape::Map(_), WireType::Map) => true,
        (Shape::Scalar(declared) | Shape::Converted(_, declared), WireType::Scalar(named)) => {
            converts(named, *declared)
        }
        (Shape::Array(declared), WireType::Array(named)) => *declared == named,
        (Shape::Message { index, .. }, WireType::Message(named, _))
        | (Shape::Extension { index, .. }, WireType::Extension(named))
        | (Shape::Enum(index), WireType::Enum(named)) => *index == named,
        (Shape::Dynamic(dynamic), _) => allows(dynamic, wire),
        _ => false,
    }
}

/// Whether a scalar of the named type can be read as the declared type. The range is checked with the value.
fn converts(named: Scalar, declared: Scalar) -> bool {
    named == declared.on_wire()
        || (named.is_integer() && (declared.is_integer() || declared.is_float()))
        || (named.is_float() && declared.is_float())
}

fn allows(dynamic: &Dynamic, wire: WireType) -> bool {
    match dynamic {
        Dynamic::Any => true,
        Dynamic::List => wire == WireType::List,
        Dynamic::Map => wire == WireType::Map,
        Dynamic::OneOf(indexes) => match wire {
            WireType::Message(index, _) | WireType::Enum(index) | WireType::Extension(index) => {
                indexes.contains(&index)
            }
            _ => false,
        },
    }
}

impl WireType {
    /// The type with this type number, unless it is a type that has a name.
    fn unnamed(number: u8) -> Option<Self> {
        Some(match number {
            id::NONE => Self::None,
            id::LIST => Self::List,
            id::SET => Self::Set,
            id::MAP => Self::Map,
            _ => match Scalar::from_id(number) {
                Some(scalar) => Self::Scalar(scalar),
                None => Self::Array(ArrayKind::from_id(number)?),
            },
        })
    }
}

/// Refuses a count that is larger than the remaining bytes: each element takes at least one byte.
fn check_count(count: usize, reader: &Reader<'_>) -> CodecResult {
    if count > reader.remaining() {
        return Err(ReadError::Short.into());
    }
    Ok(())
}
