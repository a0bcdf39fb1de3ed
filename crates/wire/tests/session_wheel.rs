//! The sessions that were recorded from the Python package, replayed through both machines: `wheel-transcripts.json`
//! (its client and its server) and `wheel-probes.json` (unusual input, and what its server answered).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/sessions.rs"]
mod sessions;

use std::collections::VecDeque;
use std::time::Duration;

use aster_testkit::{hex, vectors};
use aster_wire::call::Pattern;
use aster_wire::frame::{self, Frame, flag};
use aster_wire::limit::RecordLimits;
use aster_wire::record::{CallHeader, Encoding, RpcStatus, StreamHeader};
use aster_wire::session::{
    CallNumber, ClientEnd, ClientFact, ClientSession, EXPECTED_CALL_TEXT, Facts, ServerEnd, ServerFact,
    ServerSession,
};
use aster_wire::status::Code;
use bytes::Bytes;
use serde_json::Value;
use sessions::{Clock, REQUEST_TIMEOUT, TIMES, frames, pattern, shown};

/// The patterns of the recorded service's methods.
fn pattern_of(method: &str) -> Option<Pattern> {
    pattern(match method {
        "add" | "get" | "whoami" | "person" | "make" | "fail" | "sleep" | "admin" => "unary",
        "count" => "server",
        "sum" => "client",
        "chat" => "bidi",
        _ => return None,
    })
}

fn encoded(frame: &Frame) -> Vec<u8> {
    frame::encode(frame.flags, &frame.payload).unwrap()
}

fn recorded_status(frame: &Frame) -> RpcStatus {
    RpcStatus::decode(&frame.payload).unwrap().0
}

/// A server machine whose handlers answer with what the recorded server wrote.
struct Server {
    machine: ServerSession,
    clock: Clock,
    /// What the recorded server wrote and is not yet used.
    answers: VecDeque<Frame>,
    written: Vec<u8>,
    methods: Vec<String>,
    over: Option<ServerEnd>,
}

impl Server {
    fn new(encoding: Encoding, answers: Vec<Frame>) -> Self {
        Self {
            machine: ServerSession::new(encoding, RecordLimits::default(), REQUEST_TIMEOUT),
            clock: Clock::new(),
            answers: answers.into(),
            written: Vec::new(),
            methods: Vec::new(),
            over: None,
        }
    }

    fn frame(&mut self, frame: Frame) {
        let facts = self.machine.frame(frame, self.clock.0);
        self.act(facts);
    }

    fn act(&mut self, facts: Facts<ServerFact>) {
        for fact in facts {
            assert_eq!(self.over, None, "nothing follows the end");
            match fact {
                ServerFact::Write(bytes) => self.write(&bytes),
                ServerFact::Call { call, header } => self.call(call, &header),
                ServerFact::Message { call, frame } => self.message(call, &frame),
                ServerFact::InputEnd { call } => self.answer(call),
                ServerFact::Aborted { .. } => {}
                ServerFact::Over(end) => self.over = Some(end),
            }
        }
    }

    /// A frame that both servers write is used up; of trailers the code decides.
    fn write(&mut self, bytes: &[u8]) {
        let code = |frame: &Frame| frame.has(flag::TRAILER).then(|| recorded_status(frame).code);
        let ours = &frames(bytes)[0];
        let same =
            |answer: &Frame| answer == ours || code(answer).is_some_and(|theirs| code(ours) == Some(theirs));
        if self.answers.front().is_some_and(same) {
            self.answers.pop_front();
        }
        self.written.extend_from_slice(bytes);
    }

    fn call(&mut self, call: CallNumber, header: &CallHeader) {
        self.methods.push(header.method.clone());
        let facts = match pattern_of(&header.method) {
            Some(_) if header.method == "admin" => {
                self.machine.refuse(call, &recorded_status(&self.answers[0]))
            }
            Some(pattern) => {
                let run_time = (header.deadline_epoch_ms > 0).then_some(Duration::from_millis(150));
                assert!(self.machine.accept(call, pattern, self.clock.0, run_time));
                return;
            }
            None => self.machine.refuse(call, &RpcStatus::new(Code::Unimplemented, "no such method")),
        };
        self.act(facts);
    }

    fn message(&mut self, call: CallNumber, frame: &Frame) {
        match self.methods.last().unwrap().as_str() {
            "sleep" | "sum" => {}
            _ if *frame.payload == [0x02, 0xFF, 0x99] => self.finish(call),
            "chat" => self.item(call),
            _ => self.answer(call),
        }
    }

