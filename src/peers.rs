//! The peers that dialled a node, which it can call back (`docs/boundary.md#control-plane`).

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use aster_net::ServedConnection;
use napi::{Env, Result};
use napi_derive::napi;

use crate::connection::ServiceSummary;
use crate::error::{Failure, throwing};
use crate::registry::{NODES, PEERS, PORTS, PeerEntry};

/// A peer that is connected to a node.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct PeerFacts {
    /// Public key of the peer, 64 hex digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// Attributes of its credential.
    #[napi(readonly, ts_type = "Readonly<Record<string, string>>")]
    pub attributes: BTreeMap<String, String>,
    /// Roles of its credential.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub roles: Vec<String>,
    /// When its admission ends, in milliseconds since 1970; 0 for never.
    #[napi(readonly)]
    pub expires_at: f64,
    /// The services that it announced for calls back.
    #[napi(readonly, ts_type = "readonly ServiceSummary[]")]
    pub services: Vec<ServiceSummary>,
}

impl From<&ServedConnection> for PeerFacts {
    fn from(connection: &ServedConnection) -> Self {
        let caller = connection.caller();
        let expires_at = caller.expires_at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Self {
            endpoint_id: caller.endpoint_id.clone(),
            attributes: caller.attributes.iter().cloned().collect(),
            roles: caller.roles.iter().map(str::to_owned).collect(),
            expires_at: expires_at.map_or(0.0, |at| at.as_millis() as f64),
            services: connection.announced_services().iter().map(ServiceSummary::from).collect(),
        }
    }
}

/// The peers that are connected to a node.
#[napi(catch_unwind)]
pub fn node_peers(env: Env, node: u32) -> Result<Vec<PeerFacts>> {
    throwing(env, || {
        Ok(NODES.get(node)?.node.connected().iter().map(|peer| PeerFacts::from(&**peer)).collect())
    })
}

/// The peer with an endpoint id; null when it is not connected.
#[napi(catch_unwind)]
pub fn node_peer(env: Env, node: u32, endpoint_id: String) -> Result<Option<PeerFacts>> {
    throwing(env, || {
        let peer = NODES.get(node)?.node.peer(&endpoint_id);
        Ok(peer.and_then(|peer| peer.connection()).map(|peer| PeerFacts::from(&*peer)))
    })
}

/// A number for a peer that dialled the node, with which methods are registered as with that of a connection. It stands for
/// the peer also after the peer has connected again.
#[napi(catch_unwind)]
pub fn peer_open(env: Env, port: u32, node: u32, endpoint_id: String) -> Result<u32> {
    throwing(env, || {
        PORTS.get(port)?;
        let peer = NODES.get(node)?.node.peer(&endpoint_id);
        let peer = peer.ok_or_else(|| Failure::option("endpointId", "must be 64 hexadecimal digits"))?;
        Ok(PEERS.insert(PeerEntry { peer: peer.into(), node, owner: port }))
    })
}
