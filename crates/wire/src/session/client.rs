//! The client side of a session. The states are described in [`super`].

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::fact::{BeginError, ClientEnd, ClientFact, Facts, SendError};
use super::trailer::{SessionEnding, is_acknowledgement, session_ending, trailer};
use super::{CallNumber, EXPECTED_CALL_TEXT, Pattern};
use crate::frame::{self, Frame, flag};
use crate::limit::RecordLimits;
use crate::record::{CallHeader, Encoding, RpcStatus, StreamHeader};
use crate::status::Code;

/// How long a client waits for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimes {
    /// For the end of a cancelled call. When it passes the session is over. Default: 5 s.
    pub cancel_wait: Duration,
    /// For the acknowledgement of a CANCEL, once the call's own end has arrived. When it passes the session goes on.
    /// Default: 1 s.
    pub acknowledge_wait: Duration,
}

impl Default for ClientTimes {
    fn default() -> Self {
        Self { cancel_wait: Duration::from_secs(5), acknowledge_wait: Duration::from_secs(1) }
    }
}

/// The client side of one session.
///
/// *Use*: see [the driver](super#the-driver). One call at a time; the driver keeps the calls that wait. HEADER, CALL and
/// the request of the first call may travel in one write.
///
/// *When the server ends the session*: our server sends a trailer with the detail
/// [`SESSION_DETAIL`](super::SESSION_DETAIL). If it is the first frame of a response, the call never ran. The Python server
/// does not finish its side. If its response begins with 9 `Expected CALL frame`, the call never ran. After 12
/// `Method not found: ...`, 13 `Handler missing: ...` and 13 `Invalid CallHeader: ...` it reads no more frames.
#[derive(Debug)]
pub struct ClientSession {
    encoding: Encoding,
    limits: RecordLimits,
    times: ClientTimes,
    state: State,
    calls: u64,
    closing: bool,
    last_finished: Option<CallNumber>,
    /// How many acknowledgements may still come: for the CANCEL of the running call, and for one before it that was not
    /// waited for any longer. At most 2.
    acknowledgements: u8,
}

#[derive(Debug)]
enum State {
    Idle,
    Calling(Calling),
    Cancelling(Cancelling),
    Over,
}

#[derive(Debug)]
struct Calling {
    call: CallNumber,
    method: String,
    pattern: Pattern,
    input_open: bool,
    answered: bool,
    deadline: Option<(Instant, Duration)>,
}

#[derive(Debug)]
struct Cancelling {
    calling: Calling,
    /// The call's own end has arrived; its acknowledgement has not.
    ended: bool,
    /// When to stop waiting.
    until: Option<Instant>,
}

impl ClientSession {
    /// Opens a session: gives the machine and the HEADER frame. The method of `header` is left out; its service, version,
    /// mode, metadata and call id (the session's id) count. `encoding` is that of the mode.
    pub fn open(
        header: StreamHeader,
        encoding: Encoding,
        limits: RecordLimits,
        times: ClientTimes,
    ) -> Result<(Self, Bytes), BeginError> {
        let header = StreamHeader { method: String::new(), ..header };
        header.check(&limits)?;
        let frame = frame::encode(flag::HEADER, &header.encode(encoding))?;
        let session = Self {
            encoding,
            limits,
            times,
            state: State::Idle,
            calls: 0,
            closing: false,
            last_finished: None,
            acknowledgements: 0,
        };
        Ok((session, frame.into()))
    }

    /// Begins a call at `now`: gives its number and the CALL frame. The call fails with `DEADLINE_EXCEEDED` after `timeout`,
    /// whatever the server does; `header` may tell the server the same deadline.
    pub fn begin(
        &mut self,
        pattern: Pattern,
        header: &CallHeader,
        now: Instant,
        timeout: Option<Duration>,
    ) -> Result<(CallNumber, Bytes), BeginError> {
        match self.state {
            State::Over => return Err(BeginError::Over),
            _ if self.closing => return Err(BeginError::Over),
            State::Calling(_) | State::Cancelling(_) => return Err(BeginError::Busy),
            State::Idle => {}
        }
        header.check(&self.limits)?;
        let frame = frame::encode(flag::CALL, &header.encode(self.encoding))?;
        self.calls += 1;
        let call = CallNumber(self.calls);
        self.state = State::Calling(Calling {
            call,
            method: header.method.clone(),
            pattern,
            input_open: true,
            answered: false,
            deadline: timeout.and_then(|timeout| Some((now.checked_add(timeout)?, timeout))),
        });
        Ok((call, frame.into()))
    }

