//! The server side of a session, state by state: what each frame, command and time leads to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/sessions.rs"]
mod sessions;

use aster_wire::record::Encoding;
use sessions::ServerScript;

/// What becomes of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    Ends,
}
use Then::{Ends, GoesOn};

/// A line of input, and what it leads to; see [`ServerScript::run`].
type Step = (&'static str, &'static [&'static str]);

fn check(name: &str, steps: &[Step], then: Then) {
    for encoding in [Encoding::Fory, Encoding::Json] {
        let mut server = ServerScript::new(encoding);
        for (line, expected) in steps {
            assert_eq!(server.run(line), *expected, "{name} ({encoding:?}): {line}");
        }
        if then == GoesOn {
            assert!(!server.machine.is_over(), "{name}: the session goes on");
            server.run("limit 1000000");
            let call = server.run("CALL unary");
            assert!(call.len() == 1 && call[0].starts_with("call "), "{name}: {call:?}");
            let message = server.run("D next");
            assert!(message.len() == 1 && message[0].ends_with(" next"), "{name}: {message:?}");
            assert_eq!(server.run("respond yes"), ["D yes"], "{name}");
            assert_eq!(server.run("CANCEL"), ["T 1 cancelled"], "{name}");
        } else {
            assert!(server.machine.is_over(), "{name}: the session is over");
            assert!(!server.machine.reads() && server.machine.timeout().is_none());
            for line in
                ["CALL unary", "D x", "T 0", "CANCEL", "fin", "lost", "close 14", "abort 14", "broken 3"]
            {
                assert_eq!(server.run(line), [""; 0], "{name}: {line} after the end");
            }
        }
    }
}

/// The rows of the protocol's table of a server loop; the ones marked *better* differ from the Python server, which
/// ends the session there or answers nothing.
#[test]
fn every_row_between_two_calls() {
    check("end of stream closes the session", &[("fin", &["over Closed"])], Ends);
    check("CANCEL is answered", &[("CANCEL", &["T 1 cancelled"]), ("CANCEL", &["T 1 cancelled"])], GoesOn);
    check("a data frame ends the session", &[("D x", OVER)], Ends);
    check("a trailer ends the session", &[("T 0", OVER)], Ends);
    check("a row schema ends the session", &[("ROW x", OVER)], Ends);
    check(
        "data behind a finished unary call ends the session",
        &[
            ("CALL unary", &["call 1 unary"]),
            ("D a", &["message 1 a"]),
            ("respond b", &["D b"]),
            ("D x", OVER),
        ],
        Ends,
    );
    check("the connection is lost", &[("lost", &["over Lost"])], Ends);
    check("the input cannot be read", &[("broken 3 why", &["T 3 why", "over Protocol"])], Ends);
}

#[test]
fn every_row_of_a_call_that_does_not_begin() {
    check(
        "better: a CALL that cannot be read is refused, its input is discarded",
        &[("CALL !", &["T 13 the CALL frame is not readable: not a CallHeader"]), ("D a", &[]), ("T 0", &[])],
        GoesOn,
    );
    check(
        "better: metadata over the limits is refused",
        &[("CALL +", &["T 8 metadata has more than 64 entries"]), ("D a", &[])],
        GoesOn,
    );
    check(
        "better: an unknown method is refused",
        &[("CALL what", &["call 1 what", "T 12 no such method"]), ("D a", &[]), ("D b", &[]), ("T 0", &[])],
        GoesOn,
    );
    check(
        "a refused call can still be cancelled",
        &[
            ("CALL what", &["call 1 what", "T 12 no such method"]),
            ("CANCEL", &["T 1 cancelled"]),
            ("D a", &[]),
        ],
        GoesOn,
    );
}

#[test]
fn every_row_while_the_request_is_awaited() {
    for method in ["unary", "server"] {
        let call = if method == "unary" { "CALL unary" } else { "CALL server" };
        let begun: &[_] = if method == "unary" { &["call 1 unary"] } else { &["call 1 server"] };
        check(
            "CANCEL instead of the request",
            &[(call, begun), ("CANCEL", &["aborted 1 Cancelled", "T 1 cancelled"])],
            GoesOn,
        );
        check(
            "CALL instead of the request: that call runs",
            &[
                (call, begun),
                ("CALL unary", &["aborted 1 Protocol", "T 9 CALL frame before request", "call 2 unary"]),
                ("D a", &["message 2 a"]),
                ("respond b", &["D b"]),
            ],
            GoesOn,
        );
        check(
            "a trailer instead of the request",
            &[(call, begun), ("T 0", &["aborted 1 Protocol", "T 13 a trailer came instead of the request"])],
            GoesOn,
        );
        check(
            "end of stream instead of the request",
            &[(call, begun), ("fin", &["aborted 1 Closed", "over Closed"])],
            Ends,
        );
        check(
            "the request never comes",
            &[
                (call, begun),
                ("wait 59999", &[]),
                ("wait 1", &["aborted 1 DeadlineExceeded", "T 4 the request did not arrive in time"]),
                ("D late", &[]),
            ],
            GoesOn,
        );
        check(
            "the deadline passes before the request comes",
            &[
                ("limit 100", &[]),
                (call, begun),
                ("wait 100", &["aborted 1 DeadlineExceeded", "T 4 deadline exceeded"]),
                ("D late", &[]),
            ],
            GoesOn,
        );
        check("lost", &[(call, begun), ("lost", &["aborted 1 Lost", "over Lost"])], Ends);
    }
}

const ENDED: &[&str] = &["aborted 1 Protocol", INTERRUPTED, "T 9 Expected CALL frame", "over Protocol"];
const OVER: &[&str] = &["T 9 Expected CALL frame", "over Protocol"];
const UNARY: [Step; 2] = [("CALL unary", &["call 1 unary"]), ("D a", &["message 1 a"])];
const SERVER: [Step; 3] =
    [("CALL server", &["call 1 server"]), ("D a", &["message 1 a"]), ("item b", &["D b"])];
const CLIENT: [Step; 2] = [("CALL client", &["call 1 client"]), ("D a", &["message 1 a"])];
const INTERRUPTED: &str = "T 9 CALL received during active call";
const BIDI: [Step; 3] = [("CALL bidi", &["call 1 bidi"]), ("D a", &["message 1 a"]), ("item b", &["D b"])];

fn after(begun: &[Step], steps: &[Step]) -> Vec<Step> {
    [begun, steps].concat()
}

#[test]
fn every_row_of_a_running_unary_call() {
    check("response", &after(&UNARY, &[("respond b", &["D b"])]), GoesOn);
    check("status", &after(&UNARY, &[("finish 5 gone", &["T 5 gone"])]), GoesOn);
    check(
        "undecodable request",
        &after(&UNARY, &[("finish 13 Decode error", &["T 13 Decode error"])]),
        GoesOn,
    );
    check("CANCEL", &after(&UNARY, &[("CANCEL", &["aborted 1 Cancelled", "T 1 cancelled"])]), GoesOn);
    check(
        "an answer that comes too late is refused",
        &after(
            &UNARY,
            &[
                ("CANCEL", &["aborted 1 Cancelled", "T 1 cancelled"]),
                ("respond b", &["CallOver"]),
                ("item b", &["CallOver"]),
                ("finish 5", &["CallOver"]),
                ("CANCEL", &["T 1 cancelled"]),
            ],
        ),
        GoesOn,
    );
    check(
        "CALL: the running call ends, that call runs",
        &after(
            &UNARY,
            &[
                ("CALL unary", &["aborted 1 Protocol", INTERRUPTED, "call 2 unary"]),
                ("D c", &["message 2 c"]),
                ("respond d", &["D d"]),
            ],
        ),
        GoesOn,
    );
    check("a data frame", &after(&UNARY, &[("D x", ENDED)]), Ends);
    check("a trailer", &after(&UNARY, &[("T 0", ENDED)]), Ends);
    check(
        "end of stream",
        &after(&UNARY, &[("fin", &["aborted 1 Closed", INTERRUPTED, "over Closed"])]),
        Ends,
    );
    check(
        "deadline",
        &[
            ("limit 100", &[]),
            UNARY[0],
            UNARY[1],
            ("wait 99", &[]),
            ("wait 1", &["aborted 1 DeadlineExceeded", "T 4 deadline exceeded"]),
        ],
        GoesOn,
    );
    check("lost", &after(&UNARY, &[("lost", &["aborted 1 Lost", "over Lost"])]), Ends);
    check(
        "broken input",
        &after(&UNARY, &[("broken 3 why", &["aborted 1 Protocol", "T 3 why", "over Protocol"])]),
        Ends,
    );
}

#[test]
fn every_row_of_a_running_server_stream() {
    check("OK", &after(&SERVER, &[("item c", &["D c"]), ("finish 0", &["T 0"])]), GoesOn);
    check("no item", &[SERVER[0], SERVER[1], ("finish 0", &["T 0"])], GoesOn);
    check("status after items", &after(&SERVER, &[("finish 8 late", &["T 8 late"])]), GoesOn);
    check("CANCEL", &after(&SERVER, &[("CANCEL", &["aborted 1 Cancelled", "T 1 cancelled"])]), GoesOn);
    check(
        "end of stream",
        &after(
            &SERVER,
            &[("fin", &["aborted 1 Closed", "T 13 the session was closed during the call", "over Closed"])],
        ),
        Ends,
    );
    check(
        "frames behind the request are ignored, as in Python",
        &after(&SERVER, &[("D x", &[]), ("T 0", &[]), ("finish 0", &["T 0"])]),
        GoesOn,
    );
    check(
        "CALL",
        &after(
            &SERVER,
            &[
                ("CALL unary", &["aborted 1 Protocol", INTERRUPTED, "call 2 unary"]),
                ("D c", &["message 2 c"]),
                ("respond d", &["D d"]),
            ],
        ),
        GoesOn,
    );
}

#[test]
fn every_row_of_a_running_client_stream() {
    let complete = after(&CLIENT, &[("D b", &["message 1 b"]), ("T 0", &["input end 1"])]);
    check("OK", &after(&complete, &[("respond c", &["D c"])]), GoesOn);
    check("no item", &[CLIENT[0], ("T 0", &["input end 1"]), ("respond c", &["D c"])], GoesOn);
    check("status", &after(&complete, &[("finish 11 mid", &["T 11 mid"])]), GoesOn);
    check(
        "better: a status before the end of input; the rest is discarded",
        &after(&CLIENT, &[("finish 11 mid", &["T 11 mid"]), ("D b", &[]), ("T 0", &[])]),
        GoesOn,
    );
    check(
        "better: a response before the end of input; the rest is discarded",
        &after(&CLIENT, &[("respond c", &["D c"]), ("D b", &[]), ("T 0", &[])]),
        GoesOn,
    );
    check(
        "an end-of-input trailer that is not OK",
        &after(&CLIENT, &[("T 5 x", &["aborted 1 Protocol", "T 13 the input ended with status 5"])]),
        GoesOn,
    );
    check(
        "an empty end-of-input trailer",
        &after(&CLIENT, &[("T -", &["aborted 1 Protocol", "T 13 the end-of-input trailer is not readable"])]),
        GoesOn,
    );
    check("CANCEL", &after(&CLIENT, &[("CANCEL", &["aborted 1 Cancelled", "T 1 cancelled"])]), GoesOn);
    check(
        "CANCEL behind the input",
        &after(&complete, &[("CANCEL", &["aborted 1 Cancelled", "T 1 cancelled"])]),
        GoesOn,
    );
    check(
        "end of stream in the input",
        &after(&CLIENT, &[("fin", &["aborted 1 Closed", "over Closed"])]),
        Ends,
    );
    check(
        "end of stream behind the input: the call runs to its end",
        &after(&complete, &[("fin", &[]), ("fin", &[]), ("respond c", &["D c", "over Closed"])]),
        Ends,
    );
    check(
        "better: CALL in the input is never an item",
        &after(
            &CLIENT,
            &[
                ("CALL unary", &["aborted 1 Protocol", INTERRUPTED, "call 2 unary"]),
                ("D c", &["message 2 c"]),
                ("respond d", &["D d"]),
            ],
        ),
        GoesOn,
    );
    check(
        "deadline in the input",
        &[
            ("limit 100", &[]),
            CLIENT[0],
            ("wait 100", &["aborted 1 DeadlineExceeded", "T 4 deadline exceeded"]),
            ("D a", &[]),
            ("T 0", &[]),
        ],
        GoesOn,
    );
}

#[test]
fn every_row_of_a_running_bidi_stream() {
    let complete = after(&BIDI, &[("T 0", &["input end 1"])]);
    check("OK", &after(&complete, &[("item c", &["D c"]), ("finish 0", &["T 0"])]), GoesOn);
    check(
        "whatever the end-of-input trailer says, as in Python",
        &after(&BIDI, &[("T 7 x", &["input end 1"]), ("finish 0", &["T 0"])]),
        GoesOn,
    );
    check(
        "an empty end-of-input trailer",
        &after(&BIDI, &[("T -", &["input end 1"]), ("finish 0", &["T 0"])]),
        GoesOn,
    );
    check("undecodable item", &after(&BIDI, &[("finish 13 item", &["T 13 item"]), ("D c", &[])]), GoesOn);
    check(
        "better: CANCEL stops the handler and is acknowledged",
        &after(&BIDI, &[("CANCEL", &["aborted 1 Cancelled", "T 1 cancelled"])]),
        GoesOn,
    );
    check(
        "better: the handler ends first, the late trailer is discarded",
        &after(&BIDI, &[("finish 0", &["T 0"]), ("D c", &[]), ("T 0", &[])]),
        GoesOn,
    );
    check(
        "better: end of stream in the input is no end of input",
        &after(&BIDI, &[("fin", &["aborted 1 Closed", "over Closed"])]),
        Ends,
    );
    check(
        "end of stream behind the input: the call runs to its end",
        &after(&complete, &[("fin", &[]), ("item c", &["D c"]), ("finish 0", &["T 0", "over Closed"])]),
        Ends,
    );
    check(
        "lost behind the end of stream",
        &after(&complete, &[("fin", &[]), ("lost", &["aborted 1 Lost", "over Lost"])]),
        Ends,
    );
}

#[test]
fn a_handler_cannot_break_the_form_of_its_pattern() {
    check(
        "OK without a response is an error",
        &after(&UNARY, &[("finish 0", &["T 13 the handler ended without a response"])]),
        GoesOn,
    );
    check(
        "a unary call has no items",
        &after(&UNARY, &[("item x", &["Pattern"]), ("respond b", &["D b"])]),
        GoesOn,
    );
    check(
        "a stream has no single response",
        &after(&SERVER, &[("respond x", &["Pattern"]), ("finish 0", &["T 0"])]),
        GoesOn,
    );
}

#[test]
fn a_status_of_the_handler_never_looks_like_one_of_the_session() {
    for (given, told) in [
        ("finish 1 cancelled", "T 1 the call ended with: cancelled"),
        ("finish 1 by me", "T 1 by me"),
        ("finish 9 Expected CALL frame", "T 9 the call ended with: Expected CALL frame"),
        ("finish 12 Method not found: x", "T 12 the call ended with: Method not found: x"),
        ("finish 13 Handler missing: x", "T 13 the call ended with: Handler missing: x"),
        ("finish 13 Invalid CallHeader: x", "T 13 the call ended with: Invalid CallHeader: x"),
    ] {
        for begun in [&UNARY[..], &SERVER[..], &CLIENT[..], &BIDI[..]] {
            let mut server = ServerScript::new(Encoding::Fory);
            for (line, _) in begun {
                server.run(line);
            }
            assert_eq!(server.run(given), [told]);
        }
    }
}

#[test]
fn a_server_that_closes_lets_the_running_call_end() {
    check("at once between two calls", &[("close 14 bye", &["T 14 bye marked", "over Shutdown"])], Ends);
    check(
        "after the response",
        &after(&UNARY, &[("close 14 bye", &[]), ("respond b", &["D b", "T 14 bye marked", "over Shutdown"])]),
        Ends,
    );
    check(
        "after a cancelled call",
        &after(
            &UNARY,
            &[
                ("close 14 bye", &[]),
                ("CANCEL", &["aborted 1 Cancelled", "T 1 cancelled", "T 14 bye marked", "over Shutdown"]),
            ],
        ),
        Ends,
    );
    check(
        "a CALL that interrupts the last call gets no call of its own",
        &after(
            &SERVER,
            &[
                ("close 14 bye", &[]),
                ("CALL unary", &["aborted 1 Protocol", INTERRUPTED, "T 14 bye marked", "over Shutdown"]),
            ],
        ),
        Ends,
    );
    check(
        "abort ends the running call, and then the session with the same status",
        &after(
            &BIDI,
            &[(
                "abort 14 now",
                &["aborted 1 Shutdown(Unavailable)", "T 14 now", "T 14 now marked", "over Shutdown"],
            )],
        ),
        Ends,
    );
    check("abort between two calls", &[("abort 14 now", &["T 14 now marked", "over Shutdown"])], Ends);
}

#[test]
fn a_frame_behind_the_deadline_meets_an_ended_call() {
    let mut server = ServerScript::new(Encoding::Fory);
    server.run("limit 100");
    server.run("CALL unary");
    server.run("D a");
    server.clock.step(std::time::Duration::from_millis(100));
    assert_eq!(
        server.run("CALL unary"),
        ["aborted 1 DeadlineExceeded", "T 4 deadline exceeded", "call 2 unary"],
        "the deadline counts although nobody called expire"
    );
}

#[test]
fn a_call_that_is_being_judged_can_end() {
    use aster_wire::session::ServerFact;
    use sessions::{frame_of, pattern};
    for (line, expected) in [
        ("D x", "aborted 1 Protocol, T 13 a frame was read before the call was judged"),
        ("CANCEL", "aborted 1 Cancelled, T 1 cancelled"),
        ("fin", "aborted 1 Closed, over Closed"),
        ("lost", "aborted 1 Lost, over Lost"),
        ("abort 14 now", "aborted 1 Shutdown(Unavailable), T 14 now, T 14 now marked, over Shutdown"),
    ] {
        let mut server = ServerScript::new(Encoding::Fory);
        let frame = frame_of("CALL unary", Encoding::Fory).unwrap();
        let facts: Vec<_> = server.machine.frame(frame, server.clock.0).into_iter().collect();
        let [ServerFact::Call { call, .. }] = facts[..] else { panic!("{facts:?}") };
        assert!(!server.machine.reads(), "no frame before the verdict");
        assert_eq!(server.run(line).join(", "), expected);
        assert!(!server.machine.accept(call, pattern("unary").unwrap(), server.clock.0, None), "{line}");
        assert_eq!(server.machine.refuse(call, &sessions::status(7, "no")).into_iter().count(), 0, "{line}");
    }
}
