//! A server call inside a session. Its owner drives the stream of the session until the call has ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aster_wire::call::Pattern;
use aster_wire::record::RpcStatus;
use aster_wire::session::CallNumber;
use aster_wire::status::Code;
use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::line::Turn;
use super::server_line::{Fact, State};
use crate::call::channel::{BLOCK_BYTES, Written};
use crate::call::conversion::Intake;
use crate::call::event::{ServerEvent, Stop};
use crate::call::handle::{CallHandle, End, STREAM_BUDGET};
use crate::call::message::Block;
use crate::call::payload::PayloadCodec;

use crate::connection::{Reserved, ServedConnection, Watched};
use crate::error::status;

/// Ready when something other than the stream or the handler changes the call.
type Interruption = Pin<Box<dyn Future<Output = Interrupt> + Send + Sync>>;

#[derive(Debug)]
enum Interrupt {
    /// The client does not read any more.
    Gone,
    Expired,
    /// The server stops, or the admission of the peer has ended.
    Shutdown(RpcStatus),
}

/// A running server call of a session.
pub(in crate::call) struct Answering {
    turn: Turn<State>,
    call: CallNumber,
    pattern: Pattern,
    request: PayloadCodec,
    interruption: Interruption,
    /// The only response. It is sent when the handler ends the call.
    response: Option<Bytes>,
    /// The handler sent more than one response in a call that has a single one.
    surplus: bool,
    /// The fact that follows a block which had to be delivered before it.
    pending: Option<Fact>,
    intake: Intake,
    /// Counts the call until it ends.
    _counted: TaskTrackerToken,
    /// The peer is watched while the call runs.
    _watched: Watched,
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answering").field("call", &self.call).finish_non_exhaustive()
    }
}

impl Answering {
    pub(super) fn new(
        turn: Turn<State>,
        (call, pattern): (CallNumber, Pattern),
        request: PayloadCodec,
        connection: &Arc<ServedConnection>,
        counted: TaskTrackerToken,
    ) -> Self {
        let interruption = interruption(&turn, connection);
        Self {
            turn,
            call,
            pattern,
            request,
            interruption,
            response: None,
            surplus: false,
            pending: None,
            intake: Intake::default(),
            _counted: counted,
            _watched: connection.watched(),
        }
    }

    /// The next event, or the reason why the call stops.
    pub(in crate::call) fn poll_event(
        &mut self,
        handle: &CallHandle,
        cx: &mut Context<'_>,
    ) -> Poll<Result<ServerEvent, Stop>> {
        handle.watch(cx);
        handle.finish_failed();
        if let Some(fact) = self.pending.take() {
            return Poll::Ready(event_of(fact));
        }
        if let Poll::Ready(event) = self.poll_output(handle, cx) {
            return Poll::Ready(event);
        }
        if let Poll::Ready(event) = self.poll_input(handle, cx) {
            return Poll::Ready(event);
        }
        let Poll::Ready(interrupt) = self.interruption.as_mut().poll(cx) else { return Poll::Pending };
        let mut line = self.turn.line();
        match interrupt {
            Interrupt::Gone => line.lost(),
            Interrupt::Expired => line.expire(),
            Interrupt::Shutdown(status) => line.abort(&status),
        }
        // Each of them ends the call. A call that had ended already has said so.
        let code = aborted(line.next_fact()).unwrap_or(Code::Cancelled);
        Poll::Ready(Err(Stop::Aborted(code)))
    }

