//! The protocol without I/O: frames, compression, records, tickets, addresses, admission documents, limits.
//!
//! Owns every byte on the wire except the user's payload. Does not read sockets, clocks or files, and
//! starts nothing: `aster-net` feeds it bytes and acts on what it returns. Every function here may be
//! given bytes from a hostile peer and answers with a value or an error, in memory proportional to
//! what has arrived.
#![forbid(unsafe_code)]

pub mod address;
pub mod admission;
pub mod compression;
pub mod frame;
pub mod hex;
mod json;
pub mod limit;
pub mod record;
pub mod status;
pub mod ticket;
