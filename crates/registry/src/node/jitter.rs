//! Random parts of waits, so that nodes do not act at the same time.

use std::time::Duration;

/// A random number.
pub(crate) fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the waits are equal, which costs no correctness.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// A wait of three quarters to five quarters of `wait`.
pub(crate) fn jittered(wait: Duration) -> Duration {
    let part = (random() % 1000) as f64 / 1000.0;
    wait.mul_f64(0.75 + part / 2.0)
}
