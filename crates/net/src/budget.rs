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

    /// Reserves `bytes`; `None` when they did not become free in time.
    pub(crate) async fn reserve(&self, bytes: usize) -> Option<Reserved> {
        let wanted = u32::try_from(bytes).ok()?;
        let semaphore = Arc::clone(&self.bytes);
        if let Ok(permit) = Arc::clone(&semaphore).try_acquire_many_owned(wanted) {
            return Some(permit);
        }
        tokio::time::timeout(self.wait, semaphore.acquire_many_owned(wanted)).await.ok()?.ok()
    }
}
