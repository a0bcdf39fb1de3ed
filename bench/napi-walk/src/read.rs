//! Decodes bytes to objects. It accepts only bytes that `write` produces; other bytes are an error.
use napi::bindgen_prelude::{Error, Result};
use napi::sys::napi_value;

use crate::js::Js;
use crate::shape::{Kind, Message, Shape};

/// Reads a whole payload.
pub fn message(js: &mut Js, shape: &Shape, bytes: &[u8]) -> Result<napi_value> {
    let mut input = Input { rest: bytes };
    if input.take(shape.prefix.len())? != shape.prefix.as_slice() {
        return Err(invalid("prefix"));
    }
    fields(js, shape, &shape.types[shape.root], &mut input)
}

fn fields(js: &mut Js, shape: &Shape, message: &Message, input: &mut Input) -> Result<napi_value> {
    let object = js.new_object()?;
    for field in &message.fields {
        let value = match field.kind {
            Kind::Bool => js.new_bool(input.take(1)? == [1])?,
            Kind::Int => {
                let number = input.varint()?;
                js.new_int((number >> 1) as i64 ^ -((number & 1) as i64))?
            }
            Kind::Float => js.new_float(f64::from_le_bytes(input.array()?))?,
            Kind::String => text(js, input)?,
            Kind::Strings => list(js, input, text)?,
            Kind::Messages(index) => {
                let element = &shape.types[index];
                list(js, input, |js, input| {
                    if input.array()? != element.hash {
                        return Err(invalid("hash"));
                    }
                    fields(js, shape, element, input)
                })?
            }
            Kind::Labels => labels(js, input)?,
        };
        js.set_property(object, field.key, value)?;
    }
    Ok(object)
}

fn list(
    js: &mut Js,
    input: &mut Input,
    mut read: impl FnMut(&mut Js, &mut Input) -> Result<napi_value>,
) -> Result<napi_value> {
    let length = input.varint()? as usize;
    if length > input.rest.len() {
        return Err(invalid("length"));
    }
    let array = js.new_array(length)?;
    if length > 0 && input.take(1)? != [0x0c] {
        return Err(invalid("list"));
    }
    for index in 0..length {
        let value = read(js, input)?;
        js.set_element(array, index as u32, value)?;
    }
    Ok(array)
}

fn labels(js: &mut Js, input: &mut Input) -> Result<napi_value> {
    let object = js.new_object()?;
    let mut left = input.varint()?;
    while left > 0 {
        let [head, size] = input.array()?;
        if head != 0x24 || size == 0 || u64::from(size) > left {
            return Err(invalid("map"));
        }
        for _ in 0..size {
            let key = text(js, input)?;
            let value = text(js, input)?;
            js.set_member(object, key, value)?;
        }
        left -= u64::from(size);
    }
    Ok(object)
}

fn text(js: &mut Js, input: &mut Input) -> Result<napi_value> {
    let head = input.varint()?;
    let bytes = input.take((head >> 2) as usize)?;
    match head & 3 {
        0 => js.new_latin1(bytes),
        1 => {
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect();
            js.new_utf16(&units)
        }
        2 => js.new_utf8(bytes),
        _ => Err(invalid("string")),
    }
}

#[cold]
fn invalid(what: &str) -> Error {
    Error::from_reason(format!("invalid {what}"))
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| invalid("end"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| invalid("end"))
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for index in 0..8 {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        let [byte] = self.array()?;
        Ok(value | u64::from(byte) << 56)
    }
}
