//! Who may call a node: the options of its gates.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use aster_trust::roots::TrustedRoots;

use super::{Caller, Clock};

/// Who may call.
#[derive(Debug, Clone)]
pub enum Access {
    /// Everybody who can reach the node.
    Open,
    /// Peers with a credential.
    Gated(GateOptions),
}

/// How peers are admitted by their credentials.
#[derive(Debug, Clone)]
pub struct GateOptions {
    /// The root keys whose credentials count.
    pub roots: TrustedRoots,
    /// Whether producers may ask for admission as well.
    pub producers: bool,
    /// The file that remembers one-time credentials and revocation lists; made where there is none. Without it one-time
    /// credentials are refused.
    pub nonces: Option<PathBuf>,
    /// A file with a signed revocation list, which is read again when it changes.
    pub revocations: Option<PathBuf>,
    /// Whether the program that runs the node has to agree to every admission ([`crate::Node::narrow`]).
    pub narrowed: bool,
    /// The clock; `None`: that of the operating system.
    pub clock: Option<Arc<dyn Clock>>,
}

impl GateOptions {
    /// Gates that trust these root keys, without one-time credentials and revocation lists.
    pub fn new(roots: TrustedRoots) -> Self {
        Self { roots, producers: true, nonces: None, revocations: None, narrowed: false, clock: None }
    }
}

impl PartialEq for GateOptions {
    fn eq(&self, other: &Self) -> bool {
        self.roots == other.roots
            && self.producers == other.producers
            && self.nonces == other.nonces
            && self.revocations == other.revocations
            && self.narrowed == other.narrowed
    }
}

/// Why a node cannot be opened to its callers.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// It was opened before, with other options.
    #[error(
        "this node already serves with another access; all threads that share a node must give the same one"
    )]
    Other,
    /// The file of one-time credentials cannot be used.
    #[error("{0}")]
    Nonces(String),
    /// The revocation list cannot be used.
    #[error("{0}")]
    Revocations(String),
    /// The operating system has no random bytes.
    #[error("{0}")]
    Random(#[from] aster_trust::key::NoRandomness),
}

/// Asks the program that runs a node whether a peer is welcome. It can only refuse what the gates would admit.
pub trait Narrowing: Send + Sync + 'static {
    /// True to admit. An answer that takes longer than a few seconds is not waited for, and counts as false.
    fn agrees(&self, candidate: Arc<Caller>) -> Pin<Box<dyn Future<Output = bool> + Send>>;

    /// Whether it can no longer be asked. Then it is left out.
    fn is_closed(&self) -> bool;
}
