//! Requests of the control plane that take time (`docs/boundary.md#requests`).
//!
//! A request function returns immediately. When the request is complete, its result is stored under the number that
//! TypeScript chose, and a SETTLED event is sent to the same port. A `take` function then returns the result on the
//! JavaScript thread. No other thread holds a promise, a callback or a JavaScript value, so an environment may end at
//! any time.

use std::any::Any;
use std::future::Future;

use aster_port::Event;
use aster_wire::status::Code;
use napi::Env;
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};
use crate::registry::PORTS;
use crate::runtime;

/// Runs `work` on the I/O thread and stores its result as that of `request` of `port`.
pub(crate) fn settle<T: Any + Send>(
    port: u32,
    request: u32,
    work: impl Future<Output = Outcome<T>> + Send + 'static,
) -> Outcome<()> {
    let entry = PORTS.get(port)?;
    runtime::spawn(async move {
        // A separate task: the request is completed even after a panic.
        let outcome = tokio::spawn(work).await.unwrap_or_else(|error| {
            Err(Failure::new(Code::Internal, format_args!("the request could not be completed: {error}")))
        });
        entry.outcomes.put(request, outcome);
        entry.port.push(Event::Settled { request });
    });
    Ok(())
}

/// Takes the result of a completed request.
pub(crate) fn take<T: Any>(port: u32, request: u32) -> Outcome<T> {
    PORTS.get(port)?.outcomes.take(request)
}

/// Takes the result of a request that has no result value.
#[napi(catch_unwind)]
pub fn take_done(env: Env, port: u32, request: u32) -> napi::Result<()> {
    throwing(env, || take(port, request))
}
