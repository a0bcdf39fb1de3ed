//! Server calls, from the header of a stream to the trailer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aster_wire::call::{Pattern, ServerCall as Machine, ServerFact};
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::channel::{Channel, Step, Written, trailer};
use super::conversion::Intake;
use super::definition::ServiceDefinition;
use super::event::{ServerEvent, Stop};
use super::handle::CallHandle;
use super::message::Message;
use super::method::Metadata;
use super::payload::PayloadCodec;
use super::session::answering::Answering;
use crate::admission::Caller;
use crate::connection::{FrameReader, FrameWriter, IncomingStream, Reserved, ServedConnection, Watched};
use crate::error::status;
/// How long leftover input is drained before the sender is stopped.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long writing the trailer may take when this side ends the call.
const TRAILER_TIMEOUT: Duration = Duration::from_secs(5);

/// A server call.
///
/// Lifetime: await [`next`](Self::next) until it returns `None`; the call makes progress only then. Dropping an
/// unfinished call resets its stream.
#[derive(Debug)]
pub struct ServerCall(Box<Parts>);

#[derive(Debug)]
struct Parts {
    opening: Opening,
    running: Option<Course>,
}

/// How a running call makes progress.
#[derive(Debug)]
enum Course {
    /// On a stream of its own.
    Alone(Running),
    InSession(Box<Answering>),
}

impl Course {
    fn poll_event(&mut self, handle: &CallHandle, cx: &mut Context<'_>) -> Poll<Result<ServerEvent, Stop>> {
        match self {
            Self::Alone(running) => running.poll_event(handle, cx),
            Self::InSession(answering) => answering.poll_event(handle, cx),
        }
    }
}

/// The facts about a call when it begins.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) connection: Arc<ServedConnection>,
    pub(super) caller: Arc<Caller>,
    pub(super) service: Arc<ServiceDefinition>,
    pub(super) method: usize,
    pub(super) header: StreamHeader,
    pub(super) request: Option<Bytes>,
    pub(super) pattern: Pattern,
    pub(super) presence_flagged: bool,
    pub(super) native: bool,
    pub(super) handle: CallHandle,
}

impl ServerCall {
    /// A call whose header was accepted. A single request was already read. `counted` counts the call until it ends.
    pub(super) fn new(
        stream: Box<Stream>,
        opening: Opening,
        request: PayloadCodec,
        counted: TaskTrackerToken,
    ) -> Self {
        let interruption = stream.interruption();
        let running = Running { stream, request, reading: true, interruption, pending: None, counted };
        Self(Box::new(Parts { opening, running: Some(Course::Alone(running)) }))
    }

    /// A call of a session. A single request was already read.
    pub(super) fn in_session(opening: Opening, answering: Answering) -> Self {
        Self(Box::new(Parts { opening, running: Some(Course::InSession(Box::new(answering))) }))
    }

    /// The peer that makes the call.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.0.opening.caller
    }

    /// The connection of the call.
    pub fn connection(&self) -> &Arc<ServedConnection> {
        &self.0.opening.connection
    }

    /// The service as it was registered.
    pub fn service(&self) -> &ServiceDefinition {
        &self.0.opening.service
    }

    /// Index of the method in the definition.
    pub fn method(&self) -> usize {
        self.0.opening.method
    }

    /// The pattern.
    pub fn pattern(&self) -> Pattern {
        self.0.opening.pattern
    }

    /// The request, when the call has a single one. Returned only the first time.
    pub fn take_request(&mut self) -> Option<Message> {
        let opening = &mut self.0.opening;
        opening.request.take().map(|bytes| Message::of_call(bytes, opening.handle.clone()))
    }

    /// Metadata of the header. Returned only the first time.
    pub fn take_metadata(&mut self) -> Metadata {
        std::mem::take(&mut self.0.opening.header.metadata)
    }

    /// The call id that the caller chose; may be empty. Returned only the first time.
    pub fn take_call_id(&mut self) -> String {
        std::mem::take(&mut self.0.opening.header.call_id)
    }

    /// The caller's deadline, in milliseconds since the epoch; 0 for none.
    pub fn deadline_epoch_ms(&self) -> i64 {
        self.0.opening.header.deadline_epoch_ms.max(0)
    }

    /// Whether messages of this call arrive as presence-flagged XLANG.
    pub fn is_presence_flagged(&self) -> bool {
        self.0.opening.presence_flagged
    }

    /// Whether messages of this call are in NATIVE mode, which the user's side encodes and decodes.
    pub fn is_native(&self) -> bool {
        self.0.opening.native
    }

    /// The handle with which the handler sends messages and ends the call.
    pub fn handle(&self) -> &CallHandle {
        &self.0.opening.handle
    }

    /// The next event. `None` after the handler's end was written or the call was aborted. Cancel-safe.
    pub async fn next(&mut self) -> Option<ServerEvent> {
        let Parts { opening, running } = &mut *self.0;
        let (handle, active) = (&opening.handle, running.as_mut()?);
        match std::future::poll_fn(|cx| active.poll_event(handle, cx)).await {
            Ok(event) => Some(event),
            Err(stop) => {
                let held = handle.close();
                match running.take()? {
                    Course::Alone(running) => running.stop(stop, handle.encoding(), held),
                    // The session reads on, or has ended.
                    Course::InSession(answering) => {
                        answering.hold(held);
                        match stop {
                            Stop::Aborted(code) => {
                                if code == Code::Cancelled {
                                    opening.connection.note_reset();
                                }
                                Some(ServerEvent::Aborted(code))
                            }
                            Stop::Done | Stop::Gone | Stop::Status(_) => None,
                        }
                    }
                }
            }
        }
    }
}

