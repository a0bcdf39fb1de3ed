//! Type info: names of types and descriptions of their fields. Each is written in full once in a message.

use super::{Encoder, WireType, no_type, type_plan};
use crate::error::CodecResult;
use crate::source::Source;
use crate::types::id;

/// The positions of meta strings and descriptions that the message already contains, by type index.
#[derive(Default)]
pub(super) struct Names {
    written: Vec<Option<(u64, u64)>>,
    empty_namespace: Option<u64>,
    count: u64,
    described: Vec<Option<u64>>,
    descriptions: u64,
}

impl<S: Source> Encoder<'_, S> {
    pub(super) fn type_info(&mut self, wire: WireType) -> CodecResult {
        if !wire.is_named() {
            self.writer.put_u8(wire.id);
            return Ok(());
        }
        if self.options.compatible {
            let message = wire.id == id::MESSAGE;
            self.writer.put_u8(if message { id::COMPATIBLE_MESSAGE } else { wire.id });
            return self.description(wire.index);
        }
        self.writer.put_u8(wire.id);
        self.names(wire.index)
    }

    /// Writes the description of a type: in full at its first use, later its number.
    fn description(&mut self, index: usize) -> CodecResult {
        let plan = type_plan(self.plan, index)?;
        let names = &mut self.names;
        if names.described.is_empty() {
            names.described.resize(self.plan.types.len(), None);
        }
        let Some(slot) = names.described.get_mut(index) else {
            return Err(no_type(index));
        };
        if let Some(number) = *slot {
            self.writer.put_var_u64(number << 1 | 1);
            return Ok(());
        }
        *slot = Some(names.descriptions);
        self.writer.put_var_u64(names.descriptions << 1);
        names.descriptions += 1;
        let [untracked, tracked] = &plan.described;
        self.writer.put_raw(if self.options.refs { tracked } else { untracked });
        Ok(())
    }

    /// Writes the two meta strings of a type: in full at the first use, later their numbers. Two types share a meta
    /// string only if it is the empty namespace, as in Python.
    fn names(&mut self, index: usize) -> CodecResult {
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
}
