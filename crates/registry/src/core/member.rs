//! The members of a registry: who they are, who introduced them, and when they were last heard of.
//!
//! A member says of itself where it is, in a record that it signs. Records travel through others, who cannot change
//! them. The newest one of a member counts. A record is an envelope of the mesh with a number of ours.

use std::collections::HashMap;
use std::time::Duration;

use aster_trust::key::NodeKey;
use aster_trust::mesh::envelope::{Envelope, MessageKind};
use serde::{Deserialize, Serialize};

use super::limit::{EXCHANGE_BYTES, LIST_ITEMS, MEMBER_SILENCE, MEMBERS, MEMBERS_OF_ONE, RECORD_BYTES};
use super::time::Moment;

/// The number of a member's record. Those below 128 belong to the protocol of the mesh.
const RECORD: MessageKind = MessageKind::Unknown(128);
/// How far ahead of our wall clock a record may be. A record from the far future could never be replaced.
const AHEAD_MS: i64 = 600_000;

/// Why bytes are no record, or why it does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not an envelope with a record, or too large.
    #[error("it is no record of a member")]
    Form,
    /// Nobody signed it, or somebody else.
    #[error("the record is not signed by its member")]
    Signature,
    /// Its time is too far ahead.
    #[error("the record is from the future")]
    Ahead,
    /// Too many members are known, or too many through this one.
    #[error("there are too many members")]
    TooMany,
}

/// What a member says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whereabouts {
    /// `ip:port` of each direct address.
    pub direct: Vec<String>,
    /// The URL of its relay.
    pub relay_url: Option<String>,
    /// Another one after each start of the registry, as its document may be another one then.
    pub instance: String,
    /// It leaves the registry.
    pub left: bool,
}

/// A record whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The endpoint id, 64 hex digits.
    pub endpoint_id: String,
    /// When it was written, in milliseconds since 1970.
    pub epoch_ms: i64,
    /// Where the member is.
    pub whereabouts: Whereabouts,
    /// The text, for passing it on.
    pub text: String,
}

impl Record {
    /// The record of the node with this key. `None` when it would be too large.
    pub fn sign(whereabouts: Whereabouts, epoch_ms: i64, key: &NodeKey) -> Option<Self> {
        let payload = serde_json::to_vec(&whereabouts).ok()?;
        let envelope = Envelope::sign(RECORD, payload, u64::try_from(epoch_ms).ok()?, key).ok()?;
        let text = envelope.to_json();
        let endpoint_id = envelope.sender;
        (text.len() <= RECORD_BYTES).then_some(Self { endpoint_id, epoch_ms, whereabouts, text })
    }

    /// Reads a record and checks its signature.
    ///
    /// # Errors
    /// [`RecordError`] when it is none.
    pub fn read(text: &str) -> Result<Self, RecordError> {
        if text.len() > RECORD_BYTES {
            return Err(RecordError::Form);
        }
        let envelope = Envelope::from_json(text.as_bytes()).map_err(|_| RecordError::Form)?;
        if envelope.kind != RECORD {
            return Err(RecordError::Form);
        }
        let whereabouts: Whereabouts =
            serde_json::from_slice(&envelope.payload).map_err(|_| RecordError::Form)?;
        let epoch_ms = i64::try_from(envelope.epoch_ms).map_err(|_| RecordError::Form)?;
        if whereabouts.direct.len() > LIST_ITEMS || whereabouts.instance.len() > 64 {
            return Err(RecordError::Form);
        }
        if !envelope.is_signed() {
            return Err(RecordError::Signature);
        }
        Ok(Self { endpoint_id: envelope.sender, epoch_ms, whereabouts, text: text.to_owned() })
    }
}

/// A message of the exchange: records of members that one side knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Introductions {
    /// What stands for all members that the side knows. Missing: it does not ask whether the other side knows others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Records, as their members wrote them.
    pub records: Vec<String>,
}

