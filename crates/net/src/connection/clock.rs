//! The clock of a server, as its client sees it. Deadlines travel as absolute times, so the client writes them in the time
//! of the server.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aster_wire::admission::ConsumerResponse;

/// The clock of this machine, in milliseconds since 1970.
pub(crate) fn epoch_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// How far the clock of the server is ahead of this one, in milliseconds. 0 when the server does not tell its time.
#[derive(Debug, Default)]
pub(crate) struct ServerClock(AtomicI64);

impl ServerClock {
    /// Learns the difference from an answer that was requested at `asked`, and has arrived now.
    pub(crate) fn learn(&self, answer: &ConsumerResponse, asked: i64) {
        let Some(server) = answer.server_time_ms else { return };
        let here = epoch_ms();
        // The server answered at some time in between. A clock that jumped backwards meanwhile says nothing.
        let round_trip = here.saturating_sub(asked).max(0);
        self.0.store(server.saturating_sub(here.saturating_sub(round_trip / 2)), Ordering::Relaxed);
    }

    /// A time of this clock in the time of the server.
    pub(crate) fn at_server(&self, ms: i64) -> i64 {
        // 0 means no deadline, and a negative time has no meaning.
        ms.saturating_add(self.0.load(Ordering::Relaxed)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(server_time_ms: Option<i64>) -> ConsumerResponse {
        ConsumerResponse { server_time_ms, ..ConsumerResponse::default() }
    }

    #[test]
    fn a_deadline_is_written_in_the_time_of_the_server() {
        let clock = ServerClock::default();
        assert_eq!(clock.at_server(1000), 1000);
        clock.learn(&answer(None), epoch_ms());
        assert_eq!(clock.at_server(1000), 1000, "a server that does not tell its time");
        let before = epoch_ms();
        clock.learn(&answer(Some(before + 3_600_000)), before);
        let ahead = clock.at_server(before) - before;
        let took = epoch_ms() - before;
        assert!((3_600_000 - took..=3_600_000).contains(&ahead), "{ahead}");
    }

    #[test]
    fn no_time_of_a_server_makes_a_deadline_absent_or_negative() {
        for time in [i64::MIN, -1, 0, i64::MAX] {
            let clock = ServerClock::default();
            clock.learn(&answer(Some(time)), epoch_ms());
            assert!(clock.at_server(epoch_ms()) >= 1);
            assert!(clock.at_server(i64::MAX) >= 1);
        }
    }
}
