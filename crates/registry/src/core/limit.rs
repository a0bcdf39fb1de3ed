//! Limits of what a registry reads, keeps and sends.

use std::time::Duration;

/// Longest key of an entry. The docs protocol also sends keys by gossip, and a longer message would end the gossip of a
/// connection in silence.
pub const KEY_BYTES: usize = 1024;
/// Largest value of an entry that is read. A manifest of a large service has some tens of kilobytes.
pub const VALUE_BYTES: usize = 1 << 20;
/// Largest lease.
pub const LEASE_BYTES: usize = 16 * 1024;
/// Largest payload of a gossip message: 4,096 bytes less the frame.
pub const GOSSIP_BYTES: usize = 4057;
/// Entries of one document that are read.
pub const DOCUMENT_ENTRIES: usize = 16_384;
/// Leases of one member.
pub const MEMBER_LEASES: usize = 4096;
/// Pointers (versions, channels, tags) of one member.
pub const MEMBER_POINTERS: usize = 4096;
/// Leases of all members.
pub const LEASES: usize = 65_536;
/// Members that a node knows.
pub const MEMBERS: usize = 512;
/// Members that one other member may introduce.
pub const MEMBERS_OF_ONE: usize = 256;
/// Longest name of a service, a channel or a tag.
pub const NAME_BYTES: usize = 255;
/// Tags, addresses and flags of a lease, each.
pub const LIST_ITEMS: usize = 64;
/// Largest document of the exchange of members.
pub const EXCHANGE_BYTES: usize = 1 << 20;
/// Largest record of a member.
pub const RECORD_BYTES: usize = 4096;

/// How long a member is remembered that nobody has heard of.
pub const MEMBER_SILENCE: Duration = Duration::from_mins(10);
