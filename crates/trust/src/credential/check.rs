//! Whether a credential counts, for whom and now.

use super::{Credential, CredentialKind, Fingerprint};
use crate::attributes::{Attributes, IID_PROVIDER, Roles};
use crate::key::{EndpointId, RootPublicKey};
use crate::nonce::Nonce;
use crate::refusal::Refusal;
use crate::revocation::Revocations;
use crate::roots::TrustedRoots;
use crate::time::UnixTime;

/// What a credential is held against.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    /// The root keys that count here.
    pub roots: &'a TrustedRoots,
    /// Who presents it, as QUIC has proven; none to leave the binding out, which only an inspection may do.
    pub peer: Option<&'a EndpointId>,
    /// The time.
    pub now: UnixTime,
    /// What has been revoked.
    pub revocations: &'a Revocations,
}

/// A credential that counts. Only [`Verifier::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    kind: CredentialKind,
    root: RootPublicKey,
    expires_at: UnixTime,
    attributes: Attributes,
    fingerprint: Fingerprint,
    nonce: Option<Nonce>,
}

impl Verified {
    /// Its type.
    pub fn kind(&self) -> CredentialKind {
        self.kind
    }

    /// The root key that signed it.
    pub fn root(&self) -> &RootPublicKey {
        &self.root
    }

    /// The first second in which it no longer counts.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// What the root says about its holder.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// The roles of its holder.
    pub fn roles(&self) -> Roles {
        self.attributes.roles()
    }

    /// What it is revoked by.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// What has to be consumed before its holder is admitted: present for one-time credentials alone.
    pub fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }
}

impl Verifier<'_> {
    /// The credential as one that counts, or the first reason why it does not. A nonce is not looked at: it has to be
    /// consumed after this.
    ///
    /// All checks are made in any case, so that a refusal takes the same time whatever its reason.
    pub fn verify(&self, credential: &Credential) -> Result<Verified, Refusal> {
        match self.faults(credential).first() {
            Some(&refusal) => Err(refusal),
            None => Ok(Verified {
                kind: credential.kind,
                root: credential.root,
                expires_at: credential.expires_at,
                attributes: credential.attributes.clone(),
                fingerprint: credential.fingerprint(),
                nonce: credential.nonce.clone(),
            }),
        }
    }

    /// Every reason why a credential does not count, in the order in which they are reported.
    pub fn faults(&self, credential: &Credential) -> Vec<Refusal> {
        let checks = [
            self.root(credential),
            structure(credential),
            (!credential.is_signed()).then_some(Refusal::BadSignature),
            (credential.expires_at <= self.now).then_some(Refusal::Expired(credential.expires_at)),
            self.begin(credential),
            self.binding(credential),
            credential.attributes.get(IID_PROVIDER).map(|_| Refusal::CloudIdentity),
            self.revocation(credential),
        ];
        checks.into_iter().flatten().collect()
    }

    fn root(&self, credential: &Credential) -> Option<Refusal> {
        (!self.roots.contains(&credential.root)).then_some(Refusal::WrongRoot)
    }

    fn begin(&self, credential: &Credential) -> Option<Refusal> {
        // An attribute that cannot be read must not be ignored.
        match credential.attributes.not_before() {
            Ok(Some(from)) if from > self.now => Some(Refusal::NotYetValid(from)),
            Ok(_) => None,
            Err(_) => Some(Refusal::NotBeforeUnreadable),
        }
    }

    fn binding(&self, credential: &Credential) -> Option<Refusal> {
        let fits = match (&credential.endpoint_id, self.peer) {
            (Some(bound), Some(peer)) => *bound == peer.to_string(),
            (Some(_), None) => true,
            (None, _) => credential.kind != CredentialKind::Producer,
        };
        (!fits).then_some(Refusal::WrongPeer)
    }

    fn revocation(&self, credential: &Credential) -> Option<Refusal> {
        // A credential that is bound to a revoked node is revoked too, whoever presents it.
        let bound = credential.endpoint_id.as_deref().and_then(EndpointId::from_hex);
        let endpoints = [self.peer.copied(), bound];
        let revoked = endpoints.iter().flatten().any(|id| self.revocations.revokes_endpoint(id))
            || self.revocations.revokes_credential(&credential.fingerprint());
        revoked.then_some(Refusal::Revoked)
    }
}

/// Whether the nonce fits the type.
pub(crate) fn structure(credential: &Credential) -> Option<Refusal> {
    match (credential.kind, &credential.nonce) {
        (CredentialKind::OneTime, None) => Some(Refusal::NonceMissing),
        (CredentialKind::Policy | CredentialKind::Producer, Some(_)) => Some(Refusal::NonceUnexpected),
        _ => None,
    }
}
