//! Reads frames from a QUIC stream. The bytes of a message are reserved before they are buffered.

use std::cell::RefCell;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aster_wire::call::InputFailure;
use aster_wire::compression::unpacked_bytes;
use aster_wire::ending::AdmissionEnd;
use aster_wire::frame::{Decoder, Frame, MAX_BODY, flag};
use bytes::Bytes;
use iroh::endpoint::{ConnectionError, ReadError, RecvStream, VarInt};
use tokio::time::Sleep;

use super::budget::{MESSAGE_OVERHEAD, PeerBudget, Purpose, Reserved, Reserving};
use super::relaying::RelayGate;

/// Stream code for a cancellation; the reference uses the same.
pub(crate) const ABORT: VarInt = VarInt::from_u32(1);
/// Application code with which a peer closes a connection that it does not admit.
const NOT_ADMITTED: u64 = 403;
/// Number of chunks that one read takes from the stream.
const CHUNKS: usize = 32;
/// Small frames are reserved together, in steps of this many bytes.
const STEP_BYTES: usize = 64 * 1024;

thread_local! {
    /// Filled and emptied within one poll, so one array is enough for all streams of a thread.
    static SCRATCH: RefCell<[Bytes; CHUNKS]> = RefCell::new(std::array::from_fn(|_| Bytes::new()));
}

/// Why the connection is gone, for the side that reads.
pub(crate) fn connection_failure(error: &ConnectionError) -> InputFailure {
    match error {
        ConnectionError::ApplicationClosed(close) => {
            let code = close.error_code.into_inner();
            if let Some(end) = AdmissionEnd::from_close(code, &close.reason) {
                InputFailure::AdmissionEnded(end)
            } else if code == NOT_ADMITTED {
                InputFailure::NotAdmitted
            } else {
                InputFailure::ConnectionLost(error.to_string())
            }
        }
        ConnectionError::LocallyClosed => InputFailure::ConnectionLost(
            "this side closed it, or the peer did not answer any more".to_owned(),
        ),
        error => InputFailure::ConnectionLost(error.to_string()),
    }
}

fn read_failure(error: ReadError, gate: Option<&RelayGate>) -> InputFailure {
    match error {
        ReadError::ConnectionLost(error) => {
            let refused = gate.filter(|gate| error == ConnectionError::LocallyClosed && gate.has_refused());
            refused.map_or_else(|| connection_failure(&error), |gate| InputFailure::RelayRefused(gate.why()))
        }
        ReadError::Reset(_) | ReadError::ClosedStream | ReadError::ZeroRttRejected => InputFailure::Reset,
    }
}

/// What is reserved for the message of a frame: its decompressed size, according to the head of the frame.
pub(crate) fn message_bytes(frame: &Frame) -> usize {
    let payload = &frame.payload;
    let bytes = if frame.has(flag::COMPRESSED) { unpacked_bytes(payload) } else { payload.len() };
    bytes + MESSAGE_OVERHEAD
}

/// Reads the frames of one stream. Every poll may be cancelled: no byte is lost.
pub(crate) struct FrameReader {
    stream: RecvStream,
    decoder: Decoder,
    budget: PeerBudget,
    /// Of a connection that may have been closed for the sake of its policy.
    gate: Option<Arc<RelayGate>>,
    /// Bytes reserved for frames that were delivered, and for the next ones.
    reserved: Option<Reserved>,
    /// The part of `reserved` for frames that were delivered.
    used: usize,
    reserving: Option<(Purpose, Reserving)>,
    /// What the next bytes are reserved for.
    purpose: Purpose,
    /// A complete frame that waits for its reservation.
    picked: Option<Frame>,
    silence: Option<Pin<Box<Sleep>>>,
    silence_limit: Duration,
    ended: bool,
}

