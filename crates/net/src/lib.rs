//! Nodes, connections and calls: the protocol of `aster-wire` on iroh's QUIC.
//!
//! Layers, from the top; each uses only those below it: `endpoint` (node, protocols, life cycle), `call` (client
//! calls, server calls, services), `connection` (outgoing, incoming, streams of frames), `aster_wire::call` (state
//! machines without I/O). `admission` identifies peers. Other crates own the frames and records (`wire`), payloads
//! (`codec`), contract ids (`contract`) and the interface to JavaScript (`port`). All tasks run on the tokio runtime
//! that is current when they are started. A runtime with one thread needs a third of the CPU of a thread pool.

mod admission;
mod call;
mod connection;
mod description;
mod endpoint;
mod error;

pub use admission::{
    Access, AccessError, Caller, Clock, GateOptions, MAX_PUSH_BYTES, Narrowing, Pushed, Revoking,
};
pub use aster_wire::call::Pattern;
pub use call::{
    Agreement, Block, CallEnd, CallHandle, CallOptions, ClientCall, ClientEvent, ClientMethod, ClientSession,
    ClosedBy, Compress, FIRST_WINDOW, Framed, Handler, Message, Metadata, MethodDefinition, Mode,
    OpenFailure, OpenSession, PayloadCodec, Registration, STREAM_BUDGET, ServedSession, ServerCall,
    ServerEvent, ServiceDefinition, Serving, SessionClosed, SessionDriver, SessionEnd, SessionHandler,
    SessionOptions, UNREAD, Verdict, Widened, codec_status,
};
pub use connection::{
    Callee, ConnectedPeer, ConnectionState, MESSAGE_OVERHEAD, OutgoingConnection, PathInfo, RelayPolicy,
    ServedConnection, Traffic, set_default_process_bytes,
};
pub use description::ServiceDescription;
pub use endpoint::{
    Dial, Discovery, Node, NodeLimits, NodeOptions, OwnRelays, RelayChoice, ServerAccess, endpoint_id_of,
    generate_secret_key,
};
pub use error::{BindError, ConnectError, ServeError, status};

/// ALPN of RPC streams.
pub const ALPN_RPC: &[u8] = b"aster/1";
/// ALPN of the admission exchange, which comes before every RPC connection.
pub const ALPN_CONSUMER_ADMISSION: &[u8] = b"aster.consumer_admission";
/// ALPN of the exchange in which a client asks for the description of a service.
pub const ALPN_DESCRIBE: &[u8] = b"aster.describe";
/// ALPN of the admission exchange of producers.
pub const ALPN_PRODUCER_ADMISSION: &[u8] = b"aster.producer_admission";
/// ALPN on which a node takes revocation lists.
pub const ALPN_REVOCATION: &[u8] = b"aster.revocation";
