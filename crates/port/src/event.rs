//! What crosses a [`Port`](crate::Port): operations in, events out. Typed; their byte form is in `records`.

use std::time::Duration;

use aster_net::{Framed, Message, Metadata};
use aster_wire::record::RpcStatus;
use bytes::Bytes;

/// What JavaScript asks for.
#[derive(Debug)]
pub enum Op {
    /// Begin a client call.
    Open {
        /// Number of the call, chosen by JavaScript.
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

/// What JavaScript is told.
#[derive(Debug)]
pub enum Event {
    /// A call with a single response ended OK.
    Message {
        /// The call, now over.
        call: u32,
        /// The response.
        message: Message,
        /// Whether the bytes are presence-flagged XLANG (they come from JSON or from a peer in compatible mode).
        presence_flagged: bool,
    },
    /// Messages of a stream, in order.
    Items {
        /// The call.
        call: u32,
        /// The messages.
        items: Vec<Bytes>,
        /// What to give back with [`Op::Credit`] once they are consumed.
        bytes: u32,
        /// Whether the bytes are presence-flagged XLANG.
        presence_flagged: bool,
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
        /// Who is at the other end.
        peer: PeerFacts,
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
    pub message: Option<Message>,
    /// Whether no further input follows.
    pub input_ended: bool,
    /// Whether messages of this call are presence-flagged XLANG.
    pub presence_flagged: bool,
    /// Milliseconds since the epoch; 0 for none.
    pub deadline_epoch_ms: f64,
    /// The caller's name for the call; may be empty.
    pub call_id: String,
    /// Pairs of the header.
    pub metadata: Metadata,
}

/// The other end of a connection, as it was when its first call came.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerFacts {
    /// 64 hex digits.
    pub endpoint_id: String,
    /// Attributes of its credential.
    pub attributes: Metadata,
    /// Roles of its credential.
    pub roles: Vec<String>,
    /// When its admission ends, in milliseconds since the epoch; 0 for never.
    pub expires_at_ms: f64,
    /// Whether packets went through a relay; `None` while no path was chosen.
    pub relayed: Option<bool>,
    /// Address of the path; empty while none was chosen.
    pub remote_address: String,
}
