//! A message on its way out: its frame, made without a copy.

use aster_wire::frame;
use bytes::{BufMut, Bytes, BytesMut};

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
