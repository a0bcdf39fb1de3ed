//! Keys (`docs/boundary.md#control-plane`).

use aster_wire::hex::id_from_hex;
use napi::bindgen_prelude::Uint8Array;
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};

/// Parses 64 hex digits, the value of the argument `path`.
pub(crate) fn seed_from_hex(path: &str, text: &str) -> Outcome<[u8; 32]> {
    id_from_hex(text).ok_or_else(|| Failure::option(path, "must be 32 bytes"))
}

/// A new ed25519 seed.
#[napi(catch_unwind)]
pub fn secret_key_generate() -> Uint8Array {
    aster_net::generate_secret_key().to_vec().into()
}

/// The endpoint id of a seed, both 64 hex digits.
#[napi(catch_unwind)]
pub fn public_key_of(env: Env, secret_key: String) -> Result<String> {
    throwing(env, || Ok(aster_net::endpoint_id_of(&seed_from_hex("secretKey", &secret_key)?)))
}
