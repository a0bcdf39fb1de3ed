//! Numbers for the connections whose calls are delivered to a port.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use aster_net::IncomingConnection;

use crate::event::PeerFacts;

/// The connections that a port knows, by memory address. Each is kept alive while it is known, so no two of them have
/// the same address.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<usize, (u32, Arc<IncomingConnection>)>,
    last: u32,
}

impl Connections {
    /// The number of a connection on this port, and whether it is new. For a new connection `introduce` runs before
    /// any other call can get the number.
    pub(crate) fn number(
        &self,
        connection: &Arc<IncomingConnection>,
        introduce: impl FnOnce(u32, PeerFacts),
    ) -> (u32, bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let next = known.last + 1;
        match known.numbers.entry(Arc::as_ptr(connection) as usize) {
            Entry::Occupied(entry) => (entry.get().0, false),
            Entry::Vacant(entry) => {
                entry.insert((next, Arc::clone(connection)));
                known.last = next;
                introduce(next, facts(connection));
                (next, true)
            }
        }
    }

    pub(crate) fn forget(&self, connection: &Arc<IncomingConnection>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.numbers.remove(&(Arc::as_ptr(connection) as usize));
    }
}

fn facts(connection: &IncomingConnection) -> PeerFacts {
    let caller = connection.caller();
    let path = connection.path();
    let expires_at = caller.expires_at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    PeerFacts {
        endpoint_id: caller.endpoint_id.clone(),
        attributes: caller.attributes.clone(),
        roles: caller.roles.clone(),
        expires_at_ms: expires_at.map_or(0.0, |at| at.as_millis() as f64),
        relayed: path.as_ref().map(|path| path.relayed),
        remote_address: path.map(|path| path.remote_address).unwrap_or_default(),
    }
}
