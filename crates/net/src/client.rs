//! Client calls: one task a call, from the opening of its stream to its last event.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aster_wire::frame::flag;
use aster_wire::limit::RecordLimits;
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;
use bytes::Bytes;
use iroh::endpoint::{ConnectionError, WriteError};
use tokio::time::Instant;

use crate::block::Block;
use crate::error::status;
use crate::event::{Event, Framed, Metadata};
use crate::framing::{FrameReader, FrameWriter, ReadFailure, Received};
use crate::mailbox::End;
use crate::payload::PayloadCodec;
use crate::peer::Peer;
use crate::port::{Call, Port, trailer};
use crate::service::Pattern;

/// How long a cancelled upload may take to tell the server so.
const FAREWELL: Duration = Duration::from_secs(5);
/// The detail under which the reason of an error travels.
const REASON: &str = "aster.reason";

/// A method of a peer, ready to be called.
#[derive(Debug)]
pub struct ClientMethod {
    pub(crate) peer: Arc<Peer>,
    pub(crate) pattern: Pattern,
    pub(crate) request: PayloadCodec,
    pub(crate) response: PayloadCodec,
    header: StreamHeader,
    /// The header frame of a call without deadline and metadata.
    plain_header: Bytes,
}

impl ClientMethod {
    /// Prepares a method; `request` and `response` have the same mode.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the header does not fit the limits.
    pub fn new(
        peer: Arc<Peer>,
        (service, version, method): (&str, i64, &str),
        pattern: Pattern,
        request: PayloadCodec,
        response: PayloadCodec,
    ) -> Result<Self, RpcStatus> {
        let limits = RecordLimits::default();
        for (what, name) in [("service name", service), ("method name", method)] {
            limits.check_name(what, name).map_err(|e| status(Code::InvalidArgument, e.to_string()))?;
        }
        let header = StreamHeader {
            service: service.to_owned(),
            method: method.to_owned(),
            version,
            serialization_mode: request.mode.number(),
            ..StreamHeader::default()
        };
        let plain_header = header_frame(&header, request.mode.encoding())?;
        Ok(Self { peer, pattern, request, response, header, plain_header })
    }

    fn header(&self, open: &OpenCall) -> Result<Bytes, RpcStatus> {
        let deadline = open.timeout.filter(|_| open.timeout_travels).map_or(0, epoch_ms_in);
        if deadline == 0 && open.metadata.is_empty() {
            return Ok(self.plain_header.clone());
        }
        RecordLimits::default()
            .check_metadata(&open.metadata)
            .map_err(|e| status(e.code(), e.to_string()))?;
        let header = StreamHeader {
            deadline_epoch_ms: deadline,
            metadata: open.metadata.clone(),
            ..self.header.clone()
        };
        header_frame(&header, self.request.mode.encoding())
    }
}

fn header_frame(header: &StreamHeader, encoding: Encoding) -> Result<Bytes, RpcStatus> {
    Framed::from_payload(flag::HEADER, &header.encode(encoding))
        .map(Framed::into_wire)
        .map_err(|e| status(Code::ResourceExhausted, e.to_string()))
}

fn epoch_ms_in(timeout: Duration) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from((now + timeout).as_millis()).unwrap_or(i64::MAX)
}

/// What an opening operation says besides its first message.
#[derive(Debug)]
pub(crate) struct OpenCall {
    pub(crate) timeout: Option<Duration>,
    pub(crate) timeout_travels: bool,
    pub(crate) metadata: Metadata,
    pub(crate) end: bool,
}

/// How a call ends for the user's side.
#[derive(Debug)]
enum Outcome {
    Message(Bytes),
    Status(RpcStatus),
    Local {
        status: RpcStatus,
        not_sent: bool,
    },
    /// The peer refused the connection that the request needed.
    Refused(RpcStatus),
    /// The user left: nothing is owed.
    Left,
}

impl Outcome {
    fn local(code: Code, message: impl Into<String>) -> Self {
        Self::Local { status: status(code, message), not_sent: false }
    }
}

pub(crate) fn spawn(
    port: Arc<Port>,
    number: u32,
    call: Arc<Call>,
    method: Arc<ClientMethod>,
    open: OpenCall,
) {
    let deadline = open.timeout.map(|timeout| Instant::now() + timeout);
    tokio::spawn(async move {
        let mut task = ClientCall { port, number, call, method, received: 0 };
        let outcome = task.run(open, deadline).await;
        task.report(outcome);
    });
}

struct ClientCall {
    port: Arc<Port>,
    number: u32,
    call: Arc<Call>,
    method: Arc<ClientMethod>,
    received: u32,
}

