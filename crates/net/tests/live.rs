//! Admissions that end while calls run, by expiry, revocation and clocks that jump; and those that are renewed.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;

use aster_net::{
    ALPN_REVOCATION, ALPN_RPC, CallHandle, CallOptions, ClientCall, ClientEvent, ClientMethod, ConnectError,
    MAX_PUSH_BYTES, Node, OutgoingConnection, Pushed, Revoking,
};
use aster_trust::credential::{Credential, CredentialKind};
use aster_trust::key::EndpointId;
use aster_trust::revocation::RevocationList;
use aster_trust::time::UnixTime;
use aster_wire::frame::{self, flag};
use aster_wire::record::{Encoding, RpcStatus};
use aster_wire::status::Code;
use iroh::endpoint::ConnectionError;
use support::raw::{Raw, address_of, header};
use support::session::facts;
use support::{
    Folder, Gated, PATTERNS, Saying, Seen, TEST_TIMEOUT, codec, in_time, loopback, pattern, root, text,
};

type Running = (CallHandle, ClientCall);

fn call(connection: &Arc<OutgoingConnection>, name: &str, kind: &str) -> Running {
    let method = ClientMethod::new(Arc::clone(connection), ("S", 1, name), pattern(kind), codec(), codec());
    let (handle, call) = Arc::new(method.expect("a method")).call(CallOptions::default());
    if !pattern(kind).request_stream {
        handle.send(text("?")).expect("the message can be sent");
        handle.end_input();
    }
    (handle, call)
}

/// The status that a call ends with.
async fn end_of(mut call: ClientCall, handle: &CallHandle) -> RpcStatus {
    loop {
        match in_time(call.next()).await.expect("an end") {
            ClientEvent::Ended(end) => return end.status,
            ClientEvent::Message(_) => return RpcStatus::ok(),
            ClientEvent::Items(block) => handle.consumed(block.bytes),
            ClientEvent::Credit(_) => {}
        }
    }
}

/// A call of each pattern that waits for ever, on the way at the server.
async fn waiting(server: &mut Gated, connection: &Arc<OutgoingConnection>) -> Vec<Running> {
    let mut running = Vec::new();
    for (name, kind) in PATTERNS {
        let (handle, mut waits) = call(connection, &format!("wait_{name}"), kind);
        // The call makes progress while its events are awaited.
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
        running.push((handle, waits));
    }
    running
}

async fn assert_all_end(server: &mut Gated, running: Vec<Running>, reason: &str) {
    for (handle, call) in running {
        let status = end_of(call, &handle).await;
        assert_eq!(facts(&status), (Code::Unauthenticated, reason));
    }
    for _ in PATTERNS {
        assert_eq!(server.next_seen().await, Seen::Aborted(Code::Unauthenticated));
    }
}

struct Client {
    node: Arc<Node>,
    connection: Arc<OutgoingConnection>,
}

impl Client {
    async fn connect(server: &Gated, saying: Saying) -> (Self, Credential) {
        let node = Node::bind(loopback()).await.expect("a node");
        let bound = EndpointId::from_hex(&node.endpoint_id());
        let credential = Saying { bound, ..saying }.sign();
        let dialled =
            node.connect(&server.node.ticket().await, credential.to_wire_json(), TEST_TIMEOUT).await;
        (Self { node, connection: dialled.expect("a connection").0 }, credential)
    }

    fn id(&self) -> EndpointId {
        EndpointId::from_hex(&self.node.endpoint_id()).expect("an id")
    }

    /// Waits until the server has closed the connection.
    async fn closed(&self) {
        let closing = async {
            while self.connection.is_open() {
                tokio::task::yield_now().await;
            }
        };
        in_time(closing).await;
    }

    async fn ask(&self) -> RpcStatus {
        let (handle, call) = call(&self.connection, "one", "unary");
        end_of(call, &handle).await
    }
}

fn list(sequence: u64, ids: &[EndpointId], credentials: &[&Credential]) -> Vec<u8> {
    let prints = credentials.iter().map(|credential| credential.fingerprint());
    let list =
        RevocationList::sign(&root(1), sequence, UnixTime::from_seconds(1), ids.iter().copied(), prints);
    list.expect("a list").to_json().into_bytes()
}

#[tokio::test]
async fn calls_end_with_the_credential_of_their_caller() {
    let mut server = Gated::start().await;
    let (client, _) = Client::connect(&server, Saying { lasts: 900, ..Saying::default() }).await;
    let (other, _) = Client::connect(&server, Saying::default()).await;
    let running = waiting(&mut server, &client.connection).await;
    server.clock.pass(600);
    assert!(client.ask().await.is_ok(), "ten minutes later");
    assert!(matches!(server.next_seen().await, Seen::Call { .. }));
    server.clock.pass(600);
    assert_all_end(&mut server, running, "CREDENTIAL_EXPIRED").await;
    client.closed().await;
    assert_eq!(facts(&client.ask().await), (Code::PermissionDenied, "NOT_ADMITTED"));
    assert!(other.ask().await.is_ok(), "a peer with another credential goes on");
    server.node.close().await;
}

