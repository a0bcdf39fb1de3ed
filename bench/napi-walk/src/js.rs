//! The Node-API calls of the walk; the status of each is checked. All values are valid for one call.
use std::ffi::c_char;
use std::ptr;

use napi::bindgen_prelude::{Error, Result, Status};
use napi::sys::{self, napi_env, napi_ref, napi_value};

use crate::shape::MAX_KEYS;

/// Initial size of the string buffer. It grows for longer strings.
const SCRATCH: usize = 4096;

/// The environment of one call, with the keys fetched so far.
pub struct Js<'a> {
    env: napi_env,
    keys: napi_value,
    cached: [napi_value; MAX_KEYS],
    scratch: &'a mut Vec<u8>,
}

macro_rules! call {
    ($name:ident($($argument:expr),*)) => {
        // SAFETY: the environment and all values belong to the call that this `Js` was created for. Every out-pointer is
        // a local variable, or a buffer whose length is passed with it.
        check(unsafe { sys::$name($($argument),*) }, stringify!($name))
    };
}

fn check(status: i32, what: &str) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(failed(status, what))
    }
}

#[cold]
fn failed(status: i32, what: &str) -> Error {
    Error::new(Status::from(status), what.to_owned())
}

/// Keeps an object alive for the life of the process.
pub fn keep(env: napi_env, object: napi_value) -> Result<napi_ref> {
    let mut reference = ptr::null_mut();
    call!(napi_create_reference(env, object, 1, &raw mut reference))?;
    Ok(reference)
}

impl<'a> Js<'a> {
    /// Begins a call that uses the stored array of keys.
    pub fn new(env: napi_env, reference: napi_ref, scratch: &'a mut Vec<u8>) -> Result<Self> {
        let mut keys = ptr::null_mut();
        call!(napi_get_reference_value(env, reference, &raw mut keys))?;
        Ok(Self {
            env,
            keys,
            cached: [ptr::null_mut(); MAX_KEYS],
            scratch,
        })
    }

    fn key(&mut self, index: usize) -> Result<napi_value> {
        if self.cached[index].is_null() {
            self.cached[index] = self.element(self.keys, index as u32)?;
        }
        Ok(self.cached[index])
    }

    /// `object[keys[index]]`
    pub fn property(&mut self, object: napi_value, index: usize) -> Result<napi_value> {
        let key = self.key(index)?;
        self.member(object, key)
    }

    /// `object[keys[index]] = value`
    pub fn set_property(
        &mut self,
        object: napi_value,
        index: usize,
        value: napi_value,
    ) -> Result<()> {
        let key = self.key(index)?;
        self.set_member(object, key, value)
    }

    /// `object[key]`
    pub fn member(&self, object: napi_value, key: napi_value) -> Result<napi_value> {
        let mut value = ptr::null_mut();
        call!(napi_get_property(self.env, object, key, &raw mut value))?;
        Ok(value)
    }

    /// `object[key] = value`
    pub fn set_member(&self, object: napi_value, key: napi_value, value: napi_value) -> Result<()> {
        call!(napi_set_property(self.env, object, key, value))
    }

    /// The own string keys of an object, as an array.
    pub fn property_names(&self, object: napi_value) -> Result<napi_value> {
        let mut names = ptr::null_mut();
        call!(napi_get_property_names(self.env, object, &raw mut names))?;
        Ok(names)
    }

    /// `array.length`
    pub fn length(&self, array: napi_value) -> Result<u32> {
        let mut length = 0;
        call!(napi_get_array_length(self.env, array, &raw mut length))?;
        Ok(length)
    }

    /// `array[index]`
    pub fn element(&self, array: napi_value, index: u32) -> Result<napi_value> {
        let mut value = ptr::null_mut();
        call!(napi_get_element(self.env, array, index, &raw mut value))?;
        Ok(value)
    }

    /// `array[index] = value`
    pub fn set_element(&self, array: napi_value, index: u32, value: napi_value) -> Result<()> {
        call!(napi_set_element(self.env, array, index, value))
    }

