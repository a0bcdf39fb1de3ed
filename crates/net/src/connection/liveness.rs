//! Whether the peer of a connection still acknowledges what it is sent.
//!
//! A process that was killed sends nothing, and the transport would take half a minute to notice. A live peer
//! acknowledges what it gets within a round trip, and a silent connection sends keep-alive packets. So the calls on a
//! connection end after `dead_after` in which something was sent and nothing was acknowledged. An outgoing connection is
//! suspect before, after [`SILENCE`]: new calls dial anew, and the calls on it end when the new connection stands.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use iroh::endpoint::Connection;
use tokio::time::Instant;

/// Silence after something was sent that makes a connection suspect.
pub(super) const SILENCE: Duration = Duration::from_secs(3);
/// The reason with which a suspect connection is closed.
pub(super) const UNRESPONSIVE: &[u8] = b"the peer does not answer";

/// The state of the watch over one peer.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    /// Calls that run.
    pub(super) calls: AtomicUsize,
    pub(super) watching: AtomicBool,
    /// The suspect connection by its id plus one; 0 for none.
    suspect: AtomicUsize,
}

impl Liveness {
    pub(super) fn is_suspect(&self, connection: &Connection) -> bool {
        self.suspect.load(Ordering::Acquire) == connection.stable_id() + 1
    }

    pub(super) fn set_suspect(&self, connection: &Connection, suspect: bool) {
        let id = if suspect { connection.stable_id() + 1 } else { 0 };
        self.suspect.store(id, Ordering::Release);
    }
}

/// The counters of a connection when they were read last.
pub(super) struct Seen {
    id: usize,
    acknowledged: u64,
    sent: u64,
    /// Since when data has been sent without an acknowledgement.
    pub(super) unanswered: Option<Instant>,
}

impl Seen {
    pub(super) fn of(connection: &Connection) -> Self {
        let stats = connection.stats();
        // Acknowledgements, not datagrams: a process that took the place of the peer sends datagrams as well.
        let acknowledged = stats.frame_rx.acks + stats.frame_rx.path_acks;
        Self { id: connection.stable_id(), acknowledged, sent: stats.udp_tx.datagrams, unanswered: None }
    }

    /// Reads the counters again. Returns for how long the peer has acknowledged nothing.
    pub(super) fn look(&mut self, connection: &Connection) -> Duration {
        let now = Self::of(connection);
        if now.id != self.id || now.acknowledged != self.acknowledged {
            *self = now;
            return Duration::ZERO;
        }
        if now.sent != self.sent {
            self.unanswered.get_or_insert_with(Instant::now);
        }
        self.unanswered.map_or(Duration::ZERO, |since| since.elapsed())
    }
}
