//! Each fault does what its setting says, counted over many packets, and the decisions follow from the seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use std::time::{Duration, Instant};

use aster_link::{Burst, Change, Direction, Drop, Fate, Faults, Lane, Passage, Targets};

const PACKETS: usize = 20_000;
const LENGTH: usize = 1200;

fn lane(seed: u64, faults: Faults) -> Lane {
    faults.check().unwrap();
    Lane::new(seed, Direction::ToServer, faults)
}

/// The fates of packets that arrive one millisecond apart, relative to their own arrival.
fn fates(lane: &mut Lane, packets: usize) -> Vec<Fate> {
    let start = Instant::now();
    (0..packets).map(|n| lane.decide(LENGTH, start + Duration::from_millis(n as u64))).collect()
}

/// A fate whose arrival is the time since the start of the run, so that two runs can be compared.
type RelativeFate = Result<(Duration, bool, Vec<Change>), Drop>;

fn relative(seed: u64, direction: Direction, faults: &Faults) -> Vec<RelativeFate> {
    let mut lane = Lane::new(seed, direction, faults.clone());
    let start = Instant::now();
    let decide = |n| lane.decide(LENGTH, start + Duration::from_millis(n));
    (0..2000)
        .map(decide)
        .map(|fate| match fate {
            Fate::Dropped(cause) => Err(cause),
            Fate::Passed(Passage { due, twice, changes }) => Ok((due - start, twice, changes)),
        })
        .collect()
}

fn share(count: usize) -> f64 {
    count as f64 / PACKETS as f64
}

fn dropped(fates: &[Fate], cause: Drop) -> usize {
    fates.iter().filter(|fate| **fate == Fate::Dropped(cause)).count()
}

fn passages(fates: &[Fate]) -> Vec<&Passage> {
    fates
        .iter()
        .filter_map(|fate| if let Fate::Passed(passage) = fate { Some(passage) } else { None })
        .collect()
}

/// Five standard deviations of a share around `p`.
fn assert_share(found: f64, p: f64) {
    let allowed = 5.0 * (p * (1.0 - p) / PACKETS as f64).sqrt();
    assert!((found - p).abs() <= allowed, "{found} is too far from {p} (allowed: {allowed})");
}

#[test]
fn a_link_without_faults_passes_every_packet_at_once_and_unchanged() {
    let start = Instant::now();
    let mut lane = lane(1, Faults::default());
    for _ in 0..1000 {
        let same = Passage { due: start, twice: false, changes: vec![] };
        assert_eq!(lane.decide(LENGTH, start), Fate::Passed(same));
    }
}

#[test]
fn equal_seeds_decide_equally_and_other_seeds_or_directions_do_not() {
    let faults = Faults {
        delay: Duration::from_millis(5),
        jitter: Duration::from_millis(20),
        loss: 0.1,
        burst: Some(Burst { enter: 0.01, leave: 0.2, loss: 0.9 }),
        duplicate: 0.05,
        reorder: 0.05,
        corrupt: 0.05,
        truncate: 0.05,
        bytes_per_second: Some(2_000_000),
        ..Faults::default()
    };
    let first = relative(7, Direction::ToServer, &faults);
    assert_eq!(first, relative(7, Direction::ToServer, &faults));
    assert_ne!(first, relative(8, Direction::ToServer, &faults));
    assert_ne!(first, relative(7, Direction::ToClient, &faults));
}

#[test]
fn one_fault_does_not_change_the_decisions_of_another() {
    let lost = |faults: &Faults| -> Vec<bool> {
        relative(3, Direction::ToServer, faults).iter().map(Result::is_err).collect()
    };
    let alone = Faults { loss: 0.2, ..Faults::default() };
    let with = Faults { duplicate: 0.5, jitter: Duration::from_millis(9), corrupt: 0.5, ..alone.clone() };
    assert_eq!(lost(&alone), lost(&with));
}

