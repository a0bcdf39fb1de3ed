//! A connection whose streams are served: one that a peer opened, or one to a server that may call back. It accepts streams
//! more slowly when the peer resets many of them.

use std::sync::Arc;
use std::time::Duration;

use aster_wire::admission::ServiceSummary;
use aster_wire::ending::AdmissionEnd;
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use iroh::endpoint::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::announcement::Announcement;
use super::budget::PeerBudget;
use super::liveness::Liveness;
use super::pace::ResetPace;
use super::path::{PathInfo, PathMeter, Traffic, next_event};
use super::reader::ABORT;
use super::watch::{Watchable, Watched};
use super::{FrameReader, FrameWriter, connection_failure};
use crate::admission::{Caller, Presence};
use crate::endpoint::NodeLimits;
use crate::error::{ConnectError, status};

/// How long a session waits for a place.
const SESSION_PLACE_TIMEOUT: Duration = Duration::from_millis(500);

/// A stream that a peer opened. Dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct IncomingStream {
    pub(crate) writer: FrameWriter,
    pub(crate) reader: FrameReader,
    pub(crate) slot: OwnedSemaphorePermit,
}

/// A connection on which a peer calls this node.
#[derive(Debug)]
pub struct ServedConnection {
    number: u32,
    presence: Arc<Presence>,
    connection: Connection,
    meter: Arc<PathMeter>,
    budget: PeerBudget,
    /// The services that the peer answers on this connection. None on a connection that this node dialled.
    announced: Arc<Announcement>,
    liveness: Liveness,
    /// Slots for streams that are served at the same time.
    slots: Arc<Semaphore>,
    /// Slots for sessions that are open at the same time.
    sessions: Arc<Semaphore>,
    resets: ResetPace,
    limits: NodeLimits,
    /// Cancelled to end the calls of only this connection. A child of the node's token for calls.
    calls: CancellationToken,
    /// Cancelled when the connection is gone.
    gone: CancellationToken,
}