impl Drop for ServerCall {
    fn drop(&mut self) {
        drop(self.0.opening.handle.close());
    }
}

/// Ready when the call has to stop before its handler has ended it.
type Interruption = Pin<Box<dyn Future<Output = Stop> + Send + Sync>>;

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) machine: Machine,
    pub(super) channel: Channel,
    pub(super) connection: Arc<ServedConnection>,
    /// One of the streams that the connection may have at once.
    _slot: OwnedSemaphorePermit,
    /// The peer is watched while the stream is served.
    _watched: Watched,
}

struct Running {
    stream: Box<Stream>,
    request: PayloadCodec,
    /// Whether to read: more input is expected, or a cancellation by the caller has to be noticed.
    reading: bool,
    interruption: Interruption,
    /// The fact that stops the call, when a block had to be delivered before it.
    pending: Option<ServerFact>,
    counted: TaskTrackerToken,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl Stream {
    /// A stream that was accepted; its header must be complete within `header_timeout`.
    pub(super) fn new(
        connection: Arc<ServedConnection>,
        IncomingStream { writer, reader, slot }: IncomingStream,
        header_timeout: Duration,
    ) -> Box<Self> {
        let machine = Machine::new(Instant::now().into_std(), header_timeout);
        let (channel, watched) = (Channel::new(writer, reader), connection.watched());
        Box::new(Self { machine, channel, connection, _slot: slot, _watched: watched })
    }

    /// The next fact that is not `Ignored`. Cancel-safe.
    pub(super) async fn next_fact(&mut self, due: bool) -> ServerFact {
        let timeout = self.machine.timeout();
        let (machine, reader) = (&mut self.machine, &mut self.channel.reader);
        let reading = std::future::poll_fn(|cx| {
            loop {
                let fact = machine.read(std::task::ready!(reader.poll_next(cx, due)));
                if fact != ServerFact::Ignored {
                    return Poll::Ready(fact);
                }
            }
        });
        match timeout {
            None => reading.await,
            Some(at) => match timeout_at(at.into(), reading).await {
                Ok(fact) => fact,
                Err(_) => self.machine.expire(Instant::now().into_std()),
            },
        }
    }

    /// The single request of a call without request stream. `Err(None)`: the caller cancelled.
    pub(super) async fn request(
        &mut self,
        codec: &PayloadCodec,
    ) -> Result<(Bytes, Option<Reserved>), Option<RpcStatus>> {
        match self.next_fact(true).await {
            ServerFact::Message(frame) => {
                let reader = &mut self.channel.reader;
                let bytes = Intake::whole(codec, frame, reader).await.map_err(Some)?;
                Ok((bytes, reader.take_reserved()))
            }
            ServerFact::Ended(status) => Err(Some(status)),
            _ => Err(None),
        }
    }

    /// Ends the stream with a status, then drains input for a while, because the request may still be in transit.
    pub(super) async fn refuse(mut self: Box<Self>, status: RpcStatus) {
        self.channel.writer.push(trailer(status, self.machine.encoding()));
        let answered = async {
            if self.channel.writer.flush().await.is_ok() {
                self.channel.writer.finish();
            }
            let _ = self.channel.reader.discard().await;
        };
        // If the peer does not read the trailer in time, dropping the stream resets it.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, answered).await;
    }

    /// The two directions, for a session. The slot of the stream becomes free.
    pub(super) fn into_parts(self) -> (FrameWriter, FrameReader) {
        (self.channel.writer, self.channel.reader)
    }

    fn interruption(&self) -> Interruption {
        let stopped = self.channel.writer.stopped();
        let (shutdown, connection) = (self.connection.calls_cancelled(), Arc::clone(&self.connection));
        let deadline = self.machine.timeout();
        Box::pin(async move {
            let expired = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                left = stopped => if left { Stop::Gone } else { Stop::Done },
                () = expired => Stop::Status(status(Code::DeadlineExceeded, "deadline exceeded")),
                () = shutdown => Stop::Status(connection.ending()),
            }
        })
    }
}

