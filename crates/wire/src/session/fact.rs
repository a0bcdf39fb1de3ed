//! What the machines tell their drivers: facts, the reasons in them, and why a command is refused.

use bytes::Bytes;

use super::CallNumber;
use crate::frame::{Frame, FrameError};
use crate::limit::LimitError;
use crate::record::{CallHeader, RpcStatus};
use crate::status::Code;

/// What an input of a machine leads to, in the order in which the driver acts on it.
#[derive(Debug)]
#[must_use = "frames must be written and facts acted on"]
pub struct Facts<T> {
    /// Apart, because most inputs lead to one fact and need no allocation.
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Facts<T> {
    pub(super) fn none() -> Self {
        Self { first: None, rest: Vec::new() }
    }

    pub(super) fn one(fact: T) -> Self {
        Self { first: Some(fact), rest: Vec::new() }
    }

    pub(super) fn push(&mut self, fact: T) {
        if self.first.is_none() {
            self.first = Some(fact);
        } else {
            self.rest.push(fact);
        }
    }

    pub(super) fn append(&mut self, more: Self) {
        more.into_iter().for_each(|fact| self.push(fact));
    }
}

impl<T> IntoIterator for Facts<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
    }
}

/// What the driver of a [`ServerSession`](super::ServerSession) does next.
#[derive(Debug, PartialEq, Eq)]
pub enum ServerFact {
    /// Write this frame.
    Write(Bytes),
    /// A call begins. Call [`accept`](super::ServerSession::accept) or [`refuse`](super::ServerSession::refuse) before the
    /// next frame.
    Call {
        /// Names the call in everything that follows.
        call: CallNumber,
        /// Within the limits.
        header: CallHeader,
    },
    /// The request, or an item of the request stream; compressed when its flag says so. If it cannot be decoded,
    /// end the call with [`ServerSession::finish`](super::ServerSession::finish).
    Message {
        /// The running call.
        call: CallNumber,
        /// As it arrived.
        frame: Frame,
    },
    /// The request stream ended in order. Calls with one request have no such fact.
    InputEnd {
        /// The running call.
        call: CallNumber,
    },
    /// The call is over and its handler has not ended: stop the handler. Its later answers get [`SendError::CallOver`].
    Aborted {
        /// The call.
        call: CallNumber,
        /// Why.
        cause: AbortCause,
    },
    /// The session is over, always the last fact. Finish the send side, if anybody is left to read it.
    Over(ServerEnd),
}

/// Why a call ended before its handler did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbortCause {
    /// The client cancelled the call.
    Cancelled,
    /// The deadline passed, or the request did not arrive in time.
    DeadlineExceeded,
    /// The client broke the protocol, or its input cannot be read on.
    Protocol,
    /// The client finished its side during the call.
    Closed,
    /// The client reset the stream, or the connection is lost.
    Lost,
    /// This side aborted the session, with this code.
    Shutdown(Code),
}

impl AbortCause {
    /// The code that the handler's signal tells.
    pub fn code(self) -> Code {
        match self {
            Self::Cancelled | Self::Closed | Self::Lost => Code::Cancelled,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Protocol => Code::FailedPrecondition,
            Self::Shutdown(code) => code,
        }
    }
}

/// Why a session is over for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEnd {
    /// The client finished its side.
    Closed,
    /// The client reset the stream, or the connection is lost. Nobody reads what is written.
    Lost,
    /// The client broke the protocol, or its input cannot be read on.
    Protocol,
    /// [`ServerSession::close`](super::ServerSession::close) or [`ServerSession::abort`](super::ServerSession::abort).
    Shutdown,
}

/// What the driver of a [`ClientSession`](super::ClientSession) does next.
#[derive(Debug, PartialEq, Eq)]
pub enum ClientFact {
    /// Write this frame.
    Write(Bytes),
    /// The response, or an item of the response stream; compressed when its flag says so.
    Message {
        /// The running call.
        call: CallNumber,
        /// As it arrived.
        frame: Frame,
    },
    /// The server ended the call. The response of a unary or client-stream call came before; where there was none, it
    /// is null.
    Ended {
        /// The call.
        call: CallNumber,
        /// What the server said; code 0 for a response.
        status: RpcStatus,
    },
    /// The call ended with a status that this side made.
    Failed {
        /// The call.
        call: CallNumber,
        /// What the user is told.
        status: RpcStatus,
        /// The server never began the call, so that it may be made again in another session.
        never_ran: bool,
    },
    /// The next call may begin.
    Ready,
    /// The session is over, always the last fact. After [`ClientEnd::Closed`] finish the send side, else reset it; do
    /// not wait for the server's finish, which the reference delays.
    Over {
        /// Why.
        end: ClientEnd,
        /// The last call of which the server is known to be done: its own end arrived, or the acknowledgement that it is
        /// cancelled. What came after it may or may not have run.
        last_finished: Option<CallNumber>,
    },
}

/// Why a session is over for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEnd {
    /// [`ClientSession::close`](super::ClientSession::close).
    Closed,
    /// The server ended it: with a trailer that tells why, or by finishing its side.
    ByServer(Option<RpcStatus>),
    /// The stream was reset, the connection lost, or the input cannot be read on.
    Lost(RpcStatus),
    /// The server sent a frame that belongs to no call.
    Protocol,
    /// A cancelled call was not acknowledged in time.
    NotAcknowledged,
}

/// Why a call cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// A call is running, or is being cancelled. Wait for [`ClientFact::Ready`].
    #[error("the session is busy with another call")]
    Busy,
    /// The session is over, or will be when its last call has ended.
    #[error("the session is over")]
    Over,
    /// The header is over a limit.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The header does not fit a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Why a frame of a call must not be written. The driver drops it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The call is over: it ended, was cancelled, or the session is over.
    #[error("the call is over")]
    CallOver,
    /// The input of the call has ended, or its one request was sent.
    #[error("the input of the call has ended")]
    InputOver,
    /// A call of this pattern has no such message.
    #[error("the pattern of the call has no such message")]
    Pattern,
}
