//! Lists, sets and maps.

use super::{Done, Encoder, NULL_FLAG, PRESENT_FLAG, WireType, takes_null, wire_type};
use crate::CodecError;
use crate::plan::{Items, Node};
use crate::source::{Kind, Source};
use crate::types::id;

const NULLS: u8 = 0x02;
const DECLARED: u8 = 0x04;
const SAME: u8 = 0x08;

const KEY_DECLARED: u8 = 0x04;
const VALUE_DECLARED: u8 = 0x20;
/// A chunk's size is one byte.
const CHUNK: usize = 255;

/// How the type of an element, key or value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typing {
    Declared,
    Same(WireType),
    Each,
}

fn is_null<S: Source>(value: S) -> bool {
    value.kind() == Kind::Null
}

impl<'p, S: Source> Encoder<'p, S> {
    pub(super) fn items(&mut self, items: &'p Items, value: S, set: bool) -> Done {
        let elements = value.items(set)?;
        let count = elements.len();
        self.budget.enter(count)?;
        self.writer.put_var_u64(count as u64);
        if count > 0 {
            let nulls = elements.clone().any(is_null);
            let typing = self.items_typing(items, elements.clone(), nulls)?;
            for (index, element) in elements.enumerate() {
                self.element(&items.node, element, nulls, typing).map_err(|error| error.at_index(index))?;
            }
        }
        self.budget.leave();
        Ok(())
    }

    /// Writes the flags of a collection that is not empty, and the type its elements share.
    fn items_typing(
        &mut self,
        items: &'p Items,
        elements: impl Iterator<Item = S>,
        nulls: bool,
    ) -> Result<Typing, CodecError> {
        let flags = if nulls { NULLS } else { 0 };
        if items.declared {
            self.writer.put_u8(flags | DECLARED | SAME);
            return Ok(Typing::Declared);
        }
        if let Some(wire) = shared_type(&items.node, elements)? {
            self.writer.put_u8(flags | SAME);
            self.type_info(wire)?;
            return Ok(Typing::Same(wire));
        }
        self.writer.put_u8(flags);
        Ok(Typing::Each)
    }

    fn element(&mut self, node: &'p Node, value: S, flagged: bool, typing: Typing) -> Done {
        if flagged {
            if is_null(value) {
                null_allowed(node)?;
                self.writer.put_u8(NULL_FLAG);
                return Ok(());
            }
            self.writer.put_u8(PRESENT_FLAG);
        }
        self.value_of(node, value, typing)
    }

    fn value_of(&mut self, node: &'p Node, value: S, typing: Typing) -> Done {
        match typing {
            Typing::Declared => self.body(node, value),
            Typing::Same(wire) => self.payload(wire, node, value),
            Typing::Each => self.typed(node, value),
        }
    }

    pub(super) fn map(&mut self, key: &'p Items, value: &'p Items, map: S) -> Done {
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

    /// Writes the longest run of entries whose types are those of the first, and returns its length.
    fn chunk(&mut self, key: &'p Items, value: &'p Items, entries: &[(S, S)]) -> Result<usize, CodecError> {
        let types = |(k, v): &(S, S)| -> Result<_, CodecError> {
            let types = (side_typing(key, *k)?, side_typing(value, *v)?);
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
        self.chunk_head(key_typing, value_typing, size)?;
        for (k, v) in entries.iter().take(size) {
            self.value_of(&key.node, *k, key_typing)
                .and_then(|()| self.value_of(&value.node, *v, value_typing))
                .map_err(|error| error.at_key(&k.label()))?;
        }
        Ok(size)
    }

    fn chunk_head(&mut self, key: Typing, value: Typing, size: usize) -> Done {
        let flag = |typing, flag| if typing == Typing::Declared { flag } else { 0 };
        self.writer.put_u8(flag(key, KEY_DECLARED) | flag(value, VALUE_DECLARED));
        self.writer.put_u8(size as u8);
        for typing in [key, value] {
            if let Typing::Same(wire) = typing {
                self.type_info(wire)?;
            }
        }
        Ok(())
    }

    fn entry_with_null(&mut self, key: &'p Items, value: &'p Items, k: S, v: S) -> Done {
        let (header, side, present) = match (is_null(k), is_null(v)) {
            (true, true) => {
                null_allowed(&key.node)?;
                null_allowed(&value.node)?;
                self.writer.put_u8(0x12);
                return Ok(());
            }
            (true, false) => {
                null_allowed(&key.node)?;
                (if value.declared { 0x22 } else { 0x0A }, value, v)
            }
            _ => {
                null_allowed(&value.node)?;
                (if key.declared { 0x14 } else { 0x11 }, key, k)
            }
        };
        self.writer.put_u8(header);
        if side.declared {
            return self.body(&side.node, present);
        }
        self.writer.put_u8(PRESENT_FLAG);
        self.typed(&side.node, present)
    }
}

fn null_allowed(node: &Node) -> Done {
    if takes_null(node) {
        return Ok(());
    }
    Err(CodecError::invalid("null where a value is required"))
}

fn side_typing<S: Source>(side: &Items, value: S) -> Result<Typing, CodecError> {
    if side.declared || is_null(value) {
        return Ok(Typing::Declared);
    }
    wire_type(&side.node, value).map(Typing::Same)
}

/// The type of all elements that are not null; none where they differ.
fn shared_type<S: Source>(
    node: &Node,
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
