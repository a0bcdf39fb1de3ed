//! What the fuzz target of the registry does with its bytes; `replay.rs` gives it damaged seeds.
//!
//! The first byte says what the rest is. It panics where a promise is broken: something read is not written and read again
//! as the same, or is larger than its limits allow.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a finding")]

use std::time::Duration;

use aster_registry::core::acl::Writers;
use aster_registry::core::artifact::ArtifactRef;
use aster_registry::core::book::{Book, Entry};
use aster_registry::core::key::Key;
use aster_registry::core::lease::Lease;
use aster_registry::core::limit::KEY_BYTES;
use aster_registry::core::member::{Introductions, Members, Record};
use aster_registry::core::query::Query;
use aster_registry::core::time::Moment;
use aster_registry::core::timing::Timing;

const NOW: Moment = Moment { steady: Duration::from_secs(1000), epoch_ms: 1_700_000_000_000 };

/// Entries and documents of a registry.
pub(crate) fn registry(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind % 5 {
        0 => entry(rest),
        1 => lease(rest),
        2 => reference(rest),
        3 => introductions(rest),
        _ => drop(Writers::read(rest)),
    }
}

/// A key, a line feed, a value, in a document of the endpoint that the key names.
fn entry(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let Ok(key) = Key::parse(&bytes[..at]) else { return };
    let written = key.to_bytes().expect("a key that was read");
    assert_eq!(written, &bytes[..at]);
    assert!(written.len() <= KEY_BYTES);
    let owner = match &key {
        Key::Lease(lease) => lease.endpoint_id.clone(),
        _ => "11".repeat(32),
    };
    let mut book = Book::default();
    let value = bytes.get(at + 1..).unwrap_or_default();
    let taken = book.take(Entry { owner: &owner, key: &key, value, stamp: 1 }, NOW);
    if taken.is_err() {
        assert!(book.is_empty());
    }
    let Key::Lease(lease) = &key else { return };
    let late = Moment { steady: NOW.steady + Timing::DEFAULT.lease + Timing::DEFAULT.skew, ..NOW };
    assert!(book.find(&Query::of(&lease.service), late).is_empty(), "a lease lasts for ever");
}

fn lease(bytes: &[u8]) {
    let Ok(lease) = Lease::from_json(bytes) else { return };
    let Ok(written) = lease.to_json() else { return };
    assert_eq!(Lease::from_json(&written).expect("a lease"), lease);
}

fn reference(bytes: &[u8]) {
    let Ok(reference) = ArtifactRef::from_json(bytes) else { return };
    let Ok(written) = reference.to_json() else { return };
    assert_eq!(ArtifactRef::from_json(&written).expect("a reference"), reference);
}

fn introductions(bytes: &[u8]) {
    let Some(read) = Introductions::from_json(bytes) else { return };
    let mut members = Members::new("11".repeat(32));
    for text in &read.records {
        let Ok(record) = Record::read(text) else { continue };
        let id = record.endpoint_id.clone();
        let _ = members.hear(record, &id, NOW);
    }
    assert!(members.records().count() <= read.records.len());
}
