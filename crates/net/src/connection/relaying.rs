//! Whether a connection may use a relay: the policy of the one who dials, enforced on each connection to the peer.
//!
//! A relay carries the first packets of most connections, and the packets with which two peers find a direct path. The policy
//! is about what comes after them: no call begins while it is not met, and a connection that stops meeting it is closed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iroh::endpoint::{Connection, PathEventStream, WeakConnectionHandle};

use super::PathInfo;
use super::path::{PathMeter, Traffic, next_event};
use crate::error::ConnectError;

/// How long a call waits for a direct path where it needs one.
const DIRECT_WAIT: Duration = Duration::from_secs(5);
/// How often the bytes are counted while they go through a relay and a budget limits them.
const COUNT_STEP: Duration = Duration::from_millis(20);
/// The code and the reason with which a connection is closed that does not meet the policy.
const CLOSE_CODE: u32 = 0;
const CLOSE_REASON: &[u8] = b"relay refused";

/// Whether the calls of a connection may go through a relay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RelayPolicy {
    /// They may.
    #[default]
    Allow,
    /// They may not: calls need a direct path.
    Forbid,
    /// They must. The endpoint has no direct paths.
    Only,
    /// At most so many bytes, in both directions together, for all connections to the peer. After that as `Forbid`.
    AtMost(u64),
}

/// The policy of one peer that is dialled, and what was used of it.
#[derive(Debug)]
pub(super) struct RelayGate {
    policy: RelayPolicy,
    /// The connections before the current one.
    before: Mutex<Traffic>,
    /// Bytes through relays, of the connections before the current one and of what was seen of that.
    relayed: AtomicU64,
    /// The current connection was closed because it did not meet the policy.
    refused: AtomicBool,
}

impl RelayGate {
    pub(super) fn new(policy: RelayPolicy) -> Arc<Self> {
        Arc::new(Self {
            policy,
            before: Mutex::default(),
            relayed: AtomicU64::new(0),
            refused: AtomicBool::new(false),
        })
    }

    /// Whether the current connection was closed because it did not meet the policy.
    pub(super) fn has_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }

    /// The connections before the current one.
    pub(super) fn before(&self) -> Traffic {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection is gone that carried so much.
    pub(super) fn replaced(&self, traffic: Traffic) {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        *before = before.plus(traffic);
        self.relayed.store(before.relayed, Ordering::Release);
    }

    fn needs_direct(&self) -> bool {
        match self.policy {
            RelayPolicy::Allow | RelayPolicy::Only => false,
            RelayPolicy::Forbid => true,
            RelayPolicy::AtMost(limit) => self.relayed.load(Ordering::Acquire) >= limit,
        }
    }

    /// Waits until a new connection meets the policy, and watches it from then on. Closes it when it does not.
    pub(super) async fn admit(
        self: &Arc<Self>,
        connection: &Connection,
        meter: &Arc<PathMeter>,
    ) -> Result<(), ConnectError> {
        if self.policy == RelayPolicy::Allow {
            return Ok(());
        }
        // Before the path is looked at, so that no change is missed.
        let events = connection.path_events();
        let meets = if self.needs_direct() {
            tokio::time::timeout(DIRECT_WAIT, direct(connection)).await.unwrap_or(false)
        } else {
            true
        };
        if !meets {
            connection.close(CLOSE_CODE.into(), CLOSE_REASON);
            return Err(ConnectError::RelayRefused {
                endpoint_id: connection.remote_id().to_string(),
                why: self.why(),
            });
        }
        self.refused.store(false, Ordering::Release);
        let guard =
            Guard { gate: Arc::clone(self), meter: Arc::clone(meter), connection: connection.weak_handle() };
        tokio::spawn(guard.run(events));
        Ok(())
    }

    /// Why the policy is not met.
    pub(super) fn why(&self) -> String {
        match self.policy {
            RelayPolicy::AtMost(limit) => {
                format!("{limit} bytes went through relays, and there is no direct path")
            }
            RelayPolicy::Only => "only paths through a relay are allowed".to_owned(),
            RelayPolicy::Allow | RelayPolicy::Forbid => {
                "there is no direct path, and relays are forbidden".to_owned()
            }
        }
    }
}

/// Ready with true when packets take a direct path, with false when the connection is gone.
async fn direct(connection: &Connection) -> bool {
    let mut events = connection.path_events();
    loop {
        if PathInfo::of(connection).is_some_and(|path| !path.relayed) {
            return true;
        }
        if next_event(&mut events).await.is_none() {
            return false;
        }
    }
}

/// Watches one connection.
struct Guard {
    gate: Arc<RelayGate>,
    meter: Arc<PathMeter>,
    connection: WeakConnectionHandle,
}

impl Guard {
    async fn run(self, mut events: PathEventStream) {
        loop {
            let Some(connection) = self.connection.upgrade() else { return };
            let relayed = PathInfo::of(&connection).map(|path| path.relayed);
            if !self.meets(relayed) {
                self.gate.refused.store(true, Ordering::Release);
                let peer = connection.remote_id();
                tracing::warn!(%peer, "the connection is closed: {}", self.gate.why());
                return connection.close(CLOSE_CODE.into(), CLOSE_REASON);
            }
            let counts = relayed != Some(false) && matches!(self.gate.policy, RelayPolicy::AtMost(_));
            drop(connection);
            tokio::select! {
                event = next_event(&mut events) => if event.is_none() { return },
                () = tokio::time::sleep(COUNT_STEP), if counts => {}
            }
        }
    }

    fn meets(&self, relayed: Option<bool>) -> bool {
        match (self.gate.policy, relayed) {
            (RelayPolicy::Only, Some(relayed)) => relayed,
            (RelayPolicy::Forbid, Some(relayed)) => !relayed,
            (RelayPolicy::AtMost(limit), Some(true)) => {
                let bytes = self.gate.before().plus(self.meter.traffic()).relayed;
                self.gate.relayed.store(bytes, Ordering::Release);
                bytes < limit
            }
            _ => true,
        }
    }
}
