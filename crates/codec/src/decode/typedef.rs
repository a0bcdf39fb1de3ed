//! The body of a description: the names and types of a peer's fields, and how each is read into our field.

use std::collections::HashSet;

use super::converts;
use crate::CodecError;
use crate::buffer::Reader;
use crate::limits::{Budget, cost, within};
use crate::metastring::{self, Role};
use crate::plan::describe::{BY_NAME, FIELD_NAME, FIELDS, NAME, PACKINGS};
use crate::plan::{Dynamic, Entries, FieldPlan, Items, LeadingFlag, PlanNode, Shape};
use crate::types::{ArrayKind, Scalar, id};

const MAX_FIELDS: usize = 4096;
/// Nesting depth of types, as in a schema.
const MAX_TYPE_DEPTH: usize = 32;

/// How the values of a field that a peer declares are read.
pub(super) struct DescribedField {
    pub(super) name: String,
    /// Position of our field with this name. `None`: the values are skipped.
    pub(super) position: Option<usize>,
    pub(super) node: PlanNode,
    pub(super) lead: LeadingFlag,
    pub(super) nullable: bool,
    /// Type info precedes each value, because the peer declares a dynamic type.
    pub(super) type_info_first: bool,
}

/// A field that a peer declares.
pub(super) struct PeerField {
    pub(super) name: String,
    r#type: PeerType,
    nullable: bool,
    tracked: bool,
}

/// A type that a peer declares.
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

/// The fields, and the namespace and name of the type.
type Body = (Vec<PeerField>, (String, String));

