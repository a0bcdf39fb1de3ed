//! One user of the network: operations come in, events go out, calls live here by number.
//!
//! Shape: the user's thread calls [`Port::submit`] and [`Port::drain`]; one task on the runtime dispatches
//! operations. The doorbell is told of the first event that waits, and again when many do.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::client::{self, ClientMethod, OpenCall};
use crate::error::status;
use crate::event::{Event, Framed, Op};
use crate::mailbox::{End, Mailbox};
use crate::payload::{PayloadCodec, Shrink};
use crate::peer::Peer;
use aster_wire::frame::flag;
use aster_wire::record::Encoding;
use aster_wire::status::Code;

/// With this many events waiting the user's thread is woken although more may follow at once.
const MANY_EVENTS: usize = 32;

/// Wakes the user's thread. Called without locks held, from any thread.
pub trait Doorbell: Send + Sync + 'static {
    /// An event waits where none did: wake the user's thread before this thread goes idle.
    fn ring_soon(&self);
    /// Many events wait: wake the user's thread now.
    fn ring(&self);
}

/// One open call, client or server.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) mailbox: Mailbox,
    /// How outgoing messages travel.
    codec: PayloadCodec,
    shrink: Mutex<Shrink>,
    server: bool,
}

impl Call {
    pub(crate) fn new(codec: PayloadCodec, server: bool) -> Self {
        Self { mailbox: Mailbox::default(), codec, shrink: Mutex::default(), server }
    }

    /// Encodes and queues one message; a message that cannot travel ends a server call with the reason.
    fn send(&self, message: Framed) -> Result<(), aster_wire::record::RpcStatus> {
        let payload = message.payload().len();
        let mut shrink = self.shrink.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = self.codec.outgoing(message, &mut shrink)?;
        self.mailbox.put(frame, payload);
        Ok(())
    }

    /// Nobody will act on this call any more: a caller is told, a call of ours is left.
    fn give_up(&self) {
        if self.server {
            self.mailbox.end(End::Status(status(Code::Unavailable, "the server's thread has ended")));
        } else {
            self.mailbox.cancel();
        }
    }

    /// The encoding of records on this call's stream.
    pub(crate) fn encoding(&self) -> Encoding {
        self.codec.mode.encoding()
    }
}

/// See the module.
pub struct Port {
    bell: Box<dyn Doorbell>,
    events: Mutex<VecDeque<Event>>,
    inbox: Mutex<VecDeque<Vec<Op>>>,
    inbox_filled: Notify,
    calls: Mutex<HashMap<u32, Arc<Call>>>,
    methods: Mutex<HashMap<u32, Arc<ClientMethod>>>,
    next_method: AtomicU32,
    next_server_call: AtomicU32,
    next_server_handle: AtomicU32,
    closed: AtomicBool,
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Port").field("closed", &self.closed).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Port {
    /// Opens a port; its dispatcher runs on the runtime that the caller entered.
    pub fn open(bell: Box<dyn Doorbell>) -> Arc<Self> {
        let port = Arc::new(Self {
            bell,
            events: Mutex::default(),
            inbox: Mutex::default(),
            inbox_filled: Notify::new(),
            calls: Mutex::default(),
            methods: Mutex::default(),
            next_method: AtomicU32::new(1),
            next_server_call: AtomicU32::new(2),
            next_server_handle: AtomicU32::new(1),
            closed: AtomicBool::new(false),
        });
        tokio::spawn(Arc::clone(&port).dispatch());
        port
    }

    /// Takes the operations of one turn. Returns at once; order is kept.
    pub fn submit(&self, ops: Vec<Op>) {
        lock(&self.inbox).push_back(ops);
        self.inbox_filled.notify_one();
    }

    /// Hands events to `take` in order until it refuses one or none is left. After an empty queue the next
    /// event rings again; one that was left rings no more, so whoever refuses must drain again.
    pub fn drain(&self, mut take: impl FnMut(&Event) -> bool) {
        let mut events = lock(&self.events);
        while let Some(event) = events.front() {
            if !take(event) {
                return;
            }
            events.pop_front();
        }
    }

    /// Registers a client method and gives its handle.
    pub fn register(&self, method: ClientMethod) -> u32 {
        let handle = self.next_method.fetch_add(1, Ordering::Relaxed);
        lock(&self.methods).insert(handle, Arc::new(method));
        handle
    }