#[test]
fn loss_drops_its_share() {
    for p in [0.01, 0.05, 0.2] {
        let fates = fates(&mut lane(11, Faults { loss: p, ..Faults::default() }), PACKETS);
        assert_share(share(dropped(&fates, Drop::Lost)), p);
    }
}

#[test]
fn burst_loss_comes_in_runs_of_the_expected_length_and_share() {
    let burst = Burst { enter: 0.01, leave: 0.25, loss: 1.0 };
    let fates = fates(&mut lane(12, Faults { burst: Some(burst), ..Faults::default() }), PACKETS);
    let lost: Vec<bool> = fates.iter().map(|fate| *fate == Fate::Dropped(Drop::Lost)).collect();
    let runs = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
    let mean = lost.iter().filter(|lost| **lost).count() as f64 / runs as f64;
    // A burst ends with probability 0.25 for each packet: 4 packets on average.
    assert!((3.0..5.0).contains(&mean), "mean length {mean}");
    // The share of time in a burst: enter / (enter + leave).
    let found = share(dropped(&fates, Drop::Lost));
    assert!((0.025..0.055).contains(&found), "share {found}");
}

#[test]
fn delay_and_jitter_add_up_and_keep_the_order() {
    let (delay, jitter) = (Duration::from_millis(50), Duration::from_millis(20));
    let mut lane = lane(13, Faults { delay, jitter, ..Faults::default() });
    let start = Instant::now();
    let mut last = start;
    let mut ages = Vec::new();
    for n in 0..PACKETS {
        let sent = start + Duration::from_millis(n as u64);
        let Fate::Passed(passage) = lane.decide(LENGTH, sent) else { panic!("not dropped") };
        assert!(passage.due >= last);
        last = passage.due;
        ages.push(passage.due - sent);
    }
    assert!(ages.iter().all(|age| (delay..=delay + jitter).contains(age)));
    assert!(ages.iter().max() > ages.iter().min());
}

#[test]
fn reordered_packets_are_overtaken() {
    let faults = Faults { reorder: 0.1, reorder_by: Duration::from_millis(10), ..Faults::default() };
    let fates = fates(&mut lane(14, faults), PACKETS);
    let passed = passages(&fates);
    let overtaken = passed.windows(2).filter(|pair| pair[0].due > pair[1].due).count();
    // A reordered packet is overtaken by the next one, unless that one is reordered, too.
    assert_share(share(overtaken), 0.1 * 0.9);
}

#[test]
fn duplicates_corruption_and_truncation_have_their_shares() {
    let faults = Faults { duplicate: 0.1, corrupt: 0.2, truncate: 0.3, ..Faults::default() };
    let mut lane = lane(15, faults);
    let fates = fates(&mut lane, PACKETS);
    let passed = passages(&fates);
    let (mut corrupted, mut truncated) = (0, 0);
    for change in passed.iter().flat_map(|one| &one.changes) {
        match *change {
            Change::Corrupt { at, by } => {
                corrupted += 1;
                assert!(at < LENGTH && by != 0);
            }
            Change::Truncate { length } => {
                truncated += 1;
                assert!((1..LENGTH).contains(&length));
            }
        }
    }
    assert_share(share(passed.iter().filter(|one| one.twice).count()), 0.1);
    assert_share(share(corrupted), 0.2);
    assert_share(share(truncated), 0.3);
    let counts = lane.counts();
    assert_eq!((counts.corrupted, counts.truncated), (corrupted as u64, truncated as u64));
}

#[test]
fn the_shortest_packets_survive_every_change() {
    let mut lane = lane(16, Faults { corrupt: 1.0, truncate: 1.0, ..Faults::default() });
    for length in [0, 1, 2] {
        let Fate::Passed(passage) = lane.decide(length, Instant::now()) else { panic!("not dropped") };
        for change in passage.changes {
            match change {
                Change::Corrupt { at, .. } => assert!(at < length),
                Change::Truncate { length: left } => assert!((1..length).contains(&left)),
            }
        }
    }
}

