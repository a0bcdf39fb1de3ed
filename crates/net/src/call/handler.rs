//! The trait for handlers, which answer the calls of a service.

use std::pin::Pin;

use std::sync::Arc;

use super::server::ServerCall;
use super::session::served::{ServedSession, SessionEnd};

/// A future that runs one call.
pub type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Answers the calls of one service, on the runtime of the node.
pub trait Handler: Send + Sync + 'static {
    /// Runs one call: awaits its events until there are no more, and ends the call through its handle.
    ///
    /// Lifetime: dropping the call before it has ended resets its stream.
    fn serve(&self, call: ServerCall) -> Serving;

    /// Whether this handler accepts no new calls. They go to other handlers of the same service.
    fn is_closed(&self) -> bool;

    /// A session begins; all of its calls go to the returned handler. `None` refuses it: only services of scope
    /// `session` have sessions.
    fn open_session(&self, _session: &Arc<ServedSession>) -> Option<Box<dyn SessionHandler>> {
        None
    }
}

/// Answers the calls of one session, one at a time.
pub trait SessionHandler: Send + Sync + 'static {
    /// Runs one call; see [`Handler::serve`]. The next call begins after it.
    fn serve(&self, call: ServerCall) -> Serving;

    /// The session is over. Called exactly once, whatever ended it.
    fn ended(&self, end: SessionEnd);
}
