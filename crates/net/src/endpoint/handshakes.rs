//! Handshakes that have not finished. They are counted apart from connections, because a datagram with a forged sender
//! begins one.
//!
//! An address is *validated* when its owner has shown that it receives what is sent there. A few handshakes may begin
//! without that, which saves a round trip. When they pile up, a Retry packet asks for it, which costs no memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iroh::endpoint::{Incoming, IncomingAddr};

/// Handshakes with addresses that are not validated, at the same time.
const UNVALIDATED: usize = 64;
/// The same, for one network.
const UNVALIDATED_PER_NETWORK: usize = 8;
/// Handshakes with validated addresses, at the same time.
const VALIDATED: usize = 1024;
/// The same, for one network.
const VALIDATED_PER_NETWORK: usize = 256;

/// Where handshakes come from: an IPv4 network of 24 bits, an IPv6 network of 48 bits, or everything else together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    V4([u8; 3]),
    V6([u16; 3]),
    Other,
}

impl Network {
    fn of(address: SocketAddr) -> Self {
        match address.ip().to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(ip) => {
                let [a, b, c, ..] = ip.segments();
                Self::V6([a, b, c])
            }
        }
    }

    fn of_incoming(incoming: &Incoming) -> Self {
        match incoming.remote_addr() {
            IncomingAddr::Ip(address) => Self::of(address),
            // A relay knows its clients.
            _ => Self::Other,
        }
    }
}

/// The unfinished handshakes of a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Handshakes(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    /// Not validated, validated.
    all: [usize; 2],
    /// The same for each network with handshakes.
    networks: HashMap<Network, [usize; 2]>,
}

/// An unfinished handshake, which is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Handshake {
    counts: Handshakes,
    network: Network,
    validated: bool,
}

/// What to do with an attempt to connect.
#[derive(Debug)]
pub(super) enum Verdict {
    Accept(Handshake),
    /// Ask for validation of the address.
    Retry,
    Refuse,
}

impl Handshakes {
    /// Judges an attempt to connect.
    pub(super) fn judge(&self, incoming: &Incoming) -> Verdict {
        self.count(Network::of_incoming(incoming), incoming.remote_addr_validated())
    }

    fn count(&self, network: Network, validated: bool) -> Verdict {
        let mut counts = self.counts();
        let index = usize::from(validated);
        let all = counts.all.get(index).copied().unwrap_or(0);
        let near = counts.networks.get(&network).and_then(|counts| counts.get(index)).copied().unwrap_or(0);
        let (most, most_near) = if validated {
            (VALIDATED, VALIDATED_PER_NETWORK)
        } else {
            (UNVALIDATED, UNVALIDATED_PER_NETWORK)
        };
        if all >= most || near >= most_near {
            return if validated { Verdict::Refuse } else { Verdict::Retry };
        }
        counts.change(network, validated, |count| count + 1);
        Verdict::Accept(Handshake { counts: self.clone(), network, validated })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn change(&mut self, network: Network, validated: bool, change: impl Fn(usize) -> usize) {
        let index = usize::from(validated);
        let near = self.networks.entry(network).or_default();
        for counts in [&mut self.all, &mut *near] {
            if let Some(count) = counts.get_mut(index) {
                *count = change(*count);
            }
        }
        if *near == [0, 0] {
            self.networks.remove(&network);
        }
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.counts.counts().change(self.network, self.validated, |count| count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::of(text.parse().expect("an address"))
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        assert_eq!(network("192.0.2.1:1"), network("192.0.2.200:9"));
        assert_ne!(network("192.0.2.1:1"), network("192.0.3.1:1"));
        assert_eq!(network("[::ffff:192.0.2.1]:1"), network("192.0.2.1:1"));
        assert_eq!(network("[2001:db8:1:2::1]:1"), network("[2001:db8:1:3::9]:1"));
        assert_ne!(network("[2001:db8:1::1]:1"), network("[2001:db8:2::1]:1"));
    }

    #[test]
    fn addresses_must_be_validated_when_handshakes_pile_up_in_a_network_or_in_all() {
        let handshakes = Handshakes::default();
        let mut open = Vec::new();
        for network in 0..UNVALIDATED / UNVALIDATED_PER_NETWORK {
            let network = Network::V4([10, 0, network as u8]);
            for _ in 0..UNVALIDATED_PER_NETWORK {
                let Verdict::Accept(handshake) = handshakes.count(network, false) else { panic!("few") };
                open.push(handshake);
            }
            assert!(matches!(handshakes.count(network, false), Verdict::Retry), "too many in this network");
            assert!(matches!(handshakes.count(network, true), Verdict::Accept(_)), "a validated address");
        }
        assert!(matches!(handshakes.count(network("192.0.2.1:1"), false), Verdict::Retry), "too many in all");
        drop(open);
        assert!(matches!(handshakes.count(network("192.0.2.1:1"), false), Verdict::Accept(_)));
        assert!(handshakes.counts().networks.is_empty(), "nothing is left of handshakes that have ended");
    }

    #[test]
    fn validated_addresses_are_refused_above_their_limits() {
        let handshakes = Handshakes::default();
        let near = network("192.0.2.1:1");
        let open: Vec<_> = (0..VALIDATED_PER_NETWORK).map(|_| handshakes.count(near, true)).collect();
        assert!(open.iter().all(|verdict| matches!(verdict, Verdict::Accept(_))));
        assert!(matches!(handshakes.count(near, true), Verdict::Refuse));
        assert!(matches!(handshakes.count(network("198.51.100.1:1"), true), Verdict::Accept(_)));
    }
}
