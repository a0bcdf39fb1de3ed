//! Who belongs to the mesh, and which messages count (`docs/protocol.md#mesh`).
//!
//! The checks have an order: age, membership, signature, clock, content. Time is passed in, in milliseconds since 1970.

use std::collections::{BTreeSet, HashMap};

use super::envelope::{Envelope, MessageKind};
use crate::key::EndpointId;

/// Most members of a mesh: the answer to an admitted producer lists them and has at most 65,536 bytes.
pub const MAX_MEMBERS: usize = 900;

/// How far clocks may be apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockRules {
    /// A message older or younger than this does not count.
    pub replay_window_ms: u64,
    /// How far a member's clock may be from the median of all.
    pub drift_tolerance_ms: u64,
    /// How long after joining nobody's clock is judged.
    pub grace_period_ms: u64,
    /// How many members have to be known for a median.
    pub members_for_median: usize,
}

impl Default for ClockRules {
    fn default() -> Self {
        Self {
            replay_window_ms: 30_000,
            drift_tolerance_ms: 5000,
            grace_period_ms: 60_000,
            members_for_median: 3,
        }
    }
}

/// What a message led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It counts, and its content is to be acted on.
    Deliver,
    /// The sender has left the mesh.
    Departed,
    /// Our own clock is wrong: leave the mesh, send nothing more.
    LeaveMesh,
    /// It does not count.
    Dropped(Dropped),
}

/// Why a message does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// This node has left the mesh.
    LeftMesh,
    /// Too old, or from the future.
    OutsideWindow,
    /// The sender was not admitted: it knows the topic though it should not.
    NoMember,
    /// The sender did not sign it.
    BadSignature,
    /// The sender's clock is wrong.
    ClockDrift,
    /// An introduction without content.
    Empty,
    /// A kind that is not known.
    UnknownKind,
}

/// The members of a mesh as this node knows them.
#[derive(Debug, Clone)]
pub struct Members {
    rules: ClockRules,
    joined_at_ms: u64,
    accepted: BTreeSet<EndpointId>,
    offsets_ms: HashMap<EndpointId, i64>,
    isolated: BTreeSet<EndpointId>,
    has_left: bool,
}

impl Members {
    /// A mesh that this node joins now, without members.
    pub fn new(rules: ClockRules, now_ms: u64) -> Self {
        Self {
            rules,
            joined_at_ms: now_ms,
            accepted: BTreeSet::new(),
            offsets_ms: HashMap::new(),
            isolated: BTreeSet::new(),
            has_left: false,
        }
    }

    /// True when the producer is a member or may become one: the mesh is not full.
    pub fn has_room_for(&self, id: &EndpointId) -> bool {
        self.accepted.len() < MAX_MEMBERS || self.accepted.contains(id)
    }

    /// Takes in an admitted producer; false when the mesh is full.
    pub fn accept(&mut self, id: EndpointId) -> bool {
        if !self.has_room_for(&id) {
            return false;
        }
        self.accepted.insert(id);
        true
    }

    /// Takes out a producer that left or was revoked.
    pub fn remove(&mut self, id: &EndpointId) {
        self.accepted.remove(id);
        self.offsets_ms.remove(id);
        self.isolated.remove(id);
    }

    /// The members, sorted: what an admitted producer is told.
    pub fn accepted(&self) -> impl ExactSizeIterator<Item = &EndpointId> {
        self.accepted.iter()
    }

    /// The members whose clock is wrong.
    pub fn isolated(&self) -> impl ExactSizeIterator<Item = &EndpointId> {
        self.isolated.iter()
    }

