//! `mesh_state.json`: what the reference keeps of a mesh between two starts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::members::MAX_MEMBERS;
use super::{Salt, Topic};
use crate::json::{self, Malformed, Object};
use crate::key::EndpointId;

/// Largest file.
pub const MAX_FILE_BYTES: usize = 2 << 20;

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MeshState {
    /// The members.
    pub accepted_producers: BTreeSet<EndpointId>,
    /// The salt, once there is one.
    pub salt: Option<Salt>,
    /// The topic, once there is one.
    pub topic: Option<Topic>,
    /// How far the clock of each member is behind ours.
    pub peer_offsets_ms: BTreeMap<EndpointId, i64>,
    /// The members whose clock is wrong.
    pub drift_isolated: BTreeSet<EndpointId>,
    /// When this node last said that it is there.
    pub last_heartbeat_epoch_ms: u64,
    /// When it joined.
    pub mesh_joined_at_epoch_ms: u64,
    /// True when it left because of its clock.
    pub mesh_dead: bool,
}

impl MeshState {
    /// Reads the file.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Malformed> {
        let object = Object::read(bytes, MAX_FILE_BYTES)?;
        let secret = |name| match object.text(name)? {
            None | Some("") => Ok(None),
            Some(text) => json::hex(name, text).map(Some),
        };
        let integer = |name| object.get(name).map_or(Ok(0), |_| object.integer(name));
        let dead = object.get("mesh_dead").map_or(Some(false), Value::as_bool);
        Ok(Self {
            accepted_producers: members(&object, "accepted_producers")?,
            salt: secret("salt")?.map(Salt::from_bytes),
            topic: secret("topic_id")?.map(Topic::from_bytes),
            peer_offsets_ms: offsets(&object)?,
            drift_isolated: members(&object, "drift_isolated")?,
            last_heartbeat_epoch_ms: integer("last_heartbeat_epoch_ms")?,
            mesh_joined_at_epoch_ms: integer("mesh_joined_at_epoch_ms")?,
            mesh_dead: dead.ok_or(Malformed::Member("mesh_dead"))?,
        })
    }

    /// The file. It contains the salt and belongs to its owner alone (mode 0600).
    pub fn to_json(&self) -> String {
        let texts = |ids: &BTreeSet<EndpointId>| ids.iter().map(EndpointId::to_string).collect::<Vec<_>>();
        let offsets: serde_json::Map<_, _> =
            self.peer_offsets_ms.iter().map(|(id, offset)| (id.to_string(), json!(offset))).collect();
        json::indented(&json!({
            "accepted_producers": texts(&self.accepted_producers),
            "salt": self.salt.as_ref().map(Salt::to_hex).unwrap_or_default(),
            "topic_id": self.topic.map(|topic| topic.to_string()).unwrap_or_default(),
            "peer_offsets": offsets,
            "drift_isolated": texts(&self.drift_isolated),
            "last_heartbeat_epoch_ms": self.last_heartbeat_epoch_ms,
            "mesh_joined_at_epoch_ms": self.mesh_joined_at_epoch_ms,
            "mesh_dead": self.mesh_dead,
        }))
    }
}

fn member(name: &'static str, text: &str) -> Result<EndpointId, Malformed> {
    json::hex(name, text).map(EndpointId::from_bytes)
}

fn members(object: &Object, name: &'static str) -> Result<BTreeSet<EndpointId>, Malformed> {
    let ids = object.list(name, MAX_MEMBERS)?.iter();
    ids.map(|id| member(name, id.as_str().ok_or(Malformed::Member(name))?)).collect()
}

fn offsets(object: &Object) -> Result<BTreeMap<EndpointId, i64>, Malformed> {
    const NAME: &str = "peer_offsets";
    let Some(value) = object.get(NAME) else { return Ok(BTreeMap::new()) };
    let offsets = value.as_object().ok_or(Malformed::Member(NAME))?;
    if offsets.len() > MAX_MEMBERS {
        return Err(Malformed::TooMany { member: NAME, limit: MAX_MEMBERS });
    }
    let pair = |(id, offset): (&String, &Value)| {
        Ok((member(NAME, id)?, offset.as_i64().ok_or(Malformed::Member(NAME))?))
    };
    offsets.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> EndpointId {
        EndpointId::from_bytes([number; 32])
    }

    #[test]
    fn a_state_is_written_and_read_as_the_same() {
        let state = MeshState {
            accepted_producers: [id(2), id(1)].into(),
            salt: Some(Salt::from_bytes([3; 32])),
            topic: Some(Topic::from_bytes([4; 32])),
            peer_offsets_ms: [(id(1), -5)].into(),
            drift_isolated: [id(1)].into(),
            last_heartbeat_epoch_ms: 6,
            mesh_joined_at_epoch_ms: 7,
            mesh_dead: true,
        };
        for state in [state, MeshState::default()] {
            assert_eq!(MeshState::from_json(state.to_json().as_bytes()), Ok(state));
        }
        assert_eq!(MeshState::from_json(b"{}"), Ok(MeshState::default()));
    }

    #[test]
    fn a_state_of_another_form_is_refused() {
        for (text, error) in [
            (r#"{"salt":"00"}"#, Malformed::Hex { member: "salt", digits: 64 }),
            (r#"{"accepted_producers":["x"]}"#, Malformed::Hex { member: "accepted_producers", digits: 64 }),
            (r#"{"accepted_producers":[1]}"#, Malformed::Member("accepted_producers")),
            (r#"{"peer_offsets":[]}"#, Malformed::Member("peer_offsets")),
            (r#"{"mesh_dead":1}"#, Malformed::Member("mesh_dead")),
            (r#"{"last_heartbeat_epoch_ms":-1}"#, Malformed::Member("last_heartbeat_epoch_ms")),
        ] {
            assert_eq!(MeshState::from_json(text.as_bytes()), Err(error), "{text}");
        }
        let half = format!(r#"{{"peer_offsets":{{"{}":1.5}}}}"#, id(1));
        assert_eq!(MeshState::from_json(half.as_bytes()), Err(Malformed::Member("peer_offsets")));
    }
}
