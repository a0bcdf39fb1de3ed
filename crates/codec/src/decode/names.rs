//! Type info: type numbers and the names of registered types.

use super::{Decoder, WireType};
use crate::CodecError;
use crate::metastring::{self, Role};
use crate::plan::{BodyPlan, PlanNode, Shape};
use crate::sink::Sink;
use crate::types::id;

/// The meta strings that the message has sent so far. A message refers to them by position.
#[derive(Default)]
pub(super) struct Names<'a> {
    entries: Vec<NameEntry<'a>>,
}

/// A meta string. `resolved` caches its last use as a type name: position of the namespace, index of the type.
struct NameEntry<'a> {
    code: u8,
    bytes: &'a [u8],
    resolved: Option<(usize, usize)>,
}

impl<'a, S: Sink> Decoder<'a, S> {
    /// Reads type info. The type that `node` declares is tried first, because it is the usual one.
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
            _ => {
                Err(CodecError::invalid(format!("type number {number} does not fit the type with this name")))
            }
        }
    }

    /// The declared type, if its names come next in full and with the packing that Python chooses.
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
        let namespace = self.names.entries.len();
        self.names.entries.push(NameEntry {
            code: plan.namespace_meta.code,
            bytes: &plan.namespace_meta.bytes,
            resolved: None,
        });
        self.names.entries.push(NameEntry {
            code: plan.name_meta.code,
            bytes: &plan.name_meta.bytes,
            resolved: Some((namespace, *index)),
        });
        Some(*index)
    }

    fn named(&mut self) -> Result<usize, CodecError> {
        let namespace = self.meta_string()?;
        let name = self.meta_string()?;
        let (Some(outer), Some(inner)) = (self.names.entries.get(namespace), self.names.entries.get(name))
        else {
            return Err(CodecError::invalid("a reference to a name that the message has not sent"));
        };
        if let Some((with, index)) = inner.resolved
            && with == namespace
        {
            return Ok(index);
        }
        let text = |entry: &NameEntry<'_>, role| {
            metastring::decode(entry.code, entry.bytes, role)
                .map_err(|error| CodecError::invalid(error.to_string()))
        };
        let (outer, inner) = (text(outer, Role::Namespace)?, text(inner, Role::TypeName)?);
        let index = self
            .plan
            .find(&outer, &inner)
            .ok_or_else(|| CodecError::invalid(format!("unknown type {:?}", short(&outer, &inner))))?;
        if let Some(entry) = self.names.entries.get_mut(name) {
            entry.resolved = Some((namespace, index));
        }
        Ok(index)
    }

    /// Reads a meta string, or a reference to one, and returns its position among the meta strings of the message.
    fn meta_string(&mut self) -> Result<usize, CodecError> {
        let header = self.reader.length()?;
        if header & 1 != 0 {
            let position = (header >> 1).wrapping_sub(1);
            if position < self.names.entries.len() {
                return Ok(position);
            }
            return Err(CodecError::invalid("a reference to a name that the message has not sent"));
        }
        let length = header >> 1;
        let code = match length {
            0 => 0,
            1..=metastring::SHORT => self.reader.u8()?,
            // A hash whose low byte is the packing code. The other bytes are not compared: they exist for caches, and
            // Fory's own libraries write different values.
            _ => self.reader.u64()? as u8,
        };
        let bytes = self.reader.take(length)?;
        let position = self.names.entries.len();
        self.budget.name(position + 1)?;
        self.names.entries.push(NameEntry { code, bytes, resolved: None });
        Ok(position)
    }
}

fn short(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}").chars().take(200).collect()
}
