//! A client and a server machine, joined by two byte pipes with little room, and everything that may happen to them.
//!
//! Each step is drawn from a [`Choice`]: bytes move in pieces of any size, commands come at any time, the clock moves,
//! the connection is lost. Both sides write down what they did; [`World::finish`] lets everything come to its end and
//! compares.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use std::time::Duration;

use aster_wire::frame::{self, Decoder, Frame, MAX_BODY, flag};
use aster_wire::limit::RecordLimits;
use aster_wire::record::{CallHeader, Encoding, RpcStatus, StreamHeader};
use aster_wire::session::{
    AbortCause, CallNumber, ClientEnd, ClientFact, ClientSession, Facts, MAX_FACTS, Pattern, ServerEnd,
    ServerFact, ServerSession,
};
use bytes::Bytes;

use crate::sessions::{Clock, REQUEST_TIMEOUT, TIMES, received, shown, status};

/// Where the steps come from.
pub(crate) trait Choice {
    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize;

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 1
    }
}

/// xorshift64*: a seed gives the same run each time.
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
}

impl Choice for Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }
}

/// Choices that a property test can shrink: one byte each, then zeros.
pub(crate) struct Tape<'a>(pub(crate) std::slice::Iter<'a, u8>);

impl Choice for Tape<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % bound.max(1)
    }
}

/// What may happen beside calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Time stands still and nothing breaks: every call that is not refused must do what its handler did.
    Calm,
    /// Time passes, the connection is lost, the server closes.
    Storm,
    /// The server takes a CANCEL in the input of a bidi call for the end of that input, as Python's does. Time passes.
    Python,
}

const ROOM: usize = 300;

enum Arrival {
    Frame(Frame),
    End,
    Nothing,
}

/// One direction of the stream.
struct Pipe {
    bytes: Vec<u8>,
    finished: bool,
    decoder: Decoder,
    ended: bool,
}

impl Pipe {
    fn new() -> Self {
        Self { bytes: Vec::new(), finished: false, decoder: Decoder::new(MAX_BODY), ended: false }
    }

    fn deliver(&mut self, count: usize) {
        let part: Vec<_> = self.bytes.drain(..count.min(self.bytes.len())).collect();
        self.decoder.push(Bytes::from(part));
    }

    /// What comes next; the end comes once.
    fn next(&mut self) -> Arrival {
        if let Some(frame) = self.decoder.next().expect("only frames are written") {
            return Arrival::Frame(frame);
        }
        if self.finished && self.bytes.is_empty() && !self.ended {
            assert!(!self.decoder.is_mid_frame(), "the stream ends between two frames");
            self.ended = true;
            return Arrival::End;
        }
        Arrival::Nothing
    }
}

/// What a side still has to write. Nothing else is done by the server before it is empty.
#[derive(Default)]
struct Outbox {
    bytes: Vec<u8>,
    finish: bool,
}

impl Outbox {
    fn flush(&mut self, pipe: &mut Pipe, count: usize) {
        let count = count.min(self.bytes.len()).min(ROOM.saturating_sub(pipe.bytes.len()));
        pipe.bytes.extend(self.bytes.drain(..count));
        if self.finish && self.bytes.is_empty() {
            pipe.finished = true;
        }
    }
}

#[derive(Debug)]
enum End {
    Ended(RpcStatus),
    Failed(RpcStatus, bool),
}

/// What the client did and saw of a call.
#[derive(Debug)]
struct Made {
    call: CallNumber,
    pattern: Pattern,
    /// Items that it means to send.
    items: usize,
    sent: Vec<Bytes>,
    input_ended: bool,
    received: Vec<Bytes>,
    timed: bool,
    cancelled: bool,
    end: Option<End>,
}

#[derive(Debug)]
enum ServerSide {
    Responded,
    Finished(RpcStatus),
    Refused(RpcStatus),
    Aborted(AbortCause),
}

/// What the server did and saw of a call.
#[derive(Debug)]
struct Served {
    call: CallNumber,
    pattern: Pattern,
    received: Vec<Bytes>,
    input_ended: bool,
    emitted: Vec<Bytes>,
    /// How many items or responses the handler means to give.
    items: usize,
    /// What the handler means to end with.
    last: RpcStatus,
    /// The input ended with a CANCEL.
    cut_short: bool,
    /// The handler does not wait for the end of its input.
    eager: bool,
    end: Option<ServerSide>,
}

