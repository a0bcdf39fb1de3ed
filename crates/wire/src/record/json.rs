//! Records as JSON: one flat object with camelCase members.
//!
//! An unknown member is an error. A missing or null member has its default. If a member is repeated, the last one counts.

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{CallHeader, LIST_CAP, Lists, RecordError, RpcStatus, StreamHeader};
use crate::json::to_vec;
use crate::limit::cut_status;

/// The target that a member is stored in.
pub(super) enum Slot<'a> {
    Int(&'a mut i64),
    Text(&'a mut String),
    List(&'a mut Vec<String>),
}

/// A record with a JSON encoding.
pub(super) trait Record: Sized + Default {
    /// The document as sent. Members have the order in which the Python implementation writes them.
    fn write(&self) -> Vec<u8>;
    /// The targets of all members, by name. The last two are the parallel lists of keys and values.
    fn slots<'a>(&'a mut self, lists: &'a mut Lists) -> Vec<(&'static str, Slot<'a>)>;
    /// Stores the pairs that were built from the two lists. This is the last step of reading.
    fn set_pairs(&mut self, pairs: Vec<(String, String)>);
}

pub(super) fn read<T: Record>(record: &'static str, payload: &[u8]) -> Result<T, RecordError> {
    let mut value = T::default();
    let mut lists = Lists::default();
    let object = Object(value.slots(&mut lists));
    let mut input = serde_json::Deserializer::from_slice(payload);
    object
        .deserialize(&mut input)
        .and_then(|()| input.end())
        .map_err(|source| RecordError::Json { record, source })?;
    value.set_pairs(lists.pairs());
    Ok(value)
}

fn keys(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(key, _)| key.as_str()).collect()
}

fn values(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(_, value)| value.as_str()).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamHeaderDocument<'a> {
    service: &'a str,
    method: &'a str,
    version: i64,
    call_id: &'a str,
    deadline_epoch_ms: i64,
    serialization_mode: i64,
    metadata_keys: Vec<&'a str>,
    metadata_values: Vec<&'a str>,
}

impl Record for StreamHeader {
    fn write(&self) -> Vec<u8> {
        to_vec(&StreamHeaderDocument {
            service: &self.service,
            method: &self.method,
            version: self.version,
            call_id: &self.call_id,
            deadline_epoch_ms: self.deadline_epoch_ms,
            serialization_mode: self.serialization_mode,
            metadata_keys: keys(&self.metadata),
            metadata_values: values(&self.metadata),
        })
    }

    fn slots<'a>(&'a mut self, lists: &'a mut Lists) -> Vec<(&'static str, Slot<'a>)> {
        vec![
            ("service", Slot::Text(&mut self.service)),
            ("method", Slot::Text(&mut self.method)),
            ("version", Slot::Int(&mut self.version)),
            ("callId", Slot::Text(&mut self.call_id)),
            ("deadlineEpochMs", Slot::Int(&mut self.deadline_epoch_ms)),
            ("serializationMode", Slot::Int(&mut self.serialization_mode)),
            ("metadataKeys", Slot::List(&mut lists.keys)),
            ("metadataValues", Slot::List(&mut lists.values)),
        ]
    }

    fn set_pairs(&mut self, pairs: Vec<(String, String)>) {
        self.metadata = pairs;
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallHeaderDocument<'a> {
    method: &'a str,
    call_id: &'a str,
    deadline_epoch_ms: i64,
    metadata_keys: Vec<&'a str>,
    metadata_values: Vec<&'a str>,
}

impl Record for CallHeader {
    fn write(&self) -> Vec<u8> {
        to_vec(&CallHeaderDocument {
            method: &self.method,
            call_id: &self.call_id,
            deadline_epoch_ms: self.deadline_epoch_ms,
            metadata_keys: keys(&self.metadata),
            metadata_values: values(&self.metadata),
        })
    }

    fn slots<'a>(&'a mut self, lists: &'a mut Lists) -> Vec<(&'static str, Slot<'a>)> {
        vec![
            ("method", Slot::Text(&mut self.method)),
            ("callId", Slot::Text(&mut self.call_id)),
            ("deadlineEpochMs", Slot::Int(&mut self.deadline_epoch_ms)),
            ("metadataKeys", Slot::List(&mut lists.keys)),
            ("metadataValues", Slot::List(&mut lists.values)),
        ]
    }

    fn set_pairs(&mut self, pairs: Vec<(String, String)>) {
        self.metadata = pairs;
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RpcStatusDocument<'a> {
    code: i64,
    message: &'a str,
    detail_keys: Vec<&'a str>,
    detail_values: Vec<&'a str>,
}

impl Record for RpcStatus {
    fn write(&self) -> Vec<u8> {
        to_vec(&RpcStatusDocument {
            code: self.code,
            message: &self.message,
            detail_keys: keys(&self.details),
            detail_values: values(&self.details),
        })
    }

    fn slots<'a>(&'a mut self, lists: &'a mut Lists) -> Vec<(&'static str, Slot<'a>)> {
        vec![
            ("code", Slot::Int(&mut self.code)),
            ("message", Slot::Text(&mut self.message)),
            ("detailKeys", Slot::List(&mut lists.keys)),
            ("detailValues", Slot::List(&mut lists.values)),
        ]
    }

    fn set_pairs(&mut self, pairs: Vec<(String, String)>) {
        self.details = pairs;
        cut_status(self);
    }
}

/// Reads an object and stores its members in the slots.
struct Object<'a>(Vec<(&'static str, Slot<'a>)>);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(index) = map.next_key_seed(Member(&self.0))? {
            match self.0.get_mut(index).map(|(_, slot)| slot) {
                Some(Slot::Int(target)) => {
                    **target = map.next_value::<Option<i64>>()?.unwrap_or_default();
                }
                Some(Slot::Text(target)) => {
                    **target = map.next_value::<Option<String>>()?.unwrap_or_default();
                }
                Some(Slot::List(target)) => {
                    **target = map.next_value_seed(Strings)?;
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// Finds the slot of a member name.
struct Member<'a, 'b>(&'a [(&'static str, Slot<'b>)]);

impl<'de> DeserializeSeed<'de> for Member<'_, '_> {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<usize, D::Error> {
        input.deserialize_str(self)
    }
}

impl Visitor<'_> for Member<'_, '_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        // The error does not contain the name, because the peer chooses it and it can have any length.
        self.0.iter().position(|(known, _)| *known == name).ok_or_else(|| E::custom("unknown member"))
    }
}

/// Reads a list of strings or null. Keeps at most [`LIST_CAP`] strings and skips the rest.
struct Strings;

impl<'de> DeserializeSeed<'de> for Strings {
    type Value = Vec<String>;
    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Vec<String>, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strings {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
        let mut strings = Vec::new();
        while strings.len() < LIST_CAP {
            match list.next_element()? {
                Some(string) => strings.push(string),
                None => return Ok(strings),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(strings)
    }
}
