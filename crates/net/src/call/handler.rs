//! The trait for handlers, which answer the calls of a service.

use std::pin::Pin;

use super::server::ServerCall;

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
}
