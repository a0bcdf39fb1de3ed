//! The network path of a connection.

use std::time::Duration;

use iroh::TransportAddr;
use iroh::endpoint::Connection;

/// The network path that a connection uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathInfo {
    /// Address of the peer on this path, or the URL of the relay.
    pub remote_address: String,
    /// Whether the path uses a relay.
    pub relayed: bool,
    /// Smoothed round-trip time.
    pub rtt: Duration,
}

impl PathInfo {
    /// The path that `connection` uses now; `None` while none is selected.
    pub fn of(connection: &Connection) -> Option<Self> {
        let paths = connection.paths();
        let selected = paths.iter().find(iroh::endpoint::Path::is_selected)?;
        let remote_address = match selected.remote_addr() {
            TransportAddr::Ip(address) => address.to_string(),
            TransportAddr::Relay(url) => url.to_string(),
            other => format!("{other:?}"),
        };
        Some(Self { remote_address, relayed: selected.is_relay(), rtt: selected.rtt() })
    }
}
