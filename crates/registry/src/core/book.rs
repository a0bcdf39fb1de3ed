//! The book: every lease and pointer that the members of a registry wrote.
//!
//! Each member has a document of its own, and only what it says of itself counts. A lease counts until it is 45 seconds
//! old, by the clock of [`super::owner_clock`].

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::health::Health;
use super::key::{Key, LeaseKey, is_hex_id};
use super::lease::{ALPN, Lease, LeaseError, is_withdrawn};
use super::limit::{LEASES, MEMBER_LEASES, MEMBER_POINTERS};
use super::owner_clock::OwnerClock;
use super::query::{Found, Query, Source};
use super::time::{Moment, milliseconds};
use super::timing::Timing;

/// Why an entry does not count.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It speaks of another endpoint than the owner of the document.
    #[error("a member may only write leases of its own endpoint")]
    NotOwner,
    /// Its value is not what its key promises.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// A pointer whose value is no contract id.
    #[error("the value is no contract id")]
    Pointer,
    /// The member, or all members together, have written too much.
    #[error("there are too many entries")]
    TooMany,
}

/// How the set of endpoints of a service changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An endpoint is there, or says something new of itself.
    Up(Box<Found>),
    /// An endpoint is gone.
    Down {
        /// The endpoint id.
        endpoint_id: String,
        /// The contract that it served.
        contract_id: String,
        /// Its version.
        version: i64,
        /// Why.
        why: Gone,
    },
}

/// Why an endpoint is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// It said so.
    Withdrawn,
    /// It takes no calls: it starts or drains.
    NotReady,
    /// Its lease ended.
    Expired,
    /// Its member was forgotten.
    Forgotten,
}

impl Gone {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::NotReady => "notReady",
            Self::Expired => "expired",
            Self::Forgotten => "forgotten",
        }
    }
}

/// A change and the service that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceChange {
    /// The service.
    pub service: String,
    /// What changed.
    pub change: Change,
}

/// What is known of one lease.
#[derive(Debug, Clone)]
struct Held {
    /// The stamp of the entry in the document. Older entries are not news.
    stamp: u64,
    /// `None`: withdrawn.
    lease: Option<Lease>,
    /// Until when it counts, by the steady clock.
    until: Duration,
    /// When it was written, by the steady clock.
    written: Duration,
    /// Whether the last change said that the endpoint is up.
    up: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Pointer {
    Version(String, i64),
    Channel(String, String),
    Tag(String, String),
}

#[derive(Debug, Default)]
struct Member {
    clock: OwnerClock,
    leases: HashMap<LeaseKey, Held>,
    pointers: BTreeMap<Pointer, (u64, Option<String>)>,
}

/// The book of a registry.
#[derive(Debug, Default)]
pub struct Book {
    timing: Timing,
    members: HashMap<String, Member>,
    /// By service: the owners that have leases of it, so that a question does not look at all members.
    owners: HashMap<String, BTreeMap<String, usize>>,
    leases: usize,
}

/// An entry of a document.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Whose document it is: an endpoint id.
    pub owner: &'a str,
    /// Its key.
    pub key: &'a Key,
    /// Its value. Empty: deleted.
    pub value: &'a [u8],
    /// When it was written, in microseconds since 1970, by the clock of its author.
    pub stamp: u64,
}

impl Book {
    /// An empty book.
    pub fn new(timing: Timing) -> Self {
        Self { timing, ..Self::default() }
    }

    /// Takes an entry. Returns what changed for those who look for endpoints.
    ///
    /// # Errors
    /// [`Refused`] when the entry does not count. What was known before stays.
    pub fn take(&mut self, entry: Entry<'_>, now: Moment) -> Result<Option<ServiceChange>, Refused> {
        match entry.key {
            Key::Lease(key) => self.take_lease(entry, key, now),
            Key::Version { service, version } => {
                self.point(entry, Pointer::Version(service.clone(), *version))
            }
            Key::Channel { service, channel } => {
                self.point(entry, Pointer::Channel(service.clone(), channel.clone()))
            }
            Key::Tag { service, tag } => self.point(entry, Pointer::Tag(service.clone(), tag.clone())),
            Key::Contract(_) | Key::Manifest(_) | Key::Acl(_) | Key::Config(_) => Ok(None),
        }
    }

    fn take_lease(
        &mut self,
        entry: Entry<'_>,
        key: &LeaseKey,
        now: Moment,
    ) -> Result<Option<ServiceChange>, Refused> {
        if key.endpoint_id != entry.owner {
            return Err(Refused::NotOwner);
        }
        let lease = if is_withdrawn(entry.value) { None } else { Some(Lease::read(key, entry.value)?) };
        let (full, timing) = (self.leases >= LEASES, self.timing);
        let member = self.members.entry(entry.owner.to_owned()).or_default();
        let before = member.leases.get(key);
        if before.is_some_and(|held| held.stamp >= entry.stamp) {
            return Ok(None);
        }
        if before.is_none() && (full || member.leases.len() >= MEMBER_LEASES) {
            return Err(Refused::TooMany);
        }
        let was_up = before.is_some_and(|held| held.up);
        if before.is_none() {
            self.leases += 1;
            let owners = self.owners.entry(key.service.clone()).or_default();
            *owners.entry(entry.owner.to_owned()).or_default() += 1;
        }
        let age = lease.as_ref().map_or(0, |lease| member.clock.age(lease.updated_at_epoch_ms, now, timing));
        let age = Duration::from_millis(age.unsigned_abs());
        let up = lease.as_ref().is_some_and(usable) && age < timing.lease;
        let why = match &lease {
            None => Gone::Withdrawn,
            Some(lease) if usable(lease) => Gone::Expired,
            Some(_) => Gone::NotReady,
        };
        let held = Held {
            stamp: entry.stamp,
            until: now.steady + timing.lease.saturating_sub(age),
            written: now.steady.saturating_sub(age),
            lease,
            up,
        };
        let change = match (up, was_up) {
            (true, _) => held.found(now).map(|found| Change::Up(Box::new(found))),
            (false, true) => {
                let version = before.and_then(|held| held.lease.as_ref()).map_or(0, |lease| lease.version);
                Some(down(key, version, why))
            }
            (false, false) => None,
        };
        member.leases.insert(key.clone(), held);
        Ok(change.map(|change| ServiceChange { service: key.service.clone(), change }))
    }

