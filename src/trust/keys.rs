//! Texts of key files.

use aster_trust::key::{NodeKey, RootKey, RootPublicKey};
use napi::bindgen_prelude::Uint8Array;
use napi::{Env, Result};
use napi_derive::napi;
use zeroize::Zeroizing;

use super::{malformed, root_public_key, seed};
use crate::error::{Failure, Outcome, throwing};

/// Which secret key a file contains.
enum KeyKind {
    Root,
    Node,
}

fn kind(word: &str) -> Outcome<KeyKind> {
    match word {
        "root" => Ok(KeyKind::Root),
        "node" => Ok(KeyKind::Node),
        _ => Err(Failure::option("kind", "must be \"root\" or \"node\"")),
    }
}

/// Reads the text of a secret key file, or 64 hexadecimal digits. Returns the seed.
#[napi(catch_unwind)]
pub fn trust_read_key(
    env: Env,
    #[napi(ts_arg_type = "'root' | 'node'")] kind_word: String,
    text: String,
) -> Result<Uint8Array> {
    throwing(env, || {
        let text = Zeroizing::new(text);
        let seed = match kind(&kind_word)? {
            KeyKind::Root => RootKey::from_file(&text).map_err(malformed)?.seed(),
            KeyKind::Node => NodeKey::from_file(&text).map_err(malformed)?.seed(),
        };
        Ok(seed.to_vec().into())
    })
}

/// The text of a secret key file.
#[napi(catch_unwind)]
pub fn trust_write_key(
    env: Env,
    #[napi(ts_arg_type = "'root' | 'node'")] kind_word: String,
    key: Uint8Array,
) -> Result<String> {
    throwing(env, || {
        let seed = seed("key", &key)?;
        Ok(match kind(&kind_word)? {
            KeyKind::Root => RootKey::from_seed(&seed).to_file().to_string(),
            KeyKind::Node => NodeKey::from_seed(&seed).to_file().to_string(),
        })
    })
}

/// The public half of a key: 64 hexadecimal digits.
#[napi(catch_unwind)]
pub fn trust_public_key(env: Env, key: Uint8Array) -> Result<String> {
    throwing(env, || Ok(RootKey::from_seed(&*seed("key", &key)?).public_key().to_string()))
}

/// Reads the text of a public root key file, or 64 hexadecimal digits. Returns the digits.
#[napi(catch_unwind)]
pub fn trust_read_public_key(env: Env, text: String) -> Result<String> {
    throwing(env, || RootPublicKey::from_file(&text).map(|key| key.to_string()).map_err(malformed))
}

/// The text of a public root key file.
#[napi(catch_unwind)]
pub fn trust_write_public_key(env: Env, public_key: String) -> Result<String> {
    throwing(env, || Ok(root_public_key("publicKey", &public_key)?.to_file()))
}
