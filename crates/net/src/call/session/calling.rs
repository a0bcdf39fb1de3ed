//! A client call inside a session: it waits for its turn, then its owner drives the stream of the session.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aster_wire::record::{CallHeader, RpcStatus};
use aster_wire::session::{BeginError, CallNumber};
use aster_wire::status::Code;
use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

use super::client::ClientSession;
use super::client_line::{CallFact, State, now};
use super::line::Turn;
use crate::call::channel::{BLOCK_BYTES, Written};
use crate::call::conversion::Intake;
use crate::call::handle::{CallHandle, End, STREAM_BUDGET};
use crate::call::message::{Block, Message};
use crate::call::method::{CallOptions, ClientMethod, deadline};
use crate::call::outcome::{ClientEvent, Outcome, unreadable};
use crate::connection::Watched;
use crate::error::status;

/// A client call of a session.
#[derive(Debug)]
pub(in crate::call) struct Calling {
    session: ClientSession,
    method: Arc<ClientMethod>,
    handle: CallHandle,
    options: CallOptions,
    place: Place,
    deadline: Option<Pin<Box<Sleep>>>,
    /// The only response. It is held back until the call has ended with OK.
    answer: Option<Message>,
    received: u32,
    /// The end of the call, when a block had to be delivered before it.
    ending: Option<Outcome>,
    intake: Intake,
    /// The end of the call, which came with the message that is being converted.
    after: Option<Outcome>,
}

#[derive(Debug)]
enum Place {
    Waiting(oneshot::Receiver<Turn<State>>),
    Running {
        turn: Turn<State>,
        call: CallNumber,
        /// The peer is watched while the call runs.
        _watched: Option<Watched>,
    },
    Over,
}

impl Calling {
    pub(in crate::call) fn new(
        session: ClientSession,
        method: Arc<ClientMethod>,
        options: CallOptions,
        turn: oneshot::Receiver<Turn<State>>,
    ) -> Self {
        let deadline = options.timeout.and_then(|limit| Instant::now().checked_add(limit));
        let budget = session.route().budget().clone();
        Self {
            session,
            handle: CallHandle::new(method.request.clone(), budget),
            method,
            options,
            place: Place::Waiting(turn),
            deadline: deadline.map(|at| Box::pin(tokio::time::sleep_until(at))),
            answer: None,
            received: 0,
            ending: None,
            intake: Intake::default(),
            after: None,
        }
    }

    pub(in crate::call) fn handle(&self) -> CallHandle {
        self.handle.clone()
    }

