//! The byte budget of one peer: what its messages may occupy here at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Messages below this size are not counted one by one: their number is bounded by the stream limit.
pub(crate) const UNCOUNTED_BYTES: usize = 64 * 1024;

/// Shared by the streams of one connection. First come, first served, so whole frames are reserved at
/// their head and two large ones cannot starve each other half-way.
#[derive(Debug, Clone)]
pub(crate) struct PeerBudget {
    bytes: Arc<Semaphore>,
    wait: Duration,
}

/// Part of a budget; gives itself back when dropped.
pub(crate) type Reserved = OwnedSemaphorePermit;

impl PeerBudget {
    pub(crate) fn new(bytes: u32, wait: Duration) -> Self {
        Self { bytes: Arc::new(Semaphore::new(bytes as usize)), wait }
    }

    /// Reserves `bytes` if they are free now and nobody waits for them.
    pub(crate) fn try_reserve(&self, bytes: usize) -> Option<Reserved> {
        Arc::clone(&self.bytes).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()
    }

    /// Reserves `bytes`; `None` when they did not become free in time.
    pub(crate) async fn reserve(&self, bytes: usize) -> Option<Reserved> {
        if let Some(reserved) = self.try_reserve(bytes) {
            return Some(reserved);
        }
        let waiting = Arc::clone(&self.bytes).acquire_many_owned(u32::try_from(bytes).ok()?);
        tokio::time::timeout(self.wait, waiting).await.ok()?.ok()
    }
}
