//! Which calls get through the four gates: by clients that leave out or change any step.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use aster_net::{
    ALPN_CONSUMER_ADMISSION, ALPN_PRODUCER_ADMISSION, ALPN_RPC, Access, AccessError, GateOptions, Node,
};
use aster_trust::attributes::NOT_BEFORE;
use aster_trust::credential::CredentialKind;
use aster_trust::revocation::RevocationList;
use aster_trust::time::UnixTime;
use aster_wire::admission::{ConsumerResponse, ProducerResponse};
use aster_wire::call::REASON_DETAIL;
use aster_wire::record::{Encoding, RpcStatus};
use aster_wire::status::Code;
use iroh::endpoint::{Connection, ConnectionError};
use iroh::protocol::{AcceptError, ProtocolHandler};
use support::raw::{MODES, Raw, address_of, call_on, header};
use support::{Folder, Gated, PATTERNS, Saying, Seen, TEST_TIMEOUT, in_time, loopback, root, roots, seconds};

const EXTRA_ALPN: &[u8] = b"test/extra";

#[derive(Debug)]
struct Extra;

impl ProtocolHandler for Extra {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        let (mut send, mut recv) = connection.accept_bi().await?;
        let said = recv.read_to_end(64).await.expect("a short text");
        send.write_all(&said).await.expect("a write");
        send.finish().expect("a finish");
        connection.closed().await;
        Ok(())
    }
}

/// Every kind of credential that does not count, by what is wrong with it.
fn wrong(client: &Raw) -> Vec<(&'static str, String)> {
    let mut other = Saying { bound: Some(client.id()), ..Saying::default() }.sign();
    other.signature = None;
    let tomorrow = (NOT_BEFORE.to_owned(), (seconds() + 600).to_string());
    let producer = Saying { kind: CredentialKind::Producer, bound: Some(client.id()), ..Saying::default() };
    vec![
        ("absent", String::new()),
        ("unreadable", "{".to_owned()),
        ("of another form", "[1]".to_owned()),
        ("unsigned", other.to_wire_json()),
        ("expired", Saying { lasts: -5, ..Saying::default() }.text()),
        ("not yet valid", Saying { more: vec![tomorrow], ..Saying::default() }.text()),
        ("of another root", Saying { root: 2, ..Saying::default() }.text()),
        ("of another peer", Saying { bound: Some(root_as_peer()), ..Saying::default() }.text()),
        ("for producers", producer.text()),
        (
            "one-time, where there is no store",
            Saying { kind: CredentialKind::OneTime, ..Saying::default() }.text(),
        ),
    ]
}

fn root_as_peer() -> aster_trust::key::EndpointId {
    aster_trust::key::EndpointId::from_bytes([9; 32])
}

fn assert_not_admitted(ended: &Result<RpcStatus, ConnectionError>, what: &str) {
    let Err(ConnectionError::ApplicationClosed(close)) = ended else { panic!("{what}: {ended:?}") };
    assert_eq!((close.error_code.into_inner(), &close.reason[..]), (403, &b"not admitted"[..]), "{what}");
}

/// All patterns and modes are refused at gate 0.
async fn assert_shut_out(client: &Raw, server: &iroh::EndpointAddr, what: &str) {
    for (method, _) in PATTERNS {
        for (mode, encoding) in MODES {
            let ended = client.call(server, &header(method, mode), encoding).await;
            assert_not_admitted(&ended, &format!("{what}, {method}, mode {mode}"));
        }
    }
    let connection = client.connect(server, EXTRA_ALPN).await;
    assert_not_admitted(&Err(in_time(connection.closed()).await), what);
}

