//! Writes bytes to a QUIC stream. A write that was interrupted continues at the same byte.

use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use iroh::endpoint::{SendStream, WriteError};

use super::reader::ABORT;

/// Writes to one stream.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    stream: SendStream,
    pending: Vec<Bytes>,
    started: bool,
    finished: bool,
}

impl FrameWriter {
    pub(crate) fn new(stream: SendStream) -> Self {
        Self { stream, pending: Vec::new(), started: false, finished: false }
    }

    /// Queues bytes for the next flush.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.pending.push(chunk);
    }

    pub(crate) fn extend(&mut self, chunks: Vec<Bytes>) {
        if self.pending.is_empty() {
            self.pending = chunks;
        } else {
            self.pending.extend(chunks);
        }
    }

    /// Drops the chunks of which no byte was written.
    pub(crate) fn drop_unsent(&mut self) {
        self.pending.truncate(1);
    }

    /// Writes the queued bytes; those that were not written stay queued.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        while !self.pending.is_empty() {
            let before = self.pending.len();
            let mut rest = self.pending.as_mut_slice();
            ready!(pin!(self.stream.write_many_chunks(&mut rest)).poll(cx))?;
            let written = before - rest.len();
            self.pending.drain(..written);
            self.started = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Like [`poll_flush`](Self::poll_flush). Cancel-safe.
    pub(crate) async fn flush(&mut self) -> Result<(), WriteError> {
        std::future::poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Ends the direction normally. Call this directly after the last flush, so that both share a packet.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
        // The peer may have stopped the stream in the meantime. Then there is nothing to end.
        let _ = self.stream.finish();
    }

    /// Writes the queued bytes and ends the direction normally. If this takes longer than `limit`, the stream is
    /// reset.
    pub(crate) async fn finish_within(&mut self, limit: Duration) {
        if let Ok(Ok(())) = tokio::time::timeout(limit, self.flush()).await {
            self.finish();
        }
    }

    /// Ends the direction as failed, unless it has ended already. Only dropping the stream would end it normally, and
    /// the peer would accept an incomplete message as complete.
    pub(crate) fn abort(&mut self) {
        self.pending = Vec::new();
        if !self.finished {
            self.finished = true;
            let _ = self.stream.reset(ABORT);
        }
    }

    /// Whether the direction has ended, normally or by a reset.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether any byte left this process.
    pub(crate) fn started(&self) -> bool {
        self.started
    }

    /// Ready when the peer stops the stream (true) or has acknowledged all bytes (false).
    pub(crate) fn stopped(&self) -> impl Future<Output = bool> + Send + use<> {
        let stopped = self.stream.stopped();
        async move { !matches!(stopped.await, Ok(None)) }
    }
}

impl Drop for FrameWriter {
    fn drop(&mut self) {
        self.abort();
    }
}
