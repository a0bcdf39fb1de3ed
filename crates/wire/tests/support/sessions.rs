//! What the tests of sessions share: a clock that is stepped, patterns by name, frames as short texts.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use std::time::{Duration, Instant};

use aster_wire::call::Pattern;
use aster_wire::frame::{self, Decoder, Frame, MAX_BODY, flag};
use aster_wire::limit::METADATA_PAIRS;
use aster_wire::record::{CallHeader, Encoding, RpcStatus, StreamHeader};
use aster_wire::session::{
    BeginError, CallNumber, ClientFact, ClientSession, ClientTimes, Facts, MAX_FACTS, SendError, ServerFact,
    ServerSession,
};
use aster_wire::status::Code;
use bytes::Bytes;

/// How long the machines of these tests wait.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
pub(crate) const TIMES: ClientTimes =
    ClientTimes { cancel_wait: Duration::from_secs(5), acknowledge_wait: Duration::from_secs(1) };

/// A time that only a test moves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(pub(crate) Instant);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn step(&mut self, by: Duration) {
        self.0 += by;
    }
}

pub(crate) fn pattern(name: &str) -> Option<Pattern> {
    let (request_stream, response_stream) = match name {
        "unary" => (false, false),
        "server" => (false, true),
        "client" => (true, false),
        "bidi" => (true, true),
        _ => return None,
    };
    Some(Pattern { request_stream, response_stream })
}

/// All frames of a byte string, which must end with one.
pub(crate) fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::new(MAX_BODY);
    decoder.push(Bytes::copy_from_slice(bytes));
    let frames = std::iter::from_fn(|| decoder.next().expect("frames")).collect();
    assert!(!decoder.is_mid_frame(), "bytes are left");
    frames
}

pub(crate) fn data(text: &str) -> Bytes {
    frame::encode(0, text.as_bytes()).expect("a data frame").into()
}

pub(crate) fn received(flags: u8, payload: impl Into<Bytes>) -> Frame {
    Frame { flags, payload: payload.into() }
}

/// A frame in a few words: `D text`, `T 9 message`, `CALL method`, `CANCEL`, `HEADER service`.
pub(crate) fn shown(frame: &Frame) -> String {
    let text = String::from_utf8_lossy(&frame.payload);
    match frame.flags {
        flag::TRAILER => {
            let (status, _) = RpcStatus::decode(&frame.payload).expect("a status");
            let marked =
                if status.details.iter().any(|(key, _)| key == "aster.session") { " marked" } else { "" };
            format!("T {} {}{marked}", status.code, status.message).trim_end().to_owned()
        }
        flag::CALL => format!("CALL {}", CallHeader::decode(&frame.payload).expect("a header").0.method),
        flag::HEADER => {
            format!("HEADER {}", StreamHeader::decode(&frame.payload).expect("a header").0.service)
        }
        flag::CANCEL => "CANCEL".to_owned(),
        _ => format!("D {text}"),
    }
}

fn written(bytes: &[u8]) -> String {
    let frames = frames(bytes);
    assert_eq!(frames.len(), 1, "one frame a write");
    shown(&frames[0])
}

pub(crate) fn status(code: i64, message: &str) -> RpcStatus {
    RpcStatus { code, message: message.to_owned(), details: Vec::new() }
}

fn number(call: CallNumber) -> u64 {
    call.get()
}

fn server_fact(fact: &ServerFact) -> String {
    match fact {
        ServerFact::Write(bytes) => written(bytes),
        ServerFact::Call { call, header } => format!("call {} {}", number(*call), header.method),
        ServerFact::Message { call, frame } => {
            format!("message {} {}", number(*call), String::from_utf8_lossy(&frame.payload))
        }
        ServerFact::InputEnd { call } => format!("input end {}", number(*call)),
        ServerFact::Aborted { call, cause } => format!("aborted {} {cause:?}", number(*call)),
        ServerFact::Over(end) => format!("over {end:?}"),
    }
}

