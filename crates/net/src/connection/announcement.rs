//! What a client announced in its admission request: the services that it answers on the connections that it opens.

use std::sync::Arc;
use std::time::Duration;

use aster_wire::admission::{ConsumerRequest, ServiceSummary};

use super::clock::{PeerClock, steady_epoch_ms};

/// The services that a peer answers on the connections that it opened.
#[derive(Debug, Default)]
pub(crate) struct Announcement {
    pub(crate) services: Arc<[ServiceSummary]>,
    /// Different for announcements that differ. 0 for none.
    pub(crate) generation: u64,
    clock: PeerClock,
}

impl Announcement {
    /// The announcement in a request that has arrived now.
    pub(super) fn new(request: &ConsumerRequest, generation: u64) -> Self {
        let clock = PeerClock::default();
        clock.learn(request.client_time_ms, steady_epoch_ms());
        Self { services: request.services.clone().into(), generation, clock }
    }

    /// The time of the peer after `left`, in milliseconds since 1970.
    pub(crate) fn at_peer(&self, left: Duration) -> i64 {
        self.clock.at_peer(left)
    }
}
