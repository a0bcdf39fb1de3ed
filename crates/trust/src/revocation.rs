//! Revocation: signed lists of endpoint ids and credentials that no longer count.
//!
//! Owns the document, its signature and the rule of order: each root key has one list, with a sequence number, and a list
//! never takes the place of one with the same or a higher number. A list names what is revoked in full; the next one
//! repeats it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Signature;
use crate::credential::Fingerprint;
use crate::json::{self, Malformed, Object};
use crate::key::{EndpointId, RootKey, RootPublicKey};
use crate::roots::TrustedRoots;
use crate::text::to_hex;
use crate::time::UnixTime;

/// Most entries of a list, both kinds together.
pub const MAX_ENTRIES: usize = 100_000;
/// Largest document of a list.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;

const VERSION_MEMBER: &str = "aster_revocation_list";
const VERSION: u64 = 1;
/// What the signed bytes start with. The first byte is one that no credential's signed bytes start with.
const DOMAIN: &[u8] = b"\x02aster revocation list v1\0";

/// Why a list is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    /// It is no document of its form.
    #[error("the revocation list is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// It has more entries than [`MAX_ENTRIES`].
    #[error("a revocation list has at most {MAX_ENTRIES} entries, not {0}")]
    TooLong(usize),
    /// Its root key did not sign it.
    #[error("the signature of the revocation list is wrong")]
    BadSignature,
    /// Its root key is not trusted.
    #[error("the revocation list is of a root key that is not trusted")]
    WrongRoot,
    /// A newer list is in force.
    #[error("revocation list {got} is older than list {have}, which is in force")]
    Older {
        /// The sequence number in force.
        have: u64,
        /// The one of this list.
        got: u64,
    },
    /// Another list with the same number is in force: the root key signed two.
    #[error("there are two different revocation lists with number {0}")]
    Conflict(u64),
    /// There is no higher sequence number.
    #[error("the sequence numbers are used up")]
    Exhausted,
}

/// A list that its root key has signed. Whether that key is trusted is [`Revocations::apply`]'s question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    root: RootPublicKey,
    sequence: u64,
    issued_at: UnixTime,
    endpoint_ids: BTreeSet<[u8; 32]>,
    fingerprints: BTreeSet<[u8; 32]>,
    signature: Signature,
}

impl RevocationList {
    /// A first list.
    pub fn sign(
        root: &RootKey,
        sequence: u64,
        issued_at: UnixTime,
        endpoint_ids: impl IntoIterator<Item = EndpointId>,
        fingerprints: impl IntoIterator<Item = Fingerprint>,
    ) -> Result<Self, RevocationError> {
        let mut list = Self {
            root: root.public_key(),
            sequence,
            issued_at,
            endpoint_ids: endpoint_ids.into_iter().map(|id| *id.as_bytes()).collect(),
            fingerprints: fingerprints.into_iter().map(|print| *print.as_bytes()).collect(),
            signature: Signature::from_bytes([0; 64]),
        };
        if list.len() > MAX_ENTRIES {
            return Err(RevocationError::TooLong(list.len()));
        }
        list.signature = root.sign(&list.signing_bytes());
        Ok(list)
    }

    /// The list after this one, which says what this one says and more.
    pub fn next(
        &self,
        root: &RootKey,
        issued_at: UnixTime,
        endpoint_ids: impl IntoIterator<Item = EndpointId>,
        fingerprints: impl IntoIterator<Item = Fingerprint>,
    ) -> Result<Self, RevocationError> {
        if root.public_key() != self.root {
            return Err(RevocationError::WrongRoot);
        }
        let sequence = self.sequence.checked_add(1).ok_or(RevocationError::Exhausted)?;
        let endpoint_ids = self.endpoint_ids().chain(endpoint_ids);
        let fingerprints = self.fingerprints().chain(fingerprints);
        Self::sign(root, sequence, issued_at, endpoint_ids, fingerprints)
    }

