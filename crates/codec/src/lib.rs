//! Fory XLANG: compiles a schema to a plan, and encodes and decodes payloads by the plan.
//!
//! The lowest layer: it knows no frames, no calls and no network. `buffer` reads and writes single integers,
//! floats and strings. `schema` and `plan` decide how each value of a message is encoded. `decode` walks over
//! bytes and calls a `sink`, `encode` takes values from a `source`. JSON text (`json`) and values in memory
//! (`value`, `graph`) have both a source and a sink. `row` is Fory's row format, which is read in place.

#![forbid(unsafe_code)]

pub mod buffer;
mod check;
mod decode;
mod encode;
mod error;
mod graph;
mod json;
mod limits;
pub mod metastring;
mod murmur3;
mod plan;
mod row;
pub mod schema;
mod sink;
mod source;
mod types;
mod value;
mod violation;

pub use buffer::{ReadError, Reader, Writer};
pub use check::check;
pub use encode::NULL_MESSAGE;
pub use error::CodecError;
pub use graph::{Graph, plain_to_wire, wire_to_presence_flagged, wire_to_presence_flagged_within};
pub use json::{json_to_xlang, json_to_xlang_within, wire_to_json, xlang_to_json, xlang_to_json_within};
pub use limits::PayloadLimits;
pub use murmur3::murmur3;
pub use plan::Plan;
pub use row::{RowLayout, message_to_row, row_to_message};
pub use schema::{PlanError, Schema};
pub use types::{ArrayKind, Scalar};
pub use value::Value;
pub use violation::Violation;
