//! What a client announced in its admission request: the services that it answers on the connections that it opens.

use std::sync::Arc;

use aster_wire::admission::{ConsumerRequest, ServiceSummary};

use super::clock::{PeerClock, epoch_ms};

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
        clock.learn(request.client_time_ms, epoch_ms());
        Self { services: request.services.clone().into(), generation, clock }
    }

    /// A time of this clock, in milliseconds since 1970, in the time of the peer.
    pub(crate) fn at_peer(&self, ms: i64) -> i64 {
        self.clock.at_peer(ms)
    }
}
