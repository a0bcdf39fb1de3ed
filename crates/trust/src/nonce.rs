//! One-time credentials: their nonces, and what a store of consumed ones promises.
//!
//! A store keeps hashes of nonces. So the time of a look-up says nothing about a nonce, and a copy of the store contains none.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::text::to_hex;
use crate::time::UnixTime;

/// How long a consumed nonce is kept after its credential has expired. It only has to be longer than a clock can be wrong.
pub const KEPT_AFTER_EXPIRY: Duration = Duration::from_hours(24);
/// Most nonces in a store, unless it is told otherwise.
pub const DEFAULT_CAPACITY: u64 = 1_000_000;

const STORE_CONTEXT: &str = "aster-rpc consumed nonce v1";

/// 32 bytes that make a credential valid once. It is a secret until it is used: `Debug` does not show it.
#[derive(Clone)]
pub struct Nonce([u8; 32]);

impl Nonce {
    /// The nonce with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits, for the credential's own documents.
    pub fn to_hex(&self) -> String {
        to_hex(&self.0)
    }

    /// What a store knows it by.
    pub fn store_key(&self) -> [u8; 32] {
        blake3::derive_key(STORE_CONTEXT, &self.0)
    }
}

/// Compares in constant time.
impl PartialEq for Nonce {
    fn eq(&self, other: &Self) -> bool {
        self.0[..].ct_eq(&other.0[..]).into()
    }
}

impl Eq for Nonce {}

impl Drop for Nonce {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

/// Whether a nonce was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumed {
    /// It was, and is consumed now.
    First,
    /// It was consumed before, or so long ago that the store may have forgotten it.
    Again,
}

/// Why a store cannot answer. The credential is refused.
#[derive(Debug, thiserror::Error)]
pub enum NonceStoreError {
    /// It holds as many nonces as it may, none of which can be forgotten yet.
    #[error("the store of nonces is full: {0}")]
    Full(u64),
    /// It failed.
    #[error("the store of nonces failed: {0}")]
    Failed(String),
}

/// Remembers consumed nonces.
pub trait NonceStore: Send + Sync {
    /// Consumes a nonce: of all calls with the same nonce, from any thread or process that shares the store, one gets
    /// [`Consumed::First`]. When it returns, the answer holds, also after a crash of process or machine if the store is durable.
    ///
    /// `expires_at` is the expiry of the credential, after which the nonce may be forgotten some day. It may block.
    fn consume(
        &self,
        nonce: &Nonce,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<Consumed, NonceStoreError>;
}

/// True when a nonce of a credential with this expiry can be forgotten.
pub(crate) fn is_forgettable(expires_at: UnixTime, now: UnixTime) -> bool {
    expires_at.plus(KEPT_AFTER_EXPIRY) < now
}

/// A store in memory: what it knows ends with the process.
#[derive(Debug)]
pub struct MemoryNonces {
    capacity: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    expiry_of: HashMap<[u8; 32], UnixTime>,
    by_expiry: BTreeSet<(UnixTime, [u8; 32])>,
    /// The latest expiry of a nonce that was forgotten: whatever expires until then may have been consumed.
    forgotten_until: Option<UnixTime>,
}

impl Default for MemoryNonces {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }
}

impl MemoryNonces {
    /// An empty store for at most `capacity` nonces at a time.
    pub fn with_capacity(capacity: u64) -> Self {
        Self { capacity, state: Mutex::default() }
    }
}

