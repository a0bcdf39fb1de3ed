//! The gates inside sessions: roles for each call, what a client says about itself, and the end of its admission.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;

use aster_net::{
    ALPN_RPC, CallHandle, CallOptions, ClientCall, ClientEvent, ClientMethod, ClosedBy, Node,
    OutgoingConnection, Revoking, SessionClosed, SessionEnd, SessionOptions,
};
use aster_trust::key::EndpointId;
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;
use iroh::endpoint::Connection;
use support::raw::{MODES, Raw, address_of, header};
use support::session::{RawSession, complete, facts, message, opening};
use support::{Gated, PATTERNS, Saying, Seen, TEST_TIMEOUT, codec, in_time, loopback, pattern, text};
use tokio::task::JoinHandle;

/// A client of raw frames with these roles, connected.
async fn raw(server: &Gated, roles: &'static str) -> (Raw, Connection) {
    let (client, address) = (Raw::new().await, address_of(&server.node).await);
    let bound = Some(client.id());
    client.present(&address, &Saying { bound, roles, ..Saying::default() }.text()).await;
    let connection = client.connect(&address, ALPN_RPC).await;
    (client, connection)
}

fn assert_lacks(status: &RpcStatus, role: &str, what: &str) {
    assert_eq!(facts(status), (Code::PermissionDenied, "MISSING_ROLE"), "{what}");
    assert!(status.message.contains(what), "{}", status.message);
    assert!(status.details.contains(&("requires".to_owned(), role.to_owned())), "{status:?}");
}

#[tokio::test]
async fn a_session_is_opened_only_for_the_roles_of_its_service() {
    let mut server = Gated::start().await.with_sessions();
    for roles in ["", "admin"] {
        let (_client, connection) = raw(&server, roles).await;
        for (mode, encoding) in MODES {
            let mut session = RawSession::open(&connection, &opening(mode), encoding).await;
            assert_lacks(&session.trailer().await, "user", "service 'T'");
            assert!(session.next().await.is_none(), "the stream ends");
        }
    }
    assert!(server.seen.try_recv().is_err(), "no handler ran");
    server.node.close().await;
}

/// The refusal arrives although nothing of the request was sent.
#[tokio::test]
async fn the_roles_for_each_call_of_a_session_are_checked_before_its_request_is_read() {
    let mut server = Gated::start().await.with_sessions();
    for (roles, is_admin) in [("user", false), ("user,admin", true)] {
        let (_client, connection) = raw(&server, roles).await;
        for (mode, encoding) in MODES {
            let mut session = RawSession::open(&connection, &opening(mode), encoding).await;
            for (name, kind) in PATTERNS {
                let admin = format!("admin_{name}");
                let mut wanted = vec![name];
                if is_admin {
                    complete(&mut session, &admin, kind).await;
                    wanted.insert(0, &admin);
                } else {
                    session.call(&admin, None).await;
                    assert_lacks(&session.trailer().await, "admin", &format!("method 'T.{admin}'"));
                }
                complete(&mut session, name, kind).await;
                for wanted in wanted {
                    loop {
                        match server.next_seen().await {
                            Seen::Opened { .. } | Seen::Over(SessionEnd::Closed) => {}
                            Seen::Call { method, .. } => break assert_eq!(method, wanted),
                            seen => panic!("{seen:?}"),
                        }
                    }
                }
            }
            session.send.finish().expect("a finish");
            assert!(session.next().await.is_none(), "the session ends");
        }
    }
    server.node.close().await;
}

/// The same for calls outside of sessions.
#[tokio::test]
async fn the_roles_for_a_call_are_checked_before_its_request_is_read() {
    let mut server = Gated::start().await;
    let (_client, connection) = raw(&server, "user").await;
    for (name, _) in PATTERNS {
        for (mode, encoding) in MODES {
            let named = header(&format!("admin_{name}"), mode);
            let mut call = RawSession::open(&connection, &named, encoding).await;
            assert_lacks(&call.trailer().await, "admin", &format!("method 'S.admin_{name}'"));
        }
    }
    assert!(server.seen.try_recv().is_err(), "no handler ran");
    server.node.close().await;
}

