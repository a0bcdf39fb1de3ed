//! The exchange of members: each side says whom it knows, on a connection of its own (`docs/registry.md#who-is-a-member`).
//!
//! The document of a node says nothing about others, so this is how a node that knows one member finds the rest. The gate
//! of the node stands in front of it, as of every protocol.

use std::sync::Arc;
use std::time::Duration;

use aster_net::PathInfo;
use iroh::EndpointAddr;
use iroh::endpoint::Connection;
use iroh::protocol::{AcceptError, ProtocolHandler};

use super::shared::Shared;
use crate::core::limit::EXCHANGE_BYTES;
use crate::core::member::Introductions;

/// The protocol of the exchange.
pub const ALPN: &[u8] = b"aster.registry/1";

/// How long an exchange may take.
const EXCHANGE: Duration = Duration::from_secs(5);

/// Answers exchanges.
#[derive(Debug, Clone)]
pub(crate) struct Exchange(pub(crate) Arc<Shared>);

impl ProtocolHandler for Exchange {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        let shared = &self.0;
        let peer = connection.remote_id().to_string();
        let exchange = async {
            let (mut send, mut recv) = connection.accept_bi().await.ok()?;
            let given = Introductions::from_json(&recv.read_to_end(EXCHANGE_BYTES).await.ok()?)?;
            hear(shared, &given, &peer);
            send.write_all(&answer(shared).await).await.ok()?;
            send.finish().ok()?;
            connection.closed().await;
            Some(())
        };
        if tokio::time::timeout(EXCHANGE, exchange).await.is_err() {
            connection.close(0u32.into(), b"");
        }
        Ok(())
    }
}

/// Asks a member whom it knows, and tells it whom this node knows. `false`: it does not answer.
pub(crate) async fn ask(shared: &Shared, address: EndpointAddr, left: bool) -> bool {
    let peer = address.id.to_string();
    let exchange = async {
        let told = told(shared, left).await.to_json();
        let connection = shared.node.endpoint().connect(address, ALPN).await.ok()?;
        let (mut send, mut recv) = connection.open_bi().await.ok()?;
        send.write_all(&told).await.ok()?;
        send.finish().ok()?;
        let given = recv.read_to_end(EXCHANGE_BYTES).await.ok()?;
        if let Some(path) = PathInfo::of(&connection) {
            shared.rtts().insert(peer.clone(), path.rtt);
        }
        connection.close(0u32.into(), b"");
        Introductions::from_json(&given)
    };
    match tokio::time::timeout(EXCHANGE, exchange).await {
        Ok(Some(given)) => {
            hear(shared, &given, &peer);
            true
        }
        _ => false,
    }
}

async fn answer(shared: &Shared) -> Vec<u8> {
    told(shared, false).await.to_json()
}

/// A node that serves nothing does not introduce itself: nobody could follow it.
async fn told(shared: &Shared, left: bool) -> Introductions {
    let serves = left || !shared.node.services().is_empty();
    let own = if serves { shared.directory.own_record(&shared.node, left).await } else { None };
    shared.directory.introductions(own)
}

fn hear(shared: &Shared, given: &Introductions, peer: &str) {
    for left in shared.directory.hear(given, peer, shared.now()) {
        shared.change(|book, _| book.forget(&left));
        shared.announced().remove(&left);
    }
}
