//! The clocks that admissions end by.

use std::time::{Instant, SystemTime};

use aster_trust::time::{Moment, UnixTime};

/// Tells the time. Tests use clocks that they set.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Moment;
}

/// The clocks of the operating system.
#[derive(Debug)]
pub(super) struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment { wall: UnixTime::of(SystemTime::now()), steady: self.0.elapsed() }
    }
}
