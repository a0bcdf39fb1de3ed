//! Connections: one that was dialled, one that was accepted, and what both are made of.
//!
//! Owns redialling, liveness, the pace of accepting streams, the byte budget, and frames over QUIC streams. What a
//! frame means to a call is in `aster_wire::call`; nothing here knows calls.

mod budget;
mod incoming;
mod outgoing;
mod pace;
mod path;
mod reader;
mod writer;

pub use budget::MESSAGE_OVERHEAD;
pub(crate) use budget::Reserved;
pub use incoming::IncomingConnection;
pub(crate) use incoming::IncomingStream;
pub use outgoing::OutgoingConnection;
pub(crate) use outgoing::{chain, endpoint_addr};
pub use path::PathInfo;
pub(crate) use reader::{FrameReader, connection_failure};
pub(crate) use writer::FrameWriter;
