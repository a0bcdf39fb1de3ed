//! Failures as documents: `{"code","message","path","reason","details"}`, thrown or settled alike.

use std::fmt;

use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use serde_json::json;

/// A failure on its way to TypeScript.
#[derive(Debug)]
pub(crate) struct Failure {
    code: String,
    message: String,
    path: Option<String>,
    details: Vec<(String, String)>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl fmt::Display) -> Self {
        Self { code: code.name().to_owned(), message: message.to_string(), path: None, details: Vec::new() }
    }

    /// A wrong argument: a `TypeError` there.
    pub(crate) fn option(path: &str, message: impl fmt::Display) -> Self {
        Self {
            code: "INVALID_OPTION".to_owned(),
            path: Some(path.to_owned()),
            ..Self::new(Code::Ok, message)
        }
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
            "code": self.code, "message": self.message, "path": self.path, "reason": null, "details": details,
        })
        .to_string()
    }
}

impl From<Failure> for napi::Error {
    fn from(failure: Failure) -> Self {
        Self::from_reason(failure.to_json())
    }
}
