//! The two directions of a call, as values.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aster_codec::{NULL_MESSAGE, Value};
use aster_net::{CallHandle, Framed, MESSAGE_OVERHEAD, PayloadCodec, codec_status};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::Notify;

use crate::contract::Types;
use crate::message::Message;

/// Locks; a panic elsewhere leaves the value usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Messages that arrived and how their stream ended. Filled by the task that runs the call, which stops reading
/// while a stream budget of messages waits here.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<Arrived>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Arrived {
    messages: VecDeque<Bytes>,
    /// How the input ended.
    end: Option<Result<(), RpcStatus>>,
}

impl Inbox {
    pub(crate) fn push(&self, messages: impl IntoIterator<Item = Bytes>) {
        lock(&self.state).messages.extend(messages);
        self.changed.notify_one();
    }

    /// The first end counts.
    pub(crate) fn end(&self, end: Result<(), RpcStatus>) {
        lock(&self.state).end.get_or_insert(end);
        self.changed.notify_one();
    }

    /// The next message, or how the input ended. Cancel-safe.
    async fn next(&self) -> Result<Option<Bytes>, RpcStatus> {
        loop {
            {
                let mut state = lock(&self.state);
                if let Some(message) = state.messages.pop_front() {
                    return Ok(Some(message));
                }
                if let Some(end) = &state.end {
                    return end.clone().map(|()| None);
                }
            }
            self.changed.notified().await;
        }
    }
}

/// A call of this side, and its end when nobody holds it any more.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) handle: CallHandle,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) types: Types,
    /// A client call is left by being dropped; a server call is ended by its handler.
    pub(crate) client: bool,
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.client {
            self.handle.cancel();
        }
    }
}

/// Messages that arrive, in order.
///
/// Lifetime: dropping the last part of a client call leaves the call; what is not read holds the sender back.
#[derive(Debug)]
pub struct Receiver<M> {
    call: Arc<Call>,
    codec: PayloadCodec,
    message: PhantomData<fn() -> M>,
}

impl<M: Message> Receiver<M> {
    pub(crate) fn new(call: Arc<Call>, codec: PayloadCodec) -> Self {
        Self { call, codec, message: PhantomData }
    }

    /// The next message, or none at the end. Cancel-safe.
    ///
    /// # Errors
    /// How the call failed; `INTERNAL` for a message that is no `M`.
    pub async fn next(&mut self) -> Result<Option<M>, RpcStatus> {
        let Some(message) = self.call.inbox.next().await? else {
            return Ok(None);
        };
        self.call.handle.consumed(message.len() + MESSAGE_OVERHEAD);
        let value = if message[..] == NULL_MESSAGE {
            Value::Null
        } else {
            Value::decode(&self.codec.plan, self.codec.root, &message).map_err(|e| codec_status(&e))?
        };
        M::from_value(value).map(Some)
    }

    /// The only message.
    pub(crate) async fn only(mut self) -> Result<M, RpcStatus> {
        let nothing = || RpcStatus::new(Code::Internal, "the call ended without a message");
        self.next().await?.ok_or_else(nothing)
    }
}

/// Messages that go out, in order.
#[derive(Debug)]
pub struct Sender<M> {
    call: Arc<Call>,
    codec: PayloadCodec,
    message: PhantomData<fn(M)>,
}

impl<M: Message> Sender<M> {
    pub(crate) fn new(call: Arc<Call>, codec: PayloadCodec) -> Self {
        Self { call, codec, message: PhantomData }
    }

    /// Sends a message; waits while the peer is more than 1 MiB behind.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it does not fit the contract, `CANCELLED` when the call is over: its outcome is the
    /// receiver's to tell.
    pub async fn send(&mut self, message: &M) -> Result<(), RpcStatus> {
        let message = framed(&self.codec, &message.to_value(&self.call.types))?;
        if !self.call.handle.room().await {
            return Err(RpcStatus::new(Code::Cancelled, "the call is over"));
        }
        self.call.handle.send(message)
    }

    /// Says that nothing follows.
    pub fn end(self) {
        self.call.handle.end_input();
    }
}

/// A message with room for its frame's head.
pub(crate) fn framed(codec: &PayloadCodec, value: &Value) -> Result<Framed, RpcStatus> {
    let payload = match value {
        Value::Null => Bytes::from_static(&NULL_MESSAGE),
        value => value.encode(&codec.plan, codec.root).map_err(|e| codec_status(&e))?.into(),
    };
    let mut room = BytesMut::with_capacity(5 + payload.len());
    room.put_slice(&[0; 5]);
    room.put_slice(&payload);
    Framed::from_room(room).map_err(|e| RpcStatus::new(Code::ResourceExhausted, e.to_string()))
}