    fn item(&mut self, call: CallNumber) {
        let frame = self.answers.pop_front().unwrap();
        let bytes = self.machine.item(call, encoded(&frame).into()).unwrap();
        self.written.extend_from_slice(&bytes);
    }

    fn finish(&mut self, call: CallNumber) {
        let facts = self.machine.finish(call, &recorded_status(&self.answers[0])).unwrap();
        self.act(facts);
    }

    /// What the recorded handler did when it had its input. A trailer that the session writes is not the handler's.
    fn answer(&mut self, call: CallNumber) {
        let streams = self.methods.last().is_some_and(|method| method == "count" || method == "chat");
        while streams && self.answers.front().is_some_and(|frame| !frame.has(flag::TRAILER)) {
            self.item(call);
        }
        let ours = Frame { flags: 0, payload: Bytes::from_static(b"ours") };
        match self.answers.front() {
            // The recorded server had ended the session.
            None if !streams => self.respond(call, &ours),
            Some(frame) if !frame.has(flag::TRAILER) => {
                let frame = frame.clone();
                self.respond(call, &frame);
            }
            Some(frame) if recorded_status(frame).message == EXPECTED_CALL_TEXT => self.respond(call, &ours),
            Some(frame) if is_of_the_session(&recorded_status(frame)) => {}
            Some(_) => self.finish(call),
            None => {}
        }
    }

    fn respond(&mut self, call: CallNumber, frame: &Frame) {
        let facts = self.machine.respond(call, encoded(frame).into()).unwrap();
        self.act(facts);
    }

    fn end(&mut self) {
        let facts = self.machine.end();
        self.act(facts);
    }
}

/// Statuses that the recorded server made by itself.
fn is_of_the_session(status: &RpcStatus) -> bool {
    ["cancelled", "deadline exceeded", "CALL received during active call", "CALL frame before request"]
        .contains(&status.message.as_str())
        || status.message.contains("NoneType object")
}

fn sessions(file: &Value) -> Vec<&Value> {
    let named = |case: &&Value| vectors::text(case, "name").contains("session:");
    let cases: Vec<_> = vectors::list(file, "cases").iter().filter(named).collect();
    let proxy = vectors::list(file, "cases").iter().find(|case| case["name"] == "proxy: session");
    cases.into_iter().chain(proxy).collect()
}

fn header(frame: &Frame) -> (StreamHeader, Encoding) {
    assert_eq!(frame.flags, flag::HEADER);
    let (header, encoding) = StreamHeader::decode(&frame.payload).unwrap();
    assert_eq!(header.method, "");
    (header, encoding)
}

/// Splits the bytes of a direction by the counts of its events.
fn parts(bytes: &[u8], counts: impl Iterator<Item = usize>) -> VecDeque<Vec<Frame>> {
    let mut rest = bytes;
    let parts = counts.map(|count| {
        let (part, more) = rest.split_at(count);
        rest = more;
        frames(part)
    });
    let parts = parts.collect();
    assert!(rest.is_empty());
    parts
}

fn texts(frames: &[Frame]) -> Vec<String> {
    frames.iter().map(shown).collect()
}

/// Where a server of ours answers something else, because it goes on where Python's ends the session: the whole answer.
const BETTER_TRANSCRIPTS: [(&str, &[&str]); 1] = [(
    "json: session: refused call, then the next",
    &["T 7 capability check failed for method 'RefSession.admin'", "D ours"],
)];

#[test]
fn our_server_answers_the_recorded_client_as_the_recorded_server_did() {
    let file = vectors::load("wheel-transcripts");
    let cases = sessions(&file);
    assert_eq!(cases.len(), 10);
    for case in cases {
        let name = vectors::text(case, "name");
        let stream = &vectors::list(case, "streams")[0];
        let (sent, answered) = (vectors::bytes(stream, "client_hex"), vectors::bytes(stream, "server_hex"));
        let mut input = frames(&sent).into_iter();
        let (_, encoding) = header(&input.next().unwrap());
        let mut server = Server::new(encoding, frames(&answered));
        input.for_each(|frame| server.frame(frame));
        server.end();
        assert_eq!(server.over, Some(ServerEnd::Closed), "{name}");
        match BETTER_TRANSCRIPTS.iter().find(|(better, _)| *better == name) {
            Some((_, expected)) => assert_eq!(texts(&frames(&server.written)), *expected, "{name}"),
            None => assert_eq!(hex::encode(&server.written), hex::encode(&answered), "{name}"),
        }
    }
}

