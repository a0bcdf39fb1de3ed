//! Delays peers that open streams and reset them before the response.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A token bucket for resets. While it is empty, the next accept is delayed; the connection stays open.
#[derive(Debug)]
pub(crate) struct ResetPace {
    burst: f64,
    per_second: f64,
    state: Mutex<(f64, Instant)>,
}

impl ResetPace {
    pub(crate) fn new(burst: u32, per_second: u32) -> Self {
        let burst = f64::from(burst);
        Self { burst, per_second: f64::from(per_second.max(1)), state: Mutex::new((burst, Instant::now())) }
    }

    /// Counts one reset before the response.
    pub(crate) fn note(&self) {
        self.spend(1.0);
    }

    /// Waits while the bucket is empty.
    pub(crate) async fn pace(&self) {
        let tokens = self.spend(0.0);
        if tokens < 0.0 {
            tokio::time::sleep(Duration::from_secs_f64(-tokens / self.per_second)).await;
        }
    }

    fn spend(&self, tokens: f64) -> f64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let gained = now.duration_since(state.1).as_secs_f64() * self.per_second;
        *state = ((state.0 + gained).min(self.burst) - tokens, now);
        state.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn resets_beyond_the_burst_delay_the_next_accept_by_their_rate() {
        let guard = ResetPace::new(10, 5);
        for _ in 0..20 {
            guard.note();
        }
        let before = Instant::now();
        guard.pace().await;
        assert_eq!(before.elapsed().as_secs(), 2);
        let rested = Instant::now();
        guard.pace().await;
        assert_eq!(rested.elapsed(), Duration::ZERO);
    }
}