    /// The next event, or how the call ended.
    pub(in crate::call) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<ClientEvent, Outcome>> {
        if let Some(outcome) = self.ending.take() {
            return Poll::Ready(Err(outcome));
        }
        self.handle.watch(cx);
        // The window has grown: the user is told like of credit.
        if self.handle.poll_widened(cx).is_ready() {
            return Poll::Ready(Ok(ClientEvent::Credit(0)));
        }
        if matches!(self.place, Place::Waiting(_)) {
            match self.poll_turn(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(outcome)) => return Poll::Ready(Err(outcome)),
                Poll::Pending => return self.poll_end(cx).map(Err),
            }
        }
        if let Poll::Ready(bytes) = self.poll_output(cx) {
            return Poll::Ready(Ok(ClientEvent::Credit(bytes)));
        }
        if let Poll::Ready(event) = self.poll_input(cx) {
            return Poll::Ready(event);
        }
        self.poll_end(cx).map(Err)
    }

    /// Waits for the turn of this call, then begins it.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Outcome>> {
        let Place::Waiting(waiting) = &mut self.place else { return Poll::Ready(Ok(())) };
        let turn = ready!(Pin::new(waiting).poll(cx));
        self.place = Place::Over;
        if turn.is_ok() && !self.handle.begin_sending() {
            return Poll::Ready(Err(Outcome::Left));
        }
        Poll::Ready(match turn {
            Ok(turn) => self.begin(turn),
            Err(_) => Err(Outcome::Local { status: self.session.not_begun(), not_sent: true }),
        })
    }

    fn begin(&mut self, turn: Turn<State>) -> Result<(), Outcome> {
        let left =
            self.deadline.as_ref().map(|sleep| sleep.deadline().saturating_duration_since(Instant::now()));
        let header = CallHeader {
            method: self.method.name().to_owned(),
            deadline_epoch_ms: deadline(self.session.route(), &self.options, left),
            metadata: std::mem::take(&mut self.options.metadata),
            ..CallHeader::default()
        };
        let begun = turn.line().machine.machine.begin(self.method.pattern(), &header, now(), left);
        let (call, frame) =
            begun.map_err(|error| Outcome::Local { status: not_begun(&error), not_sent: true })?;
        turn.line().put(frame);
        self.session.set_running(Some(self.handle.clone()));
        self.place = Place::Running { turn, call, _watched: self.session.route().watched() };
        Ok(())
    }

    /// Ready when the user cancels or the deadline passes.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if self.handle.is_cancelled() || self.session.is_aborted() {
            let is_left = self.handle.is_cancelled();
            self.leave();
            return Poll::Ready(if is_left {
                Outcome::Left
            } else {
                Outcome::local(status(Code::Cancelled, "the session was closed"))
            });
        }
        if let Some(status) = self.handle.failure() {
            self.leave();
            return Poll::Ready(Outcome::local(status));
        }
        let Some(deadline) = &mut self.deadline else { return Poll::Pending };
        ready!(deadline.as_mut().poll(cx));
        let waited = matches!(self.place, Place::Waiting(_));
        self.leave();
        let limit = self.options.timeout.unwrap_or(Duration::ZERO).as_millis();
        let text = if waited {
            format!("deadline exceeded after {limit} ms: earlier calls of the session had not ended")
        } else {
            format!("deadline exceeded after {limit} ms")
        };
        Poll::Ready(Outcome::Local { status: status(Code::DeadlineExceeded, text), not_sent: waited })
    }

    /// Moves output of the user to the stream. Ready with the payload bytes that were written.
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        let Place::Running { turn, call, .. } = &self.place else { return Poll::Pending };
        let mut line = turn.line();
        loop {
            match ready!(line.poll_flush(cx)) {
                Written::Credit(bytes) if bytes > 0 => {
                    self.handle.written(bytes);
                    // Nobody waits to send more in a call with a single request.
                    if self.method.pattern.request_stream {
                        return Poll::Ready(bytes);
                    }
                }
                // A trailer may have arrived before. Reading decides.
                Written::Failed => return Poll::Pending,
                Written::Credit(_) | Written::Finished => {}
            }
            let output = self.handle.take_output();
            if output.is_empty() {
                return Poll::Pending;
            }
            output.chunks.into_iter().for_each(|chunk| line.item(*call, chunk));
            line.count(output.bytes);
            if matches!(output.end, Some(End::Input)) {
                line.end_input(*call);
            }
        }
    }

    /// Reads answers, up to a size. Before that, waits until the user has consumed enough.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Result<ClientEvent, Outcome>> {
        let Place::Running { turn, call, .. } = &self.place else { return Poll::Pending };
        let unread = self.handle.unread();
        let mut block = Block::default();
        let mut outcome = None;
        let mut line = turn.line();
        line.reader.set_unread(unread > 0);
        while outcome.is_none() && block.bytes < BLOCK_BYTES && block.bytes + unread < STREAM_BUDGET {
            let Poll::Ready(mut converted) = self.intake.poll(&mut line.reader, cx) else { break };
            let mut message = None;
            if converted.is_some() {
                outcome = self.after.take();
            } else {
                let Poll::Ready(facts) = line.poll_read(cx) else { break };
                line.act(facts, |fact| match fact {
                    // A frame has one message at most.
                    CallFact::Message(frame) => message = Some(frame),
                    CallFact::Ended(ended) => outcome = Some(Outcome::Status(ended)),
                    CallFact::Failed(failed, true) => outcome = Some(Outcome::Refused(failed)),
                    CallFact::Failed(failed, false) => outcome = Some(Outcome::local(failed)),
                });
            }
            if let Some(frame) = message {
                converted = self.intake.begin(&self.method.response, frame, &mut line.reader);
                if converted.is_none() {
                    self.after = outcome.take();
                }
            }
            match converted {
                // No message, or its conversion takes longer: it is polled now.
                None => {}
                Some(Ok(message)) => block.push(message),
                Some(Err(failure)) => {
                    let facts = line.machine.machine.cancel(*call, now());
                    line.act(facts, |_| {});
                    outcome = Some(unreadable(failure));
                }
            }
        }
        let reserved = line.reader.take_reserved();
        if outcome.is_some() {
            // The server needs no more input. The next call may begin.
            line.writer.drop_unsent();
            line.hold(self.handle.close());
        }
        drop(line);
        if outcome.is_some() {
            self.session.set_running(None);
            self.place = Place::Over;
        }
        if !self.method.pattern().response_stream {
            if let Some(bytes) = block.items.pop() {
                self.answer = Some(Message::new(bytes, reserved));
                self.received = 1;
            }
            let Some(outcome) = outcome else { return Poll::Pending };
            let is_ok = matches!(&outcome, Outcome::Status(status) if status.is_ok());
            return Poll::Ready(Err(if is_ok { Outcome::Answered } else { outcome }));
        }
        if block.items.is_empty() {
            return outcome.map_or(Poll::Pending, |outcome| Poll::Ready(Err(outcome)));
        }
        self.handle.handed(block.bytes, reserved);
        self.received = self.received.saturating_add(u32::try_from(block.items.len()).unwrap_or(u32::MAX));
        self.ending = outcome;
        Poll::Ready(Ok(ClientEvent::Items(block)))
    }

    /// Ends the turn; a call that runs is cancelled.
    fn leave(&mut self) {
        match std::mem::replace(&mut self.place, Place::Over) {
            Place::Over => {}
            Place::Waiting(waiting) => {
                drop(waiting);
                self.session.note_cancelled();
            }
            Place::Running { turn, call, .. } => {
                self.session.set_running(None);
                let mut line = turn.line();
                // Input that was not sent is of no use any more, and CANCEL must not wait behind it.
                line.writer.drop_unsent();
                line.hold(self.handle.close());
                let facts = line.machine.machine.cancel(call, now());
                line.act(facts, |_| {});
            }
        }
    }

    /// The last event of the call.
    pub(in crate::call) fn end(mut self, outcome: Outcome) -> Option<ClientEvent> {
        self.handle.close();
        self.leave();
        let null = || Message::new(Bytes::from_static(&aster_codec::NULL_MESSAGE), None);
        outcome.event(self.received, || self.answer.take().unwrap_or_else(null))
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        self.handle.close();
        self.leave();
    }
}

fn not_begun(error: &BeginError) -> RpcStatus {
    let code = match error {
        BeginError::Limit(limit) => limit.code(),
        BeginError::Frame(_) => Code::ResourceExhausted,
        BeginError::Busy | BeginError::Over => Code::Unavailable,
    };
    status(code, error.to_string())
}
