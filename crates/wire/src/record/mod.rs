//! The records that frames contain: `StreamHeader`, `CallHeader`, `RpcStatus`, each in two encodings.
//!
//! Owns their members and the choice of the encoding by the first byte (`docs/protocol.md#records`). The two
//! encodings, Fory and JSON, are private modules. Strings and varints come from `aster-codec`.

mod fory;
mod json;

use crate::json::last_wins;
use crate::limit::{self, LimitError, RecordLimits};
use crate::status::Code;

/// The detail under which the reason word of a status travels.
pub const REASON_DETAIL: &str = "aster.reason";

/// The encoding of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Fory XLANG.
    Fory,
    /// One JSON object with camelCase members.
    Json,
}

impl Encoding {
    /// The encoding of a payload: JSON if it starts with `{`, else Fory.
    pub fn of(payload: &[u8]) -> Self {
        if payload.first() == Some(&b'{') { Self::Json } else { Self::Fory }
    }
}

/// Why bytes are not the expected record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes do not start with the record's type.
    #[error("not a {0}")]
    Type(&'static str),
    /// The members cannot be decoded.
    #[error("{record} is truncated or malformed")]
    Malformed {
        /// The record that was expected.
        record: &'static str,
    },
    /// There are bytes after the record.
    #[error("{record} is followed by {count} more bytes")]
    Trailing {
        /// The record that was expected.
        record: &'static str,
        /// Number of bytes after the record.
        count: usize,
    },
    /// Not JSON, an unknown member, or a member of the wrong type.
    #[error("{record}: {source}")]
    Json {
        /// The record that was expected.
        record: &'static str,
        /// The error of the JSON reader.
        source: serde_json::Error,
    },
}

impl RecordError {
    /// The status code that ends a stream with such a record.
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
    /// For information only; Python's unary clients leave it empty. In a session it is the id of the session.
    pub call_id: String,
    /// Absolute deadline in milliseconds since 1970; 0 or less means no deadline.
    pub deadline_epoch_ms: i64,
    /// 0 XLANG, 1 NATIVE, 2 ROW, 3 JSON. 16 is an extension of this library: XLANG in compatible mode.
    pub serialization_mode: i64,
    /// Unique keys with their values, in the order written.
    pub metadata: Vec<(String, String)>,
}

/// The record that starts a call inside a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallHeader {
    /// Method name.
    pub method: String,
    /// For information only.
    pub call_id: String,
    /// Absolute deadline in milliseconds since 1970; 0 or less means no deadline.
    pub deadline_epoch_ms: i64,
    /// Unique keys with their values, in the order written.
    pub metadata: Vec<(String, String)>,
}

/// How a call, or one direction of it, ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RpcStatus {
    /// The number of a [`Code`], or any other number that the peer sent.
    pub code: i64,
    /// A text for people.
    pub message: String,
    /// Unique keys with their values, in the order written.
    pub details: Vec<(String, String)>,
}

impl RpcStatus {
    /// A status without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code.number(), message: message.into(), details: Vec::new() }
    }

    /// The same status with a reason word, which programs can compare.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.details.push((REASON_DETAIL.to_owned(), reason.to_owned()));
        self
    }

    /// The status of a successful call.
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
            /// The payload of a frame with this record.
            pub fn encode(&self, encoding: Encoding) -> Vec<u8> {
                match encoding {
                    Encoding::Fory => fory::Record::write(self),
                    Encoding::Json => json::Record::write(self),
                }
            }

            /// Decodes a payload. Its first byte decides the encoding.
            ///
            /// *Shape*: a header with too many metadata pairs keeps one pair more than the limit, so `check` refuses
            /// it. A status is cut to the limits.
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

/// Strings of a list that are kept: one more than allowed, so a check can see that there were too many.
const LIST_CAP: usize = limit::METADATA_PAIRS + 1;

/// The two parallel lists of a record, each cut at [`LIST_CAP`].
#[derive(Debug, Default)]
struct Lists {
    keys: Vec<String>,
    values: Vec<String>,
}

impl Lists {
    /// Pairs keys and values up to the shorter list. A repeated key keeps its last value, unless there are too many pairs.
    fn pairs(self) -> Vec<(String, String)> {
        let mut pairs: Vec<_> = self.keys.into_iter().zip(self.values).collect();
        if pairs.len() < LIST_CAP {
            last_wins(&mut pairs);
        }
        pairs
    }
}
