//! One server call: from the header of its stream to the trailer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aster_wire::frame::flag;
use aster_wire::limit::RecordLimits;
use aster_wire::record::{Encoding, RpcStatus};
use aster_wire::status::Code;
use tokio::time::Instant;

use super::ServerConnection;
use super::header::{self, Accepted};
use crate::block::Block;
use crate::budget::Reserved;
use crate::error::status;
use crate::event::{Event, IncomingCall};
use crate::framing::{FrameReader, FrameWriter, ReadFailure, Received};
use crate::mailbox::End;
use crate::payload::PayloadCodec;
use crate::port::{Call, Port, trailer};
use crate::service::Pattern;

/// How long input that nobody wants any more is read, so that its sender is not stopped rudely.
const LINGER: Duration = Duration::from_secs(10);
/// How long a last trailer may take.
const FAREWELL: Duration = Duration::from_secs(5);
/// Far enough for a timer that never fires.
const NO_DEADLINE: Duration = Duration::from_hours(24 * 365);

pub(super) async fn serve_stream(
    connection: Arc<ServerConnection>,
    mut writer: FrameWriter,
    mut reader: FrameReader,
) {
    match header::read(&connection.node, &mut reader).await {
        None => {
            connection.resets.note();
            writer.finish();
        }
        Some(Err(refusal)) => refuse(writer, reader, &refusal.status, refusal.encoding).await,
        Some(Ok(accepted)) => serve_call(connection, writer, reader, accepted).await,
    }
}

/// Says no, then reads on for a while: the request may still be under way.
async fn refuse(mut writer: FrameWriter, mut reader: FrameReader, status: &RpcStatus, encoding: Encoding) {
    let answered = async {
        writer.push(trailer(status, encoding));
        if writer.flush().await.is_ok() {
            writer.finish();
        }
        let _ = reader.discard().await;
    };
    // Whoever does not take the trailer in time has its stream reset by the drop.
    let _ = tokio::time::timeout(LINGER, answered).await;
}

async fn serve_call(
    connection: Arc<ServerConnection>,
    writer: FrameWriter,
    mut reader: FrameReader,
    accepted: Accepted,
) {
    let Accepted { service, method, mode, header, remaining } = accepted;
    let encoding = mode.encoding();
    let (Some(worker), Some(definition)) =
        (service.worker(), service.definition.methods.get(method as usize))
    else {
        return refuse(
            writer,
            reader,
            &status(Code::Unavailable, "the service is not served any more"),
            encoding,
        )
        .await;
    };
    let pattern = definition.pattern;
    let request_codec = definition.request.in_mode(mode);
    let mut message = None;
    let mut reserved = None;
    if !pattern.request_stream {
        match single_request(&mut reader, &request_codec).await {
            Ok((request, held)) => (message, reserved) = (Some(request), held),
            Err(Some(status)) => return refuse(writer, reader, &status, encoding).await,
            Err(None) => {
                connection.resets.note();
                return;
            }
        }
    }
    let longest = if pattern.response_stream { NO_DEADLINE } else { service.definition.max_call };
    let deadline = Instant::now() + remaining.unwrap_or(longest).min(NO_DEADLINE);
    let call = Arc::new(Call::new(definition.response.in_mode(mode), true));
    let port = Arc::clone(&worker.port);
    let number = port.admit(&call);
    let _counted = connection.node.count_call();
    let opening = IncomingCall {
        call: number,
        handle: worker.first_handle + method,
        connection: connection.introduce(&port),
        message,
        input_ended: !pattern.request_stream,
        marked: request_codec.marked(),
        deadline_epoch_ms: header.deadline_epoch_ms.max(0) as f64,
        call_id: header.call_id,
        metadata: header.metadata,
    };
    port.push(Event::Call(Box::new(opening)));
    let running =
        Running { connection: &connection, port: &port, number, call: &call, request_codec, pattern };
    running.run(writer, reader, deadline).await;
    port.forget(number);
    drop(reserved);
}

