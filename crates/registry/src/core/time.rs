//! A moment, as two clocks tell it.

use std::time::Duration;

/// A moment of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By a clock that never jumps.
    pub steady: Duration,
    /// By the wall clock: milliseconds since 1970.
    pub epoch_ms: i64,
}

impl Moment {
    /// The steady clock in milliseconds.
    pub fn steady_ms(&self) -> i64 {
        i64::try_from(self.steady.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
