//! Fory XLANG: schema to plan, and the plan over bytes and JSON.
//!
//! The lowest layer: it knows no frames, no calls and no network. `buffer` reads and writes the forms of
//! values; `schema` and `plan` decide which form stands where; `decode` and `encode` walk a plan over bytes,
//! driven by or driving JSON text (`json`) or values in memory (`value`, `graph`); `row` is the form that is
//! read in place.

#![forbid(unsafe_code)]

pub mod buffer;
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
pub use encode::NULL_MESSAGE;
pub use error::CodecError;
pub use graph::{Graph, plain_to_wire, wire_to_presence_flagged};
pub use json::{json_to_xlang, wire_to_json, xlang_to_json};
pub use limits::PayloadLimits;
pub use murmur3::murmur3;
pub use plan::Plan;
pub use row::{RowLayout, message_to_row, row_to_message};
pub use schema::{PlanError, Schema};
pub use sink::check;
pub use types::{ArrayKind, Scalar};
pub use value::Value;
pub use violation::Violation;