    fn point(&mut self, entry: Entry<'_>, pointer: Pointer) -> Result<Option<ServiceChange>, Refused> {
        let target = if is_withdrawn(entry.value) {
            None
        } else {
            let text = std::str::from_utf8(entry.value).ok().filter(|text| is_hex_id(text));
            Some(text.ok_or(Refused::Pointer)?.to_owned())
        };
        let member = self.members.entry(entry.owner.to_owned()).or_default();
        let before = member.pointers.get(&pointer);
        if before.is_some_and(|(stamp, _)| *stamp >= entry.stamp) {
            return Ok(None);
        }
        if before.is_none() && member.pointers.len() >= MEMBER_POINTERS {
            return Err(Refused::TooMany);
        }
        member.pointers.insert(pointer, (entry.stamp, target));
        Ok(None)
    }

    /// Ends the leases that are too old. To be called at least once a second.
    pub fn sweep(&mut self, now: Moment) -> Vec<ServiceChange> {
        let mut changes = Vec::new();
        for member in self.members.values_mut() {
            for (key, held) in &mut member.leases {
                if held.up && held.until <= now.steady {
                    held.up = false;
                    let version = held.lease.as_ref().map_or(0, |lease| lease.version);
                    let change = down(key, version, Gone::Expired);
                    changes.push(ServiceChange { service: key.service.clone(), change });
                }
            }
        }
        changes
    }

    /// Forgets a member and all that it said.
    pub fn forget(&mut self, owner: &str) -> Vec<ServiceChange> {
        let Some(member) = self.members.remove(owner) else { return Vec::new() };
        self.leases -= member.leases.len();
        let mut changes = Vec::new();
        for (key, held) in member.leases {
            if let Some(owners) = self.owners.get_mut(&key.service) {
                owners.remove(owner);
                if owners.is_empty() {
                    self.owners.remove(&key.service);
                }
            }
            if held.up {
                let version = held.lease.map_or(0, |lease| lease.version);
                let change = down(&key, version, Gone::Forgotten);
                changes.push(ServiceChange { service: key.service, change });
            }
        }
        changes
    }

    /// The endpoints that match, in no particular order.
    pub fn find(&self, query: &Query, now: Moment) -> Vec<Found> {
        let owners = self.owners.get(&query.service).into_iter().flat_map(BTreeMap::keys);
        let members = owners.filter_map(|owner| self.members.get(owner));
        members.flat_map(|member| member.find(query, now)).collect()
    }

    /// Whether a member has written a lease that counts now.
    pub fn has_leases(&self, owner: &str, now: Moment) -> bool {
        let member = self.members.get(owner);
        member.is_some_and(|member| member.leases.values().any(|held| held.counts(now)))
    }

    /// Whether a member has ever written a lease, also one that counts no more.
    pub fn wrote_leases(&self, owner: &str) -> bool {
        self.members.get(owner).is_some_and(|member| !member.leases.is_empty())
    }

    /// Leases that are kept, also those that count no more.
    pub fn len(&self) -> usize {
        self.leases
    }

    /// True when nobody has written a lease.
    pub fn is_empty(&self) -> bool {
        self.leases == 0
    }
}

impl Member {
    fn find<'a>(&'a self, query: &'a Query, now: Moment) -> impl Iterator<Item = Found> + 'a {
        let channel = query.channel.as_ref().map(|channel| {
            let pointer = Pointer::Channel(query.service.clone(), channel.clone());
            self.pointers.get(&pointer).and_then(|(_, target)| target.as_deref())
        });
        let leases = self.leases.iter().filter(move |(key, held)| {
            key.service == query.service
                && held.counts(now)
                && query.contract_id.as_ref().is_none_or(|id| *id == key.contract_id)
                && channel.is_none_or(|target| target == Some(key.contract_id.as_str()))
                && held.lease.as_ref().is_some_and(|lease| {
                    query.version.is_none_or(|version| version == lease.version)
                        && query.tag.as_ref().is_none_or(|tag| lease.tags.contains(tag))
                })
        });
        leases.filter_map(move |(_, held)| held.found(now))
    }
}

impl Held {
    fn counts(&self, now: Moment) -> bool {
        self.until > now.steady && self.lease.as_ref().is_some_and(usable)
    }

    fn found(&self, now: Moment) -> Option<Found> {
        let lease = self.lease.as_ref()?;
        Some(Found {
            endpoint_id: lease.endpoint_id.clone(),
            version: lease.version,
            contract_id: lease.contract_id.clone(),
            health: lease.health_status,
            load: lease.load,
            age_ms: milliseconds(now.steady.saturating_sub(self.written)),
            source: Source::Lease,
            direct: lease.direct_addrs.clone(),
            relay_url: lease.relay_url.clone(),
            tags: lease.tags.clone(),
            modes: lease.serialization_modes.clone(),
        })
    }
}

fn usable(lease: &Lease) -> bool {
    lease.alpn == ALPN && Health::takes_calls(lease.health_status)
}

fn down(key: &LeaseKey, version: i64, why: Gone) -> Change {
    Change::Down { endpoint_id: key.endpoint_id.clone(), contract_id: key.contract_id.clone(), version, why }
}
