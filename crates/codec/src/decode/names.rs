//! Type info: type numbers and the names of registered types.

use super::{Decoder, WireType};
use crate::CodecError;
use crate::limits::Budget;
use crate::metastring::{self, Role};
use crate::plan::{BodyPlan, PlanNode, Shape};
use crate::sink::Sink;
use crate::types::id;

/// The meta strings of a message so far; a message names them by their position.
#[derive(Default)]
pub(super) struct Names<'a> {
    seen: Vec<Seen<'a>>,
}

/// A meta string, with what it named together with a namespace the last time.
struct Seen<'a> {
    code: u8,
    bytes: &'a [u8],
    resolved: Option<(usize, usize)>,
}

impl<'a, S: Sink> Decoder<'a, S> {
    /// Reads the type that precedes a value; `node` says which name is the likely one.
    pub(super) fn type_info(&mut self, node: &'a PlanNode) -> Result<WireType, CodecError> {
        let number = self.reader.u8()?;
        let message = if self.options.compatible { id::COMPATIBLE_MESSAGE } else { id::MESSAGE };
        if number != message && number != id::ENUM && number != id::EXTENSION {
            return WireType::unnamed(number)
                .ok_or_else(|| CodecError::invalid(format!("unsupported type number {number}")));
        }
        if self.options.compatible {
            return self.described_type(number);
        }
        let index = match self.expected_name(node) {
            Some(index) => index,
            None => self.named()?,
        };
        match self.plan.types.get(index).map(|plan| &plan.body) {
            Some(BodyPlan::Message(_)) if number == id::MESSAGE => Ok(WireType::Message(index, None)),
            Some(BodyPlan::Enum(_)) if number == id::ENUM => Ok(WireType::Enum(index)),
            Some(BodyPlan::Extension) if number == id::EXTENSION => Ok(WireType::Extension(index)),
            _ => Err(CodecError::invalid("a type named as one of another sort")),
        }
    }

    /// The declared type, when its names come next in full and in Python's own packing.
    fn expected_name(&mut self, node: &'a PlanNode) -> Option<usize> {
        let (Shape::Message { index, .. } | Shape::Enum(index) | Shape::Extension { index, .. }) =
            &node.shape
        else {
            return None;
        };
        let plan = self.plan.types.get(*index)?;
        if !self.reader.skip_if(&plan.both_first) {
            return None;
        }
        let namespace = self.names.seen.len();
        self.names.seen.push(Seen {
            code: plan.namespace_meta.code,
            bytes: &plan.namespace_meta.bytes,
            resolved: None,
        });
        self.names.seen.push(Seen {
            code: plan.name_meta.code,
            bytes: &plan.name_meta.bytes,
            resolved: Some((namespace, *index)),
        });
        Some(*index)
    }

    fn named(&mut self) -> Result<usize, CodecError> {
        let namespace = self.meta_string()?;
        let name = self.meta_string()?;
        let (Some(outer), Some(inner)) = (self.names.seen.get(namespace), self.names.seen.get(name)) else {
            return Err(CodecError::invalid("a name that was not written before"));
        };
        if let Some((with, index)) = inner.resolved
            && with == namespace
        {
            return Ok(index);
        }
        let text = |seen: &Seen<'_>, role| {
            metastring::decode(seen.code, seen.bytes, role)
                .map_err(|error| CodecError::invalid(error.to_string()))
        };
        let (outer, inner) = (text(outer, Role::Namespace)?, text(inner, Role::TypeName)?);
        let index = self
            .plan
            .find(&outer, &inner)
            .ok_or_else(|| CodecError::invalid(format!("unknown type {:?}", short(&outer, &inner))))?;
        if let Some(seen) = self.names.seen.get_mut(name) {
            seen.resolved = Some((namespace, index));
        }
        Ok(index)
    }

    /// Reads a meta string and returns its position among all of the message.
    fn meta_string(&mut self) -> Result<usize, CodecError> {
        let header = self.reader.length()?;
        if header & 1 != 0 {
            let position = (header >> 1).wrapping_sub(1);
            if position < self.names.seen.len() {
                return Ok(position);
            }
            return Err(CodecError::invalid("a name that was not written before"));
        }
        let length = header >> 1;
        let code = match length {
            0 => 0,
            1..=metastring::SHORT => self.reader.u8()?,
            // A hash whose low byte is the code. The rest of it is for caches: no reader compares it, and Fory's own
            // libraries do not all write the same.
            _ => self.reader.u64()? as u8,
        };
        let bytes = self.reader.take(length)?;
        let position = self.names.seen.len();
        Budget::names(position + 1)?;
        self.names.seen.push(Seen { code, bytes, resolved: None });
        Ok(position)
    }
}

fn short(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}").chars().take(200).collect()
}
