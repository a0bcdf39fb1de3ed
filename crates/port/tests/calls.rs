//! Calls between two nodes: the four patterns, cancellation, deadlines, back-pressure, draining.

#![allow(unreachable_pub, reason = "modules of a test binary")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::time::{Duration, Instant};

use aster_net::NodeLimits;
use aster_port::{Event, Op};
use support::{BOTH, DOWN, Open, Pair, UNARY, UP, bytes_of, failed, framed, ok, payload};

#[tokio::test]
async fn a_unary_call_ends_with_one_message() {
    let mut pair = Pair::new().await;
    let number = pair.client.open(pair.methods[UNARY], Some(&payload("ask")), Open::default());
    let call = pair.server.call().await;
    assert_eq!(call.message.as_deref(), Some(&payload("ask")[..]));
    assert!(call.input_ended);
    pair.server.submit(Op::Reply { call: call.call, message: framed(&payload("answer")) });
    match pair.client.fact().await {
        Event::Message { call, message, presence_flagged: false } => {
            assert_eq!((call, &message[..]), (number, &payload("answer")[..]));
        }
        event => panic!("expected a message, got {event:?}"),
    }
    pair.close().await;
}

#[tokio::test]
async fn a_failed_call_ends_with_the_handlers_status_and_details() {
    let mut pair = Pair::new().await;
    let number = pair.client.open(pair.methods[UNARY], Some(&payload("x")), Open::default());
    let call = pair.server.call().await;
    let mut status = failed(5, "no such thing");
    status.details.push(("id".to_owned(), "42".to_owned()));
    pair.server.submit(Op::Finish { call: call.call, status: status.clone() });
    match pair.client.fact().await {
        Event::Ended { call, status: seen, local: false, not_sent: false, received: 0 } => {
            assert_eq!((call, seen), (number, status));
        }
        event => panic!("expected an end, got {event:?}"),
    }
    pair.close().await;
}

#[tokio::test]
async fn stream_items_arrive_in_order_and_the_end_counts_them() {
    let mut pair = Pair::new().await;
    let number = pair.client.open(pair.methods[DOWN], Some(&payload("x")), Open::default());
    let call = pair.server.call().await.call;
    let ops = (0..10_000).map(|i| Op::Item { call, message: framed(&payload(&i.to_string())) });
    pair.server.port.submit(ops.collect());
    pair.server.submit(Op::Finish { call, status: ok() });
    let mut seen = Vec::new();
    loop {
        match pair.client.fact().await {
            Event::Items { items, bytes, .. } => {
                seen.extend(bytes_of(&items));
                pair.client.submit(Op::Credit { call: number, bytes });
            }
            Event::Ended { status, received, .. } => {
                assert_eq!((status.code, received), (0, 10_000));
                break;
            }
            event => panic!("expected items, got {event:?}"),
        }
    }
    let expected: Vec<_> = (0..10_000).map(|i: i32| payload(&i.to_string())).collect();
    assert_eq!(seen, expected);
    pair.close().await;
}

#[tokio::test]
async fn a_client_stream_ends_with_its_response() {
    let mut pair = Pair::new().await;
    let number = pair.client.open(pair.methods[UP], None, Open { end: false, ..Open::default() });
    let call = pair.server.call().await;
    assert!(call.message.is_none() && !call.input_ended);
    pair.client.submit(Op::Item { call: number, message: framed(&payload("a")) });
    pair.client.submit(Op::Item { call: number, message: framed(&payload("b")) });
    pair.client.submit(Op::End { call: number });
    let mut seen = Vec::new();
    loop {
        match pair.server.fact().await {
            Event::Items { items, .. } => seen.extend(bytes_of(&items)),
            Event::InputEnd { .. } => break,
            event => panic!("expected input, got {event:?}"),
        }
    }
    assert_eq!(seen, [payload("a"), payload("b")]);
    pair.server.submit(Op::Reply { call: call.call, message: framed(&payload("2")) });
    assert!(
        matches!(pair.client.fact().await, Event::Message { message, .. } if message[..] == payload("2"))
    );
    pair.close().await;
}

