//! The network interface of one JavaScript environment: operations arrive, events are queued, calls have numbers.
//!
//! Shape: the JavaScript thread calls [`Port::submit`] and [`Port::drain`]. One task on the runtime dispatches
//! operations, and each call has a task that awaits it. The doorbell rings for the first waiting event, and again
//! when many events wait.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aster_net::{
    CallHandle, CallOptions, Callee, ClientCall, ClientEvent, ClientMethod, Framed, Registration,
    ServedConnection, Widened, status,
};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::connections::Connections;
use crate::constants::{WINDOW_LATER, WINDOW_REFUSED};
use crate::event::{Event, Op};
use crate::question::Questions;
use crate::sessions::Sessions;

/// When this many events wait, the JavaScript thread is woken immediately, even if more events may follow.
const MANY_EVENTS: usize = 32;

/// Wakes the JavaScript thread. Called from any thread; must not block and must not call the port.
pub trait Doorbell: Send + Sync + 'static {
    /// The first event waits: wake the JavaScript thread before this thread becomes idle.
    fn ring_soon(&self);
    /// Many events wait: wake the JavaScript thread now.
    fn ring(&self);
}

/// One open call, client or server.
#[derive(Debug, Clone)]
struct Call {
    handle: CallHandle,
    server: bool,
}

impl Call {
    /// The environment has ended: server calls end with UNAVAILABLE, client calls are cancelled.
    fn give_up(&self) {
        if self.server {
            self.handle.finish(status(Code::Unavailable, "the server's thread has ended"));
        } else {
            self.handle.cancel();
        }
    }
}

/// The calls of a port.
#[derive(Debug, Default)]
struct Calls {
    open: HashMap<u32, Call>,
    /// OPEN operations that were applied.
    opened: u64,
    /// Calls that were withdrawn before their OPEN was applied.
    withdrawn: HashSet<u32>,
}

impl Calls {
    /// An OPEN is applied. False: its call was withdrawn.
    fn opens(&mut self, number: u32) -> bool {
        self.opened += 1;
        self.withdrawn.is_empty() || !self.withdrawn.remove(&number)
    }
}

/// Operations in, events out, for one environment; see the module.
///
/// Lifetime: [`close`](Self::close) ends it. Dropping all handles does not end it, because its tasks hold it.
pub struct Port {
    bell: Box<dyn Doorbell>,
    events: Mutex<VecDeque<Event>>,
    inbox: Mutex<VecDeque<Vec<Op>>>,
    inbox_filled: Notify,
    calls: Mutex<Calls>,
    pub(crate) sessions: Sessions,
    methods: Mutex<HashMap<u32, Arc<ClientMethod>>>,
    next_method: AtomicU32,
    next_server_call: AtomicU32,
    pub(crate) next_server_handle: AtomicU32,
    pub(crate) connections: Connections,
    /// The registrations of this port, each with the identity of its node.
    pub(crate) registrations: Mutex<Vec<(usize, Registration)>>,
    pub(crate) questions: Questions,
    closing: AtomicBool,
    closed: CancellationToken,
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Port").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Port {
    /// The connection with a number of this port, on which a peer calls; `None` when it is gone.
    pub fn connection(&self, number: u32) -> Option<Arc<ServedConnection>> {
        self.connections.find(number)
    }

    /// Opens a port. Its dispatcher runs on the current tokio runtime.
    pub fn open(bell: Box<dyn Doorbell>) -> Arc<Self> {
        let port = Arc::new(Self {
            bell,
            events: Mutex::default(),
            inbox: Mutex::default(),
            inbox_filled: Notify::new(),
            calls: Mutex::default(),
            sessions: Sessions::default(),
            methods: Mutex::default(),
            next_method: AtomicU32::new(1),
            next_server_call: AtomicU32::new(2),
            next_server_handle: AtomicU32::new(1),
            connections: Connections::default(),
            registrations: Mutex::default(),
            questions: Questions::default(),
            closing: AtomicBool::new(false),
            closed: CancellationToken::new(),
        });
        tokio::spawn(Arc::clone(&port).dispatch());
        port
    }

    /// Queues the operations of one turn, in order. Returns immediately.
    pub fn submit(&self, ops: Vec<Op>) {
        lock(&self.inbox).push_back(ops);
        self.inbox_filled.notify_one();
    }

    /// Passes events to `take`, in order, until it returns false or no event is left. If `take` returns false, drain
    /// again: the remaining events do not ring the doorbell.
    pub fn drain(&self, mut take: impl FnMut(&Event) -> bool) {
        let mut events = lock(&self.events);
        while let Some(event) = events.front() {
            if !take(event) {
                return;
            }
            events.pop_front();
        }
    }

