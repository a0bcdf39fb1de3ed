//! The peers that are admitted now: what gate 0 asks on every connection and every call.
//!
//! Entries end at the expiry of the credential or after the longest admission, whichever comes first. The caller passes in
//! the time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::admission::Admitted;
use crate::key::EndpointId;
use crate::refusal::Refusal;
use crate::revocation::Revocations;
use crate::roots::TrustedRoots;
use crate::time::UnixTime;

/// Most peers at a time, unless the table is told otherwise.
pub const DEFAULT_CAPACITY: usize = 65_536;
/// Longest admission, unless the table is told otherwise: a day, as in the reference.
pub const DEFAULT_LONGEST: Duration = Duration::from_hours(24);

/// Why an admitted peer is admitted no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its credential expired, or it was admitted too long ago.
    Expired,
    /// A list names it or its credential, or its root key is no longer trusted.
    Revoked,
}

/// Endpoint ids with what their credentials say.
#[derive(Debug)]
pub struct Peers {
    capacity: usize,
    longest: Duration,
    entries: HashMap<EndpointId, Arc<Admitted>>,
}

impl Default for Peers {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY, DEFAULT_LONGEST)
    }
}

impl Peers {
    /// An empty table for at most `capacity` peers, each admitted for at most `longest`.
    pub fn new(capacity: usize, longest: Duration) -> Self {
        Self { capacity, longest, entries: HashMap::new() }
    }

    /// Lets a peer in, or renews it: the newest admission counts, even if an earlier one allowed more. It ends with the
    /// credential or after the longest admission, whichever comes first; [`Admitted::expires_at`] is set to that.
    pub fn admit(&mut self, mut admitted: Admitted, now: UnixTime) -> Result<Arc<Admitted>, Refusal> {
        admitted.expires_at = admitted.expires_at.min(now.plus(self.longest));
        if admitted.expires_at <= now {
            return Err(Refusal::Expired(admitted.expires_at));
        }
        if !self.has_room_for(&admitted.endpoint_id, now) {
            return Err(Refusal::TooManyPeers);
        }
        let admitted = Arc::new(admitted);
        self.entries.insert(admitted.endpoint_id, Arc::clone(&admitted));
        Ok(admitted)
    }

    /// True when a peer is known or there is a free place, after those whose time has come were removed.
    pub fn has_room_for(&mut self, id: &EndpointId, now: UnixTime) -> bool {
        if self.entries.len() < self.capacity || self.entries.contains_key(id) {
            return true;
        }
        self.entries.retain(|_, admitted| admitted.expires_at > now);
        self.entries.len() < self.capacity
    }

    /// What is known of an admitted peer; none when it is not admitted now.
    pub fn get(&self, id: &EndpointId, now: UnixTime) -> Option<&Arc<Admitted>> {
        self.entries.get(id).filter(|admitted| admitted.expires_at > now)
    }

    /// Removes a peer. Returns false when there is none.
    pub fn remove(&mut self, id: &EndpointId) -> bool {
        self.entries.remove(id).is_some()
    }

    /// Removes the peers whose time has come and the ones that are revoked. Their connections have to end.
    pub fn sweep(
        &mut self,
        roots: &TrustedRoots,
        revocations: &Revocations,
        now: UnixTime,
    ) -> Vec<(EndpointId, Ended)> {
        let mut ended = Vec::new();
        self.entries.retain(|id, admitted| {
            let revoked = !roots.contains(&admitted.root)
                || revocations.revokes_endpoint(id)
                || revocations.revokes_credential(&admitted.fingerprint);
            let cause = match (revoked, admitted.expires_at <= now) {
                (true, _) => Ended::Revoked,
                (false, true) => Ended::Expired,
                (false, false) => return true,
            };
            ended.push((*id, cause));
            false
        });
        ended
    }

    /// When the next admission ends; none when nobody is admitted.
    pub fn next_end(&self) -> Option<UnixTime> {
        self.entries.values().map(|admitted| admitted.expires_at).min()
    }

    /// How many peers the table holds, the ones whose time has come included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when it holds none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::Attributes;
    use crate::credential::{CredentialKind, Fingerprint};
    use crate::key::RootKey;
    use crate::revocation::RevocationList;

    fn root() -> RootKey {
        RootKey::from_seed(&[1; 32])
    }

    fn roots() -> TrustedRoots {
        TrustedRoots::new([root().public_key()]).unwrap()
    }

