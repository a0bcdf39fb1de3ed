//! A revocation list that is sent to a running node, on a protocol of its own (`docs/protocol.md#revocation-lists`).
//!
//! Whoever has a list may send it: the signature of a trusted root key is what makes it count. The answer says nothing about
//! lists that are not signed so.

use aster_trust::revocation::{Applied, RevocationError};
use serde_json::{Value, json};

/// Largest list that can be pushed. A longer one comes by a file.
pub const MAX_PUSH_BYTES: usize = 262_144;

/// What became of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It is in force now.
    InForce,
    /// It was in force already.
    Unchanged,
    /// A newer list is in force.
    Older,
    /// It is no list of a root key that is trusted there, or the node did not look at it.
    Refused,
}

impl Pushed {
    const ALL: [Self; 4] = [Self::InForce, Self::Unchanged, Self::Older, Self::Refused];

    /// The word for it in the answer, and for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InForce => "IN_FORCE",
            Self::Unchanged => "UNCHANGED",
            Self::Older => "OLDER",
            Self::Refused => "REFUSED",
        }
    }

    pub(crate) fn of(outcome: &Result<Applied, RevocationError>) -> Self {
        match outcome {
            Ok(Applied::InForce) => Self::InForce,
            Ok(Applied::Unchanged) => Self::Unchanged,
            Err(RevocationError::Older { .. }) => Self::Older,
            Err(_) => Self::Refused,
        }
    }

    pub(crate) fn to_answer(self) -> Vec<u8> {
        json!({ "outcome": self.word() }).to_string().into_bytes()
    }

    pub(crate) fn from_answer(bytes: &[u8]) -> Option<Self> {
        let answer: Value = serde_json::from_slice(bytes).ok()?;
        let word = answer.get("outcome")?.as_str()?;
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// What a program revokes at its own node, without a signed list, until the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoking {
    /// A node.
    Endpoint(aster_trust::key::EndpointId),
    /// A credential.
    Fingerprint(aster_trust::credential::Fingerprint),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_written_and_read_as_the_same() {
        for outcome in Pushed::ALL {
            assert_eq!(Pushed::from_answer(&outcome.to_answer()), Some(outcome));
        }
        for text in ["", "{}", r#"{"outcome":1}"#, r#"{"outcome":"x"}"#, "[]"] {
            assert_eq!(Pushed::from_answer(text.as_bytes()), None, "{text}");
        }
    }
}
