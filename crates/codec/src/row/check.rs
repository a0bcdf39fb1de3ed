//! Checks a buffer against a layout.
//!
//! The values of variable width in a row or array must be in the order of their slots, without overlap, and inside
//! the row or array; every writer writes them so. This keeps the check linear: if values could overlap, a small
//! buffer could describe a very large walk.

use super::{RowStruct, RowType, bitmap_bytes};
use crate::CodecError;
use crate::error::CodecResult;

pub(super) fn check(root: &RowType, bytes: &[u8]) -> CodecResult {
    part(root, bytes)
}

fn out_of_bounds() -> CodecError {
    CodecError::invalid("the row has an offset or count outside its bytes")
}

/// Whether bit `index` of the null bitmap at `at` is set.
pub(super) fn is_null(extent: &[u8], at: usize, index: usize) -> bool {
    extent.get(at + index / 8).is_some_and(|byte| byte >> (index % 8) & 1 != 0)
}

pub(super) fn u64_at(extent: &[u8], at: usize) -> Option<u64> {
    let bytes = extent.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*bytes))
}

/// The size and offset of a value of variable width.
pub(super) fn pair_at(extent: &[u8], at: usize) -> Option<(usize, usize)> {
    let pair = u64_at(extent, at)?;
    Some(((pair & 0xFFFF_FFFF) as usize, (pair >> 32) as usize))
}

/// The number of elements of an array, and the offset of the first element.
pub(super) fn array_head(extent: &[u8], width: usize) -> Option<(usize, usize)> {
    let count = usize::try_from(u64_at(extent, 0)?).ok()?;
    // An element takes at least one byte, so this bounds every sum below.
    if count > extent.len() {
        return None;
    }
    let start = 8 + bitmap_bytes(count);
    let end = start.checked_add(count.checked_mul(width)?)?;
    (end <= extent.len()).then_some((count, start))
}

/// Splits a map into its array of keys and its array of values.
pub(super) fn map_split(extent: &[u8]) -> Option<(&[u8], &[u8])> {
    let keys = usize::try_from(u64_at(extent, 0)?).ok()?;
    if !keys.is_multiple_of(8) {
        return None;
    }
    extent.get(8..)?.split_at_checked(keys)
}

/// Checks one value. `extent` is its bytes, and offsets inside it count from the start of `extent`.
fn part(r#type: &RowType, extent: &[u8]) -> CodecResult {
    match r#type {
        RowType::Fixed(_) | RowType::Text | RowType::Bytes => Ok(()),
        RowType::List(element, _) => array(element, extent).map(|_| ()),
        RowType::Map(entry) => map(&entry.0, &entry.1, extent),
        RowType::Struct(row) => fields(row, extent),
    }
}

fn fields(row: &RowStruct, extent: &[u8]) -> CodecResult {
    let count = row.fields.len();
    let bitmap = bitmap_bytes(count);
    let mut end = bitmap + count * 8;
    if end > extent.len() {
        return Err(out_of_bounds());
    }
    for (index, field) in row.fields.iter().enumerate() {
        if field.r#type.is_fixed() || is_null(extent, 0, index) {
            continue;
        }
        check_part(&field.r#type, extent, bitmap + index * 8, &mut end)
            .map_err(|error| error.in_field(&field.name))?;
    }
    Ok(())
}

/// Checks an array and returns its number of elements.
fn array(element: &RowType, extent: &[u8]) -> Result<usize, CodecError> {
    let (count, start) = array_head(extent, element.width()).ok_or_else(out_of_bounds)?;
    if element.is_fixed() {
        return Ok(count);
    }
    let mut end = start + count * 8;
    for index in 0..count {
        if !is_null(extent, 8, index) {
            check_part(element, extent, start + index * 8, &mut end)
                .map_err(|error| error.at_index(index))?;
        }
    }
    Ok(count)
}

fn map(key: &RowType, value: &RowType, extent: &[u8]) -> CodecResult {
    let (keys, values) = map_split(extent).ok_or_else(out_of_bounds)?;
    let count = array(key, keys)?;
    if (0..bitmap_bytes(count)).any(|at| keys.get(8 + at).is_some_and(|byte| *byte != 0)) {
        return Err(CodecError::invalid("a map has a null key"));
    }
    if array(value, values)? != count {
        return Err(CodecError::invalid("a map has different numbers of keys and values"));
    }
    Ok(())
}

/// Checks the value whose size and offset are at `at`. It must not begin before `end`, the end of the previous value.
fn check_part(r#type: &RowType, extent: &[u8], at: usize, end: &mut usize) -> CodecResult {
    let (size, offset) = pair_at(extent, at).ok_or_else(out_of_bounds)?;
    let inner = extent.get(offset..).and_then(|rest| rest.get(..size)).ok_or_else(out_of_bounds)?;
    if offset < *end {
        return Err(CodecError::invalid("values in a row overlap"));
    }
    *end = offset + size;
    if matches!(r#type, RowType::Text | RowType::Bytes) {
        return Ok(());
    }
    if !offset.is_multiple_of(8) {
        return Err(CodecError::invalid("a value in a row does not begin at a multiple of 8"));
    }
    part(r#type, inner)
}
