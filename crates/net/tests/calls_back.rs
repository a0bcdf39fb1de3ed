//! Calls back: a server calls the clients that dialled it, on streams of their own connections.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use aster_net::{
    ALPN_CONSUMER_ADMISSION, ALPN_RPC, Access, CallEnd, CallHandle, CallOptions, ClientCall, ClientEvent,
    ClientMethod, ConnectError, GateOptions, Node, NodeLimits, NodeOptions, OutgoingConnection, Registration,
    ServerAccess,
};
use aster_testkit::link::{Direction, Faults, Link, LinkOptions};
use aster_trust::attributes::Roles;
use aster_wire::admission::{ConsumerRequest, ConsumerResponse, ServiceSummary};
use aster_wire::call::REASON_DETAIL;
use aster_wire::status::Code;
use aster_wire::ticket::Ticket;
use iroh::endpoint::{Connection, ReadError, VarInt, presets};
use iroh::{Endpoint, RelayMode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use support::raw::{Raw, address_of};
use support::{
    Answering, PATTERNS, Seen, TEST_TIMEOUT, codec, in_time, loopback, pattern, roots, service, text,
};

/// A client that serves.
struct Worker {
    node: Arc<Node>,
    connection: Arc<OutgoingConnection>,
    seen: mpsc::Receiver<Seen>,
    _serving: Registration,
}

fn user() -> ServerAccess {
    ServerAccess::Roles(Roles::of("user"))
}

impl Worker {
    async fn connect(server: &Node) -> Self {
        Self::with(&server.ticket().await, loopback(), user()).await
    }

    async fn with(ticket: &str, options: NodeOptions, access: ServerAccess) -> Self {
        let node = Node::bind_closed(options).await.expect("a node");
        let (sender, seen) = mpsc::channel(1000);
        let serving = node.serve(service(), Arc::new(Answering(sender))).expect("a service");
        let dialled = node.connect_serving(ticket, String::new(), TEST_TIMEOUT, access).await;
        Self { node, connection: dialled.expect("a connection").0, seen, _serving: serving }
    }

    async fn next_seen(&mut self) -> Seen {
        in_time(self.seen.recv()).await.expect("a handler")
    }
}

fn method(server: &Node, peer: &str, name: &str, kind: &str) -> Arc<ClientMethod> {
    let peer = server.peer(peer).expect("an endpoint id");
    Arc::new(ClientMethod::new(peer, ("S", 1, name), pattern(kind), codec(), codec()).expect("a method"))
}

fn call(method: &Arc<ClientMethod>, options: CallOptions) -> (CallHandle, ClientCall) {
    let (handle, call) = method.call(options);
    handle.send(text("x")).expect("the message can be sent");
    handle.end_input();
    (handle, call)
}

/// The end of a call; `None` after a single response.
async fn end(handle: &CallHandle, call: &mut ClientCall) -> Option<CallEnd> {
    loop {
        match in_time(call.next()).await {
            Some(ClientEvent::Message(_)) => return None,
            Some(ClientEvent::Ended(end)) => return Some(end),
            Some(ClientEvent::Items(block)) => handle.consumed(block.bytes),
            Some(ClientEvent::Credit(_)) => {}
            None => panic!("the call has no end"),
        }
    }
}

async fn ask(server: &Node, peer: &str, name: &str) -> Option<CallEnd> {
    let (handle, mut call) = call(&method(server, peer, name, "unary"), CallOptions::default());
    end(&handle, &mut call).await
}

fn facts(end: Option<CallEnd>) -> (Code, Option<String>, bool, bool) {
    let end = end.expect("the call fails");
    let reason = end.status.details.iter().find(|(key, _)| key == REASON_DETAIL);
    let code = Code::from_number(end.status.code).expect("a code");
    (code, reason.map(|(_, reason)| reason.clone()), end.local, end.not_sent)
}

/// Waits until the server knows no connection of a peer.
async fn gone(server: &Node, peer: &str) {
    let peer = server.peer(peer).expect("an endpoint id");
    if let Some(connection) = peer.connection() {
        in_time(connection.gone()).await;
    }
    let closing = async {
        while peer.connection().is_some() {
            tokio::task::yield_now().await;
        }
    };
    in_time(closing).await;
}

#[tokio::test]
async fn a_server_calls_its_clients_back_with_every_kind_of_call() {
    let server = Node::bind(loopback()).await.expect("a node");
    let (mut first, mut second) = (Worker::connect(&server).await, Worker::connect(&server).await);
    assert_eq!(server.connected().len(), 2);
    for worker in [&mut first, &mut second] {
        let id = worker.node.endpoint_id();
        for (name, kind) in PATTERNS {
            let (handle, mut call) = call(&method(&server, &id, name, kind), CallOptions::default());
            let end = end(&handle, &mut call).await;
            assert!(end.is_none_or(|end| end.status.is_ok()), "{kind}");
            let Seen::Call { method, roles, .. } = worker.next_seen().await else { panic!("no call") };
            assert_eq!((method.as_str(), roles), (name, vec!["user".to_owned()]));
        }
        let refused = facts(ask(&server, &id, "admin_one").await);
        assert_eq!(refused, (Code::PermissionDenied, Some("MISSING_ROLE".to_owned()), false, false));
    }
    first.node.close().await;
    second.node.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_peer_that_announced_nothing_is_refused_here_and_gets_no_stream() {
    let server = Node::bind(loopback()).await.expect("a node");
    let client = Raw::new().await;
    let address = address_of(&server).await;
    let id = client.id().to_string();
    let missing = facts(ask(&server, &id, "one").await);
    assert_eq!(missing, (Code::Unavailable, Some("NOT_CONNECTED".to_owned()), true, true));
    assert!(!client.present(&address, "").await.is_empty());
    let connection = client.connect(&address, ALPN_RPC).await;
    connected(&server, 1).await;
    let refused = facts(ask(&server, &id, "one").await);
    assert_eq!(refused, (Code::FailedPrecondition, Some("NOTHING_ANNOUNCED".to_owned()), true, true));
    server.close().await;
    assert!(in_time(connection.accept_bi()).await.is_err(), "no stream came before the end");
}

/// Waits until so many peers are connected.
async fn connected(server: &Node, count: usize) {
    let waiting = async {
        while server.connected().len() != count {
            tokio::task::yield_now().await;
        }
    };
    in_time(waiting).await;
}

#[tokio::test]
async fn announcements_that_are_malformed_or_too_large_are_refused() {
    let server = Node::bind(loopback()).await.expect("a node");
    let address = address_of(&server).await;
    let client = Raw::new().await;
    let summary = |name: &str| json!({ "name": name, "version": 1, "contract_id": "ab".repeat(32) });
    let many: Vec<Value> = (0..65).map(|_| summary("S")).collect();
    let large = json!({ "name": "S", "version": 1, "contract_id": "a".repeat(17_000) });
    let garbage = [
        json!(5),
        json!("S"),
        json!([1]),
        json!([{}]),
        json!([{ "name": "S", "version": "1", "contract_id": "" }]),
        json!([summary(&"x".repeat(257))]),
        json!(many),
        json!([large]),
    ];
    for services in garbage {
        let request = json!({ "credential_json": "", "iid_token": "", "services": services }).to_string();
        let answer =
            client.ask(&address, ALPN_CONSUMER_ADMISSION, request.as_bytes()).await.expect("an answer");
        assert!(!ConsumerResponse::from_bytes(&answer).expect("an answer").admitted, "{services}");
    }
    let connection = client.connect(&address, ALPN_RPC).await;
    connected(&server, 1).await;
    assert!(server.connected()[0].announced_services().is_empty());
    connection.close(0u32.into(), b"");
    server.close().await;
}

/// A server that speaks the protocol byte by byte.
struct RawServer(Endpoint);

impl RawServer {
    async fn start() -> Self {
        let protocols = vec![ALPN_CONSUMER_ADMISSION.to_vec(), ALPN_RPC.to_vec()];
        let endpoint = Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .alpns(protocols)
            .clear_ip_transports()
            .bind_addr(std::net::SocketAddr::from(([127, 0, 0, 1], 0)))
            .expect("an address");
        Self(endpoint.bind().await.expect("an endpoint"))
    }

    fn ticket(&self) -> String {
        let addresses = self.0.bound_sockets();
        Ticket::with_addresses(*self.0.id().as_bytes(), &addresses).to_text().expect("a ticket")
    }

    async fn next(&self) -> Connection {
        in_time(self.0.accept()).await.expect("a connection").await.expect("a handshake")
    }

    /// Admits a client. Its request, and its connection.
    async fn admit(&self) -> (ConsumerRequest, Connection) {
        let asking = self.next().await;
        let (mut send, mut recv) = in_time(asking.accept_bi()).await.expect("a stream");
        let request = in_time(recv.read_to_end(100_000)).await.expect("a request");
        let answer = ConsumerResponse { admitted: true, ..ConsumerResponse::default() };
        send.write_all(&answer.to_bytes().expect("an answer")).await.expect("the answer is sent");
        send.finish().expect("the stream is open");
        (ConsumerRequest::from_bytes(&request).expect("a request"), self.next().await)
    }
}

async fn assert_reset(connection: &Connection) {
    let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
    send.write_all(b"anything").await.expect("the bytes are sent");
    let read = in_time(recv.read_chunk(100)).await;
    assert!(matches!(read, Err(ReadError::Reset(code)) if code == VarInt::from_u32(1)), "{read:?}");
    assert!(in_time(send.stopped()).await.is_ok_and(|code| code == Some(VarInt::from_u32(1))));
}

#[tokio::test]
async fn a_client_that_does_not_serve_announces_nothing_and_resets_the_streams_of_its_server() {
    let server = RawServer::start().await;
    let client = Node::bind_closed(loopback()).await.expect("a node");
    let (sender, _seen) = mpsc::channel(10);
    let _serving = client.serve(service(), Arc::new(Answering(sender))).expect("a service");
    let ticket = server.ticket();
    let (dialled, (request, connection)) =
        tokio::join!(client.connect(&ticket, String::new(), TEST_TIMEOUT), server.admit());
    assert_eq!(request, ConsumerRequest::default(), "not one more member");
    for _ in 0..100 {
        assert_reset(&connection).await;
    }
    drop(dialled);
    client.close().await;
}

#[tokio::test]
async fn a_server_that_the_access_of_the_client_does_not_admit_may_not_call() {
    let server = RawServer::start().await;
    let client = Node::bind_closed(loopback()).await.expect("a node");
    client.open_to(Access::Gated(GateOptions::new(roots(&[1])))).expect("the gates open");
    let (sender, mut seen) = mpsc::channel(10);
    let _serving = client.serve(service(), Arc::new(Answering(sender))).expect("a service");
    let ticket = server.ticket();
    let connecting = client.connect_serving(&ticket, String::new(), TEST_TIMEOUT, ServerAccess::AsCaller);
    let (dialled, (request, connection)) = tokio::join!(connecting, server.admit());
    assert!(request.services.is_empty());
    assert_reset(&connection).await;
    drop(dialled);
    client.close().await;
    assert!(seen.try_recv().is_err(), "no handler ran");
}

#[tokio::test]
async fn a_call_back_ends_with_its_connection_and_the_next_one_uses_the_new_connection() {
    let server = Node::bind(loopback()).await.expect("a node");
    let mut worker = Worker::connect(&server).await;
    let id = worker.node.endpoint_id();
    connected(&server, 1).await;
    let (handle, mut waiting) = call(&method(&server, &id, "wait_one", "unary"), CallOptions::default());
    let lost = tokio::spawn(async move { facts(end(&handle, &mut waiting).await) });
    assert!(matches!(worker.next_seen().await, Seen::Call { .. }));
    let before = server.peer(&id).and_then(|peer| peer.connection()).expect("a connection");
    worker.connection.close();
    let (code, _, local, not_sent) = in_time(lost).await.expect("no panic");
    assert_eq!((code, local, not_sent), (Code::Unavailable, true, false));
    assert!(matches!(worker.next_seen().await, Seen::Aborted(_)));
    in_time(before.gone()).await;
    gone(&server, &id).await;
    assert_eq!(facts(ask(&server, &id, "one").await).0, Code::Unavailable);
    // The method of before works with the connection that the peer opens now.
    let one = method(&server, &id, "one", "unary");
    let ticket = server.ticket().await;
    let again = worker.node.connect_serving(&ticket, String::new(), TEST_TIMEOUT, user()).await;
    let again = again.expect("a connection").0;
    connected(&server, 1).await;
    let (handle, mut answered) = call(&one, CallOptions::default());
    assert!(end(&handle, &mut answered).await.is_none());
    drop(again);
    worker.node.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_call_back_is_cancelled_and_has_a_deadline() {
    let server = Node::bind(loopback()).await.expect("a node");
    let mut worker = Worker::connect(&server).await;
    let id = worker.node.endpoint_id();
    for (name, kind) in PATTERNS {
        let (handle, mut waiting) =
            call(&method(&server, &id, &format!("wait_{name}"), kind), CallOptions::default());
        let cancelling = handle.clone();
        let left = tokio::spawn(async move {
            while let Some(event) = waiting.next().await {
                assert!(matches!(event, ClientEvent::Credit(_)), "{event:?}");
            }
        });
        assert!(matches!(worker.next_seen().await, Seen::Call { .. }));
        cancelling.cancel();
        in_time(left).await.expect("no panic");
        assert_eq!(worker.next_seen().await, Seen::Aborted(Code::Cancelled));
    }
    let options = CallOptions {
        timeout: Some(Duration::from_millis(200)),
        timeout_travels: true,
        ..CallOptions::default()
    };
    let (handle, mut waiting) = call(&method(&server, &id, "wait_one", "unary"), options);
    assert_eq!(facts(end(&handle, &mut waiting).await).0, Code::DeadlineExceeded);
    worker.node.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_client_that_drains_finishes_calls_back_and_refuses_new_ones() {
    let server = Node::bind(loopback()).await.expect("a node");
    let mut worker = Worker::connect(&server).await;
    let id = worker.node.endpoint_id();
    let (handle, mut running) = method(&server, &id, "up", "clientStream").call(CallOptions::default());
    handle.send(text("x")).expect("the message can be sent");
    let ending = handle.clone();
    let running = tokio::spawn(async move { end(&handle, &mut running).await.is_none() });
    assert!(matches!(worker.next_seen().await, Seen::Call { .. }));
    let node = Arc::clone(&worker.node);
    let draining = tokio::spawn(async move { node.drain(TEST_TIMEOUT).await });
    let refusing = async {
        while !worker.node.is_draining() {
            tokio::task::yield_now().await;
        }
    };
    in_time(refusing).await;
    assert_eq!(facts(ask(&server, &id, "one").await).0, Code::Unavailable);
    ending.end_input();
    assert!(in_time(running).await.expect("no panic"), "the call has its response");
    assert!(in_time(draining).await.expect("no panic"), "nothing was cancelled");
    worker.node.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_peer_that_went_silent_ends_its_calls_in_both_directions() {
    let limits = NodeLimits { dead_after: Duration::from_secs(1), ..NodeLimits::default() };
    let server = Node::bind(NodeOptions { limits, ..loopback() }).await.expect("a node");
    let (sender, mut seen) = mpsc::channel(10);
    let open = aster_net::ServiceDefinition { requires: None, ..service() };
    let _serving = server.serve(open, Arc::new(Answering(sender))).expect("a service");
    let address = server.direct_addresses().await[0];
    let link = Link::start(&LinkOptions { seed: 7, server: address, listen: None }).expect("a link");
    let only_v6 = NodeOptions { bind: Some(([0, 0, 0, 0, 0, 0, 0, 1], 0).into()), ..NodeOptions::default() };
    let id = aster_trust::key::EndpointId::from_hex(&server.endpoint_id()).expect("an id");
    let ticket = Ticket::with_addresses(*id.as_bytes(), &[link.address()]).to_text().expect("a ticket");
    let worker = Worker::with(&ticket, only_v6, user()).await;
    let wait = ClientMethod::new(
        Arc::clone(&worker.connection),
        ("S", 1, "wait_one"),
        pattern("unary"),
        codec(),
        codec(),
    );
    let (_of_client, mut of_client) = call(&Arc::new(wait.expect("a method")), CallOptions::default());
    let reading = tokio::spawn(async move { while of_client.next().await.is_some() {} });
    assert!(matches!(in_time(seen.recv()).await, Some(Seen::Call { .. })));
    let peer = worker.node.endpoint_id();
    let (handle, mut back) = call(&method(&server, &peer, "wait_one", "unary"), CallOptions::default());
    let back = tokio::spawn(async move { facts(end(&handle, &mut back).await).0 });
    for direction in [Direction::ToServer, Direction::ToClient] {
        link.set(direction, Faults { blackhole: true, ..Faults::default() }).expect("valid faults");
    }
    // Without the watch, only the idle timeout of the transport, 30 s, would end them. `in_time` allows 20 s.
    assert_eq!(in_time(back).await.expect("no panic"), Code::Unavailable);
    assert!(matches!(in_time(seen.recv()).await, Some(Seen::Aborted(_))), "the server notices it too");
    reading.abort();
    worker.node.close().await;
    server.close().await;
}

#[tokio::test]
async fn services_that_do_not_fit_into_a_request_are_named_before_anything_is_sent() {
    let server = Node::bind(loopback()).await.expect("a node");
    let client = Node::bind_closed(loopback()).await.expect("a node");
    let mut serving = Vec::new();
    for number in 0..65 {
        let (sender, _) = mpsc::channel(1);
        let definition = aster_net::ServiceDefinition { name: format!("S{number}"), ..service() };
        serving.push(client.serve(definition, Arc::new(Answering(sender))).expect("a service"));
    }
    let dialled = client.connect_serving(&server.ticket().await, String::new(), TEST_TIMEOUT, user()).await;
    assert!(matches!(dialled, Err(ConnectError::Request { .. })), "{dialled:?}");
    let summary = |name: String| ServiceSummary {
        name,
        version: 1,
        contract_id: String::new(),
        channels: Vec::new(),
        pattern: "shared".to_owned(),
        serialization_modes: Vec::new(),
        extensions: Vec::new(),
    };
    let services = (0..64).map(|number| summary(format!("S{number}"))).collect();
    let request = ConsumerRequest { services, ..ConsumerRequest::default() };
    assert!(request.to_bytes().is_ok(), "64 fit");
    client.close().await;
    server.close().await;
}
