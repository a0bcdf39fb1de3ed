//! Credentials: signing one, and what one says.

use aster_trust::credential::check::Verifier;
use aster_trust::credential::{Credential, Grant, GrantError};
use aster_trust::key::RootKey;
use aster_trust::refusal::Refusal;
use aster_trust::revocation::{RevocationList, Revocations};
use aster_trust::roots::TrustedRoots;
use aster_wire::status::Code;
use napi::bindgen_prelude::Uint8Array;
use napi::{Env, Result};
use napi_derive::napi;

use super::{NamedText, attributes, endpoint_id, kind, malformed, named, root_public_key, seed, time};
use crate::error::{Failure, Outcome, throwing};

/// What a credential shall say.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct CredentialGrant {
    /// Which gate it opens.
    #[napi(readonly, ts_type = "'policy' | 'ott' | 'producer'")]
    pub r#type: String,
    /// The node that it is bound to, or null for every node that has it.
    #[napi(readonly)]
    pub endpoint_id: Option<String>,
    /// The first second in which it no longer counts, since 1970.
    #[napi(readonly)]
    pub expires_at: f64,
    /// The attributes.
    #[napi(readonly, ts_type = "readonly NamedText[]")]
    pub attributes: Vec<NamedText>,
    /// The roles, which set the attribute `aster.role`.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub roles: Vec<String>,
}

/// What a credential is held against.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct CredentialChecks {
    /// The trusted root keys, or null to trust the one that the credential names.
    #[napi(readonly, ts_type = "readonly string[] | null")]
    pub root_public_keys: Option<Vec<String>>,
    /// The node that presents it, or null to leave this check out.
    #[napi(readonly)]
    pub endpoint_id: Option<String>,
    /// The time in seconds since 1970.
    #[napi(readonly)]
    pub now: f64,
    /// The revocation lists.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub revocations: Vec<String>,
}

/// A reason to refuse a credential.
///
/// @example
/// ```ts
/// const fault: CredentialFault = { code: "EXPIRED", message: "the credential expired at 1893456000" };
/// console.log(fault.code);
/// ```
#[napi(object)]
pub struct CredentialFault {
    /// A word that stays the same between versions, such as `EXPIRED`.
    #[napi(readonly)]
    pub code: String,
    /// The reason in words.
    #[napi(readonly)]
    pub message: String,
}

/// What a credential says, and what would make it be refused.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct CredentialFacts {
    /// Which gate it opens.
    #[napi(readonly, ts_type = "'policy' | 'ott' | 'producer'")]
    pub r#type: String,
    /// The root key that is said to have signed it.
    #[napi(readonly)]
    pub root_public_key: String,
    /// The node that it is bound to, or null.
    #[napi(readonly)]
    pub endpoint_id: Option<String>,
    /// The first second in which it no longer counts, since 1970.
    #[napi(readonly)]
    pub expires_at: f64,
    /// The second from which on it counts, or null.
    #[napi(readonly)]
    pub not_before: Option<f64>,
    /// The attributes, in their order.
    #[napi(readonly, ts_type = "readonly NamedText[]")]
    pub attributes: Vec<NamedText>,
    /// The roles among the attributes.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub roles: Vec<String>,
    /// What it is revoked by.
    #[napi(readonly)]
    pub fingerprint: String,
    /// Every reason to refuse it, the one that is reported first.
    #[napi(readonly, ts_type = "readonly CredentialFault[]")]
    pub faults: Vec<CredentialFault>,
}

/// Signs a credential. Returns the text of its file.
#[napi(catch_unwind)]
pub fn trust_sign_credential(env: Env, root: Uint8Array, grant: CredentialGrant) -> Result<String> {
    throwing(env, || {
        let root = RootKey::from_seed(&*seed("root", &root)?);
        let bound = grant.endpoint_id.as_deref().map(|text| endpoint_id("endpointId", text)).transpose()?;
        let grant = Grant {
            kind: kind("type", &grant.r#type)?,
            endpoint_id: bound,
            expires_at: time("expiresAt", grant.expires_at)?,
            attributes: attributes("attributes", grant.attributes, &grant.roles)?,
        };
        Ok(grant.sign(&root).map_err(not_signed)?.to_file_json())
    })
}

/// Reads a credential file and makes every check.
#[napi(catch_unwind)]
pub fn trust_check_credential(env: Env, text: String, checks: CredentialChecks) -> Result<CredentialFacts> {
    throwing(env, || {
        let credential = Credential::from_file_json(&text).map_err(malformed)?;
        facts(&credential, &checks)
    })
}

fn facts(credential: &Credential, checks: &CredentialChecks) -> Outcome<CredentialFacts> {
    let roots = trusted(credential, checks)?;
    let revocations = revocations(&checks.revocations)?;
    let peer = checks.endpoint_id.as_deref().map(|text| endpoint_id("endpointId", text)).transpose()?;
    let now = time("now", checks.now)?;
    let verifier = Verifier { roots: &roots, peer: peer.as_ref(), now, revocations: &revocations };
    let mut roles: Vec<String> = credential.attributes.roles().iter().map(str::to_owned).collect();
    roles.sort();
    Ok(CredentialFacts {
        r#type: credential.kind.word().to_owned(),
        root_public_key: credential.root.to_string(),
        endpoint_id: credential.endpoint_id.clone(),
        expires_at: credential.expires_at.seconds() as f64,
        not_before: credential.attributes.not_before().ok().flatten().map(|time| time.seconds() as f64),
        attributes: named(credential.attributes.iter()),
        roles,
        fingerprint: credential.fingerprint().to_string(),
        faults: verifier.faults(credential).into_iter().map(fault).collect(),
    })
}

/// The trusted keys. Where none are given, the credential's own, if it can sign anything.
fn trusted(credential: &Credential, checks: &CredentialChecks) -> Outcome<TrustedRoots> {
    let keys = match &checks.root_public_keys {
        Some(texts) => {
            let keys = texts.iter().map(|text| root_public_key("rootPublicKey", text));
            keys.collect::<Outcome<Vec<_>>>()?
        }
        None if credential.root.is_sound() => vec![credential.root],
        // A key that trusts nothing: the credential's own one is refused as not trusted.
        None => vec![RootKey::from_seed(&[0; 32]).public_key()],
    };
    TrustedRoots::new(keys).map_err(|error| Failure::option("rootPublicKey", error))
}

/// The lists, whatever root key signed them: an inspection asks what they would do where they are in force.
fn revocations(texts: &[String]) -> Outcome<Revocations> {
    let mut revocations = Revocations::default();
    for text in texts {
        let list = RevocationList::from_json(text.as_bytes()).map_err(malformed)?;
        let root = TrustedRoots::new([*list.root()]).map_err(malformed)?;
        revocations.apply(list, &root).map_err(malformed)?;
    }
    Ok(revocations)
}

fn fault(refusal: Refusal) -> CredentialFault {
    CredentialFault { code: refusal.code().to_owned(), message: refusal.to_string() }
}

/// Why the root key does not sign a grant: the argument that is wrong.
fn not_signed(error: GrantError) -> Failure {
    match error {
        GrantError::Unbound => Failure::option("endpointId", error),
        GrantError::Expiry => Failure::option("expiresAt", error),
        GrantError::NotBefore | GrantError::CloudIdentity => Failure::option("attributes", error),
        GrantError::NoRandomness(_) => Failure::new(Code::Internal, error),
    }
}
