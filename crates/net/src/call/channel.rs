//! Both directions of one call on its channel, the same for clients and servers.
//!
//! A channel is a QUIC stream of its own. A call inside a session would borrow the session's stream for as long as
//! it runs; what differs there is which frames begin and end a call, and that is the state machines' to say.

use std::task::{Context, Poll, ready};

use aster_wire::call::InputFailure;
use aster_wire::frame::{Frame, flag};
use aster_wire::limit::RecordLimits;
use aster_wire::record::{Encoding, RpcStatus};
use bytes::Bytes;

use super::framed::Framed;
use super::handle::{CallHandle, End, STREAM_BUDGET};
use super::message::Block;
use crate::connection::{FrameReader, FrameWriter};

/// A block is handed over when it has grown to this size.
const BLOCK_BYTES: usize = 256 * 1024;

/// A trailer frame with this status, cut to the limits.
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
}

#[derive(Debug, Default)]
struct Outlet {
    /// Bytes taken from the handle that are being written.
    writing: usize,
    ending: bool,
    done: bool,
}

/// What the output of a call came to.
#[derive(Debug)]
pub(crate) enum Written {
    /// So many bytes were written: the writer has room again.
    Credit(usize),
    /// The end was written.
    Finished,
    /// The peer reads no more.
    Failed,
}

/// What the reader has for a call.
pub(crate) enum Input {
    Frame(Frame),
    End,
    Failed(InputFailure),
}

/// What a side makes of one [`Input`].
pub(crate) enum Step<F> {
    /// The frame changes nothing.
    Skip,
    /// A message for the user.
    Message(Bytes),
    /// The input ends with this fact.
    End(F),
}

impl Channel {
    pub(crate) fn new(writer: FrameWriter, reader: FrameReader) -> Self {
        Self { writer, reader, outlet: Outlet::default() }
    }

    /// Moves what the handle holds into the writer, so that it shares a write with what is there. False: nothing new.
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

    /// Reads the messages that have arrived, up to a size, and what ended the input, if it is among them. Waits for
    /// the first one, and before that for the user to have consumed enough.
    pub(crate) fn poll_block<F>(
        &mut self,
        handle: &CallHandle,
        cx: &mut Context<'_>,
        mut step: impl FnMut(Input) -> Step<F>,
    ) -> Poll<(Block, Option<F>)> {
        let unread = handle.unread();
        if unread >= STREAM_BUDGET {
            return Poll::Pending;
        }
        let mut block = Block::default();
        let mut input = match ready!(self.reader.poll_next(cx, false)) {
            Ok(Some(frame)) => Input::Frame(frame),
            Ok(None) => Input::End,
            Err(failure) => Input::Failed(failure),
        };
        loop {
            match step(input) {
                Step::Skip => {}
                Step::Message(message) => block.push(message),
                Step::End(fact) => return Poll::Ready((self.hand_over(block, handle), Some(fact))),
            }
            if block.bytes >= BLOCK_BYTES || block.bytes + unread >= STREAM_BUDGET {
                break;
            }
            input = match self.reader.ready() {
                Ok(Some(frame)) => Input::Frame(frame),
                Ok(None) => break,
                Err(failure) => Input::Failed(failure),
            };
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