    /// The number as a double.
    pub fn float(&self, value: napi_value) -> Result<f64> {
        let mut number = 0.0;
        call!(napi_get_value_double(self.env, value, &raw mut number))?;
        Ok(number)
    }

    /// The number as an integer.
    pub fn int(&self, value: napi_value) -> Result<i64> {
        let mut number = 0;
        call!(napi_get_value_int64(self.env, value, &raw mut number))?;
        Ok(number)
    }

    /// The boolean.
    pub fn bool(&self, value: napi_value) -> Result<bool> {
        let mut boolean = false;
        call!(napi_get_value_bool(self.env, value, &raw mut boolean))?;
        Ok(boolean)
    }

    /// The string as UTF-8, in a buffer that is valid until the next string.
    pub fn text(&mut self, value: napi_value) -> Result<&[u8]> {
        if self.scratch.is_empty() {
            self.scratch.resize(SCRATCH, 0);
        }
        let mut length = self.copy_text(value)?;
        // If the buffer is full, the string may be cut. Then read its length, grow the buffer and copy again.
        if length + 4 >= self.scratch.len() {
            call!(napi_get_value_string_utf8(
                self.env,
                value,
                ptr::null_mut(),
                0,
                &raw mut length
            ))?;
            self.scratch.resize(length + 5, 0);
            length = self.copy_text(value)?;
        }
        Ok(&self.scratch[..length])
    }

    fn copy_text(&mut self, value: napi_value) -> Result<usize> {
        let mut length = 0;
        let (buffer, room) = (
            self.scratch.as_mut_ptr().cast::<c_char>(),
            self.scratch.len(),
        );
        call!(napi_get_value_string_utf8(
            self.env,
            value,
            buffer,
            room,
            &raw mut length
        ))?;
        Ok(length)
    }

    /// An empty object.
    pub fn new_object(&self) -> Result<napi_value> {
        let mut object = ptr::null_mut();
        call!(napi_create_object(self.env, &raw mut object))?;
        Ok(object)
    }

    /// An array of this length without elements.
    pub fn new_array(&self, length: usize) -> Result<napi_value> {
        let mut array = ptr::null_mut();
        call!(napi_create_array_with_length(
            self.env,
            length,
            &raw mut array
        ))?;
        Ok(array)
    }

    /// A number from a double.
    pub fn new_float(&self, number: f64) -> Result<napi_value> {
        let mut value = ptr::null_mut();
        call!(napi_create_double(self.env, number, &raw mut value))?;
        Ok(value)
    }

    /// A number from an integer.
    pub fn new_int(&self, number: i64) -> Result<napi_value> {
        let mut value = ptr::null_mut();
        call!(napi_create_int64(self.env, number, &raw mut value))?;
        Ok(value)
    }

    /// A boolean.
    pub fn new_bool(&self, boolean: bool) -> Result<napi_value> {
        let mut value = ptr::null_mut();
        call!(napi_get_boolean(self.env, boolean, &raw mut value))?;
        Ok(value)
    }

    /// A string from Latin-1 bytes.
    pub fn new_latin1(&self, bytes: &[u8]) -> Result<napi_value> {
        let mut value = ptr::null_mut();
        let start = bytes.as_ptr().cast::<c_char>();
        call!(napi_create_string_latin1(
            self.env,
            start,
            bytes.len() as isize,
            &raw mut value
        ))?;
        Ok(value)
    }

    /// A string from UTF-8 bytes.
    pub fn new_utf8(&self, bytes: &[u8]) -> Result<napi_value> {
        let mut value = ptr::null_mut();
        let start = bytes.as_ptr().cast::<c_char>();
        call!(napi_create_string_utf8(
            self.env,
            start,
            bytes.len() as isize,
            &raw mut value
        ))?;
        Ok(value)
    }

    /// A string from UTF-16 units.
    pub fn new_utf16(&self, units: &[u16]) -> Result<napi_value> {
        let mut value = ptr::null_mut();
        call!(napi_create_string_utf16(
            self.env,
            units.as_ptr(),
            units.len() as isize,
            &raw mut value
        ))?;
        Ok(value)
    }
}
