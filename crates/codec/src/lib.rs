//! Fory XLANG: schema to plan, and the plan over bytes and JSON.
//!
//! The lowest layer: it knows no frames, no calls and no network. `buffer` reads and writes the forms of
//! values, `schema` and `plan` decide which form stands where.

#![forbid(unsafe_code)]

pub mod buffer;
mod json;
pub mod metastring;
mod murmur3;
mod plan;
pub mod schema;
mod types;

pub use buffer::{ReadError, Reader, Writer};
pub use murmur3::murmur3;
pub use plan::Plan;
pub use schema::{PlanError, Schema};