impl Introductions {
    /// Reads a document. `None` when it is none.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > EXCHANGE_BYTES {
            return None;
        }
        let read: Self = serde_json::from_slice(bytes).ok()?;
        (read.records.len() <= MEMBERS + 1).then_some(read)
    }

    /// The document, with as many records as fit.
    pub fn to_json(mut self) -> Vec<u8> {
        self.records.truncate(MEMBERS + 1);
        loop {
            let bytes = serde_json::to_vec(&self).unwrap_or_default();
            if bytes.len() <= EXCHANGE_BYTES || self.records.pop().is_none() {
                return bytes;
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Known {
    record: Record,
    through: String,
    heard: Duration,
}

/// What a record changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A member that was not known.
    New,
    /// A newer record of a known member.
    Newer,
    /// The member was started again.
    Restarted,
    /// The member left.
    Left,
    /// Nothing new.
    Old,
}

/// The members that a node knows.
#[derive(Debug)]
pub struct Members {
    own: String,
    known: HashMap<String, Known>,
}

impl Members {
    /// The members that the node with this endpoint id knows: none.
    pub fn new(own: String) -> Self {
        Self { own, known: HashMap::new() }
    }

    /// Takes a record that came from the peer `through`.
    ///
    /// # Errors
    /// [`RecordError`] when it does not count.
    pub fn hear(&mut self, record: Record, through: &str, now: Moment) -> Result<Heard, RecordError> {
        if record.epoch_ms > now.epoch_ms.saturating_add(AHEAD_MS) {
            return Err(RecordError::Ahead);
        }
        if record.endpoint_id == self.own {
            return Ok(Heard::Old);
        }
        let id = record.endpoint_id.clone();
        let left = record.whereabouts.left;
        if let Some(known) = self.known.get_mut(&id) {
            if record.epoch_ms <= known.record.epoch_ms {
                return Ok(Heard::Old);
            }
            let was_gone = known.record.whereabouts.left;
            let restarted = known.record.whereabouts.instance != record.whereabouts.instance;
            known.record = record;
            known.heard = now.steady;
            return Ok(match (was_gone, left) {
                (_, true) => Heard::Left,
                (true, false) => Heard::New,
                (false, false) if restarted => Heard::Restarted,
                (false, false) => Heard::Newer,
            });
        }
        let of_one = self
            .known
            .values()
            .filter(|known| known.through == through && known.record.endpoint_id != through);
        let introduced = id != through;
        if self.known.len() >= MEMBERS || (introduced && of_one.count() >= MEMBERS_OF_ONE) {
            return Err(RecordError::TooMany);
        }
        self.known.insert(id, Known { record, through: through.to_owned(), heard: now.steady });
        Ok(if left { Heard::Left } else { Heard::New })
    }

    /// Forgets members that nobody has heard of for long, and returns their endpoint ids.
    pub fn sweep(&mut self, now: Moment) -> Vec<String> {
        let silent = |known: &Known| now.steady.saturating_sub(known.heard) > MEMBER_SILENCE;
        let gone = self.known.extract_if(|_, known| silent(known));
        gone.map(|(id, _)| id).collect()
    }

    /// The members that have not left.
    pub fn present(&self) -> impl Iterator<Item = &Record> {
        self.known.values().map(|known| &known.record).filter(|record| !record.whereabouts.left)
    }

    /// What stands for the set of members: it is equal at two nodes that know the same. `own`: the instance of this node if it
    /// is a member itself.
    pub fn digest(&self, own: Option<&str>) -> String {
        let known = self.known.values().map(|known| {
            let Whereabouts { instance, left, .. } = &known.record.whereabouts;
            (known.record.endpoint_id.as_str(), instance.as_str(), *left)
        });
        let mut lines: Vec<_> = known.chain(own.map(|own| (self.own.as_str(), own, false))).collect();
        lines.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        for (id, instance, left) in lines {
            for part in [id, instance, if left { "left" } else { "" }] {
                hasher.update(&(part.len() as u64).to_be_bytes());
                hasher.update(part.as_bytes());
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// What is told to others: every record, also of those that left.
    pub fn records(&self) -> impl Iterator<Item = &str> {
        self.known.values().map(|known| known.record.text.as_str())
    }
}
