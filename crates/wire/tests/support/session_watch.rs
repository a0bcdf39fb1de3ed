//! The machines of a session under watch: a peer sends anything, a driver does anything at any time, and each promise of
//! the machines is checked after each input.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is the report")]

use std::time::Duration;

use aster_wire::frame::{Frame, flag};
use aster_wire::limit::RecordLimits;
use aster_wire::record::{CallHeader, Encoding, StreamHeader};
use aster_wire::session::{
    CallNumber, ClientFact, ClientSession, Facts, MAX_FACTS, Pattern, ServerFact, ServerSession,
};

use crate::sessions::{Clock, REQUEST_TIMEOUT, TIMES, data, frames, received, shown, status};

#[derive(Debug, Clone)]
pub(crate) enum ServerInput {
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

/// A server machine, and what its promises are.
pub(crate) struct WatchedServer {
    machine: ServerSession,
    clock: Clock,
    pub(crate) verdict: (Option<Pattern>, bool),
    /// Calls that began, and whether they are over.
    pub(crate) calls: Vec<(CallNumber, bool)>,
    pub(crate) over: bool,
    cancels: usize,
    pub(crate) acknowledgements: usize,
}

impl WatchedServer {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn input(&mut self, input: ServerInput) {
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
    pub(crate) fn finish(mut self) {
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
pub(crate) enum ClientInput {
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

/// A client machine, and what its promises are.
pub(crate) struct WatchedClient {
    machine: ClientSession,
    clock: Clock,
    pub(crate) calls: Vec<(CallNumber, bool)>,
    pub(crate) over: bool,
}

impl WatchedClient {
    pub(crate) fn new() -> Self {
        let header = StreamHeader::default();
        let (machine, _) =
            ClientSession::open(header, Encoding::Fory, RecordLimits::default(), TIMES).unwrap();
        Self { machine, clock: Clock::new(), calls: Vec::new(), over: false }
    }

    pub(crate) fn input(&mut self, input: ClientInput) {
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
    pub(crate) fn finish(mut self) {
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

/// Reads commands and frames for both machines from bytes: the target of a fuzzer.
pub(crate) fn run(bytes: &[u8]) {
    let mut tape = Tape(bytes);
    let (mut server, mut client) = (WatchedServer::new(), WatchedClient::new());
    while let Some(op) = tape.byte() {
        match op % 24 {
            0..=7 => {
                let frame = tape.frame();
                server.input(ServerInput::Frame(frame.clone()));
                client.input(ClientInput::Frame(frame));
            }
            8 => server.input(ServerInput::Frame(tape.frame())),
            9 => client.input(ClientInput::Frame(tape.frame())),
            10 => server.input(ServerInput::Verdict(Some(tape.pattern()), true)),
            11 => server.input(ServerInput::Verdict(None, tape.byte() != Some(1))),
            12 => server.input(ServerInput::Respond),
            13 => server.input(ServerInput::Item),
            14 => server.input(ServerInput::Finish(i64::from(tape.byte().unwrap_or(0) % 17), "cancelled")),
            15 => client.input(ClientInput::Begin(tape.pattern(), op > 100)),
            16 => client.input(ClientInput::Item),
            17 => client.input(ClientInput::EndInput),
            18 => client.input(ClientInput::Cancel),
            19 => server.input(ServerInput::Wait(u64::from(tape.byte().unwrap_or(0)) * 300)),
            20 => client.input(ClientInput::Wait(u64::from(tape.byte().unwrap_or(0)) * 30)),
            21 => server.input(ServerInput::Close),
            22 => client.input(ClientInput::Close),
            _ => match tape.byte().unwrap_or(0) % 5 {
                0 => server.input(ServerInput::Abort),
                1 => server.input(ServerInput::End),
                2 => server.input(ServerInput::Broken),
                3 => client.input(ClientInput::End),
                _ => client.input(ClientInput::Lost),
            },
        }
    }
    server.finish();
    client.finish();
}

struct Tape<'a>(&'a [u8]);

impl Tape<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Flags, length, payload.
    fn frame(&mut self) -> Frame {
        let flags = self.byte().unwrap_or(0);
        let length = usize::from(self.byte().unwrap_or(0)).min(self.0.len());
        let (payload, rest) = self.0.split_at(length);
        self.0 = rest;
        received(flags, payload.to_vec())
    }

    fn pattern(&mut self) -> Pattern {
        let bits = self.byte().unwrap_or(0);
        Pattern { request_stream: bits & 1 != 0, response_stream: bits & 2 != 0 }
    }
}
