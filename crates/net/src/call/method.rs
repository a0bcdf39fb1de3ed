//! Methods of a peer, prepared for calls.
//!
//! Owns the header of their calls, and the check that the announced service is the declared one, again for every connection
//! that replaces another one. Does not own running a call (`client`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aster_wire::call::Pattern;
use aster_wire::frame::flag;
use aster_wire::limit::RecordLimits;
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;
use bytes::Bytes;

use super::agreement::Agreement;
use super::framed::Framed;
use super::payload::{Mode, PayloadCodec};
use crate::connection::{Callee, FrameReader, FrameWriter, Route};
use crate::error::status;

/// Metadata of a call, in order.
pub type Metadata = Vec<(String, String)>;

/// Options of one call.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// The call ends after this time. `None`: no limit.
    pub timeout: Option<Duration>,
    /// Whether the header contains the deadline.
    pub timeout_travels: bool,
    /// Metadata for the handler.
    pub metadata: Metadata,
}

/// A method of a peer, ready to be called.
#[derive(Debug)]
pub struct ClientMethod {
    peer: Callee,
    pub(super) pattern: Pattern,
    pub(super) request: PayloadCodec,
    pub(super) response: PayloadCodec,
    pub(super) header: StreamHeader,
    /// The header frame of a call without deadline and metadata.
    plain_header: Bytes,
    /// The declared service, when it has to be the announced one.
    agreement: Option<Arc<Agreement>>,
    /// The generation of announced services with which this method was found to agree.
    checked: AtomicU64,
    /// The same method in the other form of XLANG. It is used after the server was replaced by another version.
    other_form: OnceLock<Arc<Self>>,
}

/// Why the stream of a call was not opened. Nothing of the call was sent.
#[derive(Debug)]
pub(super) struct NotOpened {
    pub(super) status: RpcStatus,
    /// False when the peer refused the connection.
    pub(super) is_local: bool,
}

impl ClientMethod {
    /// Prepares a method; `request` and `response` have the same mode.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when a name is longer than the limit.
    pub fn new(
        peer: impl Into<Callee>,
        (service, version, method): (&str, i64, &str),
        pattern: Pattern,
        request: PayloadCodec,
        response: PayloadCodec,
    ) -> Result<Self, RpcStatus> {
        let limits = RecordLimits::default();
        for (what, name) in [("service name", service), ("method name", method)] {
            limits.check_name(what, name).map_err(|e| status(Code::InvalidArgument, e.to_string()))?;
        }
        let header = StreamHeader {
            service: service.to_owned(),
            method: method.to_owned(),
            version,
            serialization_mode: request.mode.number(),
            ..StreamHeader::default()
        };
        let plain_header = header_frame(&header, request.mode.encoding())?;
        Ok(Self {
            peer: peer.into(),
            pattern,
            request,
            response,
            header,
            plain_header,
            agreement: None,
            checked: AtomicU64::new(0),
            other_form: OnceLock::new(),
        })
    }

    /// Requires that the server announces this service. Checked for every connection that replaces another one.
    #[must_use]
    pub fn with_agreement(mut self, agreement: Arc<Agreement>) -> Self {
        self.agreement = Some(agreement);
        self
    }

    /// The peer that serves the method.
    pub fn peer(&self) -> &Callee {
        &self.peer
    }

    /// The pattern.
    pub fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// Whether responses arrive as presence-flagged XLANG.
    pub fn is_presence_flagged(&self) -> bool {
        self.response.is_presence_flagged()
    }

    /// Wire name.
    pub(super) fn name(&self) -> &str {
        &self.header.method
    }

    /// This method, or the same one in another mode: calls of a session have the mode of the session.
    pub(super) fn in_form(self: &Arc<Self>, mode: Mode) -> Arc<Self> {
        let unchanged = || Arc::clone(self);
        if self.request.mode == mode {
            return unchanged();
        }
        Arc::clone(self.other_form.get_or_init(|| self.in_mode(mode).map_or_else(unchanged, Arc::new)))
    }

