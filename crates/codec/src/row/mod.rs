//! Fory's row format: messages as rows and tables that are read in place, field by field.
//!
//! Owns the row layout of a plan root and its schema bytes. `check` verifies once that every offset in a buffer is
//! inside the buffer; `write` converts values to rows and `read` converts them back. A row is a null bitmap, one slot
//! of 8 bytes for each field, then the values of variable width.

mod check;
mod read;
mod write;

pub use read::row_to_message;
pub use write::message_to_row;

use serde_json::{Value as Json, json};

use crate::CodecError;
use crate::Writer;
use crate::limits::within;
use crate::metastring::MetaString;
use crate::plan::describe::PACKINGS;
use crate::plan::{BodyPlan, Plan, PlanNode, Shape, hex};
use crate::types::{Scalar, id};

/// A message inside a row.
const STRUCT: u8 = 27;
/// Nesting depth of structs.
const MAX_DEPTH: usize = 32;
/// Fields, elements, keys and values in a layout. Without this limit a few messages, each of which contains the next
/// one twice, could make a layout of any size.
const MAX_POSITIONS: usize = 65_536;
/// The length of a name up to this is stored in the first byte of a field.
const NAME: usize = 15;
const VERSION: u8 = 1;

/// The layout of a plan root as a row, or as a table, which is an array of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct RowLayout {
    root: RowType,
}

#[derive(Debug, Clone, PartialEq)]
enum RowType {
    /// A scalar of fixed width.
    Fixed(Scalar),
    Text,
    Bytes,
    /// The element type, and whether the schema declares a set.
    List(Box<RowType>, bool),
    Map(Box<(RowType, RowType)>),
    Struct(RowStruct),
}

#[derive(Debug, Clone, PartialEq)]
struct RowStruct {
    /// Index of the message in the plan.
    index: usize,
    /// The fields, sorted by name.
    fields: Vec<RowField>,
}

#[derive(Debug, Clone, PartialEq)]
struct RowField {
    name: String,
    /// Index in declaration order.
    position: usize,
    r#type: RowType,
}

impl RowLayout {
    /// The layout of root `root`: a message gives a row, a list of messages gives a table.
    ///
    /// Errors: rows cannot represent the root or a field; the error has the path.
    pub fn of(plan: &Plan, root: usize) -> Result<Self, CodecError> {
        let node = &plan.roots.get(root).ok_or(CodecError::NoRoot(root))?.node;
        let root = LayoutBuilder { plan, positions: 0 }.of_node(node, 0)?;
        let is_row = |r#type: &RowType| matches!(r#type, RowType::Struct(_));
        match &root {
            RowType::Struct(_) => Ok(Self { root }),
            RowType::List(element, false) if is_row(element) => Ok(Self { root }),
            _ => Err(CodecError::invalid("a row needs a message as root, a table a list of messages")),
        }
    }

    fn row(&self) -> Option<&RowStruct> {
        match &self.root {
            RowType::Struct(row) => Some(row),
            RowType::List(element, _) => match element.as_ref() {
                RowType::Struct(row) => Some(row),
                _ => None,
            },
            _ => None,
        }
    }

    /// Fory's schema bytes of the row, or of the rows of the table.
    ///
    /// Errors: a field name cannot be packed as a meta string.
    pub fn schema_bytes(&self) -> Result<Vec<u8>, CodecError> {
        let mut writer = Writer::new();
        writer.put_u8(VERSION);
        if let Some(row) = self.row() {
            put_fields(&mut writer, row)?;
        }
        Ok(writer.into_vec())
    }

    /// The layout as JSON (docs/plan.md).
    ///
    /// Errors: a field name cannot be packed as a meta string.
    pub fn to_json(&self) -> Result<String, CodecError> {
        let schema = hex(&self.schema_bytes()?);
        let table = matches!(self.root, RowType::List(..));
        let fields = self.row().map(fields_json);
        Ok(json!({ "schema": schema, "table": table, "fields": fields }).to_string())
    }

    /// Checks that every offset in `bytes` that the layout uses points inside `bytes`.
    ///
    /// Shape: after this check, reading by the layout needs no more checks of bounds or alignment. Nested rows,
    /// arrays and maps begin at multiples of 8 from the start of `bytes`. Text is not decoded. The time is linear in
    /// the number of values of variable width; numbers, text and bytes are not read.
    /// Errors: what is out of bounds, with its path.
    pub fn check(&self, bytes: &[u8]) -> Result<(), CodecError> {
        check::check(&self.root, bytes)
    }
}

impl RowType {
    /// Bytes of one element in an array: the width of the scalar, or 8 for a pair of size and offset.
    fn width(&self) -> usize {
        match self {
            Self::Fixed(scalar) => scalar.width().map_or(8, usize::from),
            _ => 8,
        }
    }

    fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    fn id(&self) -> u8 {
        match self {
            // A row stores every integer at its fixed width, so compressed integers have the type number of fixed ones.
            Self::Fixed(Scalar::Int32) => Scalar::FixedInt32.id(),
            Self::Fixed(Scalar::Int) => Scalar::FixedInt64.id(),
            Self::Fixed(scalar) => scalar.id(),
            Self::Text => id::STRING,
            Self::Bytes => id::BYTES,
            Self::List(..) => id::LIST,
            Self::Map(_) => id::MAP,
            Self::Struct(_) => STRUCT,
        }
    }
}

/// Builds a layout and counts its positions against the limit.
struct LayoutBuilder<'p> {
    plan: &'p Plan,
    positions: usize,
}

impl LayoutBuilder<'_> {
    fn of_node(&mut self, node: &PlanNode, depth: usize) -> Result<RowType, CodecError> {
        self.positions += 1;
        within("positions in one row layout", self.positions, MAX_POSITIONS)?;
        if depth > MAX_DEPTH {
            return Err(CodecError::invalid("rows cannot hold a message that contains itself"));
        }
        Ok(match &node.shape {
            Shape::Scalar(Scalar::String) => RowType::Text,
            Shape::Scalar(Scalar::Bytes | Scalar::Base64) => RowType::Bytes,
            Shape::Scalar(
                scalar @ (Scalar::Bool
                | Scalar::Int8
                | Scalar::Int16
                | Scalar::Int32
                | Scalar::Int
                | Scalar::Float32
                | Scalar::Float),
            ) => RowType::Fixed(*scalar),
            Shape::List(items) => RowType::List(Box::new(self.of_node(&items.node, depth + 1)?), false),
            Shape::Set(items) => RowType::List(Box::new(self.of_node(&items.node, depth + 1)?), true),
            Shape::Map(entries) => {
                let key = self.of_node(&entries.key.node, depth + 1)?;
                RowType::Map(Box::new((key, self.of_node(&entries.value.node, depth + 1)?)))
            }
            Shape::Message { index, .. } => RowType::Struct(self.of_message(*index, depth)?),
            _ => return Err(CodecError::invalid("rows cannot hold values of this type")),
        })
    }

    fn of_message(&mut self, index: usize, depth: usize) -> Result<RowStruct, CodecError> {
        let plan = self.plan;
        let Some(BodyPlan::Message(message)) = plan.types.get(index).map(|plan| &plan.body) else {
            return Err(CodecError::invalid(format!("type {index} of the plan is not a message")));
        };
        let mut fields = Vec::with_capacity(message.fields.len());
        for (position, field) in message.fields.iter().enumerate() {
            let r#type = self.of_node(&field.node, depth + 1).map_err(|error| error.in_field(&field.name))?;
            fields.push(RowField { name: field.name.clone(), position, r#type });
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(RowStruct { index, fields })
    }
}

fn put_fields(writer: &mut Writer, row: &RowStruct) -> Result<(), CodecError> {
    writer.put_var_u64(row.fields.len() as u64);
    row.fields.iter().try_for_each(|field| put_field(writer, &field.name, true, &field.r#type))
}

fn put_field(writer: &mut Writer, name: &str, nullable: bool, r#type: &RowType) -> Result<(), CodecError> {
    let packed = MetaString::encode_field(name).map_err(|error| CodecError::invalid(error.to_string()))?;
    let packing = PACKINGS.iter().position(|code| *code == packed.code).unwrap_or_default() as u8;
    let length = packed.bytes.len();
    let short = length.saturating_sub(1).min(NAME) as u8;
    writer.put_u8(packing | short << 2 | u8::from(nullable) << 6);
    if length > NAME {
        writer.put_var_u64((length - NAME) as u64);
    }
    writer.put_raw(&packed.bytes);
    writer.put_u8(r#type.id());
    match r#type {
        RowType::List(element, _) => put_field(writer, "item", true, element),
        RowType::Map(entry) => {
            put_field(writer, "key", false, &entry.0)?;
            put_field(writer, "value", true, &entry.1)
        }
        RowType::Struct(row) => put_fields(writer, row),
        _ => Ok(()),
    }
}

fn fields_json(row: &RowStruct) -> Vec<Json> {
    let field = |field: &RowField| json!({ "name": field.name, "position": field.position, "type": type_json(&field.r#type) });
    row.fields.iter().map(field).collect()
}

fn type_json(r#type: &RowType) -> Json {
    let id = r#type.id();
    match r#type {
        RowType::Fixed(_) => json!({ "id": id, "width": r#type.width() }),
        RowType::Text | RowType::Bytes => json!({ "id": id }),
        RowType::List(element, set) => json!({ "id": id, "element": type_json(element), "set": set }),
        RowType::Map(entry) => {
            json!({ "id": id, "key": type_json(&entry.0), "value": type_json(&entry.1) })
        }
        RowType::Struct(row) => json!({ "id": id, "type": row.index, "fields": fields_json(row) }),
    }
}

/// Bytes of a bitmap of `count` bits, rounded up to words of 64 bits.
fn bitmap_bytes(count: usize) -> usize {
    count.div_ceil(64) * 8
}