/// What has happened, over all runs: a simulation that never cancels proves nothing about it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) calls: usize,
    pub(crate) ok: usize,
    pub(crate) items: usize,
    pub(crate) refused: usize,
    pub(crate) cancelled: usize,
    /// Calls that had ended on the server when its CANCEL arrived.
    pub(crate) crossed: usize,
    pub(crate) early_ends: usize,
    pub(crate) deadlines: usize,
    /// Calls that the server stopped at their deadline.
    pub(crate) stopped: usize,
    pub(crate) never_ran: usize,
    pub(crate) lost: usize,
    pub(crate) not_acknowledged: usize,
    /// CANCELs that were taken for the end of input.
    pub(crate) swallowed: usize,
    pub(crate) closed_by_server: usize,
}

impl Seen {
    pub(crate) fn add(&mut self, more: &Self) {
        self.calls += more.calls;
        self.ok += more.ok;
        self.items += more.items;
        self.refused += more.refused;
        self.cancelled += more.cancelled;
        self.crossed += more.crossed;
        self.early_ends += more.early_ends;
        self.deadlines += more.deadlines;
        self.stopped += more.stopped;
        self.never_ran += more.never_ran;
        self.lost += more.lost;
        self.not_acknowledged += more.not_acknowledged;
        self.swallowed += more.swallowed;
        self.closed_by_server += more.closed_by_server;
    }
}

pub(crate) struct World<'a> {
    choice: &'a mut dyn Choice,
    weather: Weather,
    clock: Clock,
    client: ClientSession,
    server: ServerSession,
    client_out: Outbox,
    server_out: Outbox,
    to_server: Pipe,
    to_client: Pipe,
    plan: usize,
    made: Vec<Made>,
    served: Vec<Served>,
    client_end: Option<ClientEnd>,
    server_end: Option<ServerEnd>,
    last_finished: Option<CallNumber>,
    cancels: usize,
    acknowledgements: usize,
    quiet: bool,
    pub(crate) seen: Seen,
}

fn payload(side: char, call: CallNumber, index: usize, padding: usize) -> Bytes {
    Bytes::from(format!("{side}{}.{index}{}", call.get(), "-".repeat(padding)))
}

fn data(payload: &Bytes) -> Bytes {
    frame::encode(0, payload).expect("a frame").into()
}

impl<'a> World<'a> {
    pub(crate) fn new(choice: &'a mut dyn Choice, weather: Weather) -> Self {
        let encoding = if choice.chance(2) { Encoding::Json } else { Encoding::Fory };
        let header = StreamHeader { service: "S".to_owned(), ..StreamHeader::default() };
        let (client, opening) =
            ClientSession::open(header, encoding, RecordLimits::default(), TIMES).unwrap();
        let mut to_server = Pipe::new();
        to_server.bytes.extend_from_slice(&opening);
        to_server.deliver(opening.len());
        let Arrival::Frame(header) = to_server.next() else { panic!("no HEADER frame") };
        assert_eq!(shown(&header), "HEADER S");
        Self {
            plan: 1 + choice.below(6),
            choice,
            weather,
            clock: Clock::new(),
            client,
            server: ServerSession::new(encoding, RecordLimits::default(), REQUEST_TIMEOUT),
            client_out: Outbox::default(),
            server_out: Outbox::default(),
            to_server,
            to_client: Pipe::new(),
            made: Vec::new(),
            served: Vec::new(),
            client_end: None,
            server_end: None,
            last_finished: None,
            cancels: 0,
            acknowledgements: 0,
            quiet: false,
            seen: Seen::default(),
        }
    }

    /// One random step.
    pub(crate) fn step(&mut self) {
        match self.choice.below(16) {
            0..=2 => {
                let count = self.choice.below(80);
                self.client_out.flush(&mut self.to_server, count);
            }
            3..=5 => {
                let count = self.choice.below(80);
                self.server_out.flush(&mut self.to_client, count);
            }
            6 | 7 => {
                let count = self.choice.below(60);
                self.to_server.deliver(count);
                self.serve();
            }
            8 | 9 => {
                let count = self.choice.below(60);
                self.to_client.deliver(count);
                self.read();
            }
            10 | 11 => self.client_acts(),
            12 | 13 => self.handler_acts(),
            14 => self.cancel(),
            _ => self.fault(),
        }
    }