#[tokio::test]
async fn both_directions_of_a_bidi_call_are_independent() {
    let mut pair = Pair::new().await;
    let number = pair.client.open(pair.methods[BOTH], None, Open { end: false, ..Open::default() });
    let call = pair.server.call().await.call;
    for round in 0..50 {
        let text = payload(&format!("round {round}"));
        pair.client.submit(Op::Item { call: number, message: framed(&text) });
        assert!(
            matches!(pair.server.fact().await, Event::Items { items, .. } if bytes_of(&items) == [text.clone()])
        );
        pair.server.submit(Op::Item { call, message: framed(&text) });
        assert!(
            matches!(pair.client.fact().await, Event::Items { items, .. } if bytes_of(&items) == [text.clone()])
        );
    }
    pair.server.submit(Op::Finish { call, status: ok() });
    assert!(
        matches!(pair.client.fact().await, Event::Ended { status, received: 50, .. } if status.code == 0)
    );
    pair.close().await;
}

#[tokio::test]
async fn cancelling_a_call_aborts_its_handler() {
    let mut pair = Pair::new().await;
    for kind in [UNARY, DOWN, BOTH] {
        let request = payload("x");
        let request = (kind != BOTH).then_some(&request[..]);
        let number =
            pair.client.open(pair.methods[kind], request, Open { end: kind != BOTH, ..Open::default() });
        let call = pair.server.call().await.call;
        let cancelled = Instant::now();
        pair.client.submit(Op::Cancel { call: number });
        assert!(matches!(pair.server.fact().await, Event::Aborted { call: c, code: 1 } if c == call));
        assert!(cancelled.elapsed() < Duration::from_millis(500));
    }
    pair.close().await;
}

#[tokio::test]
async fn a_cancelled_client_stream_is_aborted_and_not_ended() {
    let mut pair = Pair::new().await;
    let number = pair.client.open(pair.methods[UP], None, Open { end: false, ..Open::default() });
    let call = pair.server.call().await.call;
    pair.client.submit(Op::Item { call: number, message: framed(&payload("a")) });
    assert!(matches!(pair.server.fact().await, Event::Items { .. }));
    pair.client.submit(Op::Cancel { call: number });
    assert!(matches!(pair.server.fact().await, Event::Aborted { call: c, code: 1 } if c == call));
    pair.close().await;
}

#[tokio::test]
async fn a_local_deadline_ends_the_call_on_both_sides() {
    let mut pair = Pair::new().await;
    let timeout = Some(Duration::from_millis(100));
    let started = Instant::now();
    pair.client.open(pair.methods[UNARY], Some(&payload("x")), Open { timeout, ..Open::default() });
    let call = pair.server.call().await;
    assert!(call.deadline_epoch_ms.abs() < f64::EPSILON, "a default deadline is not sent");
    assert!(matches!(pair.client.fact().await, Event::Ended { status, local: true, .. } if status.code == 4));
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(100) && took < Duration::from_millis(350), "{took:?}");
    assert!(matches!(pair.server.fact().await, Event::Aborted { code: 1, .. }));
    pair.close().await;
}

#[tokio::test]
async fn a_deadline_in_the_header_is_enforced_by_the_server() {
    let mut pair = Pair::new().await;
    let open = Open { timeout: Some(Duration::from_millis(150)), travels: true, ..Open::default() };
    pair.client.open(pair.methods[UNARY], Some(&payload("x")), open);
    assert!(pair.server.call().await.deadline_epoch_ms > 0.0);
    // The timer of either side may fire first: the handler is aborted, and the caller gets the same status code.
    assert!(matches!(pair.server.fact().await, Event::Aborted { code: 1 | 4, .. }));
    assert!(matches!(pair.client.fact().await, Event::Ended { status, .. } if status.code == 4));
    pair.close().await;
}

#[tokio::test]
async fn metadata_keeps_its_order_and_is_refused_locally_above_the_limit() {
    let mut pair = Pair::new().await;
    let pairs = vec![("a".to_owned(), "1".to_owned()), ("ключ".to_owned(), "😀".to_owned())];
    let open = Open { metadata: pairs.clone(), ..Open::default() };
    pair.client.open(pair.methods[UNARY], Some(&payload("x")), open);
    let call = pair.server.call().await;
    assert_eq!(call.metadata, pairs);
    pair.server.submit(Op::Reply { call: call.call, message: framed(&payload("y")) });
    assert!(matches!(pair.client.fact().await, Event::Message { .. }));
    let open = Open { metadata: vec![("k".to_owned(), "v".repeat(5000))], ..Open::default() };
    pair.client.open(pair.methods[UNARY], Some(&payload("x")), open);
    assert!(matches!(
        pair.client.fact().await,
        Event::Ended { status, local: true, not_sent: true, .. } if status.code == 8
    ));
    pair.close().await;
}