    /// Moves output of the handler to the stream, and ends the call when the handler has ended it.
    fn poll_output(&mut self, handle: &CallHandle, cx: &mut Context<'_>) -> Poll<Result<ServerEvent, Stop>> {
        // The window has grown: the handler is told like of credit.
        if handle.poll_widened(cx).is_ready() {
            return Poll::Ready(Ok(ServerEvent::Credit(0)));
        }
        loop {
            // Not in the `match`, which would keep the line locked in its arms.
            let flushed = self.turn.line().poll_flush(cx);
            match flushed {
                Poll::Ready(Written::Credit(bytes)) if bytes > 0 => {
                    handle.written(bytes);
                    return Poll::Ready(Ok(ServerEvent::Credit(bytes)));
                }
                Poll::Ready(Written::Failed) => {
                    let mut line = self.turn.line();
                    line.lost();
                    let code = aborted(line.next_fact()).unwrap_or(Code::Cancelled);
                    return Poll::Ready(Err(Stop::Aborted(code)));
                }
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
            let output = handle.take_output();
            if output.is_empty() {
                return Poll::Pending;
            }
            if self.pattern.response_stream {
                let mut line = self.turn.line();
                output.chunks.into_iter().for_each(|chunk| line.item(self.call, chunk));
                line.count(output.bytes);
            } else {
                self.keep(output.chunks);
            }
            if let Some(end) = output.end {
                self.end(end);
                return Poll::Ready(Err(Stop::Done));
            }
        }
    }

    /// Keeps the only response until the call ends.
    fn keep(&mut self, chunks: Vec<Bytes>) {
        for chunk in chunks {
            self.surplus |= self.response.replace(chunk).is_some();
        }
    }

    /// The handler ended the call.
    fn end(&mut self, end: End) {
        let given = match end {
            End::Status(given) => given,
            // Only clients end their input.
            End::Input => status(Code::Internal, "the handler ended without a status"),
        };
        let response = self.response.take();
        let mut line = self.turn.line();
        if !given.is_ok() || self.pattern.response_stream {
            return line.finish(self.call, &given);
        }
        match response {
            Some(response) if !self.surplus => line.respond(self.call, response),
            Some(_) => {
                line.finish(self.call, &status(Code::Internal, "the handler sent more than one response"));
            }
            None => line.finish(self.call, &given),
        }
    }

    /// Delivers input to the handler. A call with a single request notices cancellations and the end of the session.
    fn poll_input(&mut self, handle: &CallHandle, cx: &mut Context<'_>) -> Poll<Result<ServerEvent, Stop>> {
        let unread = handle.unread();
        let mut block = Block::default();
        let mut line = self.turn.line();
        line.reader.set_unread(unread > 0);
        let fact = loop {
            let is_full = block.bytes >= BLOCK_BYTES || block.bytes + unread >= STREAM_BUDGET;
            if is_full && self.pattern.request_stream {
                break None;
            }
            let Poll::Ready(mut converted) = self.intake.poll(&mut line.reader, cx) else { break None };
            if converted.is_none() {
                match line.poll_fact(cx) {
                    Poll::Ready(Fact::Message(frame)) => {
                        converted = self.intake.begin(&self.request, frame, &mut line.reader);
                    }
                    Poll::Ready(fact) => break Some(fact),
                    Poll::Pending => break None,
                }
            }
            match converted {
                // The conversion takes longer: it is polled now.
                None => {}
                Some(Ok(message)) => block.push(message),
                Some(Err(failure)) => {
                    line.finish(self.call, &failure);
                    let code = Code::from_number(failure.code).unwrap_or(Code::Internal);
                    break Some(Fact::Refused(code));
                }
            }
        };
        let reserved = line.reader.take_reserved();
        drop(line);
        if block.items.is_empty() {
            return fact.map_or(Poll::Pending, |fact| Poll::Ready(event_of(fact)));
        }
        handle.handed(block.bytes, reserved);
        self.pending = fact;
        Poll::Ready(Ok(ServerEvent::Items(block)))
    }

    /// Keeps the budget share of the call's output until it is written.
    pub(in crate::call) fn hold(&self, share: Option<Reserved>) {
        self.turn.line().hold(share);
    }
}

impl Drop for Answering {
    /// A handler that drops its call fails it. Without effect on a call that has ended.
    fn drop(&mut self) {
        let failed = status(Code::Internal, "the handler ended without a status");
        self.turn.line().finish(self.call, &failed);
    }
}

fn interruption(turn: &Turn<State>, connection: &Arc<ServedConnection>) -> Interruption {
    let line = turn.line();
    let (stopped, deadline) = (line.writer.stopped(), line.machine.timeout());
    let (shutdown, connection) = (connection.calls_cancelled(), Arc::clone(connection));
    Box::pin(async move {
        let left = async {
            if !stopped.await {
                std::future::pending::<()>().await;
            }
        };
        let expired = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(Instant::from_std(at)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = left => Interrupt::Gone,
            () = expired => Interrupt::Expired,
            () = shutdown => Interrupt::Shutdown(connection.ending()),
        }
    })
}

/// What a fact about the running call is for its handler.
fn event_of(fact: Fact) -> Result<ServerEvent, Stop> {
    match fact {
        Fact::InputEnd => Ok(ServerEvent::InputEnd),
        Fact::Refused(code) => Err(Stop::Aborted(code)),
        fact => Err(Stop::Aborted(aborted(Some(fact)).unwrap_or(Code::Cancelled))),
    }
}

fn aborted(fact: Option<Fact>) -> Option<Code> {
    match fact? {
        Fact::Aborted(cause) => Some(cause.code()),
        _ => None,
    }
}
