//! The clock of a peer, as this side sees it. Deadlines travel as absolute times, so the caller writes them in the time of
//! the peer that it calls. A step of the clock of either machine changes no deadline between peers that tell their time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock of this machine, in milliseconds since 1970.
pub(crate) fn epoch_ms() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// The time that this process tells its peers, in milliseconds since 1970: the clock of this machine when the process first
/// asked, and what has passed since. Unlike the clock it is never set.
pub(crate) fn steady_epoch_ms() -> i64 {
    static BEGIN: OnceLock<(i64, Instant)> = OnceLock::new();
    let (clock, begin) = BEGIN.get_or_init(|| (epoch_ms(), Instant::now()));
    clock.saturating_add(millis(begin.elapsed()))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// How far the time of the peer is ahead of the steady time of this process, in milliseconds.
#[derive(Debug)]
pub(crate) struct PeerClock(AtomicI64);

/// The peer has not told its time: its clock is taken for that of this machine.
const UNTOLD: i64 = i64::MIN;

impl Default for PeerClock {
    fn default() -> Self {
        Self(AtomicI64::new(UNTOLD))
    }
}

impl PeerClock {
    /// Learns the difference from a time that the peer told. It was asked for at `asked`, a steady time, and has arrived now.
    pub(crate) fn learn(&self, told_ms: Option<i64>, asked: i64) {
        let Some(peer) = told_ms else { return };
        let here = steady_epoch_ms();
        // The peer told it at some time in between.
        let round_trip = here.saturating_sub(asked).max(0);
        let ahead = peer.saturating_sub(here.saturating_sub(round_trip / 2));
        self.0.store(ahead.max(UNTOLD + 1), Ordering::Relaxed);
    }

    /// The time of the peer after `left`.
    pub(crate) fn at_peer(&self, left: Duration) -> i64 {
        let now = match self.0.load(Ordering::Relaxed) {
            UNTOLD => epoch_ms(),
            ahead => steady_epoch_ms().saturating_add(ahead),
        };
        // 0 means no deadline, and a negative time has no meaning.
        now.saturating_add(millis(left)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_written_in_the_time_of_the_peer() {
        let clock = PeerClock::default();
        let second = Duration::from_secs(1);
        let range = |from: i64, to: i64| from + 1000..=to + 1000;
        let before = epoch_ms();
        assert!(range(before, before + 60_000).contains(&clock.at_peer(second)));
        clock.learn(None, steady_epoch_ms());
        assert!(
            range(before, before + 60_000).contains(&clock.at_peer(second)),
            "a peer that does not tell its time"
        );
        let asked = steady_epoch_ms();
        clock.learn(Some(asked + 3_600_000), asked);
        let ahead = clock.at_peer(second) - steady_epoch_ms() - 1000;
        let took = steady_epoch_ms() - asked;
        assert!((3_600_000 - took..=3_600_000).contains(&ahead), "{ahead}");
    }

    #[test]
    fn no_time_of_a_peer_makes_a_deadline_absent_or_negative() {
        for time in [i64::MIN, -1, 0, i64::MAX] {
            let clock = PeerClock::default();
            clock.learn(Some(time), steady_epoch_ms());
            assert!(clock.at_peer(Duration::ZERO) >= 1);
            assert!(clock.at_peer(Duration::MAX) >= 1);
        }
    }
}
