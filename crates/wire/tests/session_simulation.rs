//! Sessions between our client and our server under random interleavings, and each of them against any input at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/session_world.rs"]
mod session_world;
#[path = "support/sessions.rs"]
mod sessions;

use aster_wire::session::{ClientSession, ServerSession};
use proptest::prelude::*;
use session_world::{Choice, Seeded, Seen, Tape, Weather, World};

/// Prints the seed of a run that fails.
struct Shown(u64, Weather);

impl Drop for Shown {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {} in {:?}", self.0, self.1);
        }
    }
}

fn run(choice: &mut dyn Choice, weather: Weather) -> Seen {
    let steps = 20 + choice.below(600);
    let mut world = World::new(choice, weather);
    for _ in 0..steps {
        world.step();
    }
    world.finish()
}

fn simulate(seeds: u64, weather: Weather) -> Seen {
    let mut all = Seen::default();
    for seed in 0..seeds {
        let shown = Shown(seed, weather);
        let seen = run(&mut Seeded::new(seed), weather);
        drop(shown);
        all.add(&seen);
    }
    all
}

/// With `ASTER_TEST_FULL` the runs are many.
fn seeds() -> u64 {
    if std::env::var_os("ASTER_TEST_FULL").is_some_and(|full| full == "1") { 50_000 } else { 5000 }
}

#[test]
fn calm_sessions_do_what_their_handlers_did_and_stay_usable() {
    let seen = simulate(seeds(), Weather::Calm);
    assert!(seen.calls > 5000 && seen.ok > 1000 && seen.items > 3000, "{seen:?}");
    assert!(
        seen.cancelled > 200 && seen.crossed > 50 && seen.early_ends > 50 && seen.refused > 50,
        "{seen:?}"
    );
    assert_eq!(
        (seen.deadlines, seen.stopped, seen.lost, seen.not_acknowledged, seen.closed_by_server),
        (0, 0, 0, 0, 0)
    );
}

#[test]
fn stormy_sessions_end_each_call_once_and_lose_nothing() {
    let seen = simulate(seeds(), Weather::Storm);
    assert!(seen.calls > 3000 && seen.ok > 500 && seen.cancelled > 100 && seen.crossed > 20, "{seen:?}");
    assert!(seen.deadlines > 100 && seen.stopped > 50 && seen.never_ran > 5 && seen.lost > 50, "{seen:?}");
    assert!(seen.not_acknowledged > 5 && seen.closed_by_server > 50, "{seen:?}");
}

#[test]
fn a_server_that_swallows_cancels_is_survived_and_answers_never_reach_another_call() {
    let seen = simulate(seeds(), Weather::Python);
    assert!(
        seen.calls > 5000 && seen.cancelled > 200 && seen.swallowed > 50 && seen.items > 3000,
        "{seen:?}"
    );
    assert!(seen.not_acknowledged < seen.swallowed / 3, "most of these sessions go on: {seen:?}");
}

/// Thousands of idle sessions are kept by a process.
#[test]
fn an_idle_session_is_small() {
    let sizes = (size_of::<ClientSession>(), size_of::<ServerSession>());
    assert!(sizes.0 <= 256 && sizes.1 <= 256, "{sizes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_ends_each_call_once(tape in prop::collection::vec(any::<u8>(), 0..1500), weather in 0..3_usize) {
        let weather = [Weather::Calm, Weather::Storm, Weather::Python][weather];
        run(&mut Tape(tape.iter()), weather);
    }
}
