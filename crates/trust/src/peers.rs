//! The peers that are admitted now: what gate 0 asks on every connection and every call.
//!
//! Entries end at the expiry of the credential or after the longest admission, whichever comes first. The caller passes in
//! the time, on two clocks: an entry ends when the first of them says so.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::admission::Admitted;
use crate::key::EndpointId;
use crate::refusal::Refusal;
use crate::revocation::Revocations;
use crate::roots::TrustedRoots;
use crate::time::Moment;

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
    entries: HashMap<EndpointId, Entry>,
}

#[derive(Debug)]
struct Entry {
    admitted: Arc<Admitted>,
    /// When the admission ends by the clock that only goes forward.
    ends_at: Duration,
}

impl Entry {
    fn is_over(&self, now: Moment) -> bool {
        self.admitted.expires_at <= now.wall || self.ends_at <= now.steady
    }
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
    pub fn admit(&mut self, mut admitted: Admitted, now: Moment) -> Result<Arc<Admitted>, Refusal> {
        admitted.expires_at = admitted.expires_at.min(now.wall.plus(self.longest));
        if admitted.expires_at <= now.wall {
            return Err(Refusal::Expired(admitted.expires_at));
        }
        if !self.has_room_for(&admitted.endpoint_id, now) {
            return Err(Refusal::TooManyPeers);
        }
        let ends_at = now.steady.saturating_add(admitted.expires_at.since(now.wall));
        let admitted = Arc::new(admitted);
        let entry = Entry { admitted: Arc::clone(&admitted), ends_at };
        self.entries.insert(admitted.endpoint_id, entry);
        Ok(admitted)
    }

    /// True when a peer is known or there is a free place. Those whose time has come take none, but stay until a sweep, which
    /// tells that their connections have to end.
    pub fn has_room_for(&self, id: &EndpointId, now: Moment) -> bool {
        let is_full = self.entries.len() >= self.capacity;
        let over = if is_full { self.entries.values().filter(|entry| entry.is_over(now)).count() } else { 0 };
        self.entries.contains_key(id) || self.entries.len() - over < self.capacity
    }

    /// What is known of an admitted peer; none when it is not admitted now.
    pub fn get(&self, id: &EndpointId, now: Moment) -> Option<&Arc<Admitted>> {
        self.entries.get(id).filter(|entry| !entry.is_over(now)).map(|entry| &entry.admitted)
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
        now: Moment,
    ) -> Vec<(EndpointId, Ended)> {
        let mut ended = Vec::new();
        self.entries.retain(|id, entry| {
            let revoked = !roots.contains(&entry.admitted.root)
                || revocations.revokes_endpoint(id)
                || revocations.revokes_credential(&entry.admitted.fingerprint);
            let cause = match (revoked, entry.is_over(now)) {
                (true, _) => Ended::Revoked,
                (false, true) => Ended::Expired,
                (false, false) => return true,
            };
            ended.push((*id, cause));
            false
        });
        ended
    }

    /// When the next admission ends, by the clock that only goes forward; none when nobody is admitted.
    pub fn next_end(&self) -> Option<Duration> {
        self.entries.values().map(|entry| entry.ends_at).min()
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
    use crate::time::UnixTime;

    fn root() -> RootKey {
        RootKey::from_seed(&[1; 32])
    }

    fn roots() -> TrustedRoots {
        TrustedRoots::new([root().public_key()]).unwrap()
    }

    fn time(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    /// A moment when both clocks tell the same time.
    fn at(seconds: u64) -> Moment {
        Moment { wall: time(seconds), steady: Duration::from_secs(seconds) }
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
        let admitted = peers.admit(admitted(number, expires_at), at(now))?;
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
        assert_eq!(peers.get(&id(1), at(99)).unwrap().expires_at, time(100));
        assert!(peers.get(&id(1), at(100)).is_none());
        assert!(peers.get(&id(2), at(50)).is_none());
        assert_eq!(peers.next_end(), Some(Duration::from_secs(100)));
        assert_eq!(admit(&mut peers, 3, 100, 100), Err(Refusal::Expired(time(100))));
        assert!(!peers.is_empty() && peers.len() == 1);
        assert!(peers.remove(&id(1)) && !peers.remove(&id(1)));
    }

    #[test]
    fn no_admission_is_longer_than_the_longest() {
        let mut peers = Peers::new(10, Duration::from_mins(1));
        assert_eq!(admit(&mut peers, 1, 1000, 50), Ok(110));
        assert!(peers.get(&id(1), at(109)).is_some() && peers.get(&id(1), at(110)).is_none());
    }

    #[test]
    fn a_newer_admission_takes_the_place_of_an_older_one() {
        let mut peers = Peers::default();
        admit(&mut peers, 1, 100, 50).unwrap();
        admit(&mut peers, 1, 80, 50).unwrap();
        assert!(peers.get(&id(1), at(79)).is_some() && peers.get(&id(1), at(80)).is_none());
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
        assert_eq!(admit(&mut peers, 4, 300, 100), Err(Refusal::TooManyPeers));
        let expired = [(id(1), Ended::Expired)];
        assert_eq!(
            peers.sweep(&roots(), &Revocations::default(), at(100)),
            expired,
            "told, although its place is taken"
        );
        assert_eq!(peers.len(), 2);
    }

    #[test]
    fn a_sweep_tells_whose_connections_end_and_why() {
        let mut peers = Peers::default();
        for (number, expires_at) in [(1, 100), (2, 500), (3, 500), (4, 500), (5, 100)] {
            admit(&mut peers, number, expires_at, 50).unwrap();
        }
        assert_eq!(peers.sweep(&roots(), &Revocations::default(), at(99)), []);
        let mut ended = peers.sweep(&roots(), &revoking(&[2, 5], &[103]), at(100));
        ended.sort_by_key(|(id, _)| *id.as_bytes());
        let (expired, revoked) = (Ended::Expired, Ended::Revoked);
        assert_eq!(ended, [(id(1), expired), (id(2), revoked), (id(3), revoked), (id(5), revoked)]);
        assert_eq!(peers.len(), 1);
        let other = TrustedRoots::new([RootKey::from_seed(&[2; 32]).public_key()]).unwrap();
        assert_eq!(peers.sweep(&other, &Revocations::default(), at(100)), [(id(4), revoked)]);
    }

    #[test]
    fn the_first_of_two_clocks_ends_an_admission() {
        let mut peers = Peers::default();
        let moment = |wall, steady| Moment { wall: time(wall), steady: Duration::from_secs(steady) };
        peers.admit(admitted(1, 1000), moment(900, 5)).unwrap();
        assert_eq!(peers.next_end(), Some(Duration::from_secs(105)));
        assert!(peers.get(&id(1), moment(999, 104)).is_some());
        assert!(peers.get(&id(1), moment(300, 104)).is_some(), "set back by ten minutes");
        assert!(peers.get(&id(1), moment(300, 105)).is_none(), "set back, and its time has passed");
        assert!(peers.get(&id(1), moment(1500, 6)).is_none(), "set forward by ten minutes");
        let expired = [(id(1), Ended::Expired)];
        assert_eq!(peers.sweep(&roots(), &Revocations::default(), moment(300, 105)), expired);
    }
}