    /// Reads a list and checks its signature.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RevocationError> {
        let object = Object::read(bytes, MAX_DOCUMENT_BYTES)?;
        match object.integer(VERSION_MEMBER)? {
            VERSION => {}
            other => return Err(Malformed::Version(other).into()),
        }
        let list = Self {
            root: RootPublicKey::from_bytes(object.hex("root_pubkey")?),
            sequence: object.integer("sequence")?,
            issued_at: UnixTime::from_seconds(object.integer("issued_at")?),
            endpoint_ids: ids(&object, "endpoint_ids")?,
            fingerprints: ids(&object, "fingerprints")?,
            signature: Signature::from_bytes(object.hex("signature")?),
        };
        if list.len() > MAX_ENTRIES {
            return Err(RevocationError::TooLong(list.len()));
        }
        if !list.signature.is_of(list.root.as_bytes(), &list.signing_bytes()) {
            return Err(RevocationError::BadSignature);
        }
        Ok(list)
    }

    /// The document.
    pub fn to_json(&self) -> String {
        let hex = |ids: &BTreeSet<[u8; 32]>| ids.iter().map(|id| to_hex(id)).collect::<Vec<_>>();
        json::indented(&json!({
            VERSION_MEMBER: VERSION,
            "root_pubkey": self.root.to_string(),
            "sequence": self.sequence,
            "issued_at": self.issued_at.seconds(),
            "endpoint_ids": hex(&self.endpoint_ids),
            "fingerprints": hex(&self.fingerprints),
            "signature": self.signature.to_string(),
        }))
    }

    /// The key that signed it.
    pub fn root(&self) -> &RootPublicKey {
        &self.root
    }

    /// Its number: of two lists of a root the one with the higher number counts.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When it was signed, as its signer says; for people.
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.endpoint_ids.len() + self.fingerprints.len()
    }

    /// True when it revokes nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The revoked nodes.
    pub fn endpoint_ids(&self) -> impl Iterator<Item = EndpointId> {
        self.endpoint_ids.iter().map(|&id| EndpointId::from_bytes(id))
    }

    /// The revoked credentials.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> {
        self.fingerprints.iter().map(|&print| Fingerprint::from_bytes(print))
    }

    fn signing_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(DOMAIN.len() + 56 + 32 * self.len());
        bytes.extend_from_slice(DOMAIN);
        bytes.extend_from_slice(self.root.as_bytes());
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.issued_at.seconds().to_be_bytes());
        for ids in [&self.endpoint_ids, &self.fingerprints] {
            bytes.extend_from_slice(&(ids.len() as u32).to_be_bytes());
            for id in ids {
                bytes.extend_from_slice(id);
            }
        }
        bytes
    }
}

fn ids(object: &Object, name: &'static str) -> Result<BTreeSet<[u8; 32]>, Malformed> {
    let id = |value: &Value| json::hex(name, value.as_str().ok_or(Malformed::Member(name))?);
    object.list(name, MAX_ENTRIES)?.iter().map(id).collect()
}

/// What a new list changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is in force now: admitted peers have to be looked at again.
    InForce,
    /// It was in force already.
    Unchanged,
}

/// What is revoked: the lists in force, one for each root key, and what this process alone refuses.
#[derive(Debug, Clone, Default)]
pub struct Revocations {
    lists: Vec<RevocationList>,
    blocked_ids: BTreeSet<[u8; 32]>,
    blocked_fingerprints: BTreeSet<[u8; 32]>,
}

impl Revocations {
    /// Puts a list in force, if its root key is trusted and no newer one is in force.
    pub fn apply(&mut self, list: RevocationList, roots: &TrustedRoots) -> Result<Applied, RevocationError> {
        if !roots.contains(&list.root) {
            return Err(RevocationError::WrongRoot);
        }
        self.replace(list)
    }

    /// The rule of order, for a list whose root is trusted.
    pub(crate) fn replace(&mut self, list: RevocationList) -> Result<Applied, RevocationError> {
        let Some(current) = self.lists.iter_mut().find(|current| current.root == list.root) else {
            self.lists.push(list);
            return Ok(Applied::InForce);
        };
        let (have, got) = (current.sequence, list.sequence);
        if got < have {
            return Err(RevocationError::Older { have, got });
        }
        if got == have {
            let same = current.signing_bytes() == list.signing_bytes();
            return if same { Ok(Applied::Unchanged) } else { Err(RevocationError::Conflict(got)) };
        }
        *current = list;
        Ok(Applied::InForce)
    }

    /// Refuses nodes and credentials without a list. Nothing but the end of these revocations undoes it.
    pub fn block(
        &mut self,
        endpoint_ids: impl IntoIterator<Item = EndpointId>,
        fingerprints: impl IntoIterator<Item = Fingerprint>,
    ) {
        self.blocked_ids.extend(endpoint_ids.into_iter().map(|id| *id.as_bytes()));
        self.blocked_fingerprints.extend(fingerprints.into_iter().map(|print| *print.as_bytes()));
    }

