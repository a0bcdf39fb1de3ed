//! Whole calls recorded from the reference: our server with the bytes of its client, our client with the bytes of its
//! server. Payloads use the dynamic plan, so JSON text must stay equal.

#![allow(unreachable_pub, reason = "modules of a test binary")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use aster_codec::Plan;
use aster_net::{
    ALPN_CONSUMER_ADMISSION, ALPN_RPC, ClientMethod, MethodDefinition, Mode, Pattern, PayloadCodec,
    ServiceDefinition,
};
use aster_port::{Event, Op};
use aster_testkit::vectors;
use aster_wire::admission::ConsumerResponse;
use aster_wire::frame::{Frame, flag};
use aster_wire::record::{RpcStatus, StreamHeader};
use bytes::Bytes;
use iroh::endpoint::Connection;
use serde_json::Value;
use support::raw::{self, message};
use support::{Driver, Open, codec, framed, node};

struct Recorded {
    name: String,
    mode: String,
    pattern: Pattern,
    client: Vec<Frame>,
    client_bytes: Vec<u8>,
    server: Vec<Frame>,
    server_bytes: Vec<u8>,
}

fn recordings() -> Vec<Recorded> {
    let file = vectors::load("wheel-transcripts");
    let cases: Vec<_> = vectors::list(&file, "cases").iter().filter_map(recorded).collect();
    assert_eq!(cases.len(), 38, "the number of stateless cases in the file");
    cases
}

fn recorded(case: &Value) -> Option<Recorded> {
    let name = vectors::text(case, "name").to_owned();
    let pattern = match vectors::text(case, "pattern") {
        "unary" => "unary",
        "server_stream" => "serverStream",
        "client_stream" => "clientStream",
        "bidi_stream" => "bidiStream",
        // Those of sessions are replayed by the tests of `aster-wire`.
        _ => return None,
    };
    let stream = vectors::list(case, "streams").first()?;
    let (client_bytes, server_bytes) =
        (vectors::bytes(stream, "client_hex"), vectors::bytes(stream, "server_hex"));
    Some(Recorded {
        name: name.clone(),
        mode: vectors::text(case, "mode").to_owned(),
        pattern: Pattern::from_name(pattern)?,
        client: raw::frames(Bytes::from(client_bytes.clone())),
        server: raw::frames(Bytes::from(server_bytes.clone())),
        client_bytes,
        server_bytes,
    })
}

impl Recorded {
    fn header(&self) -> StreamHeader {
        StreamHeader::decode(&self.client[0].payload).expect("a header").0
    }

    fn requests(&self) -> Vec<Vec<u8>> {
        self.client[1..].iter().map(message).collect()
    }

    fn responses(&self) -> Vec<Vec<u8>> {
        self.server.iter().filter(|frame| !frame.has(flag::TRAILER)).map(message).collect()
    }

    fn status(&self) -> RpcStatus {
        let trailer = self.server.last().expect("a trailer");
        RpcStatus::decode(&trailer.payload).expect("a status").0
    }

    /// Cases that the reference's server refuses although its own client sent them. This implementation serves them.
    fn is_refused_only_by_the_reference(&self) -> bool {
        self.mode == "json-as-shipped"
    }

    /// Cases that are refused before a handler is called.
    fn is_refused_before_a_handler(&self) -> bool {
        self.name == "xlang: unary unknown service version"
    }

    fn is_json(&self) -> bool {
        self.mode != "xlang"
    }

    /// XLANG bytes for a recorded message.
    fn to_xlang(&self, message: &[u8]) -> Vec<u8> {
        if self.is_json() && message.first() != Some(&2) {
            aster_codec::json_to_xlang(&Plan::dynamic(), 0, message, false).expect("JSON of the reference")
        } else {
            message.to_vec()
        }
    }

    fn service(&self) -> ServiceDefinition {
        let header = self.header();
        ServiceDefinition {
            name: header.service,
            version: 1,
            contract_id: "00".repeat(32),
            modes: vec!["xlang".to_owned()],
            session: false,
            requires: None,
            max_call: Duration::from_mins(5),
            methods: vec![MethodDefinition {
                name: header.method,
                pattern: self.pattern,
                request: codec(),
                response: codec(),
                requires: None,
            }],
            description: None,
        }
    }
}

