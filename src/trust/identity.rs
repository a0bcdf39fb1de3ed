//! Identity files.

use aster_trust::credential::Credential;
use aster_trust::identity::{Identity, IdentityError};
use aster_trust::key::NodeKey;
use aster_wire::status::Code;
use napi::bindgen_prelude::Uint8Array;
use napi::{Env, Result};
use napi_derive::napi;
use zeroize::Zeroizing;

use super::{malformed, seed};
use crate::error::{Failure, throwing};

/// What an identity file contains.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct IdentityFacts {
    /// The node's secret key, or null.
    #[napi(readonly)]
    pub node: Option<Uint8Array>,
    /// The entries, in their order.
    #[napi(readonly, ts_type = "readonly IdentityEntry[]")]
    pub entries: Vec<IdentityEntry>,
}

/// A credential in an identity file.
///
/// @example
/// ```ts
/// const entry: IdentityEntry = { name: "edge", role: "consumer", credential: null, problem: "not signed" };
/// console.log(entry.name);
/// ```
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct IdentityEntry {
    /// Its label, or null.
    #[napi(readonly)]
    pub name: Option<String>,
    /// Which side of admission it is for, as it is written.
    #[napi(readonly)]
    pub role: Option<String>,
    /// The text of the credential as a credential file, or null when it cannot be read.
    #[napi(readonly)]
    pub credential: Option<String>,
    /// Why the credential cannot be read, or null.
    #[napi(readonly)]
    pub problem: Option<String>,
}

/// A credential to put into an identity file.
#[napi(object, object_to_js = false)]
pub struct IdentityInstall {
    /// Its label. An entry with this label is replaced.
    #[napi(readonly)]
    pub name: String,
    /// The text of the credential file.
    #[napi(readonly)]
    pub credential: String,
}

/// Reads the text of an identity file.
#[napi(catch_unwind)]
pub fn trust_read_identity(env: Env, text: String) -> Result<IdentityFacts> {
    throwing(env, || {
        let identity = Identity::from_toml(&Zeroizing::new(text)).map_err(malformed)?;
        let node = identity.node_key().map_err(malformed)?;
        let entries = identity.peers().map(|entry| {
            let credential = entry.credential();
            IdentityEntry {
                name: entry.name().map(str::to_owned),
                role: entry.role().map(str::to_owned),
                problem: credential.as_ref().err().map(ToString::to_string),
                credential: credential.ok().map(|credential| credential.to_file_json()),
            }
        });
        let entries = entries.collect();
        Ok(IdentityFacts { node: node.map(|key| key.seed().to_vec().into()), entries })
    })
}

/// The text of an identity file with another key or more credentials. Everything else in `previous` stays.
#[napi(catch_unwind)]
pub fn trust_write_identity(
    env: Env,
    #[napi(ts_arg_type = "string | null")] previous: Option<String>,
    #[napi(ts_arg_type = "Uint8Array | null")] node: Option<Uint8Array>,
    credentials: Vec<IdentityInstall>,
) -> Result<String> {
    throwing(env, || {
        let previous = Zeroizing::new(previous.unwrap_or_default());
        let mut identity = Identity::from_toml(&previous).map_err(malformed)?;
        if let Some(node) = node {
            identity.set_node_key(&NodeKey::from_seed(&*seed("node", &node)?)).map_err(not_written)?;
        }
        for IdentityInstall { name, credential } in credentials {
            let credential = Credential::from_file_json(&credential).map_err(malformed)?;
            identity.install(&name, &credential).map_err(not_written)?;
        }
        Ok(identity.to_toml().to_string())
    })
}

fn not_written(error: IdentityError) -> Failure {
    let reason = match error {
        IdentityError::NoSecretKey => "NO_NODE_KEY",
        IdentityError::OtherNode => "WRONG_PEER",
        IdentityError::Unusable(refusal) => refusal.code(),
        IdentityError::Malformed(_) | IdentityError::SecretKey | IdentityError::Credential(_) => {
            return malformed(error);
        }
    };
    Failure::new(Code::FailedPrecondition, error).because(reason)
}
