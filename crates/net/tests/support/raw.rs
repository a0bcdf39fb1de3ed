//! A client that writes the bytes of the protocol itself, so that it can leave steps out.

use aster_net::{ALPN_CONSUMER_ADMISSION, ALPN_RPC, Node};
use aster_trust::key::EndpointId;
use aster_wire::address;
use aster_wire::admission::ConsumerRequest;
use aster_wire::frame::{self, flag};
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use iroh::endpoint::{Connection, ConnectionError, ReadToEndError, presets};
use iroh::{Endpoint, EndpointAddr, RelayMode, SecretKey, TransportAddr};

use super::in_time;

/// A node without any rule of ours.
pub struct Raw(pub Endpoint);

/// A way to make a call: mode number and encoding of records.
pub const MODES: [(i64, Encoding); 2] = [(0, Encoding::Fory), (3, Encoding::Json)];

pub async fn address_of(node: &Node) -> EndpointAddr {
    let address = address::parse(&node.ticket().await).expect("a ticket");
    let id = iroh::EndpointId::from_bytes(&address.endpoint_id).expect("an id");
    EndpointAddr::from_parts(id, address.direct.into_iter().map(TransportAddr::Ip))
}

impl Raw {
    pub async fn new() -> Self {
        Self::with_key(SecretKey::generate()).await
    }

    pub async fn with_key(key: SecretKey) -> Self {
        let endpoint = Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled).secret_key(key);
        Self(endpoint.bind().await.expect("an endpoint"))
    }

    pub fn id(&self) -> EndpointId {
        EndpointId::from_bytes(*self.0.id().as_bytes())
    }

    pub async fn connect(&self, to: &EndpointAddr, alpn: &[u8]) -> Connection {
        in_time(self.0.connect(to.clone(), alpn)).await.expect("a connection")
    }

    /// Sends bytes on a protocol of admission; the answer.
    pub async fn ask(
        &self,
        to: &EndpointAddr,
        alpn: &[u8],
        request: &[u8],
    ) -> Result<Vec<u8>, ReadToEndError> {
        let connection = self.connect(to, alpn).await;
        let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
        // The server may have stopped reading.
        let _ = send.write_all(request).await;
        let _ = send.finish();
        in_time(recv.read_to_end(1 << 20)).await
    }

    /// Presents a credential; the answer as it came.
    pub async fn present(&self, to: &EndpointAddr, credential: &str) -> Vec<u8> {
        let request = ConsumerRequest::new(credential.to_owned());
        let request = request.to_bytes().expect("a request");
        self.ask(to, ALPN_CONSUMER_ADMISSION, &request).await.expect("an answer")
    }

    /// Makes a call, on a connection of its own; its status, or why the connection ended.
    pub async fn call(
        &self,
        to: &EndpointAddr,
        header: &StreamHeader,
        encoding: Encoding,
    ) -> Result<RpcStatus, ConnectionError> {
        let connection = self.connect(to, ALPN_RPC).await;
        call_on(&connection, header, encoding).await
    }
}

pub fn header(method: &str, mode: i64) -> StreamHeader {
    StreamHeader {
        service: "S".to_owned(),
        method: method.to_owned(),
        version: 1,
        serialization_mode: mode,
        ..StreamHeader::default()
    }
}

/// Makes a call whose request is one message.
pub async fn call_on(
    connection: &Connection,
    header: &StreamHeader,
    encoding: Encoding,
) -> Result<RpcStatus, ConnectionError> {
    let (mut send, mut recv) = connection.open_bi().await?;
    let head = frame::encode(flag::HEADER, &header.encode(encoding)).expect("a header");
    let body = frame::encode(0, super::session::message(encoding)).expect("a message");
    let _ = send.write_all(&[head, body].concat()).await;
    let _ = send.finish();
    let Ok(answer) = in_time(recv.read_to_end(1 << 20)).await else {
        return Err(in_time(connection.closed()).await);
    };
    let mut decoder = frame::Decoder::new(frame::MAX_BODY);
    decoder.push(answer.into());
    while let Some(frame) = decoder.next().expect("a frame") {
        if frame.has(flag::TRAILER) {
            return Ok(RpcStatus::decode(&frame.payload).expect("a status").0);
        }
    }
    panic!("no trailer")
}
