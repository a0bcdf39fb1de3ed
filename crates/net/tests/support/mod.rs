//! Servers with gates, credentials for them, and clients that speak the protocol byte by byte.
#![allow(unreachable_pub, dead_code, reason = "a module of several test binaries")]
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

pub mod raw;
pub mod session;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use aster_codec::{PayloadLimits, Plan};
use aster_net::{
    Access, Clock, Compress, Framed, GateOptions, Handler, MethodDefinition, Mode, Node, NodeOptions,
    Pattern, PayloadCodec, Registration, ServedSession, ServerCall, ServerEvent, ServiceDefinition, Serving,
    SessionEnd, SessionHandler, status,
};
use aster_trust::attributes::{Attributes, ROLE};
use aster_trust::capability::Requirement;
use aster_trust::credential::{Credential, CredentialKind, Grant};
use aster_trust::key::{EndpointId, RootKey};
use aster_trust::roots::TrustedRoots;
use aster_trust::time::{Moment, UnixTime};
use aster_wire::status::Code;
use tokio::sync::mpsc;

/// Longer than every step of these tests. A test that reaches it fails.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Method and pattern of each kind of call.
pub const PATTERNS: [(&str, &str); 4] =
    [("one", "unary"), ("down", "serverStream"), ("up", "clientStream"), ("both", "bidiStream")];

pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_TIMEOUT, what).await.expect("the test takes too long")
}

pub fn loopback() -> NodeOptions {
    NodeOptions { bind: Some(([127, 0, 0, 1], 0).into()), ..NodeOptions::default() }
}

pub fn pattern(name: &str) -> Pattern {
    Pattern::from_name(name).expect("a pattern")
}

pub fn codec() -> PayloadCodec {
    PayloadCodec {
        mode: Mode::Xlang,
        plan: Arc::new(Plan::dynamic()),
        root: 0,
        compress: Compress::Never,
        limits: PayloadLimits::DEFAULT,
    }
}

/// A service with a name of its own whose calls are made in sessions.
pub fn session_service() -> ServiceDefinition {
    ServiceDefinition { name: "T".to_owned(), session: true, ..service() }
}

/// A service for the role `user`. Each kind of call has three methods: one that answers, one that only an `admin` may call,
/// and one that waits for ever.
pub fn service() -> ServiceDefinition {
    let methods = ["", "admin_", "wait_", "flood_"].into_iter().flat_map(|prefix| {
        PATTERNS.map(|(name, kind)| MethodDefinition {
            name: format!("{prefix}{name}"),
            pattern: pattern(kind),
            request: codec(),
            response: codec(),
            requires: (prefix == "admin_").then(|| Requirement::role("admin").expect("a role")),
        })
    });
    ServiceDefinition {
        name: "S".to_owned(),
        version: 1,
        contract_id: "ab".repeat(32),
        modes: vec!["xlang".to_owned()],
        session: false,
        requires: Some(Requirement::role("user").expect("a role")),
        max_call: Duration::from_mins(5),
        methods: methods.collect(),
        description: None,
    }
}

/// What a handler saw.
#[derive(Debug, PartialEq)]
pub enum Seen {
    Call { method: String, roles: Vec<String>, metadata: Vec<(String, String)> },
    Aborted(Code),
    Opened { metadata: Vec<(String, String)> },
    Over(SessionEnd),
}

/// Answers calls, and tells what it saw.
#[derive(Clone)]
pub struct Answering(pub mpsc::Sender<Seen>);

impl SessionHandler for Answering {
    fn serve(&self, call: ServerCall) -> Serving {
        Handler::serve(self, call)
    }

    fn ended(&self, end: SessionEnd) {
        let _ = self.0.try_send(Seen::Over(end));
    }
}

impl Handler for Answering {
    fn open_session(&self, session: &Arc<ServedSession>) -> Option<Box<dyn SessionHandler>> {
        let _ = self.0.try_send(Seen::Opened { metadata: session.metadata().clone() });
        Some(Box::new(self.clone()))
    }

    fn serve(&self, mut call: ServerCall) -> Serving {
        let seen = self.0.clone();
        Box::pin(async move {
            let (handle, pattern) = (call.handle().clone(), call.pattern());
            let method = call.service().methods[call.method()].name.clone();
            let roles = call.caller().roles.iter().map(str::to_owned).collect();
            let metadata = call.take_metadata();
            let _ = seen.try_send(Seen::Call { method: method.clone(), roles, metadata });
            let finish = || {
                if pattern.response_stream {
                    handle.finish(status(Code::Ok, ""));
                } else {
                    handle.reply(Framed::from_payload(0, &aster_codec::NULL_MESSAGE).expect("a payload"));
                }
            };
            let waits = method.starts_with("wait_");
            let floods = method.starts_with("flood_");
            if floods {
                let _ = handle.send(text(&"x".repeat(900_000)));
            } else if !pattern.request_stream && !waits {
                finish();
            }
            while let Some(event) = call.next().await {
                match event {
                    ServerEvent::Items(block) => handle.consumed(block.bytes),
                    ServerEvent::InputEnd if !waits => finish(),
                    ServerEvent::Credit(_) if floods => {
                        let _ = handle.send(text(&"x".repeat(900_000)));
                    }
                    ServerEvent::Aborted(code) => {
                        let _ = seen.try_send(Seen::Aborted(code));
                    }
                    _ => {}
                }
            }
        })
    }