    /// Lets everything come to its end, and compares what both sides wrote down.
    pub(crate) fn finish(mut self) -> Seen {
        self.quiet = true;
        for round in 0..2000 {
            if self.client.is_over() && self.server.is_over() {
                self.judge();
                return self.seen;
            }
            self.client_out.flush(&mut self.to_server, ROOM);
            self.server_out.flush(&mut self.to_client, ROOM);
            self.to_server.deliver(ROOM);
            self.to_client.deliver(ROOM);
            self.serve();
            self.read();
            self.client_acts();
            self.handler_acts();
            if round % 100 == 99 {
                // Nothing moves any more: a side waits for a time to pass.
                let times = [self.client.timeout(), self.server.timeout()];
                self.clock.0 = times.into_iter().flatten().min().unwrap_or(self.clock.0).max(self.clock.0);
                self.expire();
            }
        }
        panic!("no end: {:?} {:?} {:?} {:?}", self.client, self.server, self.made, self.served);
    }

    fn fault(&mut self) {
        if self.weather == Weather::Python {
            self.clock.step(Duration::from_millis([1, 100, 400][self.choice.below(3)]));
            return self.expire();
        }
        if self.weather == Weather::Calm {
            return;
        }
        match self.choice.below(40) {
            0..=11 => {
                let millis = [1, 10, 100, 700, 2000, 70_000][self.choice.below(6)];
                self.clock.step(Duration::from_millis(millis));
            }
            12..=23 => self.expire(),
            24 => {
                self.seen.lost += 1;
                let facts = self.server.lost();
                self.server_facts(facts);
                let facts = self.client.lost(&status(14, "connection lost"));
                self.client_facts(facts);
            }
            25 => {
                let facts = self.server.close(&status(14, "bye"));
                self.server_facts(facts);
            }
            26 => {
                let facts = self.server.abort(&status(14, "now"));
                self.server_facts(facts);
            }
            27 => {
                let facts = self.client.close();
                self.client_facts(facts);
            }
            _ => {}
        }
    }

    fn expire(&mut self) {
        let facts = self.client.expire(self.clock.0);
        self.client_facts(facts);
        let facts = self.server.expire(self.clock.0);
        self.server_facts(facts);
    }

    fn cancel(&mut self) {
        let Some(call) = self.client.running() else { return };
        if !self.choice.chance(6) {
            return;
        }
        let made = self.made.last_mut().unwrap();
        assert_eq!(made.call, call);
        made.cancelled = true;
        let facts = self.client.cancel(call, self.clock.0);
        self.client_facts(facts);
    }

    /// The client begins a call, goes on with its input, or closes the session after the last one.
    fn client_acts(&mut self) {
        if self.client_out.bytes.len() > ROOM {
            return;
        }
        match self.client.running() {
            Some(call) => self.send(call),
            None if self.client.is_ready() && self.plan > 0 => self.begin(),
            None if self.plan == 0 && (self.quiet || self.choice.chance(4)) => {
                let facts = self.client.close();
                self.client_facts(facts);
            }
            None => {}
        }
    }

    fn begin(&mut self) {
        self.plan -= 1;
        let (request_stream, response_stream) = (self.choice.chance(2), self.choice.chance(2));
        let pattern = Pattern { request_stream, response_stream };
        let timeout = match self.weather {
            Weather::Storm if self.choice.chance(2) => {
                Some(Duration::from_millis([5, 50, 1000][self.choice.below(3)]))
            }
            _ => None,
        };
        let method = format!("{}{}", u8::from(request_stream), u8::from(response_stream));
        let header =
            CallHeader { method, call_id: (self.made.len() + 1).to_string(), ..CallHeader::default() };
        let (call, bytes) = self.client.begin(pattern, &header, self.clock.0, timeout).expect("it is ready");
        assert!(self.client.begin(pattern, &header, self.clock.0, None).is_err(), "one call at a time");
        self.client_out.bytes.extend_from_slice(&bytes);
        self.seen.calls += 1;
        self.made.push(Made {
            call,
            pattern,
            items: if request_stream { self.choice.below(5) } else { 1 },
            sent: Vec::new(),
            input_ended: false,
            received: Vec::new(),
            timed: timeout.is_some(),
            cancelled: false,
            end: None,
        });
    }

