//! A session of a peer, as its handler sees it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aster_wire::record::{RpcStatus, StreamHeader};
use aster_wire::session::ServerEnd;
use aster_wire::status::Code;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::admission::Caller;
use crate::call::definition::ServiceDefinition;
use crate::call::method::Metadata;
use crate::connection::ServedConnection;
use crate::error::status;

/// A session of a peer, for the handler that serves it.
#[derive(Debug)]
pub struct ServedSession {
    id: String,
    metadata: Metadata,
    service: Arc<ServiceDefinition>,
    connection: Arc<ServedConnection>,
    /// The status with which the session is to end.
    end: Mutex<Option<RpcStatus>>,
    closing: CancellationToken,
    is_over: AtomicBool,
    /// One of the sessions that the connection may have at once. It is free when nobody keeps this session any more, so that a
    /// peer which opens sessions waits for a handler that is behind.
    _place: OwnedSemaphorePermit,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// The client closed it.
    Closed,
    /// The client left it without closing it, or the connection is lost.
    Lost,
    /// The client broke the protocol.
    Protocol,
    /// This side ended it: the server stops, or [`ServedSession::close`].
    Shutdown,
}

impl From<ServerEnd> for SessionEnd {
    fn from(end: ServerEnd) -> Self {
        match end {
            ServerEnd::Closed => Self::Closed,
            ServerEnd::Lost => Self::Lost,
            ServerEnd::Protocol => Self::Protocol,
            ServerEnd::Shutdown => Self::Shutdown,
        }
    }
}

impl ServedSession {
    /// The session that `header` opens. Cancelling `closing` ends it between two calls.
    pub(super) fn new(
        header: StreamHeader,
        service: Arc<ServiceDefinition>,
        connection: Arc<ServedConnection>,
        closing: CancellationToken,
        place: OwnedSemaphorePermit,
    ) -> Arc<Self> {
        let (id, metadata) = (header.call_id, header.metadata);
        Arc::new(Self {
            id,
            metadata,
            service,
            connection,
            end: Mutex::default(),
            closing,
            is_over: AtomicBool::new(false),
            _place: place,
        })
    }

    /// Whether the session is over. It keeps its place among those of the connection until it is dropped.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    pub(super) fn set_over(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// The id that the client chose for the session; may be empty.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Metadata with which the client opened the session.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The service as it was registered.
    pub fn service(&self) -> &Arc<ServiceDefinition> {
        &self.service
    }

    /// The peer at the other end, as its newest admission says.
    pub fn caller(&self) -> Arc<Caller> {
        self.connection.caller()
    }

    /// The connection of the session.
    pub fn connection(&self) -> &Arc<ServedConnection> {
        &self.connection
    }

    /// Ends the session: a running call finishes first, and the client is told `status`. Only the first call counts.
    pub fn close(&self, status: RpcStatus) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(status);
        self.closing.cancel();
    }

    /// What the client is told at the end.
    pub(super) fn ending(&self) -> RpcStatus {
        let given = self.end.lock().unwrap_or_else(PoisonError::into_inner).clone();
        given.unwrap_or_else(|| status(Code::Unavailable, "the server is draining"))
    }
}
