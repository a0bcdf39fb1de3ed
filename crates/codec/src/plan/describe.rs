//! Descriptions (Fory: `TypeDef`): how a payload in compatible mode describes the fields of its messages.
//!
//! Owns the encoding of our own descriptions, and the checksum. The decoder reads the descriptions of peers.

use super::{BodyPlan, TypePlan};
use crate::Writer;
use crate::metastring::{MetaString, Role};
use crate::murmur3;
use crate::schema::{Body, Field, PlanError, Schema, Type};
use crate::types::id;

/// A field count below this is stored in the first byte.
pub(crate) const FIELDS: usize = 31;
pub(crate) const BY_NAME: u8 = 0x20;
pub(crate) const HAS_FIELDS: u64 = 0x100;
/// A size below this is stored in the head.
pub(crate) const SIZE: usize = 255;
/// The length of a namespace or type name below this is stored in its first byte.
pub(crate) const NAME: usize = 63;
/// The length of a field name, minus 1, below this is stored in its first byte.
pub(crate) const FIELD_NAME: usize = 15;
/// The packing codes of meta strings, in the order in which descriptions number them.
pub(crate) const PACKINGS: [u8; 4] = [0, 4, 2, 3];

/// Computes the descriptions of all types if at least one message is in compatible mode.
pub(super) fn describe_all(schema: &Schema, types: &mut [TypePlan]) -> Result<(), PlanError> {
    let compatible = |plan: &TypePlan| matches!(&plan.body, BodyPlan::Message(m) if m.options.compatible);
    if !types.iter().any(compatible) {
        return Ok(());
    }
    for (index, (declared, plan)) in schema.types.iter().zip(types).enumerate() {
        for refs in [false, true] {
            let path = format!("types[{index}]");
            let described = describe(&declared.namespace, &declared.name, &declared.body, plan, refs);
            let described = described.map_err(|problem| PlanError::invalid(path, problem))?;
            if let Some(slot) = plan.described.get_mut(usize::from(refs)) {
                *slot = described;
            }
        }
    }
    Ok(())
}

fn describe(
    namespace: &str,
    name: &str,
    body: &Body,
    plan: &TypePlan,
    refs: bool,
) -> Result<Vec<u8>, String> {
    let (fields, message) = match (body, &plan.body) {
        (Body::Message(fields, _), BodyPlan::Message(message)) => (fields.as_slice(), Some(message)),
        _ => (&[][..], None),
    };
    let mut writer = Writer::new();
    writer.put_u8(BY_NAME | fields.len().min(FIELDS) as u8);
    if fields.len() >= FIELDS {
        writer.put_var_u64((fields.len() - FIELDS) as u64);
    }
    put_name(&mut writer, namespace, Role::Namespace)?;
    put_name(&mut writer, name, Role::TypeName)?;
    for &position in message.map(|message| message.order.as_slice()).unwrap_or_default() {
        let planned = message.and_then(|message| message.fields.get(position));
        let (Some(field), Some(planned)) = (fields.get(position), planned) else {
            continue;
        };
        // Python sets this flag for every shared field, also for types whose values then have no reference flag.
        put_field(&mut writer, field, refs && planned.node.shared)?;
    }
    Ok(with_head(&writer.into_vec(), !fields.is_empty()))
}

/// The head of a description as Python writes it: checksum, a bit for "has fields", size.
fn head(body: &[u8], fields: bool) -> u64 {
    let signed = i128::from(murmur3(body) as i64) << 14;
    let checksum = signed.unsigned_abs() as u64 & (u64::MAX >> 1);
    checksum | if fields { HAS_FIELDS } else { 0 } | body.len().min(SIZE) as u64
}

/// Whether the checksum in a head fits the body. Python, Java and Go compute it differently: Java cuts the shifted
/// hash to 64 bits before it takes the absolute value, Go keeps the sign.
pub(crate) fn is_head_of(found: u64, body: &[u8]) -> bool {
    let expected = head(body, found & HAS_FIELDS != 0);
    let shifted = (murmur3(body) as i64) << 14;
    let flags = expected & ((1 << 14) - 1);
    [expected, shifted.unsigned_abs() | flags, shifted as u64 | flags].contains(&found)
}

fn with_head(body: &[u8], fields: bool) -> Vec<u8> {
    let mut writer = Writer::with_capacity(body.len() + 9);
    writer.put_u64(head(body, fields));
    if body.len() >= SIZE {
        writer.put_var_u64((body.len() - SIZE) as u64);
    }
    writer.put_raw(body);
    writer.into_vec()
}

/// The number of a packing code in descriptions.
fn packing(packed: &MetaString) -> u8 {
    PACKINGS.iter().position(|code| *code == packed.code).unwrap_or_default() as u8
}

fn put_name(writer: &mut Writer, text: &str, role: Role) -> Result<(), String> {
    let packed = MetaString::encode_described(text, role).map_err(|error| error.to_string())?;
    let length = packed.bytes.len();
    writer.put_u8((length.min(NAME) as u8) << 2 | packing(&packed));
    if length >= NAME {
        writer.put_var_u64((length - NAME) as u64);
    }
    writer.put_raw(&packed.bytes);
    Ok(())
}

fn put_field(writer: &mut Writer, field: &Field, tracked: bool) -> Result<(), String> {
    let (r#type, nullable, _) = field.r#type.without_modifiers();
    let packed = MetaString::encode_field(&field.name).map_err(|error| format!("{}: {error}", field.name))?;
    let length = packed.bytes.len().saturating_sub(1);
    let first = packing(&packed) << 6 | (length.min(FIELD_NAME) as u8) << 2;
    writer.put_u8(first | u8::from(nullable) << 1 | u8::from(tracked));
    if length >= FIELD_NAME {
        writer.put_var_u64((length - FIELD_NAME) as u64);
    }
    writer.put_u8(type_number(r#type));
    put_nested(writer, r#type);
    writer.put_raw(&packed.bytes);
    Ok(())
}

fn put_nested(writer: &mut Writer, r#type: &Type) {
    let mut put = |inner: &Type| {
        let inner = inner.without_modifiers().0;
        writer.put_var_u64(u64::from(type_number(inner)) << 2);
        put_nested(writer, inner);
    };
    match r#type {
        Type::List(element) | Type::Set(element) => put(element),
        Type::Map(entry) => {
            put(&entry.0);
            put(&entry.1);
        }
        _ => {}
    }
}

fn type_number(r#type: &Type) -> u8 {
    match r#type {
        Type::Scalar(scalar) => scalar.id(),
        Type::Array(kind) => kind.id(),
        Type::List(_) => id::LIST,
        Type::Set(_) => id::SET,
        Type::Map(_) => id::MAP,
        Type::Message(_) => id::COMPATIBLE_MESSAGE,
        Type::Enum(_) => id::DESCRIBED_ENUM,
        Type::Extension(_) => id::EXTENSION,
        Type::Optional(inner) | Type::Shared(inner) => type_number(inner),
        Type::Any | Type::AnyList | Type::AnyMap | Type::Union(_) => id::DYNAMIC,
    }
}
