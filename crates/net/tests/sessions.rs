//! Sessions between a node and a peer that writes raw frames: what a hostile client can do, and what ends a session.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aster_codec::{PayloadLimits, Plan};
use aster_net::{
    ALPN_RPC, CallEnd, CallOptions, ClientCall, ClientEvent, ClientMethod, ClosedBy, Compress, Framed,
    Handler, MethodDefinition, Mode, Node, NodeLimits, NodeOptions, Pattern, PayloadCodec, ServedSession,
    ServerCall, ServerEvent, ServiceDefinition, Serving, SessionEnd, SessionHandler, SessionOptions, status,
};
use aster_wire::address;
use aster_wire::frame::flag;
use aster_wire::record::Encoding;
use aster_wire::status::Code;
use iroh::endpoint::{Connection, presets};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, TransportAddr};
use support::raw::header;
use support::session::RawSession;
use support::{TEST_TIMEOUT, in_time};
use tokio::sync::mpsc;

fn codec() -> PayloadCodec {
    PayloadCodec {
        mode: Mode::Xlang,
        plan: Arc::new(Plan::dynamic()),
        root: 0,
        compress: Compress::Auto,
        limits: PayloadLimits::DEFAULT,
    }
}

const METHODS: [(&str, &str); 4] =
    [("one", "unary"), ("many", "serverStream"), ("sum", "clientStream"), ("both", "bidiStream")];

fn service() -> ServiceDefinition {
    let methods = METHODS.map(|(name, kind)| MethodDefinition {
        name: name.to_owned(),
        pattern: Pattern::from_name(kind).expect("a pattern"),
        request: codec(),
        response: codec(),
        requires: None,
    });
    ServiceDefinition {
        name: "S".to_owned(),
        version: 1,
        contract_id: "ab".repeat(32),
        modes: vec!["xlang".to_owned()],
        session: true,
        description: None,
        max_call: Duration::from_mins(5),
        requires: None,
        methods: methods.into(),
    }
}

/// What the handlers of a server saw.
#[derive(Debug, Default)]
struct Seen {
    opened: usize,
    ended: Vec<SessionEnd>,
    calls: usize,
    aborted: Vec<Code>,
}

/// Echoes every message. The request `wait` is never answered.
struct Echo {
    seen: Arc<Mutex<Seen>>,
    ended: mpsc::Sender<SessionEnd>,
}

struct EchoSession {
    seen: Arc<Mutex<Seen>>,
    ended: mpsc::Sender<SessionEnd>,
}

impl Handler for Echo {
    fn serve(&self, _: ServerCall) -> Serving {
        panic!("calls of a session service arrive in sessions")
    }

    fn is_closed(&self) -> bool {
        false
    }

    fn open_session(&self, _: &Arc<ServedSession>) -> Option<Box<dyn SessionHandler>> {
        self.seen.lock().expect("no panic").opened += 1;
        Some(Box::new(EchoSession { seen: Arc::clone(&self.seen), ended: self.ended.clone() }))
    }
}

impl SessionHandler for EchoSession {
    fn serve(&self, mut call: ServerCall) -> Serving {
        let seen = Arc::clone(&self.seen);
        Box::pin(async move {
            seen.lock().expect("no panic").calls += 1;
            let handle = call.handle().clone();
            if let Some(request) = call.take_request().filter(|request| &request[..] != b"wait") {
                handle.send(framed(&request)).expect("the message can be sent");
                handle.finish(status(Code::Ok, ""));
            }
            let mut last = Vec::new();
            while let Some(event) = call.next().await {
                match event {
                    ServerEvent::Items(block) => {
                        for item in &block.items {
                            last = item.to_vec();
                            if call.pattern().response_stream {
                                handle.send(framed(item)).expect("the message can be sent");
                            }
                        }
                        handle.consumed(block.bytes);
                    }
                    ServerEvent::InputEnd if call.pattern().response_stream => {
                        handle.finish(status(Code::Ok, ""));
                    }
                    ServerEvent::InputEnd => handle.reply(framed(&last)),
                    ServerEvent::Credit(_) => {}
                    ServerEvent::Aborted(code) => seen.lock().expect("no panic").aborted.push(code),
                }
            }
        })
    }

