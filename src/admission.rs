//! Admission and revocation at run time: questions to the program, revocation lists, credentials of a client
//! (`docs/boundary.md#access`).

use std::collections::BTreeMap;
use std::path::Path;

use aster_net::Revoking;
use aster_trust::attributes::Attributes;
use aster_trust::credential::{Credential, CredentialKind, Fingerprint};
use aster_trust::files;
use aster_trust::identity::{Identity, Role};
use aster_trust::key::{EndpointId, NodeKey};
use aster_wire::hex::Hex;
use napi::{Env, Result};
use napi_derive::napi;

use crate::connection::{DialOptions, ServiceSummary, dialled, services};
use crate::error::{Failure, Outcome, throwing};
use crate::options::milliseconds;
use crate::registry::{NODES, PORTS};
use crate::settle::{settle, take};

/// Largest file of a credential or an identity.
const FILE_BYTES: usize = 1 << 20;

/// The answer to a QUESTION event.
#[napi(catch_unwind)]
pub fn admission_decide(env: Env, port: u32, question: u32, agrees: bool) -> Result<()> {
    throwing(env, || {
        PORTS.get(port)?.port.decide(question, agrees);
        Ok(())
    })
}

/// Revokes a node (`endpoint_id`) or a credential (`fingerprint`) at one node, until the process ends. False when everybody
/// may call that node.
#[napi(catch_unwind)]
pub fn node_revoke(
    env: Env,
    node: u32,
    endpoint_id: Option<String>,
    fingerprint: Option<String>,
) -> Result<bool> {
    throwing(env, || {
        let node = NODES.get(node)?.node;
        let what = match (endpoint_id.as_deref(), fingerprint.as_deref()) {
            (Some(id), None) => EndpointId::from_hex(id).map(Revoking::Endpoint),
            (None, Some(print)) => Fingerprint::from_hex(print).map(Revoking::Fingerprint),
            _ => None,
        };
        let what = what.ok_or_else(|| Failure::option("revoked", "must have 64 hexadecimal digits"))?;
        Ok(node.revoke(what))
    })
}

/// Puts a signed revocation list in force at a node. The result is the word for what became of it.
#[napi(catch_unwind)]
pub fn node_take_revocations(env: Env, port: u32, request: u32, node: u32, document: String) -> Result<()> {
    throwing(env, || {
        let node = NODES.get(node)?.node;
        settle(port, request, async move {
            Ok(node.take_revocations(document.into_bytes()).await.word().to_owned())
        })
    })
}

/// Sends a signed revocation list to the node at an address. The result is the word for what became of it.
#[napi(catch_unwind)]
pub fn node_push_revocations(
    env: Env,
    port: u32,
    request: u32,
    node: u32,
    options: DialOptions,
    document: String,
) -> Result<()> {
    throwing(env, || {
        let node = NODES.get(node)?.node;
        if document.len() > aster_net::MAX_PUSH_BYTES {
            let problem = format!("must have at most {} bytes; use a file", aster_net::MAX_PUSH_BYTES);
            return Err(Failure::option("list", problem));
        }
        let timeout = milliseconds("options.timeoutMs", options.timeout_ms)?;
        settle(port, request, async move {
            let pushed = node.push_revocations(&options.address, document.as_bytes(), timeout).await;
            Ok(pushed.map_err(|error| Failure::connect(&error))?.word().to_owned())
        })
    })
}

/// Takes the result of `nodeTakeRevocations` or `nodePushRevocations`.
#[napi(catch_unwind)]
pub fn take_revocation_outcome(env: Env, port: u32, request: u32) -> Result<String> {
    throwing(env, || take(port, request))
}

/// What a client knows of its own credential.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct OwnCredential {
    /// The document that is sent.
    #[napi(readonly)]
    pub document: String,
    /// The secret key in the same file, 64 hex digits.
    #[napi(readonly)]
    pub secret_key: Option<String>,
    /// Who signed it, 64 hex digits.
    #[napi(readonly)]
    pub root_public_key: String,
    /// The roles that it gives.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub roles: Vec<String>,
    /// When it begins to count, in milliseconds since 1970; null when it does not say.
    #[napi(readonly)]
    pub not_before_ms: Option<f64>,
    /// When it ends, in milliseconds since 1970.
    #[napi(readonly)]
    pub expires_at_ms: f64,
    /// It counts once.
    #[napi(readonly)]
    pub one_time: bool,
}

