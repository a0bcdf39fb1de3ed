//! Converts values to rows. Slots of null values and padding are zero, so no old memory content is sent.

use super::{RowLayout, RowStruct, RowType, bitmap_bytes};
use crate::error::CodecResult;
use crate::plan::Plan;
use crate::types::Scalar;
use crate::{CodecError, Graph, Value};

/// Converts plain XLANG of root `root` to a row, or to a table if the root is a list.
///
/// Errors: the message does not decode; it has shared values; a row cannot hold a type or size.
pub fn message_to_row(plan: &Plan, root: usize, message: &[u8]) -> Result<Vec<u8>, CodecError> {
    let graph = Graph::decode_plain(plan, root, message)?;
    if !graph.objects.is_empty() {
        return Err(CodecError::invalid("rows cannot hold shared values"));
    }
    RowLayout::of(plan, root)?.encode(&graph.root)
}

impl RowLayout {
    /// Encodes a message as a row, or a list of messages as a table.
    ///
    /// Errors: a value does not fit the layout; the row is larger than 4 GiB.
    pub fn encode(&self, value: &Value) -> Result<Vec<u8>, CodecError> {
        let mut row = Vec::new();
        put(&mut row, &self.root, value)?;
        Ok(row)
    }
}

fn wrong_type() -> CodecError {
    CodecError::invalid("the value has another type than the row layout")
}

/// Appends a value of variable width.
fn put(out: &mut Vec<u8>, r#type: &RowType, value: &Value) -> CodecResult {
    match (r#type, value) {
        (RowType::Text, Value::Text(text)) => out.extend_from_slice(text.as_bytes()),
        (RowType::Bytes, Value::Bytes(bytes)) => out.extend_from_slice(bytes),
        (RowType::List(element, false), Value::List(items))
        | (RowType::List(element, true), Value::Set(items)) => {
            return put_array(out, element, &items.iter().collect::<Vec<_>>());
        }
        (RowType::Map(entry), Value::Map(entries)) => return put_map(out, &entry.0, &entry.1, entries),
        (RowType::Struct(row), Value::Message { index, fields }) if *index == row.index => {
            return put_fields(out, row, fields);
        }
        _ => return Err(wrong_type()),
    }
    Ok(())
}

fn put_fields(out: &mut Vec<u8>, row: &RowStruct, values: &[Value]) -> CodecResult {
    let base = out.len();
    let bitmap = bitmap_bytes(row.fields.len());
    out.resize(base + bitmap + row.fields.len() * 8, 0);
    for (index, field) in row.fields.iter().enumerate() {
        let value = values.get(field.position).unwrap_or(&Value::Null);
        let slot = base + bitmap + index * 8;
        put_slot(out, &field.r#type, value, base, (base, index), slot)
            .map_err(|error| error.in_field(&field.name))?;
    }
    Ok(())
}

fn put_array(out: &mut Vec<u8>, element: &RowType, items: &[&Value]) -> CodecResult {
    let base = out.len();
    out.extend_from_slice(&(items.len() as u64).to_le_bytes());
    let start = base + 8 + bitmap_bytes(items.len());
    let width = element.width();
    out.resize(base + (start - base + items.len() * width).next_multiple_of(8), 0);
    for (index, value) in items.iter().enumerate() {
        put_slot(out, element, value, base, (base + 8, index), start + index * width)
            .map_err(|error| error.at_index(index))?;
    }
    Ok(())
}

fn put_map(out: &mut Vec<u8>, key: &RowType, value: &RowType, entries: &[(Value, Value)]) -> CodecResult {
    let base = out.len();
    out.extend_from_slice(&[0; 8]);
    if entries.iter().any(|(key, _)| *key == Value::Null) {
        return Err(CodecError::invalid("rows cannot hold a null key"));
    }
    put_array(out, key, &entries.iter().map(|(key, _)| key).collect::<Vec<_>>())?;
    let keys = (out.len() - base - 8) as u64;
    overwrite(out, base, &keys.to_le_bytes());
    put_array(out, value, &entries.iter().map(|(_, value)| value).collect::<Vec<_>>())
}

/// Fills the slot at `slot`: with a scalar, or with size and offset of a value that is appended. Null sets a bit of the
/// bitmap and leaves the slot zero.
fn put_slot(
    out: &mut Vec<u8>,
    r#type: &RowType,
    value: &Value,
    base: usize,
    (bitmap, bit): (usize, usize),
    slot: usize,
) -> CodecResult {
    if matches!(value, Value::Null | Value::Absent) {
        if let Some(byte) = out.get_mut(bitmap + bit / 8) {
            *byte |= 1 << (bit % 8);
        }
        return Ok(());
    }
    if let RowType::Fixed(scalar) = r#type {
        let bytes = fixed(*scalar, value)?;
        overwrite(out, slot, bytes.get(..r#type.width()).unwrap_or_default());
        return Ok(());
    }
    let start = out.len();
    put(out, r#type, value)?;
    let pair = u32::try_from(out.len() - start).and_then(|size| Ok((size, u32::try_from(start - base)?)));
    let (size, offset) = pair.map_err(|_| CodecError::invalid("the row is larger than 4 GiB"))?;
    overwrite(out, slot, &(u64::from(offset) << 32 | u64::from(size)).to_le_bytes());
    out.resize(base + (out.len() - base).next_multiple_of(8), 0);
    Ok(())
}

fn overwrite(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

fn fixed(scalar: Scalar, value: &Value) -> Result<[u8; 8], CodecError> {
    Ok(match (scalar, value) {
        (Scalar::Bool, Value::Bool(value)) => u64::from(*value).to_le_bytes(),
        (Scalar::Float, Value::Float(value)) => value.to_le_bytes(),
        (Scalar::Float32, Value::Float(value)) => u64::from((*value as f32).to_bits()).to_le_bytes(),
        (scalar, Value::Int(value)) => match scalar.range() {
            Some((low, high)) if (low..=high).contains(value) => (*value as i64).to_le_bytes(),
            Some(_) => {
                return Err(CodecError::invalid(format!("{value} is out of the range of {}", scalar.word())));
            }
            None => return Err(wrong_type()),
        },
        _ => return Err(wrong_type()),
    })
}
