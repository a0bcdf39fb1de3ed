//! A bounded replay of the fuzz targets on messages that were damaged at random.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

mod support;

use proptest::prelude::*;
use proptest::sample::Index;
use support::targets::all;

/// Messages and texts near which damage is interesting, as the corpus has them.
fn seeds() -> Vec<Vec<u8>> {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds");
    let mut files: Vec<_> = std::fs::read_dir(corpus)
        .expect("the seeds of the fuzz targets")
        .map(|entry| entry.expect("a seed").path())
        .collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("a seed")).collect()
}

#[test]
fn the_seeds_are_more_than_noise() {
    assert!(seeds().len() >= 8);
    for seed in seeds() {
        all(&seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn targets_hold_on_damaged_seeds(
        seed: Index,
        damage in prop::collection::vec((any::<Index>(), any::<u8>(), 0..4_u8), 0..5),
    ) {
        let seeds = seeds();
        let mut bytes = seed.get(&seeds).clone();
        for (at, byte, how) in damage {
            let position = at.index(bytes.len() + 1);
            match how {
                0 => bytes.insert(position, byte),
                1 if position < bytes.len() => {
                    bytes.remove(position);
                }
                2 => bytes.truncate(position),
                _ if position < bytes.len() => bytes[position] = byte,
                _ => bytes.push(byte),
            }
        }
        all(&bytes);
    }

    #[test]
    fn targets_hold_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        all(&bytes);
    }
}