fn client_fact(fact: &ClientFact) -> String {
    match fact {
        ClientFact::Write(bytes) => written(bytes),
        ClientFact::Message { call, frame } => {
            format!("message {} {}", number(*call), String::from_utf8_lossy(&frame.payload))
        }
        ClientFact::Ended { call, status } => {
            format!("ended {} {} {}", number(*call), status.code, status.message).trim_end().to_owned()
        }
        ClientFact::Failed { call, status, never_ran } => {
            let tail = if *never_ran { " never ran" } else { "" };
            format!("failed {} {}{tail}", number(*call), status.code)
        }
        ClientFact::Ready => "ready".to_owned(),
        ClientFact::Over { end, last_finished } => {
            let end = format!("{end:?}");
            let end = end.split(['(', ' ']).next().unwrap_or_default().to_owned();
            format!("over {end} after {}", last_finished.map_or(0, number))
        }
    }
}

fn listed<T>(facts: Facts<T>, shown: impl Fn(&T) -> String) -> Vec<String> {
    let lines: Vec<_> = facts.into_iter().map(|fact| shown(&fact)).collect();
    assert!(lines.len() <= MAX_FACTS, "{lines:?}");
    lines
}

/// A frame from its words, as [`shown`] prints them; further: `T -` is empty, `CALL !` is damaged, `CALL +` has too much
/// metadata, `ROW text` is a row schema.
pub(crate) fn frame_of(words: &str, encoding: Encoding) -> Option<Frame> {
    let (kind, rest) = words.split_once(' ').unwrap_or((words, ""));
    let header = |method: &str, pairs: usize| CallHeader {
        method: method.to_owned(),
        metadata: (0..pairs).map(|n| (format!("k{n}"), "v".to_owned())).collect(),
        ..CallHeader::default()
    };
    Some(match (kind, rest) {
        ("D", text) => received(0, text.to_owned()),
        ("ROW", text) => received(flag::ROW_SCHEMA, text.to_owned()),
        ("T", "-") => received(flag::TRAILER, Bytes::new()),
        ("T", text) => {
            let (code, message) = text.split_once(' ').unwrap_or((text, ""));
            received(flag::TRAILER, status(code.parse().expect("a code"), message).encode(encoding))
        }
        ("CALL", "!") => received(flag::CALL, vec![0xFF]),
        ("CALL", "+") => received(flag::CALL, header("unary", METADATA_PAIRS + 1).encode(encoding)),
        ("CALL", method) => received(flag::CALL, header(method, 0).encode(encoding)),
        ("CANCEL", "") => received(flag::CANCEL, Bytes::new()),
        _ => return None,
    })
}

/// A server machine with a driver that accepts the methods `unary`, `server`, `client`, `bidi` and refuses others.
pub(crate) struct ServerScript {
    pub(crate) machine: ServerSession,
    pub(crate) clock: Clock,
    encoding: Encoding,
    calls: Vec<CallNumber>,
    run_time: Option<Duration>,
}

impl ServerScript {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self {
            machine: ServerSession::new(
                encoding,
                aster_wire::limit::RecordLimits::default(),
                REQUEST_TIMEOUT,
            ),
            clock: Clock::new(),
            encoding,
            calls: Vec::new(),
            run_time: None,
        }
    }

    /// Does what a line says and tells what came of it. Beside frames: `respond`, `item`, `finish` (of the newest call),
    /// `close`, `abort`, `broken`, `fin`, `lost`, `wait MS`, `limit MS` (for the calls that follow).
    pub(crate) fn run(&mut self, line: &str) -> Vec<String> {
        if let Some(frame) = frame_of(line, self.encoding) {
            return self.frame(frame);
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let millis = || Duration::from_millis(rest.parse().expect("milliseconds"));
        let given = || {
            let (code, message) = rest.split_once(' ').unwrap_or((rest, ""));
            status(code.parse().expect("a code"), message)
        };
        let call = self.calls.last().copied();
        let refused = |error: SendError| vec![format!("{error:?}")];
        match word {
            "respond" => match self.machine.respond(call.expect("a call"), data(rest)) {
                Ok(facts) => listed(facts, server_fact),
                Err(error) => refused(error),
            },
            "finish" => match self.machine.finish(call.expect("a call"), &given()) {
                Ok(facts) => listed(facts, server_fact),
                Err(error) => refused(error),
            },
            "item" => match self.machine.item(call.expect("a call"), data(rest)) {
                Ok(bytes) => vec![written(&bytes)],
                Err(error) => refused(error),
            },
            "close" => listed(self.machine.close(&given()), server_fact),
            "abort" => listed(self.machine.abort(&given()), server_fact),
            "broken" => listed(self.machine.broken(&given()), server_fact),
            "fin" => listed(self.machine.end(), server_fact),
            "lost" => listed(self.machine.lost(), server_fact),
            "limit" => {
                self.run_time = Some(millis());
                Vec::new()
            }
            "wait" => {
                self.clock.step(millis());
                listed(self.machine.expire(self.clock.0), server_fact)
            }
            _ => panic!("no such line: {line}"),
        }
    }

    pub(crate) fn frame(&mut self, frame: Frame) -> Vec<String> {
        let facts: Vec<_> = self.machine.frame(frame, self.clock.0).into_iter().collect();
        assert!(facts.len() <= MAX_FACTS, "{facts:?}");
        facts.into_iter().flat_map(|fact| self.act(&fact)).collect()
    }

    fn act(&mut self, fact: &ServerFact) -> Vec<String> {
        let mut lines = vec![server_fact(fact)];
        if let ServerFact::Call { call, header } = fact {
            self.calls.push(*call);
            if let Some(pattern) = pattern(&header.method) {
                assert!(self.machine.accept(*call, pattern, self.clock.0, self.run_time));
            } else {
                let refusal = RpcStatus::new(Code::Unimplemented, "no such method");
                lines.extend(listed(self.machine.refuse(*call, &refusal), server_fact));
            }
        }
        lines
    }
}

