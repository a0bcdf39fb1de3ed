//! An outgoing connection. When it is gone or the peer does not respond, the next call dials again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use aster_wire::admission::{ConsumerResponse, ServiceSummary};
use aster_wire::description::Question;
use iroh::endpoint::Connection;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::budget::PeerBudget;
use super::liveness::{Liveness, UNRESPONSIVE};
use super::path::{PathInfo, PathMeter, Traffic};
use super::relaying::{RelayGate, RelayPolicy};
use super::target::Target;
use super::watch::Watchable;
use super::{FrameReader, FrameWriter, ProcessBudget};
use crate::endpoint::NodeLimits;
use crate::{ALPN_DESCRIBE, ConnectError, description};

/// How often admission is asked for again, because no admission is longer than a day.
const RENEWAL: Duration = Duration::from_hours(12);

/// The services that the server announced at the last admission.
#[derive(Debug)]
struct Announced {
    services: Mutex<Arc<[ServiceSummary]>>,
    /// Counts how often they changed.
    generation: AtomicU64,
}

impl Announced {
    fn new(services: Vec<ServiceSummary>) -> Self {
        Self { services: Mutex::new(services.into()), generation: AtomicU64::new(1) }
    }

    fn replace(&self, services: Vec<ServiceSummary>) {
        let mut known = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        if **known != *services {
            *known = services.into();
            self.generation.fetch_add(1, Ordering::Release);
        }
    }
}

type Dialled = Option<Result<Connection, ConnectError>>;

#[derive(Debug)]
enum State {
    Up(Connection),
    /// One task dials for all waiting calls. Until it succeeds, the previous connection is kept.
    Dialling {
        previous: Connection,
        outcome: watch::Receiver<Dialled>,
    },
    Closed(Connection),
}

impl State {
    fn connection(&self) -> &Connection {
        match self {
            Self::Up(connection) | Self::Closed(connection) => connection,
            Self::Dialling { previous, .. } => previous,
        }
    }
}

/// A connection to a peer that has admitted this node.
///
/// Lifetime: no lock is held during network I/O, so [`close`](Self::close) and [`path`](Self::path) return
/// immediately.
#[derive(Debug)]
pub struct OutgoingConnection {
    target: Arc<Target>,
    limits: NodeLimits,
    budget: PeerBudget,
    state: Mutex<State>,
    announced: Announced,
    relaying: Arc<RelayGate>,
    /// Counts the bytes of the newest connection.
    meter: Mutex<Arc<PathMeter>>,
    closed: CancellationToken,
    pub(super) liveness: Liveness,
    /// Notified when a dial has ended, and when the peer becomes suspect or answers again.
    pub(super) changes: Notify,
}

impl OutgoingConnection {
    /// Dials, asks for admission and opens the RPC connection. Cancelling `closed` ends it.
    pub(crate) async fn connect(
        target: Arc<Target>,
        limits: NodeLimits,
        relay: RelayPolicy,
        closed: CancellationToken,
    ) -> Result<(Arc<Self>, ConsumerResponse), ConnectError> {
        let relaying = RelayGate::new(relay);
        let dial = async {
            let (connection, answer) = target.connect().await?;
            let meter = PathMeter::of(&connection);
            relaying.admit(&connection, &meter).await?;
            Ok::<_, ConnectError>((connection, meter, answer))
        };
        let (connection, meter, answer) = tokio::select! {
            biased;
            () = closed.cancelled() => return Err(ConnectError::Closed),
            dialled = dial => dialled?,
        };
        let this = Arc::new(Self {
            target,
            budget: PeerBudget::new(limits.peer_bytes, limits.body_timeout, ProcessBudget::shared()),
            limits,
            state: Mutex::new(State::Up(connection.clone())),
            announced: Announced::new(answer.services.clone()),
            relaying,
            meter: Mutex::new(meter),
            closed,
            liveness: Liveness::default(),
            changes: Notify::new(),
        });
        this.answer_on(connection);
        this.close_with_token();
        tokio::spawn(renew(Arc::downgrade(&this), this.closed.clone()));
        Ok((this, answer))
    }

    /// Endpoint id of the peer, 64 hex digits.
    pub fn endpoint_id(&self) -> String {
        self.target.endpoint_id()
    }

