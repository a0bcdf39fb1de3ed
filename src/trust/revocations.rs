//! Revocation lists.

use aster_trust::credential::Fingerprint;
use aster_trust::key::RootKey;
use aster_trust::revocation::{RevocationError, RevocationList};
use aster_wire::status::Code;
use napi::bindgen_prelude::Uint8Array;
use napi::{Env, Result};
use napi_derive::napi;

use super::{endpoint_id, malformed, seed, time};
use crate::error::{Failure, Outcome, throwing};

/// What a revocation list says.
#[napi(object, object_from_js = false)]
pub struct RevocationFacts {
    /// The root key that signed it.
    #[napi(readonly)]
    pub root_public_key: String,
    /// Its number: of two lists of a root key, the one with the higher number counts.
    #[napi(readonly)]
    pub sequence: f64,
    /// When it was signed, in seconds since 1970.
    #[napi(readonly)]
    pub issued_at: f64,
    /// The revoked nodes.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub endpoint_ids: Vec<String>,
    /// The revoked credentials.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub fingerprints: Vec<String>,
}

/// Reads a revocation list and checks its signature.
#[napi(catch_unwind)]
pub fn trust_read_revocations(env: Env, text: String) -> Result<RevocationFacts> {
    throwing(env, || {
        let list = RevocationList::from_json(text.as_bytes()).map_err(malformed)?;
        Ok(RevocationFacts {
            root_public_key: list.root().to_string(),
            sequence: list.sequence() as f64,
            issued_at: list.issued_at().seconds() as f64,
            endpoint_ids: list.endpoint_ids().map(|id| id.to_string()).collect(),
            fingerprints: list.fingerprints().map(|print| print.to_string()).collect(),
        })
    })
}

/// Signs the list after `previous`, which says what that one says and more; without `previous` the first list. Returns the
/// text of its file.
#[napi(catch_unwind)]
pub fn trust_sign_revocations(
    env: Env,
    root: Uint8Array,
    #[napi(ts_arg_type = "string | null")] previous: Option<String>,
    issued_at: f64,
    endpoint_ids: Vec<String>,
    fingerprints: Vec<String>,
) -> Result<String> {
    throwing(env, || {
        let root = RootKey::from_seed(&*seed("root", &root)?);
        let issued_at = time("now", issued_at)?;
        let ids = each("endpointIds", &endpoint_ids, endpoint_id)?;
        let prints = each("fingerprints", &fingerprints, fingerprint)?;
        let list = match previous {
            Some(text) => {
                let previous = RevocationList::from_json(text.as_bytes()).map_err(malformed)?;
                previous.next(&root, issued_at, ids, prints)
            }
            None => RevocationList::sign(&root, 1, issued_at, ids, prints),
        };
        Ok(list.map_err(not_signed)?.to_json())
    })
}

fn each<T>(path: &str, texts: &[String], read: fn(&str, &str) -> Outcome<T>) -> Outcome<Vec<T>> {
    texts.iter().enumerate().map(|(index, text)| read(&format!("{path}[{index}]"), text)).collect()
}

fn fingerprint(path: &str, text: &str) -> Outcome<Fingerprint> {
    Fingerprint::from_hex(text).ok_or_else(|| Failure::option(path, "must be 64 hexadecimal digits"))
}

fn not_signed(error: RevocationError) -> Failure {
    let reason = match error {
        RevocationError::WrongRoot => "WRONG_ROOT",
        RevocationError::TooLong(_) => "TOO_MANY",
        _ => return malformed(error),
    };
    Failure::new(Code::FailedPrecondition, error).because(reason)
}
