//! Collections: golden vectors of the reference, and damaged bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_registry::core::collection::{FILES, HASH, hashes, names};
use aster_testkit::{hex, vectors};

#[test]
fn recorded_collections_are_read() {
    let file = vectors::load("collections");
    for case in vectors::list(&file, "cases") {
        let name = vectors::text(case, "name");
        let entries = vectors::list(case, "entries");
        let meta = hex::decode(vectors::text(case, "meta_hex"));
        let expected: Vec<&str> = entries.iter().map(|entry| vectors::text(entry, "name")).collect();
        assert_eq!(names(&meta).unwrap(), expected, "{name}");
        let sequence = hex::decode(vectors::text(case, "hashseq_hex"));
        let (first, files) = hashes(&sequence).unwrap();
        assert_eq!(hex::encode(&first), vectors::text(case, "meta_blake3"), "{name}");
        assert_eq!(files.len(), entries.len(), "{name}");
        for length in 0..meta.len() {
            assert!(names(&meta[..length]).is_err(), "{name} cut at {length}");
        }
        assert!(names(&[meta.as_slice(), &[0]].concat()).is_err(), "{name} with one more byte");
    }
}

#[test]
fn claimed_sizes_take_no_memory() {
    assert!(names(b"CollectionV0.\xff\xff\xff\xff\x0f").is_err());
    assert!(names(b"CollectionV0.\x01\xff\xff\xff\xff\x0f").is_err());
    assert!(names(b"CollectionV0.\xff\xff\xff\xff\xff\xff\x01").is_err());
    assert!(names(b"CollectionV0.\x01\x01\xff").is_err());
    assert!(hashes(&[]).is_err());
    assert!(hashes(&[0; HASH + 1]).is_err());
    assert!(hashes(&vec![0; HASH * (FILES + 2)]).is_err());
    assert_eq!(hashes(&vec![0; HASH * (FILES + 1)]).unwrap().1.len(), FILES);
}
