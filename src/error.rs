//! Failures, thrown as `Error` objects whose facts are properties (`docs/boundary.md#failures`).

use std::collections::BTreeMap;
use std::fmt;

use aster_net::{ConnectError, ServeError};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;
use napi::bindgen_prelude::{JsObjectValue, Object, ToNapiValue, Unknown};
use napi::{Env, Error, JsValue, Status};
use napi_derive::napi;

/// The properties of an `Error` that a function of the control plane throws.
#[napi(object, js_name = "Failure", use_nullable = true, object_from_js = false)]
#[derive(Debug)]
pub struct FailureFacts {
    /// Name of a status code; `INVALID_OPTION` for a wrong argument, which users see as a `TypeError`.
    #[napi(readonly)]
    pub code: String,
    /// What went wrong, in words.
    #[napi(readonly)]
    pub message: String,
    /// The argument that is wrong, for `INVALID_OPTION`.
    #[napi(readonly)]
    pub path: Option<String>,
    /// A stable word that programs can compare.
    #[napi(readonly)]
    pub reason: Option<String>,
    /// Pairs that travel with a status.
    #[napi(readonly, ts_type = "Readonly<Record<string, string>>")]
    pub details: BTreeMap<String, String>,
    /// Endpoint id of the other side.
    #[napi(readonly)]
    pub peer: Option<String>,
    /// Made in this process, not by the peer.
    #[napi(readonly)]
    pub is_local: bool,
    /// The request never left this process.
    #[napi(readonly)]
    pub not_sent: bool,
}

/// A failure on its way to TypeScript.
#[derive(Debug)]
pub(crate) struct Failure(Box<FailureFacts>);

/// What the functions behind the exports give.
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

    /// An address that cannot be bound: the state of this machine, not of the option.
    pub(crate) fn bind(error: impl fmt::Display) -> Self {
        let mut failure = Self::new(Code::FailedPrecondition, error);
        failure.0.reason = Some("BIND".to_owned());
        failure.0.not_sent = true;
        failure
    }

    /// A service that the node serves already, as something else.
    pub(crate) fn serve(error: ServeError) -> Self {
        let mut failure = Self::new(Code::FailedPrecondition, &error);
        let ServeError::OtherDefinition { name, version, difference } = error;
        failure.0.reason = Some("OTHER_DEFINITION".to_owned());
        let details = [("service", name), ("version", version.to_string()), ("difference", difference)];
        failure.0.details = details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        failure
    }

    /// A peer that was not reached. No call can have run there.
    pub(crate) fn connect(error: &ConnectError) -> Self {
        let mut failure = Self::new(error.code(), error);
        failure.0.peer = error.endpoint_id().map(Into::into);
        failure.0.is_local = error.is_local();
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

    /// A number that this side of the bridge never gave, or whose thing was closed.
    pub(crate) fn handle(what: &str) -> Self {
        Self::new(Code::FailedPrecondition, format_args!("the {what} is closed"))
    }

    pub(crate) fn from_status(status: RpcStatus) -> Self {
        let mut failure = Self::new(Code::from_number(status.code).unwrap_or(Code::Unknown), status.message);
        failure.0.details = status.details.into_iter().collect();
        failure
    }

    /// Throws the failure; the result tells napi that an exception is pending.
    fn throw(self, env: Env) -> Error {
        let thrown = self.into_js(env).and_then(|error| env.throw(error));
        thrown.err().unwrap_or_else(|| Error::from_status(Status::PendingException))
    }

    fn into_js(self, env: Env) -> napi::Result<Unknown<'static>> {
        let mut error = env.create_error(Error::from_reason(&self.0.message))?;
        // SAFETY: `env` is that of the running call, and the value is read before it ends.
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

/// For the data plane alone, whose failures end the port whatever they are.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::from_reason(failure.0.message)
    }
}
