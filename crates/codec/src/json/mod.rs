//! JSON mode: converts Python's JSON text to XLANG bytes and back.
//!
//! `JSON.parse` and `serde_json` cannot read all of Python's JSON: bare `NaN`, integers above 2^53, and the
//! difference between `1` and `1.0`. They also do not print the same text. So the lexer and the printer are our own.

mod lexer;
mod print;
mod sink;
mod source;

pub(crate) use print::write_string;
pub use sink::{wire_to_json, xlang_to_json, xlang_to_json_within};
pub use source::{json_to_xlang, json_to_xlang_within};
