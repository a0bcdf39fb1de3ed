//! Signing requests.

use std::time::Duration;

use aster_trust::key::NodeKey;
use aster_trust::request::{RequestError, SigningRequest};
use napi::bindgen_prelude::Uint8Array;
use napi::{Env, Result};
use napi_derive::napi;

use super::{NamedText, attributes, kind, malformed, named, seed, whole_seconds};
use crate::error::{Failure, throwing};

/// What a node asks for.
#[napi(object, object_to_js = false)]
pub struct RequestOptions {
    /// The type of the credential.
    #[napi(readonly, ts_type = "'policy' | 'ott' | 'producer'")]
    pub r#type: String,
    /// The label under which the node keeps the credential.
    #[napi(readonly)]
    pub name: String,
    /// The attributes.
    #[napi(readonly, ts_type = "readonly NamedText[]")]
    pub attributes: Vec<NamedText>,
    /// The roles, which set the attribute `aster.role`.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub roles: Vec<String>,
    /// How long the credential shall count, from its signing on.
    #[napi(readonly)]
    pub lifetime_s: f64,
}

/// What a signing request asks for.
#[napi(object, object_from_js = false)]
pub struct RequestFacts {
    /// The type of the credential.
    #[napi(readonly, ts_type = "'policy' | 'ott' | 'producer'")]
    pub r#type: String,
    /// The label under which the node keeps the credential.
    #[napi(readonly)]
    pub name: String,
    /// The node that asks, which has proven that it has its key.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// The attributes, in their order.
    #[napi(readonly, ts_type = "readonly NamedText[]")]
    pub attributes: Vec<NamedText>,
    /// The roles among the attributes.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub roles: Vec<String>,
    /// How long the credential shall count, from its signing on.
    #[napi(readonly)]
    pub lifetime_s: f64,
}

/// Makes a signing request. Returns the text of its file.
#[napi(catch_unwind)]
pub fn trust_create_request(env: Env, node: Uint8Array, options: RequestOptions) -> Result<String> {
    throwing(env, || {
        let node = NodeKey::from_seed(&*seed("node", &node)?);
        let lifetime = Duration::from_secs(whole_seconds("lifetimeMs", options.lifetime_s)?);
        let attributes = attributes("attributes", options.attributes, &options.roles)?;
        let request =
            SigningRequest::new(kind("type", &options.r#type)?, &options.name, attributes, lifetime, &node);
        Ok(request.map_err(not_made)?.to_json())
    })
}

/// Reads a signing request and checks its proof.
#[napi(catch_unwind)]
pub fn trust_read_request(env: Env, text: String) -> Result<RequestFacts> {
    throwing(env, || {
        let request = SigningRequest::from_json(text.as_bytes()).map_err(malformed)?;
        Ok(RequestFacts {
            r#type: request.kind().word().to_owned(),
            name: request.name().to_owned(),
            endpoint_id: request.endpoint_id().to_string(),
            attributes: named(request.attributes().iter()),
            roles: request.attributes().roles().iter().map(str::to_owned).collect(),
            lifetime_s: request.lifetime().as_secs() as f64,
        })
    })
}

fn not_made(error: RequestError) -> Failure {
    match error {
        RequestError::Lifetime => Failure::option("lifetimeMs", error),
        RequestError::Name => Failure::option("name", error),
        RequestError::Malformed(_) | RequestError::BadProof => malformed(error),
    }
}