impl std::fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameReader").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl FrameReader {
    /// `silence_limit`: the longest time without a byte while one is expected.
    pub(crate) fn new(stream: RecvStream, budget: PeerBudget, silence_limit: Duration) -> Self {
        Self {
            stream,
            decoder: Decoder::new(MAX_BODY),
            budget,
            gate: None,
            reserved: None,
            used: 0,
            reserving: None,
            purpose: Purpose::Input,
            picked: None,
            silence: None,
            silence_limit,
            ended: false,
        }
    }

    /// The same reader on a connection that this policy may close.
    pub(super) fn behind(mut self, gate: Arc<RelayGate>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// Whether the user has messages of this stream that it has not consumed.
    pub(crate) fn set_unread(&mut self, unread: bool) {
        self.purpose = if unread { Purpose::MoreInput } else { Purpose::Input };
    }

    /// The next frame, or `None` at the end of the stream. The silence limit applies inside a frame that has begun,
    /// and always when a frame is `due`.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        due: bool,
    ) -> Poll<Result<Option<Frame>, InputFailure>> {
        loop {
            ready!(self.poll_reserving(cx))?;
            if self.pick()? {
                let wanted = self.picked.as_ref().map_or(0, message_bytes);
                if !self.has_reserved(wanted) {
                    self.reserve(wanted);
                    continue;
                }
                self.used += wanted;
                return Poll::Ready(Ok(self.picked.take()));
            }
            if self.ended {
                self.decoder.finish()?;
                return Poll::Ready(Ok(None));
            }
            if let Some(expected) = self.decoder.expected().map(|bytes| bytes + MESSAGE_OVERHEAD)
                && !self.has_reserved(expected)
            {
                self.reserve(expected);
                continue;
            }
            ready!(self.poll_fill(cx, due))?;
        }
    }

    /// A frame that has already arrived and whose reservation is complete.
    pub(crate) fn ready(&mut self) -> Result<Option<Frame>, InputFailure> {
        if self.reserving.is_some() || !self.pick()? {
            return Ok(None);
        }
        let wanted = self.picked.as_ref().map_or(0, message_bytes);
        if !self.has_reserved(wanted) {
            let missing = self.missing(wanted);
            let step = self.budget.try_reserve(self.purpose, missing.max(STEP_BYTES));
            let Some(more) = step else {
                return Ok(None);
            };
            self.add(more);
        }
        self.used += wanted;
        Ok(self.picked.take())
    }

    /// The budget share of the frames that were delivered since the last call. The rest is returned to the budget.
    pub(crate) fn take_reserved(&mut self) -> Option<Reserved> {
        let mut reserved = self.reserved.take()?;
        reserved.keep(std::mem::take(&mut self.used));
        Some(reserved)
    }

    /// Removes the share of one delivered frame, which is kept longer than those of the frames around it.
    pub(crate) fn split_used(&mut self, bytes: usize) -> Option<Reserved> {
        let share = self.reserved.as_mut()?.split(bytes.min(self.used));
        self.used -= share.bytes();
        Some(share)
    }

    /// Adds a share to those of the frames that were delivered.
    pub(crate) fn add_used(&mut self, share: Option<Reserved>) {
        if let Some(share) = share {
            self.used += share.bytes();
            self.add(share);
        }
    }

    /// Reserves more for the frames that were delivered. False: the bytes are not free now.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        if bytes == 0 {
            return true;
        }
        let more = self.budget.try_reserve(self.purpose, bytes);
        let is_reserved = more.is_some();
        self.add_used(more);
        is_reserved
    }

    /// The budget of the connection.
    pub(crate) fn budget(&self) -> &PeerBudget {
        &self.budget
    }

    fn pick(&mut self) -> Result<bool, InputFailure> {
        if self.picked.is_none() {
            self.picked = self.decoder.next()?;
        }
        Ok(self.picked.is_some())
    }

    /// Additional bytes to reserve for a frame of `bytes`.
    fn missing(&self, bytes: usize) -> usize {
        let reserved = self.reserved.as_ref().map_or(0, Reserved::bytes);
        (self.used + bytes).saturating_sub(reserved)
    }

    fn has_reserved(&self, bytes: usize) -> bool {
        self.missing(bytes) == 0
    }

    fn add(&mut self, more: Reserved) {
        match &mut self.reserved {
            Some(reserved) => reserved.merge(more),
            None => self.reserved = Some(more),
        }
    }

    /// Reserves the bytes that are missing to `bytes`: now, or later in [`poll_reserving`](Self::poll_reserving).
    fn reserve(&mut self, bytes: usize) {
        let missing = self.missing(bytes);
        match self.budget.try_reserve(self.purpose, missing) {
            Some(more) => self.add(more),
            None => self.reserving = Some((self.purpose, self.budget.reserve(self.purpose, missing))),
        }
    }

    fn poll_reserving(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), InputFailure>> {
        // The user has read everything in the meantime, so this stream need not leave bytes to others any more.
        if matches!(&self.reserving, Some((purpose, _)) if *purpose != self.purpose) {
            self.reserving = None;
        }
        if let Some((_, reserving)) = &mut self.reserving {
            let more = ready!(reserving.as_mut().poll(cx));
            self.reserving = None;
            self.add(more.ok_or(InputFailure::Budget)?);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>, due: bool) -> Poll<Result<(), InputFailure>> {
        match self.poll_read(cx) {
            Poll::Ready(Ok(count)) => {
                self.silence = None;
                self.ended = count.is_none();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(failure)) => Poll::Ready(Err(failure)),
            Poll::Pending if due || self.decoder.is_mid_frame() => {
                let limit = self.silence_limit;
                let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
                ready!(silence.as_mut().poll(cx));
                Poll::Ready(Err(InputFailure::Silent(limit)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Moves chunks from the stream to the decoder. `None`: the peer has ended the stream.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<usize>, InputFailure>> {
        SCRATCH.with_borrow_mut(|chunks| {
            let count = pin!(self.stream.read_many_chunks(&mut *chunks)).poll(cx);
            let count = ready!(count).map_err(|error| read_failure(error, self.gate.as_deref()))?;
            for chunk in chunks.iter_mut().take(count.unwrap_or(0)) {
                self.decoder.push(std::mem::take(chunk));
            }
            Poll::Ready(Ok(count))
        })
    }

    /// Reads and discards input. Ready when the peer ends the stream or reading fails.
    pub(crate) fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), InputFailure>> {
        self.reserved = None;
        self.used = 0;
        self.reserving = None;
        while !self.ended {
            let count = SCRATCH.with_borrow_mut(|chunks| {
                let count = pin!(self.stream.read_many_chunks(&mut *chunks)).poll(cx);
                chunks.fill(Bytes::new());
                count
            });
            let count = ready!(count).map_err(|error| read_failure(error, self.gate.as_deref()))?;
            self.ended = count.is_none();
        }
        Poll::Ready(Ok(()))
    }

    /// Like [`poll_discard`](Self::poll_discard). Cancel-safe.
    pub(crate) async fn discard(&mut self) -> Result<(), InputFailure> {
        std::future::poll_fn(|cx| self.poll_discard(cx)).await
    }

    /// Asks the peer to send nothing more.
    pub(crate) fn stop(&mut self) {
        // A stream that has ended cannot be stopped; that is no error.
        let _ = self.stream.stop(ABORT);
    }

    /// Processes the peer's end if it has arrived, so that dropping the stream sends no stop.
    pub(crate) fn settle(&mut self, cx: &mut Context<'_>) {
        let _ = self.poll_discard(cx);
    }
}
