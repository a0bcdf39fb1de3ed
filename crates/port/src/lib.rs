//! Calls as batched records, for one JavaScript environment.
//!
//! Owns the numbers of calls, methods and connections of an environment, the queue of events and its doorbell, and
//! the byte form of operations and events (`docs/boundary.md#data-plane`). A call itself is `aster-net`'s: a task
//! awaits it here and turns what happens into events. Nothing here knows napi, so all of it is tested by cargo.
#![forbid(unsafe_code)]

mod connections;
pub mod constants;
mod event;
mod port;
mod records;
mod serve;
mod slab;

pub use event::{Event, IncomingCall, Op, PeerFacts};
pub use port::{Doorbell, Port};
pub use records::{RecordError, read_operations};
pub use slab::Slab;
