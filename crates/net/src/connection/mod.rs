//! Connections, outgoing and incoming, and the parts that both use.
//!
//! Owns dialling again, the peers that are connected, liveness probes, the limit on resets, the byte budget, and frames on
//! QUIC streams. The meaning of a frame for a call is in `aster_wire::call`; this module does not depend on calls.

mod announcement;
mod budget;
mod callee;
mod clock;
mod events;
mod liveness;
mod outgoing;
mod pace;
mod path;
mod peers;
mod process;
mod reader;
mod relaying;
mod served;
mod target;
mod watch;
mod writer;

pub(crate) use announcement::Announcement;
pub use budget::MESSAGE_OVERHEAD;
pub(crate) use budget::{PeerBudget, Purpose, Reserved, Room};
pub use callee::Callee;
pub(crate) use callee::Route;
pub(crate) use clock::{epoch_ms, steady_epoch_ms};
pub use events::ConnectionState;
pub use outgoing::OutgoingConnection;
pub use path::{PathInfo, Traffic};
pub use peers::ConnectedPeer;
pub(crate) use peers::ConnectedPeers;
pub(crate) use process::ProcessBudget;
pub use process::set_default_process_bytes;
pub(crate) use reader::{FrameReader, connection_failure, message_bytes};
pub use relaying::RelayPolicy;
pub use served::ServedConnection;
pub(crate) use served::{IncomingStream, reset_streams};
pub(crate) use target::{CallsBack, Target, chain, refuse_one_way};
pub(crate) use watch::Watched;
pub(crate) use writer::FrameWriter;
