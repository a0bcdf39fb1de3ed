//! What outlives a generation of the registry: what is known, who watches, and the clocks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aster_net::Node;
use aster_wire::address::NodeAddr;
use aster_wire::admission::ServiceSummary;
use tokio::sync::{Notify, watch};

use super::clock::epoch_ms;
use super::members::Directory;
use super::options::RegistryOptions;
use super::watch::Watchers;
use crate::core::book::{Book, ServiceChange};
use crate::core::health::Health;
use crate::core::time::Moment;

/// What the admission answer of a named member announced.
#[derive(Debug, Clone)]
pub(crate) struct Announced {
    pub(crate) address: NodeAddr,
    pub(crate) services: Vec<ServiceSummary>,
}

/// The state of a registry.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) node: Arc<Node>,
    pub(crate) options: RegistryOptions,
    pub(crate) watchers: Watchers,
    pub(crate) directory: Directory,
    /// Rings when a named member was read for the first time, or cannot be.
    pub(crate) settled: Notify,
    started: Instant,
    turn: AtomicU64,
    book: Mutex<Book>,
    announced: Mutex<HashMap<String, Announced>>,
    wanted: Mutex<Wanted>,
    /// The newest round-trip times, by endpoint id.
    rtts: Mutex<HashMap<String, Duration>>,
    /// Grows when this node has something to tell its members.
    pub(crate) news: watch::Sender<u64>,
}

/// What this node says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) health: HashMap<String, Health>,
    pub(crate) load: Option<f64>,
    pub(crate) draining: bool,
}

impl Wanted {
    /// The health of a service.
    pub(crate) fn health(&self, service: &str) -> Health {
        if self.draining {
            return Health::Draining;
        }
        self.health.get(service).copied().unwrap_or(Health::Ready)
    }
}

impl Shared {
    pub(crate) fn new(node: Arc<Node>, options: RegistryOptions) -> Self {
        let directory = Directory::new(&node, &options);
        let book = Mutex::new(Book::new(options.timing));
        Self {
            node,
            options,
            watchers: Watchers::default(),
            directory,
            settled: Notify::new(),
            started: Instant::now(),
            turn: AtomicU64::new(0),
            book,
            announced: Mutex::default(),
            wanted: Mutex::default(),
            rtts: Mutex::default(),
            news: watch::Sender::new(0),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment { steady: self.started.elapsed(), epoch_ms: epoch_ms() }
    }

    /// What stands for the set of members that this node knows.
    pub(crate) fn digest(&self) -> String {
        self.directory.digest(!self.node.services().is_empty())
    }

    pub(crate) fn turn(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn announced(&self) -> MutexGuard<'_, HashMap<String, Announced>> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rtts(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        self.rtts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the book, and tells those who watch. The lock is not held meanwhile.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Book, Moment) -> Vec<ServiceChange>) {
        let now = self.now();
        let changes = change(&mut self.book(), now);
        self.watchers.tell(changes);
    }
}
