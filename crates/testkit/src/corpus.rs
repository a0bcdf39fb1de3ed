//! The seeds of the fuzz targets (`fuzz/seeds/TARGET`), and runs of a target on a fixed number of damaged seeds.

use std::path::Path;

use crate::hex;

/// The seeds of a target, sorted by file name.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|entry| entry.expect("a seed").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no seeds", folder.display());
    files.iter().map(|file| std::fs::read(file).expect("a seed")).collect()
}

/// Runs a target on its seeds and on `rounds` damaged seeds. Each run has the same inputs. If the target panics, its
/// input is printed.
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

/// Prints the input if the target panics.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("fuzz target {} found: {}", self.0, hex::encode(self.1));
        }
    }
}

/// xorshift64*, a generator with a fixed seed, so a finding occurs again in the next run.
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

/// Bytes that often change the path of a decoder: flags, ends of varints, quotes.
const SPECIAL_BYTES: [u8; 14] = [0, 1, 2, 8, 12, 0x1D, 0x7F, 0x80, 0xFD, 0xFE, 0xFF, b'"', b'{', b'-'];

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
                _ => SPECIAL_BYTES[random.below(SPECIAL_BYTES.len())],
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashSet;

    #[test]
    fn a_replay_runs_all_seeds_and_many_different_damaged_seeds() {
        let inputs = RefCell::new(HashSet::new());
        super::replay("xlang", 400, |bytes| {
            inputs.borrow_mut().insert(bytes.to_vec());
        });
        assert!(super::seeds("xlang").iter().all(|seed| inputs.borrow().contains(seed)));
        assert!(inputs.borrow().len() > 300, "{}", inputs.borrow().len());
    }
}