#[test]
fn a_blackhole_drops_everything_and_the_mtu_what_is_larger() {
    let all = fates(&mut lane(17, Faults { blackhole: true, ..Faults::default() }), 100);
    assert_eq!(dropped(&all, Drop::Blackhole), 100);
    let mut lane = lane(17, Faults { mtu: Some(1200), ..Faults::default() });
    assert!(matches!(lane.decide(1200, Instant::now()), Fate::Passed(_)));
    assert_eq!(lane.decide(1201, Instant::now()), Fate::Dropped(Drop::Oversize));
}

#[test]
fn the_rate_spaces_packets_and_a_full_queue_drops_them() {
    let (rate, queue) = (120_000, 12_000);
    let faults = Faults { bytes_per_second: Some(rate), queue_bytes: queue, ..Faults::default() };
    let mut lane = lane(18, faults);
    let now = Instant::now();
    let fates: Vec<Fate> = (0..100).map(|_| lane.decide(LENGTH, now)).collect();
    let passed = passages(&fates);
    // The queue takes ten packets, and one more that finds it exactly full.
    assert_eq!(passed.len(), 11);
    assert_eq!(dropped(&fates, Drop::Overflow), 89);
    for (n, one) in passed.iter().enumerate() {
        assert_eq!(one.due - now, Duration::from_millis(10) * (n as u32 + 1));
    }
    // After a second the queue is empty.
    assert!(matches!(lane.decide(LENGTH, now + Duration::from_secs(1)), Fate::Passed(_)));
}

#[test]
fn targets_drop_exactly_the_chosen_packets() {
    let mut lane = lane(19, Faults::default());
    lane.target(Targets { skip: 2, count: 1, min_bytes: 1000 });
    let now = Instant::now();
    let lengths = [50, 1200, 1200, 50, 1200, 1200];
    let lost: Vec<bool> =
        lengths.iter().map(|length| lane.decide(*length, now) == Fate::Dropped(Drop::Target)).collect();
    assert_eq!(lost, [false, false, false, false, true, false]);
}

#[test]
fn every_packet_is_counted_once() {
    let faults = Faults {
        loss: 0.1,
        burst: Some(Burst { enter: 0.05, leave: 0.2, loss: 0.5 }),
        bytes_per_second: Some(1_000_000),
        queue_bytes: 2000,
        duplicate: 0.1,
        reorder: 0.1,
        ..Faults::default()
    };
    let mut lane = lane(20, faults);
    lane.target(Targets { skip: 10, count: 5, min_bytes: 0 });
    let fates = fates(&mut lane, PACKETS);
    let counts = lane.counts();
    let drops = counts.lost + counts.blackholed + counts.oversize + counts.overflowed + counts.targeted;
    assert_eq!(counts.arrived, PACKETS as u64);
    assert_eq!(counts.arrived_bytes, (PACKETS * LENGTH) as u64);
    assert_eq!(counts.passed + drops, counts.arrived);
    assert_eq!(counts.passed, passages(&fates).len() as u64);
    assert_eq!(counts.targeted, 5);
}

#[test]
fn settings_out_of_range_are_named() {
    let wrong = [
        (Faults { loss: 1.5, ..Faults::default() }, "loss"),
        (Faults { corrupt: f64::NAN, ..Faults::default() }, "corrupt"),
        (
            Faults { burst: Some(Burst { enter: 0.1, leave: -0.1, loss: 1.0 }), ..Faults::default() },
            "burst.leave",
        ),
        (Faults { delay: Duration::from_hours(1), ..Faults::default() }, "delay"),
        (Faults { bytes_per_second: Some(0), ..Faults::default() }, "bytes_per_second"),
        (Faults { mtu: Some(0), ..Faults::default() }, "mtu"),
    ];
    for (faults, setting) in wrong {
        assert_eq!(faults.check().unwrap_err().setting, setting);
    }
}
