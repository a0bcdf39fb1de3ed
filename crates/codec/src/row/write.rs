//! Values to rows. Null slots are zero: nothing of our memory leaves with them.

use super::{RowLayout, RowStruct, RowType, bitmap_bytes};
use crate::plan::Plan;
use crate::types::Scalar;
use crate::{CodecError, Graph, Value};

type Done = Result<(), CodecError>;

/// Turns a message of root `root` into a row, or a table where the root is a list. What is shared is
/// written each time.
///
/// Errors: a message that does not decode; types or sizes that a row has no form for.
pub fn message_to_row(plan: &Plan, root: usize, message: &[u8]) -> Result<Vec<u8>, CodecError> {
    let graph = Graph::decode_plain(plan, root, message)?;
    if !graph.objects.is_empty() {
        return Err(CodecError::invalid("rows have no form for shared values"));
    }
    RowLayout::of(plan, root)?.encode(&graph.root)
}

impl RowLayout {
    /// Writes a message, or a list of messages, as a row or table.
    ///
    /// Errors: a value of another type; more than 4 GiB.
    pub fn encode(&self, value: &Value) -> Result<Vec<u8>, CodecError> {
        let mut row = Vec::new();
        put(&mut row, &self.root, value)?;
        Ok(row)
    }
}

fn another() -> CodecError {
    CodecError::invalid("a value of another type than its row")
}

/// Appends a part that has no fixed width.
fn put(out: &mut Vec<u8>, r#type: &RowType, value: &Value) -> Done {
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
        _ => return Err(another()),
    }
    Ok(())
}

fn put_fields(out: &mut Vec<u8>, row: &RowStruct, values: &[Value]) -> Done {
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

fn put_array(out: &mut Vec<u8>, element: &RowType, items: &[&Value]) -> Done {
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

fn put_map(out: &mut Vec<u8>, key: &RowType, value: &RowType, entries: &[(Value, Value)]) -> Done {
    let base = out.len();
    out.extend_from_slice(&[0; 8]);
    if entries.iter().any(|(key, _)| *key == Value::Null) {
        return Err(CodecError::invalid("rows have no form for a null key"));
    }
    put_array(out, key, &entries.iter().map(|(key, _)| key).collect::<Vec<_>>())?;
    let keys = (out.len() - base - 8) as u64;
    overwrite(out, base, &keys.to_le_bytes());
    put_array(out, value, &entries.iter().map(|(_, value)| value).collect::<Vec<_>>())
}

/// Fills the slot at `slot`: with the value, with where it is, or with nothing and a bit of the bitmap.
fn put_slot(
    out: &mut Vec<u8>,
    r#type: &RowType,
    value: &Value,
    base: usize,
    (bitmap, bit): (usize, usize),
    slot: usize,
) -> Done {
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
    let (size, offset) = pair.map_err(|_| CodecError::invalid("a row of more than 4 GiB"))?;
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
            None => return Err(another()),
        },
        _ => return Err(another()),
    })
}
