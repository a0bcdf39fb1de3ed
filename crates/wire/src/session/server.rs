//! The server side of a session. The states are described in [`super`].

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::fact::{AbortCause, Facts, SendError, ServerEnd, ServerFact};
use super::trailer::{acknowledgement, as_failure, trailer, without_session_detail};
use super::{CallNumber, EXPECTED_CALL_TEXT, Pattern, SESSION_DETAIL};
use crate::frame::{Frame, flag};
use crate::limit::RecordLimits;
use crate::record::{CallHeader, Encoding, RpcStatus};
use crate::status::Code;

/// The server side of one session, from behind its HEADER frame to its end.
///
/// *Use*: see [the driver](super#the-driver). Pass no frame in while [`reads`](Self::reads) is false.
///
/// *Statuses*: a status of the driver may look like an acknowledgement, or like a trailer that ends a session of the Python
/// server. Then its message gets a prefix (`the call ended with: ...`), so that a client does not confuse them.
#[derive(Debug)]
pub struct ServerSession {
    encoding: Encoding,
    limits: RecordLimits,
    request_timeout: Duration,
    state: State,
    /// How many CALL frames arrived.
    calls: u64,
    /// The session ends with this status when the running call has ended.
    closing: Option<RpcStatus>,
    /// The client finished its side; the running call has all its input.
    input_over: bool,
}

#[derive(Debug)]
enum State {
    /// Between two calls. Discarding: what is left of the last call's input may still arrive.
    Boundary {
        discarding: bool,
    },
    Judged(CallNumber),
    Running(Running),
    Over,
}

#[derive(Debug)]
struct Running {
    call: CallNumber,
    pattern: Pattern,
    input: Input,
    deadline: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// The one request is awaited, until then at most.
    Request(Option<Instant>),
    /// The request stream is open.
    Open,
    Ended,
}

impl ServerSession {
    /// A session whose HEADER frame was accepted. `encoding` is that of its mode; `request_timeout` bounds the wait for
    /// the one request of an accepted call.
    pub fn new(encoding: Encoding, limits: RecordLimits, request_timeout: Duration) -> Self {
        Self {
            encoding,
            limits,
            request_timeout,
            state: State::Boundary { discarding: false },
            calls: 0,
            closing: None,
            input_over: false,
        }
    }

    /// Whether the driver may pass a frame in: not while a call is being judged, not after the end of the input.
    pub fn reads(&self) -> bool {
        !self.input_over && matches!(self.state, State::Boundary { .. } | State::Running(_))
    }

    /// The call that was begun and is not over.
    pub fn running(&self) -> Option<CallNumber> {
        match &self.state {
            State::Judged(call) | State::Running(Running { call, .. }) => Some(*call),
            State::Boundary { .. } | State::Over => None,
        }
    }

    /// True after the fact [`Over`](ServerFact::Over).
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// When to call [`expire`](Self::expire), unless the call is over before.
    pub fn timeout(&self) -> Option<Instant> {
        let State::Running(running) = &self.state else { return None };
        let request = match running.input {
            Input::Request(until) => until,
            Input::Open | Input::Ended => None,
        };
        [running.deadline, request].into_iter().flatten().min()
    }

    /// The time is `now`. Ends the running call when one of its times has passed.
    pub fn expire(&mut self, now: Instant) -> Facts<ServerFact> {
        let State::Running(running) = &self.state else { return Facts::none() };
        let passed = |time: Option<Instant>| time.is_some_and(|time| time <= now);
        let text = match running.input {
            _ if passed(running.deadline) => "deadline exceeded",
            Input::Request(until) if passed(until) => "the request did not arrive in time",
            _ => return Facts::none(),
        };
        let status = RpcStatus::new(Code::DeadlineExceeded, text);
        self.abort_call(AbortCause::DeadlineExceeded, status)
    }

    /// A whole frame arrived at `now`. A deadline that has passed by then ends its call first.
    pub fn frame(&mut self, frame: Frame, now: Instant) -> Facts<ServerFact> {
        let mut facts = self.expire(now);
        facts.append(if frame.has(flag::CANCEL) {
            self.cancel()
        } else if frame.has(flag::CALL) {
            self.call(&frame)
        } else {
            self.input(frame)
        });
        facts
    }

