//! The byte budget of the process, which all connections share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

/// Limit for users of Rust, who do not set one.
const DEFAULT_BYTES: usize = 1 << 30;

static PROCESS: LazyLock<Arc<ProcessBudget>> = LazyLock::new(|| Arc::new(ProcessBudget::new(DEFAULT_BYTES)));

/// Reservations that wait for bytes of the process.
pub(super) trait Starved: std::fmt::Debug + Send + Sync {
    /// Grants what waits, as far as bytes are free.
    fn serve(self: Arc<Self>);
}

/// Limits the memory that the messages of all connections use.
///
/// It is fair without knowing the peers: a connection may use at most as many bytes as are free for all others. One
/// greedy connection gets half, two get a third each, and a new connection always finds free bytes.
#[derive(Debug)]
pub(crate) struct ProcessBudget {
    limit: AtomicUsize,
    /// Whether the limit was chosen, not a default.
    chosen: AtomicBool,
    used: AtomicUsize,
    /// Connections with reservations that wait for bytes of the process.
    starved: Mutex<Vec<Weak<dyn Starved>>>,
    has_starved: AtomicUsize,
}

impl ProcessBudget {
    /// The budget of this process.
    pub(crate) fn shared() -> Arc<Self> {
        Arc::clone(&PROCESS)
    }

    pub(super) fn new(bytes: usize) -> Self {
        Self {
            limit: AtomicUsize::new(bytes),
            chosen: AtomicBool::new(false),
            used: AtomicUsize::new(0),
            starved: Mutex::default(),
            has_starved: AtomicUsize::new(0),
        }
    }

    /// Changes the limit. Bytes that are in use stay reserved.
    pub(crate) fn set_limit(&self, bytes: usize) {
        self.chosen.store(true, Ordering::Release);
        self.limit.store(bytes, Ordering::Release);
    }

    /// Changes the limit unless one was chosen.
    pub(crate) fn set_default(&self, bytes: usize) {
        if !self.chosen.load(Ordering::Acquire) {
            self.limit.store(bytes, Ordering::Release);
        }
    }

    /// Takes `bytes` for a connection that uses `own` bytes already. False: it has to wait.
    pub(super) fn take(&self, own: usize, bytes: usize) -> bool {
        let limit = self.limit.load(Ordering::Acquire);
        let taken = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
            let after = used + bytes;
            // A message that is larger than the limit passes when nothing else is in use.
            let is_fair = own == 0 || own + bytes <= limit.saturating_sub(after);
            (used == 0 || after <= limit && is_fair).then_some(after)
        });
        taken.is_ok()
    }

    /// Returns `bytes`. The result are the connections that may be served now.
    pub(super) fn give_back(&self, bytes: usize) -> Vec<Weak<dyn Starved>> {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        if self.has_starved.load(Ordering::Acquire) == 0 {
            return Vec::new();
        }
        let mut starved = self.starved.lock().unwrap_or_else(PoisonError::into_inner);
        self.has_starved.store(0, Ordering::Release);
        std::mem::take(&mut *starved)
    }

    /// Serves this connection when bytes are returned.
    pub(super) fn wait_for(&self, account: Weak<dyn Starved>) {
        let mut starved = self.starved.lock().unwrap_or_else(PoisonError::into_inner);
        if !starved.iter().any(|known| std::ptr::addr_eq(known.as_ptr(), account.as_ptr())) {
            starved.push(account);
        }
        self.has_starved.store(starved.len(), Ordering::Release);
    }
}

/// Sets the byte budget of the process for messages that wait, unless a node has chosen one
/// ([`NodeLimits::process_bytes`](crate::NodeLimits::process_bytes)).
pub fn set_default_process_bytes(bytes: usize) {
    PROCESS.set_default(bytes);
}
