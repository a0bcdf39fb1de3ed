//! Calls between two nodes on loopback: the handler and the client call are awaited.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aster_codec::{PayloadLimits, Plan};
use aster_net::{
    CallOptions, ClientEvent, ClientMethod, Compress, Framed, Handler, MethodDefinition, Mode, Node,
    NodeOptions, OutgoingConnection, Pattern, PayloadCodec, ServeError, ServerCall, ServerEvent,
    ServiceDefinition, Serving, status,
};
use aster_testkit::link::{Direction, Faults, Link, LinkOptions};
use aster_wire::status::Code;
use aster_wire::ticket::Ticket;
use bytes::Bytes;
use iroh::EndpointId;

/// Longer than every step of these tests. A test that reaches it fails.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_TIMEOUT, what).await.expect("the test takes too long")
}

fn loopback() -> NodeOptions {
    NodeOptions { bind: Some(([127, 0, 0, 1], 0).into()), ..NodeOptions::default() }
}

fn codec() -> PayloadCodec {
    PayloadCodec {
        mode: Mode::Xlang,
        plan: Arc::new(Plan::dynamic()),
        root: 0,
        compress: Compress::Auto,
        limits: PayloadLimits::DEFAULT,
    }
}

fn pattern(name: &str) -> Pattern {
    Pattern::from_name(name).expect("a pattern")
}

fn service() -> ServiceDefinition {
    let methods = [("one", "unary"), ("both", "bidiStream")].map(|(name, kind)| MethodDefinition {
        name: name.to_owned(),
        pattern: pattern(kind),
        request: codec(),
        response: codec(),
        requires: None,
    });
    ServiceDefinition {
        name: "S".to_owned(),
        version: 1,
        contract_id: "ab".repeat(32),
        modes: vec!["xlang".to_owned()],
        session: false,
        requires: None,
        max_call: Duration::from_mins(5),
        methods: methods.into(),
        description: None,
    }
}

fn framed(text: &str) -> Framed {
    Framed::from_payload(0, &[b"\x02", text.as_bytes()].concat()).expect("a payload")
}

/// Answers `one` with a description of the caller, and `both` with each item it receives.
struct Echo;

impl Handler for Echo {
    fn serve(&self, mut call: ServerCall) -> Serving {
        Box::pin(async move {
            let handle = call.handle().clone();
            let caller = call.caller();
            let answer = format!("{} {:?}", caller.endpoint_id, caller.attributes);
            if call.take_request().is_some() {
                handle.reply(framed(&answer));
            }
            while let Some(event) = call.next().await {
                match event {
                    ServerEvent::Items(block) => {
                        for item in &block.items {
                            let item = Framed::from_payload(0, item).expect("a payload");
                            handle.send(item).expect("the message can be sent");
                        }
                        handle.consumed(block.bytes);
                    }
                    ServerEvent::InputEnd => handle.finish(status(Code::Ok, "")),
                    ServerEvent::Credit(_) | ServerEvent::Aborted(_) => {}
                }
            }
        })
    }

    fn is_closed(&self) -> bool {
        false
    }
}

fn method(connection: &Arc<OutgoingConnection>, name: &str, kind: &str) -> Arc<ClientMethod> {
    let method = ClientMethod::new(Arc::clone(connection), ("S", 1, name), pattern(kind), codec(), codec());
    Arc::new(method.expect("a method"))
}

async fn ask(connection: &Arc<OutgoingConnection>) -> Result<String, (Code, String)> {
    let (handle, mut call) = method(connection, "one", "unary").call(CallOptions::default());
    handle.send(framed("?")).expect("the message can be sent");
    handle.end_input();
    match in_time(call.next()).await {
        Some(ClientEvent::Message(message)) => {
            assert!(in_time(call.next()).await.is_none(), "no event follows the response");
            Ok(String::from_utf8_lossy(&message[1..]).into_owned())
        }
        Some(ClientEvent::Ended(end)) => {
            Err((Code::from_number(end.status.code).expect("a code"), end.status.message))
        }
        event => panic!("expected the end, got {event:?}"),
    }
}

async fn connect(client: &Arc<Node>, server: &Node) -> Arc<OutgoingConnection> {
    let connected = client.connect(&server.ticket().await, String::new(), TEST_TIMEOUT).await;
    connected.expect("a connection").0
}

#[tokio::test]
async fn a_call_has_its_caller() {
    let server = Node::bind(loopback()).await.expect("a node");
    let _serving = server.serve(service(), Arc::new(Echo)).expect("a service");
    let client = Node::bind(loopback()).await.expect("a node");
    let answer = ask(&connect(&client, &server).await).await.expect("an answer");
    assert_eq!(answer, format!("{} []", client.endpoint_id()));
    client.close().await;
    server.close().await;
}

#[tokio::test]
async fn calls_end_well_over_a_link_that_loses_packets_and_gives_the_client_another_port() {
    let server = Node::bind(loopback()).await.expect("a node");
    let _serving = server.serve(service(), Arc::new(Echo)).expect("a service");
    let address = server.direct_addresses().await[0];
    let link = Link::start(&LinkOptions { seed: 5, server: address, listen: None }).expect("a link");
    // IPv6 alone: the client cannot reach the server around the link.
    let only_v6 = NodeOptions { bind: Some(([0, 0, 0, 0, 0, 0, 0, 1], 0).into()), ..NodeOptions::default() };
    let client = Node::bind(only_v6).await.expect("a node");
    let id = *EndpointId::from_str(&server.endpoint_id()).expect("an id").as_bytes();
    let ticket = Ticket::with_addresses(id, &[link.address()]).to_text().expect("a ticket");
    let connection = client.connect(&ticket, String::new(), TEST_TIMEOUT).await.expect("a connection").0;
    for direction in [Direction::ToServer, Direction::ToClient] {
        link.set(direction, Faults { loss: 0.1, ..Faults::default() }).expect("valid faults");
    }
    for call in 0..60 {
        if call == 30 {
            link.rebind(None).expect("another port");
        }
        ask(&connection).await.expect("an answer");
    }
    let stats = link.stats();
    assert!(stats.to_server.lost + stats.to_client.lost > 0 && stats.rebinds == 1);
    client.close().await;
    server.close().await;
}

