//! The state machines of a stateless call, without sockets and with a clock that the test steps.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::{Duration, Instant};

use aster_wire::call::{
    ClientCall, ClientFact, Farewell, InputFailure, Pattern, REASON_DETAIL, ServerCall, ServerFact, remaining,
};
use aster_wire::ending::AdmissionEnd;
use aster_wire::frame::{Frame, FrameError, flag};
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;
use bytes::Bytes;
use proptest::prelude::*;

const PATTERNS: [&str; 4] = ["unary", "serverStream", "clientStream", "bidiStream"];
const HEADER_TIME: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

fn pattern(name: &str) -> Pattern {
    Pattern::from_name(name).unwrap()
}

fn frame(flags: u8, payload: &[u8]) -> Frame {
    Frame { flags, payload: Bytes::copy_from_slice(payload) }
}

fn data(text: &str) -> Frame {
    frame(0, text.as_bytes())
}

fn header_frame() -> Frame {
    let header = StreamHeader { service: "S".into(), method: "m".into(), version: 1, ..Default::default() };
    frame(flag::HEADER, &header.encode(Encoding::Fory))
}

fn trailer(code: Code) -> Frame {
    frame(flag::TRAILER, &RpcStatus::new(code, "said").encode(Encoding::Fory))
}

/// A server call whose header was accepted.
fn accepted(name: &str, run_time: Option<Duration>) -> (ServerCall, Instant) {
    let now = Instant::now();
    let mut call = ServerCall::new(now, HEADER_TIME);
    assert!(
        matches!(call.frame(header_frame()), ServerFact::Header(header, Encoding::Fory) if header.method == "m")
    );
    call.accept(pattern(name), Encoding::Fory, now, run_time);
    (call, now)
}

fn ended(fact: ServerFact) -> (Code, String) {
    match fact {
        ServerFact::Ended(status) => (Code::from_number(status.code).unwrap(), status.message),
        fact => panic!("an end, not {fact:?}"),
    }
}

fn failed(fact: ClientFact) -> (Code, String) {
    match fact {
        ClientFact::Failed(status) => (Code::from_number(status.code).unwrap(), status.message),
        fact => panic!("a failure, not {fact:?}"),
    }
}

#[test]
fn the_first_frame_must_be_a_readable_header() {
    let new = || ServerCall::new(Instant::now(), HEADER_TIME);
    assert_eq!(ended(new().frame(data("x"))), (Code::Internal, "First frame must have HEADER flag".into()));
    let damaged = frame(flag::HEADER, b"\x02nonsense");
    assert_eq!(ended(new().frame(damaged)), (Code::Internal, "Invalid StreamHeader".into()));
    let zero = InputFailure::Frame(FrameError::ZeroLength);
    assert_eq!(ended(new().fail(&zero)), (Code::Internal, "received zero-length frame".into()));
    assert_eq!(new().end(), ServerFact::Gone);
    assert_eq!(new().fail(&InputFailure::Reset), ServerFact::Gone);
}

#[test]
fn a_header_that_does_not_arrive_ends_the_stream_at_its_timeout_and_not_before() {
    let now = Instant::now();
    let mut call = ServerCall::new(now, HEADER_TIME);
    assert_eq!(call.timeout(), Some(now + HEADER_TIME));
    assert_eq!(call.expire(now + SECOND), ServerFact::Ignored);
    assert_eq!(ended(call.expire(now + HEADER_TIME)).0, Code::DeadlineExceeded);
    assert_eq!(call.timeout(), None);
    assert_eq!(call.frame(header_frame()), ServerFact::Ignored, "the call is over");
}

#[test]
fn a_call_with_one_request_takes_the_first_message_and_nothing_after_it() {
    for name in ["unary", "serverStream"] {
        let (mut call, _) = accepted(name, None);
        assert!(call.awaits_request());
        assert_eq!(call.frame(frame(flag::CANCEL, b"")), ServerFact::Ignored);
        assert_eq!(call.frame(data("ask")), ServerFact::Message(data("ask")));
        assert!(!call.awaits_request());
        assert_eq!(call.frame(data("more")), ServerFact::Ignored);
        assert_eq!(call.end(), ServerFact::Ignored);
        assert_eq!(call.fail(&InputFailure::Reset), ServerFact::Gone, "the caller left");
    }
}

#[test]
fn a_missing_request_has_the_status_that_the_reference_gives() {
    let (mut call, _) = accepted("unary", None);
    assert_eq!(ended(call.end()), (Code::Unavailable, "Stream ended".into()));
    let (mut call, _) = accepted("unary", None);
    assert_eq!(ended(call.frame(trailer(Code::Ok))), (Code::Unavailable, "Unexpected trailer".into()));
    let (mut call, _) = accepted("unary", None);
    assert_eq!(ended(call.fail(&InputFailure::Silent(SECOND))).0, Code::DeadlineExceeded);
    let (mut call, _) = accepted("unary", None);
    assert_eq!(ended(call.fail(&InputFailure::Budget)).0, Code::ResourceExhausted);
    let (mut call, _) = accepted("unary", None);
    let cut = InputFailure::Frame(FrameError::FinishedEarly { read: 3 });
    assert_eq!(
        ended(call.fail(&cut)),
        (Code::InvalidArgument, "stream finished early (3 bytes read)".into())
    );
}

