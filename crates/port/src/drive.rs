//! Sessions of a port: for each one that its environment opened, a task drives it and converts its end.

use std::sync::Arc;
use std::time::Duration;

use aster_net::{ClosedBy, Metadata, ServedSession, SessionDriver, SessionOptions, status};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

use crate::constants::session_end;
use crate::event::Event;
use crate::port::Port;
use crate::sessions::Session;

impl Port {
    /// Adds a session of a peer, and returns its number.
    pub(crate) fn admit_session(&self, session: &Arc<ServedSession>) -> u32 {
        let number = self.next_server_number();
        self.add_session(number, Session::Served(Arc::clone(session)));
        number
    }

    fn add_session(&self, number: u32, session: Session) {
        let late = session.clone();
        self.sessions.add(number, session);
        // If the port was closed before, `close` did not end this session.
        if self.is_closed() {
            late.give_up();
            self.sessions.forget(number);
        }
    }

    pub(crate) fn open_session(
        self: &Arc<Self>,
        number: u32,
        method: u32,
        id: String,
        timeout: Option<Duration>,
        metadata: Metadata,
    ) {
        let Some(method) = self.method(method) else {
            let status = status(Code::Unavailable, "the connection is closed");
            return self.push(not_opened(number, status, true));
        };
        let (session, driver) = method.session(SessionOptions { id, metadata, timeout });
        self.add_session(number, Session::Client(session));
        tokio::spawn(Arc::clone(self).drive(number, driver));
    }

    /// Drives a session of this environment until it is over.
    async fn drive(self: Arc<Self>, number: u32, driver: SessionDriver) {
        let open = match driver.open().await {
            Ok(open) => open,
            Err(failure) => {
                self.sessions.forget(number);
                return self.push(not_opened(number, failure.status, failure.local));
            }
        };
        self.push(Event::SessionOpened { session: number });
        // The entry stays until JavaScript has seen the end: a call that crosses with it fails for the reason of the end.
        let closed = open.run().await;
        self.push(Event::SessionEnded {
            session: number,
            by: match closed.by {
                ClosedBy::User => session_end::CLIENT,
                ClosedBy::Server => session_end::SERVER,
                ClosedBy::Lost => session_end::LOST,
                ClosedBy::Client => session_end::PROTOCOL,
            },
            status: closed.status,
            last_finished: u32::try_from(closed.last_finished).unwrap_or(u32::MAX),
            local: closed.by != ClosedBy::Server,
            not_sent: false,
        });
    }
}

fn not_opened(session: u32, status: RpcStatus, local: bool) -> Event {
    let by = session_end::LOST;
    Event::SessionEnded { session, by, status, last_finished: 0, local, not_sent: true }
}
