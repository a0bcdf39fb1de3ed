//! Services of a port: for each server call a task awaits its events and converts them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use aster_net::{
    Caller, Handler, Message, Node, ServeError, ServedConnection, ServedSession, ServerCall, ServerEvent,
    ServiceDefinition, Serving, SessionEnd, SessionHandler,
};
use aster_wire::record::RpcStatus;

use crate::constants::session_end;
use crate::event::{Event, IncomingCall};
use crate::port::{Port, lock};

/// A service whose calls JavaScript answers. Its methods have consecutive handles.
struct PortService {
    port: Arc<Port>,
    first_handle: u32,
}

impl Port {
    /// Registers `services` at `node`, all or none, and returns the first handle of each.
    ///
    /// # Errors
    /// [`ServeError`] when another port serves one of them with another definition.
    pub fn serve(
        self: &Arc<Self>,
        node: &Node,
        services: Vec<ServiceDefinition>,
    ) -> Result<Vec<u32>, ServeError> {
        let mut handles = Vec::with_capacity(services.len());
        let mut registrations = Vec::with_capacity(services.len());
        for definition in services {
            let count = definition.methods.len() as u32;
            let first_handle = self.next_server_handle.fetch_add(count, Ordering::Relaxed);
            let service = PortService { port: Arc::clone(self), first_handle };
            registrations.push((identity(node), node.serve(definition, Arc::new(service))?));
            handles.push(first_handle);
        }
        lock(&self.registrations).extend(registrations);
        // If the port was closed before, `close` did not remove these registrations.
        if self.is_closed() {
            lock(&self.registrations).clear();
        }
        Ok(handles)
    }

    /// Accepts no new calls of `node`; running calls continue.
    pub fn unserve(&self, node: &Node) {
        let node = identity(node);
        lock(&self.registrations).retain(|(of, _)| *of != node);
    }
}

/// Tells nodes apart. A node that follows another one may have the same key, so the endpoint id is not enough.
fn identity(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
}

impl Handler for PortService {
    fn serve(&self, call: ServerCall) -> Serving {
        Box::pin(run(Arc::clone(&self.port), self.first_handle, None, call))
    }

    fn is_closed(&self) -> bool {
        self.port.is_closed()
    }

    fn open_session(&self, session: &Arc<ServedSession>) -> Option<Box<dyn SessionHandler>> {
        let number = self.port.admit_session(session);
        let caller = session.caller();
        self.port.push(Event::Session {
            session: number,
            handle: self.first_handle,
            connection: introduce(&self.port, session.connection(), &caller),
            id: session.id().to_owned(),
            metadata: session.metadata().clone(),
        });
        let (port, first_handle) = (Arc::clone(&self.port), self.first_handle);
        Some(Box::new(PortSession { port, first_handle, number, caller: Mutex::new(caller) }))
    }
}

/// A session whose calls JavaScript answers.
struct PortSession {
    port: Arc<Port>,
    first_handle: u32,
    number: u32,
    /// The peer, as JavaScript knows it.
    caller: Mutex<Arc<Caller>>,
}

impl PortSession {
    /// JavaScript gets the event for another admission of the peer before the first call that was judged by it.
    fn introduce_again(&self, call: &ServerCall) {
        let mut known = lock(&self.caller);
        if Arc::ptr_eq(&known, call.caller()) {
            return;
        }
        known.clone_from(call.caller());
        let connection = introduce(&self.port, call.connection(), call.caller());
        self.port.push(Event::SessionPeer { session: self.number, connection });
    }
}

impl SessionHandler for PortSession {
    fn serve(&self, call: ServerCall) -> Serving {
        self.introduce_again(&call);
        Box::pin(run(Arc::clone(&self.port), self.first_handle, Some(self.number), call))
    }

    fn ended(&self, end: SessionEnd) {
        // The entry stays until JavaScript has seen the end, and so does the place of the session among those of its connection.
        self.port.push(Event::SessionEnded {
            session: self.number,
            by: match end {
                SessionEnd::Closed => session_end::CLIENT,
                SessionEnd::Shutdown => session_end::SERVER,
                SessionEnd::Lost => session_end::LOST,
                SessionEnd::Protocol => session_end::PROTOCOL,
            },
            status: RpcStatus::ok(),
            last_finished: 0,
            local: false,
            not_sent: false,
        });
    }
}

async fn run(port: Arc<Port>, first_handle: u32, session: Option<u32>, mut call: ServerCall) {
    let number = port.admit(call.handle());
    let presence_flagged = call.is_presence_flagged();
    let message: Option<Message> = call.take_request();
    let opening = IncomingCall {
        call: number,
        handle: first_handle + call.method() as u32,
        connection: session.unwrap_or_else(|| introduce(&port, call.connection(), call.caller())),
        in_session: session.is_some(),
        message,
        input_ended: !call.pattern().request_stream,
        presence_flagged,
        native: call.is_native(),
        deadline_epoch_ms: call.deadline_epoch_ms() as f64,
        call_id: call.take_call_id(),
        metadata: call.take_metadata(),
    };
    port.push(Event::Call(Box::new(opening)));
    while let Some(event) = call.next().await {
        port.push(match event {
            ServerEvent::Items(block) => {
                Event::Items { call: number, bytes: block.bytes as u32, items: block.items, presence_flagged }
            }
            ServerEvent::InputEnd => Event::InputEnd { call: number },
            ServerEvent::Credit(bytes) => {
                let window = call.handle().window() as u32;
                Event::Credit { call: number, bytes: bytes as u32, window }
            }
            ServerEvent::Aborted(code) => Event::Aborted { call: number, code: code as u16 },
        });
    }
    port.forget(number);
}

/// The number of a connection on this port. JavaScript gets the event for a new number before its first call.
fn introduce(port: &Arc<Port>, connection: &Arc<ServedConnection>, caller: &Arc<Caller>) -> u32 {
    let (number, is_new) = port.connections.number(connection, caller, |number, peer, ended| {
        if let Some(connection) = ended {
            port.push(Event::PeerGone { connection });
        }
        port.push(Event::Peer { connection: number, peer });
    });
    if is_new {
        tokio::spawn(forget_when_gone(Arc::clone(port), Arc::clone(connection)));
    }
    number
}

async fn forget_when_gone(port: Arc<Port>, connection: Arc<ServedConnection>) {
    tokio::select! {
        () = connection.gone() => {}
        () = port.closed() => {}
    }
    for connection in port.connections.forget(&connection) {
        port.push(Event::PeerGone { connection });
    }
}
