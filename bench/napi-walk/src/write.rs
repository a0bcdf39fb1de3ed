//! Encodes objects to bytes.
use napi::bindgen_prelude::{Error, Result};
use napi::sys::napi_value;

use crate::js::Js;
use crate::shape::{Kind, Message, Shape};

/// Flags of a list whose elements have the declared type and are not null.
const DECLARED: u8 = 0x0c;
/// Head of a map chunk whose keys and values have the declared types.
const DECLARED_CHUNK: u8 = 0x24;
const CHUNK_ENTRIES: u32 = 255;

/// Writes a whole payload and returns its length.
pub fn message(js: &mut Js, shape: &Shape, value: napi_value, target: &mut [u8]) -> Result<usize> {
    let mut out = Out { target, at: 0 };
    out.bytes(&shape.prefix)?;
    fields(js, shape, &shape.types[shape.root], value, &mut out)?;
    Ok(out.at)
}

fn fields(
    js: &mut Js,
    shape: &Shape,
    message: &Message,
    object: napi_value,
    out: &mut Out,
) -> Result<()> {
    for field in &message.fields {
        let value = js.property(object, field.key)?;
        match field.kind {
            Kind::Bool => out.bytes(&[u8::from(js.bool(value)?)])?,
            Kind::Int => {
                let number = js.int(value)?;
                out.varint(((number << 1) ^ (number >> 63)) as u64)?;
            }
            Kind::Float => out.bytes(&js.float(value)?.to_le_bytes())?,
            Kind::String => text(js, value, out)?,
            Kind::Strings => list(js, value, out, text)?,
            Kind::Messages(index) => {
                let element = &shape.types[index];
                list(js, value, out, |js, value, out| {
                    out.bytes(&element.hash)?;
                    fields(js, shape, element, value, out)
                })?;
            }
            Kind::Labels => labels(js, value, out)?,
        }
    }
    Ok(())
}

fn list(
    js: &mut Js,
    array: napi_value,
    out: &mut Out,
    mut write: impl FnMut(&mut Js, napi_value, &mut Out) -> Result<()>,
) -> Result<()> {
    let length = js.length(array)?;
    out.varint(u64::from(length))?;
    if length > 0 {
        out.bytes(&[DECLARED])?;
    }
    for index in 0..length {
        let value = js.element(array, index)?;
        write(js, value, out)?;
    }
    Ok(())
}

fn labels(js: &mut Js, object: napi_value, out: &mut Out) -> Result<()> {
    let names = js.property_names(object)?;
    let length = js.length(names)?;
    out.varint(u64::from(length))?;
    for index in 0..length {
        if index % CHUNK_ENTRIES == 0 {
            out.bytes(&[DECLARED_CHUNK, (length - index).min(CHUNK_ENTRIES) as u8])?;
        }
        let name = js.element(names, index)?;
        text(js, name, out)?;
        let value = js.member(object, name)?;
        text(js, value, out)?;
    }
    Ok(())
}

/// The string encoding: Latin-1 if all characters fit, UTF-8 if a character is above U+FFFF, else UTF-16.
fn text(js: &mut Js, value: napi_value, out: &mut Out) -> Result<()> {
    let utf8 = js.text(value)?;
    if utf8.is_ascii() {
        out.varint((utf8.len() as u64) << 2)?;
        return out.bytes(utf8);
    }
    let text = std::str::from_utf8(utf8).map_err(|error| Error::from_reason(error.to_string()))?;
    let largest = text.chars().max().unwrap_or_default() as u32;
    if largest > 0xffff {
        out.varint((utf8.len() as u64) << 2 | 2)?;
        out.bytes(utf8)
    } else if largest > 0xff {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        out.varint((units.len() as u64) << 2 | 1)?;
        out.bytes(&units)
    } else {
        let latin1: Vec<u8> = text.chars().map(|character| character as u8).collect();
        out.varint((latin1.len() as u64) << 2)?;
        out.bytes(&latin1)
    }
}

struct Out<'a> {
    target: &'a mut [u8],
    at: usize,
}

impl Out<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let room = self.target.get_mut(self.at..self.at + bytes.len());
        room.ok_or_else(|| Error::from_reason("the target is too small"))?
            .copy_from_slice(bytes);
        self.at += bytes.len();
        Ok(())
    }

    /// Seven bits in each byte, low bits first; the ninth byte has eight bits.
    fn varint(&mut self, mut value: u64) -> Result<()> {
        let mut encoded = [0; 9];
        let mut length = 0;
        while value > 0x7f && length < 8 {
            encoded[length] = value as u8 | 0x80;
            value >>= 7;
            length += 1;
        }
        encoded[length] = value as u8;
        self.bytes(&encoded[..=length])
    }
}
