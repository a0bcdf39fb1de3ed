//! The meeting point of a call: what the user's side did (from the port's dispatcher) waits here for the
//! task that owns the streams. One per call, client and server alike.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aster_wire::record::RpcStatus;
use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

/// What a stream may have unread on the user's side, and a writer unsent: message bytes plus 4 a message.
pub(crate) const STREAM_BUDGET: usize = 1 << 20;
/// Messages up to this size are joined by copying, so that a write is few chunks.
const JOIN_BYTES: usize = 4096;
const JOINED_BYTES: usize = 64 * 1024;

/// How the output of a call ends.
#[derive(Debug)]
pub(crate) enum End {
    /// Client: no more input.
    Input,
    /// Server: with this status.
    Status(RpcStatus),
}

#[derive(Debug, Default)]
struct State {
    chunks: Vec<Bytes>,
    joined: BytesMut,
    bytes: usize,
    end: Option<End>,
    cancelled: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    output: Notify,
    cancel: Notify,
    credit: Notify,
    unread: AtomicUsize,
}

/// What the writer takes out at once.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) chunks: Vec<Bytes>,
    /// To give back as credit once written.
    pub(crate) bytes: usize,
    pub(crate) end: Option<End>,
}

impl Mailbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame that carries a message of `payload` bytes.
    pub(crate) fn put(&self, frame: Bytes, payload: usize) {
        let mut state = self.state();
        if state.end.is_some() || state.cancelled {
            return;
        }
        state.bytes += payload + 4;
        if frame.len() <= JOIN_BYTES {
            state.joined.extend_from_slice(&frame);
            if state.joined.len() >= JOINED_BYTES {
                let full = state.joined.split().freeze();
                state.chunks.push(full);
            }
        } else {
            if !state.joined.is_empty() {
                let before = state.joined.split().freeze();
                state.chunks.push(before);
            }
            state.chunks.push(frame);
        }
        drop(state);
        self.output.notify_one();
    }

    /// Ends the output. The first end counts.
    pub(crate) fn end(&self, end: End) {
        self.state().end.get_or_insert(end);
        self.output.notify_one();
    }

    /// The user's side leaves.
    pub(crate) fn cancel(&self) {
        self.state().cancelled = true;
        self.cancel.notify_one();
    }

    /// The user's side consumed `bytes`.
    pub(crate) fn credit(&self, bytes: usize) {
        let _ =
            self.unread.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| Some(n.saturating_sub(bytes)));
        self.credit.notify_one();
    }

    /// Notes that `bytes` were handed to the user's side.
    pub(crate) fn handed(&self, bytes: usize) {
        self.unread.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Waits until the user's side has read enough for more to be handed over. Cancel-safe.
    pub(crate) async fn room(&self) {
        while self.unread.load(Ordering::Acquire) >= STREAM_BUDGET {
            self.credit.notified().await;
        }
    }

    /// Bytes handed over and not yet consumed.
    pub(crate) fn unread(&self) -> usize {
        self.unread.load(Ordering::Acquire)
    }

    /// Waits for the user's side to leave. Cancel-safe.
    pub(crate) async fn cancelled(&self) {
        while !self.state().cancelled {
            self.cancel.notified().await;
        }
    }

    /// Waits for output. Cancel-safe: what is taken is returned in the same poll.
    pub(crate) async fn output(&self) -> Output {
        loop {
            let output = self.take();
            if !output.chunks.is_empty() || output.end.is_some() {
                return output;
            }
            self.output.notified().await;
        }
    }

    /// The output that is there now.
    pub(crate) fn take(&self) -> Output {
        let mut state = self.state();
        let mut chunks = std::mem::take(&mut state.chunks);
        if !state.joined.is_empty() {
            chunks.push(state.joined.split().freeze());
        }
        Output { chunks, bytes: std::mem::take(&mut state.bytes), end: state.end.take() }
    }
}
