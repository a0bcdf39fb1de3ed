//! Bytes of the data plane (`docs/boundary.md#data-plane`): operations read, events written.

use std::time::Duration;

use aster_net::{Event, Framed, IncomingCall, Op};
use aster_wire::frame::HEAD_BYTES;
use aster_wire::record::RpcStatus;
use bytes::{Buf, BytesMut};

const HEAD: usize = 24;
const NO_TIMEOUT: u32 = u32::MAX;

/// Why a batch of operations is refused: TypeScript and Rust disagree, which is a bug in either.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("an operation is cut short")]
    Cut,
    #[error("unknown operation {0}")]
    Unknown(u8),
    #[error("metadata of an operation is malformed")]
    Metadata,
    #[error("{0}")]
    Frame(#[from] aster_wire::frame::FrameError),
}

/// Reads a batch. Messages keep their place: the end of each head becomes the frame head of its message.
pub(crate) fn read_operations(mut batch: BytesMut) -> Result<Vec<Op>, RecordError> {
    let mut operations = Vec::with_capacity(batch.len() / 96 + 1);
    while !batch.is_empty() {
        let head = Head::read(&batch)?;
        let mut record = batch.split_to(HEAD + head.payload);
        let padding = record.len().next_multiple_of(8) - record.len();
        batch.advance(padding.min(batch.len()));
        let metadata = read_pairs(&record, head.metadata)?;
        record.truncate(record.len() - head.metadata);
        operations.push(operation(&head, record, metadata)?);
    }
    Ok(operations)
}

struct Head {
    payload: usize,
    call: u32,
    op: u8,
    flags: u8,
    argument: u32,
    timeout: u32,
    metadata: usize,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        let head: &[u8; HEAD] = bytes.first_chunk().ok_or(RecordError::Cut)?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let this = Self {
            payload: word(0) as usize,
            call: word(4),
            op: head[8],
            flags: head[9],
            argument: word(12),
            timeout: word(16),
            metadata: word(20) as usize,
        };
        let whole = this.payload.checked_add(HEAD).is_some_and(|length| length <= bytes.len());
        if !whole || this.metadata > this.payload {
            return Err(RecordError::Cut);
        }
        Ok(this)
    }
}

fn operation(head: &Head, record: BytesMut, metadata: Vec<(String, String)>) -> Result<Op, RecordError> {
    let call = head.call;
    Ok(match head.op {
        1 => Op::Open {
            call,
            method: head.argument,
            timeout: (head.timeout != NO_TIMEOUT).then(|| Duration::from_millis(head.timeout.into())),
            timeout_travels: head.flags & 1 != 0,
            metadata,
            request: if head.flags & 2 == 0 { None } else { Some(message(record)?) },
            end: head.flags & 4 != 0,
        },
        2 => Op::Item { call, message: message(record)? },
        3 => Op::End { call },
        4 => Op::Cancel { call },
        5 => Op::Credit { call, bytes: head.argument },
        6 => Op::Reply { call, message: message(record)? },
        7 => {
            let text = String::from_utf8_lossy(record.get(HEAD..).unwrap_or_default()).into_owned();
            Op::Finish {
                call,
                status: RpcStatus { code: head.argument.into(), message: text, details: metadata },
            }
        }
        unknown => return Err(RecordError::Unknown(unknown)),
    })
}

fn message(mut record: BytesMut) -> Result<Framed, RecordError> {
    record.advance(HEAD - HEAD_BYTES);
    Ok(Framed::from_room(record)?)
}

fn read_pairs(record: &[u8], length: usize) -> Result<Vec<(String, String)>, RecordError> {
    if length == 0 {
        return Ok(Vec::new());
    }
    let mut bytes = record.get(record.len() - length..).ok_or(RecordError::Metadata)?;
    let count = read_u16(&mut bytes)?;
    let mut pairs = Vec::with_capacity(count.min(64).into());
    for _ in 0..count {
        pairs.push((read_text(&mut bytes)?, read_text(&mut bytes)?));
    }
    Ok(pairs)
}

fn read_u16(bytes: &mut &[u8]) -> Result<u16, RecordError> {
    bytes.try_get_u16_le().map_err(|_| RecordError::Metadata)
}

fn read_text(bytes: &mut &[u8]) -> Result<String, RecordError> {
    let length = read_u16(bytes)?.into();
    let (text, rest) = bytes.split_at_checked(length).ok_or(RecordError::Metadata)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).map_err(|_| RecordError::Metadata)
}

/// Writes events into a slab that JavaScript owns.
pub(crate) struct Slab<'a> {
    bytes: &'a mut [u8],
    /// Bytes written, whole records.
    pub(crate) used: usize,
    /// Size of the first event that did not fit an empty slab.
    pub(crate) needed: usize,
}

