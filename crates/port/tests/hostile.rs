//! Peers that break the protocol, send wrong lengths or stall: each stream gets its status, and the connection and
//! all other calls continue.

#![allow(unreachable_pub, reason = "modules of a test binary")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::time::{Duration, Instant};

use aster_net::{ALPN_CONSUMER_ADMISSION, ALPN_RPC, NodeLimits};
use aster_port::{Event, Op};
use aster_testkit::vectors;
use aster_wire::admission::ConsumerResponse;
use aster_wire::frame::{self, flag};
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use iroh::endpoint::Connection;
use support::raw;
use support::{Driver, framed, node_with, payload, service};

struct Target {
    node: std::sync::Arc<aster_net::Node>,
    driver: Driver,
    endpoint: iroh::Endpoint,
    connection: Connection,
}

async fn start_target(limits: NodeLimits) -> Target {
    let node = node_with(limits).await;
    let driver = Driver::new();
    driver.port.serve(&node, vec![service()]).expect("a service");
    let endpoint = raw::endpoint().await;
    let connection = raw::dial(&endpoint, &node.ticket().await, ALPN_RPC).await;
    Target { node, driver, endpoint, connection }
}

impl Target {
    /// The status at the end of a stream on which these bytes were sent.
    async fn status_of(&self, bytes: &[u8]) -> RpcStatus {
        let frames = raw::exchange(&self.connection, bytes, true).await;
        let trailer = frames.last().expect("a trailer");
        assert!(trailer.has(flag::TRAILER));
        RpcStatus::decode(&trailer.payload).expect("a status").0
    }

    /// A correct call on the same connection still works.
    async fn still_works(&mut self) {
        let bytes = [header("one"), data(&payload("correct"))].concat();
        let answer = raw::exchange(&self.connection, &bytes, true);
        let serve = async {
            loop {
                if let Event::Call(call) = self.driver.fact().await
                    && call.message.as_deref() == Some(&payload("correct")[..])
                {
                    return self
                        .driver
                        .submit(Op::Reply { call: call.call, message: framed(&payload("fine")) });
                }
            }
        };
        let (answer, ()) = tokio::join!(answer, serve);
        assert_eq!(answer.first().map(|frame| frame.payload.to_vec()), Some(payload("fine")));
    }

    async fn end(self) {
        self.endpoint.close().await;
        self.node.close().await;
    }
}

fn header_with(edit: impl FnOnce(&mut StreamHeader)) -> Vec<u8> {
    let mut header =
        StreamHeader { service: "S".into(), method: "one".into(), version: 1, ..Default::default() };
    edit(&mut header);
    frame::encode(flag::HEADER, &header.encode(Encoding::Fory)).expect("a frame")
}

fn header(method: &str) -> Vec<u8> {
    header_with(|header| method.clone_into(&mut header.method))
}

fn data(payload: &[u8]) -> Vec<u8> {
    frame::encode(0, payload).expect("a frame")
}

