//! The matrix of the gates: each state of a credential, at both protocols of admission, then each pattern and mode, in calls
//! and in sessions, with each thing that a call can lack.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use aster_net::{ALPN_CONSUMER_ADMISSION, ALPN_DESCRIBE, ALPN_PRODUCER_ADMISSION, ALPN_RPC, SessionEnd};
use aster_trust::attributes::NOT_BEFORE;
use aster_trust::credential::CredentialKind;
use aster_trust::key::EndpointId;
use aster_trust::revocation::RevocationList;
use aster_trust::time::UnixTime;
use aster_wire::admission::{ConsumerRequest, ConsumerResponse, ProducerResponse};
use aster_wire::record::{Encoding, StreamHeader};
use aster_wire::status::Code;
use iroh::endpoint::{Connection, ConnectionError};
use support::raw::{MODES, Raw, address_of, call_on, header};
use support::session::{RawSession, complete, facts, opening};
use support::{Folder, Gated, PATTERNS, Saying, Seen, in_time, loopback, root, seconds};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Wrong,
    Expired,
    NotYetValid,
    WrongRoot,
    WrongPeer,
    Replayed,
    Revoked,
    Right,
}

impl State {
    const ALL: [Self; 9] = [
        Self::Absent,
        Self::Wrong,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongRoot,
        Self::WrongPeer,
        Self::Replayed,
        Self::Revoked,
        Self::Right,
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Consumer,
    Producer,
}

impl At {
    const ALL: [Self; 2] = [Self::Consumer, Self::Producer];

    fn alpn(self) -> &'static [u8] {
        match self {
            Self::Consumer => ALPN_CONSUMER_ADMISSION,
            Self::Producer => ALPN_PRODUCER_ADMISSION,
        }
    }

    fn kind(self) -> CredentialKind {
        match self {
            Self::Consumer => CredentialKind::Policy,
            Self::Producer => CredentialKind::Producer,
        }
    }

    /// The answer, as whether the peer is in. All refusals are the same bytes.
    fn is_in(self, answer: &[u8]) -> bool {
        let (refusal, is_in) = match self {
            Self::Consumer => {
                let refusal = ConsumerResponse::refusal(&root(1).public_key().to_string()).to_bytes();
                (refusal, ConsumerResponse::from_bytes(answer).expect("a document").admitted)
            }
            Self::Producer => {
                let refusal = ProducerResponse::default().to_bytes();
                (refusal, ProducerResponse::from_bytes(answer).expect("a document").accepted)
            }
        };
        assert_eq!(is_in, refusal.expect("a document") != answer);
        is_in
    }
}

struct Matrix {
    server: Gated,
    _folder: Folder,
    revocations: u64,
}

impl Matrix {
    async fn start() -> Self {
        let folder = Folder::default();
        let server = Gated::with(loopback(), |options| options.nonces = Some(folder.file("nonces"))).await;
        Self { server: server.with_sessions(), _folder: folder, revocations: 0 }
    }

    async fn ask(&self, client: &Raw, at: At, credential: String) -> bool {
        let request = ConsumerRequest::new(credential);
        let request = request.to_bytes().expect("a request");
        let answer = client.ask(&address_of(&self.server.node).await, at.alpn(), &request).await;
        at.is_in(&answer.expect("an answer"))
    }

    /// A credential of this state for the client.
    async fn credential(&mut self, state: State, at: At, client: &Raw) -> String {
        let right = || Saying { kind: at.kind(), bound: Some(client.id()), ..Saying::default() };
        match state {
            State::Absent => String::new(),
            State::Wrong => right().text().replace("user", "admin"),
            State::Expired => Saying { lasts: -1, ..right() }.text(),
            State::NotYetValid => {
                let later = (NOT_BEFORE.to_owned(), (seconds() + 600).to_string());
                Saying { more: vec![later], ..right() }.text()
            }
            State::WrongRoot => Saying { root: 2, ..right() }.text(),
            State::WrongPeer => Saying { bound: Some(EndpointId::from_bytes([9; 32])), ..right() }.text(),
            State::Replayed => {
                let kind = CredentialKind::OneTime;
                let used = Saying { kind, bound: None, ..right() }.text();
                let first = Raw::new().await;
                assert!(self.ask(&first, At::Consumer, used.clone()).await, "the first use");
                used
            }
            State::Revoked => {
                let revoked = right().sign();
                self.revocations += 1;
                let (number, since) = (self.revocations, UnixTime::from_seconds(1));
                let list = RevocationList::sign(&root(1), number, since, [], [revoked.fingerprint()]);
                let list = list.expect("a list").to_json().into_bytes();
                assert_eq!(self.server.node.take_revocations(list).await.word(), "IN_FORCE");
                revoked.to_wire_json()
            }
            State::Right => right().text(),
        }
    }

    async fn connection(&self, client: &Raw, alpn: &[u8]) -> Connection {
        client.connect(&address_of(&self.server.node).await, alpn).await
    }

