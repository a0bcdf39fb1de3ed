//! Those who watch a service, and what they have not taken yet.
//!
//! A watcher that is slow loses no end state: of each endpoint only the newest change waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::core::book::{Change, ServiceChange};

/// Which endpoint a change is about.
type About = (String, String);

#[derive(Debug, Default)]
struct Waiting {
    changes: BTreeMap<About, Change>,
    closed: bool,
}

#[derive(Debug)]
struct Inbox {
    service: String,
    waiting: Mutex<Waiting>,
    news: Notify,
}

impl Inbox {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, change: Change) {
        let about = match &change {
            Change::Up(found) => (found.endpoint_id.clone(), found.contract_id.clone()),
            Change::Down { endpoint_id, contract_id, .. } => (endpoint_id.clone(), contract_id.clone()),
        };
        self.waiting().changes.insert(about, change);
        self.news.notify_one();
    }

    fn close(&self) {
        self.waiting().closed = true;
        self.news.notify_one();
    }
}

/// The changes of one service. Dropping it ends the watch.
#[derive(Debug)]
pub struct Watcher(Arc<Inbox>);

impl Watcher {
    /// The changes since the last call, at least one. `None`: the watch or the registry is closed.
    pub async fn next(&self) -> Option<Vec<Change>> {
        loop {
            {
                let mut waiting = self.0.waiting();
                if !waiting.changes.is_empty() {
                    return Some(std::mem::take(&mut waiting.changes).into_values().collect());
                }
                if waiting.closed {
                    return None;
                }
            }
            self.0.news.notified().await;
        }
    }

    /// Ends the watch: the call that waits now returns `None`.
    pub fn close(&self) {
        self.0.close();
    }
}

/// All watchers of a registry.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    inboxes: Mutex<Vec<Weak<Inbox>>>,
}

impl Watchers {
    /// A watcher that first gets these changes.
    pub(crate) fn add(&self, service: String, first: impl IntoIterator<Item = Change>) -> Watcher {
        let inbox = Arc::new(Inbox { service, waiting: Mutex::default(), news: Notify::new() });
        first.into_iter().for_each(|change| inbox.put(change));
        let mut inboxes = self.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
        inboxes.retain(|known| known.strong_count() > 0);
        inboxes.push(Arc::downgrade(&inbox));
        Watcher(inbox)
    }

    /// Tells those who watch the service.
    pub(crate) fn tell(&self, changes: Vec<ServiceChange>) {
        if changes.is_empty() {
            return;
        }
        let inboxes = self.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
        for ServiceChange { service, change } in changes {
            for inbox in inboxes.iter().filter_map(Weak::upgrade).filter(|inbox| inbox.service == service) {
                inbox.put(change.clone());
            }
        }
    }

    /// Ends all watches.
    pub(crate) fn close(&self) {
        let inboxes = std::mem::take(&mut *self.inboxes.lock().unwrap_or_else(PoisonError::into_inner));
        inboxes.iter().filter_map(Weak::upgrade).for_each(|inbox| inbox.close());
    }
}
