//! The contents of a [`Port`](crate::Port): operations from JavaScript, events to JavaScript. Their encoding is in
//! `records`.

use std::time::Duration;

use aster_net::{Framed, Message, Metadata};
use aster_wire::record::RpcStatus;
use bytes::Bytes;

/// An operation from JavaScript.
#[derive(Debug)]
pub enum Op {
    /// Begin a client call.
    Open {
        /// Number of the call, chosen by JavaScript.
        call: u32,
        /// Handle from [`Port::register`](crate::Port::register).
        method: u32,
        /// The session in which the call is made.
        session: Option<u32>,
        /// Local deadline.
        timeout: Option<Duration>,
        /// Whether the header contains the deadline.
        timeout_travels: bool,
        /// Metadata for the header.
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
    /// No more requests follow.
    End {
        /// The call.
        call: u32,
    },
    /// The client cancels the call.
    Cancel {
        /// The call.
        call: u32,
    },
    /// The reader has consumed bytes.
    Credit {
        /// The call.
        call: u32,
        /// Message bytes plus 4 for each message.
        bytes: u32,
    },
    /// The only response of a handler.
    Reply {
        /// The call.
        call: u32,
        /// The response.
        message: Framed,
    },
    /// The end of a server call.
    Finish {
        /// The call.
        call: u32,
        /// Its status.
        status: RpcStatus,
    },
    /// Open a session as its client.
    OpenSession {
        /// Number of the session, chosen by JavaScript from those of calls.
        session: u32,
        /// Handle of a method of the service without a name, from [`Port::register`](crate::Port::register).
        method: u32,
        /// Id of the session.
        id: String,
        /// Time limit for opening.
        timeout: Option<Duration>,
        /// Metadata for the header.
        metadata: Metadata,
    },
    /// End a session. The environment that opened it sends this once more when it has seen the end.
    CloseSession {
        /// The session.
        session: u32,
        /// Calls that wait fail, and a running call is cancelled.
        now: bool,
        /// Server: what the client is told.
        status: RpcStatus,
    },
}

/// An event for JavaScript.
#[derive(Debug)]
pub enum Event {
    /// A call with a single response ended OK.
    Message {
        /// The call, which has ended.
        call: u32,
        /// The response.
        message: Message,
        /// Whether the bytes are presence-flagged XLANG (in JSON mode, or from a peer in compatible mode).
        presence_flagged: bool,
    },
    /// Messages of a stream, in order.
    Items {
        /// The call.
        call: u32,
        /// The messages.
        items: Vec<Bytes>,
        /// The value to return with [`Op::Credit`] when the messages are consumed.
        bytes: u32,
        /// Whether the bytes are presence-flagged XLANG.
        presence_flagged: bool,
    },
    /// A client call has ended.
    Ended {
        /// The call.
        call: u32,
        /// How it ended.
        status: RpcStatus,
        /// Number of messages received before the end.
        received: u32,
        /// This side created the status.
        local: bool,
        /// The request was not sent.
        not_sent: bool,
    },
    /// Output was written, or the window of the writer has changed.
    Credit {
        /// The call.
        call: u32,
        /// The bytes that were written: message bytes plus 4 for each message.
        bytes: u32,
        /// How many bytes may be queued.
        window: u32,
    },
    /// A server call begins.
    Call(Box<IncomingCall>),
    /// The client has ended its input.
    InputEnd {
        /// The call.
        call: u32,
    },
    /// A server call ended early: the caller cancelled, the deadline passed, or the connection is gone.
    Aborted {
        /// The call, which has ended.
        call: u32,
        /// The status code for the reason.
        code: u16,
    },
    /// A new connection; calls on it follow.
    Peer {
        /// Its number.
        connection: u32,
        /// The peer at the other end.
        peer: PeerFacts,
    },
    /// No more calls of this connection follow.
    PeerGone {
        /// Its number.
        connection: u32,
    },
    /// The stream of a client's session is open.
    SessionOpened {
        /// The session.
        session: u32,
    },
    /// A session is over.
    SessionEnded {
        /// The session.
        session: u32,
        /// One of [`session_end`](crate::constants::session_end).
        by: u8,
        /// Client: how it ended.
        status: RpcStatus,
        /// Client: the last call of which the server is known to be done; 0 for none.
        last_finished: u32,
        /// Client: this side created the status.
        local: bool,
        /// Client: the session was never opened.
        not_sent: bool,
    },
    /// A session of a peer begins; its calls follow.
    Session {
        /// Number of the session, even.
        session: u32,
        /// Handle of the first method of its service.
        handle: u32,
        /// Number of the connection.
        connection: u32,
        /// The id that the client chose; may be empty.
        id: String,
        /// Metadata with which the client opened it.
        metadata: Metadata,
    },
    /// The peer of a session has been admitted again.
    SessionPeer {
        /// The session.
        session: u32,
        /// The new number of its connection.
        connection: u32,
    },
    /// A line for the user's log.
    Log {
        /// Level, target, message and fields, as JSON.
        json: String,
    },
    /// The program is asked whether a peer is welcome ([`Port::decide`](crate::Port::decide)).
    Question {
        /// Number of the question.
        question: u32,
        /// The number that [`Port::narrow`](crate::Port::narrow) was given for the node.
        node: u32,
        /// The peer, with what its credential says.
        peer: PeerFacts,
    },
    /// A control request is complete.
    Settled {
        /// Its number. The creator of the request stores its result.
        request: u32,
    },
}

/// Beginning of a server call.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the record")]
#[derive(Debug)]
pub struct IncomingCall {
    /// Number of the call, even.
    pub call: u32,
    /// Handle of the method.
    pub handle: u32,
    /// Number of the connection; of the session, if `in_session`.
    pub connection: u32,
    /// Whether the call is one of a session.
    pub in_session: bool,
    /// The request of a call without request stream.
    pub message: Option<Message>,
    /// Whether no further input follows.
    pub input_ended: bool,
    /// Whether messages of this call are presence-flagged XLANG.
    pub presence_flagged: bool,
    /// Whether messages of the call, in both directions, are in NATIVE mode.
    pub native: bool,
    /// Deadline in milliseconds since the epoch; 0 for none.
    pub deadline_epoch_ms: f64,
    /// The call id that the caller chose; may be empty.
    pub call_id: String,
    /// Metadata of the header.
    pub metadata: Metadata,
}

/// The peer of a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerFacts {
    /// Endpoint id, 64 hex digits.
    pub endpoint_id: String,
    /// Attributes of its credential.
    pub attributes: Metadata,
    /// Roles of its credential.
    pub roles: Vec<String>,
    /// When its admission ends, in milliseconds since the epoch; 0 for never.
    pub expires_at_ms: f64,
}
