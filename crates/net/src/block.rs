//! Messages that travel to the user's side together, the same for clients and servers.

use bytes::Bytes;

use crate::event::Event;
use crate::mailbox::STREAM_BUDGET;
use crate::port::{Call, Port};

const BLOCK_BYTES: usize = 256 * 1024;

/// Messages on their way to the user's side.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) items: Vec<Bytes>,
    pub(crate) bytes: usize,
}

impl Block {
    pub(crate) fn push(&mut self, message: Bytes) {
        self.bytes += message.len() + 4;
        self.items.push(message);
    }

    /// Whether it goes off before more is added: it is large, or the user's side has enough to read.
    pub(crate) fn is_full(&self, call: &Call) -> bool {
        self.bytes >= BLOCK_BYTES || self.bytes + call.mailbox.unread() >= STREAM_BUDGET
    }

    pub(crate) fn hand_over(self, port: &Port, number: u32, call: &Call, marked: bool) {
        if self.items.is_empty() {
            return;
        }
        call.mailbox.handed(self.bytes);
        port.push(Event::Items { call: number, items: self.items, bytes: self.bytes as u32, marked });
    }
}
