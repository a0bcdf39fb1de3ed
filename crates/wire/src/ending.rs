//! The end of an admission while a connection is open: how it is told to the peer (`docs/protocol.md#gates`).

use crate::record::RpcStatus;
use crate::status::Code;

/// Why a peer is no longer admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AdmissionEnd {
    /// Its credential expired, or the longest admission is over.
    #[error("the credential has expired")]
    Expired,
    /// Its credential, its key or the root key of its credential does not count any more.
    #[error("the credential was revoked")]
    Revoked,
}

impl AdmissionEnd {
    /// The application code with which its connections are closed.
    pub const CLOSE_CODE: u32 = 401;

    const ALL: [Self; 2] = [Self::Expired, Self::Revoked];

    /// The reason word: that of the closed connection, and of the status of calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Expired => "CREDENTIAL_EXPIRED",
            Self::Revoked => "CREDENTIAL_REVOKED",
        }
    }

    /// The status of calls that run when the admission ends.
    pub fn status(self) -> RpcStatus {
        RpcStatus::new(Code::Unauthenticated, self.to_string()).because(self.word())
    }

    /// Reads code and reason of a connection that the peer closed.
    pub fn from_close(code: u64, reason: &[u8]) -> Option<Self> {
        let end = Self::ALL.into_iter().find(|end| end.word().as_bytes() == reason);
        end.filter(|_| code == u64::from(Self::CLOSE_CODE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_read_from_the_close_that_tells_it() {
        for end in AdmissionEnd::ALL {
            assert_eq!(AdmissionEnd::from_close(401, end.word().as_bytes()), Some(end));
            assert_eq!(AdmissionEnd::from_close(403, end.word().as_bytes()), None);
        }
        assert_eq!(AdmissionEnd::from_close(401, b""), None);
    }
}
