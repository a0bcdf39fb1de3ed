//! How often somebody may try: token buckets in a table of bounded size.
//!
//! The clock is passed in as the time since any moment that stays the same; it should be one that never goes back, and
//! going back gives no tokens.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use crate::key::EndpointId;

/// How many tries at once, and how many a minute in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tries at once.
    pub burst: u32,
    /// Tries a minute after that.
    pub per_minute: u32,
}

/// Parts of a token. At one token a minute, each millisecond adds one part.
const PARTS: u64 = 60_000;

impl Rate {
    fn full(self) -> u64 {
        u64::from(self.burst) * PARTS
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    parts: u64,
    at_ms: u64,
}

impl Bucket {
    fn refill(&mut self, rate: Rate, now_ms: u64) {
        let gained = now_ms.saturating_sub(self.at_ms).saturating_mul(u64::from(rate.per_minute));
        self.parts = self.parts.saturating_add(gained).min(rate.full());
        self.at_ms = self.at_ms.max(now_ms);
    }

    fn take(&mut self, rate: Rate, now_ms: u64) -> bool {
        self.refill(rate, now_ms);
        let left = self.parts.checked_sub(PARTS);
        self.parts = left.unwrap_or(self.parts);
        left.is_some()
    }
}

/// A bucket for each key. When the table is full, further keys share one bucket: an attacker can make any number of keys, and
/// must not get around the limit with them.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    capacity: usize,
    table: HashMap<K, Bucket>,
    shared: Bucket,
    swept_ms: Option<u64>,
}

impl<K: Eq + Hash> Buckets<K> {
    /// Full buckets, at most `capacity` of them and the shared one.
    pub fn new(rate: Rate, capacity: usize) -> Self {
        let shared = Bucket { parts: rate.full(), at_ms: 0 };
        Self { rate, capacity, table: HashMap::new(), shared, swept_ms: None }
    }

    /// Takes a token from the bucket of `key`; false when it has none.
    pub fn take(&mut self, key: K, now: Duration) -> bool {
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        if self.table.len() >= self.capacity && !self.table.contains_key(&key) {
            self.sweep(now_ms);
            if self.table.len() >= self.capacity {
                return self.shared.take(self.rate, now_ms);
            }
        }
        let full = Bucket { parts: self.rate.full(), at_ms: now_ms };
        self.table.entry(key).or_insert(full).take(self.rate, now_ms)
    }

    /// Forgets buckets that are full again, at most once a second: a flood must not make each try walk through the table.
    fn sweep(&mut self, now_ms: u64) {
        if self.swept_ms.is_some_and(|swept| now_ms.saturating_sub(swept) < 1000) {
            return;
        }
        self.swept_ms = Some(now_ms);
        let rate = self.rate;
        self.table.retain(|_, bucket| {
            bucket.refill(rate, now_ms);
            bucket.parts < rate.full()
        });
    }

    /// How many keys have a bucket of their own now.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// True when no key has one.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

/// The part of an address that one customer of a network usually has: 24 bits of IPv4, 56 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix([u8; 8]);

impl Prefix {
    /// The prefix of an address. An IPv4-mapped IPv6 address counts as IPv4.
    pub fn of(address: IpAddr) -> Self {
        let mut prefix = [0; 8];
        match address.to_canonical() {
            IpAddr::V4(address) => {
                prefix[0] = 4;
                prefix[1..4].copy_from_slice(&address.octets()[..3]);
            }
            IpAddr::V6(address) => {
                prefix[0] = 6;
                prefix[1..].copy_from_slice(&address.octets()[..7]);
            }
        }
        Self(prefix)
    }
}

/// Tries of admission, counted for each key and for each address prefix.
#[derive(Debug)]
pub struct AdmissionTries {
    keys: Buckets<EndpointId>,
    prefixes: Buckets<Prefix>,
}

/// Most keys, and most prefixes, that are counted apart.
pub const TABLE_CAPACITY: usize = 16_384;

impl Default for AdmissionTries {
    fn default() -> Self {
        Self::new(Rate { burst: 10, per_minute: 30 }, Rate { burst: 200, per_minute: 1200 })
    }
}

impl AdmissionTries {
    /// Counters with these rates for a key and for a prefix.
    pub fn new(key: Rate, prefix: Rate) -> Self {
        Self { keys: Buckets::new(key, TABLE_CAPACITY), prefixes: Buckets::new(prefix, TABLE_CAPACITY) }
    }