    fn ended(&self, end: SessionEnd) {
        self.seen.lock().expect("no panic").ended.push(end);
        self.ended.try_send(end).expect("room for the end of the session");
    }
}

fn framed(message: &[u8]) -> Framed {
    Framed::from_payload(0, message).expect("a payload")
}

struct Server {
    node: Arc<Node>,
    seen: Arc<Mutex<Seen>>,
    ended: mpsc::Receiver<SessionEnd>,
    _serving: aster_net::Registration,
}

impl Server {
    async fn start(limits: NodeLimits) -> Self {
        let bind = Some(([127, 0, 0, 1], 0).into());
        let node = Node::bind(NodeOptions { bind, limits, ..NodeOptions::default() }).await.expect("a node");
        let (sender, ended) = mpsc::channel(4096);
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let echo = Echo { seen: Arc::clone(&seen), ended: sender };
        let serving = node.serve(service(), Arc::new(echo)).expect("a service");
        Self { node, seen, ended, _serving: serving }
    }

    async fn next_end(&mut self) -> SessionEnd {
        in_time(self.ended.recv()).await.expect("an end")
    }

    fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().expect("no panic"))
    }

    /// Every session that began has ended, once.
    fn check_ended(&self) {
        self.seen(|seen| assert_eq!(seen.opened, seen.ended.len(), "{seen:?}"));
    }
}

/// A client that writes raw frames.
struct Raw {
    _endpoint: Endpoint,
    connection: Connection,
}

impl Raw {
    async fn connect(server: &Server) -> Self {
        let endpoint = Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled);
        let endpoint = endpoint.bind().await.expect("an endpoint");
        let address = address::parse(&server.node.ticket().await).expect("a ticket");
        let id = EndpointId::from_bytes(&address.endpoint_id).expect("an id");
        let address = EndpointAddr::from_parts(id, address.direct.into_iter().map(TransportAddr::Ip));
        let connection = endpoint.connect(address, ALPN_RPC).await.expect("a connection");
        Self { _endpoint: endpoint, connection }
    }

    async fn open(&self, method: &str) -> RawSession {
        RawSession::open(&self.connection, &header(method, 0), Encoding::Fory).await
    }

    async fn session(&self) -> RawSession {
        self.open("").await
    }
}

#[tokio::test]
async fn calls_of_all_patterns_run_one_after_the_other() {
    let mut server = Server::start(NodeLimits::default()).await;
    let client = Raw::connect(&server).await;
    let mut session = client.session().await;
    session.call("one", Some(b"a")).await;
    assert_eq!(session.message().await, b"a");
    session.call("many", Some(b"b")).await;
    assert_eq!(session.message().await, b"b");
    assert_eq!(session.status().await.0, Code::Ok);
    session.call("sum", None).await;
    session.write(0, b"c").await;
    session.write(0, b"d").await;
    session.end_input().await;
    assert_eq!(session.message().await, b"d");
    session.call("both", None).await;
    session.write(0, b"e").await;
    assert_eq!(session.message().await, b"e");
    session.end_input().await;
    assert_eq!(session.status().await.0, Code::Ok);
    session.send.finish().expect("a finish");
    assert!(session.next().await.is_none(), "the server finishes its side");
    assert_eq!(server.next_end().await, SessionEnd::Closed);
    server.check_ended();
    server.node.close().await;
}

