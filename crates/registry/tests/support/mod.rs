//! Leases, keys and moments for the tests of the core.
#![allow(dead_code, unreachable_pub, reason = "a module of several test binaries")]
#![allow(clippy::expect_used, reason = "tests")]

use std::time::Duration;

use aster_registry::core::book::{Book, Entry, Refused, ServiceChange};
use aster_registry::core::health::Health;
use aster_registry::core::key::Key;
use aster_registry::core::lease::{ALPN, Lease, XLANG};
use aster_registry::core::time::Moment;
use aster_registry::core::timing::Timing;

/// The wall clock of the reader when its steady clock is zero.
pub const START_MS: i64 = 1_700_000_000_000;

/// A moment of the reader, so many seconds after the start.
pub fn at(seconds: u64) -> Moment {
    at_ms(seconds * 1000)
}

/// A moment of the reader, so many milliseconds after the start.
pub fn at_ms(ms: u64) -> Moment {
    Moment { steady: Duration::from_millis(ms), epoch_ms: START_MS + ms as i64 }
}

/// An endpoint id, contract id or author id.
pub fn id(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

/// A lease that its endpoint wrote so many seconds after the start, by a clock without skew.
pub fn lease(owner: u8, service: &str, seconds: i64) -> Lease {
    let now = START_MS + seconds * 1000;
    Lease {
        endpoint_id: id(owner),
        contract_id: id(0xcc),
        service: service.to_owned(),
        version: 1,
        lease_expires_epoch_ms: now + Timing::DEFAULT.lease.as_millis() as i64,
        lease_seq: 1,
        alpn: ALPN.to_owned(),
        serialization_modes: vec![XLANG.to_owned()],
        feature_flags: Vec::new(),
        relay_url: None,
        direct_addrs: vec!["127.0.0.1:4433".to_owned()],
        load: None,
        language_runtime: Some("node".to_owned()),
        aster_version: "0.1.0".to_owned(),
        policy_realm: None,
        health_status: Health::Ready,
        tags: Vec::new(),
        updated_at_epoch_ms: now,
    }
}

/// Gives a book a lease, as the document of its endpoint has it.
pub fn take(book: &mut Book, lease: &Lease, now: Moment) -> Result<Option<ServiceChange>, Refused> {
    let value = lease.to_json().expect("a lease");
    let stamp = lease.updated_at_epoch_ms.unsigned_abs() * 1000;
    put(book, &lease.endpoint_id, &Key::Lease(lease.key()), &value, stamp, now)
}

/// Gives a book an entry.
pub fn put(
    book: &mut Book,
    owner: &str,
    key: &Key,
    value: &[u8],
    stamp: u64,
    now: Moment,
) -> Result<Option<ServiceChange>, Refused> {
    book.take(Entry { owner, key, value, stamp }, now)
}
