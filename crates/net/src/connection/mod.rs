//! Connections, outgoing and incoming, and the parts that both use.
//!
//! Owns dialling again, liveness probes, the limit on resets, the byte budget, and frames on QUIC streams. The
//! meaning of a frame for a call is in `aster_wire::call`; this module does not depend on calls.

mod budget;
mod clock;
mod incoming;
mod liveness;
mod outgoing;
mod pace;
mod path;
mod process;
mod reader;
mod target;
mod watch;
mod writer;

pub use budget::MESSAGE_OVERHEAD;
pub(crate) use budget::{PeerBudget, Purpose, Reserved, Room};
pub(crate) use clock::epoch_ms;
pub use incoming::IncomingConnection;
pub(crate) use incoming::IncomingStream;
pub use outgoing::OutgoingConnection;
pub use path::PathInfo;
pub(crate) use process::ProcessBudget;
pub use process::set_default_process_bytes;
pub(crate) use reader::{FrameReader, connection_failure};
pub(crate) use target::{Target, chain};
pub(crate) use watch::Watched;
pub(crate) use writer::FrameWriter;
