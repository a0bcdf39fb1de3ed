//! The records that travel in frames: `StreamHeader`, `CallHeader`, `RpcStatus`, each in two encodings.
//!
//! Owns their members and the choice of the encoding by the first byte. The encodings are [`fory`](self) and
//! JSON, one private module each; strings and varints are `aster-codec`'s (`docs/protocol.md#records`).

mod fory;
mod json;

use crate::json::last_wins;
use crate::limit::{self, LimitError, RecordLimits};
use crate::status::Code;

/// In which form a record is, or shall be, written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Fory XLANG.
    Fory,
    /// One JSON object with camelCase members.
    Json,
}

impl Encoding {
    /// The encoding of a payload: JSON starts with `{`, anything else is left to Fory.
    pub fn of(payload: &[u8]) -> Self {
        if payload.first() == Some(&b'{') { Self::Json } else { Self::Fory }
    }
}

/// Why bytes are not the record that was expected.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes do not start with the record's type.
    #[error("not a {0}")]
    Type(&'static str),
    /// The members cannot be read.
    #[error("{record} is cut short or damaged")]
    Damaged {
        /// The record that was expected.
        record: &'static str,
    },
    /// More bytes than the record has.
    #[error("{record} is followed by {count} more bytes")]
    Trailing {
        /// The record that was expected.
        record: &'static str,
        /// How many bytes are left.
        count: usize,
    },
    /// Not JSON, an unknown member, or a member of the wrong type.
    #[error("{record}: {source}")]
    Json {
        /// The record that was expected.
        record: &'static str,
        /// What the JSON reader found.
        source: serde_json::Error,
    },
}

impl RecordError {
    /// The status that a stream with such a record ends with.
    pub fn code(&self) -> Code {
        Code::Internal
    }
}

/// The first record of every stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamHeader {
    /// Service name.
    pub service: String,
    /// Method name; empty opens a session.
    pub method: String,
    /// Service version.
    pub version: i64,
    /// Informative; unary clients of the reference leave it empty. In a session, the session's id.
    pub call_id: String,
    /// Absolute, milliseconds since the epoch; 0 or less means none.
    pub deadline_epoch_ms: i64,
    /// 0 XLANG, 1 NATIVE, 2 ROW, 3 JSON; 16 XLANG with descriptions, an extension.
    pub serialization_mode: i64,
    /// Keys are unique, in the order written.
    pub metadata: Vec<(String, String)>,
}

/// The record that starts a call inside a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallHeader {
    /// Method name.
    pub method: String,
    /// Informative.
    pub call_id: String,
    /// Absolute, milliseconds since the epoch; 0 or less means none.
    pub deadline_epoch_ms: i64,
    /// Keys are unique, in the order written.
    pub metadata: Vec<(String, String)>,
}

/// How a call, or one direction of it, ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RpcStatus {
    /// A number of [`Code`], or whatever the peer sent.
    pub code: i64,
    /// For people.
    pub message: String,
    /// Keys are unique, in the order written.
    pub details: Vec<(String, String)>,
}

impl RpcStatus {
    /// A status without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code.number(), message: message.into(), details: Vec::new() }
    }

    /// The status of success.
    pub fn ok() -> Self {
        Self::default()
    }

    /// True for code 0.
    pub fn is_ok(&self) -> bool {
        self.code == 0
    }
}

impl StreamHeader {
    /// Checks the names and the metadata.
    pub fn check(&self, limits: &RecordLimits) -> Result<(), LimitError> {
        limits.check_name("service name", &self.service)?;
        limits.check_name("method name", &self.method)?;
        limits.check_name("call id", &self.call_id)?;
        limits.check_metadata(&self.metadata)
    }
}

impl CallHeader {
    /// Checks the names and the metadata.
    pub fn check(&self, limits: &RecordLimits) -> Result<(), LimitError> {
        limits.check_name("method name", &self.method)?;
        limits.check_name("call id", &self.call_id)?;
        limits.check_metadata(&self.metadata)
    }
}

macro_rules! record {
    ($record:ident, $name:literal) => {
        impl $record {
            /// The payload of a frame that carries this record.
            pub fn encode(&self, encoding: Encoding) -> Vec<u8> {
                match encoding {
                    Encoding::Fory => fory::Record::write(self),
                    Encoding::Json => json::Record::write(self),
                }
            }

            /// Reads a payload, in the encoding that its first byte tells.
            ///
            /// *Shape*: of a header with too many metadata pairs one more than the limit is kept, so that its check
            /// refuses it; a status is cut to the limits.
            pub fn decode(payload: &[u8]) -> Result<(Self, Encoding), RecordError> {
                let encoding = Encoding::of(payload);
                let value = match encoding {
                    Encoding::Fory => fory::read($name, payload)?,
                    Encoding::Json => json::read($name, payload)?,
                };
                Ok((value, encoding))
            }
        }
    };
}

record!(StreamHeader, "StreamHeader");
record!(CallHeader, "CallHeader");
record!(RpcStatus, "RpcStatus");

/// How many strings of a list are kept: one more than any list may have, so that excess shows.
const LIST_CAP: usize = limit::METADATA_PAIRS + 1;

/// The two parallel lists of a record, as read, each cut at [`LIST_CAP`].
#[derive(Debug, Default)]
struct Lists {
    keys: Vec<String>,
    values: Vec<String>,
}

impl Lists {
    /// Pairs up to the shorter list; later duplicates win, except where there are too many pairs anyway.
    fn pairs(self) -> Vec<(String, String)> {
        let mut pairs: Vec<_> = self.keys.into_iter().zip(self.values).collect();
        if pairs.len() < LIST_CAP {
            last_wins(&mut pairs);
        }
        pairs
    }
}