/// Reads the credential that a client presents: a text, or a file with a credential or an identity. `peer` chooses the entry of
/// an identity by its name.
#[napi(catch_unwind)]
pub fn own_credential(
    env: Env,
    text: Option<String>,
    file: Option<String>,
    peer: Option<String>,
) -> Result<OwnCredential> {
    throwing(env, || {
        let option = "options.credential";
        let (text, file) = match (text, file) {
            (Some(text), _) => (text, None),
            (None, Some(file)) => {
                let read = files::read_text(Path::new(&file), FILE_BYTES);
                (read.map_err(|error| Failure::option(option, error))?, Some(file))
            }
            (None, None) => return Err(Failure::option(option, "is missing")),
        };
        let (credential, key) = parse(&text, peer.as_deref())?;
        // A credential that is bound to a node is of no use to others.
        if let Some(file) = file
            && (key.is_some() || credential.endpoint_id.is_none())
        {
            let secret = files::read_secret_text(Path::new(&file), FILE_BYTES);
            secret.map_err(|error| Failure::option(option, error))?;
        }
        facts(&credential, key.map(|key| Hex(&*key.seed()).to_string()))
    })
}

/// A credential in any of its forms, with the key that an identity also has.
fn parse(text: &str, peer: Option<&str>) -> Outcome<(Credential, Option<NodeKey>)> {
    let unusable = |error: String| Failure::option("options.credential", error);
    if text.trim_start().starts_with('{') {
        let credential = Credential::from_file_json(text).or_else(|_| Credential::from_consumer_json(text));
        return match credential {
            Ok(credential) => Ok((credential, None)),
            Err(error) => Err(unusable(format!("is no credential: {error}"))),
        };
    }
    let identity =
        Identity::from_toml(text).map_err(|error| unusable(format!("is no credential: {error}")))?;
    let entry = match peer {
        Some(_) => identity.select(peer, Role::Consumer),
        None => identity.as_credential(),
    };
    let entry = entry.ok_or_else(|| unusable("has no such entry in [[peers]]".to_owned()))?;
    let credential = entry.credential().map_err(|error| unusable(format!("cannot be used: {error}")))?;
    let key = identity.node_key().map_err(|error| unusable(format!("cannot be used: {error}")))?;
    Ok((credential, key))
}

fn facts(credential: &Credential, secret_key: Option<String>) -> Outcome<OwnCredential> {
    if credential.kind == CredentialKind::Producer {
        let problem = "is a producer's credential, which does not allow to call";
        return Err(Failure::option("options.credential", problem));
    }
    let milliseconds = |seconds: u64| seconds as f64 * 1000.0;
    let not_before = Attributes::not_before(&credential.attributes).ok().flatten();
    Ok(OwnCredential {
        document: credential.to_wire_json(),
        secret_key,
        root_public_key: credential.root.to_string(),
        roles: credential.attributes.roles().iter().map(str::to_owned).collect(),
        not_before_ms: not_before.map(|at| milliseconds(at.seconds())),
        expires_at_ms: milliseconds(credential.expires_at.seconds()),
        one_time: credential.kind == CredentialKind::OneTime,
    })
}

/// What a server said at another admission.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct Readmitted {
    /// Attributes that the server has given the caller.
    #[napi(readonly, ts_type = "Readonly<Record<string, string>>")]
    pub attributes: BTreeMap<String, String>,
    /// The services of the server.
    #[napi(readonly, ts_type = "readonly ServiceSummary[]")]
    pub services: Vec<ServiceSummary>,
}

/// Asks for admission with another credential on a connection that stays open. The result is a `Readmitted`.
#[napi(catch_unwind)]
pub fn connection_readmit(
    env: Env,
    port: u32,
    request: u32,
    connection: u32,
    credential: String,
) -> Result<()> {
    throwing(env, || {
        let peer = dialled(connection)?;
        settle(port, request, async move {
            let answer = peer.readmit(credential).await.map_err(|error| Failure::connect(&error))?;
            Ok(Readmitted {
                attributes: answer.attributes.into_iter().collect(),
                services: services(answer.services),
            })
        })
    })
}

/// Takes the result of `connectionReadmit`.
#[napi(catch_unwind)]
pub fn take_readmitted(env: Env, port: u32, request: u32) -> Result<Readmitted> {
    throwing(env, || take(port, request))
}
