//! Typed calls for Rust programs that use Aster without Node (`docs/rust.md`).
//!
//! A thin layer on `aster-net`: it converts events to values that are awaited, and payloads to structs ([`message!`])
//! or [`Value`]s. It contains no rules of the protocol. Everything runs on the current tokio runtime.
#![forbid(unsafe_code)]

mod client;
mod contract;
mod message;
mod server;
mod stream;

pub use aster_codec::Value;
pub use aster_net::{Discovery, Mode, NodeLimits, NodeOptions, OwnRelays, RelayChoice};
pub use aster_wire::record::RpcStatus as Status;
pub use aster_wire::status::Code;
pub use client::{CallOptions, Client, Stub, Upload};
pub use contract::{Contract, ContractProblem, Types};
#[doc(hidden)]
pub use message::other_message;
pub use message::{Field, Message};
pub use server::{Incoming, Server};
pub use stream::{Receiver, Sender};
