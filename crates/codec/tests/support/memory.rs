//! The memory that decoding takes at its peak, measured with a counting allocator. A program that includes this file counts
//! all its allocations.
//!
//! The rule: decoding takes no more than the limit on the estimated size of the message, whatever the bytes are. The table
//! of costs is in `src/limits.rs`.

use aster_codec::{Graph, PayloadLimits, json_to_xlang_within, wire_to_presence_flagged_within};
use peak_alloc::PeakAlloc;

use super::targets;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The limit on the estimated size of a message in these tests.
pub(crate) const LIMIT: usize = 4 << 20;
/// Lists grow in steps and hold up to twice their elements while they move. The bytes of the message are copied once.
const FACTOR: usize = 2;
const SLACK: usize = 256 << 10;

/// Runs `decode`, and panics when it took more memory at its peak than a message of `bytes` may.
pub(crate) fn within_limit<T>(name: &str, bytes: usize, decode: impl FnOnce() -> T) -> T {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let result = decode();
    let peak = MEMORY.peak_usage().saturating_sub(before);
    let most = FACTOR * (LIMIT + bytes) + SLACK;
    assert!(peak <= most, "{name}: {peak} bytes for a message of {bytes}, but at most {most} are allowed");
    result
}

fn limits() -> PayloadLimits {
    PayloadLimits::with_decoded(LIMIT)
}

/// The bytes as XLANG of a message root and of a dynamic root.
pub(crate) fn xlang(bytes: &[u8]) {
    for (root, plan) in [(0, targets::plain()), (1, targets::plain()), (0, targets::tracking())] {
        let read = || Graph::decode_within(plan, root, bytes, limits());
        drop(within_limit("xlang", bytes.len(), read));
    }
}

/// The same in compatible mode.
pub(crate) fn compatible(bytes: &[u8]) {
    let checked = targets::with_checksum(bytes);
    for plan in targets::described() {
        for bytes in [bytes, &checked] {
            let convert = || wire_to_presence_flagged_within(plan, 0, bytes, limits());
            drop(within_limit("compatible", bytes.len(), convert));
        }
    }
}

/// The bytes as JSON text of a message root and of a dynamic root.
pub(crate) fn json(bytes: &[u8]) {
    for root in 0..2 {
        let convert = || json_to_xlang_within(targets::plain(), root, bytes, true, limits());
        drop(within_limit("json", bytes.len(), convert));
    }
}
