//! Encodes and decodes messages by walking JavaScript objects from Rust, property by property, with cached keys.
//!
//! Only the shapes that the codec bench uses are covered. It is written to be fast within what Node-API offers:
//! one call per property and value, keys as existing strings, no temporary objects, the caller's buffer as target.
mod js;
mod read;
mod shape;
mod write;

use std::cell::RefCell;

use napi::bindgen_prelude::{Env, Error, Object, Result, Uint8ArraySlice, Unknown};
use napi::{JsValue, sys};
use napi_derive::napi;

use js::Js;
use shape::Shape;

/// What stays between calls of this thread.
struct State {
    shapes: Vec<(Shape, sys::napi_ref)>,
    scratch: Vec<u8>,
}

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State { shapes: Vec::new(), scratch: Vec::new() }) };
}

/// Prepares a message type; returns its number. `keys` is an array of the property names that the shape refers to;
/// Node-API can only refer to objects, so the array is what stays alive.
#[napi]
pub fn define(env: Env, shape: String, keys: Object) -> Result<u32> {
    let shape = Shape::parse(&shape).map_err(Error::from_reason)?;
    let reference = js::keep(env.raw(), keys.raw())?;
    STATE.with_borrow_mut(|state| {
        state.shapes.push((shape, reference));
        Ok(state.shapes.len() as u32 - 1)
    })
}

/// Writes the message into `target` and returns its length; fails when it does not fit.
#[napi]
pub fn encode(env: Env, id: u32, value: Unknown, mut target: Uint8ArraySlice) -> Result<u32> {
    // SAFETY: JavaScript runs nothing while this call does, so nobody else looks at the buffer.
    let target = unsafe { target.as_mut() };
    with_shape(env, id, |js, shape| {
        write::message(js, shape, value.raw(), target).map(|length| length as u32)
    })
}

/// Builds the object of a message.
#[napi]
pub fn decode<'a>(env: Env, id: u32, bytes: &[u8]) -> Result<Unknown<'a>> {
    let raw = with_shape(env, id, |js, shape| read::message(js, shape, bytes))?;
    // SAFETY: `raw` was just created in this environment and lives in the handle scope of this call.
    Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), raw) })
}

fn with_shape<T>(env: Env, id: u32, run: impl FnOnce(&mut Js, &Shape) -> Result<T>) -> Result<T> {
    STATE.with_borrow_mut(|State { shapes, scratch }| {
        let (shape, keys) = shapes
            .get(id as usize)
            .ok_or_else(|| Error::from_reason("no such shape"))?;
        run(&mut Js::new(env.raw(), *keys, scratch)?, shape)
    })
}
