//! Calls: client calls and server calls as values that are awaited, and the services that answer them.
//!
//! Owns running one call over its channel (write, read, flow control, deadline, leaving), payload compression and
//! transcoding, the judgement of headers, and which handler answers. The order of frames and what each means is
//! in `aster_wire::call`; streams and budgets are in `connection`.

mod channel;
mod client;
mod definition;
mod dispatch;
mod framed;
mod handle;
mod handler;
mod header;
mod message;
mod payload;
mod server;
mod service;

pub use client::{CallEnd, CallOptions, ClientCall, ClientEvent, ClientMethod, Metadata};
pub use definition::{MethodDefinition, ServiceDefinition};
pub(crate) use dispatch::CallServer;
pub use framed::Framed;
pub use handle::{CallHandle, STREAM_BUDGET};
pub use handler::{Handler, Serving};
pub use message::{Block, Message};
pub use payload::{Compress, Mode, PayloadCodec, codec_status};
pub use server::{ServerCall, ServerEvent};
pub use service::Registration;

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

    /// A future is moved when it is spawned, and an open call keeps it: large ones cost time and memory
    /// (`docs/performance.md`). Each number is printed with `cargo test -- --nocapture`.
    #[test]
    fn the_futures_of_a_call_stay_below_two_kib() {
        let server = future_bytes(CallServer::serve);
        let client = event_bytes(ClientCall::next);
        let handling = event_bytes(ServerCall::next);
        eprintln!("server stream {server} B, client event {client} B, server event {handling} B");
        assert!(server <= 2048 && client <= 1024 && handling <= 256, "{server}, {client}, {handling}");
    }
}
