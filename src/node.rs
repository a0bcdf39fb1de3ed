//! Nodes: starting, sharing, information, draining and closing (`docs/boundary.md#control-plane`).

use std::collections::BTreeMap;
use std::sync::Arc;

use aster_net::Node;
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Outcome, throwing};
use crate::options::{StartOptions, milliseconds};
use crate::registry::{NODES, NodeEntry, PEERS, PORTS};
use crate::registry_slot::RegistrySlot;
use crate::settle::{settle, take};
use crate::shared;

/// A node that was started.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct StartedNode {
    /// Number of the node.
    #[napi(readonly)]
    pub node: u32,
    /// Endpoint id, 64 hex digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// `ip:port` of each address at which peers may dial the node, best first.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub direct_addresses: Vec<String>,
    /// URL of the relay in use, or null.
    #[napi(readonly)]
    pub relay_url: Option<String>,
    /// The address of the node as `aster1` text.
    #[napi(readonly)]
    pub ticket: String,
}

/// Addresses and load of a node.
///
/// @example
/// ```ts
/// const node = await AsterNode.start({ bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
/// const facts: NodeFacts = await node.info();
/// console.log(facts.directAddresses, facts.openCalls);
/// await node.close();
/// ```
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct NodeFacts {
    /// The public key, 64 hex digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// `ip:port` of each address at which peers may dial the node, best first.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub direct_addresses: Vec<String>,
    /// URL of the relay in use, or null.
    #[napi(readonly)]
    pub relay_url: Option<String>,
    /// The text that a client needs to connect.
    #[napi(readonly)]
    pub ticket: String,
    /// Calls that were accepted and have not ended.
    #[napi(readonly)]
    pub open_calls: u32,
    /// New calls are refused.
    #[napi(readonly)]
    pub draining: bool,
    /// How often each outcome of an admission was: `ADMITTED`, or the word for why a peer was refused. Empty with open
    /// access.
    #[napi(readonly, ts_type = "Readonly<Record<string, number>>")]
    pub admissions: BTreeMap<String, f64>,
}

/// Binds an endpoint. The result is a `StartedNode`.
#[napi(catch_unwind)]
pub fn node_start(env: Env, port: u32, request: u32, options: StartOptions) -> Result<()> {
    throwing(env, || {
        let options = options.check()?;
        settle(port, request, async move {
            let node = options.bind(false).await?;
            register(NodeEntry { node, owner: port, share: None, registry: RegistrySlot::default() }).await
        })
    })
}

/// Returns an endpoint that all users with equal options share. The result is a `StartedNode` whose number belongs
/// only to this user. Closing that number closes the connections of this user. The endpoint is closed after its last
/// user.
#[napi(catch_unwind)]
pub fn node_share(env: Env, port: u32, request: u32, options: StartOptions) -> Result<()> {
    throwing(env, || {
        let options = options.check()?;
        settle(port, request, async move {
            let (node, share) = shared::join(options).await?;
            let registry = share.registry();
            register(NodeEntry { node, owner: port, share: Some(share), registry }).await
        })
    })
}

/// Takes the result of `nodeStart` or `nodeShare`.
#[napi(catch_unwind)]
pub fn take_started_node(env: Env, port: u32, request: u32) -> Result<StartedNode> {
    throwing(env, || take(port, request))
}

async fn register(entry: NodeEntry) -> Outcome<StartedNode> {
    let NodeFacts { endpoint_id, direct_addresses, relay_url, ticket, .. } = facts(&entry.node).await;
    let owner = entry.owner;
    let node = NODES.insert(entry);
    // The environment ended in the meantime, before this node was in the list of nodes to close.
    if let Err(gone) = PORTS.get(owner) {
        if let Some(entry) = NODES.remove(node) {
            entry.close().await;
        }
        return Err(gone);
    }
    Ok(StartedNode { node, endpoint_id, direct_addresses, relay_url, ticket })
}

async fn facts(node: &Node) -> NodeFacts {
    let admissions = node.admissions().into_iter();
    NodeFacts {
        endpoint_id: node.endpoint_id(),
        direct_addresses: node.direct_addresses().await.iter().map(ToString::to_string).collect(),
        relay_url: node.relay_url(),
        ticket: node.ticket().await,
        open_calls: node.open_calls() as u32,
        draining: node.is_draining(),
        admissions: admissions.map(|(word, count)| (word.to_owned(), count as f64)).collect(),
    }
}

/// The result is a `NodeFacts`.
#[napi(catch_unwind)]
pub fn node_info(env: Env, port: u32, request: u32, node: u32) -> Result<()> {
    throwing(env, || {
        let entry = NODES.get(node)?;
        settle(port, request, async move { Ok(facts(&entry.node).await) })
    })
}

/// Takes the result of `nodeInfo`.
#[napi(catch_unwind)]
pub fn take_node_facts(env: Env, port: u32, request: u32) -> Result<NodeFacts> {
    throwing(env, || take(port, request))
}

/// Stops accepting, waits for accepted calls, and cancels the remaining ones after `timeout_ms`. There is no result
/// value.
#[napi(catch_unwind)]
pub fn node_drain(env: Env, port: u32, request: u32, node: u32, timeout_ms: f64) -> Result<()> {
    throwing(env, || {
        let entry = NODES.get(node)?;
        let timeout = milliseconds("options.timeoutMs", timeout_ms)?;
        settle(port, request, async move {
            // A shared endpoint serves no calls, and others still use it.
            if entry.share.is_none() {
                entry.registry.drain().await;
                entry.node.drain(timeout).await;
            }
            Ok(())
        })
    })
}

/// Closes a node and its connections. There is no result value. Can be called twice.
#[napi(catch_unwind)]
pub fn node_close(env: Env, port: u32, request: u32, node: u32) -> Result<()> {
    throwing(env, || {
        let entry = NODES.remove(node);
        let peers = PEERS.remove_where(|peer| peer.node == node);
        settle(port, request, async move {
            for entry in peers {
                entry.peer.close();
            }
            if let Some(entry) = entry {
                let (node, owner) = (Arc::clone(&entry.node), entry.owner);
                entry.close().await;
                // Not before: calls that arrive while the node closes are refused as UNAVAILABLE, not as NOT_FOUND.
                if let Ok(owner) = PORTS.get(owner) {
                    owner.port.unserve(&node);
                }
            }
            Ok(())
        })
    })
}
