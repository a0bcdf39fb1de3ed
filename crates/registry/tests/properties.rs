//! What holds for all leases, clocks and orders of arrival.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use aster_registry::core::book::{Book, Change};
use aster_registry::core::key::{Key, LeaseKey};
use aster_registry::core::query::Query;
use aster_registry::core::timing::Timing;
use proptest::prelude::*;
use support::{at_ms, id, lease, put, take};

/// What happens: an owner writes a lease that arrives so many milliseconds later, or some time passes.
#[derive(Debug, Clone)]
enum Step {
    Write { owner: u8, late_ms: u64 },
    Wait { ms: u64 },
    Forget { owner: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8, 0..3000_u64).prop_map(|(owner, late_ms)| Step::Write { owner, late_ms }),
        4 => (0..30_000_u64).prop_map(|ms| Step::Wait { ms }),
        1 => (0..4_u8).prop_map(|owner| Step::Forget { owner }),
    ]
}

proptest! {
    #[test]
    fn a_name_without_a_slash_makes_a_key_that_is_read_as_the_same(service in "[^/]{1,60}", channel in "[^/]{1,60}", version in any::<i64>()) {
        let keys = [
            Key::Version { service: service.clone(), version },
            Key::Channel { service: service.clone(), channel: channel.clone() },
            Key::Tag { service: service.clone(), tag: channel },
            Key::Lease(LeaseKey { service, contract_id: id(1), endpoint_id: id(2) }),
        ];
        for key in keys {
            let bytes = key.to_bytes().unwrap();
            prop_assert_eq!(Key::parse(&bytes).unwrap(), key);
        }
    }

    #[test]
    fn bytes_are_no_key_or_are_written_as_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(key) = Key::parse(&bytes) {
            prop_assert_eq!(key.to_bytes().unwrap(), bytes);
        }
    }

    /// With clocks that differ by any constant, no endpoint is found later than its lease and the bound on skew after it wrote
    /// its last lease, and none is missing that wrote one lately and had written before.
    #[test]
    fn an_endpoint_is_found_while_it_writes_and_not_long_after(
        skew_ms in -100_000_000_i64..100_000_000,
        late in prop::collection::vec(0..2000_u64, 2..30),
        dead_ms in 0..200_000_u64,
    ) {
        let mut book = Book::default();
        let mut now = 0;
        for (number, late_ms) in late.iter().enumerate() {
            let written = number as u64 * 15_000;
            now = written + late_ms;
            let mut lease = lease(1, "Billing", 0);
            lease.updated_at_epoch_ms += written as i64 + skew_ms;
            let stamp = (lease.updated_at_epoch_ms as u64) * 1000;
            let value = lease.to_json().unwrap();
            put(&mut book, &id(1), &Key::Lease(lease.key()), &value, stamp, at_ms(now)).unwrap();
            if number > 0 {
                prop_assert_eq!(book.find(&Query::of("Billing"), at_ms(now)).len(), 1, "lease {}", number);
            }
        }
        let last_written = (late.len() as u64 - 1) * 15_000;
        let (lease_ms, skew_bound) = (Timing::DEFAULT.lease.as_millis() as u64, Timing::DEFAULT.skew.as_millis() as u64);
        let at = now + dead_ms;
        if at >= last_written + lease_ms + skew_bound {
            prop_assert_eq!(book.find(&Query::of("Billing"), at_ms(at)).len(), 0);
        }
    }

    /// The changes that are told lead to the same set of endpoints as a question.
    #[test]
    fn changes_and_questions_agree(steps in prop::collection::vec(step(), 1..80)) {
        let mut book = Book::default();
        let mut told = BTreeSet::new();
        let mut now = 100_000_u64;
        for step in steps {
            let changes = match step {
                Step::Write { owner, late_ms } => {
                    let mut lease = lease(owner, "Billing", 0);
                    lease.updated_at_epoch_ms += (now - late_ms) as i64;
                    take(&mut book, &lease, at_ms(now)).unwrap().into_iter().collect()
                }
                Step::Wait { ms } => {
                    now += ms;
                    book.sweep(at_ms(now))
                }
                Step::Forget { owner } => book.forget(&id(owner)),
            };
            for change in changes {
                match change.change {
                    Change::Up(found) => {
                        told.insert(found.endpoint_id);
                    },
                    Change::Down { endpoint_id, .. } => {
                        prop_assert!(told.remove(&endpoint_id), "{} was not up", endpoint_id);
                    }
                }
            }
            let mut found: Vec<_> = book.find(&Query::of("Billing"), at_ms(now)).into_iter().map(|it| it.endpoint_id).collect();
            found.sort();
            prop_assert_eq!(found, told.iter().cloned().collect::<Vec<_>>());
        }
    }
}