/// What a server of ours answers where it differs, and why:
/// 1. text: our texts say what is wrong in our own words;
/// 2. goes on: the session does not end, so the call behind is answered.
const BETTER_PROBES: [(&str, &[&str]); 6] = [
    ("session: junk CALL", &["T 13 the CALL frame is not readable: not a CallHeader"]), // 1
    ("session: metadata over the limit", &["T 8 metadata has more than 64 entries"]),   // 1
    (
        "session: refused",
        &["T 7 capability check failed for method 'RefSession.admin'", "D ours"], // 2
    ),
    // 1. The answers before are the items that Python wrote, and the response of the call behind.
    ("session: fin during server stream", &["D", "D", "D", "T 13 the session was closed during the call"]),
    ("session: client stream error trailer", &["T 13 the input ended with status 5", "D"]),
    ("session: client stream empty trailer", &["T 13 the end-of-input trailer is not readable", "D"]),
];

#[test]
fn our_server_answers_unusual_input_as_the_recorded_server_did() {
    let file = vectors::load("wheel-probes");
    let cases = sessions(&file);
    assert_eq!(cases.len(), 21);
    for case in cases {
        let name = vectors::text(case, "name");
        let answered = vectors::bytes(case, "server_hex");
        let server = probed(case, &answered);
        let written = frames(&server.written);
        match BETTER_PROBES.iter().find(|(better, _)| *better == name) {
            Some((_, expected)) => {
                let opaque = |text: String| if text.starts_with("D \u{2}") { "D".to_owned() } else { text };
                let written: Vec<_> = texts(&written).into_iter().map(opaque).collect();
                assert_eq!(written, *expected, "{name}");
            }
            None => assert_eq!(hex::encode(&server.written), hex::encode(&answered), "{name}"),
        }
    }
}

fn probed(case: &Value, answered: &[u8]) -> Server {
    let steps = vectors::list(case, "steps");
    let counts =
        steps.iter().filter(|step| step[0] == "client").map(|step| step[1].as_u64().unwrap() as usize);
    let mut parts = parts(&vectors::bytes(case, "client_hex"), counts);
    let first = parts.front_mut().unwrap().remove(0);
    let mut server = Server::new(header(&first).1, frames(answered));
    for step in steps {
        match step[0].as_str().unwrap() {
            "client" => parts.pop_front().unwrap().into_iter().for_each(|frame| server.frame(frame)),
            "pause" => {
                server.clock.step(Duration::from_secs_f64(step[1].as_f64().unwrap()));
                let facts = server.machine.expire(server.clock.0);
                server.act(facts);
            }
            "client_fin" => server.end(),
            other => panic!("{other}"),
        }
    }
    server
}

/// A client machine that is made to do what the recorded client did.
struct Client {
    machine: ClientSession,
    clock: Clock,
    call: Option<(CallNumber, Pattern)>,
    written: Vec<u8>,
    told: Vec<String>,
    end: Option<ClientEnd>,
}

impl Client {
    fn open(frame: &Frame) -> Self {
        let (header, encoding) = header(frame);
        let (machine, bytes) = ClientSession::open(header, encoding, RecordLimits::default(), TIMES).unwrap();
        Self {
            machine,
            clock: Clock::new(),
            call: None,
            written: bytes.to_vec(),
            told: Vec::new(),
            end: None,
        }
    }

    fn send(&mut self, frame: &Frame) {
        let bytes = match frame.flags {
            flag::CALL => {
                let (header, _) = CallHeader::decode(&frame.payload).unwrap();
                let pattern = pattern_of(&header.method).unwrap();
                let (call, bytes) = self.machine.begin(pattern, &header, self.clock.0, None).unwrap();
                self.call = Some((call, pattern));
                bytes
            }
            flag::TRAILER => self.machine.end_input(self.call.unwrap().0).unwrap(),
            0 => self.machine.item(self.call.unwrap().0, encoded(frame).into()).unwrap(),
            other => panic!("the recorded client wrote flags {other}"),
        };
        self.written.extend_from_slice(&bytes);
    }

