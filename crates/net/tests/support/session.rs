//! A stream of a session, frame by frame.

use aster_wire::call::REASON_DETAIL;
use aster_wire::frame::{self, Decoder, Frame, MAX_BODY, flag};
use aster_wire::record::{CallHeader, Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;
use iroh::endpoint::{Connection, RecvStream, SendStream};

use super::raw::header;
use super::{in_time, pattern};

/// The header that opens a session of the session service.
pub fn opening(mode: i64) -> StreamHeader {
    StreamHeader { service: "T".to_owned(), ..header("", mode) }
}

/// Code and reason word of a status.
pub fn facts(status: &RpcStatus) -> (Code, &str) {
    let reason = status.details.iter().find(|(name, _)| name == REASON_DETAIL);
    (Code::from_number(status.code).expect("a code"), reason.map_or("", |(_, word)| word))
}

/// A request of the dynamic type.
pub fn message(encoding: Encoding) -> &'static [u8] {
    if encoding == Encoding::Json { b"\"x\"" } else { b"\x02\xff\x15\x06x" }
}

/// Makes a call of a session from its beginning to its end.
pub async fn complete(session: &mut RawSession, name: &str, kind: &str) {
    session.call(name, Some(message(session.encoding))).await;
    let pattern = pattern(kind);
    if pattern.request_stream {
        session.end_input().await;
    }
    if pattern.response_stream {
        assert_eq!(session.trailer().await.code, 0, "{name}");
    } else {
        session.message().await;
    }
}

pub struct RawSession {
    pub send: SendStream,
    pub recv: RecvStream,
    decoder: Decoder,
    encoding: Encoding,
}

impl RawSession {
    /// A stream on which nothing was said.
    pub async fn stream(connection: &Connection) -> Self {
        let (send, recv) = in_time(connection.open_bi()).await.expect("a stream");
        Self { send, recv, decoder: Decoder::new(MAX_BODY), encoding: Encoding::Fory }
    }

    /// Opens a session, or a call when the header names a method.
    pub async fn open(connection: &Connection, header: &StreamHeader, encoding: Encoding) -> Self {
        let mut session = Self { encoding, ..Self::stream(connection).await };
        session.write(flag::HEADER, &header.encode(encoding)).await;
        session
    }

    pub async fn write(&mut self, flags: u8, payload: &[u8]) {
        let bytes = frame::encode(flags, payload).expect("a frame");
        in_time(self.send.write_all(&bytes)).await.expect("a write");
    }

    pub async fn call(&mut self, method: &str, request: Option<&[u8]>) {
        self.call_with(method, &[]).await;
        if let Some(request) = request {
            self.write(0, request).await;
        }
    }

    /// Begins a call that says something about its caller.
    pub async fn call_with(&mut self, method: &str, metadata: &[(&str, &str)]) {
        let metadata = metadata.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let header = CallHeader { method: method.to_owned(), metadata, ..CallHeader::default() };
        self.write(flag::CALL, &header.encode(self.encoding)).await;
    }

    pub async fn end_input(&mut self) {
        self.write(flag::TRAILER, &RpcStatus::ok().encode(self.encoding)).await;
    }

    /// The next frame; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next().expect("frames") {
                return Some(frame);
            }
            let chunk = in_time(self.recv.read_chunk(1 << 16)).await.expect("a read")?;
            self.decoder.push(chunk);
        }
    }

    pub async fn message(&mut self) -> Vec<u8> {
        let frame = self.next().await.expect("a frame");
        assert_eq!(frame.flags, 0, "{:?}", RpcStatus::decode(&frame.payload));
        frame.payload.to_vec()
    }

    /// The status of a call or of the session, whole.
    pub async fn trailer(&mut self) -> RpcStatus {
        let frame = self.next().await.expect("a trailer");
        assert!(frame.has(flag::TRAILER), "{frame:?}");
        RpcStatus::decode(&frame.payload).expect("a status").0
    }

    pub async fn status(&mut self) -> (Code, String) {
        let status = self.trailer().await;
        (Code::from_number(status.code).expect("a code"), status.message)
    }

    /// The session still answers.
    pub async fn check_usable(&mut self) {
        self.call("one", Some(b"still here")).await;
        assert_eq!(self.message().await, b"still here");
    }
}
