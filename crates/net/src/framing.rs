//! Frames over QUIC streams: a reader that reserves before it buffers, a writer that survives cancellation.

use std::time::Duration;

use aster_wire::frame::{Decoder, Frame, FrameError, MAX_BODY};
use bytes::Bytes;
use iroh::endpoint::{ConnectionError, ReadError, RecvStream, SendStream, VarInt, WriteError};

use crate::budget::{PeerBudget, Reserved, UNCOUNTED_BYTES};
use crate::payload::message_bytes;

/// Stream code of an abort, as the reference peer sends it.
pub(crate) const ABORT: VarInt = VarInt::from_u32(1);
const CHUNKS: usize = 32;

/// Why no further frame came. Four different facts.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ReadFailure {
    /// The bytes break the protocol.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// The peer reset the stream.
    #[error("the peer reset the stream")]
    Reset,
    /// The connection is gone.
    #[error("connection lost: {0}")]
    Connection(ConnectionError),
    /// Nothing came for too long.
    #[error("no data for {0:?}")]
    Silent(Duration),
    /// The peer's byte budget stayed full for too long.
    #[error("the byte budget of the peer is exhausted")]
    Budget,
}

impl From<ReadError> for ReadFailure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::ConnectionLost(error) => Self::Connection(error),
            ReadError::Reset(_) | ReadError::ClosedStream | ReadError::ZeroRttRejected => Self::Reset,
        }
    }
}

/// A frame and, for a large one, its part of the peer's budget.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) frame: Frame,
    pub(crate) reserved: Option<Reserved>,
}

/// Reads frames of one stream. `next` is cancel-safe.
#[derive(Debug)]
pub(crate) struct FrameReader {
    stream: RecvStream,
    decoder: Decoder,
    chunks: [Bytes; CHUNKS],
    budget: PeerBudget,
    reserved: Option<Reserved>,
    picked: Option<Frame>,
    body_timeout: Duration,
    ended: bool,
}

impl FrameReader {
    pub(crate) fn new(stream: RecvStream, budget: PeerBudget, body_timeout: Duration) -> Self {
        Self {
            stream,
            decoder: Decoder::new(MAX_BODY),
            chunks: std::array::from_fn(|_| Bytes::new()),
            budget,
            reserved: None,
            picked: None,
            body_timeout,
            ended: false,
        }
    }

    /// The next frame, or `None` at an orderly end. Silence is bounded inside a started frame only.
    pub(crate) async fn next(&mut self) -> Result<Option<Received>, ReadFailure> {
        loop {
            if self.pick()? {
                let missing = self.missing();
                if missing > 0 {
                    let more = self.budget.reserve(missing).await.ok_or(ReadFailure::Budget)?;
                    self.add(more);
                }
                return Ok(self.hand_out());
            }
            if self.ended {
                self.decoder.finish()?;
                return Ok(None);
            }
            self.reserve().await?;
            self.fill().await?;
        }
    }

    /// As [`next`](Self::next), but silence is bounded from the start.
    pub(crate) async fn awaited(&mut self) -> Result<Option<Received>, ReadFailure> {
        let limit = self.body_timeout;
        tokio::time::timeout(limit, self.next()).await.unwrap_or(Err(ReadFailure::Silent(limit)))
    }

    /// A frame that has arrived already and for whose message there is room.
    pub(crate) fn ready(&mut self) -> Result<Option<Received>, ReadFailure> {
        if !self.pick()? {
            return Ok(None);
        }
        let missing = self.missing();
        if missing > 0 {
            match self.budget.try_reserve(missing) {
                Some(more) => self.add(more),
                None => return Ok(None),
            }
        }
        Ok(self.hand_out())
    }

    /// Whether a frame is at hand.
    fn pick(&mut self) -> Result<bool, FrameError> {
        if self.picked.is_none() {
            self.picked = self.decoder.next()?;
        }
        Ok(self.picked.is_some())
    }

    /// Bytes that the message of the picked frame takes beyond what is reserved for it. A compressed one is
    /// counted by what it says it will become, before it becomes that.
    fn missing(&self) -> usize {
        let wanted = self.picked.as_ref().map_or(0, message_bytes);
        let reserved = self.reserved.as_ref().map_or(0, Reserved::num_permits);
        if wanted > UNCOUNTED_BYTES { wanted.saturating_sub(reserved) } else { 0 }
    }