impl ClientCall {
    fn report(&self, outcome: Outcome) {
        self.port.forget(self.number);
        let (status, local, not_sent) = match outcome {
            Outcome::Left => return,
            Outcome::Message(message) => {
                let marked = self.method.response.marked();
                return self.port.push(Event::Message { call: self.number, message, marked });
            }
            Outcome::Status(status) => (status, false, false),
            Outcome::Refused(status) => (status, false, true),
            Outcome::Local { status, not_sent } => (status, true, not_sent),
        };
        self.port.push(Event::Ended { call: self.number, status, received: self.received, local, not_sent });
    }

    async fn run(&mut self, open: OpenCall, deadline: Option<Instant>) -> Outcome {
        let header = match self.method.header(&open) {
            Ok(header) => header,
            Err(status) => {
                return Outcome::Local { status, not_sent: true };
            }
        };
        let call = Arc::clone(&self.call);
        let left = leaving(&call, deadline, open.timeout);
        tokio::pin!(left);
        let method = Arc::clone(&self.method);
        let opened = tokio::select! {
            biased;
            opened = method.peer.open_stream() => opened,
            outcome = &mut left => return not_sent(outcome),
        };
        let (mut writer, mut reader) = match opened {
            Ok(streams) => streams,
            Err(error) => {
                let status = status(error.code(), error.to_string());
                return if error.is_local() {
                    Outcome::Local { status, not_sent: true }
                } else {
                    Outcome::Refused(status)
                };
            }
        };
        writer.push(header);
        let outcome = tokio::select! {
            biased;
            outcome = self.exchange(&mut writer, &mut reader) => outcome,
            outcome = &mut left => outcome,
        };
        self.part(writer, reader, &outcome);
        if matches!(&outcome, Outcome::Local { status, .. } if status.code == Code::DeadlineExceeded.number())
        {
            method.peer.doubt();
        }
        outcome
    }

    /// Writes and reads at once: a server may answer before it has read everything.
    async fn exchange(&mut self, writer: &mut FrameWriter, reader: &mut FrameReader) -> Outcome {
        let call = Arc::clone(&self.call);
        let port = Arc::clone(&self.port);
        let write = pump(&port, self.number, &call, writer);
        let read = self.read(reader);
        tokio::pin!(write, read);
        let mut writing = true;
        loop {
            tokio::select! {
                biased;
                // A peer that stopped reading has usually said why: its trailer decides.
                _ = &mut write, if writing => writing = false,
                outcome = &mut read => return outcome,
            }
        }
    }

    async fn read(&mut self, reader: &mut FrameReader) -> Outcome {
        if self.method.pattern.response_stream {
            self.read_stream(reader).await
        } else {
            self.read_single(reader).await
        }
    }

    async fn read_single(&mut self, reader: &mut FrameReader) -> Outcome {
        let mut answer = None;
        loop {
            let received = match reader.next().await {
                Ok(Some(received)) => received,
                // A finish after the answer counts as OK; some servers write no trailer for these.
                Ok(None) => return answer.map_or_else(no_trailer, Outcome::Message),
                Err(failure) => return lost(&failure),
            };
            if received.frame.has(flag::TRAILER) {
                return match end_of(&received) {
                    Outcome::Status(status) if status.code == 0 => {
                        reader.settle().await;
                        // OK without a message is a null answer.
                        Outcome::Message(answer.unwrap_or(Bytes::from_static(&aster_codec::NULL_MESSAGE)))
                    }
                    outcome => outcome,
                };
            }
            if received.frame.has(flag::ROW_SCHEMA) {
                continue;
            }
            if answer.is_some() {
                let mut status = status(Code::Internal, "the peer sent more than one response");
                status.details.push((REASON.to_owned(), "STREAMED_ANSWER".to_owned()));
                return Outcome::Local { status, not_sent: false };
            }
            match self.method.response.incoming(&received.frame) {
                Ok(message) => answer = Some(message),
                Err(status) => return unreadable(status),
            }
            self.received = 1;
        }
    }

    async fn read_stream(&mut self, reader: &mut FrameReader) -> Outcome {
        loop {
            self.call.mailbox.room().await;
            let first = match reader.next().await {
                Ok(Some(received)) => received,
                Ok(None) => return no_trailer(),
                Err(failure) => return lost(&failure),
            };
            match self.block(first, reader) {
                Ok(None) => {}
                Ok(Some(trailer)) => {
                    reader.settle().await;
                    return end_of(&trailer);
                }
                Err(outcome) => return outcome,
            }
        }
    }

