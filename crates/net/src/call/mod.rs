//! Calls: client calls and server calls, which are awaited, and the services whose handlers answer them.
//!
//! Owns running a call on its channel (writing, reading, flow control, deadline, cancellation), compression and
//! transcoding of payloads, the check of headers, and the choice of the handler. The order and the meaning of frames
//! are in `aster_wire::call`; streams and budgets are in `connection`.

mod agreement;
mod calls;
mod channel;
mod client;
mod conversion;
mod definition;
mod dispatch;
mod event;
mod framed;
mod handle;
mod handler;
mod header;
mod message;
mod method;
mod outcome;
mod payload;
mod ping;
mod server;
mod service;
mod session;

pub use agreement::{Agreement, Verdict};
pub(crate) use calls::CallServer;
pub use client::ClientCall;
pub use definition::{MethodDefinition, ServiceDefinition};
pub use event::ServerEvent;
pub use framed::Framed;
pub use handle::{CallHandle, FIRST_WINDOW, STREAM_BUDGET, UNREAD, Widened};
pub use handler::{Handler, Serving, SessionHandler};
pub use message::{Block, Message};
pub use method::{CallOptions, ClientMethod, Metadata};
pub use outcome::{CallEnd, ClientEvent};
pub use payload::{Compress, Mode, PayloadCodec, codec_status};
pub use server::ServerCall;
pub use service::Registration;
pub use session::{
    ClientSession, ClosedBy, OpenFailure, OpenSession, ServedSession, SessionClosed, SessionDriver,
    SessionEnd, SessionOptions,
};

#[cfg(test)]
mod tests {
    use std::future::Future;

    use super::*;

    fn future_bytes<A, B, C, F: Future>(_: impl FnOnce(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    fn event_bytes<'a, T: 'a, F: Future>(_: impl FnOnce(&'a mut T) -> F) -> usize {
        size_of::<F>()
    }

    /// A future is moved when it is spawned, and it stays allocated while the call is open: large futures cost time
    /// and memory (`docs/performance.md`). `cargo test -- --nocapture` prints each size.
    #[test]
    fn the_futures_of_a_call_stay_below_two_kib() {
        let server = future_bytes(CallServer::serve);
        let client = event_bytes(ClientCall::next);
        let handling = event_bytes(ServerCall::next);
        eprintln!("server stream {server} B, client event {client} B, server event {handling} B");
        assert!(server <= 2048 && client <= 1024 && handling <= 256, "{server}, {client}, {handling}");
    }
}
