//! The two directions of a call, as values.

use std::marker::PhantomData;
use std::sync::Arc;

use aster_codec::{NULL_MESSAGE, Value};
use aster_net::{Framed, Op, PayloadCodec, codec_status};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use bytes::{BufMut, Bytes, BytesMut};

use crate::contract::Types;
use crate::exchange::{Exchange, Slot};
use crate::message::Message;

/// A call of this side, and its end when nobody holds it any more.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) number: u32,
    pub(crate) slot: Arc<Slot>,
    pub(crate) types: Types,
    /// A client call is left by being dropped; a server call is ended by its handler.
    pub(crate) client: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.client && !self.slot.is_over() {
            self.exchange.submit(Op::Cancel { call: self.number });
        }
        self.exchange.forget(self.number);
    }
}

/// Messages that arrive, in order.
///
/// Lifetime: dropping the last part of a client call leaves the call; what is not read holds the sender back.
#[derive(Debug)]
pub struct Receiver<M> {
    held: Arc<Held>,
    codec: PayloadCodec,
    message: PhantomData<fn() -> M>,
}

impl<M: Message> Receiver<M> {
    pub(crate) fn new(held: Arc<Held>, codec: PayloadCodec) -> Self {
        Self { held, codec, message: PhantomData }
    }

    /// The next message, or none at the end. Cancel-safe.
    ///
    /// # Errors
    /// How the call failed; `INTERNAL` for a message that is no `M`.
    pub async fn next(&mut self) -> Result<Option<M>, RpcStatus> {
        let Some(message) = self.held.slot.next().await? else {
            return Ok(None);
        };
        let bytes = message.len() as u32 + 4;
        self.held.exchange.submit(Op::Credit { call: self.held.number, bytes });
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
    held: Arc<Held>,
    codec: PayloadCodec,
    message: PhantomData<fn(M)>,
}

impl<M: Message> Sender<M> {
    pub(crate) fn new(held: Arc<Held>, codec: PayloadCodec) -> Self {
        Self { held, codec, message: PhantomData }
    }

    /// Sends a message; waits while the peer is more than 1 MiB behind.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it does not fit the contract, `CANCELLED` when the call is over: its outcome is the
    /// receiver's to tell.
    pub async fn send(&mut self, message: &M) -> Result<(), RpcStatus> {
        let message = framed(&self.codec, &message.to_value(&self.held.types))?;
        if !self.held.slot.take_room(message.payload().len() + 4).await {
            return Err(RpcStatus::new(Code::Cancelled, "the call is over"));
        }
        self.held.exchange.submit(Op::Item { call: self.held.number, message });
        Ok(())
    }

    /// Says that nothing follows.
    pub fn end(self) {
        self.held.exchange.submit(Op::End { call: self.held.number });
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