    fn send(&mut self, call: CallNumber) {
        let made = self.made.last_mut().unwrap();
        if made.sent.len() < made.items {
            let payload = payload('c', call, made.sent.len(), self.choice.below(40));
            let bytes = self.client.item(call, data(&payload)).expect("the input is open");
            self.client_out.bytes.extend_from_slice(&bytes);
            made.sent.push(payload);
        } else if made.pattern.request_stream && !made.input_ended {
            let bytes = self.client.end_input(call).expect("the input is open");
            self.client_out.bytes.extend_from_slice(&bytes);
            made.input_ended = true;
        } else {
            assert!(self.client.item(call, Bytes::new()).is_err(), "the input is over");
        }
    }

    /// Frames that have arrived at the server, as long as it takes them.
    fn serve(&mut self) {
        while self.server_out.bytes.is_empty() && self.server.reads() {
            match self.to_server.next() {
                Arrival::Frame(frame) => {
                    let frame = self.as_python_takes(frame);
                    self.cancels += usize::from(frame.has(flag::CANCEL));
                    if frame.has(flag::CANCEL) && self.server.running().is_none() {
                        self.seen.crossed += 1;
                    }
                    let facts = self.server.frame(frame, self.clock.0);
                    self.server_facts(facts);
                }
                Arrival::End => {
                    let facts = self.server.end();
                    self.server_facts(facts);
                }
                Arrival::Nothing => return,
            }
        }
    }

    fn as_python_takes(&mut self, frame: Frame) -> Frame {
        let in_bidi_input = |served: &Served| {
            let pattern = served.pattern;
            served.end.is_none() && pattern.request_stream && pattern.response_stream && !served.input_ended
        };
        if self.weather == Weather::Python
            && frame.has(flag::CANCEL)
            && self.served.last().is_some_and(in_bidi_input)
        {
            self.seen.swallowed += 1;
            let served = self.served.last_mut().unwrap();
            served.cut_short = true;
            return received(flag::TRAILER, Bytes::new());
        }
        frame
    }

    fn read(&mut self) {
        loop {
            let facts = match self.to_client.next() {
                Arrival::Frame(frame) => self.client.frame(frame, self.clock.0),
                Arrival::End => self.client.end(),
                Arrival::Nothing => return,
            };
            self.client_facts(facts);
        }
    }

    fn client_facts(&mut self, facts: Facts<ClientFact>) {
        for (index, fact) in facts.into_iter().enumerate() {
            assert!(index < MAX_FACTS && self.client_end.is_none(), "nothing follows the end: {fact:?}");
            let made = self.made.last_mut();
            match fact {
                ClientFact::Write(bytes) => self.client_out.bytes.extend_from_slice(&bytes),
                ClientFact::Message { call, frame } => {
                    let made = made.filter(|made| made.call == call && made.end.is_none()).expect("it runs");
                    made.received.push(frame.payload);
                }
                ClientFact::Ended { call, status } => {
                    let made = made.filter(|made| made.call == call).expect("it runs");
                    assert!(made.end.replace(End::Ended(status)).is_none(), "a call ends once");
                }
                ClientFact::Failed { call, status, never_ran } => {
                    let made = made.filter(|made| made.call == call).expect("it runs");
                    assert!(made.end.replace(End::Failed(status, never_ran)).is_none(), "a call ends once");
                }
                // A frame behind it may have ended the session already.
                ClientFact::Ready => assert!(self.client.is_ready() || self.client.is_over()),
                ClientFact::Over { end, last_finished } => {
                    if end == ClientEnd::Closed {
                        self.client_out.finish = true;
                    } else {
                        // A reset: what is under way may or may not arrive; here it does not.
                        self.client_out.bytes.clear();
                        let facts = self.server.lost();
                        self.server_facts(facts);
                    }
                    self.client_end = Some(end);
                    self.last_finished = last_finished;
                }
            }
        }
    }

