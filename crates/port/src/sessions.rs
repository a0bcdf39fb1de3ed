//! The sessions of a port, by number: those that its environment opened, and those that it serves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aster_net::{ClientSession, ServedSession, status};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

/// A session of this environment.
#[derive(Debug, Clone)]
pub(crate) enum Session {
    /// It was opened here.
    Client(ClientSession),
    /// A peer opened it.
    Served(Arc<ServedSession>),
}

impl Session {
    /// The environment has ended: what its sessions do ends.
    pub(crate) fn give_up(&self) {
        match self {
            Self::Client(session) => session.abort(),
            Self::Served(session) => {
                session.close(status(Code::Unavailable, "the server's thread has ended"));
            }
        }
    }
}

/// The open sessions, and those of this environment whose end it has not seen.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<u32, Session>>);

impl Sessions {
    /// The session with this number, if this port opened it.
    pub(crate) fn client(&self, number: u32) -> Option<ClientSession> {
        match self.open().get(&number) {
            Some(Session::Client(session)) => Some(session.clone()),
            _ => None,
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u32, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, number: u32, session: Session) {
        self.open().insert(number, session);
    }

    pub(crate) fn forget(&self, number: u32) {
        self.open().remove(&number);
    }

    /// Ends a session. One that has ended already is forgotten: the environment has seen its end.
    pub(crate) fn close(&self, number: u32, now: bool, status: RpcStatus) {
        let session = self.open().get(&number).cloned();
        match session {
            None => {}
            Some(Session::Client(session)) if session.has_ended() => self.forget(number),
            Some(Session::Served(session)) if session.is_over() => self.forget(number),
            Some(Session::Client(session)) if now => session.abort(),
            Some(Session::Client(session)) => session.close(),
            Some(Session::Served(session)) => session.close(status),
        }
    }

    /// The environment has ended.
    pub(crate) fn give_up(&self) {
        let open = std::mem::take(&mut *self.open());
        open.values().for_each(Session::give_up);
    }
}
