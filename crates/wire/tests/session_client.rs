//! The client side of a session, state by state: what each frame, command and time leads to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/sessions.rs"]
mod sessions;

use std::time::Duration;

use aster_wire::limit::{METADATA_PAIRS, RecordLimits};
use aster_wire::record::{CallHeader, Encoding, StreamHeader};
use aster_wire::session::{BeginError, ClientSession};
use sessions::{ClientScript, Clock, TIMES, pattern};

/// What becomes of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    Ends,
}
use Then::{Ends, GoesOn};

/// A line of input, and what it leads to; see [`ClientScript::run`].
type Step = (&'static str, &'static [&'static str]);

fn check(name: &str, steps: &[Step], then: Then) {
    for encoding in [Encoding::Fory, Encoding::Json] {
        let mut client = ClientScript::new(encoding);
        for (line, expected) in steps {
            assert_eq!(client.run(line), *expected, "{name} ({encoding:?}): {line}");
        }
        if then == GoesOn {
            assert!(client.machine.is_ready(), "{name}: the session goes on");
            assert_eq!(client.run("begin unary"), ["CALL unary"], "{name}");
            assert_eq!(client.run("item next"), ["D next"], "{name}");
            let answered = client.run("D yes");
            let last = client.machine.last_finished_call().unwrap().get();
            assert_eq!(
                answered,
                [&format!("message {last} yes"), &format!("ended {last} 0"), "ready"],
                "{name}"
            );
        } else {
            assert!(client.machine.is_over() && !client.machine.is_ready(), "{name}: the session is over");
            assert_eq!(client.run("begin unary"), ["Over"], "{name}");
            assert_eq!(client.machine.timeout(), None, "{name}");
            for line in ["D x", "T 0", "T 1 cancelled", "fin", "lost", "close", "wait 100000"] {
                assert_eq!(client.run(line), [""; 0], "{name}: {line} after the end");
            }
        }
    }
}

fn after(begun: &[Step], steps: &[Step]) -> Vec<Step> {
    [begun, steps].concat()
}

const UNARY: [Step; 2] = [("begin unary", &["CALL unary"]), ("item a", &["D a"])];
const SERVER: [Step; 3] =
    [("begin server", &["CALL server"]), ("item a", &["D a"]), ("D b", &["message 1 b"])];
const CLIENT: [Step; 2] = [("begin client", &["CALL client"]), ("item a", &["D a"])];
const BIDI: [Step; 3] = [("begin bidi", &["CALL bidi"]), ("item a", &["D a"]), ("D b", &["message 1 b"])];
/// A second call that waits for its answer.
const SECOND: [Step; 2] = [("begin unary", &["CALL unary"]), ("item c", &["D c"])];
const CANCEL: Step = ("cancel", &["CANCEL", "failed 1 1"]);

#[test]
fn each_pattern_ends_in_its_own_way() {
    check("unary", &after(&UNARY, &[("D b", &["message 1 b", "ended 1 0", "ready"])]), GoesOn);
    check("unary status", &after(&UNARY, &[("T 5 gone", &["ended 1 5 gone", "ready"])]), GoesOn);
    check("unary null", &after(&UNARY, &[("T 0", &["ended 1 0", "ready"])]), GoesOn);
    check(
        "server stream",
        &after(&SERVER, &[("D c", &["message 1 c"]), ("T 0", &["ended 1 0", "ready"])]),
        GoesOn,
    );
    check("server stream status", &after(&SERVER, &[("T 8 late", &["ended 1 8 late", "ready"])]), GoesOn);
    check(
        "client stream",
        &after(
            &CLIENT,
            &[("item b", &["D b"]), ("end", &["T 0"]), ("D c", &["message 1 c", "ended 1 0", "ready"])],
        ),
        GoesOn,
    );
    check(
        "client stream, early status",
        &after(&CLIENT, &[("T 11 mid", &["ended 1 11 mid", "ready"])]),
        GoesOn,
    );
    check(
        "bidi",
        &after(&BIDI, &[("end", &["T 0"]), ("D c", &["message 1 c"]), ("T 0", &["ended 1 0", "ready"])]),
        GoesOn,
    );
    check("bidi, early end", &after(&BIDI, &[("T 0", &["ended 1 0", "ready"])]), GoesOn);
    check(
        "row schemas are skipped",
        &after(&SERVER, &[("ROW x", &[]), ("T 0", &["ended 1 0", "ready"])]),
        GoesOn,
    );
    check("an unreadable status", &after(&UNARY, &[("T -", &["failed 1 13", "ready"])]), GoesOn);
    check(
        "an unknown code",
        &after(&UNARY, &[("T 77 x", &["ended 1 2 unknown status code 77: x", "ready"])]),
        GoesOn,
    );
}

#[test]
fn nothing_is_written_for_a_call_that_is_over_or_whose_input_is() {
    check(
        "one request",
        &after(
            &UNARY,
            &[
                ("item b", &["InputOver"]),
                ("end", &["InputOver"]),
                ("D b", &["message 1 b", "ended 1 0", "ready"]),
            ],
        ),
        GoesOn,
    );
    check(
        "no end of input for one request",
        &[UNARY[0], ("end", &["Pattern"]), UNARY[1], ("T 0", &["ended 1 0", "ready"])],
        GoesOn,
    );
    check(
        "after the end of input",
        &after(
            &BIDI,
            &[
                ("end", &["T 0"]),
                ("item c", &["InputOver"]),
                ("end", &["InputOver"]),
                ("T 0", &["ended 1 0", "ready"]),
            ],
        ),
        GoesOn,
    );
    check(
        "after the end",
        &after(
            &CLIENT,
            &[
                ("T 3 x", &["ended 1 3 x", "ready"]),
                ("item b", &["CallOver"]),
                ("end", &["CallOver"]),
                ("cancel", &[]),
            ],
        ),
        GoesOn,
    );
    check(
        "after a cancel",
        &after(
            &CLIENT,
            &[
                CANCEL,
                ("item b", &["CallOver"]),
                ("end", &["CallOver"]),
                ("cancel", &[]),
                ("T 1 cancelled", &["ready"]),
            ],
        ),
        GoesOn,
    );
    check(
        "one call at a time",
        &after(
            &UNARY,
            &[("begin unary", &["Busy"]), CANCEL, ("begin unary", &["Busy"]), ("T 1 cancelled", &["ready"])],
        ),
        GoesOn,
    );
}

#[test]
fn a_cancelled_call_leaves_the_session_usable() {
    let done: Step = ("T 1 cancelled", &["ready"]);
    for begun in [&UNARY[..], &SERVER[..], &CLIENT[..], &BIDI[..]] {
        check("acknowledged", &after(begun, &[CANCEL, done]), GoesOn);
        check("crossed with a status", &after(begun, &[CANCEL, ("T 5 x", &[]), done]), GoesOn);
        check("crossed with an unreadable status", &after(begun, &[CANCEL, ("T -", &[]), done]), GoesOn);
        check(
            "closed meanwhile",
            &after(begun, &[CANCEL, ("close", &[]), ("T 1 cancelled", &["over Closed after 1"])]),
            Ends,
        );
    }
    for begun in [&UNARY[..1], &CLIENT[..1], &BIDI[..1]] {
        check("nothing was sent", &after(begun, &[CANCEL, done]), GoesOn);
    }
    for begun in [&UNARY[..], &CLIENT[..]] {
        check("crossed with the response", &after(begun, &[CANCEL, ("D b", &[]), done]), GoesOn);
    }
    for begun in [&SERVER[..], &BIDI[..]] {
        check(
            "crossed with items",
            &after(begun, &[CANCEL, ("D b", &[]), ("ROW x", &[]), ("D c", &[]), done]),
            GoesOn,
        );
        check("crossed with the end", &after(begun, &[CANCEL, ("D b", &[]), ("T 0", &[]), done]), GoesOn);
    }
    check(
        "two calls in a row",
        &after(&UNARY, &[CANCEL, done, SECOND[0], SECOND[1], ("cancel", &["CANCEL", "failed 2 1"]), done]),
        GoesOn,
    );
}

/// The Python server takes the CANCEL of a bidi call for the end of its input.
#[test]
fn a_server_that_does_not_acknowledge_a_cancel_is_waited_for_a_second_only() {
    let unacknowledged =
        after(&BIDI, &[CANCEL, ("D c", &[]), ("T 0", &[]), ("wait 999", &[]), ("wait 1", &["ready"])]);
    check("the next call begins", &unacknowledged, GoesOn);
    let second = after(&unacknowledged, &SECOND);
    let late: Step = ("T 1 cancelled", &[]);
    check("late, between two calls", &after(&unacknowledged, &[late]), GoesOn);
    check(
        "late, in the next call",
        &after(&second, &[late, ("D d", &["message 2 d", "ended 2 0", "ready"])]),
        GoesOn,
    );
    check(
        "only one is owed",
        &after(&second, &[late, ("T 1 cancelled", &["ended 2 1 cancelled", "ready"])]),
        GoesOn,
    );
    check(
        "none is owed once a frame of the next call has come",
        &after(
            &second,
            &[("D d", &["message 2 d", "ended 2 0", "ready"]), ("T 1 cancelled", &["over ByServer after 2"])],
        ),
        Ends,
    );
    let both = after(&second, &[("cancel", &["CANCEL", "failed 2 1"])]);
    check("both arrive", &after(&both, &[late, ("T 1 cancelled", &["ready"])]), GoesOn);
    check(
        "the earlier one, then the response",
        &after(&both, &[late, ("D d", &[]), ("T 1 cancelled", &["ready"])]),
        GoesOn,
    );
    check(
        "the response, so the earlier one is not owed",
        &after(&both, &[("D d", &[]), ("T 1 cancelled", &["ready"])]),
        GoesOn,
    );
    check(
        "one of two: nobody knows which, so the session ends",
        &after(&both, &[late, ("wait 5000", &["over NotAcknowledged after 1"])]),
        Ends,
    );
}

#[test]
fn waiting_for_a_cancelled_call_has_a_bound() {
    for begun in [&UNARY[..], &SERVER[..], &CLIENT[..], &BIDI[..]] {
        check(
            "silence",
            &after(begun, &[CANCEL, ("wait 4999", &[]), ("wait 1", &["over NotAcknowledged after 0"])]),
            Ends,
        );
    }
    check(
        "a stream that never ends",
        &after(
            &SERVER,
            &[
                CANCEL,
                ("D b", &[]),
                ("wait 4999", &[]),
                ("D b", &[]),
                ("wait 1", &["over NotAcknowledged after 0"]),
            ],
        ),
        Ends,
    );
    check(
        "a server that goes on after the end",
        &after(&UNARY, &[CANCEL, ("D b", &[]), ("D c", &["over Protocol after 1"])]),
        Ends,
    );
}

#[test]
fn a_deadline_cancels_the_call() {
    let timed: [Step; 2] = [("begin unary 100", &["CALL unary"]), ("item a", &["D a"])];
    let passed: Step = ("wait 1", &["CANCEL", "failed 1 4"]);
    check("acknowledged", &after(&timed, &[("wait 99", &[]), passed, ("T 1 cancelled", &["ready"])]), GoesOn);
    check(
        "crossed with the server's own",
        &after(
            &timed,
            &[("wait 99", &[]), passed, ("T 4 deadline exceeded", &[]), ("T 1 cancelled", &["ready"])],
        ),
        GoesOn,
    );
    check(
        "Python forgets a CANCEL that meets its deadline",
        &after(
            &timed,
            &[("wait 99", &[]), passed, ("T 4 deadline exceeded", &[]), ("wait 1000", &["ready"])],
        ),
        GoesOn,
    );
    check(
        "in time",
        &after(&timed, &[("D b", &["message 1 b", "ended 1 0", "ready"]), ("wait 1000", &[])]),
        GoesOn,
    );
    let mut client = ClientScript::new(Encoding::Fory);
    client.run("begin unary 100");
    client.clock.step(Duration::from_millis(100));
    assert_eq!(
        client.run("D b"),
        ["CANCEL", "failed 1 4"],
        "the deadline counts although nobody called expire"
    );
}

#[test]
fn a_session_that_ends_fails_the_running_call() {
    for begun in [&UNARY[..], &SERVER[..], &CLIENT[..], &BIDI[..]] {
        check(
            "finished by the server",
            &after(begun, &[("fin", &["failed 1 14", "over ByServer after 0"])]),
            Ends,
        );
        check("lost", &after(begun, &[("lost", &["failed 1 14", "over Lost after 0"])]), Ends);
        check("lost while cancelling", &after(begun, &[CANCEL, ("lost", &["over Lost after 0"])]), Ends);
    }
    check(
        "between two calls",
        &after(&UNARY, &[("D b", &["message 1 b", "ended 1 0", "ready"]), ("lost", &["over Lost after 1"])]),
        Ends,
    );
    check(
        "in the second call",
        &after(
            &after(&UNARY, &[("T 5 x", &["ended 1 5 x", "ready"])]),
            &after(&SECOND, &[("lost", &["failed 2 14", "over Lost after 1"])]),
        ),
        Ends,
    );
    check(
        "after a cancelled call",
        &after(&UNARY, &[CANCEL, ("T 1 cancelled", &["ready"]), ("fin", &["over ByServer after 1"])]),
        Ends,
    );
    check(
        "the end of a cancelled call has arrived",
        &after(&UNARY, &[CANCEL, ("D b", &[]), ("fin", &["over ByServer after 1"])]),
        Ends,
    );
}

#[test]
fn closing_waits_for_the_running_call() {
    check("at once", &[("close", &["over Closed after 0"])], Ends);
    check(
        "after the response",
        &after(
            &UNARY,
            &[
                ("close", &[]),
                ("begin unary", &["Over"]),
                ("D b", &["message 1 b", "ended 1 0", "over Closed after 1"]),
            ],
        ),
        Ends,
    );
    check(
        "after the stream",
        &after(
            &BIDI,
            &[
                ("close", &[]),
                ("item c", &["D c"]),
                ("end", &["T 0"]),
                ("T 0", &["ended 1 0", "over Closed after 1"]),
            ],
        ),
        Ends,
    );
    check(
        "after the acknowledgement",
        &after(&UNARY, &[("close", &[]), CANCEL, ("T 1 cancelled", &["over Closed after 1"])]),
        Ends,
    );
}

/// The last paragraphs of the protocol's section on sessions: a Python server ends a session after a refusal.
#[test]
fn a_server_that_ends_the_session_after_a_refusal_is_survived() {
    let refused = after(&UNARY, &[("T 7 no", &["ended 1 7 no", "ready"])]);
    check("the session goes on where the server does not end it", &refused, GoesOn);
    check(
        "told between two calls",
        &after(&refused, &[("T 9 Expected CALL frame", &["over ByServer after 1"])]),
        Ends,
    );
    check(
        "told to the next call, which never ran",
        &after(
            &after(&refused, &SECOND),
            &[("T 9 Expected CALL frame", &["failed 2 14 never ran", "over ByServer after 1"])],
        ),
        Ends,
    );
    check(
        "told to the next call, which is cancelled",
        &after(
            &after(&refused, &SECOND),
            &[("cancel", &["CANCEL", "failed 2 1"]), ("T 9 Expected CALL frame", &["over ByServer after 1"])],
        ),
        Ends,
    );
    check(
        "unknown method",
        &after(
            &UNARY,
            &[(
                "T 12 Method not found: unary",
                &["ended 1 12 Method not found: unary", "over ByServer after 1"],
            )],
        ),
        Ends,
    );
    check(
        "another method",
        &after(&UNARY, &[("T 12 Method not found: other", &["ended 1 12 Method not found: other", "ready"])]),
        GoesOn,
    );
    check(
        "no handler",
        &after(
            &UNARY,
            &[(
                "T 13 Handler missing: unary",
                &["ended 1 13 Handler missing: unary", "over ByServer after 1"],
            )],
        ),
        Ends,
    );
    check(
        "unreadable header",
        &after(
            &UNARY,
            &[("T 13 Invalid CallHeader: x", &["ended 1 13 Invalid CallHeader: x", "over ByServer after 1"])],
        ),
        Ends,
    );
    check(
        "cancelled meanwhile",
        &after(&UNARY, &[CANCEL, ("T 12 Method not found: unary", &["over ByServer after 1"])]),
        Ends,
    );
    check(
        "a status behind an item is the call's own",
        &after(&SERVER, &[("T 9 Expected CALL frame", &["ended 1 9 Expected CALL frame", "ready"])]),
        GoesOn,
    );
}

#[test]
fn frames_that_belong_to_no_call_end_the_session() {
    check("a data frame", &[("D x", &["over Protocol after 0"])], Ends);
    check("a trailer", &[("T 14 bye", &["over ByServer after 0"])], Ends);
    check("an unreadable trailer", &[("T -", &["over Protocol after 0"])], Ends);
    check("an acknowledgement that is not owed", &[("T 1 cancelled", &["over ByServer after 0"])], Ends);
    check(
        "a second response",
        &after(
            &UNARY,
            &[("D b", &["message 1 b", "ended 1 0", "ready"]), ("D c", &["over Protocol after 1"])],
        ),
        Ends,
    );
}

#[test]
fn headers_over_a_limit_are_refused_and_nothing_is_written() {
    let metadata: Vec<_> = (0..=METADATA_PAIRS).map(|n| (format!("k{n}"), "v".to_owned())).collect();
    let header = StreamHeader { metadata: metadata.clone(), ..StreamHeader::default() };
    let opened = ClientSession::open(header, Encoding::Fory, RecordLimits::default(), TIMES);
    assert!(matches!(opened, Err(BeginError::Limit(_))));
    let mut client = ClientScript::new(Encoding::Fory);
    let unary = pattern("unary").unwrap();
    let header = CallHeader { metadata, ..CallHeader::default() };
    let begun = client.machine.begin(unary, &header, Clock::new().0, None);
    assert!(matches!(begun, Err(BeginError::Limit(_))), "{begun:?}");
    assert!(client.machine.is_ready());
    let long = CallHeader { method: "m".repeat(257), ..CallHeader::default() };
    assert!(matches!(client.machine.begin(unary, &long, Clock::new().0, None), Err(BeginError::Limit(_))));
    assert_eq!(client.run("begin unary"), ["CALL unary"]);
}

/// The trailer with which a server of this project closes a session, as [`aster_wire::session::ServerSession`] writes it.
#[test]
fn a_call_that_crosses_with_the_close_of_the_server_never_ran() {
    use aster_wire::session::{ClientFact, ServerFact};
    let mut server = sessions::ServerScript::new(Encoding::Fory);
    let facts: Vec<_> = server.machine.close(&sessions::status(14, "bye")).into_iter().collect();
    let [ServerFact::Write(bytes), ServerFact::Over(_)] = &facts[..] else { panic!("{facts:?}") };
    let trailer = sessions::frames(bytes).remove(0);
    for begun in [&UNARY[..], &SERVER[..2], &CLIENT[..], &BIDI[..2]] {
        let mut client = ClientScript::new(Encoding::Fory);
        for (line, _) in begun {
            client.run(line);
        }
        let facts: Vec<_> = client.machine.frame(trailer.clone(), client.clock.0).into_iter().collect();
        let [ClientFact::Failed { status, never_ran: true, .. }, ClientFact::Over { .. }] = &facts[..] else {
            panic!("{facts:?}")
        };
        assert_eq!((status.code, status.message.as_str()), (14, "bye"));
    }
}
