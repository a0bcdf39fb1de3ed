//! Encoding of lists, sets and maps.

use super::{Encoder, NULL_FLAG, PRESENT_FLAG, WireType, wire_type};
use crate::CodecError;
use crate::error::CodecResult;
use crate::limits::cost;
use crate::plan::{Items, LeadingFlag, PlanNode, Shape};
use crate::source::{Source, ValueKind};
use crate::types::{Scalar, id};

const TRACKED: u8 = 0x01;
const NULLS: u8 = 0x02;
const DECLARED: u8 = 0x04;
const SAME: u8 = 0x08;

const KEY_TRACKED: u8 = 0x01;
const KEY_DECLARED: u8 = 0x04;
const VALUE_TRACKED: u8 = 0x08;
const VALUE_DECLARED: u8 = 0x20;
/// Most entries of a map chunk: its size is one byte.
const CHUNK: usize = 255;

/// How the type of an element, key or value is written: not at all, once for all elements, or before each.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typing {
    Declared,
    Same(WireType),
    Each,
}

impl Typing {
    /// Whether the values have reference flags in a payload that tracks references.
    fn has_identity(self, node: &PlanNode) -> bool {
        match self {
            Self::Declared => node.has_identity(),
            Self::Same(wire) => wire.has_identity(),
            Self::Each => true,
        }
    }

    fn is_bool(self, node: &PlanNode) -> bool {
        match self {
            Self::Declared => node.shape == Shape::Scalar(Scalar::Bool),
            Self::Same(wire) => wire.id == id::BOOL,
            Self::Each => false,
        }
    }
}

/// Whether Python gives the value no reference number in a collection of different types.
fn is_common<S: Source>(value: S) -> bool {
    matches!(value.kind(), ValueKind::Text | ValueKind::Int | ValueKind::Float | ValueKind::Bool)
}

fn is_null<S: Source>(value: S) -> bool {
    value.kind() == ValueKind::Null
}

impl<'p, S: Source> Encoder<'p, S> {
    pub(super) fn items(&mut self, items: &'p Items, value: S, set: bool) -> CodecResult {
        let elements = value.items(set)?;
        let count = elements.len();
        self.budget.enter(count)?;
        self.writer.put_var_u64(count as u64);
        if count > 0 {
            let nulls = elements.clone().any(is_null);
            let (typing, lead) = self.items_typing(items, elements.clone(), nulls)?;
            for (index, element) in elements.enumerate() {
                self.element(&items.node, element, lead, typing).map_err(|error| error.at_index(index))?;
            }
        }
        self.budget.leave();
        Ok(())
    }

    /// Writes the flags of a collection that is not empty, and type info if all elements have one type. Returns how
    /// the type of each element is written, and its leading flag.
    fn items_typing(
        &mut self,
        items: &'p Items,
        elements: impl Iterator<Item = S>,
        nulls: bool,
    ) -> Result<(Typing, LeadingFlag), CodecError> {
        let typing = if items.is_declared(self.options) {
            Typing::Declared
        } else {
            shared_type(&items.node, elements)?.map_or(Typing::Each, Typing::Same)
        };
        let tracked = self.options.refs && typing.has_identity(&items.node);
        let flags = if nulls { NULLS } else { 0 } | if tracked { TRACKED } else { 0 };
        match typing {
            Typing::Declared => self.writer.put_u8(flags | DECLARED | SAME),
            Typing::Same(wire) => {
                self.writer.put_u8(flags | SAME);
                self.type_info(wire)?;
            }
            Typing::Each => self.writer.put_u8(flags),
        }
        // Python's one exception: its loop for bools writes null flags only.
        let bare = !nulls && typing.is_bool(&items.node);
        Ok((
            typing,
            if tracked && !bare {
                LeadingFlag::Reference
            } else if nulls {
                LeadingFlag::Null
            } else {
                LeadingFlag::Plain
            },
        ))
    }

    fn element(&mut self, node: &'p PlanNode, value: S, lead: LeadingFlag, typing: Typing) -> CodecResult {
        if lead != LeadingFlag::Plain && is_null(value) {
            null_allowed(node)?;
            self.writer.put_u8(NULL_FLAG);
            return Ok(());
        }
        match lead {
            LeadingFlag::Plain => {}
            // In a collection of different types Python never shares strings, numbers and bools.
            LeadingFlag::Reference if typing == Typing::Each && is_common(value) => {
                self.writer.put_u8(PRESENT_FLAG);
            }
            LeadingFlag::Reference => {
                if self.back_reference(value)? {
                    return Ok(());
                }
            }
            LeadingFlag::Null => self.writer.put_u8(PRESENT_FLAG),
        }
        self.value_of(node, value, typing)
    }

    fn value_of(&mut self, node: &'p PlanNode, value: S, typing: Typing) -> CodecResult {
        match typing {
            Typing::Declared => self.body(node, value),
            Typing::Same(wire) => self.payload(wire, node, value),
            Typing::Each => self.typed(node, value),
        }
    }

