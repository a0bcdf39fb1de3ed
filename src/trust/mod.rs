//! Keys, credentials and their files (`docs/boundary.md#control-plane`). The rules are those of `aster-trust`.

use aster_trust::attributes::{Attributes, MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES};
use aster_trust::capability::granting;
use aster_trust::credential::CredentialKind;
use aster_trust::key::{EndpointId, RootPublicKey};
use aster_trust::time::UnixTime;
use aster_wire::status::Code;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use zeroize::Zeroizing;

use crate::error::{Failure, Outcome};

mod credentials;
mod files;
mod identity;
mod keys;
mod profiles;
mod requests;
mod revocations;

/// A name with a text, such as an attribute of a credential.
#[napi(object)]
pub struct NamedText {
    /// The name.
    #[napi(readonly)]
    pub name: String,
    /// The text.
    #[napi(readonly)]
    pub value: String,
}

fn named<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<NamedText> {
    pairs.map(|(name, value)| NamedText { name: name.to_owned(), value: value.to_owned() }).collect()
}

/// The attributes of the argument `path`, with roles. `roles` set the attribute `aster.role`.
fn attributes(path: &str, pairs: Vec<NamedText>, roles: &[String]) -> Outcome<Attributes> {
    let pairs = pairs.into_iter().map(|NamedText { name, value }| (name, value));
    let attributes = Attributes::from_pairs(pairs).ok_or_else(|| {
        let most = format!("must be at most {MAX_ATTRIBUTES}, with {MAX_ATTRIBUTE_BYTES} bytes together");
        Failure::option(path, most)
    })?;
    granting(&attributes, roles.iter().map(String::as_str)).map_err(|error| Failure::option("roles", error))
}

fn kind(path: &str, word: &str) -> Outcome<CredentialKind> {
    let known = "must be \"policy\", \"ott\" or \"producer\"";
    CredentialKind::from_word(word).ok_or_else(|| Failure::option(path, known))
}

fn seed(path: &str, bytes: &Uint8Array) -> Outcome<Zeroizing<[u8; 32]>> {
    aster_trust::key_file::raw(bytes).map_err(|error| Failure::option(path, error))
}

fn endpoint_id(path: &str, text: &str) -> Outcome<EndpointId> {
    EndpointId::from_hex(text).ok_or_else(|| Failure::option(path, "must be 64 hexadecimal digits"))
}

fn root_public_key(path: &str, text: &str) -> Outcome<RootPublicKey> {
    RootPublicKey::from_hex(text).ok_or_else(|| Failure::option(path, "must be 64 hexadecimal digits"))
}

/// Whole seconds since 1970 in the argument `path`.
fn time(path: &str, seconds: f64) -> Outcome<UnixTime> {
    Ok(UnixTime::from_seconds(whole_seconds(path, seconds)?))
}

fn whole_seconds(path: &str, seconds: f64) -> Outcome<u64> {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    if (0.0..=LARGEST).contains(&seconds) {
        return Ok(seconds as u64);
    }
    Err(Failure::option(path, "must be a time after 1970"))
}

/// A document that cannot be read.
fn malformed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::InvalidArgument, error).because("MALFORMED")
}
