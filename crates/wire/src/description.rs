//! The question for the description of a service (`docs/protocol.md#descriptions`).
//!
//! Owns the JSON form of the question and the size limits. The answer is a service document as text, or nothing.

use serde::{Deserialize, Serialize};

use crate::json;

/// Bytes of a question.
pub const QUESTION_BYTES: usize = 2048;
/// Bytes of an answer.
pub const DESCRIPTION_BYTES: usize = 4 << 20;

/// Asks for the description of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The service's name.
    pub service: String,
    /// The service's version.
    pub version: i64,
}

impl Question {
    /// The document as sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::to_vec(self)
    }

    /// Reads a question. `None`: it is too large or no such document.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > QUESTION_BYTES {
            return None;
        }
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_as_it_was_written() {
        let question = Question { service: "Läden".to_owned(), version: 3 };
        assert_eq!(question.to_bytes(), br#"{"service":"L\u00e4den","version":3}"#);
        assert_eq!(Question::from_bytes(&question.to_bytes()), Some(question));
    }

    #[test]
    fn other_bytes_are_no_question() {
        for bytes in [&b""[..], b"{}", b"{\"service\":1,\"version\":1}", &[b' '; QUESTION_BYTES + 1]] {
            assert_eq!(Question::from_bytes(bytes), None);
        }
    }
}
