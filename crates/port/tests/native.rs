//! Calls in NATIVE mode: Rust passes the payloads on, marks the calls, and refuses calls in modes that a service does not take.

#![allow(unreachable_pub, reason = "modules of a test binary")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;

use aster_net::{ClientMethod, Mode, Pattern, PayloadCodec, ServiceDefinition, ServiceDescription};
use aster_port::{Event, Op};
use support::{Driver, Open, PATTERNS, TEST_TIMEOUT, framed, node, ok, service};

const DOCUMENT: &str = r#"{"name":"S","version":1,"methods":[],"schema":{"types":[],"roots":[]}}"#;

fn served(modes: &[&str]) -> ServiceDefinition {
    let modes = modes.iter().map(|&mode| mode.to_owned()).collect();
    ServiceDefinition { modes, description: ServiceDescription::new(DOCUMENT).ok(), ..service() }
}

fn codec(mode: Mode) -> PayloadCodec {
    support::codec().in_mode(mode)
}

#[tokio::test]
async fn payloads_of_every_pattern_pass_unchanged_and_calls_are_marked() {
    let node_of_server = node().await;
    let mut server = Driver::new();
    server.port.serve(&node_of_server, vec![served(&["native", "xlang"])]).unwrap();
    let node_of_client = node().await;
    let ticket = node_of_server.ticket().await;
    let (peer, answer) = node_of_client.connect(&ticket, String::new(), TEST_TIMEOUT).await.unwrap();
    let summary = answer.services.first().unwrap();
    assert!(summary.serialization_modes.is_empty(), "other languages use XLANG");
    assert!(summary.extensions.contains(&("native".to_owned(), "1".to_owned())));

    let mut client = Driver::new();
    // Bytes that no other mode can read, and enough of them to be compressed.
    let ask = [0x13].repeat(10_000);
    let reply = [0x10];
    for (name, pattern) in PATTERNS {
        let pattern = Pattern::from_name(pattern).unwrap();
        let both = (codec(Mode::Native), codec(Mode::Native));
        let method = ClientMethod::new(Arc::clone(&peer), ("S", 1, name), pattern, both.0, both.1);
        let handle = client.port.register(method.unwrap());
        let one_request = !pattern.request_stream;
        let open = Open { end: one_request, ..Open::default() };
        let number = client.open(handle, one_request.then_some(&ask[..]), open);
        if !one_request {
            client.submit(Op::Item { call: number, message: framed(&ask) });
            client.submit(Op::End { call: number });
        }
        let call = server.call().await;
        assert!(call.native && !call.presence_flagged, "{name}");
        let got = match call.message {
            Some(message) => message.bytes,
            None => match server.fact().await {
                Event::Items { items, presence_flagged: false, .. } => items.first().unwrap().clone(),
                event => panic!("{name}: expected an item, got {event:?}"),
            },
        };
        assert_eq!(got, ask, "{name}");
        if pattern.response_stream {
            server.submit(Op::Item { call: call.call, message: framed(&reply) });
            server.submit(Op::Finish { call: call.call, status: ok() });
        } else {
            server.submit(Op::Reply { call: call.call, message: framed(&reply) });
        }
        let got = match client.fact().await {
            Event::Message { message, presence_flagged: false, .. } => message.bytes,
            Event::Items { items, presence_flagged: false, .. } => items.first().unwrap().clone(),
            event => panic!("{name}: expected a response, got {event:?}"),
        };
        assert_eq!(got, reply[..], "{name}");
        while pattern.response_stream && !matches!(client.fact().await, Event::Ended { .. }) {}
        while pattern.request_stream && !matches!(server.fact().await, Event::InputEnd { .. }) {}
    }
    node_of_client.close().await;
    node_of_server.close().await;
}

#[tokio::test]
async fn a_call_in_a_mode_that_the_service_does_not_take_is_refused() {
    let cases: [(&[&str], Mode, i64, &str); 4] = [
        (&["xlang"], Mode::Native, 3, "Unsupported serialization mode: 17"),
        (&["native"], Mode::Xlang, 9, "'S' only takes calls in NATIVE mode"),
        (&["native"], Mode::Json, 9, "'S' only takes calls in NATIVE mode"),
        (&["json", "native"], Mode::Xlang, 3, "Unsupported serialization mode: 0"),
    ];
    for (modes, mode, code, text) in cases {
        let node_of_server = node().await;
        let server = Driver::new();
        server.port.serve(&node_of_server, vec![served(modes)]).unwrap();
        let node_of_client = node().await;
        let ticket = node_of_server.ticket().await;
        let (peer, _) = node_of_client.connect(&ticket, String::new(), TEST_TIMEOUT).await.unwrap();
        let pattern = Pattern::from_name("unary").unwrap();
        let method = ClientMethod::new(peer, ("S", 1, "one"), pattern, codec(mode), codec(mode)).unwrap();
        let mut client = Driver::new();
        let handle = client.port.register(method);
        // The root of the dynamic plan is any value, here null.
        client.open(handle, Some(&[0x03, 0xfd]), Open { end: true, ..Open::default() });
        let Event::Ended { status, local: false, .. } = client.fact().await else {
            panic!("{modes:?} {mode:?}: expected a refusal");
        };
        assert_eq!(status.code, code, "{modes:?} {mode:?}: {}", status.message);
        assert!(status.message.starts_with(text), "{modes:?} {mode:?}: {}", status.message);
        node_of_client.close().await;
        node_of_server.close().await;
    }
}

#[tokio::test]
async fn a_service_without_a_description_does_not_announce_the_mode() {
    let node_of_server = node().await;
    let server = Driver::new();
    let definition = ServiceDefinition { description: None, ..served(&["native", "xlang"]) };
    server.port.serve(&node_of_server, vec![definition]).unwrap();
    let node_of_client = node().await;
    let ticket = node_of_server.ticket().await;
    let (_, answer) = node_of_client.connect(&ticket, String::new(), TEST_TIMEOUT).await.unwrap();
    assert_eq!(answer.services.first().unwrap().extensions, []);
    node_of_client.close().await;
    node_of_server.close().await;
}