    /// Asks for admission with another credential, which is used from then on. The connection stays open, and its calls
    /// continue; calls that begin later have the new roles.
    ///
    /// # Errors
    /// [`ConnectError`]; then the credential before stays in use.
    pub async fn readmit(&self, credential: String) -> Result<ConsumerResponse, ConnectError> {
        let answer = tokio::select! {
            biased;
            () = self.closed.cancelled() => return Err(ConnectError::Closed),
            answer = self.target.readmit(credential) => answer?,
        };
        self.announced_again(Some(answer.clone()));
        Ok(answer)
    }

    /// The answer of another admission; none where the last one still counts.
    fn announced_again(&self, answer: Option<ConsumerResponse>) {
        if let Some(answer) = answer {
            self.announced.replace(answer.services);
        }
    }

    /// The network path to the peer; `None` while none is selected.
    pub fn path(&self) -> Option<PathInfo> {
        let connection = self.current();
        if connection.close_reason().is_some() { None } else { PathInfo::of(&connection) }
    }

    /// The bytes of all connections to the peer so far.
    pub fn traffic(&self) -> Traffic {
        self.relaying.before().plus(self.meter().traffic())
    }

    fn meter(&self) -> Arc<PathMeter> {
        Arc::clone(&self.meter.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The services that the server announced at the last admission.
    pub fn announced(&self) -> Arc<[ServiceSummary]> {
        Arc::clone(&*self.announced.services.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts how often the server announced other services than before. It begins with 1.
    pub(crate) fn generation(&self) -> u64 {
        self.announced.generation.load(Ordering::Acquire)
    }

    /// Asks the server for the document of a service. `None`: it has none, or it does not answer within 10 s.
    pub async fn describe(&self, service: &str, version: i64) -> Option<String> {
        let question = Question { service: service.to_owned(), version };
        let connection = self.target.dial(ALPN_DESCRIBE).await.ok()?;
        let document = description::ask(&connection, &question).await;
        connection.close(0u32.into(), b"");
        document
    }

    /// Whether the connection is open. If not, the next call dials again.
    pub fn is_open(&self) -> bool {
        matches!(&*self.state(), State::Up(connection) if connection.close_reason().is_none())
    }

    /// Closes the connection. Running calls end with UNAVAILABLE, and a dial in progress is cancelled. Can be called
    /// twice.
    pub fn close(&self) {
        let connection = {
            let mut state = self.state();
            let connection = state.connection().clone();
            *state = State::Closed(connection.clone());
            connection
        };
        self.closed.cancel();
        connection.close(0u32.into(), b"normal close");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node can be closed before its connections.
    fn close_with_token(self: &Arc<Self>) {
        let closed = self.closed.clone();
        let this = Arc::downgrade(self);
        tokio::spawn(async move {
            closed.cancelled().await;
            if let Some(this) = this.upgrade() {
                this.close();
            }
        });
    }

    /// Opens a stream. Dials again when the connection is gone.
    pub(crate) async fn open_stream(self: &Arc<Self>) -> Result<(FrameWriter, FrameReader), ConnectError> {
        let connection = match self.usable() {
            Some(connection) => connection,
            None => Box::pin(self.redial()).await?,
        };
        let (send, recv) = connection.open_bi().await.map_err(|e| self.target.lost(&e))?;
        let reader = FrameReader::new(recv, self.budget.clone(), self.limits.body_timeout);
        Ok((FrameWriter::new(send), reader.behind(Arc::clone(&self.relaying))))
    }

    /// The byte budget of this connection. A new connection to the same peer keeps it.
    pub(crate) fn budget(&self) -> &PeerBudget {
        &self.budget
    }

    /// The time of the peer after `left`, in milliseconds since 1970.
    pub(crate) fn at_peer(&self, left: Duration) -> i64 {
        self.target.at_peer(left)
    }

    /// Lets the server call back on a connection.
    fn answer_on(&self, connection: Connection) {
        self.target.calls_back().serve(connection, self.budget.clone());
    }

    /// Whether this side has closed the connection.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Ready when this side closes the connection.
    pub(super) async fn closed_by_us(&self) {
        self.closed.cancelled().await;
    }

    /// The connection, if it is open and the peer acknowledges data.
    fn usable(&self) -> Option<Connection> {
        match &*self.state() {
            State::Up(connection) if self.is_usable(connection) => Some(connection.clone()),
            _ => None,
        }
    }

    fn is_usable(&self, connection: &Connection) -> bool {
        connection.close_reason().is_none() && !self.liveness.is_suspect(connection)
    }

    /// Waits for the one dial that replaces the connection; begins it where nobody has.
    pub(super) async fn redial(self: &Arc<Self>) -> Result<Connection, ConnectError> {
        let mut outcome = {
            let mut state = self.state();
            match &*state {
                State::Closed(_) => return Err(ConnectError::Closed),
                State::Up(connection) if self.is_usable(connection) => return Ok(connection.clone()),
                State::Dialling { outcome, .. } => outcome.clone(),
                State::Up(connection) => {
                    let (sender, outcome) = watch::channel(None);
                    let previous = connection.clone();
                    *state = State::Dialling { previous, outcome: outcome.clone() };
                    tokio::spawn(Arc::clone(self).dial(sender));
                    outcome
                }
            }
        };
        let dialled = outcome.wait_for(Option::is_some).await;
        dialled.ok().and_then(|dialled| dialled.clone()).unwrap_or(Err(ConnectError::Closed))
    }

    async fn dial(self: Arc<Self>, outcome: watch::Sender<Dialled>) {
        let dialled = tokio::select! {
            biased;
            () = self.closed.cancelled() => Err(ConnectError::Closed),
            dialled = self.allowed() => dialled,
        };
        let dialled = dialled.map(|(connection, answer)| {
            // Before any call can use the new connection.
            self.announced_again(answer);
            connection
        });
        let dialled = self.settle_dial(dialled);
        // When there is no receiver, no call waits any more.
        let _ = outcome.send(Some(dialled));
    }

    /// A new connection that meets the policy.
    async fn allowed(&self) -> Result<(Connection, Option<ConsumerResponse>), ConnectError> {
        let (connection, answer) = self.target.redial().await?;
        self.relaying.replaced(self.meter().traffic());
        let meter = PathMeter::of(&connection);
        *self.meter.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&meter);
        self.relaying.admit(&connection, &meter).await?;
        Ok((connection, answer))
    }

    fn settle_dial(&self, dialled: Result<Connection, ConnectError>) -> Result<Connection, ConnectError> {
        let mut state = self.state();
        let State::Dialling { previous, .. } = &*state else {
            // The connection was closed in the meantime.
            if let Ok(connection) = &dialled {
                connection.close(0u32.into(), b"normal close");
            }
            return Err(ConnectError::Closed);
        };
        let previous = previous.clone();
        *state = State::Up(dialled.as_ref().unwrap_or(&previous).clone());
        drop(state);
        if let Ok(connection) = &dialled {
            self.answer_on(connection.clone());
        }
        self.changes.notify_waiters();
        // Calls on a connection whose peer is gone would wait for the idle timeout of the transport.
        if dialled.is_ok() && self.liveness.is_suspect(&previous) {
            previous.close(0u32.into(), UNRESPONSIVE);
        }
        dialled
    }
}

impl Watchable for OutgoingConnection {
    fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    fn current(&self) -> Connection {
        self.state().connection().clone()
    }

    fn dead_after(&self) -> Duration {
        self.limits.dead_after
    }

    fn answers_again(&self) {
        self.changes.notify_waiters();
    }

    fn suspected(self: Arc<Self>) {
        self.changes.notify_waiters();
        tracing::debug!(peer = %self.endpoint_id(), "the peer does not answer: dialling anew");
        tokio::spawn(async move { self.redial().await });
    }
}

impl Drop for OutgoingConnection {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

/// Asks for admission again from time to time, as long as the connection is in use.
async fn renew(outgoing: Weak<OutgoingConnection>, closed: CancellationToken) {
    loop {
        tokio::select! {
            () = closed.cancelled() => return,
            () = tokio::time::sleep(RENEWAL) => {}
        }
        let Some(outgoing) = outgoing.upgrade() else { return };
        match outgoing.target.renew().await {
            Ok(answer) => outgoing.announced_again(answer),
            Err(error) => {
                tracing::warn!(peer = %outgoing.endpoint_id(), "the admission was not renewed: {error}");
            }
        }
    }
}
