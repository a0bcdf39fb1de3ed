//! The settings of a link.

use std::fmt;
use std::time::Duration;

/// A direction of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From clients to the server.
    ToServer,
    /// From the server to clients.
    ToClient,
}

/// Loss in bursts: the two-state model of Gilbert and Elliott.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// Probability that a burst begins, for each packet outside of a burst.
    pub enter: f64,
    /// Probability that the burst ends, for each packet inside of a burst.
    pub leave: f64,
    /// Probability that a packet inside of a burst is lost.
    pub loss: f64,
}

/// The faults of one direction. The default has none. Probabilities are from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// Every packet arrives so much later.
    pub delay: Duration,
    /// Upper end of a random delay, which is added to `delay`. Jitter alone keeps the order of packets.
    pub jitter: Duration,
    /// Probability that a packet is lost.
    pub loss: f64,
    /// Loss in bursts, in addition to `loss`.
    pub burst: Option<Burst>,
    /// Probability that a packet arrives twice.
    pub duplicate: f64,
    /// Probability that a packet arrives `reorder_by` later, so that later packets overtake it.
    pub reorder: f64,
    /// The delay of reordered packets.
    pub reorder_by: Duration,
    /// Probability that one byte of a packet changes.
    pub corrupt: f64,
    /// Probability that the end of a packet is missing.
    pub truncate: f64,
    /// Every packet is lost.
    pub blackhole: bool,
    /// Bytes per second that the link carries; `None`: no limit.
    pub bytes_per_second: Option<u64>,
    /// Bytes that wait for the rate; packets beyond it are lost.
    pub queue_bytes: u64,
    /// Larger packets are lost; `None`: no limit.
    pub mtu: Option<usize>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: 0.0,
            burst: None,
            duplicate: 0.0,
            reorder: 0.0,
            reorder_by: Duration::from_millis(10),
            corrupt: 0.0,
            truncate: 0.0,
            blackhole: false,
            bytes_per_second: None,
            queue_bytes: 64 << 10,
            mtu: None,
        }
    }
}

/// Packets that are dropped on purpose: `count` packets of at least `min_bytes`, after `skip` others of that size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Packets of the size that pass first.
    pub skip: u64,
    /// Packets that are dropped.
    pub count: u64,
    /// Smaller packets are not counted.
    pub min_bytes: usize,
}

/// A setting that is out of range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError {
    /// The setting, with the name of its member in [`Faults`].
    pub setting: &'static str,
    /// What it must be.
    pub problem: &'static str,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.setting, self.problem)
    }
}

impl std::error::Error for FaultError {}

/// The longest delay. Packets wait in memory.
const MAX_DELAY: Duration = Duration::from_mins(10);

impl Faults {
    /// Checks the ranges of all settings.
    pub fn check(&self) -> Result<(), FaultError> {
        let burst = self.burst.unwrap_or(Burst { enter: 0.0, leave: 0.0, loss: 0.0 });
        let probabilities = [
            ("loss", self.loss),
            ("burst.enter", burst.enter),
            ("burst.leave", burst.leave),
            ("burst.loss", burst.loss),
            ("duplicate", self.duplicate),
            ("reorder", self.reorder),
            ("corrupt", self.corrupt),
            ("truncate", self.truncate),
        ];
        let wrong = |setting, problem| Err(FaultError { setting, problem });
        for (setting, probability) in probabilities {
            if !(0.0..=1.0).contains(&probability) {
                return wrong(setting, "must be a probability from 0 to 1");
            }
        }
        for (setting, delay) in
            [("delay", self.delay), ("jitter", self.jitter), ("reorder_by", self.reorder_by)]
        {
            if delay > MAX_DELAY {
                return wrong(setting, "must be at most 600,000 ms");
            }
        }
        if self.bytes_per_second == Some(0) {
            return wrong("bytes_per_second", "must be at least 1; a blackhole carries nothing");
        }
        if self.mtu == Some(0) {
            return wrong("mtu", "must be at least 1; a blackhole carries nothing");
        }
        Ok(())
    }
}
