//! A UDP link with faults: packets between clients and one server pass through it and are lost, delayed, duplicated,
//! reordered, corrupted, truncated or dropped, as the settings say.
//!
//! Owns the decision for each packet ([`Lane`], without sockets and without a clock of its own) and the sockets and the
//! thread that carry packets ([`Link`]). The decision depends only on the seed, the direction and the number of the
//! packet, so a run can be repeated. Does not own what is in a packet: it never reads one. No other crate of the
//! core depends on it.
#![forbid(unsafe_code)]

mod carrier;
mod faults;
mod lane;
mod link;
mod random;
mod stats;

pub use faults::{Burst, Direction, FaultError, Faults, Targets};
pub use lane::{Change, Drop, Fate, Lane, Passage};
pub use link::{Link, LinkOptions};
pub use stats::{Counts, Stats};