    /// Counts a try; false when it is one too many. A peer behind a relay has no address of its own and is counted by its
    /// key alone.
    pub fn allow(&mut self, key: EndpointId, address: Option<IpAddr>, now: Duration) -> bool {
        let by_prefix = address.is_none_or(|address| self.prefixes.take(Prefix::of(address), now));
        by_prefix && self.keys.take(key, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 2, per_minute: 60 };

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut buckets = Buckets::new(RATE, 10);
        let mut take = |ms| buckets.take("a", at(ms));
        assert_eq!([take(0), take(0), take(0)], [true, true, false]);
        assert_eq!([take(999), take(1000), take(1000)], [false, true, false]);
        assert_eq!([take(100_000), take(100_000), take(100_000)], [true, true, false]);
    }

    #[test]
    fn a_clock_that_goes_back_or_far_ahead_gives_no_more_than_a_burst() {
        let mut buckets = Buckets::new(RATE, 10);
        let mut take = |ms| buckets.take("a", at(ms));
        assert_eq!([take(50_000), take(50_000), take(50_000)], [true, true, false]);
        assert_eq!([take(0), take(50_000), take(50_500)], [false, false, false]);
        let far = u64::MAX;
        assert_eq!([take(far), take(far), take(far)], [true, true, false]);
        assert!(!buckets.take("a", Duration::MAX));
    }

    #[test]
    fn keys_have_buckets_of_their_own() {
        let mut buckets = Buckets::new(RATE, 10);
        assert!(buckets.is_empty());
        assert!(buckets.take(1, at(0)) && buckets.take(1, at(0)) && !buckets.take(1, at(0)));
        assert!(buckets.take(2, at(0)));
        assert!(!buckets.is_empty() && buckets.len() == 2);
    }

    #[test]
    fn keys_beyond_the_table_share_a_bucket() {
        let mut buckets = Buckets::new(RATE, 3);
        for key in 0..3 {
            assert!(buckets.take(key, at(10)));
        }
        assert!(buckets.take(100, at(10)) && buckets.take(101, at(10)) && !buckets.take(102, at(10)));
        assert_eq!(buckets.len(), 3);
        assert!(buckets.take(0, at(10)), "a known key keeps its own");
        assert!(buckets.take(1, at(10)) && buckets.take(2, at(10)));
        assert!(!buckets.take(103, at(1009)), "the shared one is not refilled yet");
        assert!(buckets.take(104, at(1010)) && !buckets.take(105, at(1010)), "it has one token again");
        assert_eq!(buckets.len(), 3);
        assert!(buckets.take(106, at(2010)), "0, 1 and 2 are full again and forgotten");
        assert_eq!(buckets.len(), 1);
    }

    #[test]
    fn a_flood_of_keys_sweeps_the_table_once_a_second() {
        let mut buckets = Buckets::new(RATE, 1);
        assert!(buckets.take(1, at(5000)));
        assert!(buckets.take(2, at(5500)), "shared; swept at 5500, when the first was not full");
        assert!(buckets.take(3, at(6499)), "the first is full since 6000, but it is too early for a sweep");
        assert!(buckets.table.contains_key(&1));
        assert!(buckets.take(4, at(6500)));
        assert!(buckets.table.contains_key(&4) && buckets.len() == 1);
    }

    #[test]
    fn prefixes_are_those_of_networks() {
        let of = |text: &str| Prefix::of(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.9"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("2001:db8:0:1ff::1"), of("2001:db8:0:100:9::"));
        assert_ne!(of("2001:db8:0:100::1"), of("2001:db8:0:200::1"));
        assert_ne!(of("4.0.0.0"), of("400::"));
    }

    #[test]
    fn a_try_counts_for_the_key_and_for_the_network() {
        let key = |number| EndpointId::from_bytes([number; 32]);
        let address = Some("192.0.2.1".parse().unwrap());
        let mut tries =
            AdmissionTries::new(Rate { burst: 1, per_minute: 1 }, Rate { burst: 2, per_minute: 1 });
        assert!(tries.allow(key(1), address, at(0)));
        assert!(!tries.allow(key(1), address, at(0)), "the key has no more");
        assert!(!tries.allow(key(2), address, at(0)), "nor has the network");
        assert!(tries.allow(key(2), Some("192.0.3.1".parse().unwrap()), at(0)));
        assert!(tries.allow(key(3), None, at(0)) && !tries.allow(key(3), None, at(0)));
        let mut tries = AdmissionTries::default();
        assert_eq!((0..100).filter(|_| tries.allow(key(1), address, at(0))).count(), 10);
        let others = (0..240).filter(|&n| tries.allow(key(n), address, at(0))).count();
        assert_eq!(others, 99, "the network has 100 more, one of which the first key spends in vain");
    }
}
