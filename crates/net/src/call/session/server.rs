//! The server side of a session: the task that reads between two calls, and leads each call to the handler.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aster_trust::attributes::strip_reserved;
use aster_wire::ending::AdmissionEnd;
use aster_wire::limit::RecordLimits;
use aster_wire::record::{CallHeader, RpcStatus, StreamHeader};
use aster_wire::session::{AbortCause, CallNumber, SESSION_DETAIL, ServerEnd, ServerSession as Machine};
use aster_wire::status::Code;
use bytes::Bytes;
use tokio::time::{Instant, Sleep, timeout};

use super::answering::Answering;
use super::line::{Line, Shared, Turn};
use super::served::{ServedSession, SessionEnd};
use super::server_line::{Fact, State, is_reset};
use crate::call::calls::CallServer;
use crate::call::channel::Written;
use crate::call::conversion::Intake;
use crate::call::handle::CallHandle;
use crate::call::handler::{Serving, SessionHandler};
use crate::call::header::{judge_in_session, own_deadline};
use crate::call::payload::{Mode, PayloadCodec};
use crate::call::server::{Opening, ServerCall, Stream};
use crate::call::service::Service;
use crate::connection::Reserved;
use crate::error::status;

/// How long the last frame of a session may take.
const LAST_FRAME_TIMEOUT: Duration = Duration::from_secs(5);

/// How long leftover input is drained after a session that this side ended.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the next call waits for a handler that still runs after its call ended.
const HANDLER_GRACE: Duration = Duration::from_millis(500);

/// The refusal of a session. Its detail tells the client that no call of the session ran.
pub(in crate::call) fn not_opened(mut refusal: RpcStatus) -> RpcStatus {
    refusal.details.insert(0, (SESSION_DETAIL.to_owned(), "closed".to_owned()));
    refusal
}

/// The handler of one session. It learns of the end exactly once, also when the task of the session is dropped.
struct Instance {
    handler: Box<dyn SessionHandler>,
    session: Arc<ServedSession>,
    end: SessionEnd,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.session.set_over();
        self.handler.ended(self.end);
    }
}

/// Serves one session.
pub(in crate::call) struct SessionServer<'a> {
    server: &'a CallServer,
    service: Arc<Service>,
    mode: Mode,
    session: Arc<ServedSession>,
    shared: Arc<Shared<State>>,
    closing: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
    /// Ready when no call has come for the longest time that is allowed.
    idle: Option<Pin<Box<Sleep>>>,
}

impl<'a> SessionServer<'a> {
    /// Serves the session that `header` opens, until it is over.
    pub(in crate::call) async fn serve(
        server: &'a CallServer,
        mut stream: Box<Stream>,
        header: StreamHeader,
        service: Arc<Service>,
        mode: Mode,
    ) {
        let connection = Arc::clone(&stream.connection);
        stream.machine.refuse(mode.encoding());
        let Some(place) = connection.session_place().await else {
            let text = "the connection has as many open sessions as the server allows";
            return Box::pin(stream.refuse(not_opened(status(Code::ResourceExhausted, text)))).await;
        };
        let closing = server.draining.child_token();
        let definition = Arc::clone(service.definition());
        let session = ServedSession::new(header, definition, connection, closing.clone(), place);
        let Some(handler) = service.handler() else {
            let gone = status(Code::Unavailable, "the service is no longer served");
            return Box::pin(stream.refuse(not_opened(gone))).await;
        };
        let Some(handler) = handler.open_session(&session) else {
            let none = status(Code::Unimplemented, "the handler of the service has no sessions");
            return Box::pin(stream.refuse(not_opened(none))).await;
        };
        drop(stream.channel.reader.take_reserved());
        let (writer, reader) = stream.into_parts();
        let limits = session.connection().limits();
        let machine = Machine::new(mode.encoding(), RecordLimits::default(), limits.body_timeout);
        let line = Line::new(State { machine, facts: VecDeque::new() }, writer, reader);
        let counted = server.sessions.token();
        let this = Self {
            server,
            mode,
            shutdown: Box::pin(session.connection().calls_cancelled()),
            closing: Box::pin(closing.cancelled_owned()),
            idle: limits.session_idle.map(|limit| Box::pin(tokio::time::sleep(limit))),
            service,
            shared: Shared::new(line),
            session: Arc::clone(&session),
        };
        let instance = Instance { handler, session, end: SessionEnd::Lost };
        let shared = this.run(instance).await;
        drop(counted);
        drain(&shared).await;
    }