/// Answers like the recording when all of the input has arrived.
async fn play_handler(recorded: &Recorded, driver: &mut Driver) {
    let call = driver.call().await;
    let mut seen: Vec<_> = call.message.iter().map(|message| message.to_vec()).collect();
    let mut ended = !recorded.pattern.request_stream;
    while !ended {
        match driver.fact().await {
            Event::Items { items, .. } => seen.extend(support::bytes_of(&items)),
            Event::InputEnd { .. } => ended = true,
            event => panic!("{}: expected input, got {event:?}", recorded.name),
        }
    }
    let expected: Vec<_> = recorded.requests().iter().map(|request| recorded.to_xlang(request)).collect();
    assert_eq!(seen, expected, "{}: requests", recorded.name);
    assert_eq!(call.presence_flagged, recorded.is_json(), "{}", recorded.name);
    if recorded.is_refused_only_by_the_reference() {
        return driver.submit(Op::Finish { call: call.call, status: support::ok() });
    }
    for response in recorded.responses() {
        driver.submit(Op::Item { call: call.call, message: framed(&recorded.to_xlang(&response)) });
    }
    driver.submit(Op::Finish { call: call.call, status: recorded.status() });
}

#[tokio::test]
async fn the_server_answers_recorded_client_bytes_like_the_reference() {
    for recorded in recordings() {
        let server = node().await;
        let mut driver = Driver::new();
        if !recorded.is_refused_before_a_handler() {
            driver.port.serve(&server, vec![recorded.service()]).expect("a service");
        }
        let endpoint = raw::endpoint().await;
        let connection = raw::dial(&endpoint, &server.ticket().await, ALPN_RPC).await;
        let played = async {
            if !recorded.is_refused_before_a_handler() {
                play_handler(&recorded, &mut driver).await;
            }
        };
        let ((), answer) = tokio::join!(played, raw::exchange(&connection, &recorded.client_bytes, true));
        check_answer(&recorded, &answer);
        endpoint.close().await;
        server.close().await;
    }
}

fn check_answer(recorded: &Recorded, answer: &[Frame]) {
    let name = &recorded.name;
    let (trailer, data) = answer.split_last().expect("a trailer");
    assert!(trailer.has(flag::TRAILER), "{name}");
    let (status, encoding) = RpcStatus::decode(&trailer.payload).expect("a status");
    let json = encoding == aster_wire::record::Encoding::Json;
    assert_eq!(json, recorded.is_json(), "{name}: the status has the encoding of the stream");
    if recorded.is_refused_only_by_the_reference() {
        return assert_eq!(status.code, 0, "{name}");
    }
    assert_eq!(status, recorded.status(), "{name}");
    assert_eq!(data.iter().map(message).collect::<Vec<_>>(), recorded.responses(), "{name}");
    let flags = |frames: &[Frame]| frames.iter().map(|frame| frame.flags).collect::<Vec<_>>();
    assert_eq!(flags(answer), flags(&recorded.server), "{name}");
}

/// A server that behaves like the reference: it admits, then answers every stream with the recorded bytes.
async fn play_server(connection: Connection, recorded: &Recorded) -> Vec<Frame> {
    let (mut send, mut recv) = connection.accept_bi().await.expect("a stream");
    let reads = recorded.client_bytes.len();
    // A server that ends the call first does not wait for the end of the client's input.
    let early = recorded.name.contains("server ends first") || recorded.name.contains("error");
    let client = if early && recorded.pattern.request_stream {
        let mut first = vec![0; reads.min(30)];
        recv.read_exact(&mut first).await.expect("the beginning");
        send.write_all(&recorded.server_bytes).await.expect("an answer");
        Vec::new()
    } else {
        let client = raw::frames_to_end(&mut recv).await;
        send.write_all(&recorded.server_bytes).await.expect("an answer");
        client
    };
    send.finish().expect("a finish");
    connection.closed().await;
    client
}

