//! A session with a peer: its calls wait here for their turn.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use tokio::sync::{Notify, oneshot};

use super::client_line::{State, tell_last};
use super::line::{Shared, Turn};
use crate::call::handle::CallHandle;
use crate::call::method::{ClientMethod, Metadata};
use crate::call::payload::Mode;
use crate::connection::Route;
use crate::error::status;

/// What a client says when it opens a session.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Id of the session.
    pub id: String,
    /// Metadata for the handler of the session.
    pub metadata: Metadata,
    /// Time limit for opening the stream.
    pub timeout: Option<Duration>,
}

/// Who ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// The user closed it.
    User,
    /// The server ended it.
    Server,
    /// The connection or the stream is lost.
    Lost,
    /// This side gave it up: the server broke the protocol, or did not end a cancelled call in time.
    Client,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionClosed {
    /// Who ended it.
    pub by: ClosedBy,
    /// Code 0 when it was closed in order.
    pub status: RpcStatus,
    /// The last call of which the server is known to be done, counted from 1; 0 for none.
    pub last_finished: u64,
}

/// A session with a peer. Cheap to clone; dropping it does not close it.
#[derive(Debug, Clone)]
pub struct ClientSession(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    /// The method without a name that opens sessions of the service.
    pub(super) opener: Arc<ClientMethod>,
    pub(super) route: Route,
    pub(super) options: SessionOptions,
    queue: Mutex<Queue>,
    pub(super) changed: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<oneshot::Sender<Turn<State>>>,
    /// Calls of `waiting` that were cancelled since the queue was cleaned.
    cancelled: usize,
    /// No more calls begin after those that wait.
    pub(super) closing: bool,
    /// The call that has the turn.
    running: Option<CallHandle>,
    /// The session ends now.
    pub(super) aborted: bool,
    end: Option<SessionClosed>,
}

impl ClientSession {
    pub(super) fn of(opener: Arc<ClientMethod>, route: Route, options: SessionOptions) -> Self {
        let changed = Notify::new();
        Self(Arc::new(Inner { opener, route, options, queue: Mutex::default(), changed }))
    }

    /// Joins the queue of calls. Without a sender the call learns that the session takes no calls.
    pub(in crate::call) fn queue_up(&self) -> oneshot::Receiver<Turn<State>> {
        let (sender, turn) = oneshot::channel();
        {
            let mut queue = self.queue();
            if !queue.closing && queue.end.is_none() {
                queue.waiting.push_back(sender);
            }
        }
        self.0.changed.notify_one();
        turn
    }

    /// Ends the session after the calls that were made before.
    pub fn close(&self) {
        self.queue().closing = true;
        self.0.changed.notify_one();
    }

    /// Ends the session now: calls that wait fail, and a running call is cancelled.
    pub fn abort(&self) {
        let running = {
            let mut queue = self.queue();
            queue.closing = true;
            queue.aborted = true;
            queue.waiting.clear();
            queue.running.clone()
        };
        if let Some(running) = running {
            running.wake();
        }
        self.0.changed.notify_one();
    }

    /// The session is over. Its calls fail with the reason.
    pub fn has_ended(&self) -> bool {
        self.queue().end.is_some()
    }

    /// The connection of the session.
    pub(super) fn route(&self) -> &Route {
        &self.0.route
    }

    /// The mode of all calls.
    pub(in crate::call) fn mode(&self) -> Mode {
        self.0.opener.request.mode
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call that waited was cancelled. The queue is cleaned when half of it are such calls.
    pub(super) fn note_cancelled(&self) {
        let mut queue = self.queue();
        queue.cancelled += 1;
        if queue.cancelled * 2 > queue.waiting.len() {
            queue.waiting.retain(|sender| !sender.is_closed());
            queue.cancelled = 0;
        }
    }

    /// The call that has the turn now; `None` when it gives it back.
    pub(super) fn set_running(&self, handle: Option<CallHandle>) {
        self.queue().running = handle;
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.queue().aborted
    }

    /// The status of a call that never began because the session is over or closing.
    pub(super) fn not_begun(&self) -> RpcStatus {
        let (end, aborted) = {
            let queue = self.queue();
            (queue.end.clone(), queue.aborted)
        };
        let mut failed = match &end {
            Some(end) if !end.status.is_ok() => {
                let text = format!("the session is over: {}", end.status.message);
                RpcStatus { message: text, ..end.status.clone() }
            }
            _ if aborted => status(Code::Cancelled, "the session was closed"),
            _ => status(Code::FailedPrecondition, "the session is closed"),
        };
        if let Some(end) = end {
            tell_last(&mut failed, end.last_finished);
        }
        failed
    }
}

impl ClientSession {
    /// Ends the queue. Calls that wait learn of it because their senders are dropped.
    pub(super) fn over(&self, end: SessionClosed) {
        let waiting = {
            let mut queue = self.queue();
            queue.end = Some(end);
            std::mem::take(&mut queue.waiting)
        };
        drop(waiting);
    }

    /// Gives the next call that waits its turn. False: none waits.
    pub(super) fn give_turn(&self, shared: &Arc<Shared<State>>) -> bool {
        loop {
            let Some(next) = self.queue().waiting.pop_front() else { return false };
            // The turn of a call that was cancelled in the meantime is over at once.
            if !next.is_closed() && next.send(Turn::new(shared)).is_ok() {
                return true;
            }
        }
    }
}
