//! An outgoing message in its frame, built without copying the payload.

use aster_wire::frame;
use bytes::{BufMut, Bytes, BytesMut};

/// An outgoing message. Its frame head precedes the payload in the same buffer, so that sending copies nothing.
///
/// Shape: 5 bytes for the head of a data frame, then the payload.
#[derive(Debug, Clone)]
pub struct Framed(Bytes);

impl Framed {
    /// Writes the frame head into the first five bytes, which the caller has reserved for it.
    ///
    /// # Errors
    /// When the payload is empty or too large; see [`frame::head`].
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
    /// When the payload is empty or too large; see [`frame::head`].
    pub fn from_payload(flags: u8, payload: &[u8]) -> Result<Self, frame::FrameError> {
        let head = frame::head(flags, payload.len())?;
        let mut bytes = BytesMut::with_capacity(head.len() + payload.len());
        bytes.put_slice(&head);
        bytes.put_slice(payload);
        Ok(Self(bytes.freeze()))
    }

    /// Only the payload.
    pub fn payload(&self) -> &[u8] {
        self.0.get(frame::HEAD_BYTES..).unwrap_or_default()
    }

    /// Head and payload, as they are sent.
    pub fn into_wire(self) -> Bytes {
        self.0
    }
}