    fn is_closed(&self) -> bool {
        false
    }
}

/// A message of the dynamic type, as XLANG.
pub fn text(text: &str) -> Framed {
    Framed::from_payload(0, &[b"\x02", text.as_bytes()].concat()).expect("a payload")
}

/// Clocks that a test sets; without that they tell the time of the machine.
#[derive(Debug)]
pub struct TestClock {
    start: Instant,
    wall_ahead: AtomicI64,
    steady_ahead: AtomicI64,
}

impl Default for TestClock {
    fn default() -> Self {
        Self { start: Instant::now(), wall_ahead: AtomicI64::new(0), steady_ahead: AtomicI64::new(0) }
    }
}

impl TestClock {
    /// Sets the clock that tells the time of day.
    pub fn set_wall(&self, seconds: i64) {
        self.wall_ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        self.set_wall(seconds);
        self.steady_ahead.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Moment {
        let wall = seconds().saturating_add_signed(self.wall_ahead.load(Ordering::SeqCst));
        let ahead = Duration::from_secs(self.steady_ahead.load(Ordering::SeqCst).cast_unsigned());
        Moment { wall: UnixTime::from_seconds(wall), steady: self.start.elapsed() + ahead }
    }
}

/// The time of the machine.
pub fn seconds() -> u64 {
    UnixTime::of(SystemTime::now()).seconds()
}

pub fn root(number: u8) -> RootKey {
    RootKey::from_seed(&[number; 32])
}

pub fn roots(numbers: &[u8]) -> TrustedRoots {
    TrustedRoots::new(numbers.iter().map(|&number| root(number).public_key())).expect("sound keys")
}

/// What to say in a credential; the defaults are right.
pub struct Saying {
    pub kind: CredentialKind,
    pub root: u8,
    pub bound: Option<EndpointId>,
    pub lasts: i64,
    pub roles: &'static str,
    pub more: Vec<(String, String)>,
}

impl Default for Saying {
    fn default() -> Self {
        let kind = CredentialKind::Policy;
        Self { kind, root: 1, bound: None, lasts: 3600, roles: "user", more: Vec::new() }
    }
}

impl Saying {
    pub fn sign(self) -> Credential {
        let role = (ROLE.to_owned(), self.roles.to_owned());
        let attributes = Attributes::from_pairs([role].into_iter().chain(self.more)).expect("attributes");
        let expires_at = UnixTime::from_seconds(seconds().saturating_add_signed(self.lasts));
        let grant = Grant { kind: self.kind, endpoint_id: self.bound, expires_at, attributes };
        grant.sign(&root(self.root)).expect("a credential")
    }

    pub fn text(self) -> String {
        self.sign().to_wire_json()
    }
}

/// A server with gates.
pub struct Gated {
    pub node: Arc<Node>,
    pub clock: Arc<TestClock>,
    pub seen: mpsc::Receiver<Seen>,
    answering: Answering,
    serving: Vec<Registration>,
}

impl Gated {
    pub async fn start() -> Self {
        Self::with(loopback(), |_| {}).await
    }

    pub async fn with(node: NodeOptions, edit: impl FnOnce(&mut GateOptions)) -> Self {
        let clock = Arc::new(TestClock::default());
        let mut options = GateOptions::new(roots(&[1]));
        options.clock = Some(Arc::clone(&clock) as Arc<dyn Clock>);
        edit(&mut options);
        let node = Node::bind_closed(node).await.expect("a node");
        node.open_to(Access::Gated(options)).expect("the gates open");
        let (sender, seen) = mpsc::channel(1000);
        let answering = Answering(sender);
        let serving = node.serve(service(), Arc::new(answering.clone())).expect("a service");
        Self { node, clock, seen, answering, serving: vec![serving] }
    }

    /// Serves the service with sessions too.
    pub fn with_sessions(mut self) -> Self {
        let serving = self.node.serve(session_service(), Arc::new(self.answering.clone()));
        self.serving.push(serving.expect("a service"));
        self
    }

    /// The next call or end of a call that a handler saw.
    pub async fn next_seen(&mut self) -> Seen {
        in_time(self.seen.recv()).await.expect("a handler")
    }
}

/// A folder that is removed with this value.
pub struct Folder(std::path::PathBuf);

static FOLDERS: Mutex<u32> = Mutex::new(0);

impl Default for Folder {
    fn default() -> Self {
        let mut number = FOLDERS.lock().expect("no panic");
        *number += 1;
        let name = format!("aster-net-{}-{}", std::process::id(), *number);
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Folder {
    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
