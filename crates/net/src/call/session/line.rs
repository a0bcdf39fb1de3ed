//! The stream of a session and its machine, which the task of the session and the running call use in turn.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::Notify;

use super::super::channel::Written;
use crate::connection::{FrameReader, FrameWriter, Reserved};

/// The stream of a session.
#[derive(Debug)]
pub(super) struct Line<M> {
    pub(super) machine: M,
    pub(super) writer: FrameWriter,
    pub(super) reader: FrameReader,
    /// Payload bytes of the running call that are being written, plus 4 for each message.
    writing: usize,
    /// The budget share of output of calls that have ended, until it is written.
    held: Option<Reserved>,
    /// A call has the turn.
    busy: bool,
    /// The peer does not read any more, or the connection is lost.
    failed: bool,
}

impl<M> Line<M> {
    pub(super) fn new(machine: M, writer: FrameWriter, reader: FrameReader) -> Self {
        Self { machine, writer, reader, writing: 0, held: None, busy: false, failed: false }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Queues output of the running call, `bytes` in its budget.
    pub(super) fn put(&mut self, chunk: Bytes) {
        self.writer.push(chunk);
    }

    /// Counts output of the running call in its budget until it is written.
    pub(super) fn count(&mut self, bytes: usize) {
        self.writing += bytes;
    }

    /// Keeps a budget share until everything that is queued was written.
    pub(super) fn hold(&mut self, share: Option<Reserved>) {
        match (&mut self.held, share) {
            (Some(held), Some(share)) => held.merge(share),
            (held, share) => *held = share.or_else(|| held.take()),
        }
    }

    /// The running call has ended: its output has no budget any more.
    pub(super) fn call_over(&mut self) {
        self.writing = 0;
    }

    /// Writes what is queued. Ready when all of it was written; pending too after the stream failed.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Written> {
        if self.failed {
            return Poll::Pending;
        }
        if ready!(self.writer.poll_flush(cx)).is_err() {
            self.failed = true;
            return Poll::Ready(Written::Failed);
        }
        self.held = None;
        Poll::Ready(Written::Credit(std::mem::take(&mut self.writing)))
    }
}

/// A line that is used in turn. No lock is held while anything is awaited.
#[derive(Debug)]
pub(super) struct Shared<M> {
    line: Mutex<Line<M>>,
    /// Tells the task of the session that the turn of a call is over.
    free: Notify,
}

impl<M> Shared<M> {
    pub(super) fn new(line: Line<M>) -> Arc<Self> {
        Arc::new(Self { line: Mutex::new(line), free: Notify::new() })
    }

    pub(super) fn line(&self) -> MutexGuard<'_, Line<M>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no call has the turn.
    pub(super) async fn returned(&self) {
        while self.line().busy {
            // A permit that an earlier turn left only leads to one more look.
            self.free.notified().await;
        }
    }
}

/// The right to use the line of a session, until it is dropped. There is one at a time.
#[derive(Debug)]
pub(in crate::call) struct Turn<M>(Arc<Shared<M>>);

impl<M> Turn<M> {
    pub(super) fn new(shared: &Arc<Shared<M>>) -> Self {
        shared.line().busy = true;
        Self(Arc::clone(shared))
    }

    pub(super) fn line(&self) -> MutexGuard<'_, Line<M>> {
        self.0.line()
    }
}

impl<M> Drop for Turn<M> {
    fn drop(&mut self) {
        {
            let mut line = self.line();
            line.call_over();
            line.busy = false;
        }
        self.0.free.notify_one();
    }
}