    fn server_facts(&mut self, facts: Facts<ServerFact>) {
        for (index, fact) in facts.into_iter().enumerate() {
            assert!(index < MAX_FACTS && self.server_end.is_none(), "nothing follows the end: {fact:?}");
            match fact {
                ServerFact::Write(bytes) => self.server_writes(&bytes),
                ServerFact::Call { call, header } => self.judge_call(call, &header),
                ServerFact::Message { call, frame } => self.running(call).received.push(frame.payload),
                ServerFact::InputEnd { call } => self.running(call).input_ended = true,
                ServerFact::Aborted { call, cause } => {
                    self.seen.stopped += usize::from(cause == AbortCause::DeadlineExceeded);
                    self.running(call).end = Some(ServerSide::Aborted(cause));
                }
                ServerFact::Over(end) => {
                    self.server_end = Some(end);
                    self.server_out.finish = true;
                }
            }
        }
    }

    fn server_writes(&mut self, bytes: &[u8]) {
        if bytes[4] == flag::TRAILER {
            let frame = received(flag::TRAILER, bytes[frame::HEAD_BYTES..].to_vec());
            self.acknowledgements += usize::from(shown(&frame) == "T 1 cancelled");
        }
        self.server_out.bytes.extend_from_slice(bytes);
    }

    fn running(&mut self, call: CallNumber) -> &mut Served {
        let served = self.served.last_mut().expect("a call");
        assert!(served.call == call && served.end.is_none(), "{call:?} runs: {served:?}");
        served
    }

    fn judge_call(&mut self, call: CallNumber, header: &CallHeader) {
        assert_eq!(header.call_id, call.get().to_string(), "both sides count alike");
        assert!(self.served.last().is_none_or(|served| served.end.is_some()), "one call at a time");
        let pattern = Pattern {
            request_stream: header.method.starts_with('1'),
            response_stream: header.method.ends_with('1'),
        };
        let texts = ["cancelled", "Expected CALL frame", "Method not found: 00", "why"];
        let last = match self.choice.below(8) {
            0..=4 => RpcStatus::ok(),
            _ => status([1, 9, 12, 5][self.choice.below(4)], texts[self.choice.below(4)]),
        };
        self.served.push(Served {
            call,
            pattern,
            received: Vec::new(),
            input_ended: false,
            cut_short: false,
            emitted: Vec::new(),
            items: if pattern.response_stream { self.choice.below(5) } else { usize::from(last.is_ok()) },
            last,
            eager: self.choice.chance(4),
            end: None,
        });
        if self.choice.chance(8) {
            let refusal = status(7, "no");
            let facts = self.server.refuse(call, &refusal);
            self.running(call).end = Some(ServerSide::Refused(refusal));
            self.server_facts(facts);
        } else {
            let run_time = match self.weather {
                Weather::Storm if self.choice.chance(3) => Some(Duration::from_millis(200)),
                _ => None,
            };
            assert!(self.server.accept(call, pattern, self.clock.0, run_time));
        }
    }

    /// The handler gives an item or its end.
    fn handler_acts(&mut self) {
        let Some(served) = self.served.last_mut() else { return };
        let call = served.call;
        if served.end.is_some() {
            assert!(
                self.server.item(call, Bytes::new()).is_err(),
                "nothing is written for a call that is over"
            );
            return;
        }
        let ready =
            if served.pattern.request_stream { served.input_ended } else { !served.received.is_empty() };
        if !self.server_out.bytes.is_empty() || !(ready || served.eager) {
            return;
        }
        if served.emitted.len() < served.items {
            let payload = payload('s', call, served.emitted.len(), self.choice.below(40));
            let frame = data(&payload);
            served.emitted.push(payload);
            if served.pattern.response_stream {
                let bytes = self.server.item(call, frame).expect("it runs");
                self.server_out.bytes.extend_from_slice(&bytes);
            } else {
                served.end = Some(ServerSide::Responded);
                let facts = self.server.respond(call, frame).expect("it runs");
                self.server_facts(facts);
            }
        } else {
            let last = served.last.clone();
            served.end = Some(ServerSide::Finished(last.clone()));
            let facts = self.server.finish(call, &last).expect("it runs");
            self.server_facts(facts);
        }
    }

