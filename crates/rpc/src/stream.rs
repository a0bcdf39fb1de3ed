//! The two directions of a call.

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

/// Locks a mutex. After a panic in another thread the value is still valid.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Messages that arrived, and how their stream ended. The task that runs the call fills it, and stops reading when
/// the messages here reach the stream budget.
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

    /// Only the first end counts.
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

/// A call of this side. It ends when nothing refers to it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) handle: CallHandle,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) types: Types,
    /// Dropping cancels a client call. The handler ends a server call.
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
/// Lifetime: a client call is cancelled when its last part is dropped. Messages that are not read make the sender
/// wait.
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

    /// The next message; `None` at the end of the stream. Cancel-safe.
    ///
    /// # Errors
    /// The status with which the call failed; `INTERNAL` for a message that cannot be converted to `M`.
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

/// Sends messages, in order.
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

    /// Sends a message. Waits while more than 1 MiB is not sent, or less when other output waits for the same peer.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the message does not match the contract, `CANCELLED` when the call has ended; the
    /// receiver then returns the status of the call. `RESOURCE_EXHAUSTED` when too much output waits for the peer.
    pub async fn send(&mut self, message: &M) -> Result<(), RpcStatus> {
        let message = framed(&self.codec, &message.to_value(&self.call.types))?;
        if !self.call.handle.room_for(message.payload().len()).await? {
            return Err(RpcStatus::new(Code::Cancelled, "the call has ended"));
        }
        self.call.handle.send(message)
    }

    /// Ends the stream of messages.
    pub fn end(self) {
        self.call.handle.end_input();
    }
}

/// A message in a buffer with room for the frame head.
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