#[tokio::test]
async fn what_a_client_does_wrong_ends_its_call_or_its_session_and_nothing_else() {
    let mut server = Server::start(NodeLimits::default()).await;
    let client = Raw::connect(&server).await;
    let mut bystander = client.session().await;

    // These end a call.
    let mut session = client.session().await;
    session.call("nothing", Some(b"request of a refused call")).await;
    assert_eq!(session.status().await.0, Code::Unimplemented);
    session.write(flag::CALL, b"no header").await;
    assert_eq!(session.status().await.0, Code::Internal);
    session.check_usable().await;
    session.call("one", Some(b"wait")).await;
    session.write(flag::CANCEL, b"").await;
    assert_eq!(session.status().await, (Code::Cancelled, "cancelled".to_owned()));
    session.write(flag::CANCEL, b"").await;
    assert_eq!(session.status().await.0, Code::Cancelled, "a cancel between two calls");
    session.call("one", Some(b"wait")).await;
    session.call("one", Some(b"behind")).await;
    assert_eq!(session.status().await.0, Code::FailedPrecondition, "a call during a unary call");
    assert_eq!(session.message().await, b"behind");
    session.call("sum", None).await;
    session.write(flag::TRAILER, b"no status").await;
    assert_eq!(session.status().await.0, Code::Internal);
    session.check_usable().await;

    // These end a session.
    session.write(0, b"no call").await;
    assert_eq!(session.status().await, (Code::FailedPrecondition, "Expected CALL frame".to_owned()));
    assert!(session.next().await.is_none());
    assert_eq!(server.next_end().await, SessionEnd::Protocol);
    let mut session = client.session().await;
    in_time(session.send.write_all(&[255, 255, 255, 255, 0])).await.expect("a write");
    assert_eq!(session.status().await.0, Code::InvalidArgument, "a length above the limit");
    assert_eq!(server.next_end().await, SessionEnd::Protocol);
    let mut session = client.session().await;
    session.call("both", None).await;
    in_time(session.send.write_all(&[9, 0, 0])).await.expect("a write");
    session.send.finish().expect("a finish");
    while session.next().await.is_some() {}
    assert_ne!(server.next_end().await, SessionEnd::Lost);

    bystander.check_usable().await;
    drop(client);
    server.node.close().await;
    server.check_ended();
}

#[tokio::test]
async fn leaving_a_session_at_any_point_ends_it_once_and_stops_its_handler() {
    let mut server = Server::start(NodeLimits::default()).await;
    let client = Raw::connect(&server).await;
    for (point, (method, _)) in METHODS.iter().enumerate() {
        for how in ["reset", "stop", "drop"] {
            let mut session = client.session().await;
            session.check_usable().await;
            let single = point < 2;
            session.call(method, single.then_some(b"wait")).await;
            if !single {
                session.write(0, b"item").await;
            }
            if *method == "both" {
                session.message().await;
            }
            match how {
                "reset" => session.send.reset(1u32.into()).expect("a reset"),
                "stop" => {
                    session.recv.stop(1u32.into()).expect("a stop");
                    session.send.reset(1u32.into()).expect("a reset");
                }
                _ => drop(session),
            }
            let end = server.next_end().await;
            assert!(matches!(end, SessionEnd::Lost | SessionEnd::Closed), "{method} {how}: {end:?}");
        }
    }
    server.check_ended();
    assert_eq!(server.node.open_calls(), 0);
    let mut last = client.session().await;
    last.check_usable().await;
    client.connection.close(0u32.into(), b"gone");
    assert_eq!(server.next_end().await, SessionEnd::Lost);
    server.check_ended();
    server.node.close().await;
}

#[tokio::test]
async fn sessions_above_the_limit_are_refused_and_take_no_streams_from_calls() {
    let limits = NodeLimits { max_sessions: 3, max_streams: 2, ..NodeLimits::default() };
    let mut server = Server::start(limits).await;
    let client = Raw::connect(&server).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut session = client.session().await;
        session.check_usable().await;
        open.push(session);
    }
    let mut refused = client.session().await;
    let (code, text) = refused.status().await;
    assert_eq!(code, Code::ResourceExhausted, "{text}");
    let mut shared = client.open("one").await;
    let (code, text) = shared.status().await;
    assert_eq!(code, Code::FailedPrecondition, "{text}");
    assert!(text.contains("open a session"), "{text}");
    drop(open.pop());
    server.next_end().await;
    let mut next = client.session().await;
    next.check_usable().await;
    server.node.close().await;
    server.check_ended();
}