    /// Gate 0: every way to say something ends with the connection, before anything is read.
    async fn assert_shut_out(&mut self, client: &Raw, what: &str) {
        for (mode, encoding) in MODES {
            for (name, _) in PATTERNS {
                let connection = self.connection(client, ALPN_RPC).await;
                assert_not_admitted(call_on(&connection, &header(name, mode), encoding).await.err(), what);
            }
            let connection = self.connection(client, ALPN_RPC).await;
            assert_not_admitted(call_on(&connection, &opening(mode), encoding).await.err(), what);
        }
        let connection = self.connection(client, ALPN_DESCRIBE).await;
        assert_not_admitted(Some(in_time(connection.closed()).await), what);
        assert!(self.server.seen.try_recv().is_err(), "{what}: a handler ran");
    }

    /// Gates 2 and 3, each with what it lets through and what it stops.
    async fn assert_let_in(&mut self, client: &Raw, what: &str) {
        for (mode, encoding) in MODES {
            let connection = self.connection(client, ALPN_RPC).await;
            for (name, kind) in PATTERNS {
                let what = format!("{what}, {name}, mode {mode}");
                self.call(&connection, &header(name, mode), encoding, &what).await;
                let admin = header(&format!("admin_{name}"), mode);
                self.refused(&connection, &admin, encoding, Code::PermissionDenied).await;
                let other = StreamHeader { version: 7, ..header(name, mode) };
                self.refused(&connection, &other, encoding, Code::NotFound).await;
                self.refused(&connection, &header("zap", mode), encoding, Code::Unimplemented).await;
                self.in_session(&connection, mode, encoding, (name, kind), &what).await;
            }
            if encoding == Encoding::Fory {
                self.refused(&connection, &header("one", 9), encoding, Code::InvalidArgument).await;
                self.refused(&connection, &opening(9), encoding, Code::InvalidArgument).await;
            }
            let other = StreamHeader { version: 7, ..opening(mode) };
            self.refused(&connection, &other, encoding, Code::NotFound).await;
        }
        assert!(self.server.seen.try_recv().is_err(), "{what}: a handler ran for a refused call");
    }

    async fn call(&mut self, connection: &Connection, header: &StreamHeader, encoding: Encoding, what: &str) {
        let status = call_on(connection, header, encoding).await.expect("a status");
        assert!(status.is_ok(), "{what}: {status:?}");
        self.ran(&header.method, what).await;
    }

    async fn refused(&self, connection: &Connection, header: &StreamHeader, encoding: Encoding, code: Code) {
        let status = call_on(connection, header, encoding).await.expect("a status");
        assert_eq!(facts(&status).0, code, "{header:?}");
    }

    async fn ran(&mut self, name: &str, what: &str) {
        let Seen::Call { method, roles, .. } = self.server.next_seen().await else { panic!("{what}") };
        assert_eq!((method.as_str(), roles), (name, vec!["user".to_owned()]), "{what}");
    }

    async fn in_session(
        &mut self,
        connection: &Connection,
        mode: i64,
        encoding: Encoding,
        (name, kind): (&str, &str),
        what: &str,
    ) {
        let mut session = RawSession::open(connection, &opening(mode), encoding).await;
        assert!(matches!(self.server.next_seen().await, Seen::Opened { .. }));
        complete(&mut session, name, kind).await;
        self.ran(name, what).await;
        for (method, code) in
            [(format!("admin_{name}"), Code::PermissionDenied), ("zap".to_owned(), Code::Unimplemented)]
        {
            session.call(&method, None).await;
            assert_eq!(facts(&session.trailer().await).0, code, "{what}, in a session");
        }
        complete(&mut session, name, kind).await;
        self.ran(name, what).await;
        session.send.finish().expect("a finish");
        assert!(session.next().await.is_none(), "the session ends");
        assert_eq!(self.server.next_seen().await, Seen::Over(SessionEnd::Closed), "{what}");
    }
}

fn assert_not_admitted(ended: Option<ConnectionError>, what: &str) {
    let Some(ConnectionError::ApplicationClosed(close)) = ended else { panic!("{what}: {ended:?}") };
    assert_eq!((close.error_code.into_inner(), &close.reason[..]), (403, &b"not admitted"[..]), "{what}");
}

#[tokio::test]
async fn a_call_gets_through_the_gates_with_a_right_credential_alone() {
    let mut matrix = Matrix::start().await;
    for at in At::ALL {
        for state in State::ALL {
            let (client, what) = (Raw::new().await, format!("{at:?}, {state:?}"));
            let credential = matrix.credential(state, at, &client).await;
            assert_eq!(matrix.ask(&client, at, credential).await, state == State::Right, "{what}");
            if state == State::Right {
                matrix.assert_let_in(&client, &what).await;
            } else {
                matrix.assert_shut_out(&client, &what).await;
            }
        }
    }
    let counts = matrix.server.node.admissions();
    let of = |word: &str| counts.get(word).copied().unwrap_or_default();
    assert_eq!(of("ADMITTED"), 4, "two right ones, and two first uses: {counts:?}");
    assert_eq!(counts.values().sum::<u64>(), 20, "{counts:?}");
    for reason in
        ["NO_CREDENTIAL", "BAD_SIGNATURE", "EXPIRED", "NOT_YET_VALID", "WRONG_ROOT", "WRONG_PEER", "REVOKED"]
    {
        assert_eq!(of(reason), 2, "{reason}: {counts:?}");
    }
    assert_eq!(of("REPLAYED"), 1, "a one-time credential is of another kind at the gate for producers");
    matrix.server.node.close().await;
}
