//! Points in time as credentials tell them: whole seconds since 1970, passed in by the caller.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The time that is `seconds` after 1970 began.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970 began.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// A reading of the system clock. A clock before 1970 counts as 1970, when nothing has expired: such a clock is set
    /// before a node starts.
    pub fn of(clock: SystemTime) -> Self {
        Self(clock.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// This time and `by` more, at most the largest time there is.
    #[must_use]
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_secs()))
    }

    /// How long it is from `earlier` until this time; zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

/// A point in time on two clocks: one that tells the time of day and may be set, one that only goes forward.
///
/// An admission ends when the first of the two says so. So a clock that is set back makes none longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time of day.
    pub wall: UnixTime,
    /// The time since any moment that stays the same.
    pub steady: Duration,
}

/// The seconds, in decimal.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_1970_counts_as_1970() {
        assert_eq!(UnixTime::of(UNIX_EPOCH - Duration::from_secs(5)), UnixTime::from_seconds(0));
        assert_eq!(UnixTime::of(UNIX_EPOCH + Duration::from_millis(5999)), UnixTime::from_seconds(5));
    }

    #[test]
    fn arithmetic_stays_in_range() {
        let last = UnixTime::from_seconds(u64::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
        assert_eq!(UnixTime::from_seconds(7).plus(Duration::from_secs(3)).seconds(), 10);
        assert_eq!(UnixTime::from_seconds(7).since(UnixTime::from_seconds(9)), Duration::ZERO);
        assert_eq!(UnixTime::from_seconds(9).since(UnixTime::from_seconds(7)), Duration::from_secs(2));
    }
}
