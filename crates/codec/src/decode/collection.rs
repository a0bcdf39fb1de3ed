//! Decoding of lists, sets and maps, in every encoding that Python's reader accepts.

use super::{Decoder, Typing, WireType, check_count};
use crate::CodecError;
use crate::error::CodecResult;
use crate::limits::cost;
use crate::plan::{Items, LeadingFlag, PlanNode, Shape};
use crate::sink::Sink;
use crate::types::Scalar;

/// A reference flag precedes each element.
const TRACKED: u8 = 0x01;
/// A null flag precedes each element.
const NULLS: u8 = 0x02;
/// The elements have the declared type, so no type info is written.
const DECLARED: u8 = 0x04;
/// All elements have the same type.
const SAME: u8 = 0x08;

const KEY_TRACKED: u8 = 0x01;
const KEY_DECLARED: u8 = 0x04;
const VALUE_TRACKED: u8 = 0x08;
const VALUE_DECLARED: u8 = 0x20;

impl<'a, S: Sink> Decoder<'a, S> {
    pub(super) fn items(&mut self, items: &'a Items, set: bool) -> CodecResult {
        let count = self.reader.length()?;
        check_count(count, &self.reader)?;
        self.budget.enter(count)?;
        self.budget.charge(count, cost::VALUE)?;
        self.budget.charge(1, cost::ALLOCATION)?;
        self.sink.begin_items(count, set)?;
        if count > 0 {
            let flags = self.reader.u8()?;
            let typing = self.items_typing(items, flags)?;
            let lead = self.element_leading_flag(items, flags, typing)?;
            for index in 0..count {
                self.sink.element()?;
                self.item(&items.node, lead, typing).map_err(|error| error.at_index(index))?;
            }
        }
        self.sink.end_items()?;
        self.budget.leave();
        Ok(())
    }

    fn items_typing(&mut self, items: &'a Items, flags: u8) -> Result<Typing, CodecError> {
        match flags & !(NULLS | TRACKED) {
            flags if flags == DECLARED | SAME && items.is_declared(self.options) => Ok(Typing::Declared),
            SAME => {
                let wire = self.fitting_type(&items.node)?;
                // Such elements would take no bytes, so the count would not be bounded by the message length.
                if wire == WireType::None && flags & (NULLS | TRACKED) == 0 {
                    return Err(CodecError::invalid("a collection with element type NONE and without flags"));
                }
                Ok(Typing::Same(wire))
            }
            0 => Ok(Typing::Each),
            _ => Err(CodecError::invalid(format!("unsupported collection flags {flags:#04x}"))),
        }
    }

    /// The leading flag of each element.
    fn element_leading_flag(
        &self,
        items: &Items,
        flags: u8,
        typing: Typing,
    ) -> Result<LeadingFlag, CodecError> {
        if flags & TRACKED != 0 {
            if !self.options.refs {
                return Err(CodecError::invalid("references where the type declares none"));
            }
            // Python's one exception: its loop for bools writes null flags only.
            let bools = match typing {
                Typing::Declared => matches!(items.node.shape, Shape::Scalar(Scalar::Bool)),
                Typing::Same(wire) => wire == WireType::Scalar(Scalar::Bool),
                Typing::Named | Typing::Each => false,
            };
            return Ok(if bools && flags & NULLS == 0 { LeadingFlag::Plain } else { LeadingFlag::Reference });
        }
        Ok(if flags & NULLS == 0 { LeadingFlag::Plain } else { LeadingFlag::Null })
    }

    fn item(&mut self, node: &'a PlanNode, lead: LeadingFlag, typing: Typing) -> CodecResult {
        match lead {
            LeadingFlag::Null if self.is_null_flag()? => self.null(node),
            LeadingFlag::Plain | LeadingFlag::Null => self.value_of(node, typing),
            LeadingFlag::Reference => self.with_reference_flag(node, typing),
        }
    }

