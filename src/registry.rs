//! Ports, nodes, connections, links and plans by number. TypeScript only has the numbers, never a native object.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use aster_codec::{Plan, RowLayout};
use aster_link::Link;
use aster_net::{Agreement, Callee, Node};
use aster_port::Port;
#[cfg(feature = "registry")]
use aster_registry::node::Watcher;

use crate::doorbell::Bell;
use crate::error::Failure;
use crate::outcomes::Outcomes;
use crate::registry_slot::RegistrySlot;
use crate::shared::Share;

/// Objects by number. A number is never reused within a process.
pub(crate) struct Table<T> {
    what: &'static str,
    entries: Mutex<(u32, Option<HashMap<u32, T>>)>,
}

impl<T: Clone> Table<T> {
    const fn new(what: &'static str) -> Self {
        Self { what, entries: Mutex::new((0, None)) }
    }

    pub(crate) fn insert(&self, entry: T) -> u32 {
        let mut guard = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, entries) = &mut *guard;
        *last += 1;
        entries.get_or_insert_default().insert(*last, entry);
        *last
    }

    pub(crate) fn get(&self, number: u32) -> Result<T, Failure> {
        let guard = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        guard
            .1
            .as_ref()
            .and_then(|entries| entries.get(&number))
            .cloned()
            .ok_or_else(|| Failure::handle(self.what))
    }

    pub(crate) fn remove(&self, number: u32) -> Option<T> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).1.as_mut()?.remove(&number)
    }

    /// All current entries.
    pub(crate) fn all(&self) -> Vec<T> {
        let guard = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        guard.1.as_ref().map(|entries| entries.values().cloned().collect()).unwrap_or_default()
    }

    /// Removes every entry that `matches`.
    pub(crate) fn remove_where(&self, mut matches: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut guard = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entries) = guard.1.as_mut() else {
            return Vec::new();
        };
        entries.extract_if(|_, entry| matches(entry)).map(|(_, entry)| entry).collect()
    }
}

/// A port, the doorbell of its environment, and the results that the environment has not taken yet.
#[derive(Clone)]
pub(crate) struct PortEntry {
    pub(crate) port: Arc<Port>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) outcomes: Arc<Outcomes>,
}

/// A node and the port that started it.
#[derive(Clone)]
pub(crate) struct NodeEntry {
    pub(crate) node: Arc<Node>,
    pub(crate) owner: u32,
    /// For an endpoint that may have other users.
    pub(crate) share: Option<Arc<Share>>,
    /// The registry of the node.
    pub(crate) registry: RegistrySlot,
}

/// A watch, its node, and the port that watches.
#[cfg(feature = "registry")]
#[derive(Clone)]
pub(crate) struct WatchEntry {
    pub(crate) watcher: Arc<Watcher>,
    pub(crate) node: Arc<Node>,
    pub(crate) owner: u32,
}

impl NodeEntry {
    /// Closes the node. A shared node is closed after its last user.
    pub(crate) async fn close(self) {
        match self.share {
            None => {
                self.registry.close().await;
                self.node.close().await;
            }
            Some(share) => share.leave().await,
        }
    }
}

/// A peer that is called, its node, and the port that calls it.
#[derive(Clone)]
pub(crate) struct PeerEntry {
    pub(crate) peer: Callee,
    pub(crate) node: u32,
    pub(crate) owner: u32,
}

/// A link with faults, and the port that started it.
#[derive(Clone)]
pub(crate) struct LinkEntry {
    pub(crate) link: Arc<Link>,
    pub(crate) owner: u32,
}

/// A relay, and the port that started it.
#[cfg(feature = "relay")]
#[derive(Clone)]
pub(crate) struct RelayEntry {
    pub(crate) relay: Arc<tokio::sync::Mutex<Option<aster_relay::Relay>>>,
    pub(crate) owner: u32,
}

pub(crate) static PORTS: Table<PortEntry> = Table::new("port");
pub(crate) static NODES: Table<NodeEntry> = Table::new("node");
pub(crate) static PEERS: Table<PeerEntry> = Table::new("connection");
#[cfg(feature = "registry")]
pub(crate) static WATCHES: Table<WatchEntry> = Table::new("watch");
pub(crate) static LINKS: Table<LinkEntry> = Table::new("link");
#[cfg(feature = "relay")]
pub(crate) static RELAYS: Table<RelayEntry> = Table::new("relay");
/// What clients know of services. One for each service of the program, never removed.
pub(crate) static AGREEMENTS: Table<Arc<Agreement>> = Table::new("agreement");

/// Plans by number, and by the schema text that they were compiled from: equal schemas share one plan.
struct Plans {
    plans: Vec<Arc<Plan>>,
    by_text: HashMap<String, u32>,
}

static PLANS: LazyLock<Mutex<Plans>> =
    LazyLock::new(|| Mutex::new(Plans { plans: vec![Arc::new(Plan::dynamic())], by_text: HashMap::new() }));

/// The number of the plan for `text`. A new plan is compiled with `compile`.
pub(crate) fn plan_of(
    text: &str,
    compile: impl FnOnce() -> Result<Plan, Failure>,
) -> Result<(u32, Arc<Plan>), Failure> {
    let mut table = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(&number) = table.by_text.get(text) {
        return Ok((number, Arc::clone(&table.plans[number as usize])));
    }
    let plan = Arc::new(compile()?);
    let number = table.plans.len() as u32;
    table.plans.push(Arc::clone(&plan));
    table.by_text.insert(text.to_owned(), number);
    Ok((number, plan))
}

/// The plan with a number from [`plan_of`].
pub(crate) fn plan(number: u32) -> Result<Arc<Plan>, Failure> {
    let table = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    table.plans.get(number as usize).cloned().ok_or_else(|| Failure::handle("plan"))
}

type RowLayouts = Mutex<HashMap<(u32, u32), Arc<RowLayout>>>;

static ROW_LAYOUTS: LazyLock<RowLayouts> = LazyLock::new(RowLayouts::default);

/// The layout of a root of a plan. It is made by `make` once and kept, because rows are checked often and plans are
/// never freed.
pub(crate) fn row_layout_of(
    number: u32,
    root: u32,
    make: impl FnOnce(&Plan) -> Result<RowLayout, Failure>,
) -> Result<Arc<RowLayout>, Failure> {
    let known = || ROW_LAYOUTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(layout) = known().get(&(number, root)) {
        return Ok(Arc::clone(layout));
    }
    let layout = Arc::new(make(&*plan(number)?)?);
    known().insert((number, root), Arc::clone(&layout));
    Ok(layout)
}
