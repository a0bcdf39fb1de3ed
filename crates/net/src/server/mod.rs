//! The server side of a connection: accepts streams at the pace that the peer's behaviour allows.

mod call;
mod flood;
mod header;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use iroh::endpoint::Connection;

use crate::budget::PeerBudget;
use crate::event::Event;
use crate::framing::{FrameReader, FrameWriter};
use crate::node::Node;
use crate::peer::SelectedPath;
use crate::port::Port;
use flood::ResetGuard;

/// One peer's connection.
#[derive(Debug)]
pub(crate) struct ServerConnection {
    pub(crate) node: Arc<Node>,
    number: u32,
    connection: Connection,
    budget: PeerBudget,
    resets: ResetGuard,
    /// Ports that were told about this connection.
    told: Mutex<Vec<Arc<Port>>>,
}

impl ServerConnection {
    /// The number under which `port` knows this connection; tells it first if it does not.
    fn introduce(&self, port: &Arc<Port>) -> u32 {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|known| !known.is_closed());
        if !told.iter().any(|known| Arc::ptr_eq(known, port)) {
            told.push(Arc::clone(port));
            let path = SelectedPath::of(&self.connection);
            let json = serde_json::json!({
                "endpointId": self.connection.remote_id().to_string(),
                "path": path.as_ref().map(|path| if path.relayed { "relay" } else { "direct" }),
                "remoteAddress": path.map(|path| path.remote_address),
            })
            .to_string();
            port.push(Event::Peer { connection: self.number, json });
        }
        self.number
    }
}

pub(crate) async fn serve_connection(node: Arc<Node>, connection: Connection) {
    let limits = node.limits();
    let this = Arc::new(ServerConnection {
        number: node.next_connection.fetch_add(1, Ordering::Relaxed),
        connection: connection.clone(),
        budget: PeerBudget::new(limits.peer_bytes, limits.body_timeout),
        resets: ResetGuard::new(limits.reset_burst, limits.resets_per_second),
        told: Mutex::default(),
        node: Arc::clone(&node),
    });
    loop {
        this.resets.pace().await;
        // Any error here means that the connection is over; its streams learn that by themselves.
        let Ok((send, recv)) = connection.accept_bi().await else {
            break;
        };
        let reader = FrameReader::new(recv, this.budget.clone(), limits.body_timeout);
        let connection = Arc::clone(&this);
        tokio::spawn(call::serve_stream(connection, FrameWriter::new(send), reader));
    }
    for port in this.told.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        port.push(Event::PeerGone { connection: this.number });
    }
}
