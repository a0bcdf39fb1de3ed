//! Checks the header of a call. All reasons to refuse a call before its request is read are here.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aster_wire::call::remaining;
use aster_wire::limit::RecordLimits;
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;

use super::payload::Mode;
use super::service::{Service, ServiceTable};
use crate::admission::Caller;
use crate::error::status;

/// A header that was accepted, with its method.
pub(crate) struct Accepted {
    pub(crate) service: Arc<Service>,
    pub(crate) method: usize,
    pub(crate) mode: Mode,
    /// Time left until the caller's deadline.
    pub(crate) remaining: Option<Duration>,
}

/// A refusal, and the record encoding that the caller expects.
pub(crate) struct Refusal {
    pub(crate) status: RpcStatus,
    pub(crate) encoding: Encoding,
}

/// Decides whether `caller` may make the call in `header`.
pub(crate) fn judge(
    services: &ServiceTable,
    _caller: &Caller,
    is_draining: bool,
    header: &StreamHeader,
    encoding: Encoding,
) -> Result<Accepted, Refusal> {
    // A header in JSON means a stream in JSON, whatever its mode field contains: the reference's typed client sends
    // 0.
    let json = encoding == Encoding::Json;
    let mode = if json { Some(Mode::Json) } else { Mode::from_number(header.serialization_mode) };
    let encoding = mode.map_or(encoding, Mode::encoding);
    let refuse = |code, message: String| Err(Refusal { status: status(code, message), encoding });
    let limits = RecordLimits::default();
    for (what, name) in
        [("service name", &header.service), ("method name", &header.method), ("call id", &header.call_id)]
    {
        if let Err(error) = limits.check_name(what, name) {
            return refuse(error.code(), error.to_string());
        }
    }
    if header.service.is_empty() {
        return refuse(Code::InvalidArgument, "Missing service name".to_owned());
    }
    if is_draining {
        return refuse(Code::Unavailable, "the server is draining".to_owned());
    }
    let Some(service) = services.find(&header.service, header.version) else {
        return refuse(Code::NotFound, format!("Service '{}' v{} not found", header.service, header.version));
    };
    if header.method.is_empty() {
        let name = &header.service;
        return refuse(
            Code::FailedPrecondition,
            format!(
                "'{name}' is a shared service: call its methods, each on a stream of its own, not through a session"
            ),
        );
    }
    let Some(method) = service.method(&header.method) else {
        return refuse(
            Code::Unimplemented,
            format!("Method '{}.{}' not implemented", header.service, header.method),
        );
    };
    let Some(mode) = mode.filter(|&mode| service.definition().takes(mode)) else {
        return refuse(
            Code::InvalidArgument,
            format!("Unsupported serialization mode: {}", header.serialization_mode),
        );
    };
    if let Err(error) = limits.check_metadata(&header.metadata) {
        return refuse(error.code(), error.to_string());
    }
    match remaining(header.deadline_epoch_ms, now_epoch_ms()) {
        Ok(remaining) => Ok(Accepted { service, method, mode, remaining }),
        Err(message) => refuse(Code::DeadlineExceeded, message),
    }
}

fn now_epoch_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
