//! The events of a server call, and why it stops.

use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

use super::message::Block;

/// Events of a server call, in order.
#[derive(Debug)]
pub enum ServerEvent {
    /// Messages of the request stream.
    Items(Block),
    /// The client has ended its input.
    InputEnd,
    /// This many bytes of output were written: payload bytes plus 4 for each message.
    Credit(usize),
    /// The call ended before its handler ended it: the caller cancelled, the deadline passed, or the server stops.
    Aborted(Code),
}

/// Why a running call stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// The handler's end was written.
    Done,
    /// The caller cancelled or the connection is gone: no status can be sent.
    Gone,
    /// This status is sent to the caller.
    Status(RpcStatus),
    /// A call of a session ended with this code, which the session has told the caller.
    Aborted(Code),
}
