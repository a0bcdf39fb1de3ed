//! Sessions of a port: what a call finds whose session ends at the same time.

#![allow(unreachable_pub, reason = "modules of a test binary")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;

use aster_net::{ClientMethod, NodeLimits, Pattern, ServiceDefinition};
use aster_port::{Event, Op};
use support::{Pair, UNARY, codec, failed, framed, ok, payload};

const SESSION: u32 = 1001;

/// A call of the session that needs no stream to fail. Returns its status code, and whether it was never sent.
async fn failure(pair: &mut Pair, call: u32) -> (i64, bool) {
    pair.client.submit(Op::Open {
        call,
        method: pair.methods[UNARY],
        session: Some(SESSION),
        timeout: None,
        timeout_travels: false,
        metadata: Vec::new(),
        request: Some(framed(&payload("ask"))),
        end: true,
    });
    match pair.client.fact().await {
        Event::Ended { call: ended, status, not_sent, .. } if ended == call => (status.code, not_sent),
        event => panic!("expected the end of call {call}, got {event:?}"),
    }
}

#[tokio::test]
async fn a_call_that_crosses_with_the_end_of_its_session_fails_for_the_reason_of_the_end() {
    let service = ServiceDefinition { session: true, ..support::service() };
    let mut pair = Pair::with(NodeLimits::default(), service).await;
    let opener = ClientMethod::new(
        Arc::clone(&pair.connection),
        ("S", 1, ""),
        Pattern::from_name("unary").expect("a pattern"),
        codec(),
        codec(),
    );
    let method = pair.client.port.register(opener.expect("a method"));
    let (id, metadata) = (String::new(), Vec::new());
    pair.client.submit(Op::OpenSession { session: SESSION, method, id, timeout: None, metadata });
    let Event::Session { session, .. } = pair.server.fact().await else { panic!("expected a session") };
    assert!(matches!(pair.client.fact().await, Event::SessionOpened { session: SESSION }));
    pair.server.submit(Op::CloseSession { session, now: false, status: failed(8, "too many sessions") });
    assert!(matches!(
        pair.client.fact().await,
        Event::SessionEnded { session: SESSION, status, .. } if status.code == 8
    ));

    // The environment has not told yet that it saw the end.
    assert_eq!(failure(&mut pair, 1003).await, (8, true));
    pair.client.submit(Op::CloseSession { session: SESSION, now: false, status: ok() });
    assert_eq!(failure(&mut pair, 1005).await, (9, true));
    pair.close().await;
}
