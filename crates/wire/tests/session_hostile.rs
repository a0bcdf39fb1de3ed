//! Each machine of a session against a peer that sends anything, and a driver that does anything at any time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/session_watch.rs"]
mod session_watch;
#[path = "support/sessions.rs"]
mod sessions;

use std::collections::HashMap;

use aster_wire::call::Pattern;
use aster_wire::frame::{Decoder, Frame, MAX_BODY, flag};
use aster_wire::record::{CallHeader, Encoding};
use bytes::Bytes;
use proptest::prelude::*;
use session_watch::{ClientInput, ServerInput, WatchedClient, WatchedServer};
use sessions::{received, status};

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