#[tokio::test]
async fn malformed_streams_get_a_status_and_the_connection_stays_open() {
    let mut target = start_target(NodeLimits::default()).await;
    let too_large = [&header("one")[..], &[0xff, 0xff, 0xff, 0xff, 0, 1, 2, 3]].concat();
    let zero = [&header("one")[..], &[0, 0, 0, 0]].concat();
    let cut = [&header("one")[..], &[200, 0, 0, 0, 0, 1, 2]].concat();
    let bad_zstd = [header("one"), frame::encode(flag::COMPRESSED, b"not zstd").unwrap()].concat();
    let bomb = zstd::bulk::compress(&vec![0; 17 << 20], 3).unwrap();
    let bomb = [header("one"), frame::encode(flag::COMPRESSED, &bomb).unwrap()].concat();
    let cases: [(&str, Vec<u8>, i64); 14] = [
        ("no HEADER flag", data(b"x"), 13),
        ("a header that cannot be decoded", frame::encode(flag::HEADER, &[0xff; 3]).unwrap(), 13),
        ("a first frame of length 0", vec![0, 0, 0, 0], 13),
        ("a first frame of 4 GiB", vec![0xff; 8], 13),
        ("no service", header_with(|h| h.service.clear()), 3),
        ("another version", header_with(|h| h.version = 9), 5),
        ("no method", header_with(|h| h.method.clear()), 9),
        ("an unknown method", header("zap"), 12),
        ("mode 2", header_with(|h| h.serialization_mode = 2), 3),
        ("a request of 4 GiB", too_large, 3),
        ("a request of length 0", zero, 3),
        ("a request that is not complete", cut, 3),
        ("a request that is not zstd data", bad_zstd, 3),
        ("a zstd bomb", bomb, 3),
    ];
    for (name, bytes, code) in cases {
        assert_eq!(target.status_of(&bytes).await.code, code, "{name}");
    }
    let pairs = |n: usize| (0..n).map(|i| (format!("k{i}"), "v".to_owned())).collect();
    assert_eq!(target.status_of(&header_with(|h| h.metadata = pairs(65))).await.code, 8);
    let late = header_with(|h| h.deadline_epoch_ms = 1);
    assert_eq!(target.status_of(&late).await.code, 4);
    target.still_works().await;
    target.end().await;
}

#[tokio::test]
async fn recorded_wrong_headers_get_the_status_codes_of_the_reference() {
    let target = start_target(NodeLimits::default()).await;
    let file = vectors::load("wheel-probes");
    let names = [
        "no HEADER flag",
        "HEADER with junk payload",
        "JSON header, unknown member",
        "no service",
        "no service, JSON",
        "first frame length 0",
    ];
    let mut seen = 0;
    for case in vectors::list(&file, "cases") {
        if names.contains(&vectors::text(case, "name")) {
            let status = target.status_of(&vectors::bytes(case, "client_hex")).await;
            assert_eq!(status.code, vectors::int(&case["status"], "code"), "{}", vectors::text(case, "name"));
            assert_eq!(status.message, vectors::text(&case["status"], "message"));
            seen += 1;
        }
    }
    assert_eq!(seen, names.len());
    target.end().await;
}

#[tokio::test]
async fn a_stream_without_a_header_is_ended() {
    let mut target =
        start_target(NodeLimits { header_timeout: Duration::from_millis(100), ..NodeLimits::default() })
            .await;
    let (mut send, mut recv) = target.connection.open_bi().await.unwrap();
    send.write_all(&[40, 0, 0, 0]).await.unwrap();
    let frames = tokio::time::timeout(Duration::from_secs(2), raw::frames_to_end(&mut recv)).await.unwrap();
    let status = RpcStatus::decode(&frames[0].payload).unwrap().0;
    assert_eq!(status.code, 4);
    target.still_works().await;
    target.end().await;
}

#[tokio::test]
async fn a_request_that_does_not_arrive_ends_the_call() {
    let mut target =
        start_target(NodeLimits { body_timeout: Duration::from_millis(100), ..NodeLimits::default() }).await;
    let (mut send, mut recv) = target.connection.open_bi().await.unwrap();
    send.write_all(&header("one")).await.unwrap();
    let frames = tokio::time::timeout(Duration::from_secs(2), raw::frames_to_end(&mut recv)).await.unwrap();
    assert_eq!(RpcStatus::decode(&frames[0].payload).unwrap().0.code, 4);
    target.still_works().await;
    target.end().await;
}