    fn judge(&mut self) {
        assert!(self.served.iter().all(|served| served.end.is_some()), "each call of a handler ends");
        assert!(self.acknowledgements <= self.cancels, "at most one acknowledgement a CANCEL");
        if self.server_end == Some(ServerEnd::Closed) {
            assert_eq!(self.acknowledgements, self.cancels, "exactly one acknowledgement a CANCEL");
        }
        assert_ne!(self.server_end, Some(ServerEnd::Protocol), "our client keeps to the protocol");
        assert_ne!(self.client_end, Some(ClientEnd::Protocol), "our server keeps to the protocol");
        let finished = self.last_finished.map_or(0, CallNumber::get);
        for (index, made) in self.made.iter().enumerate() {
            let served = self.served.iter().find(|served| served.call == made.call);
            judge_call(made, served, &mut self.seen);
            assert!(
                made.call.get() > finished || served.is_some(),
                "a finished call was known to the server"
            );
            let last = index + 1 == self.made.len();
            assert!(last || served.is_some(), "calls are served in order");
        }
        self.seen.not_acknowledged += usize::from(self.client_end == Some(ClientEnd::NotAcknowledged));
        self.seen.closed_by_server += usize::from(matches!(self.client_end, Some(ClientEnd::ByServer(_))));
        if self.weather == Weather::Calm
            || self.weather == Weather::Python && self.client_end == Some(ClientEnd::Closed)
        {
            assert_eq!(self.client_end, Some(ClientEnd::Closed), "the session is usable to its end");
            assert_eq!(self.server_end, Some(ServerEnd::Closed));
            assert_eq!(
                (self.plan, finished),
                (0, self.made.len() as u64),
                "every call was made, and is known to be over"
            );
        }
    }
}

fn is_prefix(part: &[Bytes], whole: &[Bytes]) -> bool {
    whole.starts_with(part)
}

fn judge_call(made: &Made, served: Option<&Served>, seen: &mut Seen) {
    let about = format!("{made:?}\n{served:?}");
    let nothing = Vec::new();
    assert!(
        is_prefix(&made.received, served.map_or(&nothing, |served| &served.emitted)),
        "a prefix: {about}"
    );
    assert!(is_prefix(served.map_or(&nothing, |served| &served.received), &made.sent), "a prefix: {about}");
    seen.items += made.received.len();
    if served.is_some_and(|served| served.input_ended && !served.cut_short) {
        assert!(made.input_ended && served.unwrap().received == made.sent, "the whole input: {about}");
    }
    match made.end.as_ref().expect("each call ends") {
        End::Ended(told) => {
            let served = served.expect("who answers has been asked");
            let expected = match served.end.as_ref().unwrap() {
                ServerSide::Responded => 0,
                ServerSide::Finished(status) if status.is_ok() && !served.pattern.response_stream => 13,
                ServerSide::Finished(status) | ServerSide::Refused(status) => status.code,
                ServerSide::Aborted(AbortCause::DeadlineExceeded) => 4,
                ServerSide::Aborted(AbortCause::Shutdown(code)) => code.number(),
                ServerSide::Aborted(cause) => panic!("{cause:?}: {about}"),
            };
            assert_eq!(told.code, expected, "{about}");
            assert_eq!(made.received, served.emitted, "all items came before the end: {about}");
            seen.ok += usize::from(told.is_ok());
            seen.refused += usize::from(told.code == 7);
            seen.early_ends += usize::from(made.pattern.request_stream && !served.input_ended);
        }
        End::Failed(told, never_ran) => {
            seen.cancelled += usize::from(told.code == 1);
            seen.deadlines += usize::from(told.code == 4);
            seen.never_ran += usize::from(*never_ran);
            assert!(!never_ran || served.is_none(), "it never ran: {about}");
            match told.code {
                1 => assert!(made.cancelled, "{about}"),
                4 => assert!(made.timed, "{about}"),
                14 => {}
                code => panic!("{code}: {about}"),
            }
        }
    }
}
