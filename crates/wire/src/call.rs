//! One stateless call as a state machine: frames go in, facts come out (`docs/protocol.md#stateless-calls`).
//!
//! Owns the order of frames on a stream of its own, what each frame means in each phase, the statuses that
//! broken or missing frames end a call with, and the times at which a side stops waiting. Does not own bytes
//! of payloads, sockets, queues or clocks: the driver (`aster-net`) passes frames and the time in and acts on
//! the facts. [`ServerCall`] and [`ClientCall`] never see each other; tests connect them without a network.
//!
//! Phases of the server: header -> judged by the driver ([`ServerCall::accept`]) -> request (patterns with one
//! request) or input (patterns with many) -> running -> over. The client has one phase: it waits for messages
//! until a trailer, the end of the stream, a failure or its deadline ends the call.

use std::time::{Duration, Instant};

use crate::ending::AdmissionEnd;
use crate::frame::{Frame, FrameError, flag};
use crate::limit::RecordLimits;
pub use crate::record::REASON_DETAIL;
use crate::record::{Encoding, RpcStatus, StreamHeader};
use crate::status::Code;

/// A deadline up to this much in the past on arrival is taken for a difference between two clocks.
pub const CLOCK_SKEW_MS: i64 = 5000;
/// The reason word of a node that the peer does not admit.
pub const NOT_ADMITTED: &str = "NOT_ADMITTED";
/// The reason word of a call that would have gone through a relay that it must not use.
pub const RELAY_REFUSED: &str = "RELAY_REFUSED";

/// A call kind: does either side send a stream?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// The client sends any number of messages.
    pub request_stream: bool,
    /// The server sends any number of messages.
    pub response_stream: bool,
}

impl Pattern {
    /// Reads the names of service documents: `unary`, `serverStream`, `clientStream`, `bidiStream`.
    pub fn from_name(name: &str) -> Option<Self> {
        let (request_stream, response_stream) = match name {
            "unary" => (false, false),
            "serverStream" => (false, true),
            "clientStream" => (true, false),
            "bidiStream" => (true, true),
            _ => return None,
        };
        Some(Self { request_stream, response_stream })
    }
}

/// Why no further frame can be read from the peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputFailure {
    /// The bytes break the framing rules.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// The peer reset the stream.
    #[error("the peer reset the stream")]
    Reset,
    /// The connection is lost.
    #[error("connection lost: {0}")]
    ConnectionLost(String),
    /// The peer closed the connection because it does not admit this node.
    #[error("the peer does not admit this node")]
    NotAdmitted,
    /// The peer closed the connection because the admission of this node ended.
    #[error("{0}")]
    AdmissionEnded(AdmissionEnd),
    /// This side closed the connection because its calls would have gone through a relay that they must not use.
    #[error("{0}")]
    RelayRefused(String),
    /// No byte arrived for this long while one was due.
    #[error("no data for {0:?}")]
    Silent(Duration),
    /// The byte budget of the connection stayed full for too long.
    #[error("the byte budget of the peer is exhausted")]
    Budget,
}

/// What the server side of a call learns from its input.
#[derive(Debug, PartialEq, Eq)]
pub enum ServerFact {
    /// The frame changes nothing.
    Ignored,
    /// The header arrived. The driver calls [`ServerCall::accept`] or ends the call with a status of its own.
    Header(Box<StreamHeader>, Encoding),
    /// A message, still as it travelled (compressed when its flag says so).
    Message(Frame),
    /// The client sends nothing more, in order.
    InputEnd,
    /// The call ends: write this status as the trailer.
    Ended(RpcStatus),
    /// The client left. Nobody reads an answer.
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Header,
    Judged,
    Request,
    Input,
    Running,
    Over,
}

/// The server side of one stateless call.
#[derive(Debug)]
pub struct ServerCall {
    phase: Phase,
    pattern: Pattern,
    encoding: Encoding,
    /// When the driver must call [`ServerCall::expire`].
    timeout: Option<Instant>,
}

impl ServerCall {
    /// A stream was accepted at `now`; its header must be complete within `header_timeout`.
    pub fn new(now: Instant, header_timeout: Duration) -> Self {
        Self {
            phase: Phase::Header,
            pattern: Pattern { request_stream: false, response_stream: false },
            encoding: Encoding::Fory,
            timeout: now.checked_add(header_timeout),
        }
    }

