//! Handshakes that never finish: a datagram with a forged sender takes no connection from anybody.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::net::SocketAddr;
use std::time::Duration;

use aster_net::{ALPN_RPC, Node, NodeLimits, NodeOptions};
use aster_wire::address;
use iroh::endpoint::presets;
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, TransportAddr};
use tokio::net::UdpSocket;

/// Longer than every step of these tests. A test that reaches it fails.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);
const LOOPBACK: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_TIMEOUT, what).await.expect("the test takes too long")
}

async fn socket() -> UdpSocket {
    UdpSocket::bind(SocketAddr::from(LOOPBACK)).await.expect("a socket")
}

/// Sends the first datagram of a handshake from an address that answers nothing. Returns the first byte of the reply, and
/// the client, whose end nobody waits for.
async fn half_handshake(server: EndpointId, to: SocketAddr) -> (u8, Endpoint) {
    let dialled = socket().await;
    let client = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .clear_ip_transports()
        .bind_addr(SocketAddr::from(LOOPBACK))
        .expect("an address")
        .bind()
        .await
        .expect("an endpoint");
    let at = dialled.local_addr().expect("an address");
    let address = EndpointAddr::from_parts(server, [TransportAddr::Ip(at)]);
    let dialling = tokio::spawn({
        let client = client.clone();
        async move { client.connect(address, ALPN_RPC).await.is_ok() }
    });
    let mut datagram = [0; 2048];
    let (length, _) = in_time(dialled.recv_from(&mut datagram)).await.expect("a datagram");
    let forged = socket().await;
    forged.send_to(&datagram[..length], to).await.expect("a datagram is sent");
    let (_, from) = in_time(forged.recv_from(&mut datagram)).await.expect("a reply");
    assert_eq!(from, to);
    dialling.abort();
    (datagram[0], client)
}

#[tokio::test]
async fn forged_senders_take_no_connections_and_their_addresses_must_be_validated_when_they_pile_up() {
    let limits = NodeLimits { max_connections: 2, ..NodeLimits::default() };
    let bind = Some(LOOPBACK.into());
    let server = Node::bind(NodeOptions { bind, limits, ..NodeOptions::default() }).await.expect("a node");
    let ticket = server.ticket().await;
    let known = address::parse(&ticket).expect("a ticket");
    let id = EndpointId::from_bytes(&known.endpoint_id).expect("an id");
    let to = *known.direct.first().expect("an address");
    let (mut replies, mut clients) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        let (reply, client) = half_handshake(id, to).await;
        replies.push(reply);
        clients.push(client);
    }
    // The long header of a Retry packet has the type bits 11, the one of an Initial packet 00.
    let retries: Vec<bool> = replies.iter().map(|byte| byte & 0xf0 == 0xf0).collect();
    assert!(!retries[0] && retries[11], "{retries:?}");
    let client = Node::bind(NodeOptions { bind, ..NodeOptions::default() }).await.expect("a node");
    let (connection, answer) =
        in_time(client.connect(&ticket, String::new(), TEST_TIMEOUT)).await.expect("a connection");
    assert!(answer.admitted && connection.is_open());
    client.close().await;
    server.close().await;
}
