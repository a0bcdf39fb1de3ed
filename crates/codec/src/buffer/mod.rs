//! Byte cursors: everything that is read from or written to an XLANG message passes through here.
//!
//! Owns the integer, float, string and byte-string forms. Knows no types and no plans: the modules above
//! decide which form stands where. All integers are little-endian.

mod reader;
mod text;
mod writer;

pub use reader::{ReadError, Reader};
pub use writer::Writer;