    async fn run(mut self, mut instance: Instance) -> Arc<Shared<State>> {
        let mut calls = false;
        let end = loop {
            match std::future::poll_fn(|cx| self.poll_boundary(cx)).await {
                Fact::Call(call, header) => {
                    calls = true;
                    self.serve_call(&instance, call, header).await;
                }
                Fact::Over(end) => break end,
                Fact::Aborted(cause) => self.note(cause),
                // They belong to a call that this task has ended already.
                Fact::Message(_) | Fact::InputEnd | Fact::Refused(_) => {}
            }
        };
        // Opening sessions costs more than resetting calls.
        if !calls {
            self.session.connection().note_reset();
        }
        instance.end = end.into();
        drop(instance);
        self.last_frame(end).await;
        self.shared
    }

    /// The next fact between two calls. Nothing is read while frames wait to be written.
    fn poll_boundary(&mut self, cx: &mut Context<'_>) -> Poll<Fact> {
        let mut line = self.shared.line();
        loop {
            if let Some(fact) = line.next_fact() {
                return Poll::Ready(fact);
            }
            if self.shutdown.as_mut().poll(cx).is_ready() {
                line.abort(&self.session.connection().ending());
                continue;
            }
            let flushed = line.poll_flush(cx);
            if matches!(flushed, Poll::Ready(Written::Failed)) {
                line.lost();
                continue;
            }
            let idle = self.idle.as_mut().is_some_and(|idle| idle.as_mut().poll(cx).is_ready());
            if idle || self.closing.as_mut().poll(cx).is_ready() {
                let idle_end = || status(Code::Unavailable, "the session was idle for too long");
                let facts = line.close(&if idle { idle_end() } else { self.session.ending() });
                line.act(facts);
                continue;
            }
            ready!(flushed);
            line.reader.set_unread(false);
            drop(line.reader.take_reserved());
            // One frame at a time: what it leads to is written before the next one is read.
            ready!(line.poll_frame(cx));
        }
    }

    fn note(&self, cause: AbortCause) {
        if is_reset(cause) {
            self.session.connection().note_reset();
        }
    }

    async fn serve_call(&mut self, instance: &Instance, call: CallNumber, mut header: CallHeader) {
        self.session.connection().paced().await;
        let is_draining = self.server.running.is_closed();
        let admitted = self.session.connection().admitted().map_err(AdmissionEnd::status);
        let judged = admitted.and_then(|caller| {
            let (method, remaining) = judge_in_session(&self.service, &caller, is_draining, &header)?;
            Ok((caller, method, remaining))
        });
        strip_reserved(&mut header.metadata);
        let (caller, method, remaining) = match judged {
            Ok(accepted) => accepted,
            Err(refusal) => {
                let mut line = self.shared.line();
                let facts = line.refuse(call, &refusal);
                return line.act(facts);
            }
        };
        let service = Arc::clone(self.service.definition());
        let Some(definition) = service.methods.get(method) else { return };
        let pattern = definition.pattern;
        let run_time = remaining.or((!pattern.response_stream).then_some(service.max_call));
        self.shared.line().accept(call, pattern, run_time);
        let codec = definition.request.in_mode(self.mode);
        let handle = CallHandle::new(
            definition.response.in_mode(self.mode),
            self.session.connection().budget().clone(),
        );
        let mut request = None;
        if !pattern.request_stream {
            let Some((bytes, reserved)) = self.request(call, &codec).await else { return };
            request = Some(bytes);
            handle.hold(reserved);
        }
        let opening = Opening {
            connection: Arc::clone(self.session.connection()),
            caller,
            service: Arc::clone(&service),
            method,
            header: StreamHeader {
                call_id: header.call_id,
                deadline_epoch_ms: own_deadline(remaining, header.deadline_epoch_ms),
                metadata: header.metadata,
                ..StreamHeader::default()
            },
            request,
            pattern,
            presence_flagged: codec.is_presence_flagged(),
            native: codec.is_native(),
            handle,
        };
        let turn = Turn::new(&self.shared);
        let counted = self.server.running.token();
        let answering = Answering::new(turn, (call, pattern), codec, self.session.connection(), counted);
        self.await_turn(instance.handler.serve(ServerCall::in_session(opening, answering))).await;
        if let (Some(idle), Some(limit)) = (&mut self.idle, self.session.connection().limits().session_idle) {
            idle.as_mut().reset(Instant::now() + limit);
        }
    }

