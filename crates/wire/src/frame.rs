//! Frames of the call protocol: `u32le length || u8 flags || payload`, length = 1 + payload length.
//!
//! Owns the frame head, the size limit and the incremental decoder (`docs/protocol.md#framing`). The reader of a
//! stream decides what a frame means; [`crate::record`] and the codec decode its payload.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// The flag bits of a frame. The two high bits are neither set nor checked.
pub mod flag {
    /// The payload is one zstd frame. Data frames only.
    pub const COMPRESSED: u8 = 0x01;
    /// The payload is an `RpcStatus`. It is the last frame of its direction.
    pub const TRAILER: u8 = 0x02;
    /// The first frame of a stream: a `StreamHeader`.
    pub const HEADER: u8 = 0x04;
    /// A row schema. Never produced; skipped when received.
    pub const ROW_SCHEMA: u8 = 0x08;
    /// The header of a call inside a session.
    pub const CALL: u8 = 0x10;
    /// Cancels the running call of a session.
    pub const CANCEL: u8 = 0x20;
}

/// Largest length field: the flags byte and the payload together.
pub const MAX_BODY: usize = 16_777_216;
/// Bytes before a payload: the length and the flags.
pub const HEAD_BYTES: usize = 5;

const LENGTH_BYTES: usize = 4;

/// Why bytes are not a frame, or why a payload cannot be sent as a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length field is 0, but a frame has at least the flags byte.
    #[error("received zero-length frame")]
    ZeroLength,
    /// The length field is above the limit. Nothing of the body was read.
    #[error("frame size {size} exceeds maximum {max}")]
    TooLarge {
        /// The length field.
        size: usize,
        /// The limit in force.
        max: usize,
    },
    /// The stream ended inside the body of a frame.
    #[error("stream finished early ({read} bytes read)")]
    FinishedEarly {
        /// Bytes of the body that arrived, including the flags byte.
        read: usize,
    },
    /// Only trailers and cancels may be sent without a payload.
    #[error("an empty payload needs the TRAILER or CANCEL flag")]
    EmptyPayload,
}

/// One frame as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Bits of [`flag`].
    pub flags: u8,
    /// The bytes after the flags byte. Shares memory with the received chunk if it lies inside one chunk.
    pub payload: Bytes,
}

impl Frame {
    /// True when all of the given flag bits are set.
    pub fn has(&self, bits: u8) -> bool {
        self.flags & bits == bits
    }
}

/// The five bytes before a payload of `payload_len` bytes.
pub fn head(flags: u8, payload_len: usize) -> Result<[u8; HEAD_BYTES], FrameError> {
    if payload_len == 0 && flags & (flag::TRAILER | flag::CANCEL) == 0 {
        return Err(FrameError::EmptyPayload);
    }
    let size = payload_len.saturating_add(1);
    if size > MAX_BODY {
        return Err(FrameError::TooLarge { size, max: MAX_BODY });
    }
    let [a, b, c, d] = (size as u32).to_le_bytes();
    Ok([a, b, c, d, flags])
}

