//! The body of a description: names and types of a peer's fields, and what they are against ours.

use std::collections::HashSet;

use super::converts;
use super::described::DescribedField;
use crate::CodecError;
use crate::buffer::Reader;
use crate::limits::within;
use crate::metastring::{self, Role};
use crate::plan::describe::{BY_NAME, FIELD_NAME, FIELDS, NAME, PACKINGS};
use crate::plan::{Dynamic, Entries, FieldPlan, Items, LeadingFlag, PlanNode, Shape};
use crate::types::{ArrayKind, Scalar, id};

const MOST_FIELDS: usize = 4096;
/// Types deeper than this are refused, as in a schema.
const DEEPEST: usize = 32;

/// A field as a peer declares it.
pub(super) struct PeerField {
    pub(super) name: String,
    r#type: PeerType,
    nullable: bool,
    tracked: bool,
}

/// A type as a peer declares it.
enum PeerType {
    Scalar(Scalar),
    Array(ArrayKind),
    List(Box<PeerType>),
    Set(Box<PeerType>),
    Map(Box<(PeerType, PeerType)>),
    Message,
    Enum,
    Extension,
    Dynamic,
}

/// Fields, and namespace with name.
type Body = (Vec<PeerField>, (String, String));

pub(super) fn read(body: &[u8]) -> Result<Body, CodecError> {
    let mut reader = Reader::new(body);
    let first = reader.u8()?;
    if first & !(FIELDS as u8) != BY_NAME {
        return Err(CodecError::invalid("a description of a type without a name"));
    }
    let mut count = usize::from(first) & FIELDS;
    if count == FIELDS {
        count = count.saturating_add(reader.length()?);
    }
    within("fields of a described type", count, MOST_FIELDS)?;
    let namespace = name(&mut reader, Role::Namespace)?;
    let r#type = name(&mut reader, Role::TypeName)?;
    let mut fields = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..count {
        let field = field(&mut reader)?;
        if !names.insert(field.name.clone()) {
            return Err(CodecError::invalid("a description names a field twice"));
        }
        fields.push(field);
    }
    if !reader.is_empty() {
        return Err(CodecError::invalid("bytes follow a description"));
    }
    Ok((fields, (namespace, r#type)))
}

fn unpack(packing: u8, bytes: &[u8], role: Role) -> Result<String, CodecError> {
    let code = PACKINGS.get(usize::from(packing)).copied().unwrap_or(u8::MAX);
    metastring::decode(code, bytes, role).map_err(|error| CodecError::invalid(error.to_string()))
}

fn name(reader: &mut Reader<'_>, role: Role) -> Result<String, CodecError> {
    let first = reader.u8()?;
    let mut length = usize::from(first >> 2);
    if length == NAME {
        length = length.saturating_add(reader.length()?);
    }
    if length == 0 {
        return Ok(String::new());
    }
    unpack(first & 3, reader.take(length)?, role)
}

fn field(reader: &mut Reader<'_>) -> Result<PeerField, CodecError> {
    let first = reader.u8()?;
    if first >> 6 == 3 {
        return Err(CodecError::invalid("a description names a field by number"));
    }
    let mut length = usize::from(first >> 2) & FIELD_NAME;
    if length == FIELD_NAME {
        length = length.saturating_add(reader.length()?);
    }
    let number = reader.u8()?;
    let r#type = peer_type(reader, number, 0)?;
    let name = unpack(first >> 6, reader.take(length.saturating_add(1))?, Role::TypeName)?;
    Ok(PeerField { name, r#type, nullable: first & 2 != 0, tracked: first & 1 != 0 })
}

fn peer_type(reader: &mut Reader<'_>, number: u8, depth: usize) -> Result<PeerType, CodecError> {
    if depth > DEEPEST {
        return Err(CodecError::invalid("a description nests types too deeply"));
    }
    let nested = |reader: &mut Reader<'_>| {
        let number = u8::try_from(reader.length()? >> 2);
        let number = number.map_err(|_| CodecError::invalid("a type number out of range"))?;
        peer_type(reader, number, depth + 1)
    };
    Ok(match number {
        id::DYNAMIC => PeerType::Dynamic,
        id::LIST => PeerType::List(Box::new(nested(reader)?)),
        id::SET => PeerType::Set(Box::new(nested(reader)?)),
        id::MAP => PeerType::Map(Box::new((nested(reader)?, nested(reader)?))),
        id::ENUM | id::DESCRIBED_ENUM => PeerType::Enum,
        id::MESSAGE | id::COMPATIBLE_MESSAGE => PeerType::Message,
        id::EXTENSION => PeerType::Extension,
        _ => match (Scalar::from_id(number), ArrayKind::from_id(number)) {
            (Some(scalar), _) => PeerType::Scalar(scalar),
            (_, Some(kind)) => PeerType::Array(kind),
            _ => return Err(CodecError::invalid(format!("a description has the type number {number}"))),
        },
    })
}

impl PeerField {
    /// How its values are read for our field, or skipped where we have none.
    pub(super) fn against(
        self,
        own: Option<&FieldPlan>,
        position: Option<usize>,
        refs: bool,
    ) -> Result<DescribedField, (CodecError, String)> {
        if self.tracked && !refs {
            return Err((CodecError::invalid("the peer tracks references"), self.name));
        }
        let lead = if self.tracked { self.r#type.shared_lead() } else { LeadingFlag::Plain };
        let node = match own {
            None => Some(PlanNode::new(self.r#type.anything(false), true)),
            Some(own) => self.r#type.merged(&own.node, false),
        };
        let Some(node) = node else {
            return Err((CodecError::invalid("the peer declares another type"), self.name));
        };
        let typed = matches!(self.r#type, PeerType::Dynamic);
        Ok(DescribedField { name: self.name, position, node, lead, nullable: self.nullable, typed })
    }
}

impl PeerType {
    fn shared_lead(&self) -> LeadingFlag {
        match self {
            Self::Scalar(Scalar::Bool | Scalar::String) => LeadingFlag::Plain,
            Self::Scalar(scalar) if scalar.width().is_some() => LeadingFlag::Plain,
            Self::Enum => LeadingFlag::Null,
            _ => LeadingFlag::Reference,
        }
    }

    fn names_a_type(&self) -> bool {
        !matches!(self, Self::Dynamic | Self::Message)
    }

    fn items(&self) -> Items {
        Items { node: PlanNode::new(self.anything(true), true), declared: self.names_a_type() }
    }

    /// A shape that reads values of this type, whatever they are for.
    fn anything(&self, element: bool) -> Shape {
        match self {
            Self::Scalar(scalar) => Shape::Scalar(*scalar),
            Self::Array(kind) => Shape::Array(*kind),
            Self::List(inner) => Shape::List(Box::new(inner.items())),
            Self::Set(inner) => Shape::Set(Box::new(inner.items())),
            Self::Map(entry) => {
                Shape::Map(Box::new(Entries { key: entry.0.items(), value: entry.1.items() }))
            }
            // An ordinal, and bytes.
            Self::Enum => Shape::Scalar(Scalar::Uint64),
            Self::Extension if element => Shape::Scalar(Scalar::Bytes),
            Self::Message | Self::Extension | Self::Dynamic => Shape::Dynamic(Dynamic::Any),
        }
    }

    fn merged_items(&self, own: &Items) -> Option<Items> {
        Some(Items { node: self.merged(&own.node, true)?, declared: self.names_a_type() })
    }

    /// Our place, read as the peer writes it; none where values of the peer do not fit it.
    fn merged(&self, own: &PlanNode, element: bool) -> Option<PlanNode> {
        let shape = match (&own.shape, self) {
            (shape, Self::Dynamic) => shape.clone(),
            (Shape::Scalar(ours), Self::Scalar(theirs)) if ours.on_wire() == *theirs => Shape::Scalar(*ours),
            (Shape::Scalar(ours), Self::Scalar(theirs)) if converts(*theirs, *ours) => {
                Shape::Converted(*theirs, *ours)
            }
            (Shape::List(items), Self::List(inner)) => Shape::List(Box::new(inner.merged_items(items)?)),
            (Shape::Set(items), Self::Set(inner)) => Shape::Set(Box::new(inner.merged_items(items)?)),
            (Shape::Map(entries), Self::Map(entry)) => Shape::Map(Box::new(Entries {
                key: entry.0.merged_items(&entries.key)?,
                value: entry.1.merged_items(&entries.value)?,
            })),
            (Shape::Array(ours), Self::Array(theirs)) if ours == theirs => Shape::Array(*ours),
            (Shape::Message { .. } | Shape::Dynamic(Dynamic::OneOf(_)), Self::Message)
            | (Shape::Enum(_), Self::Enum)
            | (Shape::Extension { .. }, Self::Extension) => own.shape.clone(),
            (Shape::Dynamic(dynamic), _) if self.fits(dynamic) => self.anything(element),
            _ => return None,
        };
        Some(PlanNode { nullable: own.nullable, shared: own.shared, shape })
    }

    /// Whether values of this type may stand in a dynamic place. An ordinal alone does not say of which enum.
    fn fits(&self, dynamic: &Dynamic) -> bool {
        let kind = match dynamic {
            Dynamic::Any => true,
            Dynamic::List => matches!(self, Self::List(_)),
            Dynamic::Map => matches!(self, Self::Map(_)),
            Dynamic::OneOf(_) => false,
        };
        kind && self.is_told()
    }

    fn is_told(&self) -> bool {
        match self {
            Self::Enum | Self::Extension => false,
            Self::List(inner) | Self::Set(inner) => inner.is_told(),
            Self::Map(entry) => entry.0.is_told() && entry.1.is_told(),
            _ => true,
        }
    }
}