/// The one request of a call without request stream. `Err(None)`: the caller left.
async fn single_request(
    reader: &mut FrameReader,
    codec: &PayloadCodec,
) -> Result<(bytes::Bytes, Option<Reserved>), Option<RpcStatus>> {
    loop {
        let received = match reader.awaited().await {
            Ok(Some(received)) => received,
            Ok(None) => return Err(Some(status(Code::Unavailable, "Stream ended"))),
            Err(failure) => return Err(failed_input(&failure)),
        };
        if received.frame.has(flag::TRAILER) {
            return Err(Some(status(Code::Unavailable, "Unexpected trailer")));
        }
        if received.frame.has(flag::CANCEL) {
            continue;
        }
        let message = codec.incoming(&received.frame).map_err(Some)?;
        return Ok((message, received.reserved));
    }
}

/// The status for input that cannot be read on, or `None` when nobody is left to tell.
fn failed_input(failure: &ReadFailure) -> Option<RpcStatus> {
    match failure {
        ReadFailure::Frame(_) => Some(status(Code::InvalidArgument, failure.to_string())),
        ReadFailure::Silent(_) => Some(status(Code::DeadlineExceeded, format!("request: {failure}"))),
        ReadFailure::Budget => Some(status(Code::ResourceExhausted, failure.to_string())),
        ReadFailure::Reset | ReadFailure::Connection(_) => None,
    }
}

/// Why a running call stops before its handler ends it.
enum Stop {
    /// The handler's end was written.
    Done,
    /// The caller is gone: nobody to tell.
    Gone,
    /// The caller is told this.
    Tell(RpcStatus),
}

struct Running<'a> {
    connection: &'a ServerConnection,
    port: &'a Port,
    number: u32,
    call: &'a Call,
    request_codec: PayloadCodec,
    pattern: Pattern,
}

