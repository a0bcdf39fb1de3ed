//! The trailers of a session, and those of them that have a meaning of their own.

use bytes::Bytes;

use super::{CANCELLED_TEXT, EXPECTED_CALL_TEXT, SESSION_DETAIL};
use crate::frame::{self, flag};
use crate::limit::RecordLimits;
use crate::record::{Encoding, RpcStatus};
use crate::status::Code;

/// A TRAILER frame with this status, cut to the limits.
pub(super) fn trailer(mut status: RpcStatus, encoding: Encoding) -> Bytes {
    RecordLimits::default().cut_status(&mut status);
    // INVARIANT: the default limits keep a status below 600 KiB, and a frame holds 16 MiB.
    #[expect(clippy::expect_used, reason = "a status within the limits fits a frame")]
    let frame = frame::encode(flag::TRAILER, &status.encode(encoding)).expect("a status fits a frame");
    frame.into()
}

/// The trailer that acknowledges a CANCEL.
pub(super) fn acknowledgement(encoding: Encoding) -> Bytes {
    trailer(RpcStatus::new(Code::Cancelled, CANCELLED_TEXT), encoding)
}

pub(super) fn is_acknowledgement(status: &RpcStatus) -> bool {
    status.code == Code::Cancelled.number() && status.message == CANCELLED_TEXT && status.details.is_empty()
}

/// What the trailer that ends a session says about the call that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionEnding {
    /// The session had ended before the CALL frame was read.
    BeforeCall,
    /// The session ends with this call.
    WithCall,
}

/// Recognizes the trailers after which a server reads nothing more. `method` is that of the running call; `None` stands
/// for any.
pub(super) fn session_ending(status: &RpcStatus, method: Option<&str>) -> Option<SessionEnding> {
    let names = |prefix| {
        let named = status.message.strip_prefix(prefix);
        named.is_some_and(|named| method.is_none_or(|method| method == named))
    };
    if status.details.iter().any(|(key, _)| key == SESSION_DETAIL) {
        return Some(SessionEnding::BeforeCall);
    }
    let ending = match Code::from_number(status.code)? {
        Code::FailedPrecondition if status.message == EXPECTED_CALL_TEXT => SessionEnding::BeforeCall,
        Code::Unimplemented if names("Method not found: ") => SessionEnding::WithCall,
        Code::Internal if names("Handler missing: ") => SessionEnding::WithCall,
        Code::Internal if status.message.starts_with("Invalid CallHeader: ") => SessionEnding::WithCall,
        _ => return None,
    };
    Some(ending)
}

/// A status of the driver as it may be written: never OK, and never one that has a meaning of its own in a session.
pub(super) fn as_failure(status: &RpcStatus, instead_of_ok: &str) -> RpcStatus {
    if status.is_ok() {
        return RpcStatus::new(Code::Internal, instead_of_ok);
    }
    let mut status = without_session_detail(status);
    if is_acknowledgement(&status) || session_ending(&status, None).is_some() {
        status.message.insert_str(0, "the call ended with: ");
    }
    status
}

/// A status of the driver without the detail that has a meaning of its own in a session.
pub(super) fn without_session_detail(status: &RpcStatus) -> RpcStatus {
    let mut status = status.clone();
    status.details.retain(|(key, _)| key != SESSION_DETAIL);
    status
}