    /// Judges a message.
    pub fn receive(&mut self, message: &Envelope, now_ms: u64) -> Received {
        if self.has_left {
            return Received::Dropped(Dropped::LeftMesh);
        }
        if now_ms.abs_diff(message.epoch_ms) > self.rules.replay_window_ms {
            return Received::Dropped(Dropped::OutsideWindow);
        }
        let Some(sender) = message.sender_id().filter(|id| self.accepted.contains(id)) else {
            return Received::Dropped(Dropped::NoMember);
        };
        if !message.is_signed() {
            return Received::Dropped(Dropped::BadSignature);
        }
        // Both are within the window of each other, so the difference fits.
        let offset_ms = now_ms.wrapping_sub(message.epoch_ms) as i64;
        self.offsets_ms.insert(sender, offset_ms);
        if let Some(median_ms) = self.median_ms(now_ms) {
            if offset_ms.abs_diff(median_ms) > self.rules.drift_tolerance_ms {
                self.isolated.insert(sender);
            } else {
                self.isolated.remove(&sender);
            }
            if median_ms.unsigned_abs() > self.rules.drift_tolerance_ms {
                self.has_left = true;
                return Received::LeaveMesh;
            }
        }
        self.dispatch(message, &sender)
    }

    fn dispatch(&mut self, message: &Envelope, sender: &EndpointId) -> Received {
        match message.kind {
            MessageKind::Introduce if message.payload.is_empty() => Received::Dropped(Dropped::Empty),
            MessageKind::Introduce => Received::Deliver,
            MessageKind::Depart => {
                self.remove(sender);
                Received::Departed
            }
            MessageKind::ContractPublished | MessageKind::LeaseUpdate => {
                if self.isolated.contains(sender) {
                    Received::Dropped(Dropped::ClockDrift)
                } else {
                    Received::Deliver
                }
            }
            MessageKind::Unknown(_) => Received::Dropped(Dropped::UnknownKind),
        }
    }