    /// The encoding of the trailer. Fory until the header is accepted.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The pattern given to [`accept`](Self::accept).
    pub fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// True while a message of the client is due: the driver then bounds the silence on the stream.
    pub fn awaits_request(&self) -> bool {
        self.phase == Phase::Request
    }

    /// When to call [`expire`](Self::expire) unless the call is over before.
    pub fn timeout(&self) -> Option<Instant> {
        self.timeout
    }

    /// The header leads to a method. `run_time` bounds the whole call from `now` on; `None` sets no bound.
    pub fn accept(&mut self, pattern: Pattern, encoding: Encoding, now: Instant, run_time: Option<Duration>) {
        self.pattern = pattern;
        self.encoding = encoding;
        self.phase = if pattern.request_stream { Phase::Input } else { Phase::Request };
        self.timeout = run_time.and_then(|time| now.checked_add(time));
    }

    /// The driver refuses the header; its status is written in `encoding`.
    pub fn refuse(&mut self, encoding: Encoding) {
        self.encoding = encoding;
        self.over();
    }

    /// Handles what a read of the stream gave: a whole frame, the end of the stream, or the reason why nothing more can
    /// be read.
    pub fn read(&mut self, read: Result<Option<Frame>, InputFailure>) -> ServerFact {
        match read {
            Ok(Some(frame)) => self.frame(frame),
            Ok(None) => self.end(),
            Err(failure) => self.fail(&failure),
        }
    }

    /// A whole frame arrived.
    pub fn frame(&mut self, frame: Frame) -> ServerFact {
        match self.phase {
            Phase::Header => self.header(&frame),
            Phase::Request => self.request(frame),
            Phase::Input => self.input(frame),
            // The client has said everything that this call needs.
            Phase::Judged | Phase::Running | Phase::Over => ServerFact::Ignored,
        }
    }

    /// The client finished its direction.
    pub fn end(&mut self) -> ServerFact {
        match self.phase {
            Phase::Header => self.gone(),
            Phase::Request => self.ended(Code::Unavailable, "Stream ended"),
            Phase::Input => self.input_end(),
            Phase::Judged | Phase::Running | Phase::Over => ServerFact::Ignored,
        }
    }

    /// The input cannot be read on.
    pub fn fail(&mut self, failure: &InputFailure) -> ServerFact {
        let (frame_code, prefix) = match self.phase {
            Phase::Over => return ServerFact::Ignored,
            Phase::Header => (Code::Internal, ""),
            Phase::Request => (Code::InvalidArgument, "request: "),
            Phase::Judged | Phase::Input | Phase::Running => (Code::InvalidArgument, ""),
        };
        match failure {
            InputFailure::Reset
            | InputFailure::ConnectionLost(_)
            | InputFailure::NotAdmitted
            | InputFailure::AdmissionEnded(_)
            | InputFailure::RelayRefused(_) => self.gone(),
            InputFailure::Frame(error) => self.ended(frame_code, error.to_string()),
            InputFailure::Silent(_) => self.ended(Code::DeadlineExceeded, format!("{prefix}{failure}")),
            InputFailure::Budget => self.ended(Code::ResourceExhausted, failure.to_string()),
        }
    }

    /// The time is `now`. Ends the call when its timeout has passed.
    pub fn expire(&mut self, now: Instant) -> ServerFact {
        if self.phase == Phase::Over || self.timeout.is_none_or(|timeout| now < timeout) {
            return ServerFact::Ignored;
        }
        let text = if self.phase == Phase::Header {
            "the stream header did not arrive in time"
        } else {
            "deadline exceeded"
        };
        self.ended(Code::DeadlineExceeded, text)
    }

    /// The handler's end was written, or the driver ends the call for a reason of its own.
    pub fn over(&mut self) {
        self.phase = Phase::Over;
        self.timeout = None;
    }

    fn header(&mut self, frame: &Frame) -> ServerFact {
        if !frame.has(flag::HEADER) {
            return self.ended(Code::Internal, "First frame must have HEADER flag");
        }
        match StreamHeader::decode(&frame.payload) {
            Ok((header, encoding)) => {
                self.phase = Phase::Judged;
                ServerFact::Header(Box::new(header), encoding)
            }
            Err(_) => self.ended(Code::Internal, "Invalid StreamHeader"),
        }
    }

