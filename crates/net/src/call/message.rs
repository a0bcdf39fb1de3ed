//! One message of a call, outside of its frame and inside.

use aster_wire::frame;
use bytes::{BufMut, Bytes, BytesMut};

use super::handle::{CallHandle, MESSAGE_OVERHEAD};
use crate::connection::Reserved;

/// A message on its way out, with its frame head in front, so that sending it copies nothing.
///
/// Shape: 5 bytes of data-frame head, then the payload.
#[derive(Debug, Clone)]
pub struct Framed(Bytes);

impl Framed {
    /// Writes the frame head into the first five bytes, which the caller left free for it.
    ///
    /// # Errors
    /// Empty or oversized payloads, as [`frame::head`] says.
    pub fn from_room(mut bytes: BytesMut) -> Result<Self, frame::FrameError> {
        let head = frame::head(0, bytes.len().saturating_sub(frame::HEAD_BYTES))?;
        if let Some(room) = bytes.get_mut(..frame::HEAD_BYTES) {
            room.copy_from_slice(&head);
        }
        Ok(Self(bytes.freeze()))
    }

    /// Copies a payload into a frame with these flags.
    ///
    /// # Errors
    /// Empty or oversized payloads, as [`frame::head`] says.
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
