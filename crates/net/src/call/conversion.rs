//! Conversion of messages between wire and user: on the thread of the network when it is short, on another one when not.
//!
//! Owns the choice of the thread, the turns of the connections on the other threads, and the budget share of a message that
//! becomes larger. Does not own what is converted (`payload`).

use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use aster_codec::PayloadLimits;
use aster_wire::call::InputFailure;
use aster_wire::compression::unpacked_bytes;
use aster_wire::frame::{Frame, flag};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::payload::{Compress, CompressionBackoff, Mode, PayloadCodec};
use crate::connection::{FrameReader, PeerBudget, Purpose, Reserved, message_bytes};
use crate::error::status;

/// The thread of the network compresses and decompresses up to this many bytes; that takes a few milliseconds.
const SHORT_PACKED: usize = 1 << 20;
/// It converts JSON text and described messages up to this size,
const SHORT_MESSAGE: usize = 256 * 1024;
/// and up to this estimated size of their values: a short message can have very many.
const SHORT_DECODED: usize = 2 << 20;
/// Messages of the whole process that are converted on other threads at the same time: two, on machines with at most two
/// cores one, so that a core is left to everything else.
static THREADS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(if cores > 2 { 2 } else { 1 }))
});

/// A message for the user's side, and its share of the byte budget.
#[derive(Debug)]
struct Converted {
    bytes: Bytes,
    share: Option<Reserved>,
}

/// A conversion that is not complete yet. Dropping it does not stop a thread that has begun.
type Conversion = Pin<Box<dyn Future<Output = Result<Converted, RpcStatus>> + Send + Sync>>;

/// The result of [`PayloadCodec::incoming`].
enum Incoming {
    /// The share stays with the reader.
    Now(Result<Bytes, RpcStatus>),
    /// The conversion has the share.
    Later(Conversion),
}

/// The conversion of a message that takes longer. Messages that arrived after it wait.
#[derive(Default)]
pub(crate) struct Intake(Option<Conversion>);

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Intake").field(&self.0.is_some()).finish()
    }
}

impl Intake {
    /// Begins to convert the message of a frame that `reader` has just delivered.
    pub(crate) fn begin(
        &mut self,
        codec: &PayloadCodec,
        frame: Frame,
        reader: &mut FrameReader,
    ) -> Option<Result<Bytes, RpcStatus>> {
        match codec.incoming(frame, reader) {
            Incoming::Now(done) => Some(done),
            Incoming::Later(conversion) => {
                self.0 = Some(conversion);
                None
            }
        }
    }

    /// The message for whose conversion this call waits. `None`: for none. Its share is one of the delivered frames again.
    pub(crate) fn poll(
        &mut self,
        reader: &mut FrameReader,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, RpcStatus>>> {
        let Some(conversion) = &mut self.0 else { return Poll::Ready(None) };
        let done = ready!(conversion.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(Some(done.map(|converted| {
            reader.add_used(converted.share);
            converted.bytes
        })))
    }

    /// Converts the message of a frame that `reader` has just delivered.
    pub(crate) async fn whole(
        codec: &PayloadCodec,
        frame: Frame,
        reader: &mut FrameReader,
    ) -> Result<Bytes, RpcStatus> {
        match codec.incoming(frame, reader) {
            Incoming::Now(done) => done,
            Incoming::Later(conversion) => {
                let converted = conversion.await?;
                reader.add_used(converted.share);
                Ok(converted.bytes)
            }
        }
    }
}

impl PayloadCodec {
    /// Decompresses and transcodes the message of a frame that `reader` has just delivered.
    fn incoming(&self, frame: Frame, reader: &mut FrameReader) -> Incoming {
        if self.is_plain() && !frame.has(flag::COMPRESSED) {
            return Incoming::Now(Ok(frame.payload));
        }
        let reserved = message_bytes(&frame);
        match self.shortly(&frame) {
            None => Incoming::Later(self.elsewhere(frame, reserved, reader)),
            Some(Ok(bytes)) if !reader.grow(bytes.len().saturating_sub(reserved)) => {
                let (share, budget) = (reader.split_used(reserved), reader.budget().clone());
                Incoming::Later(Box::pin(grown(bytes, share, budget)))
            }
            Some(done) => Incoming::Now(done),
        }
    }

    /// Converts a message on this thread. `None`: it takes too long.
    fn shortly(&self, frame: &Frame) -> Option<Result<Bytes, RpcStatus>> {
        let is_packed = frame.has(flag::COMPRESSED);
        let bytes = if is_packed { unpacked_bytes(&frame.payload) } else { frame.payload.len() };
        if bytes > if self.is_plain() { SHORT_PACKED } else { SHORT_MESSAGE } {
            return None;
        }
        let decoded = self.limits.decoded.min(SHORT_DECODED);
        match self.converted(frame, PayloadLimits { decoded, ..self.limits }) {
            // Whether the message exceeds only this limit is found out on the other thread.
            Err(status)
                if status.code == Code::ResourceExhausted.number() && decoded < self.limits.decoded =>
            {
                None
            }
            done => Some(done),
        }
    }

    /// Converts a message on another thread. One message of a connection at a time, so that all connections get their turns.
    fn elsewhere(&self, frame: Frame, reserved: usize, reader: &mut FrameReader) -> Conversion {
        let (codec, budget) = (self.clone(), reader.budget().clone());
        let share = reader.split_used(reserved);
        Box::pin(async move {
            let converting = on_thread(&budget, move || {
                let done = codec.converted(&frame, codec.limits);
                done.map(|bytes| (bytes, share))
            });
            let failed = || status(Code::Internal, "the message could not be converted");
            let (bytes, share) = converting.await.ok_or_else(failed)??;
            grown(bytes, share, budget).await
        })
    }

    /// Whether the conversion of an outgoing message of `bytes` should run on another thread.
    pub(super) fn takes_long(&self, bytes: usize, backoff: &Mutex<CompressionBackoff>) -> bool {
        match self.mode {
            Mode::Json | Mode::Compatible => bytes > SHORT_MESSAGE,
            Mode::Xlang | Mode::Native => {
                bytes > SHORT_PACKED
                    && match self.compress {
                        Compress::Never => false,
                        Compress::Always => true,
                        Compress::Auto => backoff.lock().unwrap_or_else(PoisonError::into_inner).is_over(),
                    }
            }
        }
    }
}

/// Runs `convert` on another thread, when it is the turn of the connection. `None`: it panicked. When the result is not awaited
/// any more, a thread that has begun goes on; until it is done it counts as in use.
pub(super) async fn on_thread<T: Send + 'static>(
    budget: &PeerBudget,
    convert: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    // The semaphores are never closed.
    let turn = budget.conversions().acquire_owned().await.ok();
    let thread = Arc::clone(&THREADS).acquire_owned().await.ok();
    let converting = tokio::task::spawn_blocking(move || {
        let done = convert();
        drop((turn, thread));
        done
    });
    converting.await.ok()
}

/// Reserves what a message has become larger. Waits for it no longer than for other input.
async fn grown(
    bytes: Bytes,
    mut share: Option<Reserved>,
    budget: PeerBudget,
) -> Result<Converted, RpcStatus> {
    let more = bytes.len().saturating_sub(share.as_ref().map_or(0, Reserved::bytes));
    if more > 0 {
        let exhausted = || status(Code::ResourceExhausted, InputFailure::Budget.to_string());
        let more = budget.reserve(Purpose::Input, more).await.ok_or_else(exhausted)?;
        match &mut share {
            Some(share) => share.merge(more),
            None => share = Some(more),
        }
    }
    Ok(Converted { bytes, share })
}
