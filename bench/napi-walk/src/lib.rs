//! Encodes and decodes messages by reading JavaScript objects from Rust, property by property, with cached keys.
//!
//! It supports only the message shapes of the codec bench. It is as fast as Node-API allows: one call for each property
//! and value, keys as existing strings, no temporary objects, and it writes into the caller's buffer.
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

/// The state of this thread that is kept between calls.
struct State {
    shapes: Vec<(Shape, sys::napi_ref)>,
    scratch: Vec<u8>,
}

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State { shapes: Vec::new(), scratch: Vec::new() }) };
}

/// Prepares a message type and returns its number. `keys` is an array of the property names that the shape uses. Node-API
/// can keep only objects alive, so a reference to the array keeps the names alive.
#[napi]
pub fn define(env: Env, shape: String, keys: Object) -> Result<u32> {
    let shape = Shape::parse(&shape).map_err(Error::from_reason)?;
    let reference = js::keep(env.raw(), keys.raw())?;
    STATE.with_borrow_mut(|state| {
        state.shapes.push((shape, reference));
        Ok(state.shapes.len() as u32 - 1)
    })
}

/// Writes the message into `target` and returns its length. It is an error if the message does not fit.
#[napi]
pub fn encode(env: Env, id: u32, value: Unknown, mut target: Uint8ArraySlice) -> Result<u32> {
    // SAFETY: JavaScript does not run during this call, so no other code accesses the buffer.
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
