//! Client calls. A call makes progress only while its owner awaits its events.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aster_wire::call::{ClientCall as Machine, ClientFact, Farewell};
use aster_wire::status::Code;
use bytes::Bytes;
use tokio::time::{Instant, Sleep};

use super::channel::{Channel, Step, Written, trailer};
use super::handle::CallHandle;
use super::message::Message;
use super::method::{CallOptions, ClientMethod};
use super::outcome::{ClientEvent, Outcome, unreadable};
use super::session::calling::Calling;
use super::session::client::{ClientSession, SessionOptions};
use super::session::driver::SessionDriver;
use crate::connection::{Reserved, Route, Watched};
use crate::error::status;

/// How long a cancelled upload may take to send its cancellation to the server.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

impl ClientMethod {
    /// Opens a session of the service, in the mode of this method, whose name is empty. The driver must be run.
    pub fn session(self: &Arc<Self>, options: SessionOptions) -> (ClientSession, SessionDriver) {
        let (opener, route) = self.fitting();
        ClientSession::new(opener, route, options)
    }

    /// Begins a call. The handle accepts messages immediately; they are sent while the owner awaits the events of the
    /// call. The timeout starts now.
    pub fn call(self: &Arc<Self>, options: CallOptions) -> (CallHandle, ClientCall) {
        let (method, route) = self.fitting();
        let handle = CallHandle::new(method.request.clone(), route.budget().clone());
        let machine = Machine::new(method.pattern, Instant::now().into_std(), options.timeout);
        let running = Running {
            method,
            route,
            handle: handle.clone(),
            machine,
            options,
            channel: None,
            watched: None,
            deadline: None,
            answer: None,
            received: 0,
            ending: None,
        };
        (handle, ClientCall(Some(Course::Alone(Box::new(running)))))
    }
}

impl ClientSession {
    /// Begins a call after all earlier calls of the session. Its timeout starts now. `method` must be one of the
    /// service of the session.
    pub fn call(&self, method: &Arc<ClientMethod>, options: CallOptions) -> (CallHandle, ClientCall) {
        let calling = Calling::new(self.clone(), method.in_form(self.mode()), options, self.queue_up());
        (calling.handle(), ClientCall(Some(Course::InSession(Box::new(calling)))))
    }
}

/// A running client call.
///
/// Lifetime: await [`next`](Self::next) until it returns `None`; the call makes progress only then. Dropping an
/// unfinished call cancels it, and the server is informed.
#[derive(Debug)]
pub struct ClientCall(Option<Course>);

/// How a running call makes progress.
#[derive(Debug)]
enum Course {
    /// On a stream of its own.
    Alone(Box<Running>),
    InSession(Box<Calling>),
}

#[derive(Debug)]
struct Running {
    method: Arc<ClientMethod>,
    route: Route,
    handle: CallHandle,
    machine: Machine,
    options: CallOptions,
    channel: Option<Channel>,
    /// The peer is watched while the call runs.
    watched: Option<Watched>,
    deadline: Option<Pin<Box<Sleep>>>,
    /// The only response. It is held back until the call has ended with OK.
    answer: Option<Message>,
    received: u32,
    /// The end of the call, when a block had to be delivered before it.
    ending: Option<Outcome>,
}

impl ClientCall {
    /// The next event. `None` after the call has ended or its user has cancelled it. Cancel-safe.
    pub async fn next(&mut self) -> Option<ClientEvent> {
        let event = match self.0.as_mut()? {
            Course::Alone(running) => match running.opened().await {
                Ok(()) => std::future::poll_fn(|cx| running.poll_event(cx)).await,
                Err(outcome) => Err(outcome),
            },
            Course::InSession(calling) => std::future::poll_fn(|cx| calling.poll_event(cx)).await,
        };
        match event {
            Ok(event) => Some(event),
            Err(outcome) => self.0.take()?.end(outcome),
        }
    }
}

impl Course {
    fn end(self, outcome: Outcome) -> Option<ClientEvent> {
        match self {
            Self::Alone(running) => running.end(outcome),
            Self::InSession(calling) => calling.end(outcome),
        }
    }
}

impl Drop for ClientCall {
    fn drop(&mut self) {
        if let Some(course) = self.0.take() {
            course.end(Outcome::Left);
        }
    }
}

impl Running {
    async fn opened(&mut self) -> Result<(), Outcome> {
        if self.channel.is_some() { Ok(()) } else { self.open().await }
    }

    /// Opens the stream, and dials again when the connection is gone.
    async fn open(&mut self) -> Result<(), Outcome> {
        let not_sent = |status| Outcome::Local { status, not_sent: true };
        let header = self.method.header(&self.route, &self.options).map_err(not_sent)?;
        let (method, route) = (Arc::clone(&self.method), self.route.clone());
        // From now on, because a dead peer would also let the call wait for a stream.
        self.watched = route.watched();
        let mut opening = pin!(method.open(&route));
        let opened = std::future::poll_fn(|cx| {
            self.handle.watch(cx);
            if let Poll::Ready(opened) = opening.as_mut().poll(cx) {
                return Poll::Ready(Ok(opened));
            }
            self.poll_end(cx).map(Err)
        });
        let (writer, reader) = match opened.await {
            Ok(Ok(streams)) => streams,
            Err(Outcome::Local { mut status, .. }) => {
                if route.is_open() {
                    status
                        .message
                        .push_str(": no stream of the connection became free (all are in use at the peer)");
                }
                return Err(not_sent(status));
            }
            Ok(Err(failed)) => return Err(Outcome::not_opened(failed)),
            Err(outcome) => return Err(outcome),
        };
        if !self.handle.begin_sending() {
            return Err(Outcome::Left);
        }
        let mut channel = Channel::new(writer, reader);
        channel.writer.push(header);
        // Messages that are queued already are sent together with the header. The header does not wait for others.
        channel.gather(&self.handle);
        self.channel = Some(channel);
        Ok(())
    }

