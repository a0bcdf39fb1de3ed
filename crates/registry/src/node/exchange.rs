//! The exchange of members: each side says whom it knows, on a connection of its own (`docs/registry.md#who-is-a-member`).
//!
//! The document of a node says nothing about others, so this is how a node that knows one member finds the rest. The gate
//! of the node stands in front of it, as of every protocol. Owns the streams; what is said on them is in `core/exchange.rs`.

use std::sync::Arc;
use std::time::Duration;

use aster_net::PathInfo;
use iroh::EndpointAddr;
use iroh::endpoint::{Connection, RecvStream};
use iroh::protocol::{AcceptError, ProtocolHandler};

use super::shared::Shared;
use crate::core::limit::EXCHANGE_BYTES;
use crate::core::member::{Introductions, Record};

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
            let (mut send, recv) = connection.accept_bi().await.ok()?;
            let greeting = read(recv).await?;
            hear(shared, &greeting, &peer);
            let own = own(shared, false).await;
            let answer = shared.directory.say(own.as_ref(), |side| side.answer(&greeting));
            let same = answer.digest == greeting.digest;
            send.write_all(&answer.to_json()).await.ok()?;
            send.finish().ok()?;
            // A side that knows the same, or that leaves, has no more to say.
            if !same && greeting.digest.is_some() {
                let (mut send, recv) = connection.accept_bi().await.ok()?;
                hear(shared, &read(recv).await?, &peer);
                send.finish().ok()?;
            }
            connection.closed().await;
            Some(())
        };
        if tokio::time::timeout(EXCHANGE, exchange).await.is_err() {
            connection.close(0u32.into(), b"");
        }
        Ok(())
    }
}

/// Exchanges members with a member. `false`: it does not answer.
pub(crate) async fn ask(shared: &Shared, address: EndpointAddr, left: bool) -> bool {
    let peer = address.id.to_string();
    let exchange = async {
        let own = own(shared, left).await;
        let greeting = shared.directory.say(own.as_ref(), |side| side.greet(left));
        let connection = shared.node.endpoint().connect(address, ALPN).await.ok()?;
        let answer = tell(&connection, &greeting).await?;
        let answer = Introductions::from_json(&answer)?;
        let rest = shared.directory.say(own.as_ref(), |side| side.rest(&greeting, &answer));
        if let Some(rest) = rest {
            tell(&connection, &rest).await?;
        }
        if let Some(path) = PathInfo::of(&connection) {
            shared.rtts().insert(peer.clone(), path.rtt);
        }
        connection.close(0u32.into(), b"");
        Some(answer)
    };
    match tokio::time::timeout(EXCHANGE, exchange).await {
        Ok(Some(given)) => {
            hear(shared, &given, &peer);
            true
        }
        _ => false,
    }
}

/// Sends a message on a stream of its own, and reads what comes back.
async fn tell(connection: &Connection, message: &Introductions) -> Option<Vec<u8>> {
    let (mut send, mut recv) = connection.open_bi().await.ok()?;
    send.write_all(&message.clone().to_json()).await.ok()?;
    send.finish().ok()?;
    recv.read_to_end(EXCHANGE_BYTES).await.ok()
}

async fn read(mut recv: RecvStream) -> Option<Introductions> {
    Introductions::from_json(&recv.read_to_end(EXCHANGE_BYTES).await.ok()?)
}

/// The record of this node. A node that serves nothing does not introduce itself: nobody could follow it.
async fn own(shared: &Shared, left: bool) -> Option<Record> {
    let serves = left || !shared.node.services().is_empty();
    if serves { shared.directory.own_record(&shared.node, left).await } else { None }
}

fn hear(shared: &Shared, given: &Introductions, peer: &str) {
    for left in shared.directory.hear(given, peer, shared.now()) {
        shared.change(|book, _| book.forget(&left));
        shared.announced().remove(&left);
    }
}
