//! The byte budget of one connection: what its messages may occupy in this process at once.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Shared by the streams of one connection. First come, first served: the bytes of a frame are reserved as soon as
/// its head is known, so that two large ones cannot block each other half-way.
#[derive(Debug, Clone)]
pub(crate) struct PeerBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: Arc<Semaphore>,
    wait: Duration,
}

/// What a message counts in budgets besides its payload, in bytes.
pub const MESSAGE_OVERHEAD: usize = 4;

/// A share of a budget. Dropping it gives it back.
pub(crate) type Reserved = OwnedSemaphorePermit;

/// A share that will be free later; `None` when it did not become free in time.
pub(crate) type Reserving = Pin<Box<dyn Future<Output = Option<Reserved>> + Send + Sync>>;

impl PeerBudget {
    /// `wait` bounds the time for which a stream waits for a share.
    pub(crate) fn new(bytes: u32, wait: Duration) -> Self {
        Self(Arc::new(Inner { bytes: Arc::new(Semaphore::new(bytes as usize)), wait }))
    }

    /// Reserves `bytes` if they are free now and nobody waits for them.
    pub(crate) fn try_reserve(&self, bytes: usize) -> Option<Reserved> {
        Arc::clone(&self.0.bytes).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()
    }

    /// Reserves `bytes` when they become free.
    pub(crate) fn reserve(&self, bytes: usize) -> Reserving {
        let this = Arc::clone(&self.0);
        Box::pin(async move {
            let waiting = Arc::clone(&this.bytes).acquire_many_owned(u32::try_from(bytes).ok()?);
            tokio::time::timeout(this.wait, waiting).await.ok()?.ok()
        })
    }
}
