//! Rows to values, after the check.

use super::check::{array_head, is_null, map_split, pair_at, u64_at};
use super::{RowLayout, RowStruct, RowType, bitmap_bytes};
use crate::limits::{PayloadLimits, within};
use crate::plan::{BodyPlan, Plan};
use crate::types::Scalar;
use crate::{CodecError, Graph, Value};

/// Turns a row or table of root `root` into plain XLANG (docs/plan.md).
///
/// Errors: bytes that are no such row, text that is not UTF-8, null in a field that is not optional.
pub fn row_to_message(plan: &Plan, root: usize, row: &[u8]) -> Result<Vec<u8>, CodecError> {
    let root_value = RowLayout::of(plan, root)?.decode(plan, row)?;
    Graph { root: root_value, objects: Vec::new() }.encode_plain(plan, root)
}

impl RowLayout {
    /// Checks a row or table and reads all of it.
    ///
    /// Errors: bytes that are no such row, text that is not UTF-8.
    pub fn decode(&self, plan: &Plan, row: &[u8]) -> Result<Value, CodecError> {
        self.check(row)?;
        part(plan, &self.root, row)
    }
}

/// What the check has seen to cannot be missing.
fn unchecked() -> CodecError {
    CodecError::invalid("a row that was not checked")
}

fn part(plan: &Plan, r#type: &RowType, extent: &[u8]) -> Result<Value, CodecError> {
    match r#type {
        RowType::Text => {
            let text = std::str::from_utf8(extent).map_err(|_| CodecError::from(crate::ReadError::Utf8))?;
            Ok(Value::Text(text.to_owned()))
        }
        RowType::Bytes => Ok(Value::Bytes(extent.to_vec())),
        RowType::List(element, set) => {
            let items = array(plan, element, extent)?;
            Ok(if *set { Value::Set(items) } else { Value::List(items) })
        }
        RowType::Map(entry) => {
            let (keys, values) = map_split(extent).ok_or_else(unchecked)?;
            let keys = array(plan, &entry.0, keys)?;
            Ok(Value::Map(keys.into_iter().zip(array(plan, &entry.1, values)?).collect()))
        }
        RowType::Struct(row) => fields(plan, row, extent),
        RowType::Fixed(_) => Err(unchecked()),
    }
}

fn fields(plan: &Plan, row: &RowStruct, extent: &[u8]) -> Result<Value, CodecError> {
    let Some(BodyPlan::Message(message)) = plan.types.get(row.index).map(|plan| &plan.body) else {
        return Err(CodecError::invalid("a message stands where the plan has none"));
    };
    let mut values = vec![Value::Null; message.fields.len()];
    let bitmap = bitmap_bytes(row.fields.len());
    for (index, field) in row.fields.iter().enumerate() {
        if is_null(extent, 0, index) {
            continue;
        }
        let value = slot(plan, &field.r#type, extent, bitmap + index * 8)
            .map_err(|error| error.in_field(&field.name))?;
        if let Some(place) = values.get_mut(field.position) {
            *place = value;
        }
    }
    Ok(Value::Message { index: row.index, fields: values })
}

fn array(plan: &Plan, element: &RowType, extent: &[u8]) -> Result<Vec<Value>, CodecError> {
    let (count, start) = array_head(extent, element.width()).ok_or_else(unchecked)?;
    within("elements of a collection", count, PayloadLimits::DEFAULT.elements)?;
    let item = |index| {
        if is_null(extent, 8, index) {
            return Ok(Value::Null);
        }
        slot(plan, element, extent, start + index * element.width())
            .map_err(|error: CodecError| error.at_index(index))
    };
    (0..count).map(item).collect()
}

fn slot(plan: &Plan, r#type: &RowType, extent: &[u8], at: usize) -> Result<Value, CodecError> {
    if let RowType::Fixed(scalar) = r#type {
        return fixed(*scalar, extent, at).ok_or_else(unchecked);
    }
    let (size, offset) = pair_at(extent, at).ok_or_else(unchecked)?;
    let inner = extent.get(offset..).and_then(|rest| rest.get(..size)).ok_or_else(unchecked)?;
    part(plan, r#type, inner)
}

fn fixed(scalar: Scalar, extent: &[u8], at: usize) -> Option<Value> {
    let rest = extent.get(at..)?;
    Some(match scalar {
        Scalar::Bool => Value::Bool(*rest.first()? != 0),
        Scalar::Int8 => Value::Int(i8::from_le_bytes(*rest.first_chunk()?).into()),
        Scalar::Int16 => Value::Int(i16::from_le_bytes(*rest.first_chunk()?).into()),
        Scalar::Int32 => Value::Int(i32::from_le_bytes(*rest.first_chunk()?).into()),
        Scalar::Float32 => Value::Float(f32::from_le_bytes(*rest.first_chunk()?).into()),
        Scalar::Float => Value::Float(f64::from_bits(u64_at(extent, at)?)),
        _ => Value::Int((u64_at(extent, at)? as i64).into()),
    })
}
