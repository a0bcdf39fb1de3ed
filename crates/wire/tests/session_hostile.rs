//! Each machine of a session against a peer that sends anything, and a driver that does anything at any time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/sessions.rs"]
mod sessions;

use std::collections::HashMap;
use std::time::Duration;

use aster_wire::frame::{Decoder, Frame, MAX_BODY, flag};
use aster_wire::limit::RecordLimits;
use aster_wire::record::{CallHeader, Encoding, StreamHeader};
use aster_wire::session::{
    CallNumber, ClientFact, ClientSession, Facts, MAX_FACTS, Pattern, ServerFact, ServerSession,
};
use bytes::Bytes;
use proptest::prelude::*;
use sessions::{Clock, REQUEST_TIMEOUT, TIMES, data, frames, received, shown, status};

/// A frame that a peer may send: flags of any kind over payloads that mean something, or nothing.
fn any_frame() -> impl Strategy<Value = Frame> {
    let known = prop::sample::select(vec![
        0,
        flag::COMPRESSED,
        flag::TRAILER,
        flag::HEADER,
        flag::ROW_SCHEMA,
        flag::CALL,
        flag::CALL,
        flag::CANCEL,
    ]);
    let status = (prop::sample::select(vec![0, 1, 9, 12, 13, 77]), any_text())
        .prop_map(|(code, text)| status(code, text).encode(Encoding::Fory));
    let call = any_text().prop_map(|method| {
        CallHeader { method: method.to_owned(), ..CallHeader::default() }.encode(Encoding::Json)
    });
    let header = call.prop_map(Bytes::from);
    let other = prop_oneof![Just(Vec::new()), status, prop::collection::vec(any::<u8>(), 0..30)];
    prop_oneof![
        6 => header.prop_map(|payload| received(flag::CALL, payload)),
        2 => Just(received(flag::CANCEL, Bytes::new())),
        5 => (prop_oneof![8 => known, 1 => any::<u8>()], other)
            .prop_map(|(flags, payload)| received(flags, payload)),
    ]
}

fn any_text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "cancelled",
        "m",
        "Expected CALL frame",
        "Method not found: m",
        "Invalid CallHeader: ",
    ])
}

fn any_pattern() -> impl Strategy<Value = Pattern> {
    (any::<bool>(), any::<bool>())
        .prop_map(|(request_stream, response_stream)| Pattern { request_stream, response_stream })
}

#[derive(Debug, Clone)]
enum ServerInput {
    Frame(Frame),
    /// What is done with the next CALL: accepted, refused, or not judged at all.
    Verdict(Option<Pattern>, bool),
    Respond,
    Item,
    Finish(i64, &'static str),
    Close,
    Abort,
    End,
    Broken,
    Lost,
    Wait(u64),
}

fn server_input() -> impl Strategy<Value = ServerInput> {
    prop_oneof![
        40 => any_frame().prop_map(ServerInput::Frame),
        12 => (prop::option::weighted(0.8, any_pattern()), prop::bool::weighted(0.9))
            .prop_map(|(pattern, judged)| ServerInput::Verdict(pattern, judged)),
        6 => Just(ServerInput::Respond),
        6 => Just(ServerInput::Item),
        6 => (prop::sample::select(vec![0, 1, 5, 9]), any_text()).prop_map(|(code, text)| ServerInput::Finish(code, text)),
        6 => prop::sample::select(vec![0, 10, 1000, 100_000]).prop_map(ServerInput::Wait),
        1 => Just(ServerInput::Close),
        1 => Just(ServerInput::Abort),
        1 => Just(ServerInput::End),
        1 => Just(ServerInput::Broken),
        1 => Just(ServerInput::Lost),
    ]
}

/// A server machine, and what its promises are.
struct WatchedServer {
    machine: ServerSession,
    clock: Clock,
    verdict: (Option<Pattern>, bool),
    /// Calls that began, and whether they are over.
    calls: Vec<(CallNumber, bool)>,
    over: bool,
    cancels: usize,
    acknowledgements: usize,
}

impl WatchedServer {
    fn new() -> Self {
        Self {
            machine: ServerSession::new(Encoding::Fory, RecordLimits::default(), REQUEST_TIMEOUT),
            clock: Clock::new(),
            verdict: (Some(Pattern { request_stream: false, response_stream: true }), true),
            calls: Vec::new(),
            over: false,
            cancels: 0,
            acknowledgements: 0,
        }
    }