    /// The call leads to a method. `run_time` bounds all of it from `now` on; `None` sets no bound.
    /// False when the call is over already.
    pub fn accept(
        &mut self,
        call: CallNumber,
        pattern: Pattern,
        now: Instant,
        run_time: Option<Duration>,
    ) -> bool {
        if !matches!(self.state, State::Judged(judged) if judged == call) {
            return false;
        }
        let input = if pattern.request_stream {
            Input::Open
        } else {
            Input::Request(now.checked_add(self.request_timeout))
        };
        let deadline = run_time.and_then(|time| now.checked_add(time));
        self.state = State::Running(Running { call, pattern, input, deadline });
        true
    }

    /// The call is refused: its handler never runs. Its input is discarded and the session goes on.
    pub fn refuse(&mut self, call: CallNumber, status: &RpcStatus) -> Facts<ServerFact> {
        match self.state {
            State::Judged(judged) if judged == call => {
                let last = self.failure_trailer(status, "the call was refused without a reason");
                self.end_call(last, true)
            }
            _ => Facts::none(),
        }
    }

    /// An item of a response stream: the encoded data frame comes back when it may be written.
    pub fn item(&self, call: CallNumber, frame: Bytes) -> Result<Bytes, SendError> {
        let running = self.running_call(call)?;
        if running.pattern.response_stream { Ok(frame) } else { Err(SendError::Pattern) }
    }

    /// The one response, an encoded data frame. It ends the call with OK.
    pub fn respond(&mut self, call: CallNumber, frame: Bytes) -> Result<Facts<ServerFact>, SendError> {
        let running = self.running_call(call)?;
        if running.pattern.response_stream {
            return Err(SendError::Pattern);
        }
        let discarding = running.input != Input::Ended;
        Ok(self.end_call(ServerFact::Write(frame), discarding))
    }

    /// The handler ended with this status. OK without a response, where there must be one, is INTERNAL.
    pub fn finish(&mut self, call: CallNumber, status: &RpcStatus) -> Result<Facts<ServerFact>, SendError> {
        let running = self.running_call(call)?;
        let discarding = running.input != Input::Ended;
        let last = if status.is_ok() && running.pattern.response_stream {
            self.trailer(without_session_detail(status))
        } else {
            self.failure_trailer(status, "the handler ended without a response")
        };
        Ok(self.end_call(last, discarding))
    }

    /// Ends the session when the running call has ended, or at once. The client learns `status` by a trailer between
    /// two calls; for a CALL that crosses with it, it is the refusal.
    pub fn close(&mut self, status: &RpcStatus) -> Facts<ServerFact> {
        match &self.state {
            State::Boundary { .. } => self.close_between_calls(status),
            State::Judged(_) | State::Running(_) => {
                self.closing.get_or_insert_with(|| status.clone());
                Facts::none()
            }
            State::Over => Facts::none(),
        }
    }

    /// Ends the session at once; a running call ends with `status`, and after it the session, so that the client does not
    /// take a lost stream for the reason.
    pub fn abort(&mut self, status: &RpcStatus) -> Facts<ServerFact> {
        if self.is_over() {
            return Facts::none();
        }
        let Some(call) = self.running() else { return self.close_between_calls(status) };
        let code = Code::from_number(status.code).filter(|&code| code != Code::Ok);
        let cause = AbortCause::Shutdown(code.unwrap_or(Code::Unavailable));
        let mut facts = Facts::one(ServerFact::Aborted { call, cause });
        facts.push(self.failure_trailer(status, "the session was aborted"));
        facts.append(self.close_between_calls(status));
        facts
    }

    /// The client finished its side: the session is closed. A call with a request stream whose input is complete runs on
    /// to its end; any other running call is aborted.
    pub fn end(&mut self) -> Facts<ServerFact> {
        let (call, status) = match &self.state {
            State::Over => return Facts::none(),
            State::Boundary { .. } => return self.end_session(ServerEnd::Closed),
            State::Judged(call) => (*call, None),
            State::Running(running) if running.input != Input::Ended => (running.call, None),
            State::Running(running) if running.pattern.request_stream => {
                self.input_over = true;
                return Facts::none();
            }
            State::Running(running) if running.pattern.response_stream => {
                (running.call, Some(RpcStatus::new(Code::Internal, "the session was closed during the call")))
            }
            State::Running(running) => (running.call, Some(interrupted())),
        };
        let mut facts = Facts::one(ServerFact::Aborted { call, cause: AbortCause::Closed });
        if let Some(status) = status {
            facts.push(self.trailer(status));
        }
        facts.append(self.end_session(ServerEnd::Closed));
        facts
    }