    fn act(&mut self, facts: Facts<ClientFact>) {
        for fact in facts {
            assert_eq!(self.end, None, "nothing follows the end");
            match fact {
                ClientFact::Write(bytes) => self.written.extend_from_slice(&bytes),
                ClientFact::Message { .. } => self.told.push("message".to_owned()),
                ClientFact::Ended { status, .. } => self.told.push(status.code.to_string()),
                ClientFact::Failed { status, .. } => self.told.push(format!("failed {}", status.code)),
                ClientFact::Ready => {}
                ClientFact::Over { end, .. } => self.end = Some(end),
            }
        }
    }
}

/// What the user of our client is told, where the recorded client was told what the case's `result` says: `message` for
/// each, the code of each call.
const TOLD: [(&str, &[&str]); 9] = [
    (
        "xlang: session: all four patterns",
        &[
            "message", "0", "message", "0", "message", "message", "0", "message", "0", "message", "0",
            "message", "0",
        ],
    ),
    ("xlang: session: metadata", &["message", "0"]),
    ("xlang: session: opened and closed", &[]),
    ("xlang: session: large response", &["message", "0"]),
    ("json: session: errors keep it open", &["6", "13", "message", "0"]),
    ("json: session: metadata", &["message", "0"]),
    // The second call is answered with 9 `Expected CALL frame`: it never ran, and the session is over.
    ("json: session: refused call, then the next", &["7", "failed 14"]),
    ("json: session: opened and closed", &[]),
    ("proxy: session", &["message", "0", "message", "0"]),
];

/// The recorded client also sends CANCEL between two calls, which ours never does: that transcript is left out here.
#[test]
fn our_client_writes_the_bytes_of_the_recorded_client_and_understands_its_server() {
    let file = vectors::load("wheel-transcripts");
    for (name, told) in TOLD {
        let case = sessions(&file).into_iter().find(|case| case["name"] == name).unwrap();
        let stream = &vectors::list(case, "streams")[0];
        let sent = vectors::bytes(stream, "client_hex");
        let events = vectors::list(stream, "events");
        let of = |who: &'static str| events.iter().filter(move |event| event[0] == who);
        let count = |event: &Value| event[1].as_u64().unwrap() as usize;
        let mut sends = parts(&sent, of("client").map(count));
        let mut answers = parts(&vectors::bytes(stream, "server_hex"), of("server").map(count));
        let mut client = Client::open(&sends.front_mut().unwrap().remove(0));
        for event in events {
            match event[0].as_str().unwrap() {
                "client" => sends.pop_front().unwrap().iter().for_each(|frame| client.send(frame)),
                "server" => {
                    for frame in answers.pop_front().unwrap() {
                        let facts = client.machine.frame(frame, client.clock.0);
                        client.act(facts);
                    }
                }
                "client_fin" if client.end.is_none() => {
                    let facts = client.machine.close();
                    client.act(facts);
                    assert_eq!(
                        client.end,
                        Some(ClientEnd::Closed),
                        "{name}: finished when the reply is complete"
                    );
                }
                _ => {}
            }
        }
        assert_eq!(client.told, told, "{name}");
        assert_eq!(hex::encode(&client.written), hex::encode(&sent), "{name}");
    }
}

/// What the recorded server answers when a session has ended for it, as a client of ours takes it.
#[test]
fn our_client_knows_the_recorded_refusals_that_end_a_session() {
    let file = vectors::load("wheel-probes");
    for (name, told) in [
        ("session: refused", &["7", "failed 14"][..]),
        ("session: junk CALL", &["13"]),
        ("session: data while running", &["9", "failed 14"]),
    ] {
        let case = sessions(&file).into_iter().find(|case| case["name"] == name).unwrap();
        let sent = frames(&vectors::bytes(case, "client_hex"));
        let mut client = Client::open(&sent[0]);
        let add = Frame {
            flags: flag::CALL,
            payload: CallHeader { method: "add".to_owned(), ..CallHeader::default() }
                .encode(Encoding::Fory)
                .into(),
        };
        for frame in frames(&vectors::bytes(case, "server_hex")) {
            client.send(&add);
            let facts = client.machine.frame(frame, client.clock.0);
            client.act(facts);
        }
        assert_eq!(client.told, told, "{name}");
        assert!(matches!(client.end, Some(ClientEnd::ByServer(Some(_)))), "{name}: {:?}", client.end);
    }
}
