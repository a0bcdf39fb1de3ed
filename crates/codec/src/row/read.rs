//! Converts checked rows to values.

use super::check::{array_head, is_null, map_split, pair_at, u64_at};
use super::{RowLayout, RowStruct, RowType, bitmap_bytes};
use crate::limits::{Budget, PayloadLimits, cost, within};
use crate::plan::{BodyPlan, Plan};
use crate::types::Scalar;
use crate::{CodecError, Graph, Value};

/// Converts a row or table of root `root` to plain XLANG (docs/plan.md).
///
/// Errors: the bytes are not a row of this layout, text is not UTF-8, a field that is not optional is null.
pub fn row_to_message(plan: &Plan, root: usize, row: &[u8]) -> Result<Vec<u8>, CodecError> {
    let root_value = RowLayout::of(plan, root)?.decode(plan, row)?;
    Graph { root: root_value, objects: Vec::new() }.encode_plain(plan, root)
}

impl RowLayout {
    /// Checks a row or table and decodes all its values.
    ///
    /// Errors: the bytes are not a row of this layout, text is not UTF-8.
    pub fn decode(&self, plan: &Plan, row: &[u8]) -> Result<Value, CodecError> {
        self.check(row)?;
        part(plan, &self.root, row, &mut Budget::new(PayloadLimits::DEFAULT))
    }
}

/// Unreachable after a successful check; an error instead of a panic.
fn not_checked() -> CodecError {
    CodecError::invalid("the row was not checked")
}

fn part(plan: &Plan, r#type: &RowType, extent: &[u8], budget: &mut Budget) -> Result<Value, CodecError> {
    match r#type {
        RowType::Text => {
            let text = std::str::from_utf8(extent).map_err(|_| CodecError::from(crate::ReadError::Utf8))?;
            budget.charge(1, text.len() + cost::ALLOCATION)?;
            Ok(Value::Text(text.to_owned()))
        }
        RowType::Bytes => {
            budget.charge(1, extent.len() + cost::ALLOCATION)?;
            Ok(Value::Bytes(extent.to_vec()))
        }
        RowType::List(element, set) => {
            let items = array(plan, element, extent, budget)?;
            Ok(if *set { Value::Set(items) } else { Value::List(items) })
        }
        RowType::Map(entry) => {
            let (keys, values) = map_split(extent).ok_or_else(not_checked)?;
            let keys = array(plan, &entry.0, keys, budget)?;
            let values = array(plan, &entry.1, values, budget)?;
            Ok(Value::Map(keys.into_iter().zip(values).collect()))
        }
        RowType::Struct(row) => fields(plan, row, extent, budget),
        RowType::Fixed(_) => Err(not_checked()),
    }
}

fn fields(plan: &Plan, row: &RowStruct, extent: &[u8], budget: &mut Budget) -> Result<Value, CodecError> {
    let Some(BodyPlan::Message(message)) = plan.types.get(row.index).map(|plan| &plan.body) else {
        return Err(CodecError::invalid(format!("type {} of the plan is not a message", row.index)));
    };
    budget.charge(message.fields.len(), cost::VALUE)?;
    budget.charge(1, cost::ALLOCATION)?;
    let mut values = vec![Value::Null; message.fields.len()];
    let bitmap = bitmap_bytes(row.fields.len());
    for (index, field) in row.fields.iter().enumerate() {
        if is_null(extent, 0, index) {
            continue;
        }
        let value = slot(plan, &field.r#type, extent, bitmap + index * 8, budget)
            .map_err(|error| error.in_field(&field.name))?;
        if let Some(place) = values.get_mut(field.position) {
            *place = value;
        }
    }
    Ok(Value::Message { index: row.index, fields: values })
}

fn array(
    plan: &Plan,
    element: &RowType,
    extent: &[u8],
    budget: &mut Budget,
) -> Result<Vec<Value>, CodecError> {
    let (count, start) = array_head(extent, element.width()).ok_or_else(not_checked)?;
    within("elements in one collection", count, PayloadLimits::DEFAULT.elements)?;
    // Twice, because the values of a map move from two lists of their own into its entries.
    budget.charge(count, 2 * cost::VALUE)?;
    let item = |index| {
        if is_null(extent, 8, index) {
            return Ok(Value::Null);
        }
        slot(plan, element, extent, start + index * element.width(), budget)
            .map_err(|error: CodecError| error.at_index(index))
    };
    (0..count).map(item).collect()
}

fn slot(
    plan: &Plan,
    r#type: &RowType,
    extent: &[u8],
    at: usize,
    budget: &mut Budget,
) -> Result<Value, CodecError> {
    if let RowType::Fixed(scalar) = r#type {
        return fixed(*scalar, extent, at).ok_or_else(not_checked);
    }
    let (size, offset) = pair_at(extent, at).ok_or_else(not_checked)?;
    let inner = extent.get(offset..).and_then(|rest| rest.get(..size)).ok_or_else(not_checked)?;
    part(plan, r#type, inner, budget)
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
