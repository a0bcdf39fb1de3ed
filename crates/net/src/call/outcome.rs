//! The events of a client call, and how it ends.

use aster_wire::call::ClientFact;
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

use super::message::{Block, Message};
use super::method::NotOpened;

/// How a call ended that delivers no further message.
#[derive(Debug)]
pub struct CallEnd {
    /// The status.
    pub status: RpcStatus,
    /// Number of messages received before the end.
    pub received: u32,
    /// True when this side created the status, false when the peer sent it.
    pub local: bool,
    /// True when no byte of the call left this process, or when the peer refused the connection before it read a
    /// byte.
    pub not_sent: bool,
}

/// Events of a client call, in order.
#[derive(Debug)]
pub enum ClientEvent {
    /// The only response. The call has ended with OK.
    Message(Message),
    /// Messages of a response stream.
    Items(Block),
    /// This many bytes of output were written: payload bytes plus 4 for each message.
    Credit(usize),
    /// The call has ended.
    Ended(CallEnd),
}

/// How a call ends, as the user sees it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The only response and OK.
    Answered,
    /// The peer's status.
    Status(RpcStatus),
    /// A status that this side created.
    Local { status: RpcStatus, not_sent: bool },
    /// The peer refused the connection that this call needed.
    Refused(RpcStatus),
    /// The user cancelled the call: no event follows.
    Left,
}

impl Outcome {
    pub(super) fn local(status: RpcStatus) -> Self {
        Self::Local { status, not_sent: false }
    }

    pub(super) fn not_opened(NotOpened { status, is_local }: NotOpened) -> Self {
        if is_local { Self::Local { status, not_sent: true } } else { Self::Refused(status) }
    }

    /// The outcome for a fact that ends the call; `None` for every other fact.
    pub(super) fn of(fact: ClientFact) -> Option<Self> {
        match fact {
            ClientFact::Ignored | ClientFact::Message(_) => None,
            ClientFact::Ended(status) => Some(Self::Status(status)),
            ClientFact::Failed(status) => Some(Self::local(status)),
        }
    }

    /// The last event of a call that received so many messages.
    pub(super) fn event(self, received: u32, answer: impl FnOnce() -> Message) -> Option<ClientEvent> {
        let (status, local, not_sent) = match self {
            Self::Left => return None,
            Self::Answered => return Some(ClientEvent::Message(answer())),
            Self::Status(status) => (status, false, false),
            Self::Refused(status) => (status, false, true),
            Self::Local { status, not_sent } => (status, true, not_sent),
        };
        Some(ClientEvent::Ended(CallEnd { status, received, local, not_sent }))
    }
}

/// When a response does not match its type, the peer is at fault, not an argument of the caller.
pub(super) fn unreadable(mut status: RpcStatus) -> Outcome {
    if status.code == Code::InvalidArgument.number() {
        status.code = Code::DataLoss.number();
        status.message = format!("the response could not be decoded: {}", status.message);
    }
    Outcome::local(status)
}
