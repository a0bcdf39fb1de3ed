//! The order of the endpoints that were found.

use std::collections::HashMap;
use std::time::Duration;

use super::query::{Found, Policy};

/// What the order may depend on beside the endpoints themselves.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Grows with every question; for [`Policy::RoundRobin`].
    pub turn: u64,
    /// For [`Policy::Random`].
    pub seed: u64,
    /// Round-trip times, by endpoint id.
    pub rtts: HashMap<String, Duration>,
}

/// Puts endpoints in order: ready before degraded, then by the policy.
pub fn rank(found: &mut [Found], policy: Policy, facts: &Facts) {
    // A fixed order first, so that the result depends on nothing but the arguments.
    found.sort_by(|a, b| {
        (a.health, &a.endpoint_id, a.version, &a.contract_id).cmp(&(
            b.health,
            &b.endpoint_id,
            b.version,
            &b.contract_id,
        ))
    });
    for same in found.chunk_by_mut(|a, b| a.health == b.health) {
        match policy {
            Policy::RoundRobin => {
                let places = same.len() as u64;
                same.rotate_left((facts.turn % places) as usize);
            }
            Policy::LeastLoad => {
                same.sort_by(|a, b| load(a).total_cmp(&load(b)));
            }
            Policy::Nearest => {
                same.sort_by_key(|one| facts.rtts.get(&one.endpoint_id).copied().unwrap_or(Duration::MAX));
            }
            Policy::Random => shuffle(same, facts.seed),
        }
    }
}

fn load(found: &Found) -> f64 {
    found.load.unwrap_or(f64::INFINITY)
}

/// Fisher and Yates, with the generator `SplitMix64`.
fn shuffle(found: &mut [Found], seed: u64) {
    let mut state = seed;
    for last in (1..found.len()).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^= word >> 31;
        found.swap(last, (word % (last as u64 + 1)) as usize);
    }
}
