//! Results of requests, kept until TypeScript takes them.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aster_wire::status::Code;

use crate::error::{Failure, Outcome};

/// The results that the environment of one port has not taken yet, by request number.
#[derive(Default)]
pub(crate) struct Outcomes(Mutex<HashMap<u32, Outcome<Box<dyn Any + Send>>>>);

impl Outcomes {
    pub(crate) fn put<T: Any + Send>(&self, request: u32, outcome: Outcome<T>) {
        let outcome = outcome.map(|value| Box::new(value) as Box<dyn Any + Send>);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(request, outcome);
    }

    /// The result of a completed request. It can be taken once.
    pub(crate) fn take<T: Any>(&self, request: u32) -> Outcome<T> {
        let outcome = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&request);
        let value = outcome.ok_or_else(|| Failure::handle("request"))??;
        value.downcast().map(|value| *value).map_err(|_| {
            Failure::new(
                Code::Internal,
                "the result of the request was taken by a function for another type of result",
            )
        })
    }
}
