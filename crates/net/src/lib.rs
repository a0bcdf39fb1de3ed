//! Nodes, connections and calls: the protocol of `aster-wire` over iroh's QUIC.
//!
//! Owns deadlines, cancellation, flow control, limits, compression, transcoding and drain. Does not own
//! bytes (crate `wire`), payload formats (crate `codec`), identity of contracts (crate `contract`), nor
//! anything of Node: a [`Port`] moves [`Op`]s in and [`Event`]s out, whoever drives it. All tasks run on
//! the tokio runtime that the caller entered; a current-thread runtime costs a third of a pool's CPU.

mod admission;
mod block;
mod budget;
mod client;
mod error;
mod event;
mod framing;
mod mailbox;
mod node;
mod options;
mod payload;
mod peer;
mod port;
mod server;
mod service;

pub use client::ClientMethod;
pub use error::{BindError, ConnectError, status};
pub use event::{Event, Framed, IncomingCall, Op};
pub use node::{Node, endpoint_id_of, generate_secret_key};
pub use options::{NodeLimits, NodeOptions, RelayChoice};
pub use payload::{Compress, Mode, PayloadCodec, codec_status};
pub use peer::{Peer, PeerInfo};
pub use port::{Doorbell, Port};
pub use service::{MethodDefinition, Pattern, ServiceDefinition};

/// ALPN of RPC streams.
pub const ALPN_RPC: &[u8] = b"aster/1";
/// ALPN of the admission exchange that precedes every RPC connection.
pub const ALPN_CONSUMER_ADMISSION: &[u8] = b"aster.consumer_admission";
