//! The order of endpoints.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aster_registry::core::health::Health;
use aster_registry::core::query::{Found, Policy, Source};
use aster_registry::core::rank::{Facts, rank};
use support::id;

fn endpoint(number: u8, health: Health, load: Option<f64>) -> Found {
    Found {
        endpoint_id: id(number),
        version: 1,
        contract_id: id(0xcc),
        health,
        load,
        age_ms: 0,
        source: Source::Lease,
        direct: Vec::new(),
        relay_url: None,
        tags: Vec::new(),
        modes: Vec::new(),
    }
}

fn order(mut found: Vec<Found>, policy: Policy, facts: &Facts) -> Vec<String> {
    rank(&mut found, policy, facts);
    found.into_iter().map(|found| found.endpoint_id).collect()
}

fn four() -> Vec<Found> {
    vec![
        endpoint(4, Health::Ready, Some(0.5)),
        endpoint(1, Health::Degraded, Some(0.0)),
        endpoint(3, Health::Ready, None),
        endpoint(2, Health::Ready, Some(0.1)),
    ]
}

#[test]
fn ready_endpoints_come_before_degraded_ones_by_every_policy() {
    for policy in [Policy::RoundRobin, Policy::LeastLoad, Policy::Nearest, Policy::Random] {
        for turn in 0..5 {
            let facts = Facts { turn, seed: turn, rtts: HashMap::from([(id(1), Duration::ZERO)]) };
            assert_eq!(order(four(), policy, &facts)[3], id(1), "{policy:?}");
        }
    }
}

#[test]
fn each_endpoint_is_first_in_turn() {
    let first = |turn| order(four(), Policy::RoundRobin, &Facts { turn, ..Facts::default() })[0].clone();
    assert_eq!((0..6).map(first).collect::<Vec<_>>(), [id(2), id(3), id(4), id(2), id(3), id(4)]);
}

#[test]
fn the_least_busy_endpoint_is_first_and_one_without_a_load_is_last() {
    assert_eq!(order(four(), Policy::LeastLoad, &Facts::default())[..3], [id(2), id(4), id(3)]);
}

#[test]
fn the_nearest_endpoint_is_first_and_an_unknown_distance_is_last() {
    let rtts = HashMap::from([(id(3), Duration::from_millis(1)), (id(4), Duration::from_millis(9))]);
    let facts = Facts { rtts, ..Facts::default() };
    assert_eq!(order(four(), Policy::Nearest, &facts)[..3], [id(3), id(4), id(2)]);
}

#[test]
fn a_random_order_has_every_endpoint_and_depends_on_the_seed() {
    let many = || (0..20).map(|number| endpoint(number, Health::Ready, None)).collect::<Vec<_>>();
    let with = |seed| order(many(), Policy::Random, &Facts { seed, ..Facts::default() });
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
    assert_eq!(with(3).into_iter().collect::<BTreeSet<_>>().len(), 20);
    let firsts: BTreeSet<_> = (0..500).map(|seed| with(seed)[0].clone()).collect();
    assert_eq!(firsts.len(), 20);
}

#[test]
fn an_empty_list_stays_empty() {
    for policy in [Policy::RoundRobin, Policy::LeastLoad, Policy::Nearest, Policy::Random] {
        assert_eq!(order(Vec::new(), policy, &Facts::default()), [] as [String; 0]);
    }
}
