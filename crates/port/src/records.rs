//! Decodes the operations that JavaScript encoded (`docs/boundary.md#operations-javascript-to-rust`).

use std::time::Duration;

use aster_net::Framed;
use aster_wire::frame::HEAD_BYTES;
use aster_wire::record::RpcStatus;
use bytes::{Buf, BytesMut};

use crate::constants::{HEAD_BYTES as HEAD, NO_TIMEOUT, close_flag, op, open_flag};
use crate::event::Op;

/// Why a batch of operations is refused. TypeScript and Rust disagree, which is a bug in one of them.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The record is longer than the batch.
    #[error("an operation is cut short")]
    Cut,
    /// There is no operation with this number.
    #[error("unknown operation {0}")]
    Unknown(u8),
    /// The lengths in the metadata block do not match it, or a text is not UTF-8.
    #[error("metadata of an operation is malformed")]
    Metadata,
    /// A message is empty or too large for a frame.
    #[error("{0}")]
    Frame(#[from] aster_wire::frame::FrameError),
}

/// Decodes a batch. Messages are not copied: the end of each record head is overwritten with the frame head of its
/// message.
///
/// [`RecordError`] for the first malformed record. Then no operation of the batch has an effect.
/// [`RecordError`] for the first malformed record; then no operation of the batch takes effect.
pub fn read_operations(mut batch: BytesMut) -> Result<Vec<Op>, RecordError> {
    let mut operations = Vec::with_capacity(batch.len() / 96 + 1);
    while !batch.is_empty() {
        let head = Head::read(&batch)?;
        let mut record = batch.split_to(HEAD + head.payload);
        let padding = record.len().next_multiple_of(8) - record.len();
        batch.advance(padding.min(batch.len()));
        let mut tail = record.split_off(record.len() - head.metadata);
        let session = read_session(&head, &mut tail)?;
        let metadata = read_pairs(&tail)?;
        operations.push(operation(&head, record, session, metadata)?);
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

/// The number of the session of a call, which stands before the metadata.
fn read_session(head: &Head, tail: &mut BytesMut) -> Result<Option<u32>, RecordError> {
    if head.op != op::OPEN || head.flags & open_flag::SESSION == 0 {
        return Ok(None);
    }
    tail.try_get_u32_le().map(Some).map_err(|_| RecordError::Metadata)
}

fn operation(
    head: &Head,
    record: BytesMut,
    session: Option<u32>,
    metadata: Vec<(String, String)>,
) -> Result<Op, RecordError> {
    let timeout = (head.timeout != NO_TIMEOUT).then(|| Duration::from_millis(head.timeout.into()));
    let text = || String::from_utf8_lossy(record.get(HEAD..).unwrap_or_default()).into_owned();
    let call = head.call;
    Ok(match head.op {
        op::OPEN => Op::Open {
            call,
            method: head.argument,
            session,
            timeout,
            timeout_travels: head.flags & open_flag::TIMEOUT_TRAVELS != 0,
            metadata,
            request: if head.flags & open_flag::MESSAGE == 0 { None } else { Some(message(record)?) },
            end: head.flags & open_flag::INPUT_ENDS != 0,
        },
        op::ITEM => Op::Item { call, message: message(record)? },
        op::END => Op::End { call },
        op::CANCEL => Op::Cancel { call },
        op::CREDIT => Op::Credit { call, bytes: head.argument },
        op::REPLY => Op::Reply { call, message: message(record)? },
        op::FINISH => Op::Finish {
            call,
            status: RpcStatus { code: head.argument.into(), message: text(), details: metadata },
        },
        op::OPEN_SESSION => {
            Op::OpenSession { session: call, method: head.argument, id: text(), timeout, metadata }
        }
        op::CLOSE_SESSION => Op::CloseSession {
            session: call,
            now: head.flags & close_flag::NOW != 0,
            status: RpcStatus { code: head.argument.into(), message: text(), details: metadata },
        },
        unknown => return Err(RecordError::Unknown(unknown)),
    })
}

fn message(mut record: BytesMut) -> Result<Framed, RecordError> {
    record.advance(HEAD - HEAD_BYTES);
    Ok(Framed::from_room(record)?)
}

fn read_pairs(mut bytes: &[u8]) -> Result<Vec<(String, String)>, RecordError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
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