#[tokio::test]
async fn a_clock_that_is_set_forward_ends_admissions_and_one_that_is_set_back_makes_none_longer() {
    let mut server = Gated::start().await;
    let (client, _) = Client::connect(&server, Saying { lasts: 300, ..Saying::default() }).await;
    let running = waiting(&mut server, &client.connection).await;
    server.clock.set_wall(600);
    assert_all_end(&mut server, running, "CREDENTIAL_EXPIRED").await;
    client.closed().await;
    server.clock.set_wall(-600);
    assert!(client.ask().await.is_ok(), "the clock was wrong: the client is admitted again");
    assert!(matches!(server.next_seen().await, Seen::Call { .. }));
    let running = waiting(&mut server, &client.connection).await;
    server.clock.set_wall(-600);
    assert!(client.ask().await.is_ok());
    assert!(matches!(server.next_seen().await, Seen::Call { .. }));
    // By the clock that was set back, the credential would count for ten minutes more.
    server.clock.pass(301);
    assert_all_end(&mut server, running, "CREDENTIAL_EXPIRED").await;
    server.node.close().await;
}

#[tokio::test]
async fn a_call_that_begins_after_the_expiry_is_refused_even_before_its_connection_ends() {
    let server = Gated::start().await;
    let address = address_of(&server.node).await;
    let client = Raw::new().await;
    client.present(&address, &Saying { lasts: 300, ..Saying::default() }.text()).await;
    let connection = client.connect(&address, ALPN_RPC).await;
    assert!(
        support::raw::call_on(&connection, &header("one", 0), Encoding::Fory)
            .await
            .expect("a status")
            .is_ok()
    );
    server.clock.set_wall(600);
    match support::raw::call_on(&connection, &header("one", 0), Encoding::Fory).await {
        Ok(status) => assert_eq!(facts(&status), (Code::Unauthenticated, "CREDENTIAL_EXPIRED")),
        Err(ended) => assert!(ended.to_string().contains("CREDENTIAL_EXPIRED"), "{ended}"),
    }
    server.node.close().await;
}

#[tokio::test]
async fn calls_end_when_their_caller_is_revoked_in_any_way() {
    let folder = Folder::default();
    let file = folder.file("revoked.json");
    let mut server = Gated::with(loopback(), |options| options.revocations = Some(file.clone())).await;
    let ticket = server.node.ticket().await;
    let pusher = Node::bind(loopback()).await.expect("a node");
    let mut gone = Vec::new();
    for way in 0..5 {
        let (client, credential) = Client::connect(&server, Saying::default()).await;
        let running = waiting(&mut server, &client.connection).await;
        gone.push(client.id());
        match way {
            0 => {
                let list = list(1, &gone, &[]);
                assert_eq!(server.node.take_revocations(list).await, Pushed::InForce);
            }
            1 => {
                let list = list(2, &gone[..1], &[&credential]);
                let answer = pusher.push_revocations(&ticket, &list, TEST_TIMEOUT).await;
                assert_eq!(answer.expect("an answer"), Pushed::InForce);
            }
            2 => std::fs::write(&file, list(3, &gone, &[])).expect("a file"),
            3 => assert!(server.node.revoke(Revoking::Endpoint(client.id()))),
            _ => assert!(server.node.revoke(Revoking::Fingerprint(credential.fingerprint()))),
        }
        assert_all_end(&mut server, running, "CREDENTIAL_REVOKED").await;
        client.closed().await;
        assert_eq!(facts(&client.ask().await), (Code::PermissionDenied, "NOT_ADMITTED"));
    }
    pusher.close().await;
    server.node.close().await;
}

#[tokio::test]
async fn an_older_list_undoes_nothing_and_a_pushed_one_is_kept() {
    let folder = Folder::default();
    let file = folder.file("revoked.json");
    let nonces = folder.file("nonces");
    for kept_in in [&nonces, &file] {
        let start = || {
            Gated::with(loopback(), |options| {
                options.revocations = Some(file.clone());
                options.nonces = (kept_in == &nonces).then(|| nonces.clone());
            })
        };
        let server = start().await;
        let (client, _) = Client::connect(&server, Saying::default()).await;
        let ticket = server.node.ticket().await;
        let push = async |list: &[u8]| {
            client.node.push_revocations(&ticket, list, TEST_TIMEOUT).await.expect("an answer")
        };
        let newest = list(9, &[client.id()], &[]);
        assert_eq!(push(&newest).await, Pushed::InForce);
        assert_eq!(push(&newest).await, Pushed::Unchanged);
        assert_eq!(push(&list(8, &[], &[])).await, Pushed::Older);
        assert_eq!(push(&list(9, &[], &[])).await, Pushed::Refused, "a second list with the same number");
        assert_eq!(push(b"{}").await, Pushed::Refused);
        assert_eq!(push(&vec![b' '; MAX_PUSH_BYTES + 1]).await, Pushed::Refused);
        let other_root =
            RevocationList::sign(&root(2), 99, UnixTime::from_seconds(1), [], []).expect("a list");
        assert_eq!(push(other_root.to_json().as_bytes()).await, Pushed::Refused);
        server.node.close().await;
        let again = start().await;
        let bound = Some(client.id());
        let credential = Saying { bound, ..Saying::default() }.text();
        let refused = client.node.connect(&again.node.ticket().await, credential, TEST_TIMEOUT).await;
        assert!(matches!(refused, Err(ConnectError::Refused { .. })), "{refused:?}");
        again.node.close().await;
    }
}

