//! Watches the peer of a connection while calls run on it, in either direction.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use iroh::endpoint::Connection;

use super::liveness::{Liveness, SILENCE, Seen, UNRESPONSIVE};

/// How often the counters of a connection in use are read.
const STEP: Duration = Duration::from_millis(500);

/// A connection whose peer is watched while calls run.
pub(super) trait Watchable: std::fmt::Debug + Send + Sync + 'static {
    fn liveness(&self) -> &Liveness;
    /// The newest connection, which may be closed.
    fn current(&self) -> Connection;
    /// The calls end when the peer has acknowledged nothing for this long.
    fn dead_after(&self) -> Duration;
    /// The peer has acknowledged nothing for [`SILENCE`].
    fn suspected(self: Arc<Self>) {}
    /// The peer that was suspected has acknowledged something.
    fn answers_again(&self) {}
}

/// Counts a call on a connection until it is dropped. While calls are counted, the peer is watched.
#[derive(Debug)]
pub(crate) struct Watched(Arc<dyn Watchable>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.liveness().calls.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Watched {
    /// A call begins on this connection.
    pub(super) fn new<W: Watchable>(connection: &Arc<W>) -> Self {
        let liveness = connection.liveness();
        liveness.calls.fetch_add(1, Ordering::AcqRel);
        if !liveness.watching.swap(true, Ordering::AcqRel) {
            tokio::spawn(watch(Arc::clone(connection)));
        }
        Self(Arc::clone(connection) as Arc<dyn Watchable>)
    }
}

/// Runs while there are calls, and after them until the peer has acknowledged what they sent last.
async fn watch<W: Watchable>(watched: Arc<W>) {
    let liveness = watched.liveness();
    let mut seen = Seen::of(&watched.current());
    loop {
        tokio::time::sleep(STEP).await;
        let connection = watched.current();
        let silent = seen.look(&connection);
        let is_gone = connection.close_reason().is_some();
        if is_gone || silent.is_zero() {
            if liveness.is_suspect(&connection) && !is_gone {
                liveness.set_suspect(&connection, false);
                watched.answers_again();
            }
            // Calls that are left when the connection is gone wait for the one that replaces it.
            let is_over = is_gone || seen.unanswered.is_none();
            if is_over && liveness.calls.load(Ordering::Acquire) == 0 {
                liveness.watching.store(false, Ordering::Release);
                // A call that began in between has not started a watch of its own.
                let again = liveness.calls.load(Ordering::Acquire) > 0;
                if !again || liveness.watching.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
            continue;
        }
        if silent >= watched.dead_after() {
            connection.close(0u32.into(), UNRESPONSIVE);
        } else if silent >= SILENCE && !liveness.is_suspect(&connection) {
            liveness.set_suspect(&connection, true);
            Arc::clone(&watched).suspected();
        }
    }
}
