//! The book: which leases count, for how long, and what is found.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use aster_registry::core::book::{Book, Change, Gone, Refused};
use aster_registry::core::health::Health;
use aster_registry::core::key::Key;
use aster_registry::core::lease::{Lease, LeaseError, WITHDRAWN};
use aster_registry::core::limit::MEMBER_LEASES;
use aster_registry::core::query::{Query, Source};
use aster_registry::core::timing::Timing;
use support::{START_MS, at, at_ms, id, lease, put, take};

fn found(book: &Book, service: &str, seconds: u64) -> Vec<String> {
    let mut ids: Vec<_> =
        book.find(&Query::of(service), at(seconds)).into_iter().map(|found| found.endpoint_id).collect();
    ids.sort();
    ids
}

fn stamp(lease: &Lease) -> u64 {
    lease.updated_at_epoch_ms.unsigned_abs() * 1000
}

#[test]
fn a_lease_is_found_until_it_is_45_seconds_old() {
    let mut book = Book::default();
    let change = take(&mut book, &lease(1, "Billing", 0), at(0)).unwrap().expect("a change");
    assert_eq!(change.service, "Billing");
    let Change::Up(up) = change.change else { panic!("{change:?}") };
    assert_eq!((up.endpoint_id, up.source, up.age_ms), (id(1), Source::Lease, 0));
    assert_eq!(found(&book, "Billing", 44), [id(1)]);
    assert_eq!(found(&book, "Billing", 45), [] as [String; 0]);
    assert_eq!(found(&book, "Other", 1), [] as [String; 0]);
}

#[test]
fn a_refresh_makes_a_lease_longer_and_every_endpoint_is_found() {
    let mut book = Book::default();
    for owner in 1..=5 {
        take(&mut book, &lease(owner, "Billing", 0), at(0)).unwrap();
    }
    take(&mut book, &lease(3, "Billing", 30), at(30)).unwrap();
    assert_eq!(found(&book, "Billing", 44).len(), 5);
    assert_eq!(found(&book, "Billing", 50), [id(3)]);
}

#[test]
fn the_end_of_a_lease_is_told_once() {
    let mut book = Book::default();
    take(&mut book, &lease(1, "Billing", 0), at(0)).unwrap();
    assert_eq!(book.sweep(at(44)), []);
    let ended = book.sweep(at(45));
    let [change] = &ended[..] else { panic!("{ended:?}") };
    assert!(matches!(&change.change, Change::Down { why: Gone::Expired, .. }), "{change:?}");
    assert_eq!(book.sweep(at(46)), []);
}

#[test]
fn a_withdrawn_lease_is_gone_at_once_and_an_older_entry_does_not_bring_it_back() {
    let mut book = Book::default();
    let first = lease(1, "Billing", 0);
    take(&mut book, &first, at(0)).unwrap();
    let key = Key::Lease(first.key());
    let change = put(&mut book, &id(1), &key, WITHDRAWN, stamp(&first) + 1, at(1)).unwrap();
    assert!(matches!(change.unwrap().change, Change::Down { why: Gone::Withdrawn, .. }));
    assert_eq!(found(&book, "Billing", 1), [] as [String; 0]);
    assert_eq!(take(&mut book, &first, at(2)).unwrap(), None);
    assert_eq!(found(&book, "Billing", 2), [] as [String; 0]);
    // A deleted entry has no content, and is withdrawn, too.
    take(&mut book, &lease(1, "Billing", 3), at(3)).unwrap();
    put(&mut book, &id(1), &key, b"", stamp(&lease(1, "Billing", 4)), at(4)).unwrap();
    assert_eq!(found(&book, "Billing", 4), [] as [String; 0]);
}

#[test]
fn starting_and_draining_endpoints_are_not_found() {
    let mut book = Book::default();
    let starting = Lease { health_status: Health::Starting, ..lease(1, "Billing", 0) };
    assert_eq!(take(&mut book, &starting, at(0)).unwrap(), None);
    assert_eq!(found(&book, "Billing", 0), [] as [String; 0]);
    take(&mut book, &lease(1, "Billing", 1), at(1)).unwrap();
    assert_eq!(found(&book, "Billing", 1), [id(1)]);
    let draining = Lease { health_status: Health::Draining, ..lease(1, "Billing", 2) };
    let change = take(&mut book, &draining, at(2)).unwrap().unwrap();
    assert!(matches!(change.change, Change::Down { why: Gone::NotReady, .. }));
    assert_eq!(found(&book, "Billing", 2), [] as [String; 0]);
}

