//! What crosses a [`Port`](crate::Port): operations in, events out. Typed; their byte form is the bridge's.

use std::time::Duration;

use aster_wire::frame;
use aster_wire::record::RpcStatus;
use bytes::{BufMut, Bytes, BytesMut};

/// Key and value pairs of a call, in order.
pub(crate) type Metadata = Vec<(String, String)>;

/// One message with room for its frame head in front, so that sending it copies nothing.
///
/// Shape: 5 bytes of data-frame head, then the payload.
#[derive(Debug, Clone)]
pub struct Framed(Bytes);

impl Framed {
    /// Takes bytes whose first five are room for the head and writes the head there.
    ///
    /// # Errors
    /// Empty or oversized payloads, as [`frame::head`] tells.
    pub fn from_room(mut bytes: BytesMut) -> Result<Self, frame::FrameError> {
        let head = frame::head(0, bytes.len().saturating_sub(frame::HEAD_BYTES))?;
        if let Some(room) = bytes.get_mut(..frame::HEAD_BYTES) {
            room.copy_from_slice(&head);
        }
        Ok(Self(bytes.freeze()))
    }

    /// Frames a payload by copying it.
    ///
    /// # Errors
    /// Empty or oversized payloads, as [`frame::head`] tells.
    pub fn from_payload(flags: u8, payload: &[u8]) -> Result<Self, frame::FrameError> {
        let head = frame::head(flags, payload.len())?;
        let mut bytes = BytesMut::with_capacity(head.len() + payload.len());
        bytes.put_slice(&head);
        bytes.put_slice(payload);
        Ok(Self(bytes.freeze()))
    }

    /// The payload alone.
    pub fn payload(&self) -> &[u8] {
        self.0.get(frame::HEAD_BYTES..).unwrap_or_default()
    }

    /// Head and payload, as they go on the wire.
    pub fn into_wire(self) -> Bytes {
        self.0
    }
}

/// What the user's side asks for.
#[derive(Debug)]
pub enum Op {
    /// Begin a client call.
    Open {
        /// Number of the call, chosen by the user's side.
        call: u32,
        /// Handle from [`Port::register`](crate::Port::register).
        method: u32,
        /// Local deadline.
        timeout: Option<Duration>,
        /// Whether the deadline is told to the server.
        timeout_travels: bool,
        /// Pairs for the header.
        metadata: Metadata,
        /// The first message.
        request: Option<Framed>,
        /// Whether the input ends with it.
        end: bool,
    },
    /// One more message.
    Item {
        /// The call.
        call: u32,
        /// The message.
        message: Framed,
    },
    /// The client's input ends.
    End {
        /// The call.
        call: u32,
    },
    /// The client leaves the call.
    Cancel {
        /// The call.
        call: u32,
    },
    /// The reader consumed this much.
    Credit {
        /// The call.
        call: u32,
        /// Message bytes plus 4 a message.
        bytes: u32,
    },
    /// A handler's single answer.
    Reply {
        /// The call.
        call: u32,
        /// The answer.
        message: Framed,
    },
    /// A handler's end.
    Finish {
        /// The call.
        call: u32,
        /// With what.
        status: RpcStatus,
    },
}

/// What the user's side is told.
#[derive(Debug)]
pub enum Event {
    /// A call with a single response ended OK.
    Message {
        /// The call, now over.
        call: u32,
        /// The response.
        message: Bytes,
        /// Whether the bytes are marked XLANG (they come from JSON or from a peer in compatible mode).
        marked: bool,
    },
    /// Messages of a stream, in order.
    Items {
        /// The call.
        call: u32,
        /// The messages.
        items: Vec<Bytes>,
        /// What to give back with [`Op::Credit`] once they are consumed.
        bytes: u32,
        /// Whether the bytes are marked XLANG.
        marked: bool,
    },
    /// A client call is over.
    Ended {
        /// The call.
        call: u32,
        /// How it ended.
        status: RpcStatus,
        /// Messages received before that.
        received: u32,
        /// Made here, not by the peer.
        local: bool,
        /// The request never left this process.
        not_sent: bool,
    },
    /// The writer has room again.
    Credit {
        /// The call.
        call: u32,
        /// Message bytes plus 4 a message.
        bytes: u32,
    },
    /// A server call begins.
    Call(Box<IncomingCall>),
    /// The client's input ended in order.
    InputEnd {
        /// The call.
        call: u32,
    },
    /// The caller left, the deadline passed or the connection is gone.
    Aborted {
        /// The call, now over.
        call: u32,
        /// Why.
        code: u16,
    },
    /// A connection whose calls follow.
    Peer {
        /// Its number.
        connection: u32,
        /// Whose it is, as JSON.
        json: String,
    },
    /// No more calls of this connection.
    PeerGone {
        /// Its number.
        connection: u32,
    },
    /// Words for the user's log.
    Log {
        /// Level, target, message and fields, as JSON.
        json: String,
    },
    /// A control request is settled.
    Settled {
        /// Its number; the outcome waits at whoever made the request.
        request: u32,
    },
}

/// The beginning of a server call.
#[derive(Debug)]
pub struct IncomingCall {
    /// Number of the call, even.
    pub call: u32,
    /// Handle of the method.
    pub handle: u32,
    /// Number of the connection.
    pub connection: u32,
    /// The request of a call without request stream.
    pub message: Option<Bytes>,
    /// Whether no further input follows.
    pub input_ended: bool,
    /// Whether messages of this call are marked XLANG.
    pub marked: bool,
    /// Milliseconds since the epoch; 0 for none.
    pub deadline_epoch_ms: f64,
    /// The caller's name for the call; may be empty.
    pub call_id: String,
    /// Pairs of the header.
    pub metadata: Metadata,
}
