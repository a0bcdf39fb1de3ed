//! What a program sees of its connection to a server: loss, return, and changes of the network path.

use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_core::Stream as _;
use iroh::endpoint::{Connection, PathEventStream};

use super::watch::{Watchable as _, Watched};
use super::{OutgoingConnection, PathInfo, connection_failure};

/// The state of an outgoing connection, from which its events follow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectionState {
    /// Which connection it is: each dial that succeeds makes a new one.
    pub id: usize,
    /// Whether calls can use it.
    pub up: bool,
    /// Why they cannot; empty when they can.
    pub reason: String,
    /// The address of the path in use, or the URL of its relay; empty while none is selected.
    pub remote_address: String,
    /// Whether the path uses a relay.
    pub relayed: bool,
}

impl OutgoingConnection {
    /// The state now.
    pub fn connection_state(&self) -> ConnectionState {
        self.state_of(&self.current())
    }

    fn state_of(&self, connection: &Connection) -> ConnectionState {
        let reason = match connection.close_reason() {
            Some(error) => connection_failure(&error).to_string(),
            None if self.liveness.is_suspect(connection) => "the server does not answer".to_owned(),
            None => String::new(),
        };
        let up = reason.is_empty();
        let path = if up { PathInfo::of(connection) } else { None };
        let (remote_address, relayed) =
            path.map(|path| (path.remote_address, path.relayed)).unwrap_or_default();
        ConnectionState { id: connection.stable_id(), up, reason, remote_address, relayed }
    }

    /// Waits until the state differs from `known`. `None`: this side has closed the connection. States that follow each
    /// other quickly are seen as one. Cancel-safe.
    ///
    /// While it waits, the peer is watched as while a call runs: the loss of an idle connection is seen when the next keep-alive
    /// packet is not acknowledged.
    pub async fn changed(self: &Arc<Self>, known: &ConnectionState) -> Option<ConnectionState> {
        let _watched = known.up.then(|| Watched::new(self));
        loop {
            let mut changes = pin!(self.changes.notified());
            // Enabled before the state is read, so that no change in between is missed.
            changes.as_mut().enable();
            let connection = self.current();
            let now = self.state_of(&connection);
            if self.is_closed() {
                return None;
            }
            if now != *known {
                return Some(now);
            }
            tokio::select! {
                () = &mut changes => {}
                () = self.closed_by_us() => {}
                _ = connection.closed(), if now.up => {}
                () = next_path(connection.path_events()), if now.up => {}
            }
        }
    }
}

/// Ready at the next event of the stream, or at its end.
async fn next_path(mut events: PathEventStream) {
    std::future::poll_fn(|cx| Pin::new(&mut events).poll_next(cx)).await;
}