#[test]
fn a_lease_for_another_protocol_is_not_found() {
    let mut book = Book::default();
    let other = Lease { alpn: "aster/2".to_owned(), ..lease(1, "Billing", 0) };
    take(&mut book, &other, at(0)).unwrap();
    assert_eq!(found(&book, "Billing", 0), [] as [String; 0]);
}

#[test]
fn a_member_cannot_write_a_lease_of_another_endpoint() {
    let mut book = Book::default();
    let foreign = lease(2, "Billing", 0);
    let value = foreign.to_json().unwrap();
    let refused = put(&mut book, &id(1), &Key::Lease(foreign.key()), &value, 1, at(0));
    assert!(matches!(refused, Err(Refused::NotOwner)), "{refused:?}");
    // A lease under the key of another service counts as none, too.
    let mut key = foreign.key();
    key.service = "Payroll".to_owned();
    let refused = put(&mut book, &id(2), &Key::Lease(key), &value, 1, at(0));
    assert!(matches!(refused, Err(Refused::Lease(LeaseError::Key))), "{refused:?}");
    assert!(book.is_empty());
}

#[test]
fn a_bad_entry_leaves_what_was_known() {
    let mut book = Book::default();
    let good = lease(1, "Billing", 0);
    take(&mut book, &good, at(0)).unwrap();
    let refused = put(&mut book, &id(1), &Key::Lease(good.key()), b"{}", stamp(&good) + 1, at(1));
    assert!(matches!(refused, Err(Refused::Lease(LeaseError::Form(_)))), "{refused:?}");
    assert_eq!(found(&book, "Billing", 1), [id(1)]);
}

#[test]
fn the_first_lease_of_a_dead_endpoint_is_not_found_after_its_lease_and_the_skew() {
    let limit = (Timing::DEFAULT.lease + Timing::DEFAULT.skew).as_secs();
    for late in [0, 30, 44, limit - 1, limit, limit + 100] {
        let mut book = Book::default();
        take(&mut book, &lease(1, "Billing", 0), at(late)).unwrap();
        let until = (0..200).find(|more| found(&book, "Billing", late + more).is_empty()).unwrap();
        assert!(until == 0 || late + until <= limit, "read after {late} s, found until {} s", late + until);
        assert_eq!(until > 0, late < limit, "read after {late} s");
    }
}

#[test]
fn a_late_refresh_of_a_dead_endpoint_does_not_begin_anew() {
    let mut book = Book::default();
    take(&mut book, &lease(1, "Billing", 0), at(0)).unwrap();
    // The last refresh was written at 15 s and came through others at 50 s, when the endpoint was dead.
    take(&mut book, &lease(1, "Billing", 15), at(50)).unwrap();
    assert_eq!(found(&book, "Billing", 50), [id(1)]);
    assert_eq!(found(&book, "Billing", 60), [] as [String; 0]);
}

#[test]
fn a_wrong_clock_of_an_endpoint_does_not_matter_once_two_leases_were_seen() {
    for skew in [-86_400, -600, 600, 86_400] {
        let mut book = Book::default();
        take(&mut book, &lease(1, "Billing", skew), at(0)).unwrap();
        for refresh in 1..5 {
            take(&mut book, &lease(1, "Billing", skew + refresh * 15), at(refresh as u64 * 15)).unwrap();
        }
        assert_eq!(found(&book, "Billing", 104), [id(1)], "skew {skew}");
        assert_eq!(found(&book, "Billing", 105), [] as [String; 0], "skew {skew}");
    }
}

