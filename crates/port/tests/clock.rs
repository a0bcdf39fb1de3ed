//! Deadlines travel as absolute times, in the clock of the server.

#![allow(unreachable_pub, reason = "modules of a test binary")]
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aster_net::{CallOptions, ClientMethod, Pattern};
use aster_wire::admission::ConsumerResponse;
use aster_wire::record::StreamHeader;
use iroh::endpoint::RecvStream;
use support::{TEST_TIMEOUT, codec, framed, node, payload, raw};

const HOUR_MS: i64 = 3_600_000;
const TIMEOUT_MS: i64 = 5000;

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis() as i64
}

async fn accepted(endpoint: &iroh::Endpoint) -> iroh::endpoint::Connection {
    endpoint.accept().await.expect("a dial").await.expect("a connection")
}

/// A server whose clock is ahead by `ahead`, or that does not tell its time. Returns the deadline of one call.
async fn deadline_at_server(ahead: Option<i64>) -> i64 {
    let endpoint = raw::endpoint().await;
    let ticket =
        aster_wire::ticket::Ticket::with_addresses(*endpoint.id().as_bytes(), &endpoint.bound_sockets());
    let ticket = ticket.to_text().expect("a ticket");
    let serve = async {
        let admission = accepted(&endpoint).await;
        let (mut send, mut recv) = admission.accept_bi().await.expect("a stream");
        recv.read_to_end(65_536).await.expect("a request");
        let server_time_ms = ahead.map(|ahead| now_ms() + ahead);
        let answer = ConsumerResponse { admitted: true, server_time_ms, ..ConsumerResponse::default() };
        send.write_all(&answer.to_bytes().expect("an answer")).await.expect("a write");
        send.finish().expect("a finish");
        admission.closed().await;
        let calls = accepted(&endpoint).await;
        let (_send, mut recv) = calls.accept_bi().await.expect("a stream");
        header(&mut recv).await.deadline_epoch_ms
    };
    let call = async {
        let client = node().await;
        let (peer, _) = client.connect(&ticket, String::new(), TEST_TIMEOUT).await.expect("a connection");
        let pattern = Pattern::from_name("unary").expect("a pattern");
        let method = ClientMethod::new(Arc::clone(&peer), ("S", 1, "one"), pattern, codec(), codec());
        let timeout = Some(Duration::from_millis(TIMEOUT_MS as u64));
        let options = CallOptions { timeout, timeout_travels: true, ..CallOptions::default() };
        let (handle, mut call) = Arc::new(method.expect("a method")).call(options);
        handle.send(framed(&payload("x"))).expect("the message can be sent");
        handle.end_input();
        let _ = call.next().await;
    };
    let deadline = tokio::select! {
        deadline = serve => deadline,
        () = call => panic!("nothing answers the call"),
    };
    endpoint.close().await;
    deadline
}

async fn header(recv: &mut RecvStream) -> StreamHeader {
    let bytes = recv.read_to_end(65_536).await.expect("a request");
    let frames = raw::frames(bytes.into());
    StreamHeader::decode(&frames.first().expect("a header").payload).expect("a header").0
}

#[tokio::test]
async fn a_deadline_is_in_the_time_of_the_server_when_it_tells_its_time() {
    for ahead in [None, Some(0), Some(HOUR_MS), Some(-HOUR_MS)] {
        let before = now_ms();
        let deadline = deadline_at_server(ahead).await;
        let earliest = before + ahead.unwrap_or(0) + TIMEOUT_MS;
        let took = now_ms() - before;
        // The client knows the time of the server up to the duration of the exchange.
        assert!(
            (earliest - took..=earliest + 2 * took + 1).contains(&deadline),
            "{ahead:?}: {}",
            deadline - earliest
        );
    }
}
