//! The table of members: signed records, and what others may introduce.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use aster_registry::core::limit::{EXCHANGE_BYTES, MEMBER_SILENCE, MEMBERS_OF_ONE};
use aster_registry::core::member::{Heard, Introductions, Members, Record, RecordError, Whereabouts};
use aster_trust::key::NodeKey;
use support::{START_MS, at, id};

fn whereabouts(instance: &str, left: bool) -> Whereabouts {
    Whereabouts {
        direct: vec!["127.0.0.1:4433".to_owned()],
        relay_url: None,
        instance: instance.to_owned(),
        left,
    }
}

fn record(seed: u16, epoch_ms: i64) -> Record {
    of(seed, epoch_ms, &whereabouts("1", false))
}

fn of(seed: u16, epoch_ms: i64, whereabouts: &Whereabouts) -> Record {
    let mut bytes = [7; 32];
    bytes[..2].copy_from_slice(&seed.to_be_bytes());
    Record::sign(whereabouts.clone(), epoch_ms, &NodeKey::from_seed(&bytes)).expect("a record")
}

#[test]
fn a_record_is_read_as_it_was_signed() {
    let signed = record(1, START_MS);
    assert_eq!(Record::read(&signed.text), Ok(signed));
}

#[test]
fn a_record_that_somebody_changed_is_refused() {
    let signed = record(1, START_MS);
    let later = signed.text.replace(&START_MS.to_string(), &(START_MS + 1).to_string());
    assert_eq!(Record::read(&later), Err(RecordError::Signature));
    let other = signed.text.replace(&signed.endpoint_id, &record(2, START_MS).endpoint_id);
    assert_eq!(Record::read(&other), Err(RecordError::Signature));
    for bad in ["", "{}", "[]", &"x".repeat(5000)] {
        assert_eq!(Record::read(bad), Err(RecordError::Form));
    }
}

#[test]
fn the_newest_record_of_a_member_counts() {
    let mut members = Members::new(id(9));
    assert_eq!(members.hear(record(1, START_MS), "a", at(0)), Ok(Heard::New));
    assert_eq!(members.hear(record(1, START_MS), "b", at(0)), Ok(Heard::Old));
    assert_eq!(members.hear(record(1, START_MS - 1), "b", at(0)), Ok(Heard::Old));
    assert_eq!(members.hear(record(1, START_MS + 1), "b", at(0)), Ok(Heard::Newer));
    let restarted = of(1, START_MS + 2, &whereabouts("2", false));
    assert_eq!(members.hear(restarted, "b", at(0)), Ok(Heard::Restarted));
    assert_eq!(members.present().count(), 1);
}

#[test]
fn a_member_that_left_is_told_to_others_and_may_come_back() {
    let mut members = Members::new(id(9));
    members.hear(record(1, START_MS), "a", at(0)).unwrap();
    let left = of(1, START_MS + 1, &whereabouts("1", true));
    assert_eq!(members.hear(left, "a", at(0)), Ok(Heard::Left));
    assert_eq!(members.present().count(), 0);
    assert_eq!(members.records().count(), 1);
    assert_eq!(members.hear(record(1, START_MS), "b", at(0)), Ok(Heard::Old));
    assert_eq!(members.hear(record(1, START_MS + 2), "b", at(0)), Ok(Heard::New));
}

#[test]
fn a_record_from_the_future_is_refused_because_it_could_not_be_replaced() {
    let mut members = Members::new(id(9));
    let ahead = record(1, START_MS + 600_001);
    assert_eq!(members.hear(ahead.clone(), "a", at(0)), Err(RecordError::Ahead));
    assert_eq!(members.hear(ahead, "a", at(1)), Ok(Heard::New));
}

#[test]
fn a_node_does_not_follow_itself() {
    let own = record(1, START_MS);
    let mut members = Members::new(own.endpoint_id.clone());
    assert_eq!(members.hear(own, "a", at(0)), Ok(Heard::Old));
    assert_eq!(members.present().count(), 0);
}

#[test]
fn one_member_can_only_introduce_so_many_others() {
    let mut members = Members::new(id(9));
    for seed in 0..MEMBERS_OF_ONE {
        members.hear(record(seed as u16, START_MS), "a", at(0)).unwrap();
    }
    let more = record(5000, START_MS);
    assert_eq!(members.hear(more.clone(), "a", at(0)), Err(RecordError::TooMany));
    assert_eq!(members.hear(more.clone(), "b", at(0)), Ok(Heard::New));
    // Nobody can be kept from introducing itself by others who filled their share.
    let own = record(5001, START_MS);
    assert_eq!(members.hear(own.clone(), &own.endpoint_id, at(0)), Ok(Heard::New));
}

#[test]
fn a_member_that_nobody_heard_of_for_long_is_forgotten() {
    let mut members = Members::new(id(9));
    let silent = record(1, START_MS);
    members.hear(silent.clone(), "a", at(0)).unwrap();
    members.hear(record(2, START_MS), "a", at(0)).unwrap();
    let limit = MEMBER_SILENCE.as_secs();
    members.hear(record(2, START_MS + 1), "a", at(limit)).unwrap();
    assert_eq!(members.sweep(at(limit)), [] as [String; 0]);
    assert_eq!(members.sweep(at(limit + 1)), [silent.endpoint_id]);
    assert_eq!(members.present().count(), 1);
}

#[test]
fn introductions_stay_within_their_size() {
    let large = Introductions { digest: None, records: vec!["x".repeat(4000); 500] };
    let bytes = large.to_json();
    assert!(bytes.len() <= EXCHANGE_BYTES);
    let read = Introductions::from_json(&bytes).expect("introductions");
    assert!(read.records.len() > 200);
    assert_eq!(Introductions::from_json(&vec![b' '; EXCHANGE_BYTES + 1]), None);
    assert_eq!(Introductions::from_json(b"{\"records\":1}"), None);
    let many = format!("{{\"records\":[{}\"\"]}}", "\"\",".repeat(600));
    assert_eq!(Introductions::from_json(many.as_bytes()), None);
}