#[tokio::test]
async fn a_reader_that_does_not_read_makes_the_writer_wait() {
    let mut pair = Pair::new().await;
    let number = pair.client.open(pair.methods[DOWN], Some(&payload("x")), Open::default());
    let call = pair.server.call().await.call;
    let block = noise(100_000);
    let mut credited = 0u64;
    let mut submitted = 0u64;
    // Until the writer gets no more credit.
    while submitted - credited < (2 << 20) && submitted < (64 << 20) {
        pair.server.submit(Op::Item { call, message: framed(&block) });
        submitted += block.len() as u64 + 4;
        while let Ok(event) = tokio::time::timeout(Duration::from_millis(20), pair.server.event()).await {
            let Event::Credit { bytes, .. } = event else { panic!("expected credit, got {event:?}") };
            credited += u64::from(bytes);
        }
    }
    let unread = submitted - credited;
    assert!(unread >= (2 << 20), "the writer had to wait");
    assert!(credited < (9 << 20), "{credited} bytes were written although the reader consumed none");
    pair.client.submit(Op::Cancel { call: number });
    loop {
        if matches!(pair.server.event().await, Event::Aborted { .. }) {
            break;
        }
    }
    pair.close().await;
}

#[tokio::test]
async fn large_messages_arrive_and_messages_above_the_limit_are_refused() {
    let mut pair = Pair::new().await;
    let big = payload(&"0123456789abcdef".repeat(500_000));
    pair.client.open(pair.methods[UNARY], Some(&big), Open::default());
    let call = pair.server.call().await;
    assert!(call.message.as_deref() == Some(&big[..]), "the response differs from the request");
    pair.server.submit(Op::Reply { call: call.call, message: framed(&big) });
    assert!(matches!(pair.client.fact().await, Event::Message { message, .. } if message[..] == big));
    pair.close().await;
}

#[tokio::test]
async fn sixty_four_concurrent_calls_get_their_own_responses() {
    let mut pair = Pair::new().await;
    let numbers: Vec<_> = (0..64)
        .map(|i| pair.client.open(pair.methods[UNARY], Some(&payload(&i.to_string())), Open::default()))
        .collect();
    for _ in 0..64 {
        let call = pair.server.call().await;
        let message = call.message.map(|message| message.bytes).unwrap_or_default();
        pair.server.submit(Op::Reply { call: call.call, message: framed(&message) });
    }
    let mut answers = std::collections::HashMap::new();
    for _ in 0..64 {
        let Event::Message { call, message, .. } = pair.client.fact().await else { panic!("a message") };
        answers.insert(call, message);
    }
    for (i, number) in numbers.iter().enumerate() {
        assert_eq!(&answers[number][..], payload(&i.to_string()));
    }
    pair.close().await;
}

#[tokio::test]
async fn draining_waits_for_accepted_calls_and_refuses_new_ones() {
    let mut pair = Pair::new().await;
    let accepted = pair.client.open(pair.methods[UNARY], Some(&payload("x")), Open::default());
    let call = pair.server.call().await.call;
    let node = pair.server_node.clone();
    let drained = tokio::spawn(async move { node.drain(Duration::from_secs(10)).await });
    while !pair.server_node.is_draining() {
        tokio::task::yield_now().await;
    }
    let refused = pair.client.open(pair.methods[UNARY], Some(&payload("x")), Open::default());
    assert!(matches!(
        pair.client.fact().await,
        Event::Ended { call, status, .. } if call == refused && status.code == 14
    ));
    assert!(!drained.is_finished());
    pair.server.submit(Op::Reply { call, message: framed(&payload("y")) });
    assert!(matches!(pair.client.fact().await, Event::Message { call, .. } if call == accepted));
    assert!(drained.await.unwrap(), "the accepted call was not cancelled");
    pair.close().await;
}

#[tokio::test]
async fn draining_cancels_the_remaining_calls_at_the_timeout() {
    let mut pair = Pair::new().await;
    pair.client.open(pair.methods[UNARY], Some(&payload("x")), Open::default());
    pair.server.call().await;
    let started = Instant::now();
    assert!(!pair.server_node.drain(Duration::from_millis(50)).await);
    assert!(started.elapsed() < Duration::from_millis(1050));
    assert!(matches!(pair.server.fact().await, Event::Aborted { code: 14, .. }));
    assert!(matches!(pair.client.fact().await, Event::Ended { status, .. } if status.code == 14));
    pair.close().await;
}