impl Running {
    fn poll_event(&mut self, handle: &CallHandle, cx: &mut Context<'_>) -> Poll<Result<ServerEvent, Stop>> {
        handle.watch(cx);
        handle.finish_failed();
        match self.stream.channel.poll_write(handle, cx) {
            Poll::Ready(Written::Credit(bytes)) => return Poll::Ready(Ok(ServerEvent::Credit(bytes))),
            Poll::Ready(Written::Finished) => return Poll::Ready(Err(Stop::Done)),
            Poll::Ready(Written::Failed) => return Poll::Ready(Err(Stop::Gone)),
            Poll::Pending => {}
        }
        if let Some(fact) = self.pending.take() {
            return Poll::Ready(self.act(fact));
        }
        if self.reading
            && let Poll::Ready(event) = self.poll_input(handle, cx)
        {
            return Poll::Ready(event);
        }
        self.interruption.as_mut().poll(cx).map(Err)
    }

    /// Delivers input to the handler. A call with a single request only checks whether the caller cancels.
    fn poll_input(&mut self, handle: &CallHandle, cx: &mut Context<'_>) -> Poll<Result<ServerEvent, Stop>> {
        let Stream { machine, channel, .. } = &mut *self.stream;
        if !machine.pattern().request_stream {
            return match channel.reader.poll_discard(cx) {
                Poll::Ready(Ok(())) => {
                    self.reading = false;
                    Poll::Pending
                }
                Poll::Ready(Err(_)) => Poll::Ready(Err(Stop::Gone)),
                Poll::Pending => Poll::Pending,
            };
        }
        let codec = &self.request;
        loop {
            let step = |read| match machine.read(read) {
                ServerFact::Ignored => Step::Skip,
                ServerFact::Message(frame) => Step::Message(frame),
                fact => Step::End(fact),
            };
            let (block, fact) =
                std::task::ready!(channel.poll_block((handle, codec), cx, step, ServerFact::Ended));
            if !block.items.is_empty() {
                self.pending = fact;
                return Poll::Ready(Ok(ServerEvent::Items(block)));
            }
            if let Some(fact) = fact {
                return Poll::Ready(self.act(fact));
            }
        }
    }

    fn act(&mut self, fact: ServerFact) -> Result<ServerEvent, Stop> {
        self.reading = false;
        match fact {
            // The caller can still cancel. It cannot reset the stream after its end, but the writer notices a stop.
            ServerFact::InputEnd => Ok(ServerEvent::InputEnd),
            ServerFact::Ended(status) => Err(Stop::Status(status)),
            _ => Err(Stop::Gone),
        }
    }

    /// `held`: the budget share of output that is being written.
    fn stop(mut self, stop: Stop, encoding: Encoding, held: Option<Reserved>) -> Option<ServerEvent> {
        match stop {
            Stop::Done => {
                if self.reading {
                    tokio::spawn(self.drain_input());
                }
                None
            }
            Stop::Gone | Stop::Aborted(_) => {
                self.stream.connection.note_reset();
                self.stream.channel.writer.abort();
                Some(ServerEvent::Aborted(Code::Cancelled))
            }
            Stop::Status(status) => {
                let code = Code::from_number(status.code).unwrap_or(Code::Cancelled);
                self.stream.channel.writer.push(trailer(status, encoding));
                tokio::spawn(async move {
                    self.stream.channel.writer.finish_within(TRAILER_TIMEOUT).await;
                    self.stream.channel.writer.abort();
                    drop(held);
                    self.drain_input().await;
                });
                Some(ServerEvent::Aborted(code))
            }
        }
    }

    /// Drains leftover input for a while. The call already counts as ended.
    async fn drain_input(self) {
        let Running { mut stream, counted, .. } = self;
        drop(counted);
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, stream.channel.reader.discard()).await;
    }
}
