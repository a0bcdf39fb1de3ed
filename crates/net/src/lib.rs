//! Nodes, connections and calls: the protocol of `aster-wire` over iroh's QUIC.
//!
//! Layers, each knows those below it: `endpoint` (node, protocols, life cycle) on `call` (client and server calls that
//! are awaited, services) on `connection` (dialled, accepted, streams of frames) on `aster_wire::call` (state machines
//! without I/O); `admission` says who a peer is. Does not own bytes (crate `wire`), payload formats (crate `codec`),
//! identity of contracts (crate `contract`), nor anything of JavaScript (crate `port`). All tasks run on the tokio
//! runtime that the caller entered; a current-thread runtime costs a third of a pool's CPU.

pub mod admission;
mod call;
mod connection;
mod endpoint;
mod error;

pub use admission::Caller;
pub use aster_wire::call::Pattern;
pub use call::{
    Block, CallEnd, CallHandle, CallOptions, ClientCall, ClientEvent, ClientMethod, Compress, Framed,
    Handler, Message, Metadata, MethodDefinition, Mode, PayloadCodec, Registration, STREAM_BUDGET,
    ServerCall, ServerEvent, ServiceDefinition, Serving, codec_status,
};
pub use connection::{IncomingConnection, MESSAGE_OVERHEAD, OutgoingConnection, PathInfo};
pub use endpoint::{Node, NodeLimits, NodeOptions, RelayChoice, endpoint_id_of, generate_secret_key};
pub use error::{BindError, ConnectError, ServeError, status};

/// ALPN of RPC streams.
pub const ALPN_RPC: &[u8] = b"aster/1";
/// ALPN of the admission exchange that precedes every RPC connection.
pub const ALPN_CONSUMER_ADMISSION: &[u8] = b"aster.consumer_admission";
