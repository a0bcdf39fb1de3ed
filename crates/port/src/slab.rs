//! Encodes events into a buffer (slab) that JavaScript owns (`docs/boundary.md#events-rust-to-javascript`).

use crate::constants::{HEAD_BYTES as HEAD, call_flag, end_flag, event as kind, message_flag};
use crate::event::{Event, IncomingCall, PeerFacts};

/// Encodes events into a slab.
pub struct Slab<'a> {
    bytes: &'a mut [u8],
    used: usize,
    needed: usize,
}

impl<'a> Slab<'a> {
    /// A slab without events in this buffer.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, used: 0, needed: 0 }
    }

    /// Bytes written; always whole records.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Size of the first event, if it is larger than the whole slab.
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// Writes an event if there is room for it.
    pub fn write(&mut self, event: &Event) -> bool {
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
    /// The head of an event, the length of its payload, and its metadata part (built in `tail`).
    fn of(event: &Event, tail: &mut Vec<u8>) -> (Self, usize, usize) {
        let of = |kind, call| Self { call, kind, ..Self::default() };
        match event {
            Event::Message { call, message, presence_flagged } => {
                let flags = flag(*presence_flagged, message_flag::PRESENCE_FLAGGED);
                (Self { flags, ..of(kind::MESSAGE, *call) }, message.bytes.len(), 0)
            }
            Event::Items { call, items, bytes, presence_flagged } => {
                let flags = flag(*presence_flagged, message_flag::PRESENCE_FLAGGED);
                let length = items.iter().map(|item| item.len() + 4).sum();
                let argument = items.len() as u32;
                (Self { flags, argument, argument2: *bytes, ..of(kind::ITEMS, *call) }, length, 0)
            }
            Event::Ended { call, status, received, local, not_sent } => {
                let flags = flag(*local, end_flag::LOCAL) | flag(*not_sent, end_flag::NOT_SENT);
                if !status.details.is_empty() {
                    write_pairs(tail, &status.details);
                }
                let argument = *received;
                let head = Self { flags, status: status.code as u16, argument, ..of(kind::ENDED, *call) };
                (head, status.message.len() + tail.len(), tail.len())
            }
            Event::Credit { call, bytes, window } => {
                (Self { argument: *bytes, argument2: *window, ..of(kind::CREDIT, *call) }, 0, 0)
            }
            Event::Call(incoming) => Self::of_call(incoming, tail),
            Event::InputEnd { call } => (of(kind::INPUT_END, *call), 0, 0),
            Event::Aborted { call, code } => {
                (Self { argument: (*code).into(), ..of(kind::ABORTED, *call) }, 0, 0)
            }
            Event::Peer { connection, peer } => {
                write_peer(tail, peer);
                (Self { argument: *connection, ..of(kind::PEER, 0) }, tail.len(), tail.len())
            }
            Event::PeerGone { connection } => {
                (Self { argument: *connection, ..of(kind::PEER_GONE, 0) }, 0, 0)
            }
            Event::SessionOpened { session } => (of(kind::SESSION_OPENED, *session), 0, 0),
            Event::SessionEnded { session, by, status, last_finished, local, not_sent } => {
                let flags = flag(*local, end_flag::LOCAL) | flag(*not_sent, end_flag::NOT_SENT);
                if !status.details.is_empty() {
                    write_pairs(tail, &status.details);
                }
                let head = Self {
                    flags,
                    status: status.code as u16,
                    argument: (*by).into(),
                    argument2: *last_finished,
                    ..of(kind::SESSION_ENDED, *session)
                };
                (head, status.message.len() + tail.len(), tail.len())
            }
            Event::Session { session, handle, connection, id, metadata } => {
                write_text(tail, id);
                write_pairs(tail, metadata);
                let head = Self { argument: *handle, argument2: *connection, ..of(kind::SESSION, *session) };
                (head, tail.len(), tail.len())
            }
            Event::SessionPeer { session, connection } => {
                (Self { argument: *connection, ..of(kind::SESSION_PEER, *session) }, 0, 0)
            }
            Event::Question { question, node, peer } => {
                write_peer(tail, peer);
                (Self { argument: *node, ..of(kind::QUESTION, *question) }, tail.len(), tail.len())
            }
            Event::Log { json } => (of(kind::LOG, 0), json.len(), 0),
            Event::Settled { request } => (of(kind::SETTLED, *request), 0, 0),
        }
    }

    fn of_call(incoming: &IncomingCall, tail: &mut Vec<u8>) -> (Self, usize, usize) {
        let is_plain =
            incoming.deadline_epoch_ms == 0.0 && incoming.call_id.is_empty() && incoming.metadata.is_empty();
        if !is_plain {
            tail.extend_from_slice(&incoming.deadline_epoch_ms.to_le_bytes());
            write_text(tail, &incoming.call_id);
            write_pairs(tail, &incoming.metadata);
        }
        let message = incoming.message.as_ref();
        let flags = flag(!is_plain, call_flag::BLOCK)
            | flag(message.is_some(), call_flag::MESSAGE)
            | flag(incoming.input_ended, call_flag::INPUT_ENDED)
            | flag(incoming.presence_flagged, call_flag::PRESENCE_FLAGGED)
            | flag(incoming.in_session, call_flag::SESSION)
            | flag(incoming.native, call_flag::NATIVE);
        let head = Self {
            call: incoming.call,
            kind: kind::CALL,
            flags,
            argument: incoming.handle,
            argument2: incoming.connection,
            ..Self::default()
        };
        (head, message.map_or(0, |message| message.bytes.len()) + tail.len(), tail.len())
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
        Event::Message { message, .. } => body.put_slice(&message.bytes),
        Event::Items { items, .. } => {
            for item in items {
                body.put_u32_le(item.len() as u32);
                body.put_slice(item);
            }
        }
        Event::Ended { status, .. } | Event::SessionEnded { status, .. } => {
            body.put_slice(status.message.as_bytes());
        }
        Event::Call(incoming) => {
            body.put_slice(incoming.message.as_ref().map_or(&[], |message| &message.bytes[..]));
        }
        Event::Log { json } => body.put_slice(json.as_bytes()),
        Event::Credit { .. }
        | Event::InputEnd { .. }
        | Event::Aborted { .. }
        | Event::Peer { .. }
        | Event::Question { .. }
        | Event::Settled { .. }
        | Event::SessionOpened { .. }
        | Event::Session { .. }
        | Event::SessionPeer { .. }
        | Event::PeerGone { .. } => {}
    }
    body.put_slice(tail);
}

/// The peer of a connection: the text `endpoint id`, then `f64` expiry, the attributes as pairs, and the roles as pairs without values.
fn write_peer(out: &mut Vec<u8>, peer: &PeerFacts) {
    write_text(out, &peer.endpoint_id);
    out.extend_from_slice(&peer.expires_at_ms.to_le_bytes());
    write_pairs(out, &peer.attributes);
    let roles: Vec<_> = peer.roles.iter().map(|role| (role.clone(), String::new())).collect();
    write_pairs(out, &roles);
}

fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
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