impl Running<'_> {
    async fn run(&self, mut writer: FrameWriter, mut reader: FrameReader, deadline: Instant) {
        let aborted = self.connection.node.abort_calls.notified();
        let stopped = writer.stopped();
        tokio::pin!(aborted);
        // Enabled before the first await: an abort between two polls is not missed.
        aborted.as_mut().enable();
        let stop = {
            let write = self.write(&mut writer);
            let input = self.input(&mut reader);
            tokio::pin!(write, input, stopped);
            let mut reading = true;
            loop {
                tokio::select! {
                    biased;
                    stop = &mut write => break stop,
                    stop = &mut input, if reading => match stop {
                        None => reading = false,
                        Some(stop) => break stop,
                    },
                    left = &mut stopped => if left { break Stop::Gone } else { break Stop::Done },
                    () = tokio::time::sleep_until(deadline) => {
                        break Stop::Tell(status(Code::DeadlineExceeded, "deadline exceeded"));
                    }
                    () = &mut aborted => break Stop::Tell(status(Code::Unavailable, "the server is shutting down")),
                }
            }
        };
        self.part(stop, writer, reader).await;
    }

    async fn part(&self, stop: Stop, mut writer: FrameWriter, mut reader: FrameReader) {
        match stop {
            Stop::Done if !self.pattern.request_stream => reader.settle().await,
            Stop::Done => linger(reader),
            Stop::Gone => {
                self.connection.resets.note();
                self.abort(Code::Cancelled);
                writer.abort();
            }
            Stop::Tell(status) => {
                self.abort(Code::from_number(status.code).unwrap_or(Code::Cancelled));
                writer.push(trailer(&status, self.call.encoding()));
                if let Ok(Ok(())) = tokio::time::timeout(FAREWELL, writer.flush()).await {
                    writer.finish();
                }
                linger(reader);
            }
        }
    }

    fn abort(&self, code: Code) {
        self.port.push(Event::Aborted { call: self.number, code: code as u16 });
    }

    /// Moves the handler's output to the stream until the handler ends.
    async fn write(&self, writer: &mut FrameWriter) -> Stop {
        loop {
            let output = self.call.mailbox.output().await;
            writer.extend(output.chunks);
            let end = match output.end {
                Some(End::Status(status)) => Some(status),
                // Servers have no other end.
                Some(End::Input) | None => None,
            };
            if let Some(mut status) = end {
                RecordLimits::default().cut_status(&mut status);
                writer.push(trailer(&status, self.call.encoding()));
                if writer.flush().await.is_err() {
                    return Stop::Gone;
                }
                writer.finish();
                return Stop::Done;
            }
            if writer.flush().await.is_err() {
                return Stop::Gone;
            }
            self.port.push(Event::Credit { call: self.number, bytes: output.bytes as u32 });
        }
    }

    /// Feeds the handler. `None` when the input ended in order; a unary call only watches for the caller leaving.
    async fn input(&self, reader: &mut FrameReader) -> Option<Stop> {
        if !self.pattern.request_stream {
            return reader.discard().await.is_err().then_some(Stop::Gone);
        }
        let mut held = Held::default();
        loop {
            self.call.mailbox.room().await;
            held.release(self.call.mailbox.unread());
            match reader.next().await {
                Ok(Some(first)) => match self.block(first, reader, &mut held).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(stop) => return Some(stop),
                },
                Ok(None) => break,
                Err(failure) => return Some(failed_input(&failure).map_or(Stop::Gone, Stop::Tell)),
            }
        }
        self.port.push(Event::InputEnd { call: self.number });
        // The caller can still leave: a reset after the end is impossible, a stop is seen by the writer.
        None
    }

    /// Hands over what has arrived; false when the input ended with a trailer.
    async fn block(&self, first: Received, reader: &mut FrameReader, held: &mut Held) -> Result<bool, Stop> {
        let mut block = Block::default();
        let mut next = Some(first);
        let mut outcome = Ok(true);
        while let Some(received) = next {
            match self.message(received, held) {
                Ok(Some(message)) => block.push(message),
                Ok(None) => {}
                Err(end) => {
                    outcome = end.map_or(Ok(false), Err);
                    break;
                }
            }
            if block.is_full(self.call) {
                break;
            }
            next = match reader.ready() {
                Ok(next) => next,
                Err(failure) => {
                    outcome = Err(failed_input(&failure).map_or(Stop::Gone, Stop::Tell));
                    break;
                }
            };
        }
        // Small messages are counted together: many of them are as much memory as one large one.
        let uncounted = block.bytes.saturating_sub(held.fresh_bytes());
        if uncounted > 0 {
            let budget = &self.connection.budget;
            let Some(reserved) = budget.reserve(uncounted).await else {
                return Err(failed_input(&ReadFailure::Budget).map_or(Stop::Gone, Stop::Tell));
            };
            held.keep(Some(reserved));
        }
        held.pass(block.bytes);
        block.hand_over(self.port, self.number, self.call, self.request_codec.marked());
        outcome
    }

    /// One input frame. `Err(None)`: the input ended in order.
    fn message(&self, received: Received, held: &mut Held) -> Result<Option<bytes::Bytes>, Option<Stop>> {
        if received.frame.has(flag::TRAILER) {
            return Err(self.end_of_input(&received));
        }
        if received.frame.has(flag::CANCEL) {
            return Ok(None);
        }
        held.keep(received.reserved);
        self.request_codec.incoming(&received.frame).map(Some).map_err(|status| Some(Stop::Tell(status)))
    }

    fn end_of_input(&self, received: &Received) -> Option<Stop> {
        if self.pattern.response_stream {
            return None;
        }
        match RpcStatus::decode(&received.frame.payload) {
            Ok((sent, _)) if sent.code == Code::Cancelled.number() => {
                Some(Stop::Tell(status(Code::Cancelled, "the caller cancelled the upload")))
            }
            Ok((sent, _)) if sent.code != 0 => {
                Some(Stop::Tell(status(Code::Internal, format!("the input ended with status {}", sent.code))))
            }
            _ => None,
        }
    }
}

/// Budget held by messages that the handler has not consumed.
#[derive(Debug, Default)]
struct Held {
    passed: usize,
    parts: VecDeque<(usize, Reserved)>,
    fresh: Vec<Reserved>,
}

impl Held {
    fn keep(&mut self, reserved: Option<Reserved>) {
        self.fresh.extend(reserved);
    }

    /// Bytes reserved for messages that are not handed over yet.
    fn fresh_bytes(&self) -> usize {
        self.fresh.iter().map(Reserved::num_permits).sum()
    }

    fn pass(&mut self, bytes: usize) {
        self.passed += bytes;
        let passed = self.passed;
        self.parts.extend(self.fresh.drain(..).map(|reserved| (passed, reserved)));
    }

    fn release(&mut self, unread: usize) {
        let consumed = self.passed.saturating_sub(unread);
        while self.parts.front().is_some_and(|(until, _)| *until <= consumed) {
            self.parts.pop_front();
        }
    }
}

/// Reads unwanted input for a while in the background.
fn linger(mut reader: FrameReader) {
    tokio::spawn(async move {
        let _ = tokio::time::timeout(LINGER, reader.discard()).await;
    });
}