#[tokio::test]
async fn what_a_client_says_about_itself_in_a_session_is_not_passed_on() {
    let mut server = Gated::start().await.with_sessions();
    let (_client, connection) = raw(&server, "user").await;
    let pair = |name: &str| (name.to_owned(), "admin".to_owned());
    let claims = [("aster.role", "admin"), ("ASTER.Role", "admin"), ("role", "admin")];
    let metadata = claims.map(|(name, _)| pair(name)).into();
    let opening = StreamHeader { metadata, ..opening(0) };
    let mut session = RawSession::open(&connection, &opening, Encoding::Fory).await;
    assert_eq!(server.next_seen().await, Seen::Opened { metadata: vec![pair("role")] });
    session.call_with("one", &claims).await;
    session.write(0, message(Encoding::Fory)).await;
    session.message().await;
    let Seen::Call { metadata, roles, .. } = server.next_seen().await else { panic!("a call") };
    assert_eq!((metadata, roles), (vec![pair("role")], vec!["user".to_owned()]));
    session.call_with("admin_one", &claims).await;
    assert_lacks(&session.trailer().await, "admin", "method 'T.admin_one'");
    server.node.close().await;
}

/// A session of a client of this library.
struct Client {
    node: Arc<Node>,
    connection: Arc<OutgoingConnection>,
    session: aster_net::ClientSession,
    driving: JoinHandle<SessionClosed>,
}

impl Client {
    async fn open(server: &mut Gated, saying: Saying) -> Self {
        let node = Node::bind(loopback()).await.expect("a node");
        let credential = Saying { bound: EndpointId::from_hex(&node.endpoint_id()), ..saying }.text();
        let dialled = node.connect(&server.node.ticket().await, credential, TEST_TIMEOUT).await;
        let connection = dialled.expect("a connection").0;
        let opener = Self::method(&connection, "", "unary");
        let options = SessionOptions { id: "id".to_owned(), metadata: Vec::new(), timeout: None };
        let (session, driver) = opener.session(options);
        let driving = tokio::spawn(in_time(driver.open()).await.expect("a session").run());
        assert!(matches!(server.next_seen().await, Seen::Opened { .. }));
        Self { node, connection, session, driving }
    }

    fn method(connection: &Arc<OutgoingConnection>, name: &str, kind: &str) -> Arc<ClientMethod> {
        let method =
            ClientMethod::new(Arc::clone(connection), ("T", 1, name), pattern(kind), codec(), codec());
        Arc::new(method.expect("a method"))
    }

    fn id(&self) -> EndpointId {
        EndpointId::from_hex(&self.node.endpoint_id()).expect("an id")
    }

    fn call(&self, name: &str, kind: &str) -> (CallHandle, ClientCall) {
        let method = Self::method(&self.connection, name, kind);
        let (handle, call) = self.session.call(&method, CallOptions::default());
        if !pattern(kind).request_stream {
            handle.send(text("?")).expect("the message can be sent");
            handle.end_input();
        }
        (handle, call)
    }

    /// The status of a unary call of the session.
    async fn ask(&self, name: &str) -> RpcStatus {
        let (_handle, call) = self.call(name, "unary");
        end_of(call).await
    }
}

async fn end_of(mut call: ClientCall) -> RpcStatus {
    loop {
        match in_time(call.next()).await.expect("an end") {
            ClientEvent::Ended(end) => return end.status,
            ClientEvent::Message(_) => return RpcStatus::ok(),
            ClientEvent::Items(_) | ClientEvent::Credit(_) => {}
        }
    }
}

/// How the admission of a client ends.
#[derive(Debug, Clone, Copy)]
enum Way {
    Expiry,
    ClockSetForward,
    Revocation,
}

impl Way {
    const ALL: [Self; 3] = [Self::Expiry, Self::ClockSetForward, Self::Revocation];

    fn take(self, server: &Gated, client: &Client) -> &'static str {
        match self {
            Self::Expiry => server.clock.pass(4000),
            Self::ClockSetForward => server.clock.set_wall(4000),
            Self::Revocation => {
                assert!(server.node.revoke(Revoking::Endpoint(client.id())));
                return "CREDENTIAL_REVOKED";
            }
        }
        "CREDENTIAL_EXPIRED"
    }
}