async fn admit(connection: Connection) {
    let (mut send, mut recv) = connection.accept_bi().await.expect("a stream");
    recv.read_to_end(65_536).await.expect("a request");
    let answer = ConsumerResponse { admitted: true, ..ConsumerResponse::default() };
    send.write_all(&answer.to_bytes().expect("an answer")).await.expect("a write");
    send.finish().expect("a finish");
    connection.closed().await;
}

#[tokio::test]
async fn the_client_sends_the_same_bytes_as_the_reference() {
    for recorded in recordings() {
        if recorded.is_refused_only_by_the_reference() {
            continue;
        }
        let endpoint = raw::endpoint().await;
        let address = endpoint.bound_sockets();
        let ticket = aster_wire::ticket::Ticket::with_addresses(*endpoint.id().as_bytes(), &address);
        let ticket = ticket.to_text().expect("a ticket");
        let serve = async {
            let accept = || async { endpoint.accept().await.expect("a dial").await.expect("a connection") };
            let first = accept().await;
            assert_eq!(first.alpn(), ALPN_CONSUMER_ADMISSION);
            admit(first).await;
            play_server(accept().await, &recorded).await
        };
        let (client, ()) = tokio::join!(serve, play_client(&recorded, &ticket));
        if !client.is_empty() {
            check_request(&recorded, &client);
        }
        endpoint.close().await;
    }
}

async fn play_client(recorded: &Recorded, ticket: &str) {
    let name = &recorded.name;
    let client = node().await;
    let mut driver = Driver::new();
    let (peer, _) = client.connect(ticket, String::new(), support::TEST_TIMEOUT).await.expect("a connection");
    let mode = if recorded.is_json() { Mode::Json } else { Mode::Xlang };
    let codec = PayloadCodec { mode, ..codec() };
    let header = recorded.header();
    let method = (header.service.as_str(), header.version, header.method.as_str());
    let method =
        ClientMethod::new(Arc::clone(&peer), method, recorded.pattern, codec.clone(), codec).unwrap();
    let handle = driver.port.register(method);
    let requests: Vec<_> = recorded.requests().iter().map(|request| recorded.to_xlang(request)).collect();
    let first = if recorded.pattern.request_stream { None } else { requests.first() };
    let open = Open {
        timeout: (header.deadline_epoch_ms > 0).then_some(Duration::from_hours(1)),
        travels: true,
        metadata: header.metadata.clone(),
        end: !recorded.pattern.request_stream,
    };
    let call = driver.open(handle, first.map(Vec::as_slice), open);
    if recorded.pattern.request_stream {
        driver.port.submit(requests.iter().map(|r| Op::Item { call, message: framed(r) }).collect());
        driver.submit(Op::End { call });
    }
    let mut seen = Vec::new();
    let status = loop {
        match driver.fact().await {
            Event::Items { items, .. } => seen.extend(support::bytes_of(&items)),
            Event::Message { message, .. } => {
                seen.push(message.to_vec());
                break support::ok();
            }
            Event::Ended { status, local, .. } => {
                assert!(!local, "{name}: {status:?}");
                break status;
            }
            event => panic!("{name}: expected a response, got {event:?}"),
        }
    };
    let expected: Vec<_> = recorded.responses().iter().map(|response| recorded.to_xlang(response)).collect();
    assert_eq!(seen, expected, "{name}");
    assert_eq!(status, recorded.status(), "{name}");
    client.close().await;
}

fn check_request(recorded: &Recorded, client: &[Frame]) {
    let name = &recorded.name;
    let (sent, _) = StreamHeader::decode(&client[0].payload).expect("a header");
    let wanted = recorded.header();
    assert_eq!(sent.deadline_epoch_ms > 0, wanted.deadline_epoch_ms > 0, "{name}");
    // Not compared: call ids are chosen by the caller, and deadlines depend on the current time.
    let comparable =
        |header: StreamHeader| StreamHeader { call_id: String::new(), deadline_epoch_ms: 0, ..header };
    assert_eq!(comparable(sent), comparable(wanted), "{name}");
    assert_eq!(client[1..].iter().map(message).collect::<Vec<_>>(), recorded.requests(), "{name}");
    let flags = |frames: &[Frame]| frames.iter().map(|frame| frame.flags).collect::<Vec<_>>();
    assert_eq!(flags(client), flags(&recorded.client), "{name}");
}
