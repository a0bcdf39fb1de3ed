//! Limits on names, metadata, statuses and admission documents.
//!
//! Owns the numbers and the checks (`docs/protocol.md#limits`). The codec has the limits of user payloads, `aster-net`
//! those of streams, rates and times.

use crate::json::last_wins;
use crate::record::RpcStatus;
use crate::status::Code;

/// Metadata pairs in one header.
pub const METADATA_PAIRS: usize = 64;
/// Characters of a metadata key.
pub const METADATA_KEY_CHARS: usize = 256;
/// Characters of a metadata value.
pub const METADATA_VALUE_CHARS: usize = 4096;
/// UTF-8 bytes of all metadata keys and values of one header.
pub const METADATA_BYTES: usize = 8192;
/// Characters of a service name, a method name or a call id.
pub const NAME_CHARS: usize = 256;
/// Characters of a status message.
pub const STATUS_MESSAGE_CHARS: usize = 4096;
/// Pairs of status details.
pub const STATUS_DETAILS: usize = 32;
/// Bytes of an admission request, and of its response.
pub const ADMISSION_BYTES: usize = 65_536;
/// Services that a client announces for calls back.
pub const ANNOUNCED_SERVICES: usize = 64;
/// Bytes of these services as JSON. A server keeps them while the client is connected.
pub const ANNOUNCED_BYTES: usize = 16_384;

/// The limit that a header exceeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// More than [`METADATA_PAIRS`].
    #[error("metadata has more than {max} entries")]
    Pairs {
        /// The limit in force.
        max: usize,
    },
    /// A key above [`METADATA_KEY_CHARS`].
    #[error("metadata key is longer than {max} characters")]
    Key {
        /// The limit in force.
        max: usize,
    },
    /// A value above [`METADATA_VALUE_CHARS`].
    #[error("metadata value is longer than {max} characters")]
    Value {
        /// The limit in force.
        max: usize,
    },
    /// All keys and values together are above [`METADATA_BYTES`].
    #[error("metadata is larger than {max} bytes")]
    Total {
        /// The limit in force.
        max: usize,
    },
    /// A service name, method name or call id above [`NAME_CHARS`].
    #[error("{what} is longer than {max} characters")]
    Name {
        /// The member that is too long.
        what: &'static str,
        /// The limit in force.
        max: usize,
    },
}

impl LimitError {
    /// The status code of a call that exceeds the limit.
    pub fn code(&self) -> Code {
        match self {
            Self::Name { .. } => Code::InvalidArgument,
            _ => Code::ResourceExhausted,
        }
    }
}

/// The limits on protocol records. `Default` has the constants of this module. The limit on frames and decompressed
/// payloads is [`crate::frame::MAX_BODY`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLimits {
    /// See [`METADATA_PAIRS`].
    pub metadata_pairs: usize,
    /// See [`METADATA_KEY_CHARS`].
    pub metadata_key_chars: usize,
    /// See [`METADATA_VALUE_CHARS`].
    pub metadata_value_chars: usize,
    /// See [`METADATA_BYTES`].
    pub metadata_bytes: usize,
    /// See [`NAME_CHARS`].
    pub name_chars: usize,
    /// See [`STATUS_MESSAGE_CHARS`].
    pub status_message_chars: usize,
    /// See [`STATUS_DETAILS`].
    pub status_details: usize,
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self {
            metadata_pairs: METADATA_PAIRS,
            metadata_key_chars: METADATA_KEY_CHARS,
            metadata_value_chars: METADATA_VALUE_CHARS,
            metadata_bytes: METADATA_BYTES,
            name_chars: NAME_CHARS,
            status_message_chars: STATUS_MESSAGE_CHARS,
            status_details: STATUS_DETAILS,
        }
    }
}

impl RecordLimits {
    /// Checks metadata that was received or will be sent.
    pub fn check_metadata(&self, metadata: &[(String, String)]) -> Result<(), LimitError> {
        if metadata.len() > self.metadata_pairs {
            return Err(LimitError::Pairs { max: self.metadata_pairs });
        }
        let mut bytes = 0_usize;
        for (key, value) in metadata {
            if longer_than(key, self.metadata_key_chars) {
                return Err(LimitError::Key { max: self.metadata_key_chars });
            }
            if longer_than(value, self.metadata_value_chars) {
                return Err(LimitError::Value { max: self.metadata_value_chars });
            }
            bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
        }
        if bytes > self.metadata_bytes {
            return Err(LimitError::Total { max: self.metadata_bytes });
        }
        Ok(())
    }

    /// Checks a service name, method name or call id. The error text contains `what`.
    pub fn check_name(&self, what: &'static str, name: &str) -> Result<(), LimitError> {
        if longer_than(name, self.name_chars) {
            return Err(LimitError::Name { what, max: self.name_chars });
        }
        Ok(())
    }

    /// Cuts a status to the limits. A status with a long message is cut and not refused. Keys that are equal after the
    /// cut become one key.
    pub fn cut_status(&self, status: &mut RpcStatus) {
        cut(&mut status.message, self.status_message_chars);
        status.details.truncate(self.status_details);
        for (key, value) in &mut status.details {
            cut(key, self.metadata_key_chars);
            cut(value, self.metadata_value_chars);
        }
        last_wins(&mut status.details);
    }
}

/// Checks metadata against the default limits.
pub fn check_metadata(metadata: &[(String, String)]) -> Result<(), LimitError> {
    RecordLimits::default().check_metadata(metadata)
}

/// Cuts a status to the default limits.
pub fn cut_status(status: &mut RpcStatus) {
    RecordLimits::default().cut_status(status);
}

fn longer_than(text: &str, chars: usize) -> bool {
    // A character has at least one byte, so most texts need no count of characters.
    text.len() > chars && text.chars().nth(chars).is_some()
}

fn cut(text: &mut String, chars: usize) {
    if text.len() > chars
        && let Some((end, _)) = text.char_indices().nth(chars)
    {
        text.truncate(end);
        text.shrink_to_fit();
    }
}
