//! The byte budget of one connection: a limit on the memory that its messages use in this process.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Shared by the streams of one connection, first come, first served. All bytes of a frame are reserved when its head
/// is known, so that two large frames, each half reserved, cannot block each other.
#[derive(Debug, Clone)]
pub(crate) struct PeerBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: Arc<Semaphore>,
    wait: Duration,
}

/// What a message counts in budgets in addition to its payload, in bytes.
pub const MESSAGE_OVERHEAD: usize = 4;

/// A share of a budget. Dropping it returns the bytes to the budget.
pub(crate) type Reserved = OwnedSemaphorePermit;

/// A reservation in progress; gives `None` when the bytes were not free in time.
pub(crate) type Reserving = Pin<Box<dyn Future<Output = Option<Reserved>> + Send + Sync>>;

impl PeerBudget {
    /// `wait` limits the time that a stream waits for a reservation.
    pub(crate) fn new(bytes: u32, wait: Duration) -> Self {
        Self(Arc::new(Inner { bytes: Arc::new(Semaphore::new(bytes as usize)), wait }))
    }

    /// Reserves `bytes` if they are free now and no other reservation waits.
    pub(crate) fn try_reserve(&self, bytes: usize) -> Option<Reserved> {
        Arc::clone(&self.0.bytes).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()
    }

    /// Reserves `bytes` as soon as they are free.
    pub(crate) fn reserve(&self, bytes: usize) -> Reserving {
        let this = Arc::clone(&self.0);
        Box::pin(async move {
            let waiting = Arc::clone(&this.bytes).acquire_many_owned(u32::try_from(bytes).ok()?);
            tokio::time::timeout(this.wait, waiting).await.ok()?.ok()
        })
    }
}