    /// Forgets the methods of a peer that was closed. Their handles are never given out again.
    pub fn forget_peer(&self, peer: &Arc<Peer>) {
        lock(&self.methods).retain(|_, method| !Arc::ptr_eq(&method.peer, peer));
    }

    /// Ends every call of this port and takes nothing more. Safe twice.
    pub fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        lock(&self.calls).values().for_each(|call| call.give_up());
        lock(&self.methods).clear();
        self.inbox_filled.notify_one();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Queues an event for the user's side.
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

    pub(crate) fn reserve_handles(&self, count: usize) -> u32 {
        self.next_server_handle.fetch_add(count as u32, Ordering::Relaxed)
    }

    /// Admits a server call and gives its number, even and free.
    pub(crate) fn admit(&self, call: &Arc<Call>) -> u32 {
        let mut calls = lock(&self.calls);
        loop {
            let number = self.next_server_call.fetch_add(2, Ordering::Relaxed);
            if let std::collections::hash_map::Entry::Vacant(free) = calls.entry(number) {
                free.insert(Arc::clone(call));
                drop(calls);
                // As in open_call: a close may have looked before.
                if self.is_closed() {
                    call.give_up();
                }
                return number;
            }
        }
    }

    pub(crate) fn forget(&self, call: u32) {
        lock(&self.calls).remove(&call);
    }

    fn call(&self, number: u32) -> Option<Arc<Call>> {
        lock(&self.calls).get(&number).cloned()
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
            Op::Open { call, method, timeout, timeout_travels, metadata, request, end } => {
                self.open_call(call, method, OpenCall { timeout, timeout_travels, metadata, end }, request);
            }
            Op::Item { call, message } => self.with(call, |c| self.send(call, c, message)),
            Op::End { call } => self.with(call, |c| c.mailbox.end(End::Input)),
            Op::Cancel { call } => self.with(call, |c| c.mailbox.cancel()),
            Op::Credit { call, bytes } => self.with(call, |c| c.mailbox.credit(bytes as usize)),
            Op::Reply { call, message } => self.with(call, |c| {
                self.send(call, c, message);
                c.mailbox.end(End::Status(status(Code::Ok, "")));
            }),
            Op::Finish { call, status } => self.with(call, |c| c.mailbox.end(End::Status(status))),
        }
    }

    /// Operations on a call that is over are late, not wrong.
    fn with(&self, number: u32, apply: impl FnOnce(&Call)) {
        if let Some(call) = self.call(number) {
            apply(&call);
        }
    }

    /// A message that cannot travel: a server says so to its caller, a client call ends here.
    fn send(&self, number: u32, call: &Call, message: Framed) {
        let Err(reason) = call.send(message) else { return };
        if call.server {
            call.mailbox.end(End::Status(reason));
        } else {
            call.mailbox.cancel();
            self.forget(number);
            self.push(Event::Ended {
                call: number,
                status: reason,
                received: 0,
                local: true,
                not_sent: false,
            });
        }
    }

    fn open_call(self: &Arc<Self>, number: u32, handle: u32, open: OpenCall, request: Option<Framed>) {
        let method = lock(&self.methods).get(&handle).cloned();
        let ended =
            |status, not_sent| Event::Ended { call: number, status, received: 0, local: true, not_sent };
        let Some(method) = method else {
            self.push(ended(status(Code::Unavailable, "the connection is closed"), true));
            return;
        };
        let call = Arc::new(Call::new(method.request.clone(), false));
        if let Some(Err(reason)) = request.map(|message| call.send(message)) {
            self.push(ended(reason, true));
            return;
        }
        if open.end {
            call.mailbox.end(End::Input);
        }
        lock(&self.calls).insert(number, Arc::clone(&call));
        // A close that looked through the calls before this one was among them has not ended it.
        if self.is_closed() {
            call.give_up();
        }
        client::spawn(Arc::clone(self), number, call, method, open);
    }
}

/// A trailer frame with this status.
pub(crate) fn trailer(status: &aster_wire::record::RpcStatus, encoding: Encoding) -> bytes::Bytes {
    let payload = status.encode(encoding);
    // INVARIANT: statuses are cut to the limits before they are encoded, far below a frame's size.
    Framed::from_payload(flag::TRAILER, &payload).map(Framed::into_wire).unwrap_or_default()
}