    fn add(&mut self, more: Reserved) {
        match &mut self.reserved {
            Some(reserved) => reserved.merge(more),
            None => self.reserved = Some(more),
        }
    }

    fn hand_out(&mut self) -> Option<Received> {
        self.picked.take().map(|frame| Received { frame, reserved: self.reserved.take() })
    }

    /// Reads on without looking until the peer's end. Resolves at a clean end or any failure; cancel-safe.
    pub(crate) async fn discard(&mut self) -> Result<(), ReadFailure> {
        self.reserved = None;
        while !self.ended {
            self.ended = self.stream.read_many_chunks(&mut self.chunks).await?.is_none();
        }
        Ok(())
    }

    /// Tells the peer that nothing more is wanted.
    pub(crate) fn stop(&mut self) {
        // A stream that is already over cannot be stopped, and need not be.
        let _ = self.stream.stop(ABORT);
    }

    /// Takes in the peer's finish if it is here already, so that dropping the stream tells the peer nothing.
    pub(crate) async fn settle(&mut self) {
        tokio::select! {
            biased;
            _ = self.discard() => {}
            () = std::future::ready(()) => {}
        }
    }

    async fn reserve(&mut self) -> Result<(), ReadFailure> {
        let Some(expected) = self.decoder.expected() else {
            return Ok(());
        };
        if expected > UNCOUNTED_BYTES && self.reserved.is_none() {
            self.reserved = Some(self.budget.reserve(expected).await.ok_or(ReadFailure::Budget)?);
        }
        Ok(())
    }

    async fn fill(&mut self) -> Result<(), ReadFailure> {
        let read = self.stream.read_many_chunks(&mut self.chunks);
        let count = if self.decoder.is_mid_frame() {
            let limit = self.body_timeout;
            tokio::time::timeout(limit, read).await.map_err(|_| ReadFailure::Silent(limit))??
        } else {
            read.await?
        };
        match count {
            None => self.ended = true,
            Some(count) => {
                for chunk in self.chunks.iter_mut().take(count) {
                    self.decoder.push(std::mem::take(chunk));
                }
            }
        }
        Ok(())
    }
}

/// Writes to one stream. Interrupted writes go on where they stopped.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    stream: SendStream,
    pending: Vec<Bytes>,
    started: bool,
    finished: bool,
}

impl FrameWriter {
    pub(crate) fn new(stream: SendStream) -> Self {
        Self { stream, pending: Vec::new(), started: false, finished: false }
    }

    /// Queues bytes for the next [`flush`](Self::flush).
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.pending.push(chunk);
    }

    pub(crate) fn extend(&mut self, chunks: Vec<Bytes>) {
        if self.pending.is_empty() {
            self.pending = chunks;
        } else {
            self.pending.extend(chunks);
        }
    }

    /// Writes what is queued. Cancel-safe: what was not written stays queued.
    pub(crate) async fn flush(&mut self) -> Result<(), WriteError> {
        while !self.pending.is_empty() {
            let before = self.pending.len();
            let mut rest = self.pending.as_mut_slice();
            self.stream.write_many_chunks(&mut rest).await?;
            let written = before - rest.len();
            self.pending.drain(..written);
            self.started = true;
        }
        Ok(())
    }

    /// Ends the direction in order. Call right after the last flush, so that both share a packet.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
        // The peer may have stopped the stream meanwhile: then nothing is left to end.
        let _ = self.stream.finish();
    }

    /// Ends the direction as failed, unless it has ended already. Dropping would finish it instead, and
    /// the peer would take a cut message for a whole one.
    pub(crate) fn abort(&mut self) {
        if !self.finished {
            self.finished = true;
            let _ = self.stream.reset(ABORT);
        }
    }

    /// Whether the direction has ended, in order or not.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether any byte left this process.
    pub(crate) fn started(&self) -> bool {
        self.started
    }

    /// Resolves when the peer stops the stream or has acknowledged all of it.
    pub(crate) fn stopped(&self) -> impl Future<Output = bool> + Send + use<> {
        let stopped = self.stream.stopped();
        async move { !matches!(stopped.await, Ok(None)) }
    }
}

impl Drop for FrameWriter {
    fn drop(&mut self) {
        self.abort();
    }
}
