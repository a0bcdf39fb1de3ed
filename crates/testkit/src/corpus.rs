//! The seeds of the fuzz targets (`fuzz/seeds/TARGET`), and a bounded replay of a target on damaged ones.

use std::path::Path;

use crate::hex;

/// The seeds of a target, in the order of their names.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|entry| entry.expect("a seed").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no seeds", folder.display());
    files.iter().map(|file| std::fs::read(file).expect("a seed")).collect()
}

/// Gives a target its seeds, and as many damaged ones as `rounds` says; always the same ones. The input of a finding
/// is printed.
pub fn replay(target: &str, rounds: usize, run: impl Fn(&[u8])) {
    let seeds = seeds(target);
    let run = |bytes: &[u8]| {
        let shown = Shown(target, bytes);
        run(bytes);
        drop(shown);
    };
    for seed in &seeds {
        run(seed);
    }
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..rounds {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(4) {
            damage(&mut bytes, &mut random, &seeds);
        }
        if round % 8 == 0 {
            bytes = (0..random.below(120)).map(|_| random.byte()).collect();
        }
        run(&bytes);
    }
}

/// Prints the input when the target panics on it.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("fuzz target {} found: {}", self.0, hex::encode(self.1));
        }
    }
}

/// xorshift64*: a finding must come again in the next run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        (self.next() >> 40) as u8
    }
}

/// Bytes at which decoders take turns: flags, ends of varints, quotes.
const TELLING: [u8; 14] = [0, 1, 2, 8, 12, 0x1D, 0x7F, 0x80, 0xFD, 0xFE, 0xFF, b'"', b'{', b'-'];

fn damage(bytes: &mut Vec<u8>, random: &mut Random, seeds: &[Vec<u8>]) {
    let at = random.below(bytes.len() + 1);
    let until = at + random.below((bytes.len() - at).min(32) + 1);
    match random.below(9) {
        0 => bytes.insert(at, random.byte()),
        1 => drop(bytes.drain(at..until)),
        2 => bytes.truncate(at),
        3 => {
            let chunk = bytes[at..until].to_vec();
            bytes.splice(at..at, chunk);
        }
        4 => {
            let other = &seeds[random.below(seeds.len())];
            bytes.truncate(at);
            bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        how => {
            let Some(byte) = bytes.get_mut(at) else {
                return bytes.push(random.byte());
            };
            *byte = match how {
                5 => random.byte(),
                6 => *byte ^ 1 << random.below(8),
                7 => byte.wrapping_add(1),
                _ => TELLING[random.below(TELLING.len())],
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashSet;

    #[test]
    fn a_replay_gives_the_seeds_and_many_different_damaged_ones() {
        let seen = RefCell::new(HashSet::new());
        super::replay("xlang", 400, |bytes| {
            seen.borrow_mut().insert(bytes.to_vec());
        });
        assert!(super::seeds("xlang").iter().all(|seed| seen.borrow().contains(seed)));
        assert!(seen.borrow().len() > 300, "{}", seen.borrow().len());
    }
}
