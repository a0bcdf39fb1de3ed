//! Whether the peer of a dialled connection still answers, while calls run on it.
//!
//! A process that was killed says nothing, and the transport would take half a minute to notice. A living peer
//! acknowledges what it gets within a round trip. So a connection is suspect when something was sent and nothing was
//! acknowledged for [`SILENCE`]: new calls dial anew, and the calls on it end when the new connection stands. When none can be
//! dialled they end after `dead_after` of silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use iroh::endpoint::Connection;
use tokio::time::Instant;

use super::OutgoingConnection;

/// Silence after something was sent that makes a connection suspect.
const SILENCE: Duration = Duration::from_secs(3);
/// How often the counters of a connection in use are looked at.
const STEP: Duration = Duration::from_millis(500);
/// The reason with which a suspect connection is closed.
pub(super) const UNRESPONSIVE: &[u8] = b"the peer does not answer";

/// The watch over one dialled peer.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    /// Calls that run.
    calls: AtomicUsize,
    watching: AtomicBool,
    /// The suspect connection by its id plus one; 0 for none.
    suspect: AtomicUsize,
}

impl Liveness {
    pub(super) fn is_suspect(&self, connection: &Connection) -> bool {
        self.suspect.load(Ordering::Acquire) == connection.stable_id() + 1
    }

    fn set_suspect(&self, connection: &Connection, suspect: bool) {
        let id = if suspect { connection.stable_id() + 1 } else { 0 };
        self.suspect.store(id, Ordering::Release);
    }
}

/// Counts a call on a connection until it is dropped; meanwhile the peer is watched.
#[derive(Debug)]
pub(crate) struct Watched(Arc<OutgoingConnection>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.liveness.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

impl OutgoingConnection {
    /// A call begins on this connection.
    pub(crate) fn watched(self: &Arc<Self>) -> Watched {
        self.liveness.calls.fetch_add(1, Ordering::AcqRel);
        if !self.liveness.watching.swap(true, Ordering::AcqRel) {
            tokio::spawn(watch(Arc::clone(self)));
        }
        Watched(Arc::clone(self))
    }
}

/// What was seen of a connection.
struct Seen {
    id: usize,
    acknowledged: u64,
    sent: u64,
    /// Since when something was sent that nothing answered.
    unanswered: Option<Instant>,
}

impl Seen {
    fn of(connection: &Connection) -> Self {
        let stats = connection.stats();
        // Acknowledgements, not datagrams: a process that took the place of the peer sends datagrams as well.
        let acknowledged = stats.frame_rx.acks + stats.frame_rx.path_acks;
        Self { id: connection.stable_id(), acknowledged, sent: stats.udp_tx.datagrams, unanswered: None }
    }

    /// Looks again, and says for how long the peer has not answered.
    fn look(&mut self, connection: &Connection) -> Duration {
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

/// Runs while calls run, and after them until the peer has answered what they sent last.
async fn watch(outgoing: Arc<OutgoingConnection>) {
    let liveness = &outgoing.liveness;
    let mut seen = Seen::of(&outgoing.current());
    loop {
        tokio::time::sleep(STEP).await;
        let connection = outgoing.current();
        let silent = seen.look(&connection);
        let is_gone = connection.close_reason().is_some();
        if is_gone || silent.is_zero() {
            if liveness.is_suspect(&connection) && !is_gone {
                liveness.set_suspect(&connection, false);
            }
            if seen.unanswered.is_none() && liveness.calls.load(Ordering::Acquire) == 0 || is_gone {
                liveness.watching.store(false, Ordering::Release);
                // A call that began in between has not started a watch of its own.
                let again = liveness.calls.load(Ordering::Acquire) > 0 && !is_gone;
                if !again || liveness.watching.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
            continue;
        }
        if silent >= outgoing.limits.dead_after {
            connection.close(0u32.into(), UNRESPONSIVE);
        } else if silent >= SILENCE && !liveness.is_suspect(&connection) {
            liveness.set_suspect(&connection, true);
            tracing::debug!(peer = %outgoing.endpoint_id(), "the peer does not answer: dialling anew");
            let redialled = Arc::clone(&outgoing);
            tokio::spawn(async move { redialled.redial().await });
        }
    }
}
