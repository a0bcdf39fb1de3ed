//! The meeting point of a port's events and the calls that wait for them.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aster_net::{Doorbell, Event, IncomingCall, Op, Port};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use bytes::Bytes;
use tokio::sync::Notify;

/// What a writer may have unsent: message bytes plus 4 a message.
const STREAM_BUDGET: usize = 1 << 20;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How the input of a call is over.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    /// In order.
    Done,
    /// With this status; for a server call, because its caller is gone.
    Failed(RpcStatus),
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Bytes>,
    unsent: usize,
    ending: Option<Ending>,
    /// Nothing that is sent arrives any more.
    over: bool,
}

/// One call, client or server: at most one task waits for each of its three kinds of news.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
    arrived: Notify,
    room: Notify,
    over: Notify,
}

impl Slot {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.arrived.notify_one();
        self.room.notify_one();
        self.over.notify_one();
    }

    pub(crate) fn push(&self, message: Bytes) {
        self.change(|state| state.messages.push_back(message));
    }

    /// The first ending counts; `over` says whether output is over too.
    pub(crate) fn end(&self, ending: Ending, over: bool) {
        self.change(|state| {
            state.ending.get_or_insert(ending);
            state.over |= over;
        });
    }

    /// The next message, or how the input ended. Cancel-safe.
    pub(crate) async fn next(&self) -> Result<Option<Bytes>, RpcStatus> {
        loop {
            {
                let mut state = lock(&self.state);
                if let Some(message) = state.messages.pop_front() {
                    return Ok(Some(message));
                }
                match &state.ending {
                    Some(Ending::Done) => return Ok(None),
                    Some(Ending::Failed(status)) => return Err(status.clone()),
                    None => {}
                }
            }
            self.arrived.notified().await;
        }
    }

    /// Waits for room for `bytes` and takes it; false when nothing can be sent any more. Cancel-safe.
    pub(crate) async fn take_room(&self, bytes: usize) -> bool {
        loop {
            {
                let mut state = lock(&self.state);
                if state.over {
                    return false;
                }
                if state.unsent < STREAM_BUDGET {
                    state.unsent += bytes;
                    return true;
                }
            }
            self.room.notified().await;
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        lock(&self.state).over
    }

    /// Waits until nothing that is sent arrives any more. Cancel-safe.
    pub(crate) async fn gone(&self) {
        while !self.is_over() {
            self.over.notified().await;
        }
    }
}

/// A port and the calls on it.
pub(crate) struct Exchange {
    pub(crate) port: Arc<Port>,
    slots: Mutex<HashMap<u32, Arc<Slot>>>,
    /// Connections by number, with the id of the peer.
    peers: Mutex<HashMap<u32, String>>,
    next_call: AtomicU32,
    rung: Arc<Notify>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("port", &self.port).finish_non_exhaustive()
    }
}

struct Bell(Arc<Notify>);

impl Doorbell for Bell {
    fn ring_soon(&self) {
        self.0.notify_one();
    }

    fn ring(&self) {
        self.0.notify_one();
    }
}

impl Exchange {
    /// Opens a port; `accept` gets each call that a peer makes.
    pub(crate) fn open(accept: impl Fn(&Arc<Self>, IncomingCall) + Send + Sync + 'static) -> Arc<Self> {
        let rung = Arc::new(Notify::new());
        let port = Port::open(Box::new(Bell(Arc::clone(&rung))));
        let exchange = Arc::new(Self {
            port,
            slots: Mutex::default(),
            peers: Mutex::default(),
            next_call: AtomicU32::new(1),
            rung: Arc::clone(&rung),
        });
        let this = Arc::clone(&exchange);
        tokio::spawn(async move {
            while !this.port.is_closed() {
                let mut calls = Vec::new();
                this.port.drain(|event| {
                    this.take(event, &mut calls);
                    true
                });
                for call in calls {
                    accept(&this, call);
                }
                rung.notified().await;
            }
        });
        exchange
    }

    /// Ends every call, here and at the peers. Safe twice.
    pub(crate) fn close(&self) {
        self.port.close();
        let status = RpcStatus::new(Code::Unavailable, "the node is closed");
        for (_, slot) in lock(&self.slots).drain() {
            slot.end(Ending::Failed(status.clone()), true);
        }
        self.rung.notify_one();
    }

    /// A number and a place for a new client call.
    pub(crate) fn begin(&self) -> (u32, Arc<Slot>) {
        let number = self.next_call.fetch_add(2, Ordering::Relaxed);
        (number, self.place(number))
    }

    pub(crate) fn place(&self, number: u32) -> Arc<Slot> {
        let slot = Arc::new(Slot::default());
        lock(&self.slots).insert(number, Arc::clone(&slot));
        slot
    }

    /// The place of a call that has one.
    pub(crate) fn slot(&self, number: u32) -> Arc<Slot> {
        lock(&self.slots).entry(number).or_default().clone()
    }

    pub(crate) fn forget(&self, number: u32) {
        lock(&self.slots).remove(&number);
    }

    pub(crate) fn peer(&self, connection: u32) -> String {
        lock(&self.peers).get(&connection).cloned().unwrap_or_default()
    }

    pub(crate) fn submit(&self, op: Op) {
        self.port.submit(vec![op]);
    }

    fn with(&self, number: u32, act: impl FnOnce(&Slot)) {
        let slot = lock(&self.slots).get(&number).cloned();
        // Events of a call that its user left are late, not wrong.
        if let Some(slot) = slot {
            act(&slot);
        }
    }

    fn take(&self, event: &Event, calls: &mut Vec<IncomingCall>) {
        match event {
            Event::Message { call, message, .. } => self.with(*call, |slot| {
                slot.push(message.clone());
                slot.end(Ending::Done, true);
            }),
            Event::Items { call, items, .. } => {
                self.with(*call, |slot| items.iter().for_each(|item| slot.push(item.clone())));
            }
            Event::Ended { call, status, .. } => self.with(*call, |slot| {
                let ending = if status.code == 0 { Ending::Done } else { Ending::Failed(status.clone()) };
                slot.end(ending, true);
            }),
            Event::Credit { call, bytes } => self.with(*call, |slot| {
                slot.change(|state| state.unsent = state.unsent.saturating_sub(*bytes as usize));
            }),
            Event::Call(call) => {
                let slot = self.place(call.call);
                call.message.iter().for_each(|message| slot.push(message.clone()));
                if call.input_ended {
                    slot.end(Ending::Done, false);
                }
                calls.push(IncomingCall {
                    call: call.call,
                    handle: call.handle,
                    connection: call.connection,
                    message: None,
                    input_ended: call.input_ended,
                    marked: call.marked,
                    deadline_epoch_ms: call.deadline_epoch_ms,
                    call_id: call.call_id.clone(),
                    metadata: call.metadata.clone(),
                });
            }
            Event::InputEnd { call } => self.with(*call, |slot| slot.end(Ending::Done, false)),
            Event::Aborted { call, code } => self.with(*call, |slot| {
                let status = RpcStatus {
                    code: i64::from(*code),
                    message: "the caller left".to_owned(),
                    details: Vec::new(),
                };
                slot.end(Ending::Failed(status), true);
            }),
            Event::Peer { connection, json } => {
                let facts: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
                let id = facts["endpointId"].as_str().unwrap_or_default().to_owned();
                lock(&self.peers).insert(*connection, id);
            }
            Event::PeerGone { connection } => {
                lock(&self.peers).remove(connection);
            }
            Event::Log { json } => tracing::info!("{json}"),
            Event::Settled { .. } => {}
        }
    }
}
