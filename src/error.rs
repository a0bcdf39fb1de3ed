//! Failures as documents (`docs/boundary.md#control-plane`), thrown or settled alike.

use std::fmt;

use aster_net::ConnectError;
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use serde_json::json;

/// A failure on its way to TypeScript.
#[derive(Debug)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    path: Option<Box<str>>,
    reason: Option<&'static str>,
    details: Vec<(String, String)>,
    peer: Option<Box<str>>,
    is_local: bool,
    not_sent: bool,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl fmt::Display) -> Self {
        Self {
            code: code.name(),
            message: message.to_string(),
            path: None,
            reason: None,
            details: Vec::new(),
            peer: None,
            is_local: true,
            not_sent: false,
        }
    }

    /// An address that cannot be bound: the state of this machine, not of the option.
    pub(crate) fn bind(error: impl fmt::Display) -> Self {
        Self { reason: Some("BIND"), not_sent: true, ..Self::new(Code::FailedPrecondition, error) }
    }

    /// A peer that was not reached. No call can have run there.
    pub(crate) fn connect(error: &ConnectError) -> Self {
        Self {
            peer: error.endpoint_id().map(Into::into),
            is_local: error.is_local(),
            not_sent: true,
            ..Self::new(error.code(), error)
        }
    }

    /// A wrong argument: a `TypeError` there.
    pub(crate) fn option(path: &str, message: impl fmt::Display) -> Self {
        Self { code: "INVALID_OPTION", path: Some(path.into()), ..Self::new(Code::Ok, message) }
    }

    /// Something that this side of the bridge never hands out, or that was closed.
    pub(crate) fn handle(what: &str) -> Self {
        Self::new(Code::FailedPrecondition, format_args!("the {what} is closed"))
    }

    pub(crate) fn from_status(status: RpcStatus) -> Self {
        let code = Code::from_number(status.code).unwrap_or(Code::Unknown);
        Self { details: status.details, ..Self::new(code, status.message) }
    }

    /// The document.
    pub(crate) fn to_json(&self) -> String {
        let details: serde_json::Map<_, _> =
            self.details.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        json!({
            "code": self.code, "message": self.message, "path": self.path, "reason": self.reason,
            "details": details, "peer": self.peer, "isLocal": self.is_local, "notSent": self.not_sent,
        })
        .to_string()
    }
}

impl From<Failure> for napi::Error {
    fn from(failure: Failure) -> Self {
        Self::from_reason(failure.to_json())
    }
}