#[tokio::test]
async fn an_input_stream_may_pause_between_items_but_not_inside_an_item() {
    let mut target =
        start_target(NodeLimits { body_timeout: Duration::from_millis(100), ..NodeLimits::default() }).await;
    let (mut send, mut recv) = target.connection.open_bi().await.unwrap();
    send.write_all(&header("up")).await.unwrap();
    let call = target.driver.call().await.call;
    tokio::time::sleep(Duration::from_millis(300)).await;
    send.write_all(&data(&payload("late"))).await.unwrap();
    assert!(matches!(target.driver.fact().await, Event::Items { items, .. } if items.len() == 1));
    send.write_all(&[100, 0, 0, 0, 0, 1]).await.unwrap();
    assert!(matches!(target.driver.fact().await, Event::Aborted { call: c, code: 4 } if c == call));
    let frames = tokio::time::timeout(Duration::from_secs(2), raw::frames_to_end(&mut recv)).await.unwrap();
    assert_eq!(RpcStatus::decode(&frames[0].payload).unwrap().0.code, 4);
    target.end().await;
}

#[tokio::test]
async fn many_resets_are_slowed_down_and_the_connection_stays_usable() {
    let limits = NodeLimits { reset_burst: 50, resets_per_second: 1000, ..NodeLimits::default() };
    let mut target = start_target(limits).await;
    let started = Instant::now();
    for _ in 0..300 {
        let (mut send, mut recv) = target.connection.open_bi().await.unwrap();
        send.write_all(&header("up")).await.unwrap();
        // Only streams that the server has accepted count.
        assert!(matches!(target.driver.fact().await, Event::Call(_)));
        send.reset(1u32.into()).unwrap();
        recv.stop(1u32.into()).unwrap();
        assert!(matches!(target.driver.fact().await, Event::Aborted { .. }));
    }
    assert!(
        started.elapsed() >= Duration::from_millis(240),
        "250 resets at 1000 a second: {:?}",
        started.elapsed()
    );
    target.still_works().await;
    target.end().await;
}

#[tokio::test]
async fn incomplete_frames_reserve_budget_and_other_frames_wait() {
    let limits =
        NodeLimits { peer_bytes: 1 << 20, body_timeout: Duration::from_millis(300), ..NodeLimits::default() };
    let mut target = start_target(limits).await;
    // Half of the budget is reserved by frames whose payload is never sent.
    let (mut incomplete, mut incomplete_answer) = target.connection.open_bi().await.unwrap();
    let announced = [&header("one")[..], &(700_000u32).to_le_bytes(), &[0, 1]].concat();
    incomplete.write_all(&announced).await.unwrap();
    let frames = tokio::time::timeout(Duration::from_secs(3), raw::frames_to_end(&mut incomplete_answer))
        .await
        .unwrap();
    assert_eq!(RpcStatus::decode(&frames[0].payload).unwrap().0.code, 4);
    let big = payload(&"y".repeat(800_000));
    let bytes = [header("one"), data(&big)].concat();
    let answer = raw::exchange(&target.connection, &bytes, true);
    let serve = async {
        let call = target.driver.call().await;
        assert_eq!(call.message.map(|message| message.len()), Some(big.len()));
        target.driver.submit(Op::Reply { call: call.call, message: framed(&payload("ok")) });
    };
    let (answer, ()) = tokio::join!(answer, serve);
    assert_eq!(answer.len(), 2);
    target.end().await;
}