    fn time(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    fn id(number: u8) -> EndpointId {
        EndpointId::from_bytes([number; 32])
    }

    fn admitted(number: u8, expires_at: u64) -> Admitted {
        Admitted {
            endpoint_id: id(number),
            kind: CredentialKind::Policy,
            root: root().public_key(),
            attributes: Attributes::default(),
            roles: Attributes::default().roles(),
            expires_at: time(expires_at),
            fingerprint: Fingerprint::from_bytes([number + 100; 32]),
        }
    }

    /// Until when a peer with this credential is admitted.
    fn admit(peers: &mut Peers, number: u8, expires_at: u64, now: u64) -> Result<u64, Refusal> {
        let admitted = peers.admit(admitted(number, expires_at), time(now))?;
        Ok(admitted.expires_at.seconds())
    }

    fn revoking(ids: &[u8], prints: &[u8]) -> Revocations {
        let ids = ids.iter().map(|&number| id(number));
        let prints = prints.iter().map(|&number| Fingerprint::from_bytes([number; 32]));
        let list = RevocationList::sign(&root(), 1, time(0), ids, prints).unwrap();
        let mut revocations = Revocations::default();
        revocations.apply(list, &roots()).unwrap();
        revocations
    }

    #[test]
    fn a_peer_is_admitted_until_its_credential_expires() {
        let mut peers = Peers::default();
        assert!(peers.is_empty() && peers.next_end().is_none());
        assert_eq!(admit(&mut peers, 1, 100, 50), Ok(100));
        assert_eq!(peers.get(&id(1), time(99)).unwrap().expires_at, time(100));
        assert!(peers.get(&id(1), time(100)).is_none());
        assert!(peers.get(&id(2), time(50)).is_none());
        assert_eq!(peers.next_end(), Some(time(100)));
        assert_eq!(admit(&mut peers, 3, 100, 100), Err(Refusal::Expired(time(100))));
        assert!(!peers.is_empty() && peers.len() == 1);
        assert!(peers.remove(&id(1)) && !peers.remove(&id(1)));
    }

    #[test]
    fn no_admission_is_longer_than_the_longest() {
        let mut peers = Peers::new(10, Duration::from_mins(1));
        assert_eq!(admit(&mut peers, 1, 1000, 50), Ok(110));
        assert!(peers.get(&id(1), time(109)).is_some() && peers.get(&id(1), time(110)).is_none());
    }

    #[test]
    fn a_newer_admission_takes_the_place_of_an_older_one() {
        let mut peers = Peers::default();
        admit(&mut peers, 1, 100, 50).unwrap();
        admit(&mut peers, 1, 80, 50).unwrap();
        assert!(peers.get(&id(1), time(79)).is_some() && peers.get(&id(1), time(80)).is_none());
        assert_eq!(peers.len(), 1);
    }

    #[test]
    fn a_full_table_takes_only_those_it_knows_until_one_ends() {
        let mut peers = Peers::new(2, DEFAULT_LONGEST);
        admit(&mut peers, 1, 100, 50).unwrap();
        admit(&mut peers, 2, 200, 50).unwrap();
        assert_eq!(admit(&mut peers, 3, 300, 50), Err(Refusal::TooManyPeers));
        assert_eq!(admit(&mut peers, 2, 250, 50), Ok(250));
        assert_eq!(admit(&mut peers, 3, 300, 100), Ok(300));
        assert_eq!(peers.len(), 2);
    }

    #[test]
    fn a_sweep_tells_whose_connections_end_and_why() {
        let mut peers = Peers::default();
        for (number, expires_at) in [(1, 100), (2, 500), (3, 500), (4, 500), (5, 100)] {
            admit(&mut peers, number, expires_at, 50).unwrap();
        }
        assert_eq!(peers.sweep(&roots(), &Revocations::default(), time(99)), []);
        let mut ended = peers.sweep(&roots(), &revoking(&[2, 5], &[103]), time(100));
        ended.sort_by_key(|(id, _)| *id.as_bytes());
        let (expired, revoked) = (Ended::Expired, Ended::Revoked);
        assert_eq!(ended, [(id(1), expired), (id(2), revoked), (id(3), revoked), (id(5), revoked)]);
        assert_eq!(peers.len(), 1);
        let other = TrustedRoots::new([RootKey::from_seed(&[2; 32]).public_key()]).unwrap();
        assert_eq!(peers.sweep(&other, &Revocations::default(), time(100)), [(id(4), revoked)]);
    }
}