    /// The upper median of all offsets; none in the grace period and while too few are known.
    fn median_ms(&self, now_ms: u64) -> Option<i64> {
        let in_grace = now_ms.saturating_sub(self.joined_at_ms) < self.rules.grace_period_ms;
        if in_grace || self.offsets_ms.len() < self.rules.members_for_median {
            return None;
        }
        let mut offsets: Vec<i64> = self.offsets_ms.values().copied().collect();
        let middle = offsets.len() / 2;
        Some(*offsets.select_nth_unstable(middle).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::NodeKey;

    const NOW: u64 = 1_700_000_000_000;
    const LATER: u64 = NOW + 60_000;

    fn key(number: u8) -> NodeKey {
        NodeKey::from_seed(&[number; 32])
    }

    fn message(number: u8, kind: MessageKind, epoch_ms: u64) -> Envelope {
        Envelope::sign(kind, b"{}".to_vec(), epoch_ms, &key(number)).unwrap()
    }

    fn mesh(numbers: std::ops::Range<u8>) -> Members {
        let mut members = Members::new(ClockRules::default(), NOW);
        numbers.for_each(|number| assert!(members.accept(key(number).public_key())));
        members
    }

    /// Sends a lease update whose clock is `offset_ms` behind ours.
    fn lease(members: &mut Members, number: u8, offset_ms: i64, now_ms: u64) -> Received {
        let epoch_ms = now_ms.checked_add_signed(-offset_ms).unwrap();
        members.receive(&message(number, MessageKind::LeaseUpdate, epoch_ms), now_ms)
    }

    #[test]
    fn messages_count_when_they_are_recent_signed_and_of_members() {
        let mut members = mesh(1..2);
        assert_eq!(lease(&mut members, 1, 0, NOW), Received::Deliver);
        for offset in [30_000, -30_000] {
            assert_eq!(lease(&mut members, 1, offset, NOW), Received::Deliver);
        }
        for offset in [30_001, -30_001] {
            assert_eq!(lease(&mut members, 1, offset, NOW), Received::Dropped(Dropped::OutsideWindow));
        }
        assert_eq!(lease(&mut members, 2, 0, NOW), Received::Dropped(Dropped::NoMember));
        let mut forged = message(1, MessageKind::LeaseUpdate, NOW);
        forged.payload.push(0);
        assert_eq!(members.receive(&forged, NOW), Received::Dropped(Dropped::BadSignature));
        let mut odd = message(1, MessageKind::LeaseUpdate, NOW);
        odd.sender = odd.sender.to_uppercase();
        assert_eq!(members.receive(&odd, NOW), Received::Dropped(Dropped::NoMember));
    }

    #[test]
    fn kinds_are_acted_on() {
        let mut members = mesh(1..3);
        let mut receive = |kind| members.receive(&message(1, kind, NOW), NOW);
        assert_eq!(receive(MessageKind::Introduce), Received::Deliver);
        assert_eq!(receive(MessageKind::ContractPublished), Received::Deliver);
        assert_eq!(receive(MessageKind::Unknown(9)), Received::Dropped(Dropped::UnknownKind));
        assert_eq!(receive(MessageKind::Depart), Received::Departed);
        assert_eq!(receive(MessageKind::Introduce), Received::Dropped(Dropped::NoMember));
        let empty = Envelope::sign(MessageKind::Introduce, Vec::new(), NOW, &key(2)).unwrap();
        assert_eq!(members.receive(&empty, NOW), Received::Dropped(Dropped::Empty));
        assert_eq!(members.accepted().collect::<Vec<_>>(), [&key(2).public_key()]);
    }

    #[test]
    fn a_member_whose_clock_drifts_is_isolated_until_it_recovers() {
        let mut members = mesh(1..5);
        for number in 1..4 {
            assert_eq!(lease(&mut members, number, 0, LATER), Received::Deliver);
        }
        assert_eq!(lease(&mut members, 4, 5000, LATER), Received::Deliver);
        assert_eq!(lease(&mut members, 4, 5001, LATER), Received::Dropped(Dropped::ClockDrift));
        assert_eq!(members.isolated().collect::<Vec<_>>(), [&key(4).public_key()]);
        let introduce = message(4, MessageKind::Introduce, LATER - 5001);
        assert_eq!(members.receive(&introduce, LATER), Received::Deliver);
        assert_eq!(lease(&mut members, 4, -5001, LATER), Received::Dropped(Dropped::ClockDrift));
        assert_eq!(lease(&mut members, 4, 0, LATER), Received::Deliver);
        assert_eq!(members.isolated().len(), 0);
        lease(&mut members, 4, 9000, LATER);
        members.remove(&key(4).public_key());
        assert_eq!((members.isolated().len(), members.accepted().len()), (0, 3));
    }

    #[test]
    fn a_node_whose_own_clock_is_wrong_leaves_and_listens_no_more() {
        for offset in [5001, -5001] {
            let mut members = mesh(1..4);
            assert_eq!(lease(&mut members, 1, offset, LATER), Received::Deliver);
            assert_eq!(lease(&mut members, 2, offset, LATER), Received::Deliver, "two make no median");
            assert_eq!(lease(&mut members, 3, offset, LATER), Received::LeaveMesh);
            assert_eq!(lease(&mut members, 3, 0, LATER), Received::Dropped(Dropped::LeftMesh));
        }
        let mut members = mesh(1..4);
        (1..4).for_each(|number| assert_eq!(lease(&mut members, number, 5000, LATER), Received::Deliver));
    }

    #[test]
    fn nobody_is_judged_in_the_grace_period() {
        let mut members = mesh(1..5);
        for number in 1..5 {
            assert_eq!(lease(&mut members, number, 9000, LATER - 1), Received::Deliver);
        }
        assert_eq!(lease(&mut members, 1, 9000, LATER), Received::LeaveMesh);
    }

    #[test]
    fn of_an_even_number_of_offsets_the_upper_median_counts() {
        let mut members = mesh(1..5);
        for (number, offset) in [(1, 0), (2, 0), (3, 4000)] {
            lease(&mut members, number, offset, LATER);
        }
        assert_eq!(lease(&mut members, 4, 6000, LATER), Received::Deliver, "2000 from the median 4000");
        assert_eq!(lease(&mut members, 4, 9001, LATER), Received::Dropped(Dropped::ClockDrift));
    }

    #[test]
    fn a_mesh_is_bounded() {
        let mut members = Members::new(ClockRules::default(), NOW);
        let id = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            EndpointId::from_bytes(bytes)
        };
        assert!((0..MAX_MEMBERS).all(|number| members.accept(id(number))));
        assert!(!members.accept(id(MAX_MEMBERS)) && members.accept(id(0)));
        assert_eq!(members.accepted().len(), MAX_MEMBERS);
    }
}