    fn input(&mut self, input: ServerInput) {
        let last = self.calls.last().copied();
        let facts = match input {
            ServerInput::Frame(frame) => {
                self.cancels += usize::from(frame.has(flag::CANCEL) && !self.over);
                self.machine.frame(frame, self.clock.0)
            }
            ServerInput::Verdict(pattern, judged) => {
                self.verdict = (pattern, judged);
                return;
            }
            ServerInput::Respond | ServerInput::Finish(..) => {
                let Some((call, over)) = last else { return };
                let result = match input {
                    ServerInput::Finish(code, text) => self.machine.finish(call, &status(code, text)),
                    _ => self.machine.respond(call, data("answer")),
                };
                let Ok(facts) = result else { return };
                assert!(!over, "a call that is over takes no answer");
                self.calls.last_mut().unwrap().1 = true;
                facts
            }
            ServerInput::Item => {
                let Some((call, over)) = last else { return };
                assert!(!over || self.machine.item(call, data("item")).is_err(), "nothing is written for it");
                return;
            }
            ServerInput::Close => self.machine.close(&status(14, "bye")),
            ServerInput::Abort => self.machine.abort(&status(14, "now")),
            ServerInput::End => self.machine.end(),
            ServerInput::Broken => self.machine.broken(&status(3, "broken")),
            ServerInput::Lost => self.machine.lost(),
            ServerInput::Wait(millis) => {
                self.clock.step(Duration::from_millis(millis));
                self.machine.expire(self.clock.0)
            }
        };
        self.check(facts);
    }

    fn check(&mut self, facts: Facts<ServerFact>) {
        let facts: Vec<_> = facts.into_iter().collect();
        assert!(facts.len() <= MAX_FACTS, "{facts:?}");
        for fact in facts {
            assert!(!self.over, "nothing follows the end: {fact:?}");
            match fact {
                ServerFact::Write(bytes) => self.written(&bytes),
                ServerFact::Call { call, header } => {
                    assert!(
                        self.calls.last().is_none_or(|(before, over)| *over && *before < call),
                        "one at a time"
                    );
                    header.check(&RecordLimits::default()).expect("within the limits");
                    self.calls.push((call, false));
                    self.judge(call);
                }
                ServerFact::Message { call, .. } | ServerFact::InputEnd { call } => {
                    assert_eq!(self.calls.last(), Some(&(call, false)), "it runs");
                }
                ServerFact::Aborted { call, .. } => {
                    assert_eq!(self.calls.last(), Some(&(call, false)), "a call ends once");
                    self.calls.last_mut().unwrap().1 = true;
                }
                ServerFact::Over(_) => self.over = true,
            }
        }
    }

    fn judge(&mut self, call: CallNumber) {
        match self.verdict {
            (_, false) => {}
            (Some(pattern), true) => {
                let run_time = pattern.request_stream.then_some(Duration::from_secs(1));
                assert!(self.machine.accept(call, pattern, self.clock.0, run_time));
            }
            (None, true) => {
                let facts = self.machine.refuse(call, &status(7, "no"));
                self.calls.last_mut().unwrap().1 = true;
                self.check(facts);
            }
        }
    }

    fn written(&mut self, bytes: &[u8]) {
        let [frame] = &frames(bytes)[..] else { panic!("one frame a write") };
        match shown(frame).as_str() {
            "T 1 cancelled" => self.acknowledgements += 1,
            text => assert!(text == "D answer" || text.starts_with("T "), "{text}"),
        }
    }

    /// Everything is over when the connection is.
    fn finish(mut self) {
        let before = self.over;
        let facts = self.machine.lost();
        self.check(facts);
        assert!(self.over && self.machine.is_over());
        assert!(self.calls.iter().all(|(_, over)| *over), "each call ends");
        assert!(self.acknowledgements <= self.cancels);
        assert!(before || self.acknowledgements == self.cancels, "each CANCEL is acknowledged");
    }
}

#[derive(Debug, Clone)]
enum ClientInput {
    Frame(Frame),
    Begin(Pattern, bool),
    Item,
    EndInput,
    Cancel,
    Close,
    End,
    Lost,
    Wait(u64),
}

fn client_input() -> impl Strategy<Value = ClientInput> {
    prop_oneof![
        40 => any_frame().prop_map(ClientInput::Frame),
        20 => (any_pattern(), any::<bool>()).prop_map(|(pattern, timed)| ClientInput::Begin(pattern, timed)),
        6 => Just(ClientInput::Item),
        6 => Just(ClientInput::EndInput),
        10 => Just(ClientInput::Cancel),
        10 => prop::sample::select(vec![0, 10, 1000, 5000]).prop_map(ClientInput::Wait),
        1 => Just(ClientInput::Close),
        1 => Just(ClientInput::End),
        1 => Just(ClientInput::Lost),
    ]
}

struct WatchedClient {
    machine: ClientSession,
    clock: Clock,
    calls: Vec<(CallNumber, bool)>,
    over: bool,
}

impl WatchedClient {
    fn new() -> Self {
        let header = StreamHeader::default();
        let (machine, _) =
            ClientSession::open(header, Encoding::Fory, RecordLimits::default(), TIMES).unwrap();
        Self { machine, clock: Clock::new(), calls: Vec::new(), over: false }
    }