    pub(super) fn map(&mut self, key: &'a Items, value: &'a Items) -> CodecResult {
        let count = self.reader.length()?;
        check_count(count, &self.reader)?;
        self.budget.enter(count)?;
        self.budget.charge(count, 2 * cost::VALUE)?;
        self.budget.charge(1, cost::ALLOCATION)?;
        self.sink.begin_map(count)?;
        let mut index = 0;
        while index < count {
            let taken = self.chunk(key, value, index, count - index)?;
            index += taken;
        }
        self.sink.end_map()?;
        self.budget.leave();
        Ok(())
    }

    /// Reads a chunk of at most `left` entries and returns its number of entries.
    fn chunk(
        &mut self,
        key: &'a Items,
        value: &'a Items,
        index: usize,
        left: usize,
    ) -> Result<usize, CodecError> {
        let header = self.reader.u8()?;
        let tracked = if self.options.refs { KEY_TRACKED | VALUE_TRACKED } else { 0 };
        if header & !(KEY_DECLARED | VALUE_DECLARED | tracked) != 0 {
            let entry = self.entry_with_null(header, key, value);
            return entry.map(|()| 1).map_err(|error| error.at_index(index));
        }
        let size = usize::from(self.reader.u8()?);
        if size == 0 || size > left {
            return Err(CodecError::invalid(format!(
                "a map chunk of {size} entries, but 1 to {left} are allowed"
            )));
        }
        let key_typing = self.side_typing(key, header & KEY_DECLARED != 0)?;
        let value_typing = self.side_typing(value, header & VALUE_DECLARED != 0)?;
        let lead = |flag: u8| if header & flag == 0 { LeadingFlag::Plain } else { LeadingFlag::Reference };
        let key = (&key.node, lead(KEY_TRACKED), key_typing);
        let value = (&value.node, lead(VALUE_TRACKED), value_typing);
        for offset in 0..size {
            self.entry(key, value).map_err(|error| error.at_index(index + offset))?;
        }
        Ok(size)
    }

    fn side_typing(&mut self, side: &'a Items, declared: bool) -> Result<Typing, CodecError> {
        if !declared {
            return match self.fitting_type(&side.node)? {
                // An entry with a null key or value has a chunk header of its own.
                WireType::None => Err(CodecError::invalid("type NONE is not allowed in a map chunk")),
                wire => Ok(Typing::Same(wire)),
            };
        }
        if side.is_declared(self.options) {
            return Ok(Typing::Declared);
        }
        Err(CodecError::invalid("a map without type info for a type that is not declared"))
    }

    fn entry(
        &mut self,
        key: (&'a PlanNode, LeadingFlag, Typing),
        value: (&'a PlanNode, LeadingFlag, Typing),
    ) -> CodecResult {
        self.sink.key()?;
        self.item(key.0, key.1, key.2)?;
        self.sink.value()?;
        self.item(value.0, value.1, value.2)
    }

    /// Reads an entry whose key or value is null, or both.
    fn entry_with_null(&mut self, header: u8, key: &'a Items, value: &'a Items) -> CodecResult {
        self.sink.key()?;
        match header {
            0x12 | 0x22 | 0x2A | 0x0A => self.null(&key.node)?,
            0x14 => self.declared_side(key, false)?,
            0x15 => self.declared_side(key, true)?,
            0x11 => self.flagged_side(key)?,
            _ => {
                return Err(CodecError::invalid(format!("unsupported map chunk header {header:#04x}")));
            }
        }
        self.sink.value()?;
        match header {
            0x22 => self.declared_side(value, false),
            0x2A => self.declared_side(value, true),
            0x0A => self.flagged_side(value),
            _ => self.null(&value.node),
        }
    }

    fn declared_side(&mut self, side: &'a Items, tracked: bool) -> CodecResult {
        let typing = self.side_typing(side, true)?;
        if !tracked {
            return self.value_of(&side.node, typing);
        }
        if !self.options.refs {
            return Err(CodecError::invalid("references where the type declares none"));
        }
        self.with_reference_flag(&side.node, typing)
    }

    /// Reads the key or value that is not null: a flag, type info, the value.
    fn flagged_side(&mut self, side: &'a Items) -> CodecResult {
        if self.options.refs {
            return self.with_reference_flag(&side.node, Typing::Each);
        }
        if self.is_null_flag()? {
            return self.null(&side.node);
        }
        self.value_of(&side.node, Typing::Each)
    }
}
