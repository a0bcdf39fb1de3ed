//! A peer that writes and reads bytes: what another implementation does, recorded or made up.

use std::time::Duration;

use aster_net::{ALPN_CONSUMER_ADMISSION, ALPN_RPC};
use aster_wire::address;
use aster_wire::frame::{Decoder, Frame, MAX_BODY, flag};
use bytes::Bytes;
use iroh::endpoint::{Connection, RecvStream, presets};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, TransportAddr};

use super::PATIENCE;

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

/// Writes `bytes` on a new stream, finishes if asked, and gives the frames of the answer to its end.
pub async fn exchange(connection: &Connection, bytes: &[u8], finish: bool) -> Vec<Frame> {
    let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
    send.write_all(bytes).await.expect("a write");
    if finish {
        send.finish().expect("a finish");
    }
    let answer = tokio::time::timeout(PATIENCE, frames_to_end(&mut recv)).await;
    drop(send);
    answer.expect("an answer in time")
}

pub async fn frames_to_end(recv: &mut RecvStream) -> Vec<Frame> {
    let bytes = recv.read_to_end(64 << 20).await.expect("an orderly end");
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

/// Waits for something that has no event, by asking often. For conditions outside this process's control only.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let asking = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, asking).await.is_ok(), "never: {what}");
}
