//! Calls back: the server of an outgoing connection calls the services of this node, on streams that it opens there.
//!
//! Owns who the server is as a caller, and what is announced to it. The streams are served like those of every connection.

use std::sync::Arc;

use aster_trust::attributes::Roles;
use aster_wire::admission::ServiceSummary;
use iroh::EndpointId;
use iroh::endpoint::Connection;

use super::{Node, NodeLimits};
use crate::admission::{Caller, Entered, Presence, Purpose};
use crate::connection::{CallsBack, PeerBudget, reset_streams};

/// What a dialled server may call on this node, over the connection to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ServerAccess {
    /// Nothing. Nothing is announced, and the streams that the server opens are reset.
    #[default]
    Nothing,
    /// What it could call if it had dialled this node: see [`Node::open_to`].
    AsCaller,
    /// All services, with these roles. The server needs no credential, because this node chose to dial its key.
    Roles(Roles),
}

/// The server of an exchange that opens no streams.
#[derive(Debug)]
pub(super) struct Silent;

impl CallsBack for Silent {
    fn announcement(&self, _: &EndpointId) -> Vec<ServiceSummary> {
        Vec::new()
    }

    fn serve(&self, _: Connection, _: PeerBudget) {}
}

/// A server that may call nothing.
#[derive(Debug)]
pub(super) struct NoCalls(pub(super) NodeLimits);

impl CallsBack for NoCalls {
    fn announcement(&self, _: &EndpointId) -> Vec<ServiceSummary> {
        Vec::new()
    }

    fn serve(&self, connection: Connection, _: PeerBudget) {
        let limits = self.0.clone();
        tokio::spawn(async move { reset_streams(&connection, &limits).await });
    }
}

/// A server that may call this node.
#[derive(Debug)]
pub(super) struct AnsweredServer {
    node: Arc<Node>,
    access: ServerAccess,
}

impl AnsweredServer {
    pub(super) fn new(node: Arc<Node>, access: ServerAccess) -> Self {
        Self { node, access }
    }
}

impl CallsBack for AnsweredServer {
    fn announcement(&self, server: &EndpointId) -> Vec<ServiceSummary> {
        let may_call = match self.access {
            ServerAccess::Nothing => false,
            ServerAccess::AsCaller => self.node.gates.admits(server),
            ServerAccess::Roles(_) => true,
        };
        if may_call { self.node.summaries(None) } else { Vec::new() }
    }

    fn serve(&self, connection: Connection, budget: PeerBudget) {
        tokio::spawn(answer(Arc::clone(&self.node), self.access.clone(), connection, budget));
    }
}

async fn answer(node: Arc<Node>, access: ServerAccess, connection: Connection, budget: PeerBudget) {
    if let Some((presence, entered)) = enter(&node, access, &connection) {
        let served = node.served(presence, connection.clone(), budget, Arc::default());
        node.serve_streams(&served).await;
        drop(entered);
    }
    // The server was not admitted, or its admission has ended: the calls of this side go on.
    reset_streams(&connection, node.limits()).await;
}

/// Who the server is as a caller. `None`: it may not call.
fn enter(
    node: &Node,
    access: ServerAccess,
    connection: &Connection,
) -> Option<(Arc<Presence>, Option<Entered>)> {
    match access {
        ServerAccess::Nothing => None,
        ServerAccess::AsCaller => {
            let entered = node.gates.enter(connection, Purpose::Use);
            entered.ok().map(|entered| (Arc::clone(&entered.presence), Some(entered)))
        }
        ServerAccess::Roles(roles) => {
            let endpoint_id = connection.remote_id().to_string();
            let caller = Caller { roles, ..Caller::anonymous(endpoint_id) };
            Some((Presence::lasting(caller), None))
        }
    }
}
