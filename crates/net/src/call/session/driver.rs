//! Opens a session of a client, and reads its stream between two calls.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aster_wire::limit::RecordLimits;
use aster_wire::record::{RpcStatus, StreamHeader};
use aster_wire::session::{ClientEnd, ClientSession as Machine, ClientTimes};
use aster_wire::status::Code;
use tokio::time::timeout;

use super::client::{ClientSession, ClosedBy, SessionClosed, SessionOptions};
use super::client_line::{State, forget_detail, now};
use super::line::{Line, Shared};
use crate::call::channel::Written;
use crate::call::method::ClientMethod;
use crate::connection::Route;
use crate::error::status;

/// How long the last frames of a session may take.
const LAST_FRAME_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client that closed a session waits for the server to finish its side. The reference does so late.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a session could not be opened. Nothing was sent.
#[derive(Debug, Clone)]
pub struct OpenFailure {
    /// The status.
    pub status: RpcStatus,
    /// True when this side created the status, false when the peer refused the connection.
    pub local: bool,
}

/// Opens a session and drives it between calls.
///
/// Lifetime: await [`open`](Self::open), then [`run`](OpenSession::run) until the session is over. Dropping it resets the
/// stream, and the session is lost.
#[derive(Debug)]
pub struct SessionDriver {
    session: ClientSession,
}

/// The driver of a session whose stream is open.
#[derive(Debug)]
pub struct OpenSession {
    session: ClientSession,
    shared: Arc<Shared<State>>,
}

impl SessionDriver {
    /// Opens the stream, and dials again when the connection is gone. The server does not answer: a refusal ends the
    /// session later.
    ///
    /// # Errors
    /// [`OpenFailure`]. Then all calls of the session fail.
    pub async fn open(self) -> Result<OpenSession, OpenFailure> {
        let opened = self.opened().await;
        if let Err(failure) = &opened {
            let (status, last_finished) = (failure.status.clone(), 0);
            self.session.over(SessionClosed { by: ClosedBy::Lost, status, last_finished });
        }
        opened
    }

    async fn opened(&self) -> Result<OpenSession, OpenFailure> {
        let here = |status| OpenFailure { status, local: true };
        let options = &self.session.0.options;
        let header = StreamHeader {
            call_id: options.id.clone(),
            metadata: options.metadata.clone(),
            ..self.session.0.opener.header.clone()
        };
        let encoding = self.session.mode().encoding();
        let (machine, opening) =
            Machine::open(header, encoding, RecordLimits::default(), ClientTimes::default())
                .map_err(|error| here(status(Code::InvalidArgument, error.to_string())))?;
        let _watched = self.session.route().watched();
        let stream = async {
            tokio::select! {
                biased;
                stream = self.session.0.opener.open(self.session.route()) => Some(stream),
                () = self.aborted() => None,
            }
        };
        let stream = match options.timeout {
            None => stream.await,
            Some(limit) => timeout(limit, stream).await.map_err(|_| {
                let text = format!("the session could not be opened within {} ms", limit.as_millis());
                here(status(Code::DeadlineExceeded, text))
            })?,
        };
        let closed = || here(status(Code::Cancelled, "the session was closed before it was open"));
        let (mut writer, reader) = stream
            .ok_or_else(closed)?
            .map_err(|failed| OpenFailure { status: failed.status, local: failed.is_local })?;
        writer.push(opening);
        let line = Line::new(State { machine, over: None }, writer, reader);
        Ok(OpenSession { session: self.session.clone(), shared: Shared::new(line) })
    }

    async fn aborted(&self) {
        while !self.session.is_aborted() {
            self.session.0.changed.notified().await;
        }
    }
}

impl OpenSession {
    /// Drives the session until it is over.
    pub async fn run(self) -> SessionClosed {
        loop {
            let is_ready = self.shared.line().machine.machine.is_ready();
            if is_ready && self.session.give_turn(&self.shared) {
                self.shared.returned().await;
                continue;
            }
            if self.shared.line().machine.over.is_some() {
                break;
            }
            self.between_calls().await;
        }
        let end = self.end();
        self.session.over(end.clone());
        tokio::spawn(last_frames(self.shared, end.by == ClosedBy::User));
        end
    }

