//! The clock of a peer, as this side sees it. Deadlines travel as absolute times, so the caller writes them in the time of
//! the peer that it calls.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of this machine, in milliseconds since 1970.
pub(crate) fn epoch_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// How far the clock of the peer is ahead of this one, in milliseconds. 0 when the peer does not tell its time.
#[derive(Debug, Default)]
pub(crate) struct PeerClock(AtomicI64);

impl PeerClock {
    /// Learns the difference from a time that the peer told. It was asked for at `asked`, and has arrived now.
    pub(crate) fn learn(&self, told_ms: Option<i64>, asked: i64) {
        let Some(peer) = told_ms else { return };
        let here = epoch_ms();
        // The peer told it at some time in between. A clock that jumped backwards meanwhile says nothing.
        let round_trip = here.saturating_sub(asked).max(0);
        self.0.store(peer.saturating_sub(here.saturating_sub(round_trip / 2)), Ordering::Relaxed);
    }

    /// A time of this clock in the time of the peer.
    pub(crate) fn at_peer(&self, ms: i64) -> i64 {
        // 0 means no deadline, and a negative time has no meaning.
        ms.saturating_add(self.0.load(Ordering::Relaxed)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_written_in_the_time_of_the_peer() {
        let clock = PeerClock::default();
        assert_eq!(clock.at_peer(1000), 1000);
        clock.learn(None, epoch_ms());
        assert_eq!(clock.at_peer(1000), 1000, "a peer that does not tell its time");
        let before = epoch_ms();
        clock.learn(Some(before + 3_600_000), before);
        let ahead = clock.at_peer(before) - before;
        let took = epoch_ms() - before;
        assert!((3_600_000 - took..=3_600_000).contains(&ahead), "{ahead}");
    }

    #[test]
    fn no_time_of_a_peer_makes_a_deadline_absent_or_negative() {
        for time in [i64::MIN, -1, 0, i64::MAX] {
            let clock = PeerClock::default();
            clock.learn(Some(time), epoch_ms());
            assert!(clock.at_peer(epoch_ms()) >= 1);
            assert!(clock.at_peer(i64::MAX) >= 1);
        }
    }
}
