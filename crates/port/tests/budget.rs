//! The byte budget of a connection for output: what a handler may queue while the peer does not read.

#![allow(unreachable_pub, reason = "modules of a test binary")]
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use aster_net::{FIRST_WINDOW, NodeLimits, STREAM_BUDGET};
use aster_port::constants::{WINDOW_LATER, WINDOW_REFUSED};
use aster_port::{Event, Op};
use support::{DOWN, Open, Pair, UNARY, framed, ok, payload, service};

const PEER_BYTES: u32 = 1_000_000;
const LARGE: u32 = 900_000;

async fn pair() -> Pair {
    Pair::with(NodeLimits { peer_bytes: PEER_BYTES, ..NodeLimits::default() }, service()).await
}

/// Opens a call and returns its number at the server.
async fn opened(pair: &mut Pair, method: usize) -> u32 {
    pair.client.open(pair.methods[method], Some(&payload("x")), Open::default());
    pair.server.call().await.call
}

#[tokio::test]
async fn large_responses_wait_for_each_other_and_are_refused_when_as_many_wait() {
    let mut pair = pair().await;
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(opened(&mut pair, UNARY).await);
    }
    let widen = |call: u32, wanted: u32| pair.server.port.widen(call, wanted, true);
    assert_eq!(widen(calls[0], LARGE), LARGE);
    assert_eq!(widen(calls[1], LARGE), WINDOW_LATER);
    assert_eq!(widen(calls[1], LARGE), WINDOW_LATER, "it still waits");
    assert_eq!(widen(calls[2], LARGE), WINDOW_REFUSED);
    assert_eq!(widen(calls[2], FIRST_WINDOW as u32), FIRST_WINDOW as u32, "small responses do not wait");
    pair.server.submit(Op::Finish { call: calls[0], status: ok() });
    loop {
        if let Event::Credit { call, bytes, window } = pair.server.event().await {
            assert_eq!((call, bytes, window), (calls[1], 0, LARGE));
            break;
        }
    }
    pair.close().await;
}

#[tokio::test]
async fn a_call_that_ends_while_its_response_waits_takes_nothing() {
    let mut pair = pair().await;
    let (first, second) = (opened(&mut pair, UNARY).await, opened(&mut pair, UNARY).await);
    let third = opened(&mut pair, UNARY).await;
    assert_eq!(pair.server.port.widen(first, LARGE, true), LARGE);
    assert_eq!(pair.server.port.widen(second, LARGE, true), WINDOW_LATER);
    pair.server.submit(Op::Finish { call: second, status: ok() });
    pair.server.submit(Op::Finish { call: first, status: ok() });
    for _ in 0..2 {
        pair.client.fact().await;
    }
    assert_eq!(pair.server.port.widen(third, LARGE, true), LARGE);
    pair.close().await;
}

#[tokio::test]
async fn the_windows_of_streams_grow_up_to_their_limit_and_use_at_most_half_of_the_budget() {
    let mut pair = pair().await;
    let streams = [opened(&mut pair, DOWN).await, opened(&mut pair, DOWN).await];
    let widen = |call: u32, wanted: usize| pair.server.port.widen(call, wanted as u32, false) as usize;
    let mut windows = [FIRST_WINDOW; 2];
    for (window, &stream) in windows.iter_mut().zip(&streams) {
        loop {
            let now = widen(stream, *window + 1);
            assert!(now >= *window && now <= STREAM_BUDGET);
            if now == *window {
                break;
            }
            *window = now;
        }
    }
    let reserved = windows[0] + windows[1] - 2 * FIRST_WINDOW;
    assert!(reserved <= PEER_BYTES as usize / 2 && reserved > PEER_BYTES as usize / 2 - 2, "{windows:?}");
    // An item passes, and with it the window of the stream returns to its first size, because bytes are scarce.
    pair.server.submit(Op::Item { call: streams[0], message: framed(&payload("x")) });
    loop {
        if let Event::Credit { call, window, .. } = pair.server.event().await {
            assert_eq!((call, window as usize), (streams[0], FIRST_WINDOW));
            break;
        }
    }
    pair.close().await;
}

#[tokio::test]
async fn a_large_item_of_a_stream_returns_its_bytes_when_it_is_written() {
    let mut pair = pair().await;
    let stream = opened(&mut pair, DOWN).await;
    let unary = opened(&mut pair, UNARY).await;
    let wanted = 1_500_000;
    assert_eq!(pair.server.port.widen(stream, wanted, true), wanted, "one message may always pass");
    assert_eq!(pair.server.port.widen(unary, LARGE, true), WINDOW_LATER);
    let item = vec![2; wanted as usize - 4];
    pair.server.submit(Op::Item { call: stream, message: framed(&item) });
    let mut credits = Vec::new();
    while credits.len() < 2 {
        if let Event::Credit { call, bytes, window } = pair.server.event().await {
            credits.push((call, bytes, window));
        }
    }
    credits.sort_unstable();
    assert_eq!(credits, [(stream, wanted, FIRST_WINDOW as u32), (unary, 0, LARGE)]);
    pair.close().await;
}
