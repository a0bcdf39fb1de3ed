//! What a link did with packets.

/// Packets of one direction. `arrived` is the sum of `passed` and of all kinds of drops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that came in.
    pub arrived: u64,
    /// Bytes that came in.
    pub arrived_bytes: u64,
    /// Packets that were passed on or wait for their time. A duplicated packet counts once.
    pub passed: u64,
    /// Lost at random or in a burst.
    pub lost: u64,
    /// Lost in a blackhole.
    pub blackholed: u64,
    /// Larger than the MTU.
    pub oversize: u64,
    /// Lost because a queue was full.
    pub overflowed: u64,
    /// Dropped as a target.
    pub targeted: u64,
    /// Passed twice.
    pub duplicated: u64,
    /// Held back so that others overtake.
    pub reordered: u64,
    /// Passed with a changed byte.
    pub corrupted: u64,
    /// Passed without their end.
    pub truncated: u64,
}

/// What a link did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// From clients to the server.
    pub to_server: Counts,
    /// From the server to clients.
    pub to_client: Counts,
    /// Addresses of clients that were seen.
    pub clients: u64,
    /// How often clients got another port towards the server.
    pub rebinds: u64,
}