    /// Ready when the user cancels or the deadline passes.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if self.handle.is_cancelled() {
            return Poll::Ready(Outcome::Left);
        }
        if let Some(status) = self.handle.failure() {
            return Poll::Ready(Outcome::local(status));
        }
        let Some(at) = self.machine.timeout() else { return Poll::Pending };
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        ready!(deadline.as_mut().poll(cx));
        match Outcome::of(self.machine.expire(Instant::now().into_std())) {
            Some(outcome) => Poll::Ready(outcome),
            None => Poll::Pending,
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<ClientEvent, Outcome>> {
        if let Some(outcome) = self.ending.take() {
            return Poll::Ready(Err(outcome));
        }
        self.handle.watch(cx);
        if let Some(channel) = &mut self.channel {
            match channel.poll_write(&self.handle, cx) {
                Poll::Ready(Written::Credit(bytes)) => {
                    return Poll::Ready(Ok(ClientEvent::Credit(bytes)));
                }
                // A peer that stops reading usually sends a trailer before that: the trailer decides.
                Poll::Ready(Written::Finished | Written::Failed) | Poll::Pending => {}
            }
        }
        let event =
            if self.method.pattern.response_stream { self.poll_items(cx) } else { self.poll_answer(cx) };
        match event {
            Poll::Ready(event) => Poll::Ready(event),
            Poll::Pending => self.poll_end(cx).map(Err),
        }
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<ClientEvent, Outcome>> {
        let Some(channel) = &mut self.channel else { return Poll::Pending };
        loop {
            let mut converted = ready!(channel.poll_converted(cx));
            if converted.is_none() {
                match self.machine.read(ready!(channel.reader.poll_next(cx, false))) {
                    ClientFact::Message(frame) => converted = channel.convert(&self.method.response, frame),
                    ClientFact::Ended(status) if status.is_ok() => {
                        channel.reader.settle(cx);
                        return Poll::Ready(Err(Outcome::Answered));
                    }
                    fact => {
                        if let Some(outcome) = Outcome::of(fact) {
                            return Poll::Ready(Err(outcome));
                        }
                    }
                }
            }
            match converted {
                None => {}
                Some(Ok(bytes)) => {
                    self.answer = Some(Message::new(bytes, channel.reader.take_reserved()));
                    self.received = 1;
                }
                Some(Err(status)) => return Poll::Ready(Err(unreadable(status))),
            }
        }
    }

    fn poll_items(&mut self, cx: &mut Context<'_>) -> Poll<Result<ClientEvent, Outcome>> {
        let (Some(channel), machine, codec) = (&mut self.channel, &mut self.machine, &self.method.response)
        else {
            return Poll::Pending;
        };
        loop {
            let step = |read| match machine.read(read) {
                ClientFact::Message(frame) => Step::Message(frame),
                fact => Outcome::of(fact).map_or(Step::Skip, Step::End),
            };
            let (block, outcome) = ready!(channel.poll_block((&self.handle, codec), cx, step, unreadable));
            if outcome.is_some() {
                channel.reader.settle(cx);
            }
            if !block.items.is_empty() {
                self.received = self.received.saturating_add(block.items.len() as u32);
                self.ending = outcome;
                return Poll::Ready(Ok(ClientEvent::Items(block)));
            }
            if let Some(outcome) = outcome {
                return Poll::Ready(Err(outcome));
            }
        }
    }

    /// Closes the stream so that the server learns how the call ended, and returns the last event.
    fn end(mut self: Box<Self>, outcome: Outcome) -> Option<ClientEvent> {
        let held = self.handle.close();
        self.machine.leave();
        self.close_stream(held);
        // OK without a message means a null response.
        let null = || Message::new(Bytes::from_static(&aster_codec::NULL_MESSAGE), None);
        outcome.event(self.received, || self.answer.take().unwrap_or_else(null))
    }

    /// `held`: the budget share of output that is being written.
    fn close_stream(&mut self, held: Option<Reserved>) {
        let Some(mut channel) = self.channel.take() else { return };
        let farewell = self.machine.farewell(channel.writer.started(), channel.writer.is_finished());
        if farewell == Farewell::Nothing {
            return;
        }
        channel.reader.stop();
        // Outside of a runtime nothing more can be written. Dropping the channel resets the stream.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if farewell == Farewell::CancelUpload {
            channel.writer.push(trailer(status(Code::Cancelled, "cancelled"), self.handle.encoding()));
            runtime.spawn(async move {
                channel.writer.finish_within(CANCEL_TIMEOUT).await;
                drop(held);
            });
        }
    }
}