#[tokio::test]
async fn a_lost_server_ends_its_calls_and_the_next_call_dials_again() {
    let mut pair = Pair::new().await;
    pair.client.open(pair.methods[UNARY], Some(&payload("x")), Open::default());
    pair.server.call().await;
    pair.server_node.close().await;
    assert!(matches!(pair.client.fact().await, Event::Ended { status, .. } if status.code == 14));
    let timeout = Some(Duration::from_millis(300));
    pair.client.open(pair.methods[UNARY], Some(&payload("x")), Open { timeout, ..Open::default() });
    assert!(matches!(
        pair.client.fact().await,
        Event::Ended { status, local: true, not_sent: true, .. } if status.code == 14 || status.code == 4
    ));
    pair.close().await;
}

/// Bytes that cannot be compressed.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    next.take(length).collect()
}

#[tokio::test]
async fn every_stream_up_to_the_limit_is_usable_and_a_call_above_it_gives_the_reason() {
    let limits = NodeLimits { max_streams: 8, max_sessions: 1, ..NodeLimits::default() };
    let mut pair = Pair::with(limits, support::service()).await;
    for _ in 0..7 {
        pair.client.open(pair.methods[BOTH], None, Open { end: false, ..Open::default() });
        pair.server.call().await;
    }
    // The last slot serves any number of calls one after the other.
    for _ in 0..100 {
        pair.client.open(pair.methods[UNARY], Some(&payload("ask")), Open::default());
        let call = pair.server.call().await.call;
        pair.server.submit(Op::Reply { call, message: framed(&payload("answer")) });
        assert!(matches!(pair.client.fact().await, Event::Message { .. }));
    }
    // Streams beyond the limit wait at the server, and further ones at the client, which has no credit for them.
    let timeout = Some(Duration::from_millis(300));
    for _ in 0..40 {
        let open = Open { timeout, end: false, ..Open::default() };
        pair.client.open(pair.methods[BOTH], None, open);
    }
    let mut texts = Vec::new();
    for _ in 0..40 {
        let Event::Ended { status, not_sent, .. } = pair.client.fact().await else {
            panic!("expected the end")
        };
        assert_eq!(status.code, 4);
        texts.extend(not_sent.then_some(status.message));
    }
    let text = "deadline exceeded after 300 ms: no stream of the connection became free (all are in use at the peer)";
    assert!(!texts.is_empty() && texts.iter().all(|found| found == text), "{texts:?}");
    pair.close().await;
}

/// The call waits for a stream, because the server allows few and all are in use.
#[tokio::test]
async fn a_call_that_has_not_left_is_withdrawn_and_never_sent() {
    let limits = NodeLimits { max_streams: 1, max_sessions: 1, ..NodeLimits::default() };
    let mut pair = Pair::with(limits, support::service()).await;
    let mut numbers = Vec::new();
    for _ in 0..64 {
        numbers.push(pair.client.open(pair.methods[UNARY], Some(&payload("held")), Open::default()));
    }
    let first = pair.server.call().await.call;
    let last = numbers.len() - 1;
    assert!(pair.client.port.withdraw(numbers[last], last as u64), "it waits for a stream");
    assert!(!pair.client.port.withdraw(numbers[0], 0), "its handler runs");
    // The operation of this call is submitted after it was withdrawn.
    assert!(pair.client.port.withdraw(999_999, numbers.len() as u64));
    let op = Op::Open {
        call: 999_999,
        method: pair.methods[UNARY],
        session: None,
        timeout: None,
        timeout_travels: false,
        metadata: Vec::new(),
        request: Some(framed(&payload("withdrawn"))),
        end: true,
    };
    pair.client.submit(op);
    pair.server.submit(Op::Reply { call: first, message: framed(&payload("answer")) });
    for _ in 0..last - 1 {
        let call = pair.server.call().await;
        assert_eq!(call.message.as_deref(), Some(&payload("held")[..]));
        pair.server.submit(Op::Reply { call: call.call, message: framed(&payload("answer")) });
    }
    for _ in 0..last {
        assert!(matches!(pair.client.fact().await, Event::Message { .. }));
    }
    assert!(!pair.client.port.withdraw(numbers[1], 1), "it has ended");
    pair.close().await;
}
