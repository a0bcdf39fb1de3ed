//! The client side of a session's stream, and what its frames mean for the running call.

use std::task::{Context, Poll};

use aster_wire::call::{InputFailure, NOT_ADMITTED, RELAY_REFUSED};
use aster_wire::frame::Frame;
use aster_wire::record::RpcStatus;
use aster_wire::session::{
    CallNumber, ClientEnd, ClientFact, ClientSession as Machine, Facts, SESSION_DETAIL,
};
use aster_wire::status::Code;
use bytes::Bytes;
use tokio::time::Instant;

use super::line::Line;
use crate::error::status;

/// The detail of a failed call that names the last call of which the server is known to be done.
const LAST_FINISHED: &str = "lastFinishedCall";

/// Adds the detail about the last call of which the server is known to be done.
pub(super) fn tell_last(failed: &mut RpcStatus, last: u64) {
    if !failed.details.iter().any(|(key, _)| key == LAST_FINISHED) {
        failed.details.push((LAST_FINISHED.to_owned(), last.to_string()));
    }
}

/// Removes the detail that only the machine reads.
pub(super) fn forget_detail(status: &mut RpcStatus) {
    status.details.retain(|(key, _)| key != SESSION_DETAIL);
}

/// The machine of a session, and how it ended.
#[derive(Debug)]
pub(in crate::call) struct State {
    pub(super) machine: Machine,
    pub(super) over: Option<(ClientEnd, u64)>,
}

/// What a frame means for the running call.
#[derive(Debug)]
pub(super) enum CallFact {
    Message(Frame),
    Ended(RpcStatus),
    /// A status that this side made; true when the server never began the call.
    Failed(RpcStatus, bool),
}

pub(super) fn now() -> std::time::Instant {
    Instant::now().into_std()
}

impl Line<State> {
    /// Acts on facts, and passes those about the running call to `tell`. When the session ended with the call, the status
    /// says which call was finished last.
    pub(super) fn act(&mut self, facts: Facts<ClientFact>, mut tell: impl FnMut(CallFact)) {
        let mut failed = None;
        for fact in facts {
            match fact {
                ClientFact::Write(frame) => self.put(frame),
                ClientFact::Message { frame, .. } => tell(CallFact::Message(frame)),
                ClientFact::Ended { status, .. } => failed = Some(CallFact::Ended(status)),
                ClientFact::Failed { mut status, never_ran, .. } => {
                    forget_detail(&mut status);
                    failed = Some(CallFact::Failed(status, never_ran));
                }
                ClientFact::Ready => {}
                ClientFact::Over { end, last_finished } => {
                    let last = last_finished.map_or(0, CallNumber::get);
                    self.machine.over = Some((end, last));
                    if let Some(CallFact::Failed(status, _)) = &mut failed {
                        tell_last(status, last);
                    }
                }
            }
        }
        if let Some(fact) = failed {
            tell(fact);
        }
    }

    /// Reads one frame, or the end of the stream.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Facts<ClientFact>> {
        let read = match self.reader.poll_next(cx, false) {
            Poll::Ready(read) => read,
            // Everything that arrived before was read. What the server does not read it cannot answer.
            Poll::Pending if self.has_failed() => Err(InputFailure::Reset),
            Poll::Pending => return Poll::Pending,
        };
        let machine = &mut self.machine.machine;
        Poll::Ready(match read {
            Ok(Some(frame)) => machine.frame(frame, now()),
            Ok(None) => machine.end(),
            Err(failure) => machine.lost(&lost(&failure)),
        })
    }
}

fn lost(failure: &InputFailure) -> RpcStatus {
    let code = match failure {
        InputFailure::Frame(_) => Code::Internal,
        InputFailure::Budget => Code::ResourceExhausted,
        InputFailure::NotAdmitted => {
            return status(Code::PermissionDenied, failure.to_string()).because(NOT_ADMITTED);
        }
        InputFailure::AdmissionEnded(end) => return end.status(),
        InputFailure::RelayRefused(_) => {
            return status(Code::Unavailable, failure.to_string()).because(RELAY_REFUSED);
        }
        InputFailure::Reset | InputFailure::ConnectionLost(_) | InputFailure::Silent(_) => Code::Unavailable,
    };
    status(code, failure.to_string())
}

/// Queues a frame of a call, if the call may still write it.
impl Line<State> {
    pub(super) fn item(&mut self, call: CallNumber, chunk: Bytes) {
        if let Ok(frame) = self.machine.machine.item(call, chunk) {
            self.put(frame);
        }
    }

    pub(super) fn end_input(&mut self, call: CallNumber) {
        // A call with a single request has no frame for the end of its input.
        if let Ok(frame) = self.machine.machine.end_input(call) {
            self.put(frame);
        }
    }
}
