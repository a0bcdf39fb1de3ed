//! What happens to each packet of one direction. Sans-IO: the time is an argument.

use std::time::{Duration, Instant};

use crate::faults::{Direction, Faults, Targets};
use crate::random::{PacketRandom, Purpose};
use crate::stats::Counts;

/// Why a packet is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drop {
    /// Lost at random or in a burst.
    Lost,
    /// The link carries nothing.
    Blackhole,
    /// Larger than the MTU.
    Oversize,
    /// The queue before the rate limit is full.
    Overflow,
    /// A target.
    Target,
}

/// How the bytes of a packet change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// One byte is combined with this value by exclusive or.
    Corrupt {
        /// Position of the byte.
        at: usize,
        /// Never 0.
        by: u8,
    },
    /// Only the first `length` bytes remain.
    Truncate {
        /// Less than the length of the packet, and not 0.
        length: usize,
    },
}

/// A packet that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// When it arrives.
    pub due: Instant,
    /// It arrives twice.
    pub twice: bool,
    /// The changes of its bytes, in order.
    pub changes: Vec<Change>,
}

/// What happens to a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It does not arrive.
    Dropped(Drop),
    /// It arrives.
    Passed(Passage),
}

/// One direction of a link.
#[derive(Debug)]
pub struct Lane {
    seed: u64,
    direction: Direction,
    faults: Faults,
    targets: Option<Targets>,
    counts: Counts,
    is_in_burst: bool,
    /// When the rate limit has sent everything that was passed.
    free_at: Option<Instant>,
    /// The latest arrival of packets that keep their order.
    last_due: Option<Instant>,
}

impl Lane {
    /// A lane whose decisions follow from `seed`.
    pub fn new(seed: u64, direction: Direction, faults: Faults) -> Self {
        Self {
            seed,
            direction,
            faults,
            targets: None,
            counts: Counts::default(),
            is_in_burst: false,
            free_at: None,
            last_due: None,
        }
    }

    /// Replaces the faults. Packets that were decided keep their arrival. The numbers of packets continue.
    pub fn set(&mut self, faults: Faults) {
        if faults.burst.is_none() {
            self.is_in_burst = false;
        }
        if faults.bytes_per_second.is_none() {
            self.free_at = None;
        }
        self.faults = faults;
    }

    /// Drops chosen packets. They replace targets that were not met yet.
    pub fn target(&mut self, targets: Targets) {
        self.targets = (targets.count > 0).then_some(targets);
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A packet that was passed could not be sent, or had no place to wait.
    pub(crate) fn overflowed(&mut self) {
        self.counts.passed -= 1;
        self.counts.overflowed += 1;
    }

    /// Decides about the next packet.
    pub fn decide(&mut self, length: usize, now: Instant) -> Fate {
        let random = PacketRandom::new(self.seed, self.direction as u64, self.counts.arrived);
        self.counts.arrived += 1;
        self.counts.arrived_bytes += length as u64;
        match self.drop_of(length, random, now) {
            Some(cause) => {
                *self.count_of(cause) += 1;
                Fate::Dropped(cause)
            }
            None => Fate::Passed(self.passage(length, random, now)),
        }
    }

    fn count_of(&mut self, cause: Drop) -> &mut u64 {
        match cause {
            Drop::Lost => &mut self.counts.lost,
            Drop::Blackhole => &mut self.counts.blackholed,
            Drop::Oversize => &mut self.counts.oversize,
            Drop::Overflow => &mut self.counts.overflowed,
            Drop::Target => &mut self.counts.targeted,
        }
    }

    fn drop_of(&mut self, length: usize, random: PacketRandom, now: Instant) -> Option<Drop> {
        if self.faults.blackhole {
            return Some(Drop::Blackhole);
        }
        if self.is_target(length) {
            return Some(Drop::Target);
        }
        if self.faults.mtu.is_some_and(|mtu| length > mtu) {
            return Some(Drop::Oversize);
        }
        // The burst advances with every packet, so that its state depends on the number of packets alone.
        let is_burst_loss = self.is_burst_loss(random);
        if is_burst_loss || random.chance(Purpose::Loss, self.faults.loss) {
            return Some(Drop::Lost);
        }
        let waits = self.backlog(now)?;
        (waits > self.faults.queue_bytes).then_some(Drop::Overflow)
    }

    fn is_target(&mut self, length: usize) -> bool {
        let Some(targets) = &mut self.targets else { return false };
        if length < targets.min_bytes {
            return false;
        }
        if targets.skip > 0 {
            targets.skip -= 1;
            return false;
        }
        targets.count -= 1;
        if targets.count == 0 {
            self.targets = None;
        }
        true
    }

    fn is_burst_loss(&mut self, random: PacketRandom) -> bool {
        let Some(burst) = self.faults.burst else { return false };
        let change = if self.is_in_burst { burst.leave } else { burst.enter };
        if random.chance(Purpose::BurstState, change) {
            self.is_in_burst = !self.is_in_burst;
        }
        self.is_in_burst && random.chance(Purpose::BurstLoss, burst.loss)
    }

    /// Bytes that wait for the rate; `None` without a rate.
    fn backlog(&self, now: Instant) -> Option<u64> {
        let rate = self.faults.bytes_per_second?;
        let wait = self.free_at?.saturating_duration_since(now);
        Some((wait.as_secs_f64() * rate as f64) as u64)
    }

    fn passage(&mut self, length: usize, random: PacketRandom, now: Instant) -> Passage {
        self.counts.passed += 1;
        let sent = self.sent_at(length, now);
        let jitter = self.faults.jitter.mul_f64(random.fraction(Purpose::Jitter));
        let due = sent + self.faults.delay + jitter;
        let due = if random.chance(Purpose::Reorder, self.faults.reorder) {
            self.counts.reordered += 1;
            due + self.faults.reorder_by
        } else {
            let due = self.last_due.map_or(due, |last| last.max(due));
            self.last_due = Some(due);
            due
        };
        let twice = random.chance(Purpose::Duplicate, self.faults.duplicate);
        self.counts.duplicated += u64::from(twice);
        Passage { due, twice, changes: self.changes(length, random) }
    }

    /// When the rate limit has sent the packet.
    fn sent_at(&mut self, length: usize, now: Instant) -> Instant {
        let Some(rate) = self.faults.bytes_per_second else { return now };
        let begins = self.free_at.map_or(now, |free| free.max(now));
        let ends = begins + Duration::from_secs_f64(length as f64 / rate as f64);
        self.free_at = Some(ends);
        ends
    }

    fn changes(&mut self, length: usize, random: PacketRandom) -> Vec<Change> {
        let mut changes = Vec::new();
        if length > 0 && random.chance(Purpose::Corrupt, self.faults.corrupt) {
            self.counts.corrupted += 1;
            let by = 1 + random.below(Purpose::CorruptBy, 255) as u8;
            changes.push(Change::Corrupt { at: random.below(Purpose::CorruptAt, length), by });
        }
        if length > 1 && random.chance(Purpose::Truncate, self.faults.truncate) {
            self.counts.truncated += 1;
            changes.push(Change::Truncate { length: 1 + random.below(Purpose::TruncateTo, length - 1) });
        }
        changes
    }
}
