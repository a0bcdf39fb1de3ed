//! How long leases last.

use std::time::Duration;

/// How long leases last, and how often they are written. All members of a registry have to agree on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long a lease lasts.
    pub lease: Duration,
    /// How often a lease is refreshed.
    pub refresh: Duration,
    /// How far the clocks of two nodes may differ before the age of a lease that is seen for the first time is judged wrongly.
    pub skew: Duration,
}

impl Timing {
    /// That of the reference implementation.
    pub const DEFAULT: Self = Self {
        lease: Duration::from_secs(45),
        refresh: Duration::from_secs(15),
        skew: Duration::from_secs(10),
    };
}

impl Default for Timing {
    fn default() -> Self {
        Self::DEFAULT
    }
}