    fn request(&mut self, frame: Frame) -> ServerFact {
        if frame.has(flag::TRAILER) {
            return self.ended(Code::Unavailable, "Unexpected trailer");
        }
        if frame.has(flag::CANCEL) {
            return ServerFact::Ignored;
        }
        self.phase = Phase::Running;
        ServerFact::Message(frame)
    }

    fn input(&mut self, frame: Frame) -> ServerFact {
        if frame.has(flag::TRAILER) {
            return self.input_trailer(&frame);
        }
        if frame.has(flag::CANCEL) {
            return ServerFact::Ignored;
        }
        ServerFact::Message(frame)
    }

    /// A trailer ends the input. In an upload its status counts: the reference takes a reset for a complete
    /// upload, so a client cancels one with the status CANCELLED.
    fn input_trailer(&mut self, frame: &Frame) -> ServerFact {
        if self.pattern.response_stream {
            return self.input_end();
        }
        match RpcStatus::decode(&frame.payload) {
            Ok((sent, _)) if sent.code == Code::Cancelled.number() => {
                self.ended(Code::Cancelled, "the caller cancelled the upload")
            }
            Ok((sent, _)) if sent.code != 0 => {
                self.ended(Code::Internal, format!("the input ended with status {}", sent.code))
            }
            _ => self.input_end(),
        }
    }

    fn input_end(&mut self) -> ServerFact {
        self.phase = Phase::Running;
        ServerFact::InputEnd
    }

    fn ended(&mut self, code: Code, message: impl Into<String>) -> ServerFact {
        self.over();
        ServerFact::Ended(RpcStatus::new(code, message))
    }

    fn gone(&mut self) -> ServerFact {
        self.over();
        ServerFact::Gone
    }
}

/// Time left for a call whose header names the absolute deadline `deadline_epoch_ms`, at `now_epoch_ms`. `None`: the
/// header names no deadline. A call that arrives late by less than [`CLOCK_SKEW_MS`] runs with what is left of that.
///
/// # Errors
/// The text of the status `DEADLINE_EXCEEDED` of a call that arrives later still.
pub fn remaining(deadline_epoch_ms: i64, now_epoch_ms: i64) -> Result<Option<Duration>, String> {
    if deadline_epoch_ms <= 0 {
        return Ok(None);
    }
    let left = deadline_epoch_ms.saturating_sub(now_epoch_ms);
    let left = if left > 0 { left } else { left.saturating_add(CLOCK_SKEW_MS) };
    if left <= 0 {
        return Err(format!(
            "deadline already expired on receipt (now={now_epoch_ms}, deadline={deadline_epoch_ms}, skew_tolerance={CLOCK_SKEW_MS}ms)"
        ));
    }
    Ok(Some(Duration::from_millis(left.unsigned_abs())))
}

/// What the client side of a call learns from its input.
#[derive(Debug, PartialEq, Eq)]
pub enum ClientFact {
    /// The frame changes nothing.
    Ignored,
    /// A message, still as it travelled. For a single response the call is not over yet.
    Message(Frame),
    /// The call is over with the peer's status.
    Ended(RpcStatus),
    /// The call is over with a status that this side made.
    Failed(RpcStatus),
}

/// How a client leaves a call that is over for its user, so that the server learns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// The server knows that the call is over.
    Nothing,
    /// Reset the output and stop the input.
    Reset,
    /// Write a trailer with the status CANCELLED, finish, and stop the input: the reference takes a reset upload
    /// for a complete one.
    CancelUpload,
}

/// The client side of one stateless call.
#[derive(Debug)]
pub struct ClientCall {
    pattern: Pattern,
    answered: bool,
    end: Option<End>,
    deadline: Option<(Instant, Duration)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The peer said OK.
    Complete,
    /// The peer said how the call failed.
    Peer,
    /// This side gave up.
    Local,
}

impl ClientCall {
    /// A call that begins at `now` and may take `timeout`.
    pub fn new(pattern: Pattern, now: Instant, timeout: Option<Duration>) -> Self {
        // A time beyond what the clock can show is no deadline.
        let deadline = timeout.and_then(|timeout| Some((now.checked_add(timeout)?, timeout)));
        Self { pattern, answered: false, end: None, deadline }
    }

    /// When to call [`expire`](Self::expire) unless the call is over before.
    pub fn timeout(&self) -> Option<Instant> {
        self.deadline.map(|(at, _)| at).filter(|_| self.end.is_none())
    }