#[tokio::test]
async fn a_list_that_one_node_takes_is_in_force_on_all_that_share_its_store() {
    let folder = Folder::default();
    let start = || Gated::with(loopback(), |options| options.nonces = Some(folder.file("nonces")));
    let (first, mut second) = (start().await, start().await);
    let (client, _) = Client::connect(&second, Saying::default()).await;
    let running = waiting(&mut second, &client.connection).await;
    assert_eq!(first.node.take_revocations(list(1, &[client.id()], &[])).await, Pushed::InForce);
    assert_all_end(&mut second, running, "CREDENTIAL_REVOKED").await;
    client.closed().await;
    for server in [first, second] {
        server.node.close().await;
    }
}

#[tokio::test]
async fn an_open_node_takes_no_revocation_lists() {
    let server = Node::bind(loopback()).await.expect("a node");
    let client = Raw::new().await;
    let dialled = client.0.connect(address_of(&server).await, ALPN_REVOCATION);
    assert!(in_time(dialled).await.is_err());
    assert!(!server.revoke(Revoking::Endpoint(client.id())));
    server.close().await;
}

/// The status cannot be sent where the peer does not read. Then the close of the connection tells the reason.
#[tokio::test]
async fn a_connection_whose_streams_are_blocked_is_closed_with_the_reason() {
    let mut server = Gated::start().await;
    let address = address_of(&server.node).await;
    let client = Raw::new().await;
    client.present(&address, &Saying::default().text()).await;
    let connection = client.connect(&address, ALPN_RPC).await;
    let (mut send, _unread) = connection.open_bi().await.expect("a stream");
    let head =
        frame::encode(flag::HEADER, &header("flood_down", 0).encode(Encoding::Fory)).expect("a header");
    let body = frame::encode(0, b"\x02\xfd").expect("a message");
    send.write_all(&[head, body].concat()).await.expect("a write");
    assert!(matches!(server.next_seen().await, Seen::Call { .. }));
    assert!(server.node.revoke(Revoking::Endpoint(client.id())));
    let ConnectionError::ApplicationClosed(close) = in_time(connection.closed()).await else {
        panic!("a close")
    };
    assert_eq!((close.error_code.into_inner(), &close.reason[..]), (401, &b"CREDENTIAL_REVOKED"[..]));
    server.node.close().await;
}

#[tokio::test]
async fn a_newer_credential_renews_the_admission_of_a_connection_that_is_open() {
    let mut server = Gated::start().await;
    let (client, _) = Client::connect(&server, Saying { lasts: 900, ..Saying::default() }).await;
    let running = waiting(&mut server, &client.connection).await;
    let bound = Some(client.id());
    let newer = Saying { bound, lasts: 3600, roles: "user,admin", ..Saying::default() };
    let answer = client.connection.readmit(newer.text()).await.expect("another admission");
    assert_eq!(answer.attributes, [("aster.role".to_owned(), "user,admin".to_owned())]);
    let expired = Saying { bound, lasts: -1, ..Saying::default() };
    assert!(client.connection.readmit(expired.text()).await.is_err());
    server.clock.pass(1200);
    let (handle, admin) = call(&client.connection, "admin_one", "unary");
    assert!(end_of(admin, &handle).await.is_ok(), "with the new role, after the old expiry");
    let Seen::Call { roles, .. } = server.next_seen().await else { panic!("a call") };
    assert_eq!(roles, ["admin", "user"]);
    server.clock.pass(3000);
    assert_all_end(&mut server, running, "CREDENTIAL_EXPIRED").await;
    server.node.close().await;
}

#[tokio::test]
async fn a_client_with_a_one_time_credential_connects_again_while_it_is_admitted() {
    let folder = Folder::default();
    let mut options = loopback();
    options.limits.max_connections_per_peer = 1;
    let server = Gated::with(options, |options| options.nonces = Some(folder.file("nonces"))).await;
    let one_time = Saying { kind: CredentialKind::OneTime, ..Saying::default() };
    let (client, credential) = Client::connect(&server, one_time).await;
    assert!(client.ask().await.is_ok());
    assert!(client.connection.readmit(credential.to_wire_json()).await.is_err(), "it was used");
    client.connection.close();
    let ticket = server.node.ticket().await;
    let again = client.node.connect(&ticket, credential.to_wire_json(), TEST_TIMEOUT).await;
    assert!(matches!(again, Err(ConnectError::Refused { .. })), "{again:?}");
    server.node.close().await;
}