#[tokio::test]
async fn a_peer_without_a_right_credential_reaches_nothing_and_learns_no_reason() {
    let mut server = Gated::start().await;
    server.node.attach(EXTRA_ALPN, Extra);
    let address = address_of(&server.node).await;
    let client = Raw::new().await;
    let refusal =
        ConsumerResponse::refusal(&root(1).public_key().to_string()).to_bytes().expect("a document");
    assert_shut_out(&client, &address, "without admission").await;
    for (what, credential) in wrong(&client) {
        // A key of its own for each, because tries are counted by key.
        let client = Raw::with_key(client.0.secret_key().clone()).await;
        assert_eq!(client.present(&address, &credential).await, refusal, "{what}");
        assert_shut_out(&client, &address, what).await;
    }
    for request in [&b""[..], b"{}", b"\xff", b"null", &vec![b' '; 70_000][..]] {
        let client = Raw::new().await;
        let answer = client.ask(&address, ALPN_CONSUMER_ADMISSION, request).await.expect("an answer");
        assert_eq!(answer, refusal);
        assert_shut_out(&client, &address, "after a request that cannot be read").await;
    }
    assert!(server.seen.try_recv().is_err(), "no handler ran");
    let counts = server.node.admissions();
    assert_eq!(counts.get("ADMITTED"), None);
    for reason in ["NO_CREDENTIAL", "MALFORMED", "BAD_SIGNATURE", "EXPIRED", "NOT_YET_VALID", "WRONG_ROOT"] {
        assert!(counts.contains_key(reason), "{reason} in {counts:?}");
    }
    for reason in ["WRONG_PEER", "NO_NONCE_STORE", "UNREADABLE_REQUEST"] {
        assert!(counts.contains_key(reason), "{reason} in {counts:?}");
    }
    server.node.close().await;
}

#[tokio::test]
async fn revoked_and_replayed_credentials_are_refused_like_all_others() {
    let folder = Folder::default();
    let server = Gated::with(loopback(), |options| options.nonces = Some(folder.file("nonces"))).await;
    server.node.attach(EXTRA_ALPN, Extra);
    let address = address_of(&server.node).await;
    let refusal =
        ConsumerResponse::refusal(&root(1).public_key().to_string()).to_bytes().expect("a document");
    let one_time = Saying { kind: CredentialKind::OneTime, ..Saying::default() }.text();
    let (first, second) = (Raw::new().await, Raw::new().await);
    let admitted = ConsumerResponse::from_bytes(&first.present(&address, &one_time).await);
    assert!(admitted.expect("a document").admitted);
    for client in [&second, &first] {
        assert_eq!(client.present(&address, &one_time).await, refusal);
    }
    assert_shut_out(&second, &address, "replayed").await;
    let revoked = Saying { bound: Some(second.id()), ..Saying::default() }.sign();
    let list = RevocationList::sign(&root(1), 1, UnixTime::from_seconds(1), [], [revoked.fingerprint()]);
    let list = list.expect("a list").to_json().into_bytes();
    assert_eq!(server.node.take_revocations(list).await.word(), "IN_FORCE");
    assert_eq!(second.present(&address, &revoked.to_wire_json()).await, refusal);
    assert_shut_out(&second, &address, "revoked").await;
    server.node.close().await;
}

