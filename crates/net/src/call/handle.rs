//! The user's side of a call: actions of the user wait here for the task that runs the call.
//!
//! Owns the output queue, the count of input bytes that the user has not consumed, and the waker of the task that
//! runs the call. Every thread may use a handle; no function blocks on the network except [`CallHandle::room`], which
//! is awaited.

mod behind;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use aster_wire::record::{Encoding, RpcStatus};
use bytes::{Bytes, BytesMut};
use tokio::sync::{Notify, oneshot};

use behind::Behind;

use super::framed::Framed;
use super::payload::{CompressionBackoff, PayloadCodec};
use crate::connection::{MESSAGE_OVERHEAD, PeerBudget, Purpose, Reserved, Room};
use crate::error::status;
use aster_wire::status::Code;

/// Limit of a stream for input bytes that wait for the user, and of the window for its output: payload bytes plus 4
/// for each message.
pub const STREAM_BUDGET: usize = 1 << 20;
/// The window for output with which each call begins. It is not part of the connection's budget.
pub const FIRST_WINDOW: usize = 16 * 1024;
/// Messages up to this size are copied into one buffer, so that a write has few chunks.
const JOIN_BYTES: usize = 4096;
const JOINED_BYTES: usize = 64 * 1024;

/// How the output of a call ends.
#[derive(Debug)]
pub(crate) enum End {
    /// Client: no more requests follow.
    Input,
    /// Server: the call ends with this status.
    Status(RpcStatus),
}

/// Output that the task has taken.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) chunks: Vec<Bytes>,
    /// Payload bytes plus 4 for each message, for [`CallHandle::written`].
    pub(crate) bytes: usize,
    pub(crate) end: Option<End>,
}

impl Output {
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.end.is_none()
    }
}

/// Shares of the connection's budget for messages that the user has not consumed.
#[derive(Debug, Default)]
struct BudgetLedger {
    /// Bytes delivered to the user since the call began.
    handed: usize,
    /// Each share, with the value of that count at which its last message is consumed.
    shares: VecDeque<(usize, Reserved)>,
}

/// How many bytes of output a call may have queued. Above [`FIRST_WINDOW`] the bytes are reserved.
#[derive(Debug, Default)]
struct Window {
    reserved: Option<Reserved>,
    /// A reservation that waits.
    asked: Option<oneshot::Receiver<Reserved>>,
    /// The window was made for one large message, and what is known of that message.
    large: Option<Large>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Large {
    Expected,
    Queued,
}

impl Window {
    fn bytes(&self) -> usize {
        FIRST_WINDOW + self.reserved.as_ref().map_or(0, Reserved::bytes)
    }

    fn add(&mut self, more: Reserved) {
        match &mut self.reserved {
            Some(reserved) => reserved.merge(more),
            None => self.reserved = Some(more),
        }
    }
}

/// The answer to [`CallHandle::widen`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Widened {
    /// The window now. It may be smaller than requested.
    Window(usize),
    /// The window will be large enough later; the event `Credit` tells when.
    Later,
    /// The messages that wait for the peer use the whole budget, and as many bytes wait for it.
    Refused,
}

/// Where the request of a client call is.
#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Here,
    /// It may have left this process.
    Sent,
}

#[derive(Debug, Default)]
struct State {
    chunks: Vec<Bytes>,
    joined: BytesMut,
    /// Bytes in `chunks` and `joined`.
    queued: usize,
    /// Bytes that are queued or being written.
    unsent: usize,
    end: Option<End>,
    ended: bool,
    cancelled: bool,
    place: Place,
    over: bool,
    behind: Behind,
    unread: usize,
    window: Window,
    /// The budget share of the only request.
    request: Option<Reserved>,
    ledger: BudgetLedger,
    waker: Option<Waker>,
}

impl State {
    fn put(&mut self, frame: Bytes, bytes: usize) {
        self.queued += bytes;
        self.unsent += bytes;
        if bytes > FIRST_WINDOW && self.window.large.is_some() {
            self.window.large = Some(Large::Queued);
        }
        let alone = self.chunks.is_empty() && self.joined.is_empty();
        if frame.len() > JOIN_BYTES || alone {
            if !self.joined.is_empty() {
                self.chunks.push(self.joined.split().freeze());
            }
            self.chunks.push(frame);
            return;
        }
        self.joined.extend_from_slice(&frame);
        if self.joined.len() >= JOINED_BYTES {
            self.chunks.push(self.joined.split().freeze());
        }
    }
}

#[derive(Debug)]
struct Shared {
    /// Encoding of outgoing messages.
    codec: PayloadCodec,
    budget: PeerBudget,
    backoff: Mutex<CompressionBackoff>,
    state: Mutex<State>,
    /// `state.behind` is in use. It is read without the lock.
    is_behind: AtomicBool,
    room: Notify,
}

