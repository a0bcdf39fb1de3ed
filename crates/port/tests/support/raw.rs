//! A peer that writes and reads raw bytes, recorded or made by the test.

use std::time::Duration;

use aster_net::{ALPN_CONSUMER_ADMISSION, ALPN_RPC};
use aster_wire::address;
use aster_wire::frame::{Decoder, Frame, MAX_BODY, flag};
use bytes::Bytes;
use iroh::endpoint::{Connection, RecvStream, presets};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, TransportAddr};

use super::TEST_TIMEOUT;

pub async fn endpoint() -> Endpoint {
    Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .alpns(vec![ALPN_RPC.to_vec(), ALPN_CONSUMER_ADMISSION.to_vec()])
        .clear_ip_transports()
        .bind_addr("127.0.0.1:0")
        .expect("an address")
        .bind()
        .await
        .expect("an endpoint on loopback")
}

/// A connection to a node by its ticket.
pub async fn dial(endpoint: &Endpoint, ticket: &str, alpn: &[u8]) -> Connection {
    let address = address::parse(ticket).expect("a ticket");
    let id = EndpointId::from_bytes(&address.endpoint_id).expect("an id");
    let address = EndpointAddr::from_parts(id, address.direct.into_iter().map(TransportAddr::Ip));
    endpoint.connect(address, alpn).await.expect("a connection")
}

/// Writes `bytes` on a new stream, ends it if `finish` is set, and returns the frames of the answer.
pub async fn exchange(connection: &Connection, bytes: &[u8], finish: bool) -> Vec<Frame> {
    let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
    send.write_all(bytes).await.expect("a write");
    if finish {
        send.finish().expect("a finish");
    }
    let answer = tokio::time::timeout(TEST_TIMEOUT, frames_to_end(&mut recv)).await;
    drop(send);
    answer.expect("the answer took too long")
}

pub async fn frames_to_end(recv: &mut RecvStream) -> Vec<Frame> {
    let bytes = recv.read_to_end(64 << 20).await.expect("the stream was reset");
    frames(Bytes::from(bytes))
}

pub fn frames(bytes: Bytes) -> Vec<Frame> {
    let mut decoder = Decoder::new(MAX_BODY);
    decoder.push(bytes);
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next().expect("frames") {
        frames.push(frame);
    }
    decoder.finish().expect("whole frames");
    frames
}

/// The message in a data frame.
pub fn message(frame: &Frame) -> Vec<u8> {
    if frame.has(flag::COMPRESSED) {
        zstd::stream::decode_all(&frame.payload[..]).expect("a zstd frame")
    } else {
        frame.payload.to_vec()
    }
}

/// Checks a condition until it is true. Only for conditions without an event, outside of this process's control.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let asking = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(TEST_TIMEOUT, asking).await.is_ok(), "the condition was never true: {what}");
}
