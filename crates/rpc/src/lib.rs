//! Typed calls from Rust, for people who use Aster without Node (`docs/rust.md`).
//!
//! A thin layer over `aster-net`: it turns operations and events into values that are awaited, and payloads into
//! structs ([`message!`]) or [`Value`]s. It owns no byte and no rule of the protocol. All of it runs on the tokio
//! runtime that the caller entered.
#![forbid(unsafe_code)]

mod client;
mod contract;
mod message;
mod server;
mod stream;

pub use aster_codec::Value;
pub use aster_net::{Mode, NodeLimits, NodeOptions, RelayChoice};
pub use aster_wire::record::RpcStatus as Status;
pub use aster_wire::status::Code;
pub use client::{CallOptions, Client, Stub, Upload};
pub use contract::{Contract, ContractProblem, Types};
#[doc(hidden)]
pub use message::other_message;
pub use message::{Field, Message};
pub use server::{Incoming, Server};
pub use stream::{Receiver, Sender};
