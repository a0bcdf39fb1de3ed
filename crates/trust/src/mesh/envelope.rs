//! A message of a producer to the mesh: type, payload, sender, time, signature.

use serde_json::json;

use crate::Signature;
use crate::json::{self, Malformed, Object};
use crate::key::{EndpointId, NodeKey};
use crate::text::to_hex;

/// Largest payload.
pub const MAX_PAYLOAD_BYTES: usize = 65_536;
/// Largest envelope: the payload in hexadecimal, and room for the other members.
pub const MAX_ENVELOPE_BYTES: usize = 2 * MAX_PAYLOAD_BYTES + 1024;

/// What a message is about. Numbers below 128 belong to the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// A producer says that it is there.
    Introduce,
    /// A producer leaves.
    Depart,
    /// A contract was published.
    ContractPublished,
    /// A producer's lease goes on.
    LeaseUpdate,
    /// Another number.
    Unknown(u8),
}

impl MessageKind {
    /// The number in the envelope.
    pub const fn number(self) -> u8 {
        match self {
            Self::Introduce => 1,
            Self::Depart => 2,
            Self::ContractPublished => 3,
            Self::LeaseUpdate => 4,
            Self::Unknown(number) => number,
        }
    }

    /// The kind with this number.
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Introduce,
            2 => Self::Depart,
            3 => Self::ContractPublished,
            4 => Self::LeaseUpdate,
            other => Self::Unknown(other),
        }
    }
}

/// A signed message. Reading one does not check its signature; [`super::members::Members::receive`] does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What it is about.
    pub kind: MessageKind,
    /// Its content, by kind: mostly JSON.
    pub payload: Vec<u8>,
    /// The sender's endpoint id as it is written; also its public key.
    pub sender: String,
    /// When it was sent, in milliseconds since 1970.
    pub epoch_ms: u64,
    /// The sender's signature.
    pub signature: Signature,
}

impl Envelope {
    /// A message of the node with this key.
    pub fn sign(
        kind: MessageKind,
        payload: Vec<u8>,
        epoch_ms: u64,
        key: &NodeKey,
    ) -> Result<Self, Malformed> {
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(Malformed::TooLarge { bytes: payload.len(), limit: MAX_PAYLOAD_BYTES });
        }
        let sender = key.public_key().to_string();
        let signature = key.sign(&signing_bytes(kind, &payload, &sender, epoch_ms));
        Ok(Self { kind, payload, sender, epoch_ms, signature })
    }

    /// Reads a message.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Malformed> {
        let object = Object::read(bytes, MAX_ENVELOPE_BYTES)?;
        let kind = u8::try_from(object.integer("type")?).map_err(|_| Malformed::Member("type"))?;
        let payload = object.required_text("payload")?;
        if payload.len() > 2 * MAX_PAYLOAD_BYTES {
            return Err(Malformed::Member("payload"));
        }
        let payload = data_encoding::HEXLOWER_PERMISSIVE.decode(payload.as_bytes());
        Ok(Self {
            kind: MessageKind::from_number(kind),
            payload: payload.map_err(|_| Malformed::Member("payload"))?,
            sender: object.required_text("sender")?.to_owned(),
            epoch_ms: object.integer("epoch_ms")?,
            signature: Signature::from_bytes(object.hex("signature")?),
        })
    }

    /// The text that is broadcast, byte for byte as the reference writes it.
    pub fn to_json(&self) -> String {
        json::compact(&json!({
            "type": self.kind.number(),
            "payload": to_hex(&self.payload),
            "sender": self.sender,
            "epoch_ms": self.epoch_ms,
            "signature": self.signature.to_string(),
        }))
    }

    /// The bytes that are signed.
    pub fn signing_bytes(&self) -> Vec<u8> {
        signing_bytes(self.kind, &self.payload, &self.sender, self.epoch_ms)
    }

    /// The sender, if its text is an endpoint id in lower case.
    pub fn sender_id(&self) -> Option<EndpointId> {
        EndpointId::from_hex(&self.sender).filter(|id| id.to_string() == self.sender)
    }

    /// True when the sender signed it.
    pub fn is_signed(&self) -> bool {
        self.sender_id().is_some_and(|id| self.signature.is_of(id.as_bytes(), &self.signing_bytes()))
    }
}

fn signing_bytes(kind: MessageKind, payload: &[u8], sender: &str, epoch_ms: u64) -> Vec<u8> {
    [&[kind.number()], payload, sender.as_bytes(), &epoch_ms.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_and_read_as_the_same() {
        let key = NodeKey::from_seed(&[1; 32]);
        for number in [0, 1, 2, 3, 4, 5, 255] {
            let kind = MessageKind::from_number(number);
            assert_eq!(kind.number(), number);
            let message = Envelope::sign(kind, vec![number; 3], 17, &key).unwrap();
            assert!(message.is_signed());
            assert_eq!(Envelope::from_json(message.to_json().as_bytes()), Ok(message));
        }
    }

    #[test]
    fn every_member_is_signed() {
        let key = NodeKey::from_seed(&[1; 32]);
        let message = Envelope::sign(MessageKind::Depart, vec![1], 17, &key).unwrap();
        let other = NodeKey::from_seed(&[2; 32]).public_key().to_string();
        for changed in [
            Envelope { kind: MessageKind::Introduce, ..message.clone() },
            Envelope { payload: vec![2], ..message.clone() },
            Envelope { sender: other, ..message.clone() },
            Envelope { sender: message.sender.to_uppercase(), ..message.clone() },
            Envelope { sender: String::new(), ..message.clone() },
            Envelope { epoch_ms: 18, ..message.clone() },
        ] {
            assert!(!changed.is_signed(), "{changed:?}");
        }
    }

    #[test]
    fn messages_are_bounded_and_typed() {
        let key = NodeKey::from_seed(&[1; 32]);
        let sign = |bytes| Envelope::sign(MessageKind::Introduce, vec![0; bytes], 1, &key);
        let largest = sign(MAX_PAYLOAD_BYTES).unwrap();
        assert_eq!(Envelope::from_json(largest.to_json().as_bytes()), Ok(largest.clone()));
        let too_large = Malformed::TooLarge { bytes: MAX_PAYLOAD_BYTES + 1, limit: MAX_PAYLOAD_BYTES };
        assert_eq!(sign(MAX_PAYLOAD_BYTES + 1), Err(too_large));
        let longer = largest.to_json().replacen("\"payload\":\"", "\"payload\":\"00", 1);
        assert_eq!(Envelope::from_json(longer.as_bytes()), Err(Malformed::Member("payload")));
        let small = sign(1).unwrap().to_json();
        for (from, to, error) in [
            ("\"type\":1", "\"type\":256", Malformed::Member("type")),
            ("\"type\":1", "\"type\":-1", Malformed::Member("type")),
            ("\"payload\":\"00\"", "\"payload\":\"0\"", Malformed::Member("payload")),
            ("\"payload\":\"00\"", "\"payload\":null", Malformed::Missing("payload")),
            ("sender", "zender", Malformed::Missing("sender")),
            ("\"epoch_ms\":1", "\"epoch_ms\":1.5", Malformed::Member("epoch_ms")),
            ("signature", "zignature", Malformed::Missing("signature")),
        ] {
            assert_eq!(Envelope::from_json(small.replace(from, to).as_bytes()), Err(error), "{to}");
        }
    }
}
