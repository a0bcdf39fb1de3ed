//! Shared by the tests of this crate: a port that the test drives, nodes on loopback, a peer that sends raw bytes.
#![allow(dead_code, reason = "no test binary uses all of it")]
#![allow(clippy::missing_panics_doc, reason = "tests fail by panicking")]

pub mod raw;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aster_codec::{PayloadLimits, Plan};
use aster_net::{
    ClientMethod, Compress, Framed, MethodDefinition, Mode, Node, NodeLimits, NodeOptions,
    OutgoingConnection, Pattern, PayloadCodec, ServiceDefinition,
};
use aster_port::{Doorbell, Event, IncomingCall, Op, Port};
use aster_wire::record::RpcStatus;
use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::Notify;

/// Longer than every step of these tests. A test that reaches it fails.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(20);

struct Rope(Arc<Notify>);

impl Doorbell for Rope {
    fn ring_soon(&self) {
        self.0.notify_one();
    }
    fn ring(&self) {
        self.0.notify_one();
    }
}

/// A port whose events the test awaits one by one.
pub struct Driver {
    pub port: Arc<Port>,
    rung: Arc<Notify>,
    ready: VecDeque<Event>,
    next_call: u32,
}

impl Driver {
    pub fn new() -> Self {
        let rung = Arc::new(Notify::new());
        let port = Port::open(Box::new(Rope(Arc::clone(&rung))));
        Self { port, rung, ready: VecDeque::new(), next_call: 1 }
    }

    /// The next event that is not the introduction of a connection.
    pub async fn event(&mut self) -> Event {
        let next = async {
            loop {
                match self.ready.pop_front() {
                    Some(Event::Peer { .. } | Event::PeerGone { .. }) => {}
                    Some(event) => return event,
                    None => {
                        self.ready.extend(self.port.take_events());
                        if self.ready.is_empty() {
                            self.rung.notified().await;
                        }
                    }
                }
            }
        };
        tokio::time::timeout(TEST_TIMEOUT, next).await.expect("an event")
    }

    /// The next event that is not credit.
    pub async fn fact(&mut self) -> Event {
        loop {
            match self.event().await {
                Event::Credit { .. } => {}
                event => return event,
            }
        }
    }

    /// The next event, which must be a server call.
    pub async fn call(&mut self) -> IncomingCall {
        match self.fact().await {
            Event::Call(call) => *call,
            event => panic!("expected a call, got {event:?}"),
        }
    }

    pub fn submit(&self, op: Op) {
        self.port.submit(vec![op]);
    }

    pub fn open(&mut self, method: u32, request: Option<&[u8]>, open: Open) -> u32 {
        let call = self.next_call;
        self.next_call += 2;
        self.submit(Op::Open {
            call,
            method,
            session: None,
            timeout: open.timeout,
            timeout_travels: open.travels,
            metadata: open.metadata,
            request: request.map(framed),
            end: open.end,
        });
        call
    }
}

impl Default for Driver {
    fn default() -> Self {
        Self::new()
    }
}

/// Options for opening a call.
pub struct Open {
    pub timeout: Option<Duration>,
    pub travels: bool,
    pub metadata: Vec<(String, String)>,
    pub end: bool,
}

impl Default for Open {
    fn default() -> Self {
        Self { timeout: None, travels: false, metadata: Vec::new(), end: true }
    }
}

pub fn framed(payload: &[u8]) -> Framed {
    let mut room = BytesMut::from(&[0u8; 5][..]);
    room.put_slice(payload);
    Framed::from_room(room).expect("the payload can be sent")
}

pub async fn node_with(limits: NodeLimits) -> Arc<Node> {
    let bind = Some("127.0.0.1:0".parse().expect("an address"));
    Node::bind(NodeOptions { bind, limits, ..NodeOptions::default() }).await.expect("a node on loopback")
}

pub async fn node() -> Arc<Node> {
    node_with(NodeLimits::default()).await
}

pub const PATTERNS: [(&str, &str); 4] =
    [("one", "unary"), ("down", "serverStream"), ("up", "clientStream"), ("both", "bidiStream")];

pub fn codec() -> PayloadCodec {
    PayloadCodec {
        mode: Mode::Xlang,
        plan: Arc::new(Plan::dynamic()),
        root: 0,
        compress: Compress::Auto,
        limits: PayloadLimits::DEFAULT,
    }
}

/// A service `S` with one method of each pattern; payloads are not decoded.
pub fn service() -> ServiceDefinition {
    let methods = PATTERNS.iter().map(|(name, pattern)| MethodDefinition {
        name: (*name).to_owned(),
        pattern: Pattern::from_name(pattern).expect("a pattern"),
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
        methods: methods.collect(),
        description: None,
    }
}

/// A server of `S`, a client of it, and the port of each.
pub struct Pair {
    pub server_node: Arc<Node>,
    pub client_node: Arc<Node>,
    pub server: Driver,
    pub client: Driver,
    pub connection: Arc<OutgoingConnection>,
    /// Client handles in the order of [`PATTERNS`].
    pub methods: Vec<u32>,
}

pub const UNARY: usize = 0;
pub const DOWN: usize = 1;
pub const UP: usize = 2;
pub const BOTH: usize = 3;

impl Pair {
    pub async fn new() -> Self {
        Self::with(NodeLimits::default(), service()).await
    }

    pub async fn with(limits: NodeLimits, service: ServiceDefinition) -> Self {
        let (server, client) = (Driver::new(), Driver::new());
        let server_node = node_with(limits).await;
        server.port.serve(&server_node, vec![service]).expect("a service");
        let client_node = node().await;
        let ticket = server_node.ticket().await;
        let (connection, answer) =
            client_node.connect(&ticket, String::new(), TEST_TIMEOUT).await.expect("a connection");
        assert_eq!(answer.services.first().map(|s| s.name.as_str()), Some("S"));
        let methods = PATTERNS.iter().map(|(name, pattern)| {
            let pattern = Pattern::from_name(pattern).expect("a pattern");
            let method =
                ClientMethod::new(Arc::clone(&connection), ("S", 1, name), pattern, codec(), codec());
            client.port.register(method.expect("a method"))
        });
        let methods = methods.collect();
        Self { server_node, client_node, server, client, connection, methods }
    }

    pub async fn close(self) {
        self.client_node.close().await;
        self.server_node.close().await;
    }
}

pub fn ok() -> RpcStatus {
    RpcStatus { code: 0, message: String::new(), details: Vec::new() }
}

pub fn failed(code: i64, message: &str) -> RpcStatus {
    RpcStatus { code, message: message.to_owned(), details: Vec::new() }
}

/// A payload that every plan accepts as bytes.
pub fn payload(text: &str) -> Vec<u8> {
    [b"\x02", text.as_bytes()].concat()
}

pub fn bytes_of(items: &[Bytes]) -> Vec<Vec<u8>> {
    items.iter().map(|item| item.to_vec()).collect()
}
