//! What all server calls of a node share.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::service::ServiceTable;

/// State that all server calls of a node share.
#[derive(Debug)]
pub(crate) struct CallServer {
    pub(crate) services: Arc<ServiceTable>,
    /// Counts the calls that were accepted and have not ended. When it is closed, new calls are refused.
    pub(crate) running: TaskTracker,
    /// Counts the open sessions.
    pub(crate) sessions: TaskTracker,
    /// Cancelled to end each session between two calls.
    pub(crate) draining: CancellationToken,
    pub(crate) header_timeout: Duration,
}