/// Encodes a whole frame into one buffer.
pub fn encode(flags: u8, payload: &[u8]) -> Result<Vec<u8>, FrameError> {
    let head = head(flags, payload.len())?;
    let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

/// Splits a received byte stream into frames.
///
/// *Shape*: push chunks as they arrive and call [`Decoder::next`] until it returns `None`. A payload inside one
/// chunk is a slice of that chunk. A payload that spans several chunks is copied into a buffer, which grows with the
/// bytes received and not by the declared length. *Errors*: the first error is final; every later call returns it again.
#[derive(Debug)]
pub struct Decoder {
    max_body: usize,
    /// Chunks that are not decoded yet. More than one only if the caller pushes several before it calls `next`.
    chunks: VecDeque<Bytes>,
    head: [u8; HEAD_BYTES],
    head_len: usize,
    /// The bytes of the current payload that arrived in earlier chunks.
    body: Vec<u8>,
    failed: Option<FrameError>,
}

impl Decoder {
    /// A decoder that refuses length fields above `max_body` (at most [`MAX_BODY`]).
    pub fn new(max_body: usize) -> Self {
        Self {
            max_body: max_body.min(MAX_BODY),
            chunks: VecDeque::new(),
            head: [0; HEAD_BYTES],
            head_len: 0,
            body: Vec::new(),
            failed: None,
        }
    }

    /// Adds received bytes.
    pub fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() && self.failed.is_none() {
            self.chunks.push_back(chunk);
        }
    }

    /// The next whole frame, or `None` when more bytes are needed.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator ends at its first `None`, this method does not"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.advance();
        if let Err(error) = &result {
            self.failed = Some(error.clone());
            self.chunks.clear();
            self.body = Vec::new();
        }
        result
    }

    /// Checks that the stream may end here. A partial length field is accepted as a clean end, as the Python
    /// implementation does; a partial body is an error.
    pub fn finish(&self) -> Result<(), FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.head_len < LENGTH_BYTES {
            return Ok(());
        }
        Err(FrameError::FinishedEarly { read: self.head_len - LENGTH_BYTES + self.body.len() })
    }

    /// Bytes in memory: pushed and not yet returned in a frame.
    pub fn buffered(&self) -> usize {
        self.head_len + self.body.len() + self.chunks.iter().map(Bytes::len).sum::<usize>()
    }

    /// True when the first byte of a frame has arrived and its last one has not.
    pub fn is_mid_frame(&self) -> bool {
        self.head_len > 0 || !self.chunks.is_empty()
    }

    /// Payload length of the current frame, if its length has arrived and its end has not. Valid after
    /// [`Decoder::next`] returned `None`.
    pub fn expected(&self) -> Option<usize> {
        if self.head_len < LENGTH_BYTES || self.failed.is_some() {
            return None;
        }
        self.payload_len().ok()
    }

    fn advance(&mut self) -> Result<Option<Frame>, FrameError> {
        while let Some(mut chunk) = self.chunks.pop_front() {
            let frame = self.take(&mut chunk)?;
            if !chunk.is_empty() {
                self.chunks.push_front(chunk);
            }
            if frame.is_some() {
                return Ok(frame);
            }
        }
        Ok(None)
    }

    /// Consumes `chunk` up to the end of the current frame, or all of it.
    fn take(&mut self, chunk: &mut Bytes) -> Result<Option<Frame>, FrameError> {
        self.take_head(chunk, LENGTH_BYTES);
        if self.head_len < LENGTH_BYTES {
            return Ok(None);
        }
        let needed = self.payload_len()?;
        self.take_head(chunk, HEAD_BYTES);
        if self.head_len < HEAD_BYTES {
            return Ok(None);
        }
        let missing = needed - self.body.len();
        let payload = if self.body.is_empty() && chunk.len() >= needed {
            chunk.split_to(needed)
        } else {
            let part = chunk.split_to(missing.min(chunk.len()));
            self.grow(part.len(), needed);
            self.body.extend_from_slice(&part);
            if part.len() < missing {
                return Ok(None);
            }
            Bytes::from(std::mem::take(&mut self.body))
        };
        self.head_len = 0;
        Ok(Some(Frame { flags: self.head[LENGTH_BYTES], payload }))
    }

    fn take_head(&mut self, chunk: &mut Bytes, until: usize) {
        if self.head_len < until {
            let count = chunk.len().min(until - self.head_len);
            chunk.copy_to_slice(&mut self.head[self.head_len..self.head_len + count]);
            self.head_len += count;
        }
    }

    fn payload_len(&self) -> Result<usize, FrameError> {
        let [a, b, c, d, _] = self.head;
        let size = u32::from_le_bytes([a, b, c, d]) as usize;
        if size == 0 {
            return Err(FrameError::ZeroLength);
        }
        if size > self.max_body {
            return Err(FrameError::TooLarge { size, max: self.max_body });
        }
        Ok(size - 1)
    }

    /// Doubles the capacity, up to the declared length. So the capacity is at most twice the bytes received.
    fn grow(&mut self, more: usize, needed: usize) {
        let wanted = self.body.len() + more;
        if wanted > self.body.capacity() {
            let capacity = wanted.max(self.body.len() * 2).min(needed);
            self.body.reserve_exact(capacity - self.body.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Decoder, MAX_BODY};

    #[test]
    fn memory_grows_with_received_bytes_and_not_by_the_declared_length() {
        let mut decoder = Decoder::new(MAX_BODY);
        decoder.push(Bytes::from_static(&[0, 0, 0, 1, 0]));
        for received in (100..20_000).step_by(100) {
            decoder.push(Bytes::from(vec![0; 100]));
            assert_eq!(decoder.next(), Ok(None));
            assert_eq!(decoder.body.len(), received);
            assert!(decoder.body.capacity() <= 2 * received, "{}", decoder.body.capacity());
        }
    }

    #[test]
    fn a_body_of_many_chunks_ends_in_exactly_its_size() {
        let mut decoder = Decoder::new(MAX_BODY);
        decoder.push(Bytes::from_static(&[233, 3, 0, 0, 7]));
        let mut frame = None;
        for _ in 0..10 {
            decoder.push(Bytes::from(vec![1; 100]));
            frame = decoder.next().unwrap();
        }
        assert_eq!(frame.map(|frame| (frame.flags, frame.payload.len())), Some((7, 1000)));
        assert!(!decoder.is_mid_frame());
    }
}
