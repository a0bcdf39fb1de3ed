//! The check finds each broken rule, and none in ledgers that satisfy all rules.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in tests a panic is the report")]

use std::io::Write;

use aster_testkit::ledger::{ClientEvent, Ledger, ServerEvent, Violation, check, read};

fn started(call: &str) -> ClientEvent {
    ClientEvent::Started { call: call.to_owned() }
}

fn ended(call: &str, code: u8, not_sent: bool) -> ClientEvent {
    ClientEvent::Ended { call: call.to_owned(), code, not_sent }
}

fn took(call: &str, item: &str) -> ClientEvent {
    ClientEvent::Item { call: call.to_owned(), item: item.to_owned() }
}

fn accepted(call: &str) -> ServerEvent {
    ServerEvent::Accepted { call: call.to_owned() }
}

fn finished(call: &str, code: u8) -> ServerEvent {
    ServerEvent::Finished { call: call.to_owned(), code }
}

fn sent(call: &str, item: &str) -> ServerEvent {
    ServerEvent::Item { call: call.to_owned(), item: item.to_owned() }
}

fn opened(session: &str) -> ServerEvent {
    ServerEvent::SessionOpened { session: session.to_owned() }
}

fn closed(session: &str) -> ServerEvent {
    ServerEvent::SessionClosed { session: session.to_owned() }
}

fn admitted(credential: &str) -> ServerEvent {
    ServerEvent::Admitted { credential: credential.to_owned() }
}

#[test]
fn ledgers_that_satisfy_all_rules_have_no_violation() {
    let client = [
        started("ok"),
        started("failed"),
        started("stream"),
        started("unsent"),
        ended("ok", 0, false),
        ended("failed", 5, false),
        took("stream", "1"),
        ended("stream", 14, false),
        ended("unsent", 14, true),
    ];
    let server = [
        opened("s"),
        admitted("c"),
        accepted("ok"),
        finished("ok", 0),
        accepted("failed"),
        finished("failed", 5),
        accepted("stream"),
        sent("stream", "1"),
        sent("stream", "2"),
        finished("stream", 0),
        ServerEvent::Drained,
        closed("s"),
    ];
    assert_eq!(check(&client, &server), []);
}

#[test]
fn each_broken_rule_is_found() {
    let call = || "c".to_owned();
    let both = |code| [started("c"), ended("c", code, false)];
    let one = |client: &[ClientEvent], server: &[ServerEvent], violation: Violation| {
        assert_eq!(check(client, server), [violation]);
    };
    one(&[started("c")], &[], Violation::NoOutcome(call()));
    one(&[ended("c", 5, false)], &[], Violation::StrayOutcome(call()));
    one(&[started("c"), ended("c", 5, false), ended("c", 6, false)], &[], Violation::StrayOutcome(call()));
    one(&both(0), &[], Violation::OkWithoutHandler(call()));
    one(&both(0), &[accepted("c"), finished("c", 5)], Violation::OkWithoutHandler(call()));
    one(&[started("c"), ended("c", 14, true)], &[accepted("c")], Violation::RanThoughNotSent(call()));
    one(&both(5), &[accepted("c"), accepted("c")], Violation::RanTwice(call()));
    one(&both(5), &[finished("c", 5)], Violation::FinishedUnaccepted(call()));
    one(&both(5), &[accepted("c"), ServerEvent::Drained, finished("c", 5)], Violation::LostInDrain(call()));
    one(&[], &[opened("c")], Violation::Session(call()));
    one(&[], &[opened("c"), closed("c"), closed("c")], Violation::Session(call()));
    one(&[], &[admitted("c"), admitted("c")], Violation::AdmittedTwice(call()));
}

#[test]
fn received_items_must_be_a_prefix_and_complete_if_the_call_ended_ok() {
    let server = [accepted("c"), sent("c", "1"), sent("c", "2"), finished("c", 0)];
    let client = |items: &[&str], code| {
        let items = items.iter().map(|item| took("c", item));
        [started("c")].into_iter().chain(items).chain([ended("c", code, false)]).collect::<Vec<_>>()
    };
    let broken = [Violation::NoPrefix("c".to_owned())];
    assert_eq!(check(&client(&["1"], 14), &server), []);
    assert_eq!(check(&client(&["1", "2"], 0), &server), []);
    for (items, code) in
        [(&["2"][..], 14), (&["1", "1"], 14), (&["2", "1"], 0), (&["1"], 0), (&["1", "2", "3"], 14)]
    {
        assert_eq!(check(&client(items, code), &server), broken, "{items:?}");
    }
}

#[test]
fn a_ledger_is_read_without_an_incomplete_last_line() {
    let path = std::env::temp_dir().join(format!("aster-ledger-{}.jsonl", std::process::id()));
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.record(&started("a")).unwrap();
    drop(ledger);
    Ledger::open(&path).unwrap().record(&ended("a", 14, true)).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "{\"event\":\"started\",\"call\":\"a\"}\n{\"event\":\"ended\",\"call\":\"a\",\"code\":14,\"notSent\":true}\n"
    );
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"event\":\"sta").unwrap();
    let events: Vec<ClientEvent> = read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(events, [started("a"), ended("a", 14, true)]);
}
