//! `MurmurHash3` x64-128, first 64 bits only: the hash of long meta strings, message fields and descriptions.

/// The seed of every hash in the format.
const SEED: u64 = 47;
const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// The first 64 bits of the hash of `bytes`, with seed 47.
pub fn murmur3(bytes: &[u8]) -> u64 {
    let (mut h1, mut h2) = (SEED, SEED);
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        let (k1, k2) = lanes(block);
        h1 ^= mix1(k1);
        h1 = h1.rotate_left(27).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix2(k2);
        h2 = h2.rotate_left(31).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    // The algorithm skips missing tail bytes. Zero padding gives the same result, because zero mixes to zero.
    let mut last = [0; 16];
    for (slot, byte) in last.iter_mut().zip(tail) {
        *slot = *byte;
    }
    let (k1, k2) = lanes(&last);
    h1 ^= mix1(k1);
    h2 ^= mix2(k2);

    h1 ^= bytes.len() as u64;
    h2 ^= bytes.len() as u64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    avalanche(h1).wrapping_add(avalanche(h2))
}

fn lanes(block: &[u8; 16]) -> (u64, u64) {
    let both = u128::from_le_bytes(*block);
    (both as u64, (both >> 64) as u64)
}

fn mix1(k: u64) -> u64 {
    k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn mix2(k: u64) -> u64 {
    k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn avalanche(mut k: u64) -> u64 {
    k ^= k >> 33;
    k = k.wrapping_mul(0xff51_afd7_ed55_8ccd);
    k ^= k >> 33;
    k = k.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    k ^ k >> 33
}

#[cfg(test)]
mod tests {
    use super::murmur3;

    #[test]
    fn equals_published_values() {
        for (text, hash) in [
            ("hello", 0x6060_6ACF_3156_DCAE),
            ("0123456789abcdef", 0xBF08_A2CF_6317_E221),
            ("0123456789abcdef0", 0x5BC1_7488_A166_0DA2),
            ("x,7,0,0;", 0xE477_8B3F_1DC0_3EC0),
        ] {
            assert_eq!(murmur3(text.as_bytes()), hash, "{text}");
        }
    }
}
