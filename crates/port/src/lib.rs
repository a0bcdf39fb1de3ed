//! Calls as batched records, for one JavaScript environment.
//!
//! Owns the numbers of calls, methods and connections of an environment, the event queue and its doorbell, and the
//! encoding of operations and events (`docs/boundary.md#data-plane`). Calls belong to `aster-net`: for each call a
//! task awaits it here and converts its events. This crate does not depend on napi, so cargo can test all of it.
#![forbid(unsafe_code)]

mod connections;
pub mod constants;
mod drive;
mod event;
mod narrow;
mod port;
mod question;
mod records;
mod serve;
mod sessions;
mod slab;

pub use event::{Event, IncomingCall, Op, PeerFacts};
pub use port::{Doorbell, Port};
pub use records::{RecordError, read_operations};
pub use slab::Slab;
