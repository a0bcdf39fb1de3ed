//! What a stream's first frame asks for, and every reason to refuse it before a handler is involved.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aster_wire::frame::flag;
use aster_wire::limit::RecordLimits;
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;

use crate::error::status;
use crate::framing::{FrameReader, ReadFailure};
use crate::node::Node;
use crate::payload::Mode;
use crate::service::Service;

/// A deadline this much in the past on arrival may be a wrong clock.
const CLOCK_SKEW_MS: i64 = 5000;

/// A header that leads to a method.
pub(super) struct Accepted {
    pub(super) service: Arc<Service>,
    pub(super) method: u32,
    pub(super) mode: Mode,
    pub(super) header: StreamHeader,
    /// What is left of the caller's deadline.
    pub(super) remaining: Option<Duration>,
}

/// A refusal and the encoding that the caller expects it in.
pub(super) struct Refusal {
    pub(super) status: RpcStatus,
    pub(super) encoding: Encoding,
}

impl Refusal {
    fn fory(code: Code, message: impl Into<String>) -> Self {
        Self { status: status(code, message), encoding: Encoding::Fory }
    }
}

/// Reads and judges the header. `None`: the stream ended or was reset before a frame.
pub(super) async fn read(node: &Node, reader: &mut FrameReader) -> Option<Result<Accepted, Refusal>> {
    let limit = node.limits().header_timeout;
    let first = match tokio::time::timeout(limit, reader.next()).await {
        Ok(Ok(first)) => first?,
        Ok(Err(ReadFailure::Frame(error))) => {
            return Some(Err(Refusal::fory(Code::Internal, error.to_string())));
        }
        Ok(Err(_)) => return None,
        Err(_) => {
            return Some(Err(Refusal::fory(
                Code::DeadlineExceeded,
                "the stream header did not come in time",
            )));
        }
    };
    if !first.frame.has(flag::HEADER) {
        return Some(Err(Refusal::fory(Code::Internal, "First frame must have HEADER flag")));
    }
    Some(match StreamHeader::decode(&first.frame.payload) {
        Ok((header, encoding)) => judge(node, header, encoding),
        Err(_) => Err(Refusal::fory(Code::Internal, "Invalid StreamHeader")),
    })
}

fn judge(node: &Node, header: StreamHeader, encoding: Encoding) -> Result<Accepted, Refusal> {
    // A JSON header makes a JSON stream whatever mode it says: the reference's typed client says 0.
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
    if node.is_draining() {
        return refuse(Code::Unavailable, "the server is draining".to_owned());
    }
    let Some(service) = node.service(&header.service, header.version) else {
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
    let Some((method, _)) = service.method(&header.method) else {
        return refuse(
            Code::Unimplemented,
            format!("Method '{}.{}' not implemented", header.service, header.method),
        );
    };
    let Some(mode) = mode.filter(|&mode| service.definition.takes(mode)) else {
        return refuse(
            Code::InvalidArgument,
            format!("Unsupported serialization mode: {}", header.serialization_mode),
        );
    };
    if let Err(error) = limits.check_metadata(&header.metadata) {
        return refuse(error.code(), error.to_string());
    }
    match remaining(header.deadline_epoch_ms, now_epoch_ms()) {
        Ok(remaining) => Ok(Accepted { service, method, mode, header, remaining }),
        Err(message) => refuse(Code::DeadlineExceeded, message),
    }
}

fn now_epoch_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// Time left for a call. One that arrives late by less than the skew runs with what is left of that.
fn remaining(deadline: i64, now: i64) -> Result<Option<Duration>, String> {
    if deadline <= 0 {
        return Ok(None);
    }
    let left = deadline.saturating_sub(now);
    let left = if left > 0 { left } else { left.saturating_add(CLOCK_SKEW_MS) };
    if left <= 0 {
        return Err(format!(
            "deadline already expired on receipt (now={now}, deadline={deadline}, skew_tolerance={CLOCK_SKEW_MS}ms)"
        ));
    }
    Ok(Some(Duration::from_millis(left.unsigned_abs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_runs_with_what_is_left_of_it_or_of_the_skew() {
        let ms = |n| Ok(Some(Duration::from_millis(n)));
        assert_eq!(remaining(0, 1_000_000), Ok(None));
        assert_eq!(remaining(-5, 1_000_000), Ok(None));
        assert_eq!(remaining(1_000_250, 1_000_000), ms(250));
        assert_eq!(remaining(998_000, 1_000_000), ms(3000));
        assert!(remaining(995_000, 1_000_000).is_err());
        assert!(remaining(1, i64::MAX).is_err());
        assert_eq!(remaining(i64::MAX, 0), ms(i64::MAX.unsigned_abs()));
    }
}