    /// The input cannot be read on (a malformed frame, silence inside of a frame, a full budget): the session ends, and
    /// the client is told `status`.
    pub fn broken(&mut self, status: &RpcStatus) -> Facts<ServerFact> {
        if self.is_over() {
            return Facts::none();
        }
        let mut facts = Facts::none();
        if let Some(call) = self.running() {
            facts.push(ServerFact::Aborted { call, cause: AbortCause::Protocol });
        }
        facts.push(self.failure_trailer(status, "the input cannot be read"));
        facts.append(self.end_session(ServerEnd::Protocol));
        facts
    }

    /// The client reset the stream or stopped reading it, or the connection is lost.
    pub fn lost(&mut self) -> Facts<ServerFact> {
        if self.is_over() {
            return Facts::none();
        }
        let mut facts = Facts::none();
        if let Some(call) = self.running() {
            facts.push(ServerFact::Aborted { call, cause: AbortCause::Lost });
        }
        facts.append(self.end_session(ServerEnd::Lost));
        facts
    }

    fn running_call(&self, call: CallNumber) -> Result<&Running, SendError> {
        match &self.state {
            State::Running(running) if running.call == call => Ok(running),
            _ => Err(SendError::CallOver),
        }
    }

    /// Each CANCEL is answered by one trailer, whether it meets a call or not.
    fn cancel(&mut self) -> Facts<ServerFact> {
        match &self.state {
            State::Over => Facts::none(),
            State::Boundary { .. } => Facts::one(ServerFact::Write(acknowledgement(self.encoding))),
            State::Judged(_) | State::Running(_) => {
                self.abort_call_with(AbortCause::Cancelled, ServerFact::Write(acknowledgement(self.encoding)))
            }
        }
    }

    fn call(&mut self, frame: &Frame) -> Facts<ServerFact> {
        let mut facts = match &self.state {
            State::Over => return Facts::none(),
            State::Boundary { .. } => Facts::none(),
            State::Judged(_) | State::Running(Running { input: Input::Request(_), .. }) => {
                let status = RpcStatus::new(Code::FailedPrecondition, "CALL frame before request");
                self.abort_call(AbortCause::Protocol, status)
            }
            State::Running(_) => self.abort_call(AbortCause::Protocol, interrupted()),
        };
        // The call that ended may have been the last one of the session.
        if !self.is_over() {
            facts.push(self.open(&frame.payload));
        }
        facts
    }

    fn open(&mut self, payload: &[u8]) -> ServerFact {
        self.calls += 1;
        let call = CallNumber(self.calls);
        let refusal = match CallHeader::decode(payload) {
            Ok((header, _)) => match header.check(&self.limits) {
                Ok(()) => {
                    self.state = State::Judged(call);
                    return ServerFact::Call { call, header };
                }
                Err(error) => RpcStatus::new(error.code(), error.to_string()),
            },
            Err(error) => RpcStatus::new(error.code(), format!("the CALL frame is not readable: {error}")),
        };
        self.state = State::Boundary { discarding: true };
        self.trailer(refusal)
    }

    /// A frame that is neither CANCEL nor CALL.
    fn input(&mut self, frame: Frame) -> Facts<ServerFact> {
        let ends = frame.has(flag::TRAILER);
        match &mut self.state {
            State::Over | State::Boundary { discarding: true } => Facts::none(),
            State::Boundary { discarding: false } => self.expected_call(),
            State::Judged(_) => {
                let status = RpcStatus::new(Code::Internal, "a frame was read before the call was judged");
                self.abort_call(AbortCause::Protocol, status)
            }
            State::Running(running) => match running.input {
                Input::Request(_) if ends => {
                    let status = RpcStatus::new(Code::Internal, "a trailer came instead of the request");
                    self.abort_call(AbortCause::Protocol, status)
                }
                Input::Request(_) => {
                    running.input = Input::Ended;
                    Facts::one(ServerFact::Message { call: running.call, frame })
                }
                Input::Open if ends => self.input_trailer(&frame),
                Input::Open => Facts::one(ServerFact::Message { call: running.call, frame }),
                Input::Ended => self.frame_behind_input(),
            },
        }
    }