    /// Takes every waiting event, for users without a slab.
    pub fn take_events(&self) -> VecDeque<Event> {
        std::mem::take(&mut *lock(&self.events))
    }

    /// Asks for a larger window for the output of a call; see [`CallHandle::widen`]. The result is the window,
    /// [`WINDOW_LATER`], or [`WINDOW_REFUSED`]. A call that is not open gets what it asks for.
    pub fn widen(&self, call: u32, wanted: u32, large: bool) -> u32 {
        let Some(call) = lock(&self.calls).open.get(&call).cloned() else { return wanted };
        match call.handle.widen(wanted as usize, large) {
            Widened::Window(window) => window as u32,
            Widened::Later => WINDOW_LATER,
            Widened::Refused => WINDOW_REFUSED,
        }
    }

    /// Cancels a client call if its request has not left this process. True: it never will. Like CANCEL, the
    /// withdrawal leaves no event of the call. `position`: how many OPEN operations of this port come before that of
    /// the call, which may not have been submitted yet.
    pub fn withdraw(&self, call: u32, position: u64) -> bool {
        let open = {
            let mut calls = lock(&self.calls);
            if calls.opened <= position {
                return calls.withdrawn.insert(call);
            }
            calls.open.get(&call).cloned()
        };
        // A call that is not in the table has ended, and its last event waits for JavaScript.
        open.is_some_and(|call| call.handle.withdraw())
    }

    /// Registers a client method and returns its handle.
    pub fn register(&self, method: ClientMethod) -> u32 {
        let handle = self.next_method.fetch_add(1, Ordering::Relaxed);
        lock(&self.methods).insert(handle, Arc::new(method));
        handle
    }

    /// Removes the methods of a peer that is not called any more. Their handles are never used again.
    pub fn forget_peer(&self, peer: &Callee) {
        lock(&self.methods).retain(|_, method| !method.peer().is(peer));
    }