    /// Hands over what has arrived, starting with `next`; gives the trailer if it is among it.
    fn block(&mut self, first: Received, reader: &mut FrameReader) -> Result<Option<Received>, Outcome> {
        let mut block = Block::default();
        let mut next = Some(first);
        let mut ended = Ok(None);
        while let Some(received) = next {
            if received.frame.has(flag::TRAILER) {
                ended = Ok(Some(received));
                break;
            }
            if !received.frame.has(flag::ROW_SCHEMA) {
                match self.method.response.incoming(&received.frame) {
                    Ok(message) => block.push(message),
                    Err(status) => {
                        ended = Err(unreadable(status));
                        break;
                    }
                }
            }
            if block.is_full(&self.call) {
                break;
            }
            next = match reader.ready() {
                Ok(next) => next,
                Err(failure) => {
                    ended = Err(lost(&failure));
                    break;
                }
            };
        }
        self.received = self.received.saturating_add(block.items.len() as u32);
        block.hand_over(&self.port, self.number, &self.call, self.method.response.marked());
        ended
    }

    /// Leaves the stream so that the server learns what the user's side knows.
    fn part(&self, mut writer: FrameWriter, mut reader: FrameReader, outcome: &Outcome) {
        match outcome {
            Outcome::Message(_) => return,
            Outcome::Status(status) if status.code == 0 => return,
            _ => reader.stop(),
        }
        let by_trailer = self.method.pattern.request_stream && !self.method.pattern.response_stream;
        let left = matches!(outcome, Outcome::Left | Outcome::Local { .. });
        if by_trailer && left && writer.started() && !writer.is_finished() {
            // The reference takes a reset upload for a complete one: only a trailer cancels it.
            writer.push(trailer(&status(Code::Cancelled, "cancelled"), self.call.encoding()));
            tokio::spawn(async move {
                if let Ok(Ok(())) = tokio::time::timeout(FAREWELL, writer.flush()).await {
                    writer.finish();
                }
                drop(reader);
            });
        } else {
            writer.abort();
        }
    }
}

/// Moves output from the mailbox to the stream until it ends.
async fn pump(port: &Port, number: u32, call: &Call, writer: &mut FrameWriter) -> Result<(), WriteError> {
    // What is there already shares the header's write; what is not does not hold it back.
    let mut output = call.mailbox.take();
    loop {
        writer.extend(output.chunks);
        writer.flush().await?;
        if let Some(End::Input | End::Status(_)) = output.end {
            writer.finish();
            return Ok(());
        }
        if output.bytes > 0 {
            port.push(Event::Credit { call: number, bytes: output.bytes as u32 });
        }
        output = call.mailbox.output().await;
    }
}

/// Resolves when the user leaves or the time is up.
async fn leaving(call: &Call, deadline: Option<Instant>, timeout: Option<Duration>) -> Outcome {
    let expired = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = call.mailbox.cancelled() => Outcome::Left,
        () = expired => {
            let after = timeout.unwrap_or_default().as_millis();
            Outcome::local(Code::DeadlineExceeded, format!("deadline exceeded after {after} ms"))
        }
    }
}

fn not_sent(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Local { status, .. } => Outcome::Local { status, not_sent: true },
        outcome => outcome,
    }
}

/// A response that does not fit its type is the peer's fault, not that of an argument.
fn unreadable(mut status: RpcStatus) -> Outcome {
    if status.code == Code::InvalidArgument.number() {
        status.code = Code::DataLoss.number();
        status.message = format!("the answer could not be decoded: {}", status.message);
    }
    Outcome::Local { status, not_sent: false }
}

fn no_trailer() -> Outcome {
    Outcome::local(Code::Unavailable, "the stream ended without a status")
}

fn end_of(received: &Received) -> Outcome {
    match RpcStatus::decode(&received.frame.payload) {
        Ok((mut status, _)) => {
            RecordLimits::default().cut_status(&mut status);
            if Code::from_number(status.code).is_none() {
                status.message = format!("unknown status code {}: {}", status.code, status.message);
                status.code = Code::Unknown.number();
            }
            Outcome::Status(status)
        }
        Err(error) => Outcome::local(Code::Internal, format!("the peer's status is not readable: {error}")),
    }
}

fn lost(failure: &ReadFailure) -> Outcome {
    let code = match failure {
        ReadFailure::Frame(_) => Code::Internal,
        ReadFailure::Budget => Code::ResourceExhausted,
        ReadFailure::Connection(ConnectionError::ApplicationClosed(close))
            if close.error_code == 403u32.into() =>
        {
            return Outcome::local(Code::PermissionDenied, "the peer does not admit this node");
        }
        ReadFailure::Reset | ReadFailure::Connection(_) | ReadFailure::Silent(_) => Code::Unavailable,
    };
    Outcome::local(code, failure.to_string())
}