#[test]
fn an_input_stream_ends_with_the_stream_or_with_a_trailer_and_an_upload_is_cancelled_by_its_status() {
    for name in ["clientStream", "bidiStream"] {
        let (mut call, _) = accepted(name, None);
        assert_eq!(call.frame(data("a")), ServerFact::Message(data("a")));
        assert_eq!(call.end(), ServerFact::InputEnd);
        assert_eq!(call.frame(data("late")), ServerFact::Ignored);
        let (mut call, _) = accepted(name, None);
        assert_eq!(call.frame(trailer(Code::Ok)), ServerFact::InputEnd);
        let (mut call, _) = accepted(name, None);
        assert_eq!(
            call.frame(frame(flag::TRAILER, b"")),
            ServerFact::InputEnd,
            "an empty trailer ends the input"
        );
    }
    let (mut call, _) = accepted("clientStream", None);
    assert_eq!(ended(call.frame(trailer(Code::Cancelled))).0, Code::Cancelled);
    let (mut call, _) = accepted("clientStream", None);
    assert_eq!(ended(call.frame(trailer(Code::NotFound))).0, Code::Internal);
    let (mut call, _) = accepted("bidiStream", None);
    assert_eq!(
        call.frame(trailer(Code::Cancelled)),
        ServerFact::InputEnd,
        "nobody looks at its status there"
    );
}

#[test]
fn the_deadline_ends_a_running_call_once() {
    for name in PATTERNS {
        let (mut call, now) = accepted(name, Some(SECOND));
        assert_eq!(call.timeout(), Some(now + SECOND));
        assert_eq!(call.expire(now), ServerFact::Ignored);
        assert_eq!(ended(call.expire(now + SECOND)), (Code::DeadlineExceeded, "deadline exceeded".into()));
        assert_eq!(call.expire(now + SECOND), ServerFact::Ignored);
    }
}

#[test]
fn a_deadline_runs_with_what_is_left_of_it_or_of_the_allowance_for_clocks() {
    let ms = |n| Ok(Some(Duration::from_millis(n)));
    assert_eq!(remaining(0, 1_000_000), Ok(None));
    assert_eq!(remaining(-5, 1_000_000), Ok(None));
    assert_eq!(remaining(1_000_250, 1_000_000), ms(250));
    assert_eq!(remaining(998_000, 1_000_000), ms(3000));
    assert!(remaining(995_000, 1_000_000).is_err());
    assert!(remaining(1, i64::MAX).is_err());
    assert_eq!(remaining(i64::MAX, 0), ms(i64::MAX.unsigned_abs()));
}

fn client(name: &str, timeout: Option<Duration>) -> (ClientCall, Instant) {
    let now = Instant::now();
    (ClientCall::new(pattern(name), now, timeout), now)
}

#[test]
fn a_single_response_is_over_with_its_trailer_or_with_the_end_of_the_stream() {
    for name in ["unary", "clientStream"] {
        let (mut call, _) = client(name, None);
        assert_eq!(call.frame(data("answer")), ClientFact::Message(data("answer")));
        assert!(matches!(call.frame(trailer(Code::Ok)), ClientFact::Ended(status) if status.is_ok()));
        assert_eq!(call.farewell(true, true), Farewell::Nothing);
        let (mut call, _) = client(name, None);
        call.frame(data("answer"));
        assert_eq!(call.end(), ClientFact::Ended(RpcStatus::ok()));
        let (mut call, _) = client(name, None);
        assert_eq!(failed(call.end()), (Code::Unavailable, "the stream ended without a status".into()));
    }
}

#[test]
fn a_second_message_of_a_single_response_fails_with_a_reason() {
    let (mut call, _) = client("unary", None);
    call.frame(data("one"));
    let ClientFact::Failed(status) = call.frame(data("two")) else { panic!("a failure") };
    assert_eq!(status.code, Code::Internal.number());
    assert_eq!(status.details, [(REASON_DETAIL.to_owned(), "STREAMED_ANSWER".to_owned())]);
}

#[test]
fn a_response_stream_needs_a_trailer() {
    for name in ["serverStream", "bidiStream"] {
        let (mut call, _) = client(name, None);
        assert_eq!(call.frame(frame(flag::ROW_SCHEMA, b"x")), ClientFact::Ignored);
        assert_eq!(call.frame(data("a")), ClientFact::Message(data("a")));
        assert_eq!(call.frame(data("b")), ClientFact::Message(data("b")));
        assert_eq!(failed(call.end()).0, Code::Unavailable);
        assert_eq!(call.frame(trailer(Code::Ok)), ClientFact::Ignored, "the call is over");
    }
}

