//! The bodies of the protocol's fuzz targets. `replay.rs` runs them on damaged seeds.
//!
//! A target panics if an invariant is broken: a decoded value changes in a round trip, or takes more memory than the
//! length of its bytes allows.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a finding")]

use std::fmt::Debug;

use aster_wire::address::{self, NodeAddr};
use aster_wire::admission::{ConsumerRequest, ConsumerResponse, ProducerResponse};
use aster_wire::compression::{compress, decompress, unpacked_bytes};
use aster_wire::frame::{Decoder, Frame, FrameError, MAX_BODY};
use aster_wire::limit::{METADATA_PAIRS, RecordLimits, STATUS_DETAILS};
use aster_wire::record::{CallHeader, Encoding, RpcStatus, StreamHeader};
use aster_wire::ticket::Ticket;
use bytes::Bytes;

/// The bytes as headers and statuses, in Fory and in JSON.
pub(crate) fn records(bytes: &[u8]) {
    if let Ok((header, encoding)) = StreamHeader::decode(bytes) {
        assert_eq!(encoding, Encoding::of(bytes));
        bounded(
            bytes,
            [&header.service, &header.method, &header.call_id],
            &header.metadata,
            METADATA_PAIRS + 1,
        );
        let _ = header.check(&RecordLimits::default());
        both_ways(&header, StreamHeader::encode, |again| StreamHeader::decode(again).expect("a header").0);
    }
    if let Ok((header, _)) = CallHeader::decode(bytes) {
        bounded(bytes, [&header.method, &header.call_id], &header.metadata, METADATA_PAIRS + 1);
        let _ = header.check(&RecordLimits::default());
        both_ways(&header, CallHeader::encode, |again| CallHeader::decode(again).expect("a header").0);
    }
    if let Ok((status, _)) = RpcStatus::decode(bytes) {
        bounded(bytes, [&status.message], &status.details, STATUS_DETAILS);
        both_ways(&status, RpcStatus::encode, |again| RpcStatus::decode(again).expect("a status").0);
    }
}

/// Most bytes of a string in memory: two for one byte on the wire (Latin-1), or three for two (UTF-16).
fn bounded<'a>(
    bytes: &[u8],
    texts: impl IntoIterator<Item = &'a String>,
    pairs: &[(String, String)],
    most: usize,
) {
    let texts: usize = texts.into_iter().map(String::len).sum();
    let pairs_bytes: usize = pairs.iter().map(|(key, value)| key.len() + value.len()).sum();
    assert!(texts + pairs_bytes <= 2 * bytes.len(), "{texts} and {pairs_bytes} of {}", bytes.len());
    assert!(pairs.len() <= most);
}

fn both_ways<T: PartialEq + Debug>(
    value: &T,
    write: impl Fn(&T, Encoding) -> Vec<u8>,
    read: impl Fn(&[u8]) -> T,
) {
    for encoding in [Encoding::Fory, Encoding::Json] {
        assert_eq!(read(&write(value, encoding)), *value, "{encoding:?}");
    }
}

/// The bytes as a stream of frames. The first byte is the chunk size.
pub(crate) fn frames(bytes: &[u8]) {
    let Some((&chunk, stream)) = bytes.split_first() else {
        return;
    };
    for max_body in [MAX_BODY, 64] {
        let whole = split(stream, stream.len(), max_body);
        assert_eq!(split(stream, usize::from(chunk), max_body), whole, "in chunks of {chunk}");
        let again: Vec<u8> = whole.0.iter().flat_map(encoded).collect();
        assert!(stream.starts_with(&again), "frames are a prefix of the stream");
        assert!(whole.0.iter().all(|frame| frame.payload.len() < max_body));
    }
}

fn encoded(frame: &Frame) -> Vec<u8> {
    let size = (frame.payload.len() + 1) as u32;
    [&size.to_le_bytes()[..], &[frame.flags], &frame.payload].concat()
}

/// The frames of a stream, and the result at its end.
fn split(stream: &[u8], chunk: usize, max_body: usize) -> (Vec<Frame>, Result<(), FrameError>) {
    let mut decoder = Decoder::new(max_body);
    let mut frames = Vec::new();
    for part in stream.chunks(chunk.max(1)) {
        decoder.push(Bytes::copy_from_slice(part));
        loop {
            match decoder.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.next(), Err(error.clone()), "the first error is final");
                    return (frames, Err(error));
                }
            }
        }
        assert!(decoder.buffered() <= stream.len());
        assert!(decoder.expected().is_none_or(|expected| expected < max_body));
    }
    let end = decoder.finish();
    assert!(end.is_err() || !decoder.is_mid_frame() || decoder.buffered() < 4);
    (frames, end)
}

/// The bytes as each of the admission documents.
pub(crate) fn admission(bytes: &[u8]) {
    if let Ok(request) = ConsumerRequest::from_bytes(bytes) {
        // With escapes the encoded document can be longer than the input and exceed the size limit.
        let Ok(again) = request.to_bytes() else {
            return;
        };
        assert_eq!(ConsumerRequest::from_bytes(&again).expect("a request"), request);
    }
    if let Ok(response) = ConsumerResponse::from_bytes(bytes) {
        for service in &response.services {
            assert!(!service.is_json_only() || !service.serialization_modes.is_empty());
            let _ = service.channel("rpc").map(address::parse);
        }
        let Ok(again) = response.to_bytes() else {
            return;
        };
        assert_eq!(ConsumerResponse::from_bytes(&again).expect("an answer"), response);
    }
    if let Ok(response) = ProducerResponse::from_bytes(bytes) {
        let Ok(again) = response.to_bytes() else {
            return;
        };
        assert_eq!(ProducerResponse::from_bytes(&again).expect("an answer"), response);
    }
}

/// The bytes as a binary ticket, and as the text of an address.
pub(crate) fn addresses(bytes: &[u8]) {
    if let Ok(ticket) = Ticket::from_bytes(bytes) {
        let again = ticket.to_bytes().expect("what was read can be written");
        assert_eq!(Ticket::from_bytes(&again).as_ref(), Ok(&ticket));
        let text = ticket.to_text().expect("and be told");
        assert_eq!(text.parse::<Ticket>().as_ref(), Ok(&ticket));
        assert_eq!(address::parse(&text).expect("it is an address").direct, ticket.direct);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(ticket) = text.parse::<Ticket>() {
        assert_eq!(Ticket::from_bytes(&ticket.to_bytes().expect("a ticket")), Ok(ticket));
    }
    if let Ok(address) = text.parse::<NodeAddr>() {
        assert_eq!(NodeAddr::from_base64(&address.to_base64()).as_ref(), Ok(&address), "base64");
    }
    if let Ok(address) = address::parse(text) {
        assert!(address.direct.len() <= address::MAX_DIRECT);
        assert_eq!(address::parse(&address.to_base64()), Ok(address));
    }
}

/// The bytes as a compressed payload, and compressed and decompressed.
pub(crate) fn compression(bytes: &[u8]) {
    if let Ok(plain) = decompress(bytes) {
        assert!(plain.len() <= MAX_BODY, "a bomb of {}", plain.len());
        assert!(plain.len() <= unpacked_bytes(bytes), "more than its head tells");
    }
    let packed = compress(bytes).expect("anything can be packed");
    assert_eq!(unpacked_bytes(&packed), bytes.len());
    assert_eq!(decompress(&packed).expect("and unpacked"), bytes);
}