impl ServedConnection {
    pub(crate) fn new(
        number: u32,
        presence: Arc<Presence>,
        connection: Connection,
        budget: PeerBudget,
        announced: Arc<Announcement>,
        limits: &NodeLimits,
        calls: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            number,
            presence,
            meter: PathMeter::of(&connection),
            connection,
            budget,
            announced,
            liveness: Liveness::default(),
            slots: Arc::new(Semaphore::new(limits.max_streams as usize)),
            sessions: Arc::new(Semaphore::new(limits.max_sessions as usize)),
            limits: limits.clone(),
            resets: ResetPace::new(limits.reset_burst, limits.resets_per_second),
            calls,
            gone: CancellationToken::new(),
        })
    }

    /// Number of the connection, unique within its node.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The peer at the other end, as its newest admission says.
    pub fn caller(&self) -> Arc<Caller> {
        self.presence.caller()
    }

    /// The peer, if it is still admitted.
    pub(crate) fn admitted(&self) -> Result<Arc<Caller>, AdmissionEnd> {
        self.presence.admitted()
    }

    /// The network path in use; `None` while none is selected.
    pub fn path(&self) -> Option<PathInfo> {
        if self.connection.close_reason().is_some() { None } else { PathInfo::of(&self.connection) }
    }

    /// Waits until packets take another path than `known`: its address, and whether it uses a relay. False: the connection is
    /// gone. Cancel-safe.
    pub async fn takes_other_path(&self, known: Option<(&str, bool)>) -> bool {
        let mut events = self.connection.path_events();
        loop {
            if self.connection.close_reason().is_some() {
                return false;
            }
            let now = self.path();
            if now.as_ref().map(|path| (path.remote_address.as_str(), path.relayed)) != known {
                return true;
            }
            if next_event(&mut events).await.is_none() {
                return false;
            }
        }
    }

    /// The bytes of this connection so far.
    pub fn traffic(&self) -> Traffic {
        self.meter.traffic()
    }

    /// Waits until the connection is gone.
    pub async fn gone(&self) {
        self.gone.cancelled().await;
    }

    /// Ready when the calls of this connection have to end.
    pub(crate) fn calls_cancelled(&self) -> impl Future<Output = ()> + Send + Sync + use<> {
        self.calls.clone().cancelled_owned()
    }

    /// The status with which calls end that have to end.
    pub(crate) fn ending(&self) -> RpcStatus {
        match self.presence.cause() {
            Some(ended) => ended.status(),
            None => status(Code::Unavailable, "the server is shutting down"),
        }
    }

    /// The byte budget of this connection.
    pub(crate) fn budget(&self) -> &PeerBudget {
        &self.budget
    }

    /// Counts that the peer cancelled a call before its response.
    pub(crate) fn note_reset(&self) {
        self.resets.note();
    }

    /// Waits while the peer has cancelled too many calls.
    pub(crate) async fn paced(&self) {
        self.resets.pace().await;
    }

    /// A place for one more session. Waits for a moment while none is free: the handler of one that is over may be behind.
    pub(crate) async fn session_place(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.sessions).acquire_owned();
        tokio::time::timeout(SESSION_PLACE_TIMEOUT, place).await.ok()?.ok()
    }

    pub(crate) fn limits(&self) -> &NodeLimits {
        &self.limits
    }

    /// The next stream that the peer opens, as soon as a slot is free; `None` after the connection is gone or the admission
    /// of the peer has ended.
    pub(crate) async fn next_stream(&self) -> Option<IncomingStream> {
        let accepting = async {
            self.resets.pace().await;
            let slot = Arc::clone(&self.slots).acquire_owned().await.ok()?;
            // Every error here means that the connection is gone. Its streams get errors of their own.
            let (send, recv) = self.connection.accept_bi().await.ok()?;
            Some((send, recv, slot))
        };
        let accepted = tokio::select! {
            biased;
            _ = self.presence.ended() => None,
            accepted = accepting => accepted,
        };
        let Some((send, recv, slot)) = accepted else {
            if self.presence.cause().is_some() {
                self.calls.cancel();
            }
            self.gone.cancel();
            return None;
        };
        let reader = FrameReader::new(recv, self.budget.clone(), self.limits.body_timeout);
        Some(IncomingStream { writer: FrameWriter::new(send), reader, slot })
    }

    /// A call of the peer runs until the result is dropped.
    pub(crate) fn watched(self: &Arc<Self>) -> Watched {
        Watched::new(self)
    }

    /// The services that the peer answers on this connection.
    pub fn announced_services(&self) -> Arc<[ServiceSummary]> {
        Arc::clone(&self.announced.services)
    }

    /// What the peer announced for this connection.
    pub(crate) fn announced(&self) -> &Arc<Announcement> {
        &self.announced
    }

    /// Whether streams can be opened to the peer.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.close_reason().is_none() && self.presence.cause().is_none()
    }

    /// Opens a stream to the peer.
    pub(crate) async fn open_stream(&self) -> Result<(FrameWriter, FrameReader), ConnectError> {
        let endpoint_id = || self.connection.remote_id().to_string();
        let opened = self.connection.open_bi().await;
        let (send, recv) = opened.map_err(|error| ConnectError::NotConnected {
            endpoint_id: endpoint_id(),
            reason: format!(": {}", connection_failure(&error)),
        })?;
        let reader = FrameReader::new(recv, self.budget.clone(), self.limits.body_timeout);
        Ok((FrameWriter::new(send), reader))
    }
}

impl Watchable for ServedConnection {
    fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    fn current(&self) -> Connection {
        self.connection.clone()
    }

    fn dead_after(&self) -> Duration {
        self.limits.dead_after
    }
}

/// Resets the streams that the peer opens, at a bounded pace, until the connection is gone.
pub(crate) async fn reset_streams(connection: &Connection, limits: &NodeLimits) {
    let pace = ResetPace::new(limits.reset_burst, limits.resets_per_second);
    while let Ok((mut send, mut recv)) = connection.accept_bi().await {
        // A stream that the peer has ended meanwhile needs no end from this side.
        let _ = send.reset(ABORT);
        let _ = recv.stop(ABORT);
        pace.note();
        pace.pace().await;
    }
}
