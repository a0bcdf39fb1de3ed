//! Messages that arrived, with their share of the connection's byte budget.

use bytes::Bytes;

use super::handle::CallHandle;
use crate::connection::{MESSAGE_OVERHEAD, Reserved};

/// A single message that arrived.
///
/// Lifetime: its share of the connection's byte budget returns when the message is dropped; that of a request not
/// before its call has ended, because the handler may hold what the message became.
#[derive(Debug)]
pub struct Message {
    /// The payload, unpacked.
    pub bytes: Bytes,
    _share: Share,
}

/// What holds a message's share of the budget.
#[derive(Debug)]
enum Share {
    None,
    Own { _reserved: Reserved },
    Call { _handle: CallHandle },
}

impl std::ops::Deref for Message {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Message {
    /// A message that holds its share itself.
    pub(crate) fn new(bytes: Bytes, reserved: Option<Reserved>) -> Self {
        let share = reserved.map_or(Share::None, |reserved| Share::Own { _reserved: reserved });
        Self { bytes, _share: share }
    }

    /// A request whose share belongs to its call.
    pub(crate) fn of_call(bytes: Bytes, handle: CallHandle) -> Self {
        Self { bytes, _share: Share::Call { _handle: handle } }
    }
}

/// Messages of a stream that arrived together, in order.
#[derive(Debug, Default)]
pub struct Block {
    /// The payloads, unpacked.
    pub items: Vec<Bytes>,
    /// What to give back with [`CallHandle::consumed`](super::CallHandle::consumed): payload bytes plus 4 a message.
    pub bytes: usize,
}

impl Block {
    pub(crate) fn push(&mut self, message: Bytes) {
        self.bytes += message.len() + MESSAGE_OVERHEAD;
        self.items.push(message);
    }
}