/// A client machine.
pub(crate) struct ClientScript {
    pub(crate) machine: ClientSession,
    pub(crate) clock: Clock,
    encoding: Encoding,
    call: Option<CallNumber>,
}

impl ClientScript {
    pub(crate) fn new(encoding: Encoding) -> Self {
        let header = StreamHeader { service: "S".to_owned(), version: 1, ..StreamHeader::default() };
        let limits = aster_wire::limit::RecordLimits::default();
        let (machine, frame) = ClientSession::open(header, encoding, limits, TIMES).expect("a session");
        assert_eq!(written(&frame), "HEADER S");
        Self { machine, clock: Clock::new(), encoding, call: None }
    }

    /// Does what a line says and tells what came of it. Lines that are frames come from the server. Beside them:
    /// `begin METHOD [MS]`, `item`, `end`, `cancel`, `close`, `fin`, `lost`, `wait MS`.
    pub(crate) fn run(&mut self, line: &str) -> Vec<String> {
        if let Some(frame) = frame_of(line, self.encoding) {
            let facts = self.machine.frame(frame, self.clock.0);
            return listed(facts, client_fact);
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let frame = |result: Result<Bytes, SendError>| match result {
            Ok(bytes) => vec![written(&bytes)],
            Err(error) => vec![format!("{error:?}")],
        };
        match word {
            "begin" => self.begin(rest),
            "item" => frame(self.machine.item(self.call.expect("a call"), data(rest))),
            "end" => frame(self.machine.end_input(self.call.expect("a call"))),
            "cancel" => listed(self.machine.cancel(self.call.expect("a call"), self.clock.0), client_fact),
            "close" => listed(self.machine.close(), client_fact),
            "fin" => listed(self.machine.end(), client_fact),
            "lost" => listed(self.machine.lost(&status(14, "connection lost")), client_fact),
            "wait" => {
                self.clock.step(Duration::from_millis(rest.parse().expect("milliseconds")));
                listed(self.machine.expire(self.clock.0), client_fact)
            }
            _ => panic!("no such line: {line}"),
        }
    }

    fn begin(&mut self, rest: &str) -> Vec<String> {
        let (method, timeout) = rest.split_once(' ').unwrap_or((rest, ""));
        let timeout = timeout.parse().ok().map(Duration::from_millis);
        let header = CallHeader { method: method.to_owned(), ..CallHeader::default() };
        match self.machine.begin(pattern(method).expect("a pattern"), &header, self.clock.0, timeout) {
            Ok((call, bytes)) => {
                self.call = Some(call);
                vec![written(&bytes)]
            }
            Err(error @ (BeginError::Busy | BeginError::Over)) => vec![format!("{error:?}")],
            Err(error) => panic!("{error}"),
        }
    }
}