#[tokio::test]
async fn an_admitted_peer_passes_each_gate_with_what_it_needs() {
    let mut server = Gated::start().await;
    server.node.attach(EXTRA_ALPN, Extra);
    let address = address_of(&server.node).await;
    let reason = |status: &RpcStatus| {
        let found = status.details.iter().find(|(name, _)| name == REASON_DETAIL);
        found.map(|(_, word)| word.clone()).unwrap_or_default()
    };
    for (roles, service, admin) in
        [("", false, false), ("admin", false, false), ("user", true, false), ("user,admin", true, true)]
    {
        let client = Raw::new().await;
        let credential = Saying { bound: Some(client.id()), roles, ..Saying::default() };
        let answer = ConsumerResponse::from_bytes(&client.present(&address, &credential.text()).await);
        let answer = answer.expect("a document");
        assert!(answer.admitted && answer.services.len() == 1 && answer.gossip_topic.is_none());
        assert_eq!(answer.attributes, [("aster.role".to_owned(), roles.to_owned())]);
        let connection = client.connect(&address, ALPN_RPC).await;
        for (method, _) in PATTERNS {
            for (mode, encoding) in MODES {
                let call = async |header| call_on(&connection, &header, encoding).await.expect("a status");
                let what = format!("{roles:?} {method} {mode}");
                for (name, may) in
                    [(method.to_owned(), service), (format!("admin_{method}"), service && admin)]
                {
                    let status = call(header(&name, mode)).await;
                    if may {
                        assert!(status.is_ok(), "{what}: {status:?}");
                        let Seen::Call { method, roles: held, .. } = server.next_seen().await else {
                            panic!("a call")
                        };
                        assert_eq!((method, held.contains(&"user".to_owned())), (name, true));
                    } else {
                        assert_eq!(status.code, Code::PermissionDenied.number(), "{what}: {status:?}");
                        assert_eq!(reason(&status), "MISSING_ROLE");
                        let wanted =
                            if service { ("admin", "method 'S.admin_") } else { ("user", "service 'S'") };
                        assert!(status.message.contains(wanted.1), "{}", status.message);
                        assert_eq!(status.details[1], ("requires".to_owned(), wanted.0.to_owned()));
                    }
                }
                let mut other = header(method, mode);
                other.version = 7;
                assert_eq!(call(other).await.code, Code::NotFound.number(), "{what}");
                assert_eq!(call(header("zap", mode)).await.code, Code::Unimplemented.number(), "{what}");
                if encoding == Encoding::Fory {
                    let status = call(header(method, 9)).await;
                    assert_eq!(status.code, Code::InvalidArgument.number(), "{what}");
                }
            }
        }
        let extra = client.connect(&address, EXTRA_ALPN).await;
        let (mut send, mut recv) = extra.open_bi().await.expect("a stream");
        send.write_all(b"hello").await.expect("a write");
        send.finish().expect("a finish");
        assert_eq!(in_time(recv.read_to_end(64)).await.expect("an answer"), b"hello");
    }
    assert!(server.seen.try_recv().is_err(), "no handler ran for a refused call");
    server.node.close().await;
}

#[tokio::test]
async fn what_a_peer_says_about_itself_in_metadata_is_not_passed_on() {
    let mut server = Gated::start().await;
    let address = address_of(&server.node).await;
    let client = Raw::new().await;
    client.present(&address, &Saying::default().text()).await;
    let mut claims = header("one", 0);
    let pair = |name: &str| (name.to_owned(), "admin".to_owned());
    claims.metadata = vec![pair("aster.role"), pair("ASTER.Role"), pair("role")];
    assert!(client.call(&address, &claims, Encoding::Fory).await.expect("a status").is_ok());
    let Seen::Call { metadata, roles, .. } = server.next_seen().await else { panic!("a call") };
    assert_eq!((metadata, roles), (vec![pair("role")], vec!["user".to_owned()]));
    server.node.close().await;
}

#[tokio::test]
async fn producers_are_admitted_by_their_own_protocol() {
    let server = Gated::start().await;
    let address = address_of(&server.node).await;
    let client = Node::bind(loopback()).await.expect("a node");
    let ticket = server.node.ticket().await;
    let bound = aster_trust::key::EndpointId::from_hex(&client.endpoint_id());
    let producer = || Saying { kind: CredentialKind::Producer, bound, ..Saying::default() };
    let joined = client.join_producers(&ticket, producer().text(), TEST_TIMEOUT).await.expect("an answer");
    assert_eq!(joined.accepted_producers, [client.endpoint_id()]);
    assert_eq!(joined.salt.len(), 64);
    // The credential is bound to another node: the peer that QUIC proves counts.
    let stranger = Raw::new().await;
    let request = |credential: &str| {
        let text = serde_json::json!({ "credential_json": credential, "iid_token": "" });
        text.to_string().into_bytes()
    };
    let refusal = ProducerResponse::default().to_bytes().expect("a document");
    for credential in [producer().text(), String::new(), "{".to_owned(), Saying::default().text()] {
        let answer = stranger.ask(&address, ALPN_PRODUCER_ADMISSION, &request(&credential)).await;
        assert_eq!(answer.expect("an answer"), refusal);
    }
    // A bare credential is not a request.
    let bare = stranger.ask(&address, ALPN_PRODUCER_ADMISSION, producer().text().as_bytes()).await;
    assert_eq!(bare.expect("an answer"), refusal);
    assert_not_admitted(&stranger.call(&address, &header("one", 0), Encoding::Fory).await, "a stranger");
    client.close().await;
    server.node.close().await;
    let closed = Gated::with(loopback(), |options| options.producers = false).await;
    let dialled = stranger.0.connect(address_of(&closed.node).await, ALPN_PRODUCER_ADMISSION);
    assert!(in_time(dialled).await.is_err(), "the protocol is not offered");
    closed.node.close().await;
}