    /// The end-of-input trailer. As in the reference, its status counts only where the response is not a stream.
    fn input_trailer(&mut self, frame: &Frame) -> Facts<ServerFact> {
        let State::Running(running) = &mut self.state else { return Facts::none() };
        let status = if running.pattern.response_stream {
            None
        } else {
            match RpcStatus::decode(&frame.payload) {
                Ok((status, _)) if status.is_ok() => None,
                Ok((status, _)) => Some(format!("the input ended with status {}", status.code)),
                Err(_) => Some("the end-of-input trailer is not readable".to_owned()),
            }
        };
        running.input = Input::Ended;
        match status {
            None => Facts::one(ServerFact::InputEnd { call: running.call }),
            Some(text) => self.abort_call(AbortCause::Protocol, RpcStatus::new(Code::Internal, text)),
        }
    }

    /// A frame behind the end of a call's input. During a unary call it ends the session, as in the reference; the
    /// other patterns ignore it.
    fn frame_behind_input(&mut self) -> Facts<ServerFact> {
        let State::Running(running) = &self.state else { return Facts::none() };
        if running.pattern.request_stream || running.pattern.response_stream {
            return Facts::none();
        }
        let mut facts = self.abort_call(AbortCause::Protocol, interrupted());
        if !self.is_over() {
            facts.append(self.expected_call());
        }
        facts
    }

    fn abort_call(&mut self, cause: AbortCause, status: RpcStatus) -> Facts<ServerFact> {
        let last = self.trailer(status);
        self.abort_call_with(cause, last)
    }

    fn abort_call_with(&mut self, cause: AbortCause, last: ServerFact) -> Facts<ServerFact> {
        let Some(call) = self.running() else { return Facts::none() };
        let discarding = match &self.state {
            State::Running(running) => running.input != Input::Ended,
            _ => true,
        };
        let mut facts = Facts::one(ServerFact::Aborted { call, cause });
        facts.append(self.end_call(last, discarding));
        facts
    }

    /// The call is over; `last` is its last frame. Ends the session if it was to end after this call.
    fn end_call(&mut self, last: ServerFact, discarding: bool) -> Facts<ServerFact> {
        self.state = State::Boundary { discarding };
        let mut facts = Facts::one(last);
        if let Some(status) = self.closing.take() {
            facts.append(self.close_between_calls(&status));
        } else if self.input_over {
            facts.append(self.end_session(ServerEnd::Closed));
        }
        facts
    }

    /// Ends the session between two calls, with a trailer that tells so. For a CALL that crosses with it, it is the
    /// refusal.
    fn close_between_calls(&mut self, status: &RpcStatus) -> Facts<ServerFact> {
        let mut status = as_failure(status, "the session was closed");
        status.details.insert(0, (SESSION_DETAIL.to_owned(), "closed".to_owned()));
        let mut facts = Facts::one(self.trailer(status));
        facts.append(self.end_session(ServerEnd::Shutdown));
        facts
    }

    /// Ends the session because of a frame that is not a CALL between two calls.
    fn expected_call(&mut self) -> Facts<ServerFact> {
        let status = RpcStatus::new(Code::FailedPrecondition, EXPECTED_CALL_TEXT);
        let mut facts = Facts::one(self.trailer(status));
        facts.append(self.end_session(ServerEnd::Protocol));
        facts
    }

    fn end_session(&mut self, end: ServerEnd) -> Facts<ServerFact> {
        self.state = State::Over;
        Facts::one(ServerFact::Over(end))
    }

    fn failure_trailer(&self, status: &RpcStatus, instead_of_ok: &str) -> ServerFact {
        self.trailer(as_failure(status, instead_of_ok))
    }

    fn trailer(&self, status: RpcStatus) -> ServerFact {
        ServerFact::Write(trailer(status, self.encoding))
    }
}

/// The status of a call that another frame interrupts, in the words of the reference.
fn interrupted() -> RpcStatus {
    RpcStatus::new(Code::FailedPrecondition, "CALL received during active call")
}