    pub(super) fn map(&mut self, key: &'p Items, value: &'p Items, map: S) -> CodecResult {
        self.budget.charge(map.entries_to_sort(), cost::JSON_ENTRY)?;
        let entries = map.entries()?;
        self.budget.enter(entries.len())?;
        self.writer.put_var_u64(entries.len() as u64);
        let mut rest = entries.as_slice();
        while let Some(&(first_key, first_value)) = rest.first() {
            let taken = if is_null(first_key) || is_null(first_value) {
                self.entry_with_null(key, value, first_key, first_value)
                    .map_err(|error| error.at_key(&first_key.label()))?;
                1
            } else {
                self.chunk(key, value, rest)?
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        self.budget.leave();
        Ok(())
    }

    /// Writes a chunk: the longest run of entries with the types of the first entry. Returns its length.
    fn chunk(&mut self, key: &'p Items, value: &'p Items, entries: &[(S, S)]) -> Result<usize, CodecError> {
        let types = |(k, v): &(S, S)| -> Result<_, CodecError> {
            let types = (self.side_typing(key, *k)?, self.side_typing(value, *v)?);
            Ok((!is_null(*k) && !is_null(*v)).then_some(types))
        };
        let at = |entry: &(S, S)| types(entry).map_err(|error| error.at_key(&entry.0.label()));
        let Some(first) = entries.first() else {
            return Ok(0);
        };
        let Some((key_typing, value_typing)) = at(first)? else {
            return Ok(0);
        };
        let mut size = 1;
        for entry in entries.iter().take(CHUNK).skip(1) {
            if at(entry)? != Some((key_typing, value_typing)) {
                break;
            }
            size += 1;
        }
        let leads = self.chunk_head((key, key_typing), (value, value_typing), size)?;
        for (k, v) in entries.iter().take(size) {
            self.element(&key.node, *k, leads.0, key_typing)
                .and_then(|()| self.element(&value.node, *v, leads.1, value_typing))
                .map_err(|error| error.at_key(&k.label()))?;
        }
        Ok(size)
    }

    /// Writes the head of a chunk and returns the leading flags of each key and each value.
    fn chunk_head(
        &mut self,
        key: (&Items, Typing),
        value: (&Items, Typing),
        size: usize,
    ) -> Result<(LeadingFlag, LeadingFlag), CodecError> {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let tracked = |side: (&Items, Typing)| self.options.refs && side.1.has_identity(&side.0.node);
        let (keys, values) = (tracked(key), tracked(value));
        self.writer.put_u8(
            flag(key.1 == Typing::Declared, KEY_DECLARED)
                | flag(value.1 == Typing::Declared, VALUE_DECLARED)
                | flag(keys, KEY_TRACKED)
                | flag(values, VALUE_TRACKED),
        );
        self.writer.put_u8(size as u8);
        for (_, typing) in [key, value] {
            if let Typing::Same(wire) = typing {
                self.type_info(wire)?;
            }
        }
        let lead = |tracked| if tracked { LeadingFlag::Reference } else { LeadingFlag::Plain };
        Ok((lead(keys), lead(values)))
    }

    fn entry_with_null(&mut self, key: &'p Items, value: &'p Items, k: S, v: S) -> CodecResult {
        if is_null(k) {
            null_allowed(&key.node)?;
        }
        if is_null(v) {
            null_allowed(&value.node)?;
        }
        let (side, present, null, declared, tracked) = match (is_null(k), is_null(v)) {
            (true, true) => {
                self.writer.put_u8(0x12);
                return Ok(());
            }
            (true, false) => (value, v, 0x02, VALUE_DECLARED, VALUE_TRACKED),
            _ => (key, k, 0x10, KEY_DECLARED, KEY_TRACKED),
        };
        if side.is_declared(self.options) {
            let lead = self.options.refs && side.node.has_identity();
            self.writer.put_u8(null | declared | if lead { tracked } else { 0 });
            if lead && self.back_reference(present)? {
                return Ok(());
            }
            return self.body(&side.node, present);
        }
        self.writer.put_u8(null | tracked);
        if !self.options.refs {
            self.writer.put_u8(PRESENT_FLAG);
        } else if self.back_reference(present)? {
            return Ok(());
        }
        self.typed(&side.node, present)
    }

    fn side_typing(&self, side: &Items, value: S) -> Result<Typing, CodecError> {
        if side.is_declared(self.options) || is_null(value) {
            return Ok(Typing::Declared);
        }
        wire_type(&side.node, value).map(Typing::Same)
    }
}

fn null_allowed(node: &PlanNode) -> CodecResult {
    if node.takes_null() {
        return Ok(());
    }
    Err(CodecError::invalid("null where a value is required"))
}

/// The common type of all elements that are not null. `None` if there are several types.
fn shared_type<S: Source>(
    node: &PlanNode,
    elements: impl Iterator<Item = S>,
) -> Result<Option<WireType>, CodecError> {
    let mut shared = None;
    for (index, element) in elements.enumerate() {
        if is_null(element) {
            continue;
        }
        let wire = wire_type(node, element).map_err(|error| error.at_index(index))?;
        match shared {
            None => shared = Some(wire),
            Some(other) if other == wire => {}
            Some(_) => return Ok(None),
        }
    }
    Ok(Some(shared.unwrap_or(WireType { id: id::NONE, index: 0 })))
}