#[tokio::test]
async fn the_holder_of_the_root_key_learns_the_topic_of_the_mesh() {
    let server = Gated::start().await;
    let address = address_of(&server.node).await;
    let holder = Raw::with_key(iroh::SecretKey::from_bytes(&[1; 32])).await;
    assert_eq!(holder.id().as_bytes(), root(1).public_key().as_bytes());
    let answer = holder.present(&address, &Saying::default().text()).await;
    let topic = ConsumerResponse::from_bytes(&answer).expect("a document").gossip_topic;
    assert_eq!(topic.map(|topic| topic.len()), Some(64));
    server.node.close().await;
}

#[tokio::test]
async fn one_peer_has_a_limited_number_of_connections_and_tries() {
    let mut options = loopback();
    options.limits.max_connections_per_peer = 2;
    let server = Gated::with(options, |_| {}).await;
    let address = address_of(&server.node).await;
    let (client, other) = (Raw::new().await, Raw::new().await);
    for client in [&client, &other] {
        let answer = client.present(&address, &Saying::default().text()).await;
        assert!(ConsumerResponse::from_bytes(&answer).expect("a document").admitted);
    }
    let mut kept = Vec::new();
    for _ in 0..2 {
        let connection = client.connect(&address, ALPN_RPC).await;
        assert!(call_on(&connection, &header("one", 0), Encoding::Fory).await.expect("a status").is_ok());
        kept.push(connection);
    }
    let Err(ConnectionError::ApplicationClosed(close)) =
        client.call(&address, &header("one", 0), Encoding::Fory).await
    else {
        panic!("one connection too many")
    };
    assert_eq!(close.error_code.into_inner(), 429);
    let status = other.call(&address, &header("one", 0), Encoding::Fory).await;
    assert!(status.expect("a status").is_ok(), "another peer is not affected");
    // With its connections in use a peer can still ask for admission; only so often in a row.
    let mut admitted = 0;
    for _ in 0..20 {
        let answer = client.present(&address, &Saying::default().text()).await;
        admitted += u32::from(ConsumerResponse::from_bytes(&answer).expect("a document").admitted);
    }
    assert!((1..20).contains(&admitted), "{admitted}");
    assert!(server.node.admissions().contains_key("TOO_MANY_TRIES"));
    server.node.close().await;
}

#[tokio::test]
async fn a_node_that_does_not_serve_yet_lets_nobody_in() {
    let node = Node::bind_closed(loopback()).await.expect("a node");
    let address = address_of(&node).await;
    let client = Raw::new().await;
    for alpn in [ALPN_RPC, ALPN_CONSUMER_ADMISSION] {
        let connection = client.connect(&address, alpn).await;
        let closed = in_time(connection.closed()).await.to_string();
        assert!(closed.contains("does not serve"), "{closed}");
    }
    node.close().await;
}

#[tokio::test]
async fn who_may_call_is_said_once() {
    let node = Node::bind_closed(loopback()).await.expect("a node");
    let gated = |numbers: &[u8]| Access::Gated(GateOptions::new(roots(numbers)));
    node.open_to(gated(&[1])).expect("the first time");
    node.open_to(gated(&[1])).expect("the same again");
    for other in [gated(&[2]), gated(&[1, 2]), Access::Open] {
        assert!(matches!(node.open_to(other), Err(AccessError::Other)));
    }
    let unusable = |edit: fn(&mut GateOptions, std::path::PathBuf)| {
        let mut options = GateOptions::new(roots(&[1]));
        edit(&mut options, std::env::temp_dir());
        options
    };
    let other = Node::bind_closed(loopback()).await.expect("a node");
    let nonces = other.open_to(Access::Gated(unusable(|options, path| options.nonces = Some(path))));
    assert!(matches!(nonces, Err(AccessError::Nonces(_))), "{nonces:?}");
    let lists = other.open_to(Access::Gated(unusable(|options, path| options.revocations = Some(path))));
    assert!(matches!(lists, Err(AccessError::Revocations(_))), "{lists:?}");
    for node in [node, other] {
        node.close().await;
    }
}
