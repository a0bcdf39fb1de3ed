//! The network path of a connection, and the bytes that went over it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_core::Stream as _;
use iroh::TransportAddr;
use iroh::endpoint::{Connection, Path, PathEvent, PathEventStream, PathId, PathStats, WeakConnectionHandle};

/// The network path that a connection uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathInfo {
    /// Address of the peer on this path, or the URL of the relay.
    pub remote_address: String,
    /// Whether the path uses a relay.
    pub relayed: bool,
    /// Smoothed round-trip time.
    pub rtt: Duration,
}

impl PathInfo {
    /// The path that `connection` uses now; `None` while none is selected.
    pub fn of(connection: &Connection) -> Option<Self> {
        let paths = connection.paths();
        let selected = paths.iter().find(Path::is_selected)?;
        let remote_address = match selected.remote_addr() {
            TransportAddr::Ip(address) => address.to_string(),
            TransportAddr::Relay(url) => url.to_string(),
            other => format!("{other:?}"),
        };
        Some(Self { remote_address, relayed: selected.is_relay(), rtt: selected.rtt() })
    }
}

/// Bytes in both directions, with the headers of QUIC and without those of UDP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Over direct paths.
    pub direct: u64,
    /// Through relays.
    pub relayed: u64,
}

impl Traffic {
    fn add(&mut self, relayed: bool, bytes: u64) {
        if relayed {
            self.relayed += bytes;
        } else {
            self.direct += bytes;
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { direct: self.direct + other.direct, relayed: self.relayed + other.relayed }
    }
}

/// Counts the bytes of a connection over all paths that it ever had. The transport forgets a path that is closed.
#[derive(Debug)]
pub(super) struct PathMeter {
    connection: WeakConnectionHandle,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    /// The paths that were open when they were looked at last, with what they carried until then. Not more than the transport opens.
    open: BTreeMap<PathId, (bool, u64)>,
    closed: Traffic,
}

impl PathMeter {
    /// Counts until the connection is gone. It does not keep the connection alive.
    pub(super) fn of(connection: &Connection) -> Arc<Self> {
        let meter = Arc::new(Self { connection: connection.weak_handle(), counted: Mutex::default() });
        tokio::spawn(count(Arc::clone(&meter), connection.path_events()));
        meter
    }

    /// What the connection carried so far.
    pub(super) fn traffic(&self) -> Traffic {
        let open = self.connection.upgrade();
        let mut counted = self.counted();
        if let Some(connection) = open {
            counted.look(&connection);
        }
        counted.total()
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn look(&mut self, connection: &Connection) {
        // Its paths stay in the list, and each has an event of its own with the last figures.
        if connection.close_reason().is_some() {
            return;
        }
        for path in connection.paths().iter() {
            let bytes = bytes_of(&path.stats());
            let entry = self.open.entry(path.id()).or_insert((path.is_relay(), 0));
            entry.1 = entry.1.max(bytes);
        }
    }

    fn total(&self) -> Traffic {
        let mut total = self.closed;
        self.open.values().for_each(|(relayed, bytes)| total.add(*relayed, *bytes));
        total
    }

    fn closed(&mut self, id: PathId, relayed: bool, bytes: u64) {
        let known = self.open.remove(&id).map_or(0, |(_, bytes)| bytes);
        self.closed.add(relayed, known.max(bytes));
    }

    /// Events were lost: paths that are not open any more count with what was known of them.
    fn catch_up(&mut self, connection: &Connection) {
        self.look(connection);
        let open: Vec<PathId> = connection.paths().iter().map(|path| path.id()).collect();
        let gone: Vec<_> =
            self.open.iter().filter(|(id, _)| !open.contains(id)).map(|(id, it)| (*id, *it)).collect();
        for (id, (relayed, bytes)) in gone {
            self.closed(id, relayed, bytes);
        }
    }
}

async fn count(meter: Arc<PathMeter>, mut events: PathEventStream) {
    while let Some(event) = next_event(&mut events).await {
        let open = meter.connection.upgrade();
        let mut counted = meter.counted();
        match event {
            PathEvent::Closed { id, remote_addr, last_stats, .. } => {
                counted.closed(id, remote_addr.is_relay(), bytes_of(&last_stats));
            }
            PathEvent::Lagged { .. } => {
                if let Some(connection) = open {
                    counted.catch_up(&connection);
                }
            }
            _ => {
                if let Some(connection) = open {
                    counted.look(&connection);
                }
            }
        }
    }
}

/// The next event; `None` when the connection is gone.
pub(super) async fn next_event(events: &mut PathEventStream) -> Option<PathEvent> {
    std::future::poll_fn(|cx| Pin::new(&mut *events).poll_next(cx)).await
}

fn bytes_of(stats: &PathStats) -> u64 {
    stats.udp_tx.bytes + stats.udp_rx.bytes
}
