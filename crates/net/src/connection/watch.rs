//! Watches the peer of an outgoing connection while calls run on it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::OutgoingConnection;
use super::liveness::{SILENCE, Seen, UNRESPONSIVE};

/// How often the counters of a connection in use are read.
const STEP: Duration = Duration::from_millis(500);

/// Counts a call on a connection until it is dropped. While calls are counted, the peer is watched.
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

/// Runs while there are calls, and after them until the peer has acknowledged what they sent last.
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
