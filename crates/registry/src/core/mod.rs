//! What a registry knows and decides, without I/O and without a clock.
//!
//! Owns the keys and values of a registry document, which leases count and for how long, the order of endpoints, and
//! the table of members. The driver (`crate::node`) reads and writes documents, and tells the time.

pub mod acl;
pub mod artifact;
pub mod book;
pub mod collection;
pub mod exchange;
pub mod health;
pub mod key;
pub mod lease;
pub mod limit;
pub mod member;
pub mod owner_clock;
pub mod query;
pub mod rank;
pub mod time;
pub mod timing;
