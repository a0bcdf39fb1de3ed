//! Why a peer is refused. The peer never learns it: the answer to every refusal is the same document
//! (`docs/protocol.md#admission`). Logs and counters of this side use [`Refusal::code`].

use crate::json::Malformed;
use crate::time::UnixTime;

/// The cause of a refusal. Its text contains nothing that the peer sent, so that it can be logged as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request itself could not be read.
    #[error("the admission request cannot be read")]
    UnreadableRequest,
    /// The request carries no credential, and this node demands one.
    #[error("no credential")]
    NoCredential,
    /// The credential is no document of its form.
    #[error("the credential is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The credential is of a type that does not exist, or not one of this gate.
    #[error("the credential's type is not known here")]
    UnknownType,
    /// It names a root key that is not trusted here.
    #[error("the credential is of a root key that is not trusted")]
    WrongRoot,
    /// A one-time credential without a nonce.
    #[error("a one-time credential needs a nonce")]
    NonceMissing,
    /// A credential of another type with a nonce.
    #[error("only a one-time credential has a nonce")]
    NonceUnexpected,
    /// Its signature is missing or is not one of its root key over what it says.
    #[error("the credential's signature is wrong")]
    BadSignature,
    /// It counted until a time that has come.
    #[error("the credential expired at {0}")]
    Expired(UnixTime),
    /// It counts from a time that has not come.
    #[error("the credential is valid from {0} on")]
    NotYetValid(UnixTime),
    /// Its beginning cannot be read as a time.
    #[error("the credential's attribute aster.not_before is no time")]
    NotBeforeUnreadable,
    /// It is bound to another endpoint id than the peer's.
    #[error("the credential is bound to another node")]
    WrongPeer,
    /// It asks for a check of a cloud's identity service, which this implementation does not make.
    #[error("the credential demands a check by a cloud provider, which is not supported")]
    CloudIdentity,
    /// A revocation list names the credential or the peer.
    #[error("the credential or its holder is revoked")]
    Revoked,
    /// The nonce of a one-time credential was used before.
    #[error("the one-time credential was used before")]
    Replayed,
    /// No store of nonces is configured, so one-time credentials cannot be accepted.
    #[error("one-time credentials are not accepted here: there is no store of nonces")]
    NoNonceStore,
    /// The store of nonces failed or is full.
    #[error("the store of nonces does not work")]
    NonceStoreFailed,
    /// The program that runs the node said no, or did not answer in time.
    #[error("the program did not admit the peer")]
    Narrowed,
    /// The peer or its network tries too often.
    #[error("too many tries")]
    TooManyTries,
    /// The table of admitted peers is full.
    #[error("too many peers are admitted")]
    TooManyPeers,
}

impl Refusal {
    /// A word that stays the same between versions, for counters and for `reason` in logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnreadableRequest => "UNREADABLE_REQUEST",
            Self::NoCredential => "NO_CREDENTIAL",
            Self::Malformed(_) => "MALFORMED",
            Self::UnknownType => "UNKNOWN_TYPE",
            Self::WrongRoot => "WRONG_ROOT",
            Self::NonceMissing => "NONCE_MISSING",
            Self::NonceUnexpected => "NONCE_UNEXPECTED",
            Self::BadSignature => "BAD_SIGNATURE",
            Self::Expired(_) => "EXPIRED",
            Self::NotYetValid(_) => "NOT_YET_VALID",
            Self::NotBeforeUnreadable => "NOT_BEFORE_UNREADABLE",
            Self::WrongPeer => "WRONG_PEER",
            Self::CloudIdentity => "CLOUD_IDENTITY",
            Self::Revoked => "REVOKED",
            Self::Replayed => "REPLAYED",
            Self::NoNonceStore => "NO_NONCE_STORE",
            Self::NonceStoreFailed => "NONCE_STORE_FAILED",
            Self::Narrowed => "NARROWED",
            Self::TooManyTries => "TOO_MANY_TRIES",
            Self::TooManyPeers => "TOO_MANY_PEERS",
        }
    }
}

pub use crate::json::Malformed as MalformedDocument;