impl<'a> Slab<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, used: 0, needed: 0 }
    }

    /// Writes an event if it fits.
    pub(crate) fn write(&mut self, event: &Event) -> bool {
        let mut tail = Vec::new();
        let (mut out, payload, metadata) = Out::of(event, &mut tail);
        let length = HEAD + payload;
        let padded = length.next_multiple_of(8);
        let used = self.used;
        let Some(place) = self.bytes.get_mut(used..used + padded) else {
            if used == 0 {
                self.needed = padded;
            }
            return false;
        };
        out.metadata = metadata as u32;
        let (head, body) = place.split_at_mut(HEAD);
        out.write_head(head, payload as u32);
        write_body(event, body, &tail);
        self.used += padded;
        true
    }
}

#[derive(Default)]
struct Out {
    call: u32,
    kind: u8,
    flags: u8,
    status: u16,
    argument: u32,
    argument2: u32,
    metadata: u32,
}

impl Out {
    /// The head of an event, its payload length and the part of it that is metadata (built in `tail`).
    fn of(event: &Event, tail: &mut Vec<u8>) -> (Self, usize, usize) {
        let of = |kind, call| Self { call, kind, ..Self::default() };
        match event {
            Event::Message { call, message, marked } => {
                (Self { flags: (*marked).into(), ..of(1, *call) }, message.len(), 0)
            }
            Event::Items { call, items, bytes, marked } => {
                let (flags, argument) = ((*marked).into(), items.len() as u32);
                let length = items.iter().map(|item| item.len() + 4).sum();
                (Self { flags, argument, argument2: *bytes, ..of(2, *call) }, length, 0)
            }
            Event::Ended { call, status, received, local, not_sent } => {
                let flags = u8::from(*local) | u8::from(*not_sent) << 1;
                write_pairs(tail, &status.details);
                let head = Self { flags, status: status.code as u16, argument: *received, ..of(3, *call) };
                (head, status.message.len() + tail.len(), tail.len())
            }
            Event::Credit { call, bytes } => (Self { argument: *bytes, ..of(4, *call) }, 0, 0),
            Event::Call(incoming) => Self::of_call(incoming, tail),
            Event::InputEnd { call } => (of(6, *call), 0, 0),
            Event::Aborted { call, code } => (Self { argument: (*code).into(), ..of(7, *call) }, 0, 0),
            Event::Peer { connection, json } => (Self { argument: *connection, ..of(8, 0) }, json.len(), 0),
            Event::PeerGone { connection } => (Self { argument: *connection, ..of(9, 0) }, 0, 0),
            Event::Log { json } => (of(17, 0), json.len(), 0),
            Event::Settled { request } => (of(16, *request), 0, 0),
        }
    }

    fn of_call(incoming: &IncomingCall, tail: &mut Vec<u8>) -> (Self, usize, usize) {
        tail.extend_from_slice(&incoming.deadline_epoch_ms.to_le_bytes());
        write_text(tail, &incoming.call_id);
        write_pairs(tail, &incoming.metadata);
        let message = incoming.message.as_ref();
        let flags = 1
            | u8::from(message.is_some()) << 1
            | u8::from(incoming.input_ended) << 2
            | u8::from(incoming.marked) << 3;
        let head = Self {
            call: incoming.call,
            kind: 5,
            flags,
            argument: incoming.handle,
            argument2: incoming.connection,
            ..Self::default()
        };
        (head, message.map_or(0, bytes::Bytes::len) + tail.len(), tail.len())
    }

    fn write_head(&self, mut head: &mut [u8], payload: u32) {
        use bytes::BufMut as _;
        head.put_u32_le(payload);
        head.put_u32_le(self.call);
        head.put_u8(self.kind);
        head.put_u8(self.flags);
        head.put_u16_le(self.status);
        head.put_u32_le(self.argument);
        head.put_u32_le(self.argument2);
        head.put_u32_le(self.metadata);
    }
}

fn write_body(event: &Event, mut body: &mut [u8], tail: &[u8]) {
    use bytes::BufMut as _;
    match event {
        Event::Message { message, .. } => body.put_slice(message),
        Event::Items { items, .. } => {
            for item in items {
                body.put_u32_le(item.len() as u32);
                body.put_slice(item);
            }
        }
        Event::Ended { status, .. } => body.put_slice(status.message.as_bytes()),
        Event::Call(incoming) => body.put_slice(incoming.message.as_deref().unwrap_or_default()),
        Event::Peer { json, .. } | Event::Log { json } => body.put_slice(json.as_bytes()),
        Event::Credit { .. }
        | Event::InputEnd { .. }
        | Event::Aborted { .. }
        | Event::PeerGone { .. }
        | Event::Settled { .. } => {}
    }
    body.put_slice(tail);
}

fn write_pairs(out: &mut Vec<u8>, pairs: &[(String, String)]) {
    let count = pairs.len().min(u16::MAX.into());
    out.extend_from_slice(&(count as u16).to_le_bytes());
    for (key, value) in pairs.iter().take(count) {
        write_text(out, key);
        write_text(out, value);
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    let text = text.get(..text.floor_char_boundary(u16::MAX.into())).unwrap_or_default();
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}
