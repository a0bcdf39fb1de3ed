//! Random numbers that depend only on a seed, a direction, the number of a packet and the purpose of the number.
//!
//! Each fault has a purpose of its own. Turning one fault on does not change the decisions of the others.

/// What a random number decides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Loss = 1,
    BurstState,
    BurstLoss,
    Duplicate,
    Reorder,
    Jitter,
    Corrupt,
    CorruptAt,
    CorruptBy,
    Truncate,
    TruncateTo,
}

/// The random numbers of one packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PacketRandom(u64);

impl PacketRandom {
    pub(crate) fn new(seed: u64, direction: u64, number: u64) -> Self {
        Self(mix(mix(seed ^ direction.wrapping_mul(0xd134_2543_de82_ef95)) ^ number))
    }

    pub(crate) fn bits(self, purpose: Purpose) -> u64 {
        mix(self.0 ^ (purpose as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// From 0 up to, but not including, 1.
    pub(crate) fn fraction(self, purpose: Purpose) -> f64 {
        (self.bits(purpose) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn chance(self, purpose: Purpose, probability: f64) -> bool {
        probability > 0.0 && self.fraction(purpose) < probability
    }

    /// From 0 up to, but not including, `end`; 0 if `end` is 0.
    pub(crate) fn below(self, purpose: Purpose, end: usize) -> usize {
        (self.fraction(purpose) * end as f64) as usize
    }
}

/// The finaliser of `SplitMix64`: every bit of the input changes every bit of the output.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
