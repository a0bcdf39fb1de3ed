//! Keys, roots, peers and times that tests name by a small number.

use aster_trust::key::{EndpointId, RootKey};
use aster_trust::roots::TrustedRoots;
use aster_trust::time::UnixTime;

pub(crate) fn time(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

pub(crate) fn root(number: u8) -> RootKey {
    RootKey::from_seed(&[number; 32])
}

pub(crate) fn roots(numbers: &[u8]) -> TrustedRoots {
    TrustedRoots::new(numbers.iter().map(|&number| root(number).public_key())).unwrap()
}

pub(crate) fn peer(number: u8) -> EndpointId {
    EndpointId::from_bytes([number; 32])
}
