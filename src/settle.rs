//! Requests of the control plane that take time (`docs/boundary.md#requests`).
//!
//! A request returns at once. Its outcome waits under the number that TypeScript chose; a SETTLED event of the
//! same port tells that it is there, and a `take` function hands it over on the JavaScript thread. So no promise, no
//! callback and no value of JavaScript is held by another thread, and an environment may end at any moment.

use std::any::Any;
use std::future::Future;

use aster_port::Event;
use aster_wire::status::Code;
use napi::Env;
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};
use crate::registry::PORTS;
use crate::runtime;

/// Runs `work` on the I/O thread and settles `request` of `port` with what it gives.
pub(crate) fn settle<T: Any + Send>(
    port: u32,
    request: u32,
    work: impl Future<Output = Outcome<T>> + Send + 'static,
) -> Outcome<()> {
    let entry = PORTS.get(port)?;
    runtime::spawn(async move {
        // A task of its own: after a panic the request still settles.
        let outcome = tokio::spawn(work).await.unwrap_or_else(|error| {
            Err(Failure::new(Code::Internal, format_args!("the request could not be finished: {error}")))
        });
        entry.outcomes.put(request, outcome);
        entry.port.push(Event::Settled { request });
    });
    Ok(())
}

/// Takes the outcome of a settled request.
pub(crate) fn take<T: Any>(port: u32, request: u32) -> Outcome<T> {
    PORTS.get(port)?.outcomes.take(request)
}

/// Takes the outcome of a request that gives nothing.
#[napi(catch_unwind)]
pub fn take_done(env: Env, port: u32, request: u32) -> napi::Result<()> {
    throwing(env, || take(port, request))
}
