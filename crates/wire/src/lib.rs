//! The protocol without I/O: frames, compression, records, tickets, addresses, admission documents, limits.
//!
//! Owns every byte on the wire except the user's payload. Does not read sockets, clocks or files, and starts no
//! threads or tasks: `aster-net` passes bytes in and acts on the results. Every function accepts bytes from a
//! hostile peer and returns a value or an error. Memory use is proportional to the bytes received.
#![forbid(unsafe_code)]

pub mod address;
pub mod admission;
pub mod call;
pub mod compression;
pub mod description;
pub mod ending;
pub mod frame;
pub mod hex;
mod json;
pub mod limit;
pub mod record;
pub mod session;
pub mod status;
pub mod ticket;