    /// Waits until the call has ended. A handler that goes on after that delays the next call only for a while.
    async fn await_turn(&self, mut serving: Serving) {
        let mut returned = pin!(self.shared.returned());
        tokio::select! {
            biased;
            () = &mut serving => return returned.await,
            () = &mut returned => {}
        }
        if timeout(HANDLER_GRACE, &mut serving).await.is_err() {
            tokio::spawn(serving);
        }
    }

    /// The single request of an accepted call. `None`: the call is over.
    async fn request(&mut self, call: CallNumber, codec: &PayloadCodec) -> Option<(Bytes, Option<Reserved>)> {
        let until = self.shared.line().machine.timeout();
        let mut expired = pin!(async {
            match until {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        });
        let fact = std::future::poll_fn(|cx| {
            let mut line = self.shared.line();
            if self.shutdown.as_mut().poll(cx).is_ready() {
                line.abort(&self.session.connection().ending());
            } else if expired.as_mut().poll(cx).is_ready() {
                line.expire();
            }
            line.poll_fact(cx)
        });
        match fact.await {
            Fact::Message(frame) => {
                let mut intake = Intake::default();
                let mut converted = intake.begin(codec, frame, &mut self.shared.line().reader);
                if converted.is_none() {
                    let converting = |cx: &mut Context<'_>| intake.poll(&mut self.shared.line().reader, cx);
                    converted = std::future::poll_fn(converting).await;
                }
                let mut line = self.shared.line();
                match converted {
                    Some(Ok(bytes)) => return Some((bytes, line.reader.take_reserved())),
                    Some(Err(failure)) => line.finish(call, &failure),
                    None => {}
                }
            }
            Fact::Aborted(cause) => self.note(cause),
            // The session continues with this fact after the call.
            fact => self.shared.line().put_back(fact),
        }
        None
    }

    /// Writes what the session still has to say, and ends the direction.
    async fn last_frame(&self, end: ServerEnd) {
        if end == ServerEnd::Lost {
            self.session.connection().note_reset();
            return self.shared.line().writer.abort();
        }
        let flushed = std::future::poll_fn(|cx| self.shared.line().poll_flush(cx));
        match timeout(LAST_FRAME_TIMEOUT, flushed).await {
            Ok(Written::Credit(_) | Written::Finished) => self.shared.line().writer.finish(),
            Ok(Written::Failed) | Err(_) => self.shared.line().writer.abort(),
        }
    }
}

/// Reads leftover input for a while, so that a client which still writes is not stopped before it has read the end.
async fn drain(shared: &Shared<State>) {
    let drained = std::future::poll_fn(|cx| shared.line().reader.poll_discard(cx));
    let _ = timeout(DRAIN_TIMEOUT, drained).await;
}