pub(super) fn read(body: &[u8], budget: &mut Budget) -> Result<Body, CodecError> {
    let mut reader = Reader::new(body);
    let first = reader.u8()?;
    if first & !(FIELDS as u8) != BY_NAME {
        return Err(CodecError::invalid("a description identifies its type by number; a name is required"));
    }
    let mut count = usize::from(first) & FIELDS;
    if count == FIELDS {
        count = count.saturating_add(reader.length()?);
    }
    within("fields of a described type", count, MAX_FIELDS)?;
    let namespace = name(&mut reader, Role::Namespace)?;
    let r#type = name(&mut reader, Role::TypeName)?;
    let mut fields = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..count {
        let field = field(&mut reader, budget)?;
        if !names.insert(field.name.clone()) {
            return Err(CodecError::invalid("a description has two fields with the same name"));
        }
        fields.push(field);
    }
    if !reader.is_empty() {
        return Err(CodecError::invalid("a description has bytes after its last field"));
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

fn field(reader: &mut Reader<'_>, budget: &mut Budget) -> Result<PeerField, CodecError> {
    let first = reader.u8()?;
    if first >> 6 == 3 {
        return Err(CodecError::invalid("a description identifies a field by number; a name is required"));
    }
    let mut length = usize::from(first >> 2) & FIELD_NAME;
    if length == FIELD_NAME {
        length = length.saturating_add(reader.length()?);
    }
    let number = reader.u8()?;
    budget.charge(1, cost::DESCRIBED_FIELD)?;
    let r#type = peer_type(reader, number, 0, budget)?;
    let name = unpack(first >> 6, reader.take(length.saturating_add(1))?, Role::TypeName)?;
    Ok(PeerField { name, r#type, nullable: first & 2 != 0, tracked: first & 1 != 0 })
}

fn peer_type(
    reader: &mut Reader<'_>,
    number: u8,
    depth: usize,
    budget: &mut Budget,
) -> Result<PeerType, CodecError> {
    budget.charge(1, cost::DESCRIBED_TYPE)?;
    if depth > MAX_TYPE_DEPTH {
        return Err(CodecError::invalid(format!(
            "a description nests types more than {MAX_TYPE_DEPTH} levels deep"
        )));
    }
    let mut nested = |reader: &mut Reader<'_>| {
        let number = u8::try_from(reader.length()? >> 2);
        let number =
            number.map_err(|_| CodecError::invalid("a type number in a description is above 255"))?;
        peer_type(reader, number, depth + 1, budget)
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
            _ => {
                return Err(CodecError::invalid(format!(
                    "a description has the unsupported type number {number}"
                )));
            }
        },
    })
}

impl PeerField {
    /// Decides how the values of this field are read: as our field `own`, or skipped if we do not declare the field.
    pub(super) fn resolve(
        self,
        own: Option<&FieldPlan>,
        position: Option<usize>,
        refs: bool,
    ) -> Result<DescribedField, (CodecError, String)> {
        if self.tracked && !refs {
            return Err((CodecError::invalid("the peer tracks references, this side does not"), self.name));
        }
        let lead = if self.tracked { self.r#type.shared_leading_flag() } else { LeadingFlag::Plain };
        let node = match own {
            None => Some(PlanNode::new(self.r#type.own_shape(false), true)),
            Some(own) => self.r#type.read_into(&own.node, false),
        };
        let Some(node) = node else {
            return Err((CodecError::invalid("the peer declares another type"), self.name));
        };
        let type_info_first = matches!(self.r#type, PeerType::Dynamic);
        Ok(DescribedField { name: self.name, position, node, lead, nullable: self.nullable, type_info_first })
    }
}

impl PeerType {
    fn shared_leading_flag(&self) -> LeadingFlag {
        match self {
            Self::Scalar(Scalar::Bool | Scalar::String) => LeadingFlag::Plain,
            Self::Scalar(scalar) if scalar.width().is_some() => LeadingFlag::Plain,
            Self::Enum => LeadingFlag::Null,
            _ => LeadingFlag::Reference,
        }
    }

    fn is_single_type(&self) -> bool {
        !matches!(self, Self::Dynamic | Self::Message)
    }

    fn items(&self) -> Items {
        Items { node: PlanNode::new(self.own_shape(true), true), declared: self.is_single_type() }
    }

    /// A shape that reads values of this type, for fields that this side skips or has as `any`.
    fn own_shape(&self, element: bool) -> Shape {
        match self {
            Self::Scalar(scalar) => Shape::Scalar(*scalar),
            Self::Array(kind) => Shape::Array(*kind),
            Self::List(inner) => Shape::List(Box::new(inner.items())),
            Self::Set(inner) => Shape::Set(Box::new(inner.items())),
            Self::Map(entry) => {
                Shape::Map(Box::new(Entries { key: entry.0.items(), value: entry.1.items() }))
            }
            // An enum value is an ordinal, an extension value inside a collection is a byte string.
            Self::Enum => Shape::Scalar(Scalar::Uint64),
            Self::Extension if element => Shape::Scalar(Scalar::Bytes),
            Self::Message | Self::Extension | Self::Dynamic => Shape::Dynamic(Dynamic::Any),
        }
    }

    fn items_read_into(&self, own: &Items) -> Option<Items> {
        Some(Items { node: self.read_into(&own.node, true)?, declared: self.is_single_type() })
    }

    /// The plan node that reads values of this type into our node `own`. `None` if the types do not fit.
    fn read_into(&self, own: &PlanNode, element: bool) -> Option<PlanNode> {
        let shape = match (&own.shape, self) {
            (shape, Self::Dynamic) => shape.clone(),
            (Shape::Scalar(ours), Self::Scalar(theirs)) if ours.on_wire() == *theirs => Shape::Scalar(*ours),
            (Shape::Scalar(ours), Self::Scalar(theirs)) if converts(*theirs, *ours) => {
                Shape::Converted(*theirs, *ours)
            }
            (Shape::List(items), Self::List(inner)) => Shape::List(Box::new(inner.items_read_into(items)?)),
            (Shape::Set(items), Self::Set(inner)) => Shape::Set(Box::new(inner.items_read_into(items)?)),
            (Shape::Map(entries), Self::Map(entry)) => Shape::Map(Box::new(Entries {
                key: entry.0.items_read_into(&entries.key)?,
                value: entry.1.items_read_into(&entries.value)?,
            })),
            (Shape::Array(ours), Self::Array(theirs)) if ours == theirs => Shape::Array(*ours),
            (Shape::Message { .. } | Shape::Dynamic(Dynamic::OneOf(_)), Self::Message)
            | (Shape::Enum(_), Self::Enum)
            | (Shape::Extension { .. }, Self::Extension) => own.shape.clone(),
            (Shape::Dynamic(dynamic), _) if self.fits(dynamic) => self.own_shape(element),
            _ => return None,
        };
        Some(PlanNode { nullable: own.nullable, shared: own.shared, shape })
    }

    /// Whether a dynamic position allows values of this type. Enums and extensions are not allowed: the bytes of
    /// such a value do not say which enum or extension it is.
    fn fits(&self, dynamic: &Dynamic) -> bool {
        let kind = match dynamic {
            Dynamic::Any => true,
            Dynamic::List => matches!(self, Self::List(_)),
            Dynamic::Map => matches!(self, Self::Map(_)),
            Dynamic::OneOf(_) => false,
        };
        kind && self.names_its_type()
    }

    fn names_its_type(&self) -> bool {
        match self {
            Self::Enum | Self::Extension => false,
            Self::List(inner) | Self::Set(inner) => inner.names_its_type(),
            Self::Map(entry) => entry.0.names_its_type() && entry.1.names_its_type(),
            _ => true,
        }
    }
}
