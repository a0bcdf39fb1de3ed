//! The server side of a session's stream: what its machine tells, in order.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aster_wire::call::{InputFailure, Pattern};
use aster_wire::frame::Frame;
use aster_wire::record::{CallHeader, RpcStatus};
use aster_wire::session::{AbortCause, CallNumber, Facts, ServerEnd, ServerFact, ServerSession as Machine};
use aster_wire::status::Code;
use bytes::Bytes;
use tokio::time::Instant;

use super::line::Line;
use crate::error::status;

/// What the machine of a session told, in order.
#[derive(Debug)]
pub(super) enum Fact {
    /// A call begins.
    Call(CallNumber, CallHeader),
    /// A message of the running call.
    Message(Frame),
    /// The input of the running call ended.
    InputEnd,
    /// The running call is over, and its handler does not know it.
    Aborted(AbortCause),
    /// A message of the running call could not be decoded; the call has ended with this code.
    Refused(Code),
    /// The session is over.
    Over(ServerEnd),
}

/// The machine of a session, and what it told.
#[derive(Debug)]
pub(super) struct State {
    pub(super) machine: Machine,
    pub(super) facts: VecDeque<Fact>,
}

impl std::ops::Deref for State {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

impl Line<State> {
    /// Acts on facts: frames are queued to be written, everything else waits in order.
    pub(super) fn act(&mut self, facts: Facts<ServerFact>) {
        for fact in facts {
            let fact = match fact {
                ServerFact::Write(frame) => {
                    self.put(frame);
                    continue;
                }
                ServerFact::Call { call, header } => Fact::Call(call, header),
                ServerFact::Message { frame, .. } => Fact::Message(frame),
                ServerFact::InputEnd { .. } => Fact::InputEnd,
                ServerFact::Aborted { cause, .. } => {
                    // Nobody reads the rest of the output, and the trailer that follows must not wait behind it.
                    self.writer.drop_unsent();
                    Fact::Aborted(cause)
                }
                ServerFact::Over(end) => Fact::Over(end),
            };
            self.machine.facts.push_back(fact);
        }
    }

    pub(super) fn next_fact(&mut self) -> Option<Fact> {
        self.machine.facts.pop_front()
    }

    /// The next fact; reads the stream for it while the machine takes frames.
    pub(super) fn poll_fact(&mut self, cx: &mut Context<'_>) -> Poll<Fact> {
        loop {
            if let Some(fact) = self.next_fact() {
                return Poll::Ready(fact);
            }
            if !self.machine.reads() {
                return Poll::Pending;
            }
            ready!(self.poll_frame(cx));
        }
    }

    /// Reads one frame, or the end of the stream.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let facts = match ready!(self.reader.poll_next(cx, false)) {
            Ok(Some(frame)) => self.machine.machine.frame(frame, now()),
            Ok(None) => self.machine.machine.end(),
            Err(failure) => self.failed(&failure),
        };
        self.act(facts);
        Poll::Ready(())
    }

    fn failed(&mut self, failure: &InputFailure) -> Facts<ServerFact> {
        let machine = &mut self.machine.machine;
        let code = match failure {
            InputFailure::Reset
            | InputFailure::ConnectionLost(_)
            | InputFailure::NotAdmitted
            | InputFailure::AdmissionEnded(_)
            | InputFailure::RelayRefused(_) => {
                return machine.lost();
            }
            InputFailure::Frame(_) => Code::InvalidArgument,
            InputFailure::Silent(_) => Code::DeadlineExceeded,
            InputFailure::Budget => Code::ResourceExhausted,
        };
        machine.broken(&status(code, failure.to_string()))
    }

    pub(super) fn item(&mut self, call: CallNumber, chunk: Bytes) {
        // A call that is over writes nothing more.
        if let Ok(frame) = self.machine.machine.item(call, chunk) {
            self.put(frame);
        }
    }

    pub(super) fn respond(&mut self, call: CallNumber, response: Bytes) {
        if let Ok(facts) = self.machine.machine.respond(call, response) {
            self.act(facts);
        }
    }

    pub(super) fn finish(&mut self, call: CallNumber, status: &RpcStatus) {
        if let Ok(facts) = self.machine.machine.finish(call, status) {
            self.act(facts);
        }
    }

    pub(super) fn lost(&mut self) {
        let facts = self.machine.machine.lost();
        self.act(facts);
    }

    pub(super) fn expire(&mut self) {
        let facts = self.machine.machine.expire(now());
        self.act(facts);
    }

    pub(super) fn abort(&mut self, status: &RpcStatus) {
        let facts = self.machine.machine.abort(status);
        self.act(facts);
    }
}

impl Line<State> {
    pub(super) fn put_back(&mut self, fact: Fact) {
        self.machine.facts.push_front(fact);
    }

    pub(super) fn close(&mut self, status: &RpcStatus) -> Facts<ServerFact> {
        self.machine.machine.close(status)
    }

    pub(super) fn refuse(&mut self, call: CallNumber, status: &RpcStatus) -> Facts<ServerFact> {
        self.machine.machine.refuse(call, status)
    }

    pub(super) fn accept(&mut self, call: CallNumber, pattern: Pattern, run_time: Option<Duration>) {
        // False only for a call that is over, and then the next fact says so.
        self.machine.machine.accept(call, pattern, now(), run_time);
    }
}

/// Whether the client left a call, which counts against its limit on resets.
pub(super) fn is_reset(cause: AbortCause) -> bool {
    matches!(cause, AbortCause::Cancelled | AbortCause::Lost)
}