    /// Handles what a read of the stream gave: a whole frame, the end of the stream, or the reason why nothing more can
    /// be read.
    pub fn read(&mut self, read: Result<Option<Frame>, InputFailure>) -> ClientFact {
        match read {
            Ok(Some(frame)) => self.frame(frame),
            Ok(None) => self.end(),
            Err(failure) => self.fail(&failure),
        }
    }

    /// A whole frame arrived.
    pub fn frame(&mut self, frame: Frame) -> ClientFact {
        if self.end.is_some() || frame.has(flag::ROW_SCHEMA) && !frame.has(flag::TRAILER) {
            return ClientFact::Ignored;
        }
        if frame.has(flag::TRAILER) {
            return self.trailer(&frame);
        }
        if self.answered && !self.pattern.response_stream {
            let status = RpcStatus::new(Code::Internal, "the peer sent more than one response");
            return self.failed(status.because("STREAMED_ANSWER"));
        }
        self.answered = true;
        ClientFact::Message(frame)
    }

    /// The server finished its direction. After a single response that counts as OK: some servers write no trailer
    /// there.
    pub fn end(&mut self) -> ClientFact {
        if self.end.is_some() {
            return ClientFact::Ignored;
        }
        if self.answered && !self.pattern.response_stream {
            self.end = Some(End::Complete);
            return ClientFact::Ended(RpcStatus::ok());
        }
        self.failed(RpcStatus::new(Code::Unavailable, "the stream ended without a status"))
    }

    /// The input cannot be read on.
    pub fn fail(&mut self, failure: &InputFailure) -> ClientFact {
        if self.end.is_some() {
            return ClientFact::Ignored;
        }
        let status = |code| RpcStatus::new(code, failure.to_string());
        self.failed(match failure {
            InputFailure::Frame(_) => status(Code::Internal),
            InputFailure::Budget => status(Code::ResourceExhausted),
            InputFailure::NotAdmitted => status(Code::PermissionDenied).because(NOT_ADMITTED),
            InputFailure::AdmissionEnded(end) => end.status(),
            InputFailure::RelayRefused(_) => status(Code::Unavailable).because(RELAY_REFUSED),
            InputFailure::Reset | InputFailure::ConnectionLost(_) | InputFailure::Silent(_) => {
                status(Code::Unavailable)
            }
        })
    }

    /// The time is `now`. Ends the call when its deadline has passed.
    pub fn expire(&mut self, now: Instant) -> ClientFact {
        match self.deadline {
            Some((at, timeout)) if self.end.is_none() && now >= at => self.failed(RpcStatus::new(
                Code::DeadlineExceeded,
                format!("deadline exceeded after {} ms", timeout.as_millis()),
            )),
            _ => ClientFact::Ignored,
        }
    }

    /// The user leaves, or the driver ends the call for a reason of its own.
    pub fn leave(&mut self) {
        self.end.get_or_insert(End::Local);
    }

    /// True once the call is over.
    pub fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// How to leave the stream. `sent`: some byte of the call left this process. `finished`: the output has ended.
    pub fn farewell(&self, sent: bool, finished: bool) -> Farewell {
        let upload = self.pattern.request_stream && !self.pattern.response_stream;
        match self.end {
            Some(End::Complete) => Farewell::Nothing,
            None | Some(End::Local) if upload && sent && !finished => Farewell::CancelUpload,
            None | Some(End::Local | End::Peer) => Farewell::Reset,
        }
    }

    fn trailer(&mut self, frame: &Frame) -> ClientFact {
        let mut status = match RpcStatus::decode(&frame.payload) {
            Ok((status, _)) => status,
            Err(error) => {
                let text = format!("the peer's status is not readable: {error}");
                return self.failed(RpcStatus::new(Code::Internal, text));
            }
        };
        RecordLimits::default().cut_status(&mut status);
        if Code::from_number(status.code).is_none() {
            status.message = format!("unknown status code {}: {}", status.code, status.message);
            status.code = Code::Unknown.number();
        }
        self.end = Some(if status.is_ok() { End::Complete } else { End::Peer });
        ClientFact::Ended(status)
    }

    fn failed(&mut self, status: RpcStatus) -> ClientFact {
        self.end = Some(End::Local);
        ClientFact::Failed(status)
    }
}