    /// Until a call may begin, or the session is over.
    async fn between_calls(&self) {
        let until = self.shared.line().machine.machine.timeout();
        let driven = std::future::poll_fn(|cx| self.poll_between_calls(cx));
        let step = async {
            tokio::select! {
                biased;
                () = driven => {}
                () = self.session.0.changed.notified() => {}
            }
        };
        let Some(at) = until else { return step.await };
        if tokio::time::timeout_at(at.into(), step).await.is_err() {
            let mut line = self.shared.line();
            let facts = line.machine.machine.expire(now());
            line.act(facts, |_| {});
        }
    }

    fn poll_between_calls(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut line = self.shared.line();
        if self.asked_to_end() {
            let facts = line.machine.machine.close();
            line.act(facts, |_| {});
        }
        if line.machine.over.is_some() {
            return Poll::Ready(());
        }
        // A failed write is noticed below, after everything that arrived was read.
        let _ = line.poll_flush(cx);
        line.reader.set_unread(false);
        let was_ready = line.machine.machine.is_ready();
        loop {
            let facts = ready!(line.poll_read(cx));
            line.act(facts, |_| {});
            drop(line.reader.take_reserved());
            if line.machine.over.is_some() || !was_ready && line.machine.machine.is_ready() {
                return Poll::Ready(());
            }
        }
    }

    fn asked_to_end(&self) -> bool {
        let queue = self.session.queue();
        queue.aborted || queue.closing && queue.waiting.is_empty()
    }

    fn end(&self) -> SessionClosed {
        let line = self.shared.line();
        let Some((end, last_finished)) = line.machine.over.clone() else {
            return SessionClosed { by: ClosedBy::Lost, status: RpcStatus::ok(), last_finished: 0 };
        };
        let (by, status) = match end {
            ClientEnd::Closed => (ClosedBy::User, RpcStatus::ok()),
            ClientEnd::ByServer(Some(mut status)) => {
                forget_detail(&mut status);
                (ClosedBy::Server, status)
            }
            ClientEnd::ByServer(None) => {
                (ClosedBy::Server, status(Code::Unavailable, "the server ended the session"))
            }
            ClientEnd::Lost(status) => (ClosedBy::Lost, status),
            ClientEnd::Protocol => {
                (ClosedBy::Client, status(Code::Internal, "the server sent a frame that belongs to no call"))
            }
            ClientEnd::NotAcknowledged => (
                ClosedBy::Client,
                status(Code::Unavailable, "the server did not end a cancelled call in time"),
            ),
        };
        SessionClosed { by, status, last_finished }
    }
}

/// Ends the stream. A session that was closed is finished in order; every other one is reset.
async fn last_frames(shared: Arc<Shared<State>>, in_order: bool) {
    if !in_order {
        let mut line = shared.line();
        line.writer.abort();
        return line.reader.stop();
    }
    let flushed = std::future::poll_fn(|cx| shared.line().poll_flush(cx));
    if !matches!(timeout(LAST_FRAME_TIMEOUT, flushed).await, Ok(Written::Credit(_) | Written::Finished)) {
        return shared.line().writer.abort();
    }
    shared.line().writer.finish();
    let finished = std::future::poll_fn(|cx| shared.line().reader.poll_discard(cx));
    let _ = timeout(FINISH_TIMEOUT, finished).await;
}

impl ClientSession {
    /// A session that its driver opens. Calls may be made at once; they wait until it is open.
    pub(in crate::call) fn new(
        opener: Arc<ClientMethod>,
        route: Route,
        options: SessionOptions,
    ) -> (Self, SessionDriver) {
        let session = Self::of(opener, route, options);
        (session.clone(), SessionDriver { session })
    }
}
