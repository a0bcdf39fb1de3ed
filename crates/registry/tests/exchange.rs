//! The exchange of members: what two sides say until both know the same.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use aster_registry::core::exchange::Side;
use aster_registry::core::member::{Introductions, Members, Record, Whereabouts};
use aster_trust::key::NodeKey;
use support::{START_MS, at};

/// A node of the test: its record, and whom it knows.
struct Peer {
    record: Record,
    members: Members,
}

fn record(seed: u8, left: bool) -> Record {
    let direct = vec!["127.0.0.1:4433".to_owned()];
    let whereabouts = Whereabouts { direct, relay_url: None, instance: "1".to_owned(), left };
    let epoch_ms = START_MS + i64::from(left);
    Record::sign(whereabouts, epoch_ms, &NodeKey::from_seed(&[seed; 32])).expect("a record")
}

impl Peer {
    fn knowing(seed: u8, others: impl IntoIterator<Item = u8>) -> Self {
        let record = record(seed, false);
        let mut members = Members::new(record.endpoint_id.clone());
        for other in others {
            members.hear(self::record(other, false), "", at(0)).unwrap();
        }
        Self { record, members }
    }

    fn digest(&self) -> String {
        self.members.digest(Some("1"))
    }

    fn side<'a>(&'a self, digest: &'a str) -> Side<'a> {
        Side { members: &self.members, digest, own: Some(&self.record.text) }
    }

    fn hear(&mut self, told: &Introductions, from: &str) {
        for text in &told.records {
            self.members.hear(Record::read(text).unwrap(), from, at(0)).unwrap();
        }
    }
}

/// An exchange, and how many records each message had.
fn exchange(asks: &mut Peer, answers: &mut Peer) -> (usize, usize, Option<usize>) {
    let (asking, answering) = (asks.record.endpoint_id.clone(), answers.record.endpoint_id.clone());
    let greeting = asks.side(&asks.digest()).greet(false);
    answers.hear(&greeting, &asking);
    let answer = answers.side(&answers.digest()).answer(&greeting);
    let rest = asks.side(&asks.digest()).rest(&greeting, &answer);
    asks.hear(&answer, &answering);
    if let Some(rest) = &rest {
        answers.hear(rest, &asking);
    }
    (greeting.records.len(), answer.records.len(), rest.map(|rest| rest.records.len()))
}

#[test]
fn sides_that_know_the_same_say_only_their_own_records() {
    let mut a = Peer::knowing(1, 2..=50);
    let mut b = Peer::knowing(2, [1].into_iter().chain(3..=50));
    assert_eq!(a.digest(), b.digest());
    assert_eq!(exchange(&mut a, &mut b), (1, 1, None));
}

#[test]
fn sides_that_know_others_tell_each_other_all_and_agree_after_one_exchange() {
    let mut a = Peer::knowing(1, 10..20);
    let mut b = Peer::knowing(2, 15..30);
    // All of `b` with itself and `a`; of `a` the rest, which `b` did not have.
    assert_eq!(exchange(&mut a, &mut b), (1, 1 + 15 + 1, Some(5)));
    assert_eq!(a.digest(), b.digest());
    assert_eq!(exchange(&mut b, &mut a), (1, 1, None));
}

#[test]
fn a_new_node_learns_all_in_one_exchange() {
    let mut new = Peer::knowing(1, []);
    let mut member = Peer::knowing(2, 3..100);
    exchange(&mut new, &mut member);
    assert_eq!(new.digest(), member.digest());
    assert_eq!(new.members.present().count(), 98);
}

#[test]
fn a_side_that_leaves_asks_nothing_and_is_told_only_who_answers() {
    let mut stays = Peer::knowing(1, 2..50);
    let leaving = Introductions { digest: None, records: vec![record(2, true).text] };
    stays.hear(&leaving, "");
    assert_eq!(stays.side(&stays.digest()).answer(&leaving).records.len(), 1);
    assert_eq!(stays.members.present().count(), 47);
}

#[test]
fn a_reader_that_is_no_member_gives_no_record() {
    let mut member = Peer::knowing(2, 3..10);
    let reader = Members::new("reader".to_owned());
    let digest = reader.digest(None);
    let side = Side { members: &reader, digest: &digest, own: None };
    let greeting = side.greet(false);
    assert_eq!(greeting.records.len(), 0);
    member.hear(&greeting, "reader");
    let answer = member.side(&member.digest()).answer(&greeting);
    assert_eq!(answer.records.len(), 8);
    assert_eq!(side.rest(&greeting, &answer).map(|rest| rest.records.len()), Some(0));
}