/// The user's handle of one call, client or server. Cheap to clone.
///
/// Lifetime: operations have no effect after the call has ended. Dropping handles does not end the call.
#[derive(Debug, Clone)]
pub struct CallHandle(Arc<Shared>);

impl CallHandle {
    /// `budget`: that of the connection.
    pub(crate) fn new(codec: PayloadCodec, budget: PeerBudget) -> Self {
        Self(Arc::new(Shared {
            codec,
            budget,
            backoff: Mutex::default(),
            state: Mutex::default(),
            is_behind: AtomicBool::new(false),
            room: Notify::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes the task that runs the call.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = self.state();
            change(&mut state);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Wakes the task that runs the call, because something else has changed.
    pub(crate) fn wake(&self) {
        self.change(|_| {});
    }

    /// Queues one message. Does not wait: callers that send many messages await [`room`](Self::room) first.
    ///
    /// # Errors
    /// The status for a message that cannot be sent: it is too large or does not match the contract. It is not
    /// queued. When that is found out later, because the conversion takes long, the call ends with the status.
    pub fn send(&self, message: Framed) -> Result<(), RpcStatus> {
        let Some(message) = self.not_behind(message) else { return Ok(()) };
        let bytes = message.payload().len() + MESSAGE_OVERHEAD;
        let frame = {
            let mut backoff = self.0.backoff.lock().unwrap_or_else(PoisonError::into_inner);
            self.0.codec.outgoing(message, &mut backoff)?
        };
        self.change(|state| {
            if !(state.ended || state.cancelled || state.over) {
                state.put(frame, bytes);
            }
        });
        Ok(())
    }

    /// Client: no more requests follow.
    pub fn end_input(&self) {
        self.end(End::Input);
    }

    /// Server: the call ends with this status, after the queued output. Only the first end has an effect.
    pub fn finish(&self, status: RpcStatus) {
        self.end(End::Status(status));
    }

    /// Server: sends the only response and ends the call with OK. A response that cannot be sent ends the call with
    /// an error status.
    pub fn reply(&self, message: Framed) {
        match self.send(message) {
            Ok(()) => self.finish(status(Code::Ok, "")),
            Err(reason) => self.finish(reason),
        }
    }

    fn end(&self, end: End) {
        self.change(|state| {
            if !state.ended {
                state.ended = true;
                state.end = Some(end);
            }
        });
    }

    /// Client: cancels the call. No more events are delivered.
    pub fn cancel(&self) {
        self.change(|state| state.cancelled = true);
    }

    /// Client: cancels the call if it has not been sent. True: it never will be.
    pub fn withdraw(&self) -> bool {
        let mut withdrawn = false;
        self.change(|state| {
            withdrawn = state.place == Place::Here && !state.over;
            state.cancelled |= withdrawn;
        });
        withdrawn
    }

    /// Client: the request leaves this process now. False: the user has cancelled the call before.
    pub(crate) fn begin_sending(&self) -> bool {
        let mut state = self.state();
        if !state.cancelled {
            state.place = Place::Sent;
        }
        !state.cancelled
    }

    /// The user consumed `bytes` of a [`Block`](super::Block).
    pub fn consumed(&self, bytes: usize) {
        self.change(|state| {
            state.unread = state.unread.saturating_sub(bytes);
            let consumed = state.ledger.handed.saturating_sub(state.unread);
            while state.ledger.shares.front().is_some_and(|(until, _)| *until <= consumed) {
                state.ledger.shares.pop_front();
            }
        });
    }

    /// The window for output: how many bytes may be queued. Payload bytes plus 4 for each message.
    pub fn window(&self) -> usize {
        self.state().window.bytes()
    }

    /// Asks for a window of `wanted` bytes. `large`: for one message that is larger than the first window. Such a
    /// message may wait for its turn. Otherwise the window grows only as far as bytes are free now, up to
    /// [`STREAM_BUDGET`].
    pub fn widen(&self, wanted: usize, large: bool) -> Widened {
        let mut state = self.state();
        let now = state.window.bytes();
        if wanted <= now || state.cancelled || state.over {
            return Widened::Window(wanted.max(now));
        }
        if state.window.asked.is_some() {
            return Widened::Later;
        }
        if wanted <= STREAM_BUDGET {
            for target in [(2 * now).clamp(wanted, STREAM_BUDGET), wanted] {
                if let Some(more) = self.0.budget.try_reserve(Purpose::Window, target - now) {
                    state.window.add(more);
                    return Widened::Window(target);
                }
            }
        }
        if !large {
            return Widened::Window(now);
        }
        match self.0.budget.output(wanted - now) {
            Room::Reserved(more) => {
                state.window.add(more);
                state.window.large = Some(Large::Expected);
                Widened::Window(wanted)
            }
            Room::Later(asked) => {
                state.window.asked = Some(asked);
                // The task that runs the call waits for the bytes.
                if let Some(waker) = state.waker.take() {
                    waker.wake();
                }
                Widened::Later
            }
            Room::Refused => Widened::Refused,
        }
    }

    /// Ready when bytes that [`widen`](Self::widen) asked for are reserved.
    pub(crate) fn poll_widened(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        let Some(asked) = &mut state.window.asked else { return Poll::Pending };
        let more = std::task::ready!(Pin::new(asked).poll(cx));
        state.window.asked = None;
        if let Ok(more) = more {
            state.window.add(more);
            state.window.large = Some(Large::Expected);
        }
        drop(state);
        self.0.room.notify_waiters();
        Poll::Ready(())
    }

    /// Waits until a message of `bytes` may be queued. Only messages that are larger than the first window wait for
    /// the connection's budget. `Ok(false)`: the call accepts no more output. Cancel-safe.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` when too much output waits for the peer.
    pub async fn room_for(&self, bytes: usize) -> Result<bool, RpcStatus> {
        let cost = bytes + MESSAGE_OVERHEAD;
        loop {
            if !self.room().await {
                return Ok(false);
            }
            let granted = self.0.room.notified();
            tokio::pin!(granted);
            granted.as_mut().enable();
            let wanted = self.state().unsent + cost;
            if cost <= FIRST_WINDOW {
                return Ok(true);
            }
            match self.widen(wanted, true) {
                Widened::Window(_) => return Ok(true),
                Widened::Later => granted.await,
                Widened::Refused => return Err(unread()),
            }
        }
    }

    /// Waits while the window is full. False: the call accepts no more output. Cancel-safe.
    pub async fn room(&self) -> bool {
        loop {
            let room = self.0.room.notified();
            tokio::pin!(room);
            // The notification is enabled before the check, so that it is not missed when room appears in between.
            room.as_mut().enable();
            let unsent = {
                let state = self.state();
                if state.ended || state.cancelled || state.over {
                    return false;
                }
                state.unsent
            };
            if matches!(self.widen(unsent + 1, false), Widened::Window(window) if unsent < window) {
                return true;
            }
            room.await;
        }
    }

    /// Whether the call has ended.
    pub fn is_over(&self) -> bool {
        self.state().over
    }

    /// The encoding of records on the stream of this call.
    pub(crate) fn encoding(&self) -> Encoding {
        self.0.codec.mode.encoding()
    }

    /// Takes the output that is queued now.
    pub(crate) fn take_output(&self) -> Output {
        let mut state = self.state();
        let mut chunks = std::mem::take(&mut state.chunks);
        if !state.joined.is_empty() {
            chunks.push(state.joined.split().freeze());
        }
        let end = if state.behind.is_empty() { state.end.take() } else { None };
        Output { chunks, bytes: std::mem::take(&mut state.queued), end }
    }

    /// The next change of this handle wakes the task of `cx`. Call this before reading the state.
    pub(crate) fn watch(&self, cx: &Context<'_>) {
        let mut state = self.state();
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
    }

    /// `bytes` of output were written.
    pub(crate) fn written(&self, bytes: usize) {
        let returned = {
            let mut state = self.state();
            state.unsent = state.unsent.saturating_sub(bytes);
            let idle = state.unsent == 0 && state.window.large != Some(Large::Expected);
            let large = state.window.large == Some(Large::Queued);
            if idle && (large || state.window.reserved.is_some() && self.0.budget.is_scarce()) {
                state.window.large = None;
                state.window.reserved.take()
            } else {
                None
            }
        };
        drop(returned);
        self.0.room.notify_waiters();
    }

    /// Whether the user has cancelled the call.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    /// Bytes that were delivered and not yet consumed.
    pub(crate) fn unread(&self) -> usize {
        self.state().unread
    }

    /// Keeps the budget share of the only request until every handle is dropped.
    pub(crate) fn hold(&self, reserved: Option<Reserved>) {
        self.state().request = reserved;
    }

    /// `bytes` were delivered to the user; `reserved` is their share of the connection's budget.
    pub(crate) fn handed(&self, bytes: usize, reserved: Option<Reserved>) {
        let mut state = self.state();
        state.unread += bytes;
        state.ledger.handed += bytes;
        let until = state.ledger.handed;
        state.ledger.shares.extend(reserved.map(|share| (until, share)));
    }

    /// The call has ended: later operations have no effect. Returns the budget share of output that is being written.
    pub(crate) fn close(&self) -> Option<Reserved> {
        let mut state = self.state();
        state.over = true;
        state.waker = None;
        state.chunks = Vec::new();
        state.joined = BytesMut::new();
        let behind = std::mem::take(&mut state.behind);
        let window = std::mem::take(&mut state.window);
        drop(state);
        drop(behind);
        self.0.room.notify_waiters();
        window.reserved
    }
}

/// The status of a message for which there is no room.
fn unread() -> RpcStatus {
    status(Code::ResourceExhausted, UNREAD)
}

/// Why a message is refused for which there is no room.
pub const UNREAD: &str =
    "too many bytes wait for the peer, which does not read them (the limit is peerBytes for each connection)";