    /// Drops the lists of root keys that are no longer trusted.
    pub fn keep_roots(&mut self, roots: &TrustedRoots) {
        self.lists.retain(|list| roots.contains(&list.root));
    }

    /// The list in force of a root key.
    pub fn of_root(&self, root: &RootPublicKey) -> Option<&RevocationList> {
        self.lists.iter().find(|list| list.root == *root)
    }

    /// True when the node is revoked.
    pub fn revokes_endpoint(&self, id: &EndpointId) -> bool {
        self.blocked_ids.contains(id.as_bytes())
            || self.lists.iter().any(|list| list.endpoint_ids.contains(id.as_bytes()))
    }

    /// True when the credential is revoked.
    pub fn revokes_credential(&self, fingerprint: &Fingerprint) -> bool {
        self.blocked_fingerprints.contains(fingerprint.as_bytes())
            || self.lists.iter().any(|list| list.fingerprints.contains(fingerprint.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(number: u8) -> RootKey {
        RootKey::from_seed(&[number; 32])
    }

    fn roots() -> TrustedRoots {
        TrustedRoots::new([root(1).public_key(), root(2).public_key()]).unwrap()
    }

    fn id(number: u8) -> EndpointId {
        EndpointId::from_bytes([number; 32])
    }

    fn print(number: u8) -> Fingerprint {
        Fingerprint::from_bytes([number; 32])
    }

    fn list(key: u8, sequence: u64, ids: &[u8], prints: &[u8]) -> RevocationList {
        let ids = ids.iter().map(|&number| id(number));
        let prints = prints.iter().map(|&number| print(number));
        RevocationList::sign(&root(key), sequence, UnixTime::from_seconds(9), ids, prints).unwrap()
    }

    #[test]
    fn a_list_is_written_and_read_as_the_same() {
        for list in [list(1, 7, &[1, 2], &[3]), list(1, u64::MAX, &[], &[])] {
            assert_eq!(RevocationList::from_json(list.to_json().as_bytes()), Ok(list));
        }
        assert!(list(1, 1, &[], &[]).is_empty() && !list(1, 1, &[1], &[]).is_empty());
        assert_eq!(list(1, 1, &[1, 2], &[3]).len(), 3);
        assert_eq!(list(1, 1, &[], &[]).issued_at().seconds(), 9);
    }

    #[test]
    fn every_member_of_a_list_is_signed() {
        let text = list(1, 7, &[1], &[2]).to_json();
        let damage = |from: &str, to: &str| {
            let other = text.replace(from, to);
            assert_ne!(other, text, "{from}");
            RevocationList::from_json(other.as_bytes()).unwrap_err()
        };
        let (one, two) = (id(1).to_string(), id(2).to_string());
        let (key, other_key) = (root(1).public_key().to_string(), root(2).public_key().to_string());
        for (from, to) in [
            ("\"sequence\": 7", "\"sequence\": 8"),
            ("\"issued_at\": 9", "\"issued_at\": 8"),
            (&one, &two),
            (&two, &one),
            (&key, &other_key),
            ("endpoint_ids", "endpoint_idz"),
        ] {
            assert_eq!(damage(from, to), RevocationError::BadSignature, "{from}");
        }
        let version = damage("list\": 1", "list\": 2");
        assert_eq!(version, RevocationError::Malformed(Malformed::Version(2)));
        let missing = damage("sequence", "sequenze");
        assert_eq!(missing, RevocationError::Malformed(Malformed::Missing("sequence")));
        let hex = damage(&one, "zz");
        assert!(matches!(hex, RevocationError::Malformed(Malformed::Hex { member: "endpoint_ids", .. })));
        let swapped = text.replace("endpoint_ids", "x").replace("fingerprints", "endpoint_ids");
        let swapped = RevocationList::from_json(swapped.replace("\"x\"", "\"fingerprints\"").as_bytes());
        assert_eq!(swapped, Err(RevocationError::BadSignature));
    }

    #[test]
    fn an_older_list_never_undoes_a_newer_one() {
        let mut lists = Revocations::default();
        assert_eq!(lists.apply(list(1, 5, &[1], &[2]), &roots()), Ok(Applied::InForce));
        assert!(lists.revokes_endpoint(&id(1)) && lists.revokes_credential(&print(2)));
        assert!(!lists.revokes_endpoint(&id(2)) && !lists.revokes_credential(&print(1)));
        let older = lists.apply(list(1, 4, &[], &[]), &roots());
        assert_eq!(older, Err(RevocationError::Older { have: 5, got: 4 }));
        assert_eq!(lists.apply(list(1, 5, &[], &[]), &roots()), Err(RevocationError::Conflict(5)));
        assert_eq!(lists.apply(list(1, 5, &[1], &[2]), &roots()), Ok(Applied::Unchanged));
        assert!(lists.revokes_endpoint(&id(1)));
        assert_eq!(lists.apply(list(1, 6, &[3], &[]), &roots()), Ok(Applied::InForce));
        assert!(lists.revokes_endpoint(&id(3)) && !lists.revokes_endpoint(&id(1)));
        assert_eq!(lists.of_root(&root(1).public_key()).unwrap().sequence(), 6);
    }

    #[test]
    fn each_root_has_a_list_of_its_own() {
        let mut lists = Revocations::default();
        lists.apply(list(1, 9, &[1], &[]), &roots()).unwrap();
        assert_eq!(lists.apply(list(2, 1, &[2], &[]), &roots()), Ok(Applied::InForce));
        assert!(lists.revokes_endpoint(&id(1)) && lists.revokes_endpoint(&id(2)));
        assert_eq!(lists.apply(list(3, 1, &[], &[]), &roots()), Err(RevocationError::WrongRoot));
        assert!(lists.of_root(&root(3).public_key()).is_none());
        lists.keep_roots(&TrustedRoots::new([root(2).public_key()]).unwrap());
        assert!(!lists.revokes_endpoint(&id(1)) && lists.revokes_endpoint(&id(2)));
    }

    #[test]
    fn the_next_list_repeats_and_adds() {
        let first = list(1, 3, &[1], &[2]);
        let next = first.next(&root(1), UnixTime::from_seconds(10), [id(4)], [print(5)]).unwrap();
        assert_eq!(next, {
            let mut expected = list(1, 4, &[1, 4], &[2, 5]);
            expected.issued_at = UnixTime::from_seconds(10);
            expected.signature = root(1).sign(&expected.signing_bytes());
            expected
        });
        let now = UnixTime::from_seconds(10);
        assert_eq!(first.next(&root(2), now, [], []), Err(RevocationError::WrongRoot));
        assert_eq!(list(1, u64::MAX, &[], &[]).next(&root(1), now, [], []), Err(RevocationError::Exhausted));
    }

    #[test]
    fn a_list_is_bounded() {
        let ids = |count: usize| {
            (0..count as u32).map(|number| {
                let mut bytes = [0; 32];
                bytes[..4].copy_from_slice(&number.to_be_bytes());
                EndpointId::from_bytes(bytes)
            })
        };
        let sign = |count: usize, prints: usize| {
            let prints = ids(prints).map(|id| Fingerprint::from_bytes(*id.as_bytes()));
            RevocationList::sign(&root(1), 1, UnixTime::default(), ids(count), prints)
        };
        let largest = sign(MAX_ENTRIES - 1, 1).unwrap().to_json();
        assert!(largest.len() < MAX_DOCUMENT_BYTES);
        assert_eq!(RevocationList::from_json(largest.as_bytes()).unwrap().len(), MAX_ENTRIES);
        assert_eq!(sign(MAX_ENTRIES, 1), Err(RevocationError::TooLong(MAX_ENTRIES + 1)));
        let other = id(0xEE).to_string();
        let longer = largest.replacen("\"fingerprints\": [", &format!("\"fingerprints\": [\"{other}\","), 1);
        let longer = RevocationList::from_json(longer.as_bytes());
        assert_eq!(longer, Err(RevocationError::TooLong(MAX_ENTRIES + 1)));
    }

    #[test]
    fn what_this_process_refuses_stays_refused_whatever_lists_say() {
        let mut lists = Revocations::default();
        lists.block([id(1)], [print(2)]);
        lists.apply(list(1, 1, &[3], &[]), &roots()).unwrap();
        lists.keep_roots(&TrustedRoots::new([root(2).public_key()]).unwrap());
        assert!(lists.revokes_endpoint(&id(1)) && lists.revokes_credential(&print(2)));
        assert!(!lists.revokes_endpoint(&id(3)) && !lists.revokes_credential(&print(1)));
    }
}