#[tokio::test]
async fn messages_flow_in_both_directions_of_a_call() {
    let server = Node::bind(loopback()).await.expect("a node");
    let _serving = server.serve(service(), Arc::new(Echo)).expect("a service");
    let client = Node::bind(loopback()).await.expect("a node");
    let connection = connect(&client, &server).await;
    let (handle, mut call) = method(&connection, "both", "bidiStream").call(CallOptions::default());
    let mut seen: Vec<Bytes> = Vec::new();
    for round in 0..100 {
        assert!(in_time(handle.room()).await);
        handle.send(framed(&round.to_string())).expect("the message can be sent");
    }
    handle.end_input();
    let end = loop {
        match in_time(call.next()).await {
            Some(ClientEvent::Items(block)) => {
                handle.consumed(block.bytes);
                seen.extend(block.items);
            }
            Some(ClientEvent::Ended(end)) => break end,
            Some(ClientEvent::Credit(_)) => {}
            event => panic!("expected items, got {event:?}"),
        }
    };
    assert!(end.status.is_ok() && end.received == 100);
    let expected: Vec<_> = (0..100).map(|round| Bytes::from(format!("\u{2}{round}"))).collect();
    assert_eq!(seen, expected);
    assert!(!in_time(handle.room()).await, "a call that has ended accepts no more output");
    client.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_dropped_client_call_aborts_its_handler() {
    let server = Node::bind(loopback()).await.expect("a node");
    let _serving = server.serve(service(), Arc::new(Echo)).expect("a service");
    let client = Node::bind(loopback()).await.expect("a node");
    let connection = connect(&client, &server).await;
    let (handle, mut call) = method(&connection, "both", "bidiStream").call(CallOptions::default());
    handle.send(framed("x")).expect("the message can be sent");
    while !matches!(in_time(call.next()).await, Some(ClientEvent::Items(_))) {}
    assert_eq!(server.open_calls(), 1);
    drop(call);
    assert!(handle.is_over());
    assert!(in_time(server.drain(TEST_TIMEOUT)).await, "the handler ended before the timeout");
    assert_eq!(server.open_calls(), 0);
    client.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_second_handler_with_another_definition_is_refused_with_the_difference() {
    let server = Node::bind(loopback()).await.expect("a node");
    let serving = server.serve(service(), Arc::new(Echo)).expect("a service");
    let same = server.serve(service(), Arc::new(Echo)).expect("the same definition");
    let refused = |edit: fn(&mut ServiceDefinition)| {
        let mut other = service();
        edit(&mut other);
        let ServeError::OtherDefinition { difference, .. } =
            server.serve(other, Arc::new(Echo)).expect_err("a refusal");
        difference
    };
    assert_eq!(refused(|other| other.methods.reverse()), "method 0 is \"both\", not \"one\"");
    assert_eq!(refused(|other| drop(other.methods.pop())), "it has 1 methods, not 2");
    assert!(refused(|other| other.contract_id = "00".repeat(32)).starts_with("its contract id is 0000"));
    assert_eq!(
        refused(|other| other.max_call = TEST_TIMEOUT),
        "its limit for a call is 20000 ms, not 300000 ms"
    );
    assert_eq!(refused(|other| other.modes.clear()), "its modes are [], not [\"xlang\"]");
    assert_eq!(
        refused(|other| other.methods[0].response.root = 7),
        "method 0 (\"one\") has different message types or another compression"
    );
    drop((serving, same));
    let mut other = service();
    other.methods.reverse();
    let _alone = server.serve(other, Arc::new(Echo)).expect("no handler serves the service");
    server.close().await;
}

#[tokio::test]
async fn closing_does_not_wait_for_a_dial() {
    let server = Node::bind(loopback()).await.expect("a node");
    let _serving = server.serve(service(), Arc::new(Echo)).expect("a service");
    let client = Node::bind(loopback()).await.expect("a node");
    let connection = connect(&client, &server).await;
    server.close().await;
    // The next calls dial a server that is gone, which takes seconds.
    let (first, mut call) = method(&connection, "one", "unary").call(CallOptions::default());
    first.end_input();
    let waiting = tokio::spawn(async move { call.next().await });
    while connection.is_open() {
        tokio::task::yield_now().await;
    }
    // Neither `path` nor `close` waits for the dial.
    let _ = connection.path();
    connection.close();
    let Some(ClientEvent::Ended(end)) = in_time(waiting).await.expect("no panic") else {
        panic!("expected the end")
    };
    assert_eq!((end.status.code, end.not_sent), (Code::Unavailable.number(), true));
    client.close().await;
}

#[tokio::test]
async fn a_node_starts_at_the_address_of_one_that_was_closed() {
    let mut options = loopback();
    for _ in 0..30 {
        let node = in_time(Box::pin(Node::bind(options.clone()))).await.expect("a node");
        options.bind = node.direct_addresses().await.first().copied();
        in_time(node.close()).await;
    }
}
