//! JSON mode: Python's JSON text to and from XLANG bytes.
//!
//! Neither JSON.parse nor `serde_json` reads what Python writes (bare NaN, integers past 2^53, 1 against
//! 1.0), and neither writes its text, so the lexer and the printer are our own.

mod lexer;
mod print;
mod sink;
mod source;

pub(crate) use print::write_string;
pub use sink::{wire_to_json, xlang_to_json};
pub use source::json_to_xlang;
