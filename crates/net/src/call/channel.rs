//! The two directions of one call, for clients and servers.
//!
//! Every call has a QUIC stream of its own. A call inside a session would use the stream of the session; the state
//! machines define which frames begin and end such a call.

use std::task::{Context, Poll, ready};

use aster_wire::call::InputFailure;
use aster_wire::frame::{Frame, flag};
use aster_wire::limit::RecordLimits;
use aster_wire::record::{Encoding, RpcStatus};
use bytes::Bytes;

use super::conversion::Intake;
use super::framed::Framed;
use super::handle::{CallHandle, End, STREAM_BUDGET};
use super::message::Block;
use super::payload::PayloadCodec;
use crate::connection::{FrameReader, FrameWriter};

/// A block is delivered when it has this size or more.
pub(super) const BLOCK_BYTES: usize = 256 * 1024;

/// A trailer frame with this status. Texts that exceed the limits are cut.
pub(crate) fn trailer(mut status: RpcStatus, encoding: Encoding) -> Bytes {
    RecordLimits::default().cut_status(&mut status);
    // INVARIANT: a status within the limits is far smaller than a frame.
    Framed::from_payload(flag::TRAILER, &status.encode(encoding)).map(Framed::into_wire).unwrap_or_default()
}

/// The two directions of a stream.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) writer: FrameWriter,
    pub(crate) reader: FrameReader,
    outlet: Outlet,
    intake: Intake,
}

#[derive(Debug, Default)]
struct Outlet {
    /// Bytes that were taken from the handle and are being written.
    writing: usize,
    ending: bool,
    done: bool,
}

/// Result of writing the output of a call.
#[derive(Debug)]
pub(crate) enum Written {
    /// This many bytes were written, so the user may send more.
    Credit(usize),
    /// The end of the output was written.
    Finished,
    /// The peer stopped reading.
    Failed,
}

/// How one side handles one read.
pub(crate) enum Step<F> {
    /// The frame has no effect.
    Skip,
    /// A message for the user, not yet converted.
    Message(Frame),
    /// The input ends; the fact gives the reason.
    End(F),
}

impl Channel {
    pub(crate) fn new(writer: FrameWriter, reader: FrameReader) -> Self {
        Self { writer, reader, outlet: Outlet::default(), intake: Intake::default() }
    }

    /// Moves the queued output of the handle into the writer, so that all of it shares one write. False: nothing was
    /// added.
    pub(crate) fn gather(&mut self, handle: &CallHandle) -> bool {
        let output = handle.take_output();
        if output.is_empty() {
            return false;
        }
        self.outlet.writing += output.bytes;
        self.writer.extend(output.chunks);
        match output.end {
            None => {}
            Some(End::Input) => self.outlet.ending = true,
            Some(End::Status(status)) => {
                self.writer.push(trailer(status, handle.encoding()));
                self.outlet.ending = true;
            }
        }
        true
    }

    /// Moves output from the handle to the stream until it ends.
    pub(crate) fn poll_write(&mut self, handle: &CallHandle, cx: &mut Context<'_>) -> Poll<Written> {
        // The window has grown: the writer is told like of credit.
        if handle.poll_widened(cx).is_ready() {
            return Poll::Ready(Written::Credit(0));
        }
        loop {
            if self.outlet.done {
                return Poll::Pending;
            }
            if ready!(self.writer.poll_flush(cx)).is_err() {
                self.outlet.done = true;
                return Poll::Ready(Written::Failed);
            }
            let written = std::mem::take(&mut self.outlet.writing);
            if written > 0 {
                handle.written(written);
            }
            if self.outlet.ending {
                self.outlet.done = true;
                self.writer.finish();
                return Poll::Ready(Written::Finished);
            }
            if written > 0 {
                return Poll::Ready(Written::Credit(written));
            }
            if !self.gather(handle) {
                return Poll::Pending;
            }
        }
    }

    /// See [`Intake::begin`].
    pub(crate) fn convert(&mut self, codec: &PayloadCodec, frame: Frame) -> Option<Result<Bytes, RpcStatus>> {
        self.intake.begin(codec, frame, &mut self.reader)
    }

    /// See [`Intake::poll`].
    pub(crate) fn poll_converted(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, RpcStatus>>> {
        self.intake.poll(&mut self.reader, cx)
    }

    /// Reads the messages that have arrived, up to a size, and the end of the input if it has arrived too. Waits for
    /// the first message. Before that, waits until the user has consumed enough.
    pub(crate) fn poll_block<F>(
        &mut self,
        (handle, codec): (&CallHandle, &PayloadCodec),
        cx: &mut Context<'_>,
        mut step: impl FnMut(Result<Option<Frame>, InputFailure>) -> Step<F>,
        unreadable: impl FnOnce(RpcStatus) -> F,
    ) -> Poll<(Block, Option<F>)> {
        let unread = handle.unread();
        if unread >= STREAM_BUDGET {
            return Poll::Pending;
        }
        self.reader.set_unread(unread > 0);
        let mut block = Block::default();
        let mut converted = ready!(self.intake.poll(&mut self.reader, cx));
        let mut read = Ok(None);
        if converted.is_none() {
            read = ready!(self.reader.poll_next(cx, false));
        }
        loop {
            let step = if converted.is_some() { Step::Skip } else { step(read) };
            match step {
                Step::Skip => {}
                Step::Message(frame) => {
                    converted = self.intake.begin(codec, frame, &mut self.reader);
                    if converted.is_none() {
                        break;
                    }
                }
                Step::End(fact) => return Poll::Ready((self.hand_over(block, handle), Some(fact))),
            }
            match converted.take() {
                None => {}
                Some(Ok(message)) => block.push(message),
                Some(Err(failure)) => {
                    return Poll::Ready((self.hand_over(block, handle), Some(unreadable(failure))));
                }
            }
            if block.bytes >= BLOCK_BYTES || block.bytes + unread >= STREAM_BUDGET {
                break;
            }
            read = self.reader.ready();
            // Here `None` means that no frame has arrived yet, not that the input has ended.
            if let Ok(None) = read {
                break;
            }
        }
        Poll::Ready((self.hand_over(block, handle), None))
    }

    fn hand_over(&mut self, block: Block, handle: &CallHandle) -> Block {
        let reserved = self.reader.take_reserved();
        if !block.items.is_empty() {
            handle.handed(block.bytes, reserved);
        }
        block
    }
}