async fn ask(target: &Target, request: &[u8]) -> Vec<u8> {
    let connection = raw::dial(&target.endpoint, &target.node.ticket().await, ALPN_CONSUMER_ADMISSION).await;
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(request).await.unwrap();
    send.finish().unwrap();
    tokio::time::timeout(support::TEST_TIMEOUT, recv.read_to_end(65_536)).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_open_server_admits_the_empty_credential_and_refuses_every_other_request() {
    let target = start_target(NodeLimits::default()).await;
    let file = vectors::load("wheel-admission");
    let cases = vectors::list(&file, "cases").iter();
    let asked = cases.filter(|case| vectors::text(case, "alpn") == "aster.consumer_admission");
    for case in asked.filter(|case| case["request_text"].as_str().is_some_and(|text| !text.is_empty())) {
        let request = vectors::text(case, "request_text").as_bytes();
        let answer = ask(&target, request).await;
        let answer = ConsumerResponse::from_bytes(&answer).expect("an admission answer for every request");
        let empty = vectors::text(case, "request_text").contains("\"credential_json\":\"\"");
        assert_eq!(answer.admitted, empty, "{}", vectors::text(case, "name"));
        assert_eq!(answer.root_pubkey, "0".repeat(64));
        assert_eq!(answer.services.len(), usize::from(empty));
    }
    for request in [&b""[..], b"\xff\xfe", b"{}", b"[]", b"{\"credential_json\": 5}"] {
        let answer = ConsumerResponse::from_bytes(&ask(&target, request).await).expect("a document");
        assert!(!answer.admitted);
    }
    let answer = ask(&target, b"{\"credential_json\":\"\",\"iid_token\":\"\"}").await;
    let text = String::from_utf8(answer).unwrap();
    assert!(text.starts_with(
        "{\"admitted\":true,\"attributes\":{},\"services\":[{\"name\":\"S\",\"version\":1,\"contract_id\":\"abab"
    ));
    let told = ConsumerResponse::from_bytes(text.as_bytes()).expect("a document").server_time_ms;
    assert!(told.is_some_and(|time| time > 1_600_000_000_000), "the clock of the server: {told:?}");
    assert!(text.contains("\"pattern\":\"shared\",\"serialization_modes\":[]}],\"registry_namespace\":\"\""));
    target.end().await;
}

#[tokio::test]
async fn compressed_requests_count_with_their_decompressed_size() {
    let limits = NodeLimits {
        peer_bytes: 20 << 20,
        body_timeout: Duration::from_millis(300),
        ..NodeLimits::default()
    };
    let mut target = start_target(limits).await;
    let packed = zstd::bulk::compress(&vec![2; 15 << 20], 3).unwrap();
    let bytes = [header("one"), frame::encode(flag::COMPRESSED, &packed).unwrap()].concat();
    let (mut first, _first) = target.connection.open_bi().await.unwrap();
    first.write_all(&bytes).await.unwrap();
    let call = target.driver.call().await;
    assert_eq!(call.message.as_deref().map(<[u8]>::len), Some(15 << 20));
    // While the call runs it holds 15 MiB, even after its message was dropped: there is no room for another 15 MiB.
    drop(call.message);
    assert_eq!(target.status_of(&bytes).await.code, 8);
    target.driver.submit(Op::Reply { call: call.call, message: framed(&payload("done")) });
    // A message that was not taken yet holds its share too, after its call has ended.
    let (mut second, answer) = target.connection.open_bi().await.unwrap();
    second.write_all(&bytes).await.unwrap();
    let waiting = target.driver.call().await;
    second.reset(1u32.into()).unwrap();
    drop(answer);
    assert!(matches!(target.driver.fact().await, Event::Aborted { .. }));
    assert_eq!(target.status_of(&bytes).await.code, 8);
    drop(waiting.message);
    let (mut third, _third) = target.connection.open_bi().await.unwrap();
    third.write_all(&bytes).await.unwrap();
    target.driver.call().await;
    target.end().await;
}

#[tokio::test]
async fn small_unconsumed_items_count_together_in_the_budget() {
    let limits = NodeLimits { peer_bytes: 1 << 20, ..NodeLimits::default() };
    let mut target = start_target(limits).await;
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = target.connection.open_bi().await.unwrap();
        stream.0.write_all(&header("up")).await.unwrap();
        target.driver.call().await;
        streams.push(stream);
    }
    let items = data(&payload(&"i".repeat(1000))).repeat(800);
    for (send, _) in &mut streams {
        send.write_all(&items).await.unwrap();
    }
    let mut unread = 0;
    while let Ok(Event::Items { bytes, .. }) =
        tokio::time::timeout(Duration::from_millis(200), target.driver.event()).await
    {
        unread += bytes;
    }
    assert!(unread <= 1 << 20, "{unread} bytes of one peer wait at the same time");
    assert!(unread > 1 << 19, "messages within the budget are delivered");
    target.end().await;
}
