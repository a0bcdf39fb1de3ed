//! Incoming messages, each with its share of the connection's byte budget.

use bytes::Bytes;

use super::handle::CallHandle;
use crate::connection::{MESSAGE_OVERHEAD, Reserved};

/// One incoming message.
///
/// Lifetime: its share of the connection's byte budget is returned when the message is dropped. The share of a
/// request is returned after its call has ended, because the handler may still hold the decoded request.
#[derive(Debug)]
pub struct Message {
    /// The payload, decompressed.
    pub bytes: Bytes,
    _share: Share,
}

/// Who returns the message's share of the budget.
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
    /// A message that returns its share when it is dropped.
    pub(crate) fn new(bytes: Bytes, reserved: Option<Reserved>) -> Self {
        let share = reserved.map_or(Share::None, |reserved| Share::Own { _reserved: reserved });
        Self { bytes, _share: share }
    }

    /// A request whose share is returned when its call ends.
    pub(crate) fn of_call(bytes: Bytes, handle: CallHandle) -> Self {
        Self { bytes, _share: Share::Call { _handle: handle } }
    }
}

/// Messages of a stream that are delivered together, in order.
#[derive(Debug, Default)]
pub struct Block {
    /// The payloads, decompressed.
    pub items: Vec<Bytes>,
    /// The value to pass to [`CallHandle::consumed`](super::CallHandle::consumed): payload bytes plus 4 for each
    /// message.
    pub bytes: usize,
}

impl Block {
    pub(crate) fn push(&mut self, message: Bytes) {
        self.bytes += message.len() + MESSAGE_OVERHEAD;
        self.items.push(message);
    }
}
