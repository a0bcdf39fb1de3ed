//! Network paths of connections, and round trips (`docs/boundary.md#paths`).

use std::sync::Arc;

use aster_net::{PathInfo, ServedConnection, Traffic};
use aster_wire::status::Code;
use napi::{Env, Result};
use napi_derive::napi;

use crate::connection::dialled;
use crate::error::{Failure, Outcome, throwing};
use crate::options::milliseconds;
use crate::registry::{NODES, PEERS, PORTS};
use crate::settle::{settle, take};

/// The network path of a connection now.
///
/// @example
/// ```ts
/// const inWords = ({ kind, rttMs }: ConnectionPath): string =>
///   kind === "none" ? "not connected" : `${kind}, ${rttMs} ms`;
/// ```
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ConnectionPath {
    /// `direct`: packets go straight to the peer. `relay`: a relay passes them on. `none`: there is no connection, or no path is
    /// chosen yet.
    #[napi(readonly, ts_type = "'direct' | 'relay' | 'none'")]
    pub kind: String,
    /// `ip:port` of the peer, or the URL of the relay; null for `none`.
    #[napi(readonly)]
    pub address: Option<String>,
    /// The round-trip time in milliseconds, as the transport estimates it; null for `none`.
    #[napi(readonly)]
    pub rtt_ms: Option<f64>,
    /// Bytes in both directions over direct paths, with the headers of QUIC.
    #[napi(readonly)]
    pub bytes_direct: f64,
    /// Bytes in both directions through relays.
    #[napi(readonly)]
    pub bytes_relayed: f64,
}

impl ConnectionPath {
    fn of(path: Option<PathInfo>, traffic: Traffic) -> Self {
        let kind = path.as_ref().map_or("none", |path| if path.relayed { "relay" } else { "direct" });
        Self {
            kind: kind.to_owned(),
            rtt_ms: path.as_ref().map(|path| path.rtt.as_secs_f64() * 1000.0),
            address: path.map(|path| path.remote_address),
            bytes_direct: traffic.direct as f64,
            bytes_relayed: traffic.relayed as f64,
        }
    }
}

/// The path to a peer that is called, with the bytes of all connections to it.
#[napi(catch_unwind)]
pub fn connection_path(env: Env, connection: u32) -> Result<ConnectionPath> {
    throwing(env, || {
        let peer = PEERS.get(connection)?.peer;
        Ok(ConnectionPath::of(peer.path(), peer.traffic()))
    })
}

/// A connection on which a peer calls.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct PeerConnection {
    /// The number in the PEER event; null: the newest connection of a peer of a node.
    pub connection: Option<u32>,
    /// The number of the node.
    pub node: Option<u32>,
    /// The peer of the node.
    pub endpoint_id: Option<String>,
}

impl PeerConnection {
    fn find(self, port: u32) -> Outcome<Option<Arc<ServedConnection>>> {
        match (self.connection, self.node, self.endpoint_id) {
            (Some(number), ..) => Ok(PORTS.get(port)?.port.connection(number)),
            (None, Some(node), Some(id)) => {
                Ok(NODES.get(node)?.node.peer(&id).and_then(|peer| peer.connection()))
            }
            _ => Err(Failure::option("connection", "names no connection")),
        }
    }
}

/// The path of a connection on which a peer calls; null when the connection is gone.
#[napi(catch_unwind)]
pub fn peer_path(env: Env, port: u32, connection: PeerConnection) -> Result<Option<ConnectionPath>> {
    throwing(env, || {
        let open = connection.find(port)?;
        Ok(open.map(|open| ConnectionPath::of(open.path(), open.traffic())))
    })
}

/// Waits until the packets of a connection on which a peer calls take another path than this. The result is a `ConnectionPath`;
/// the request fails when the connection is gone.
#[napi(catch_unwind)]
pub fn peer_path_changed(
    env: Env,
    port: u32,
    request: u32,
    connection: PeerConnection,
    relayed: bool,
    address: Option<String>,
) -> Result<()> {
    throwing(env, || {
        let open = connection.find(port)?;
        settle(port, request, async move {
            let gone = || Failure::handle("connection");
            let open = open.ok_or_else(gone)?;
            let known = address.as_deref().map(|address| (address, relayed));
            if !open.takes_other_path(known).await {
                return Err(gone());
            }
            Ok(ConnectionPath::of(open.path(), open.traffic()))
        })
    })
}

/// Takes the result of `peerPathChanged`.
#[napi(catch_unwind)]
pub fn take_connection_path(env: Env, port: u32, request: u32) -> Result<ConnectionPath> {
    throwing(env, || take(port, request))
}

/// Sends a call to the server that no service answers, and waits for its status. The result is the time in milliseconds. Fails with
/// DEADLINE_EXCEEDED after `timeout_ms`.
#[napi(catch_unwind)]
pub fn connection_ping(env: Env, port: u32, request: u32, connection: u32, timeout_ms: f64) -> Result<()> {
    throwing(env, || {
        let peer = dialled(connection)?;
        let limit = milliseconds("timeoutMs", timeout_ms)?;
        settle(port, request, async move {
            let pinged = tokio::time::timeout(limit, peer.ping()).await;
            let late =
                |_| Failure::new(Code::DeadlineExceeded, format_args!("no answer within {timeout_ms} ms"));
            let time = pinged.map_err(late)?.map_err(Failure::from_status)?;
            Ok(time.as_secs_f64() * 1000.0)
        })
    })
}

/// Takes the result of `connectionPing`.
#[napi(catch_unwind)]
pub fn take_ping(env: Env, port: u32, request: u32) -> Result<f64> {
    throwing(env, || take(port, request))
}