#[tokio::test]
async fn a_session_and_its_running_call_end_with_the_admission_of_the_client() {
    for way in Way::ALL {
        for (name, kind) in PATTERNS {
            let mut server = Gated::start().await.with_sessions();
            let client = Client::open(&mut server, Saying::default()).await;
            assert!(client.ask("one").await.is_ok());
            assert!(matches!(server.next_seen().await, Seen::Call { .. }));
            let (handle, mut waits) = client.call(&format!("wait_{name}"), kind);
            loop {
                tokio::select! {
                    biased;
                    seen = server.seen.recv() => {
                        assert!(matches!(seen, Some(Seen::Call { .. })), "{seen:?}");
                        break;
                    }
                    event = waits.next() => assert!(matches!(event, Some(ClientEvent::Credit(_))), "{event:?}"),
                }
            }
            let (_behind_handle, behind) = client.call("one", "unary");
            let reason = way.take(&server, &client);
            let what = format!("{way:?} {name}");
            assert_eq!(facts(&end_of(waits).await), (Code::Unauthenticated, reason), "{what}");
            assert_eq!(facts(&end_of(behind).await), (Code::Unauthenticated, reason), "{what}, behind");
            drop(handle);
            let closed = in_time(client.driving).await.expect("no panic");
            assert_eq!(facts(&closed.status), (Code::Unauthenticated, reason), "{what}, the session");
            assert_eq!((closed.by, closed.last_finished >= 1), (ClosedBy::Server, true), "{what}");
            assert_eq!(server.next_seen().await, Seen::Aborted(Code::Unauthenticated), "{what}");
            assert_eq!(server.next_seen().await, Seen::Over(SessionEnd::Shutdown), "{what}");
            assert!(server.seen.try_recv().is_err(), "{what}: the call behind never ran");
            server.node.close().await;
        }
    }
}

#[tokio::test]
async fn an_idle_session_ends_with_the_admission_of_the_client() {
    for way in Way::ALL {
        let mut server = Gated::start().await.with_sessions();
        let client = Client::open(&mut server, Saying::default()).await;
        let reason = way.take(&server, &client);
        assert_eq!(server.next_seen().await, Seen::Over(SessionEnd::Shutdown), "{way:?}");
        let closed = in_time(client.driving).await.expect("no panic");
        assert_eq!(facts(&closed.status), (Code::Unauthenticated, reason), "{way:?}");
        assert_eq!(closed.by, ClosedBy::Server, "{way:?}");
        server.node.close().await;
    }
}

#[tokio::test]
async fn each_call_of_a_session_is_judged_by_the_newest_admission() {
    let mut server = Gated::start().await.with_sessions();
    let client = Client::open(&mut server, Saying::default()).await;
    let bound = Some(client.id());
    let readmitted = async |roles| {
        let credential = Saying { bound, roles, ..Saying::default() }.text();
        client.connection.readmit(credential).await.expect("another admission");
    };
    for (roles, admin, user) in
        [("user", false, true), ("user,admin", true, true), ("user", false, true), ("admin", false, false)]
    {
        readmitted(roles).await;
        for (name, may) in [("admin_one", admin), ("one", user)] {
            let status = client.ask(name).await;
            if may {
                assert!(status.is_ok(), "{roles} {name}: {status:?}");
                let Seen::Call { roles: held, .. } = server.next_seen().await else { panic!("a call") };
                assert_eq!(held.contains(&"admin".to_owned()), admin);
            } else {
                assert_eq!(facts(&status), (Code::PermissionDenied, "MISSING_ROLE"), "{roles} {name}");
            }
        }
    }
    assert!(server.seen.try_recv().is_err(), "no other handler ran, and the session is open");
    client.session.close();
    let closed = in_time(client.driving).await.expect("no panic");
    assert_eq!(closed.by, ClosedBy::User);
    client.node.close().await;
    server.node.close().await;
}