#[tokio::test]
async fn an_idle_session_ends_after_its_time_and_calls_reset_the_time() {
    let limits = NodeLimits { session_idle: Some(Duration::from_millis(300)), ..NodeLimits::default() };
    let mut server = Server::start(limits).await;
    let client = Raw::connect(&server).await;
    let mut session = client.session().await;
    session.check_usable().await;
    let (code, text) = session.status().await;
    assert_eq!((code, text.as_str()), (Code::Unavailable, "the session was idle for too long"));
    assert_eq!(server.next_end().await, SessionEnd::Shutdown);
    server.node.close().await;
}

#[tokio::test]
async fn a_flood_of_cancelled_calls_leaves_the_server_usable() {
    let limits = NodeLimits { reset_burst: 200, resets_per_second: 10_000, ..NodeLimits::default() };
    let server = Server::start(limits).await;
    let client = Raw::connect(&server).await;
    let mut session = client.session().await;
    for _ in 0..1000 {
        session.call("one", Some(b"wait")).await;
        session.write(flag::CANCEL, b"").await;
    }
    for _ in 0..1000 {
        assert_eq!(session.status().await.0, Code::Cancelled);
    }
    session.check_usable().await;
    server.node.close().await;
    server.check_ended();
}

async fn end_of(call: &mut ClientCall) -> CallEnd {
    loop {
        match in_time(call.next()).await {
            Some(ClientEvent::Ended(end)) => return end,
            Some(ClientEvent::Items(_) | ClientEvent::Credit(_)) => {}
            event => panic!("expected the end, got {event:?}"),
        }
    }
}

#[tokio::test]
async fn draining_waits_for_the_running_call_of_a_session_and_refuses_the_next() {
    let server = Server::start(NodeLimits::default()).await;
    let client = Node::bind(NodeOptions::default()).await.expect("a node");
    let ticket = server.node.ticket().await;
    let (connection, _) = client.connect(&ticket, String::new(), TEST_TIMEOUT).await.expect("a connection");
    let method = |name: &str, kind: &str| {
        let pattern = Pattern::from_name(kind).expect("a pattern");
        let made = ClientMethod::new(Arc::clone(&connection), ("S", 1, name), pattern, codec(), codec());
        Arc::new(made.expect("a method"))
    };
    let opener = method("", "unary");
    let (session, driver) =
        opener.session(SessionOptions { id: "id".to_owned(), metadata: Vec::new(), timeout: None });
    let driving = tokio::spawn(in_time(driver.open()).await.expect("a session").run());
    let (handle, mut call) = session.call(&method("both", "bidiStream"), CallOptions::default());
    handle.send(framed(b"x")).expect("the message can be sent");
    while !matches!(in_time(call.next()).await, Some(ClientEvent::Items(_))) {}
    let node = Arc::clone(&server.node);
    let draining = tokio::spawn(async move { node.drain(TEST_TIMEOUT).await });
    while !server.node.is_draining() {
        tokio::task::yield_now().await;
    }
    let (late_handle, mut late) = session.call(&method("one", "unary"), CallOptions::default());
    late_handle.send(framed(b"late")).expect("the message can be sent");
    handle.end_input();
    let end = end_of(&mut call).await;
    assert!(end.status.is_ok(), "{end:?}");
    let refused = end_of(&mut late).await;
    assert_eq!(refused.status.code, Code::Unavailable.number());
    assert!(refused.not_sent, "{refused:?}");
    assert!(in_time(draining).await.expect("no panic"), "no call was cancelled");
    let closed = in_time(driving).await.expect("no panic");
    assert_eq!((closed.by, closed.last_finished), (ClosedBy::Server, 1));
    server.check_ended();
    server.seen(|seen| assert_eq!((seen.calls, seen.aborted.len()), (1, 0)));
    client.close().await;
    server.node.close().await;
}
