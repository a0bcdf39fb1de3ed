//! Byte cursors: [`Reader`] and [`Writer`] do every read and write of XLANG bytes.
//!
//! Owns the encodings of integers, floats, strings and byte strings. Knows no types and no plans: the other modules
//! decide which encoding a value has. All integers are little-endian.

mod reader;
mod text;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

/// Why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The value reaches past the end of the bytes.
    #[error("the message ends inside a value")]
    Short,
    /// A variable-length integer is wider than its type.
    #[error("an integer is wider than its type")]
    Varint,
    /// The header of a string has an unknown encoding number.
    #[error("a string has an unknown encoding")]
    StringEncoding,
    /// A string is not UTF-8.
    #[error("a string is not valid UTF-8")]
    Utf8,
    /// A string is not UTF-16, or contains a lone surrogate.
    #[error("a string is not valid UTF-16")]
    Utf16,
}
