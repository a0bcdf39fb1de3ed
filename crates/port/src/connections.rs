//! Numbers for the connections whose calls are delivered to a port.
//!
//! A number stands for a connection and for who its peer is: after another admission the same connection has another number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use aster_net::{Caller, ServedConnection};

use crate::event::PeerFacts;

/// How many admissions of one connection are known at a time. A call of an earlier one knows nothing about its peer.
const MOST_ADMISSIONS: usize = 4;

/// The connections that a port knows, by memory address. Each is kept alive while it is known, so no two of them have
/// the same address.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    connections: HashMap<usize, Connection>,
    /// The connection of each number.
    numbers: HashMap<u32, Arc<ServedConnection>>,
    last: u32,
}

#[derive(Debug)]
struct Connection {
    /// Keeps the address in use.
    _connection: Arc<ServedConnection>,
    /// The newest last.
    admissions: Vec<(u32, Arc<Caller>)>,
}

impl Connections {
    /// The number of a connection on this port, and whether the connection is new. For a new number `introduce` runs before
    /// any other call can get it; its last argument is a number that ends.
    pub(crate) fn number(
        &self,
        connection: &Arc<ServedConnection>,
        caller: &Arc<Caller>,
        introduce: impl FnOnce(u32, PeerFacts, Option<u32>),
    ) -> (u32, bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { connections, numbers, last } = &mut *known;
        let entry = connections
            .entry(Arc::as_ptr(connection) as usize)
            .or_insert_with(|| Connection { _connection: Arc::clone(connection), admissions: Vec::new() });
        let admissions = &mut entry.admissions;
        if let Some((number, _)) = admissions.iter().find(|(_, known)| Arc::ptr_eq(known, caller)) {
            return (*number, false);
        }
        let is_new = admissions.is_empty();
        *last += 1;
        let oldest = (admissions.len() >= MOST_ADMISSIONS).then(|| admissions.remove(0).0);
        admissions.push((*last, Arc::clone(caller)));
        numbers.insert(*last, Arc::clone(connection));
        if let Some(oldest) = &oldest {
            numbers.remove(oldest);
        }
        introduce(*last, peer_facts(caller), oldest);
        (*last, is_new)
    }

    /// Forgets a connection. Returns its numbers.
    pub(crate) fn forget(&self, connection: &Arc<ServedConnection>) -> Vec<u32> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.connections.remove(&(Arc::as_ptr(connection) as usize));
        let ended: Vec<u32> =
            entry.into_iter().flat_map(|entry| entry.admissions).map(|(number, _)| number).collect();
        for number in &ended {
            known.numbers.remove(number);
        }
        ended
    }

    /// The connection with this number; `None` when it is gone.
    pub(crate) fn find(&self, number: u32) -> Option<Arc<ServedConnection>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).numbers.get(&number).cloned()
    }
}

/// What JavaScript is told about a peer.
pub(crate) fn peer_facts(caller: &Caller) -> PeerFacts {
    let expires_at = caller.expires_at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    PeerFacts {
        endpoint_id: caller.endpoint_id.clone(),
        attributes: caller.attributes.clone(),
        roles: caller.roles.iter().map(str::to_owned).collect(),
        expires_at_ms: expires_at.map_or(0.0, |at| at.as_millis() as f64),
    }
}