    fn is_checked(&self, route: &Route) -> bool {
        self.agreement.is_none() || self.checked.load(Ordering::Acquire) == route.generation()
    }

    /// This method, or the same one in the mode that the announced service needs, and the connection for it.
    pub(super) fn fitting(self: &Arc<Self>) -> (Arc<Self>, Route) {
        let route = self.peer.route();
        (self.fitting_on(&route), route)
    }

    fn fitting_on(self: &Arc<Self>, route: &Route) -> Arc<Self> {
        let unchanged = || Arc::clone(self);
        let Some(agreement) = self.agreement.as_ref().filter(|_| !self.is_checked(route)) else {
            return unchanged();
        };
        let announced = route.announced();
        let mode = agreement.find(&announced).and_then(|theirs| agreement.mode(theirs, self.request.mode));
        match mode {
            Some(mode) => self.in_form(mode),
            None => unchanged(),
        }
    }

    fn in_mode(&self, mode: Mode) -> Option<Self> {
        let name = (self.header.service.as_str(), self.header.version, self.header.method.as_str());
        let (request, response) = (self.request.in_mode(mode), self.response.in_mode(mode));
        let other = Self::new(self.peer.clone(), name, self.pattern, request, response).ok()?;
        Some(Self { agreement: self.agreement.clone(), ..other })
    }

    /// Compares the service with the announced one again, because the announced services are not those of the last time.
    async fn check(&self, route: &Route) -> Result<(), NotOpened> {
        let refused = |status| Err(NotOpened { status, is_local: true });
        let Some(agreement) = &self.agreement else { return Ok(()) };
        let generation = route.generation();
        let announced = route.announced();
        let theirs = agreement.find(&announced);
        match theirs.and_then(|theirs| agreement.mode(theirs, self.request.mode)) {
            Some(mode) if mode == self.request.mode => {
                self.checked.store(generation, Ordering::Release);
                Ok(())
            }
            // The messages that wait were encoded for the other form. The next call uses the right one.
            Some(_) => refused(status(
                Code::Unavailable,
                "the server was replaced by another version of its contract; call again",
            )),
            None => {
                let differences = match theirs {
                    Some(theirs) => self.peer.differences(agreement, theirs).await,
                    None => None,
                };
                refused(agreement.mismatch(theirs, differences.as_deref()))
            }
        }
    }

    /// Opens a stream. Dials again when the connection is gone.
    pub(super) async fn open(&self, route: &Route) -> Result<(FrameWriter, FrameReader), NotOpened> {
        let streams = route
            .open_stream()
            .await
            .map_err(|error| NotOpened { status: error.status(), is_local: error.is_local() })?;
        if !self.is_checked(route) {
            Box::pin(self.check(route)).await?;
        }
        Ok(streams)
    }

    pub(super) fn header(&self, route: &Route, options: &CallOptions) -> Result<Bytes, RpcStatus> {
        let deadline = deadline(route, options, options.timeout);
        if deadline == 0 && options.metadata.is_empty() {
            return Ok(self.plain_header.clone());
        }
        RecordLimits::default()
            .check_metadata(&options.metadata)
            .map_err(|e| status(e.code(), e.to_string()))?;
        let header = StreamHeader {
            deadline_epoch_ms: deadline,
            metadata: options.metadata.clone(),
            ..self.header.clone()
        };
        header_frame(&header, self.request.mode.encoding())
    }
}

pub(super) fn header_frame(header: &StreamHeader, encoding: Encoding) -> Result<Bytes, RpcStatus> {
    Framed::from_payload(flag::HEADER, &header.encode(encoding))
        .map(Framed::into_wire)
        .map_err(|e| status(Code::ResourceExhausted, e.to_string()))
}

/// The deadline in a header, in the time of the peer, for a call that has `left`; 0 for none.
pub(super) fn deadline(route: &Route, options: &CallOptions, left: Option<Duration>) -> i64 {
    let left = left.filter(|_| options.timeout_travels);
    left.map_or(0, |left| route.at_peer(left))
}