    fn input(&mut self, input: ClientInput) {
        let last = self.calls.last().copied();
        let facts = match input {
            ClientInput::Frame(frame) => self.machine.frame(frame, self.clock.0),
            ClientInput::Begin(pattern, timed) => {
                let header = CallHeader { method: "m".to_owned(), ..CallHeader::default() };
                let timeout = timed.then_some(Duration::from_secs(1));
                if let Ok((call, _)) = self.machine.begin(pattern, &header, self.clock.0, timeout) {
                    assert!(!self.over && last.is_none_or(|(_, over)| over), "one at a time");
                    self.calls.push((call, false));
                }
                return;
            }
            ClientInput::Item | ClientInput::EndInput => {
                let Some((call, over)) = last else { return };
                let result = match input {
                    ClientInput::Item => self.machine.item(call, data("item")),
                    _ => self.machine.end_input(call),
                };
                assert!(!over || result.is_err(), "nothing is written for a call that is over");
                return;
            }
            ClientInput::Cancel => {
                let Some((call, _)) = last else { return };
                self.machine.cancel(call, self.clock.0)
            }
            ClientInput::Close => self.machine.close(),
            ClientInput::End => self.machine.end(),
            ClientInput::Lost => self.machine.lost(&status(14, "lost")),
            ClientInput::Wait(millis) => {
                self.clock.step(Duration::from_millis(millis));
                self.machine.expire(self.clock.0)
            }
        };
        self.check(facts);
    }

    fn check(&mut self, facts: Facts<ClientFact>) {
        let facts: Vec<_> = facts.into_iter().collect();
        assert!(facts.len() <= MAX_FACTS, "{facts:?}");
        for fact in facts {
            assert!(!self.over, "nothing follows the end: {fact:?}");
            match fact {
                ClientFact::Write(bytes) => assert_eq!(shown(&frames(&bytes)[0]), "CANCEL"),
                ClientFact::Message { call, .. } => {
                    assert_eq!(self.calls.last(), Some(&(call, false)), "it runs");
                }
                ClientFact::Ended { call, .. } | ClientFact::Failed { call, .. } => {
                    assert_eq!(self.calls.last(), Some(&(call, false)), "a call ends once");
                    self.calls.last_mut().unwrap().1 = true;
                }
                ClientFact::Ready => assert!(self.calls.last().is_none_or(|(_, over)| *over)),
                ClientFact::Over { last_finished, .. } => {
                    assert!(last_finished <= self.calls.last().map(|(call, _)| *call));
                    self.over = true;
                }
            }
        }
    }

    /// Every wait has a bound, and everything is over when the connection is.
    fn finish(mut self) {
        self.input(ClientInput::Cancel);
        for _ in 0..2 {
            self.input(ClientInput::Wait(5000));
        }
        assert!(
            self.over || self.machine.is_ready() || self.machine.timeout().is_none(),
            "{:?}",
            self.machine
        );
        self.input(ClientInput::Lost);
        assert!(self.over && self.machine.is_over());
        assert!(self.calls.iter().all(|(_, over)| *over), "each call ends");
    }
}

fn decoded(bytes: &[u8], chunk: usize) -> Vec<Frame> {
    let mut decoder = Decoder::new(MAX_BODY);
    let mut all = Vec::new();
    for part in bytes.chunks(chunk.max(1)) {
        decoder.push(Bytes::copy_from_slice(part));
        while let Ok(Some(frame)) = decoder.next() {
            all.push(frame);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_server_keeps_its_promises_whatever_comes(inputs in prop::collection::vec(server_input(), 0..60)) {
        let mut server = WatchedServer::new();
        for input in inputs {
            server.input(input);
        }
        server.finish();
    }

    #[test]
    fn a_client_keeps_its_promises_whatever_comes(inputs in prop::collection::vec(client_input(), 0..60)) {
        let mut client = WatchedClient::new();
        for input in inputs {
            client.input(input);
        }
        client.finish();
    }

    #[test]
    fn any_bytes_are_survived_by_both(
        frames in prop::collection::vec(any_frame(), 0..8),
        noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        chunk in 1..40_usize,
    ) {
        let mut bytes: Vec<u8> = frames
            .iter()
            .flat_map(|frame| [&(frame.payload.len() as u32 + 1).to_le_bytes()[..], &[frame.flags], &frame.payload].concat())
            .collect();
        for (at, byte) in noise {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        let (mut server, mut client) = (WatchedServer::new(), WatchedClient::new());
        server.verdict = (Some(Pattern { request_stream: true, response_stream: true }), true);
        client.input(ClientInput::Begin(Pattern { request_stream: true, response_stream: true }, true));
        for frame in decoded(&bytes, chunk) {
            server.input(ServerInput::Frame(frame.clone()));
            client.input(ClientInput::Frame(frame));
        }
        server.finish();
        client.finish();
    }
}

/// The promises above mean something only if the inputs reach the states: counted over fixed inputs.
#[test]
fn random_input_reaches_calls_and_their_ends() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let strategy = prop::collection::vec(server_input(), 60);
    for _ in 0..300 {
        let mut server = WatchedServer::new();
        for input in strategy.new_tree(&mut runner).unwrap().current() {
            let calls = server.calls.len();
            server.input(input);
            *seen.entry("call").or_default() += server.calls.len() - calls;
        }
        *seen.entry("acknowledgement").or_default() += server.acknowledgements;
        *seen.entry("over").or_default() += usize::from(server.over);
    }
    assert!(seen["call"] > 600 && seen["acknowledgement"] > 200 && seen["over"] > 100, "{seen:?}");
}
