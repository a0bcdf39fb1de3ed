//! Sessions: calls of one service that run one after another on one stream (`docs/protocol.md#sessions`).
//!
//! Owns the tasks that drive `aster_wire::session` over QUIC, on both sides, and the turns of calls: between two calls the
//! task of the session reads the stream, and during a call the owner of the call does. What a frame means is decided in
//! `aster_wire::session`; judging a call is in `header`, and the events of a call are those of every other call.

pub(super) mod answering;
pub(super) mod calling;
pub(super) mod client;
mod client_line;
pub(super) mod driver;
mod line;
pub(super) mod served;
pub(super) mod server;
mod server_line;

pub use client::{ClientSession, ClosedBy, SessionClosed, SessionOptions};
pub use driver::{OpenFailure, OpenSession, SessionDriver};
pub use served::{ServedSession, SessionEnd};