    /// The request, or an item of the request stream: the encoded data frame comes back when it may be written.
    pub fn item(&mut self, call: CallNumber, frame: Bytes) -> Result<Bytes, SendError> {
        let calling = self.open_input(call)?;
        calling.input_open = calling.pattern.request_stream;
        Ok(frame)
    }

    /// The request stream ends: gives the frame that tells so. A call with one request has none, its input ends with it.
    pub fn end_input(&mut self, call: CallNumber) -> Result<Bytes, SendError> {
        let calling = self.open_input(call)?;
        if !calling.pattern.request_stream {
            return Err(SendError::Pattern);
        }
        calling.input_open = false;
        Ok(trailer(RpcStatus::ok(), self.encoding))
    }

    /// The user leaves the call. Without effect on a call that is over.
    pub fn cancel(&mut self, call: CallNumber, now: Instant) -> Facts<ClientFact> {
        match &self.state {
            State::Calling(calling) if calling.call == call => {
                self.cancel_with(RpcStatus::new(Code::Cancelled, "the call was cancelled"), now)
            }
            _ => Facts::none(),
        }
    }

    /// The user is done with the session: it is over when the running call has ended, or at once.
    pub fn close(&mut self) -> Facts<ClientFact> {
        self.closing = true;
        if matches!(self.state, State::Idle) { self.end_session(ClientEnd::Closed) } else { Facts::none() }
    }

    /// The running call, unless it was cancelled.
    pub fn running(&self) -> Option<CallNumber> {
        match &self.state {
            State::Calling(calling) => Some(calling.call),
            State::Idle | State::Cancelling(_) | State::Over => None,
        }
    }