impl NonceStore for MemoryNonces {
    fn consume(
        &self,
        nonce: &Nonce,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<Consumed, NonceStoreError> {
        let key = nonce.store_key();
        let mut state = self.state.lock().map_err(|_| NonceStoreError::Failed("a thread panicked".into()))?;
        state.forget(now);
        if state.forgotten_until.is_some_and(|until| expires_at <= until)
            || state.expiry_of.contains_key(&key)
        {
            return Ok(Consumed::Again);
        }
        if state.expiry_of.len() as u64 >= self.capacity {
            return Err(NonceStoreError::Full(self.capacity));
        }
        state.expiry_of.insert(key, expires_at);
        state.by_expiry.insert((expires_at, key));
        Ok(Consumed::First)
    }
}

impl State {
    fn forget(&mut self, now: UnixTime) {
        while let Some(&(expires_at, key)) = self.by_expiry.first() {
            if !is_forgettable(expires_at, now) {
                break;
            }
            self.by_expiry.pop_first();
            self.expiry_of.remove(&key);
            self.forgotten_until = self.forgotten_until.max(Some(expires_at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    fn nonce(number: u8) -> Nonce {
        Nonce::from_bytes([number; 32])
    }

    fn consume(store: &MemoryNonces, number: u8, expires_at: u64, now: u64) -> Consumed {
        let (expires_at, now) = (UnixTime::from_seconds(expires_at), UnixTime::from_seconds(now));
        store.consume(&nonce(number), expires_at, now).unwrap()
    }

    #[test]
    fn a_nonce_counts_once() {
        let store = MemoryNonces::default();
        assert_eq!(consume(&store, 1, 100, 50), Consumed::First);
        assert_eq!(consume(&store, 1, 100, 50), Consumed::Again);
        assert_eq!(consume(&store, 1, 900, 50), Consumed::Again);
        assert_eq!(consume(&store, 2, 100, 50), Consumed::First);
    }

    #[test]
    fn a_nonce_that_was_forgotten_does_not_count_again_when_the_clock_goes_back() {
        let store = MemoryNonces::default();
        assert_eq!(consume(&store, 1, 100, 50), Consumed::First);
        assert_eq!(consume(&store, 2, 5 * DAY, 100 + DAY), Consumed::First);
        assert_eq!(store.state.lock().unwrap().expiry_of.len(), 2, "kept for a day");
        assert_eq!(consume(&store, 3, 5 * DAY, 101 + DAY), Consumed::First);
        assert_eq!(store.state.lock().unwrap().expiry_of.len(), 2, "the first one is forgotten");
        assert_eq!(consume(&store, 1, 100, 50), Consumed::Again);
        assert_eq!(consume(&store, 4, 100, 50), Consumed::Again, "it may have been consumed");
        assert_eq!(consume(&store, 4, 101, 50), Consumed::First);
    }

    #[test]
    fn a_full_store_refuses_until_something_is_forgotten() {
        let store = MemoryNonces::with_capacity(2);
        assert_eq!(consume(&store, 1, 100, 50), Consumed::First);
        assert_eq!(consume(&store, 2, 200, 50), Consumed::First);
        let (late, now) = (UnixTime::from_seconds(9 * DAY), UnixTime::from_seconds(50));
        let full = store.consume(&nonce(3), late, now);
        assert!(matches!(full, Err(NonceStoreError::Full(2))), "{full:?}");
        assert_eq!(consume(&store, 2, 200, 50), Consumed::Again);
        assert_eq!(consume(&store, 3, 9 * DAY, 101 + DAY), Consumed::First);
    }

    #[test]
    fn one_of_a_thousand_racers_wins() {
        let store = MemoryNonces::default();
        let wins: usize = std::thread::scope(|scope| {
            let racers: Vec<_> =
                (0..1000).map(|_| scope.spawn(|| consume(&store, 1, 100, 50) == Consumed::First)).collect();
            racers.into_iter().map(|racer| usize::from(racer.join().unwrap())).sum()
        });
        assert_eq!(wins, 1);
    }

    #[test]
    fn a_nonce_is_not_shown_and_a_store_does_not_know_it() {
        assert_eq!(format!("{:?}", nonce(1)), "Nonce(..)");
        assert_eq!(nonce(1).to_hex(), "01".repeat(32));
        assert_ne!(&nonce(1).store_key(), nonce(1).as_bytes());
        assert_ne!(nonce(1).store_key(), nonce(2).store_key());
        assert!(nonce(1) == nonce(1) && nonce(1) != nonce(2));
    }
}