    /// Ends every call of this port; later operations have no effect. Can be called twice.
    pub fn close(&self) {
        if self.closing.swap(true, Ordering::AcqRel) {
            return;
        }
        self.closed.cancel();
        lock(&self.registrations).clear();
        lock(&self.calls).open.values().for_each(Call::give_up);
        self.sessions.give_up();
        lock(&self.methods).clear();
        self.questions.clear();
        self.inbox_filled.notify_one();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Waits for [`close`](Self::close).
    pub(crate) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Queues an event for JavaScript.
    pub fn push(&self, event: Event) {
        if self.is_closed() {
            return;
        }
        let waiting = {
            let mut events = lock(&self.events);
            events.push_back(event);
            events.len()
        };
        match waiting {
            1 => self.bell.ring_soon(),
            MANY_EVENTS => self.bell.ring(),
            _ => {}
        }
    }

    /// Accepts a server call and returns its number, which is even and not in use.
    pub(crate) fn admit(&self, handle: &CallHandle) -> u32 {
        let call = Call { handle: handle.clone(), server: true };
        let mut calls = lock(&self.calls);
        loop {
            let number = self.next_server_number();
            if let std::collections::hash_map::Entry::Vacant(free) = calls.open.entry(number) {
                free.insert(call.clone());
                drop(calls);
                // If the port was closed before this call was in the table, `close` did not end the call.
                if self.is_closed() {
                    call.give_up();
                }
                return number;
            }
        }
    }

    pub(crate) fn next_server_number(&self) -> u32 {
        self.next_server_call.fetch_add(2, Ordering::Relaxed)
    }

    pub(crate) fn forget(&self, call: u32) {
        lock(&self.calls).open.remove(&call);
    }

    async fn dispatch(self: Arc<Self>) {
        loop {
            let batch = lock(&self.inbox).pop_front();
            match batch {
                Some(ops) => ops.into_iter().for_each(|op| self.apply(op)),
                None if self.is_closed() => return,
                None => self.inbox_filled.notified().await,
            }
        }
    }

    fn apply(self: &Arc<Self>, op: Op) {
        match op {
            Op::Open { call, method, session, timeout, timeout_travels, metadata, request, end } => {
                let options = CallOptions { timeout, timeout_travels, metadata };
                self.open_call(call, (method, session), options, request, end);
            }
            Op::Item { call, message } => self.send(call, message),
            Op::End { call } => self.with(call, CallHandle::end_input),
            Op::Cancel { call } => self.with(call, CallHandle::cancel),
            Op::Credit { call, bytes } => self.with(call, |handle| handle.consumed(bytes as usize)),
            Op::Reply { call, message } => self.with(call, |handle| handle.reply(message)),
            Op::Finish { call, status } => self.with(call, |handle| handle.finish(status)),
            Op::OpenSession { session, method, id, timeout, metadata } => {
                self.open_session(session, method, id, timeout, metadata);
            }
            Op::CloseSession { session, now, status } => self.sessions.close(session, now, status),
        }
    }

    /// An operation for a call that has ended is late; it is no error.
    fn with(&self, number: u32, apply: impl FnOnce(&CallHandle)) {
        let call = lock(&self.calls).open.get(&number).cloned();
        if let Some(call) = call {
            apply(&call.handle);
        }
    }

    /// When a message cannot be sent, a server call ends with the error as its status, and a client call ends on this
    /// side.
    fn send(&self, number: u32, message: Framed) {
        let Some(call) = lock(&self.calls).open.get(&number).cloned() else { return };
        let Err(reason) = call.handle.send(message) else { return };
        if call.server {
            call.handle.finish(reason);
        } else {
            call.handle.cancel();
            self.forget(number);
            self.push(ended_here(number, reason, false));
        }
    }

    fn open_call(
        self: &Arc<Self>,
        number: u32,
        (method, session): (u32, Option<u32>),
        options: CallOptions,
        request: Option<Framed>,
        end: bool,
    ) {
        let method = self.method(method);
        let session = session.map(|session| self.sessions.client(session));
        let begun = match (&method, session) {
            (None, _) => Err(status(Code::Unavailable, "the connection is closed")),
            (Some(_), Some(None)) => Err(status(Code::FailedPrecondition, "the session is over")),
            (Some(method), Some(Some(session))) => Ok((method, session.call(method, options))),
            (Some(method), None) => Ok((method, method.call(options))),
        };
        let begun = begun.and_then(|(method, (handle, call))| {
            request.map_or(Ok(()), |message| handle.send(message))?;
            Ok((method, handle, call))
        });
        let mut calls = lock(&self.calls);
        if !calls.opens(number) {
            return;
        }
        let (method, handle, call) = match begun {
            Ok(begun) => begun,
            Err(reason) => {
                drop(calls);
                return self.push(ended_here(number, reason, true));
            }
        };
        if end {
            handle.end_input();
        }
        let entry = Call { handle, server: false };
        calls.open.insert(number, entry.clone());
        drop(calls);
        // For the same reason as in `admit`.
        if self.is_closed() {
            entry.give_up();
        }
        tokio::spawn(Arc::clone(self).run(number, entry.handle, method.is_presence_flagged(), call));
    }

    pub(crate) fn method(&self, handle: u32) -> Option<Arc<ClientMethod>> {
        lock(&self.methods).get(&handle).cloned()
    }

    /// Awaits a client call and converts its events.
    async fn run(
        self: Arc<Self>,
        number: u32,
        handle: CallHandle,
        presence_flagged: bool,
        mut call: ClientCall,
    ) {
        while let Some(event) = call.next().await {
            let event = match event {
                ClientEvent::Items(block) => {
                    let bytes = block.bytes as u32;
                    Event::Items { call: number, items: block.items, bytes, presence_flagged }
                }
                ClientEvent::Credit(bytes) => {
                    let window = handle.window() as u32;
                    Event::Credit { call: number, bytes: bytes as u32, window }
                }
                ClientEvent::Message(message) => {
                    self.forget(number);
                    Event::Message { call: number, message, presence_flagged }
                }
                ClientEvent::Ended(end) => {
                    self.forget(number);
                    Event::Ended {
                        call: number,
                        status: end.status,
                        received: end.received,
                        local: end.local,
                        not_sent: end.not_sent,
                    }
                }
            };
            self.push(event);
        }
        self.forget(number);
    }
}

fn ended_here(call: u32, status: RpcStatus, not_sent: bool) -> Event {
    Event::Ended { call, status, received: 0, local: true, not_sent }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn future_bytes<F: Future>(_: impl FnOnce(Arc<Port>, u32, CallHandle, bool, ClientCall) -> F) -> usize {
        size_of::<F>()
    }

    /// Like the test of the same name in `aster-net`, for the task that runs a client call.
    #[test]
    fn the_future_of_a_client_call_stays_below_two_kib() {
        let bytes = future_bytes(Port::run);
        eprintln!("client call {bytes} B");
        assert!(bytes <= 2048, "{bytes}");
    }
}
