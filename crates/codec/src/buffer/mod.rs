//! Byte cursors: [`Reader`] and [`Writer`] do every read and write of XLANG bytes.
//!
//! Owns the encodings of integers, floats, strings and byte strings. Knows no types and no plans: the other modules
//! decide which encoding a value has. All integers are little-endian.

mod reader;
mod text;
mod writer;

pub use reader::{ReadError, Reader};
pub use writer::Writer;