#[test]
fn statuses_of_the_peer_are_cut_and_unknown_codes_become_unknown() {
    let (mut call, _) = client("unary", None);
    let odd = RpcStatus { code: 77, message: "x".repeat(5000), details: Vec::new() };
    let ClientFact::Ended(status) = call.frame(frame(flag::TRAILER, &odd.encode(Encoding::Json))) else {
        panic!("an end")
    };
    assert_eq!(status.code, Code::Unknown.number());
    assert!(status.message.starts_with("unknown status code 77: xxx") && status.message.len() < 4200);
    let (mut call, _) = client("unary", None);
    assert_eq!(failed(call.frame(frame(flag::TRAILER, b"\x02??"))).0, Code::Internal);
}

#[test]
fn a_call_that_ends_with_the_admission_has_its_reason() {
    let cases = [
        (InputFailure::NotAdmitted, "NOT_ADMITTED"),
        (InputFailure::AdmissionEnded(AdmissionEnd::Expired), "CREDENTIAL_EXPIRED"),
        (InputFailure::AdmissionEnded(AdmissionEnd::Revoked), "CREDENTIAL_REVOKED"),
    ];
    for (failure, reason) in cases {
        let (mut call, _) = client("unary", None);
        let ClientFact::Failed(status) = call.fail(&failure) else { panic!("an end") };
        assert_eq!(status.details, [(REASON_DETAIL.to_owned(), reason.to_owned())]);
    }
}

#[test]
fn failures_of_the_input_have_their_codes() {
    let cases = [
        (InputFailure::Frame(FrameError::ZeroLength), Code::Internal),
        (InputFailure::Reset, Code::Unavailable),
        (InputFailure::ConnectionLost("timed out".into()), Code::Unavailable),
        (InputFailure::Silent(SECOND), Code::Unavailable),
        (InputFailure::NotAdmitted, Code::PermissionDenied),
        (InputFailure::AdmissionEnded(AdmissionEnd::Expired), Code::Unauthenticated),
        (InputFailure::Budget, Code::ResourceExhausted),
    ];
    for (failure, code) in cases {
        let (mut call, _) = client("bidiStream", None);
        assert_eq!(failed(call.fail(&failure)).0, code, "{failure}");
        assert_eq!(call.fail(&failure), ClientFact::Ignored);
    }
}

#[test]
fn a_client_leaves_an_unfinished_upload_by_a_trailer_and_everything_else_by_a_reset() {
    for name in PATTERNS {
        let (mut call, now) = client(name, Some(SECOND));
        assert_eq!(call.expire(now), ClientFact::Ignored);
        assert_eq!(
            failed(call.expire(now + SECOND)),
            (Code::DeadlineExceeded, "deadline exceeded after 1000 ms".into())
        );
        assert_eq!(call.timeout(), None);
        let upload = name == "clientStream";
        let expected = if upload { Farewell::CancelUpload } else { Farewell::Reset };
        assert_eq!(call.farewell(true, false), expected, "{name}");
        assert_eq!(call.farewell(false, false), Farewell::Reset, "{name}: nothing was sent");
        assert_eq!(call.farewell(true, true), Farewell::Reset, "{name}: the output has ended");
    }
    let (mut call, _) = client("clientStream", None);
    assert!(matches!(call.frame(trailer(Code::NotFound)), ClientFact::Ended(_)));
    assert_eq!(call.farewell(true, false), Farewell::Reset, "the server knows how the call ended");
}

proptest! {
    /// Whatever comes in whatever order: at most one end, and nothing after it.
    #[test]
    fn a_call_ends_at_most_once(
        name in 0..4usize,
        inputs in proptest::collection::vec((0..8u8, any::<u8>()), 0..40),
    ) {
        let now = Instant::now();
        let mut server = ServerCall::new(now, HEADER_TIME);
        let mut client = ClientCall::new(pattern(PATTERNS[name]), now, Some(SECOND));
        let (mut server_over, mut client_over) = (false, false);
        for (kind, byte) in inputs {
            let input = match kind {
                0 => header_frame(),
                1 => trailer(if byte % 2 == 0 { Code::Ok } else { Code::Cancelled }),
                2 => frame(byte, &[byte]),
                _ => data("x"),
            };
            let failure = InputFailure::Silent(SECOND);
            let (server_fact, client_fact) = match kind {
                6 => (server.end(), client.end()),
                7 => (server.fail(&failure), client.fail(&failure)),
                _ => (server.frame(input.clone()), client.frame(input)),
            };
            prop_assert!(!server_over || server_fact == ServerFact::Ignored);
            prop_assert!(!client_over || client_fact == ClientFact::Ignored);
            match server_fact {
                ServerFact::Header(_, encoding) => server.accept(pattern(PATTERNS[name]), encoding, now, None),
                ServerFact::Ended(_) | ServerFact::Gone => server_over = true,
                _ => {}
            }
            client_over |= matches!(client_fact, ClientFact::Ended(_) | ClientFact::Failed(_));
            prop_assert_eq!(client_over, client.is_over());
        }
    }
}
