//! Checks the header of a call. All reasons to refuse a call before its request is read are here.

use std::sync::Arc;
use std::time::Duration;

use aster_trust::capability::Requirement;
use aster_wire::call::{REASON_DETAIL, remaining};
use aster_wire::ending::AdmissionEnd;
use aster_wire::limit::RecordLimits;
use aster_wire::record::{CallHeader, Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;

use super::definition::{MethodDefinition, ServiceDefinition};
use super::payload::Mode;
use super::service::{Service, ServiceTable};
use crate::admission::Caller;
use crate::connection::{epoch_ms, steady_epoch_ms};
use crate::error::status;

/// A header that was accepted.
pub(crate) struct Accepted {
    pub(crate) caller: Arc<Caller>,
    pub(crate) service: Arc<Service>,
    pub(crate) mode: Mode,
    pub(crate) target: Target,
}

/// What the header of a stream opens.
pub(crate) enum Target {
    /// A call of the method with this index, and the time left until the caller's deadline.
    Call(usize, Option<Duration>),
    Session,
}

/// A refusal, and the record encoding that the caller expects.
pub(crate) struct Refusal {
    pub(crate) status: RpcStatus,
    pub(crate) encoding: Encoding,
}

/// The reason word of a call for which the caller lacks a role.
const MISSING_ROLE: &str = "MISSING_ROLE";
/// The detail that tells what was required.
const REQUIRES_DETAIL: &str = "requires";

/// Gate 2: the status for a caller that lacks a required role.
pub(crate) fn missing_role(
    service: &ServiceDefinition,
    method: Option<&MethodDefinition>,
    caller: &Caller,
) -> Option<RpcStatus> {
    let unmet = |requirement: &&Requirement| !requirement.is_met_by(&caller.roles);
    let of_service = service.requires.as_ref().filter(unmet);
    let (required, what) = if let Some(required) = of_service {
        (required, format!("service '{}'", service.name))
    } else {
        let method = method?;
        let required = method.requires.as_ref().filter(unmet)?;
        (required, format!("method '{}.{}'", service.name, method.name))
    };
    let message = format!("capability check failed for {what}");
    let mut status = status(Code::PermissionDenied, message).because(MISSING_ROLE);
    status.details.push((REQUIRES_DETAIL.to_owned(), required.to_string()));
    Some(status)
}

/// Decides whether the caller may make the call, or open the session, in `header`. `admitted`: the caller, or why it is no longer admitted.
pub(crate) fn judge(
    services: &ServiceTable,
    admitted: Result<Arc<Caller>, AdmissionEnd>,
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
    let caller = match admitted {
        Ok(caller) => caller,
        Err(ended) => return Err(Refusal { status: ended.status(), encoding }),
    };
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
    let (name, is_session) = (&header.service, service.definition().session);
    if header.method.is_empty() != is_session {
        let fix = if is_session {
            format!("'{name}' is a session service: open a session and make its calls there")
        } else {
            format!(
                "'{name}' is a shared service: call its methods, each on a stream of its own, not through a session"
            )
        };
        return refuse(Code::FailedPrecondition, fix);
    }
    let Some(mode) = mode.filter(|&mode| service.definition().takes(mode)) else {
        if service.definition().is_native_only() {
            let name = &header.service;
            let text = format!(
                "'{name}' only takes calls in NATIVE mode, which other peers than aster-rpc for Node do not have"
            );
            let details = vec![(REASON_DETAIL.to_owned(), "NATIVE_ONLY".to_owned())];
            let status = RpcStatus { details, ..status(Code::FailedPrecondition, text) };
            return Err(Refusal { status, encoding });
        }
        return refuse(
            Code::InvalidArgument,
            format!("Unsupported serialization mode: {}", header.serialization_mode),
        );
    };
    if let Err(error) = limits.check_metadata(&header.metadata) {
        return refuse(error.code(), error.to_string());
    }
    if is_session {
        return match missing_role(service.definition(), None, &caller) {
            Some(status) => Err(Refusal { status, encoding }),
            None => Ok(Accepted { caller, service, mode, target: Target::Session }),
        };
    }
    match judge_method(&service, &caller, &header.method, header.deadline_epoch_ms) {
        Ok((method, remaining)) => {
            Ok(Accepted { caller, service, mode, target: Target::Call(method, remaining) })
        }
        Err(status) => Err(Refusal { status, encoding }),
    }
}

/// Decides whether `caller` may make the call in `header` inside a session. The limits of the header were checked.
pub(crate) fn judge_in_session(
    service: &Service,
    caller: &Caller,
    is_draining: bool,
    header: &CallHeader,
) -> Result<(usize, Option<Duration>), RpcStatus> {
    if is_draining {
        return Err(status(Code::Unavailable, "the server is draining"));
    }
    judge_method(service, caller, &header.method, header.deadline_epoch_ms)
}

/// The checks that concern one method, for calls inside and outside of sessions.
fn judge_method(
    service: &Service,
    caller: &Caller,
    name: &str,
    deadline_epoch_ms: i64,
) -> Result<(usize, Option<Duration>), RpcStatus> {
    let Some(method) = service.method(name) else {
        let service = &service.definition().name;
        return Err(status(Code::Unimplemented, format!("Method '{service}.{name}' not implemented")));
    };
    let definition = service.definition();
    if let Some(status) = missing_role(definition, definition.methods.get(method), caller) {
        return Err(status);
    }
    let remaining = remaining(deadline_epoch_ms, now_epoch_ms())
        .map_err(|message| status(Code::DeadlineExceeded, message))?;
    Ok((method, remaining))
}

/// What deadlines are compared with. Peers that were told the time of this process write their deadlines in it, others by
/// the clock. The earlier one counts, so that a step of the clock of this machine ends no call in time.
fn now_epoch_ms() -> i64 {
    epoch_ms().min(steady_epoch_ms())
}

/// A larger difference between two times of this machine is a step of its clock.
const CLOCK_STEP_MS: u64 = 1000;

/// The deadline of a call that has `left`, by the clock of this machine; 0 for none. It is the one that the header `told`,
/// unless that is the time of a clock which was set in the meantime.
pub(crate) fn own_deadline(left: Option<Duration>, told: i64) -> i64 {
    let Some(left) = left else { return 0 };
    let own = epoch_ms().saturating_add(i64::try_from(left.as_millis()).unwrap_or(i64::MAX));
    if own.abs_diff(told) <= CLOCK_STEP_MS { told } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_stays_as_the_caller_told_it_unless_a_clock_was_set() {
        let second = Some(Duration::from_secs(1));
        let told = epoch_ms() + 1001;
        assert_eq!(own_deadline(second, told), told);
        let own = own_deadline(second, told + 3_600_000);
        assert!((told - 1..told + 60_000).contains(&own), "{own}");
        assert_eq!(own_deadline(None, 0), 0);
    }
}