#[test]
fn the_clock_of_an_endpoint_may_be_set_while_it_runs() {
    for step in [-3600, 3600] {
        let mut book = Book::default();
        for refresh in 0..3 {
            take(&mut book, &lease(1, "Billing", refresh * 15), at(refresh as u64 * 15)).unwrap();
        }
        let mut last = 0;
        for refresh in 3..8 {
            let written = lease(1, "Billing", refresh * 15 + step);
            // Documents keep the newest stamp, so only steps ahead are seen; a step back is seen when a new document begins.
            let value = written.to_json().unwrap();
            let stamp = (START_MS as u64 + refresh as u64 * 15_000) * 1000;
            last = refresh as u64 * 15;
            put(&mut book, &id(1), &Key::Lease(written.key()), &value, stamp, at(last)).unwrap();
        }
        assert_eq!(found(&book, "Billing", last + 44), [id(1)], "step {step}");
        assert_eq!(found(&book, "Billing", last + 45), [] as [String; 0], "step {step}");
    }
}

#[test]
fn the_wall_clock_of_the_reader_may_jump() {
    let mut book = Book::default();
    take(&mut book, &lease(1, "Billing", 0), at(0)).unwrap();
    let mut jumped = at(10);
    jumped.epoch_ms += 86_400_000;
    assert_eq!(book.find(&Query::of("Billing"), jumped).len(), 1);
    assert_eq!(book.find(&Query::of("Billing"), jumped)[0].age_ms, 10_000);
}

#[test]
fn endpoints_are_found_by_version_tag_contract_and_channel() {
    let mut book = Book::default();
    let first = Lease { tags: vec!["eu".to_owned()], ..lease(1, "Billing", 0) };
    let second = Lease { version: 2, contract_id: id(0xdd), ..lease(2, "Billing", 0) };
    take(&mut book, &first, at(0)).unwrap();
    take(&mut book, &second, at(0)).unwrap();
    let channel = Key::Channel { service: "Billing".to_owned(), channel: "stable".to_owned() };
    put(&mut book, &id(2), &channel, id(0xdd).as_bytes(), 1, at(0)).unwrap();
    let ids = |query: Query| {
        let found = book.find(&query, at(1)).into_iter();
        found.map(|found| found.endpoint_id).collect::<Vec<_>>()
    };
    let all = || Query::of("Billing");
    assert_eq!(ids(all()).len(), 2);
    assert_eq!(ids(Query { version: Some(1), ..all() }), [id(1)]);
    assert_eq!(ids(Query { tag: Some("eu".to_owned()), ..all() }), [id(1)]);
    assert_eq!(ids(Query { contract_id: Some(id(0xdd)), ..all() }), [id(2)]);
    assert_eq!(ids(Query { channel: Some("stable".to_owned()), ..all() }), [id(2)]);
    assert_eq!(ids(Query { channel: Some("beta".to_owned()), ..all() }), [] as [String; 0]);
    assert_eq!(ids(Query { version: Some(3), ..all() }), [] as [String; 0]);
}

#[test]
fn a_member_that_is_forgotten_takes_its_leases_with_it() {
    let mut book = Book::default();
    take(&mut book, &lease(1, "Billing", 0), at(0)).unwrap();
    take(&mut book, &lease(1, "Payroll", 0), at(0)).unwrap();
    take(&mut book, &lease(2, "Billing", 0), at(0)).unwrap();
    let changes = book.forget(&id(1));
    assert_eq!(changes.len(), 2);
    assert!(changes.iter().all(|it| matches!(it.change, Change::Down { why: Gone::Forgotten, .. })));
    assert_eq!(found(&book, "Billing", 1), [id(2)]);
    assert_eq!(book.len(), 1);
    assert_eq!(book.forget(&id(1)), []);
}

#[test]
fn one_member_can_only_write_so_many_leases() {
    let mut book = Book::default();
    for number in 0..MEMBER_LEASES {
        take(&mut book, &lease(1, &format!("Service{number}"), 0), at(0)).unwrap();
    }
    let refused = take(&mut book, &lease(1, "OneMore", 0), at(0));
    assert!(matches!(refused, Err(Refused::TooMany)), "{refused:?}");
    // Others are not affected, and known leases are refreshed.
    take(&mut book, &lease(2, "OneMore", 0), at(0)).unwrap();
    take(&mut book, &lease(1, "Service0", 15), at_ms(15_000)).unwrap();
    assert_eq!(book.len(), MEMBER_LEASES + 1);
}
