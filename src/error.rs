//! Failures, thrown as `Error` objects with properties (`docs/boundary.md#failures`).

use std::collections::BTreeMap;
use std::fmt;

use aster_net::{ConnectError, ServeError};
use aster_wire::call::REASON_DETAIL;
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use napi::bindgen_prelude::{JsObjectValue, Object, ToNapiValue, Unknown};
use napi::{Env, Error, JsValue, Status};
use napi_derive::napi;

/// The properties of an `Error` that a function of the control plane throws.
#[napi(object, js_name = "Failure", use_nullable = true, object_from_js = false)]
#[derive(Debug)]
pub struct FailureFacts {
    /// Name of a status code, or `INVALID_OPTION` for a wrong argument, which users see as a `TypeError`.
    #[napi(readonly)]
    pub code: String,
    /// The error text.
    #[napi(readonly)]
    pub message: String,
    /// Path of the wrong argument, for `INVALID_OPTION`, or of the wrong value in a message.
    #[napi(readonly)]
    pub path: Option<String>,
    /// A stable code for this reason, which programs can compare.
    #[napi(readonly)]
    pub reason: Option<String>,
    /// Status details.
    #[napi(readonly, ts_type = "Readonly<Record<string, string>>")]
    pub details: BTreeMap<String, String>,
    /// Endpoint id of the peer.
    #[napi(readonly)]
    pub peer: Option<String>,
    /// The error was created in this process, not by the peer.
    #[napi(readonly)]
    pub is_local: bool,
    /// The request was not sent.
    #[napi(readonly)]
    pub not_sent: bool,
}

/// A failure that will be thrown in TypeScript.
#[derive(Debug)]
pub(crate) struct Failure(Box<FailureFacts>);

/// Result type of the functions behind the exports.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(code: Code, message: impl fmt::Display) -> Self {
        Self(Box::new(FailureFacts {
            code: code.name().to_owned(),
            message: message.to_string(),
            path: None,
            reason: None,
            details: BTreeMap::new(),
            peer: None,
            is_local: true,
            not_sent: false,
        }))
    }

    /// An address that cannot be bound. The cause is the state of this machine, not the option.
    pub(crate) fn bind(error: impl fmt::Display) -> Self {
        let mut failure = Self::new(Code::FailedPrecondition, error);
        failure.0.reason = Some("BIND".to_owned());
        failure.0.not_sent = true;
        failure
    }

    /// A service that the node already serves with another definition.
    pub(crate) fn serve(error: ServeError) -> Self {
        let mut failure = Self::new(Code::FailedPrecondition, &error);
        let ServeError::OtherDefinition { name, version, difference } = error;
        failure.0.reason = Some("OTHER_DEFINITION".to_owned());
        let details = [("service", name), ("version", version.to_string()), ("difference", difference)];
        failure.0.details = details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        failure
    }

    /// A peer that could not be reached. No call was executed there.
    pub(crate) fn connect(error: &ConnectError) -> Self {
        let mut failure = Self::new(error.code(), error);
        failure.0.peer = error.endpoint_id().map(Into::into);
        failure.0.is_local = error.is_local();
        failure.0.reason = error.reason().map(str::to_owned);
        failure.0.not_sent = true;
        failure
    }

    /// A wrong argument.
    pub(crate) fn option(path: &str, message: impl fmt::Display) -> Self {
        let mut failure = Self::new(Code::InvalidArgument, message);
        failure.0.code = String::from("INVALID_OPTION");
        failure.0.path = Some(path.into());
        failure
    }

    /// The same failure with a stable code for its reason.
    pub(crate) fn because(mut self, reason: &str) -> Self {
        self.0.reason = Some(reason.to_owned());
        self
    }

    /// A number that was never given out, or whose object was closed.
    pub(crate) fn handle(what: &str) -> Self {
        Self::new(Code::FailedPrecondition, format_args!("the {what} is closed"))
    }

    pub(crate) fn from_status(status: RpcStatus) -> Self {
        let mut failure = Self::new(Code::from_number(status.code).unwrap_or(Code::Unknown), status.message);
        failure.0.details = status.details.into_iter().collect();
        failure.0.reason = failure.0.details.remove(REASON_DETAIL);
        failure
    }

    /// Adds the path of a value in a message; empty for the message itself.
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.0.path = (!path.is_empty()).then(|| path.to_owned());
        self
    }

    /// Throws the failure. The returned error tells napi that an exception is pending.
    fn throw(self, env: Env) -> Error {
        let thrown = self.into_js(env).and_then(|error| env.throw(error));
        thrown.err().unwrap_or_else(|| Error::from_status(Status::PendingException))
    }

    fn into_js(self, env: Env) -> napi::Result<Unknown<'static>> {
        let mut error = env.create_error(Error::from_reason(&self.0.message))?;
        // SAFETY: `env` belongs to the running call, and the value is read before the call ends.
        let facts = unsafe { Object::from_raw(env.raw(), ToNapiValue::to_napi_value(env.raw(), *self.0)?) };
        for key in Object::keys(&facts)? {
            error.set_named_property(&key, facts.get_named_property_unchecked::<Unknown>(&key)?)?;
        }
        // SAFETY: as above.
        Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), error.raw()) })
    }
}

/// Runs the function behind an export, and throws its failure.
pub(crate) fn throwing<T>(env: Env, run: impl FnOnce() -> Outcome<T>) -> napi::Result<T> {
    run().map_err(|failure| failure.throw(env))
}

/// Only for the data plane: each of its failures ends the port.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::from_reason(failure.0.message)
    }
}