    /// True when [`begin`](Self::begin) may be called.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Idle) && !self.closing
    }

    /// True after the fact [`Over`](ClientFact::Over).
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// The last call of which the server is known to be done, see [`ClientFact::Over`].
    pub fn last_finished_call(&self) -> Option<CallNumber> {
        self.last_finished
    }

    /// When to call [`expire`](Self::expire), unless the call is over before.
    pub fn timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Calling(calling) => calling.deadline.map(|(at, _)| at),
            State::Cancelling(cancelling) => cancelling.until,
            State::Idle | State::Over => None,
        }
    }

    /// The time is `now`. Ends a call whose deadline has passed, and the wait for an acknowledgement.
    pub fn expire(&mut self, now: Instant) -> Facts<ClientFact> {
        if self.timeout().is_none_or(|timeout| now < timeout) {
            return Facts::none();
        }
        match &self.state {
            State::Calling(Calling { deadline: Some((_, timeout)), .. }) => {
                let text = format!("deadline exceeded after {} ms", timeout.as_millis());
                self.cancel_with(RpcStatus::new(Code::DeadlineExceeded, text), now)
            }
            State::Cancelling(Cancelling { ended: true, .. }) => self.become_idle(),
            State::Cancelling(_) => self.end_session(ClientEnd::NotAcknowledged),
            _ => Facts::none(),
        }
    }

    /// A whole frame arrived at `now`. A time that has passed by then counts first.
    pub fn frame(&mut self, frame: Frame, now: Instant) -> Facts<ClientFact> {
        let mut facts = self.expire(now);
        if frame.has(flag::ROW_SCHEMA) && !frame.has(flag::TRAILER) {
            return facts;
        }
        let status = frame.has(flag::TRAILER).then(|| self.status(&frame));
        let acknowledges = matches!(&status, Some(Ok(status)) if is_acknowledgement(status));
        facts.append(match &self.state {
            State::Over => Facts::none(),
            State::Idle if acknowledges && self.acknowledgements > 0 => self.late_acknowledgement(),
            State::Calling(calling) if acknowledges && self.acknowledgements > 0 && !calling.answered => {
                self.late_acknowledgement()
            }
            State::Calling(_) => self.answer(frame, status),
            State::Cancelling(_) if acknowledges => self.cancel_acknowledged(),
            State::Idle | State::Cancelling(Cancelling { ended: true, .. }) => self.frame_of_no_call(status),
            State::Cancelling(_) => self.drop_frame(status.as_ref(), now),
        });
        facts
    }

    /// The server finished its side. A running call fails with UNAVAILABLE.
    pub fn end(&mut self) -> Facts<ClientFact> {
        let status = RpcStatus::new(Code::Unavailable, "the session ended during the call");
        self.lose_session(status, ClientEnd::ByServer(None))
    }

    /// The stream was reset, the connection is lost, or the input cannot be read on; `status` says which. A running call
    /// fails with it.
    pub fn lost(&mut self, status: &RpcStatus) -> Facts<ClientFact> {
        self.lose_session(status.clone(), ClientEnd::Lost(status.clone()))
    }

    fn open_input(&mut self, call: CallNumber) -> Result<&mut Calling, SendError> {
        match &mut self.state {
            State::Calling(calling) if calling.call == call => {
                if calling.input_open {
                    Ok(calling)
                } else {
                    Err(SendError::InputOver)
                }
            }
            _ => Err(SendError::CallOver),
        }
    }

    /// The status of a trailer; an error tells what the user sees when it cannot be read.
    fn status(&self, frame: &Frame) -> Result<RpcStatus, RpcStatus> {
        let (mut status, _) = RpcStatus::decode(&frame.payload).map_err(|error| {
            RpcStatus::new(Code::Internal, format!("the server's status is not readable: {error}"))
        })?;
        self.limits.cut_status(&mut status);
        if Code::from_number(status.code).is_none() {
            status.message = format!("unknown status code {}: {}", status.code, status.message);
            status.code = Code::Unknown.number();
        }
        Ok(status)
    }

    /// A frame of the running call.
    fn answer(&mut self, frame: Frame, status: Option<Result<RpcStatus, RpcStatus>>) -> Facts<ClientFact> {
        // An acknowledgement that is late stands before all frames of this call.
        self.acknowledgements = 0;
        let State::Calling(calling) = &mut self.state else { return Facts::none() };
        let (call, single) = (calling.call, !calling.pattern.response_stream);
        let first = !std::mem::replace(&mut calling.answered, true);
        match status {
            None => {
                let mut facts = Facts::one(ClientFact::Message { call, frame });
                if single {
                    facts.append(self.call_finished(ClientFact::Ended { call, status: RpcStatus::ok() }));
                }
                facts
            }
            Some(Err(status)) => self.call_finished(ClientFact::Failed { call, status, never_ran: false }),
            Some(Ok(status)) => match session_ending(&status, Some(&calling.method)).filter(|_| first) {
                Some(SessionEnding::BeforeCall) => {
                    let end = ClientEnd::ByServer(Some(status.clone()));
                    let status = never_ran(status);
                    let mut facts = Facts::one(ClientFact::Failed { call, status, never_ran: true });
                    facts.append(self.end_session(end));
                    facts
                }
                Some(SessionEnding::WithCall) => {
                    self.last_finished = Some(call);
                    let end = ClientEnd::ByServer(Some(status.clone()));
                    let mut facts = Facts::one(ClientFact::Ended { call, status });
                    facts.append(self.end_session(end));
                    facts
                }
                None => self.call_finished(ClientFact::Ended { call, status }),
            },
        }
    }

    /// The server is done with the running call.
    fn call_finished(&mut self, end: ClientFact) -> Facts<ClientFact> {
        self.last_finished = self.running();
        let mut facts = Facts::one(end);
        facts.append(self.become_idle());
        facts
    }

    /// An acknowledgement that was not waited for any longer.
    fn late_acknowledgement(&mut self) -> Facts<ClientFact> {
        self.acknowledgements = self.acknowledgements.saturating_sub(1);
        Facts::none()
    }

    /// A frame that belongs to no call.
    fn frame_of_no_call(&mut self, status: Option<Result<RpcStatus, RpcStatus>>) -> Facts<ClientFact> {
        self.end_session(match status {
            Some(Ok(status)) => ClientEnd::ByServer(Some(status)),
            Some(Err(_)) | None => ClientEnd::Protocol,
        })
    }

    /// The running call is over for the user, and the server is told.
    fn cancel_with(&mut self, status: RpcStatus, now: Instant) -> Facts<ClientFact> {
        let calling = match std::mem::replace(&mut self.state, State::Idle) {
            State::Calling(calling) => calling,
            other => {
                self.state = other;
                return Facts::none();
            }
        };
        let call = calling.call;
        // If a frame of this call has arrived, no earlier acknowledgement is due any more; see `answer`.
        self.acknowledgements += 1;
        let until = now.checked_add(self.times.cancel_wait);
        self.state = State::Cancelling(Cancelling { calling, ended: false, until });
        let mut facts = Facts::one(ClientFact::Write(Bytes::from_static(&CANCEL_FRAME)));
        facts.push(ClientFact::Failed { call, status, never_ran: false });
        facts
    }

    /// An acknowledgement while one is awaited. With two of them due, the first may be an earlier one.
    fn cancel_acknowledged(&mut self) -> Facts<ClientFact> {
        self.acknowledgements = self.acknowledgements.saturating_sub(1);
        if self.acknowledgements > 0 {
            return Facts::none();
        }
        if let State::Cancelling(cancelling) = &self.state {
            self.last_finished = Some(cancelling.calling.call);
        }
        self.become_idle()
    }

    /// Any other frame of a cancelled call: dropped, unless it is the call's own end or that of the session.
    fn drop_frame(
        &mut self,
        status: Option<&Result<RpcStatus, RpcStatus>>,
        now: Instant,
    ) -> Facts<ClientFact> {
        let State::Cancelling(Cancelling { calling, ended, until }) = &mut self.state else {
            return Facts::none();
        };
        self.acknowledgements = 1;
        let first = !std::mem::replace(&mut calling.answered, true);
        if let Some(Ok(status)) = status.filter(|_| first) {
            let ending = session_ending(status, Some(&calling.method));
            if ending == Some(SessionEnding::WithCall) {
                self.last_finished = Some(calling.call);
            }
            if ending.is_some() {
                return self.end_session(ClientEnd::ByServer(Some(status.clone())));
            }
        }
        if status.is_some() || !calling.pattern.response_stream {
            *ended = true;
            *until = now.checked_add(self.times.acknowledge_wait);
            self.last_finished = Some(calling.call);
        }
        Facts::none()
    }

    fn become_idle(&mut self) -> Facts<ClientFact> {
        if self.closing {
            return self.end_session(ClientEnd::Closed);
        }
        self.state = State::Idle;
        Facts::one(ClientFact::Ready)
    }

    fn lose_session(&mut self, status: RpcStatus, end: ClientEnd) -> Facts<ClientFact> {
        if self.is_over() {
            return Facts::none();
        }
        let mut facts = Facts::none();
        if let Some(call) = self.running() {
            facts.push(ClientFact::Failed { call, status, never_ran: false });
        }
        facts.append(self.end_session(end));
        facts
    }

    fn end_session(&mut self, end: ClientEnd) -> Facts<ClientFact> {
        self.state = State::Over;
        Facts::one(ClientFact::Over { end, last_finished: self.last_finished })
    }
}

/// What the user of a call is told that a server refused because the session was over.
fn never_ran(status: RpcStatus) -> RpcStatus {
    if status.message == EXPECTED_CALL_TEXT {
        return RpcStatus::new(Code::Unavailable, "the server had ended the session");
    }
    status
}

/// A CANCEL frame; it has no payload.
const CANCEL_FRAME: [u8; frame::HEAD_BYTES] = [1, 0, 0, 0, flag::CANCEL];
