//! Connections that were dialled, and the methods called on them (`docs/boundary.md#control-plane`).

use std::collections::BTreeMap;
use std::sync::Arc;

use aster_net::{ClientMethod, Mode, PayloadCodec};
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};
use crate::options::milliseconds;
use crate::registry::{NODES, PEERS, PORTS, PeerEntry, plan};
use crate::serve::{compression, pattern};
use crate::settle::{settle, take};

/// Whom to dial, and how.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct DialOptions {
    /// A ticket, an endpoint id, or a node address in base64.
    pub address: String,
    /// What is presented at admission.
    pub credential: Option<String>,
    /// Bound on dialling and admission together.
    pub timeout_ms: f64,
}

/// A service as the admission answer announces it.
///
/// @example
/// ```ts
/// const offered: readonly ServiceSummary[] = client.services;
/// for (const { name, version, contractId } of offered) console.log(name, version, contractId);
/// ```
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ServiceSummary {
    /// The name on the wire.
    #[napi(readonly)]
    pub name: String,
    /// Its version.
    #[napi(readonly)]
    pub version: i64,
    /// 64 hex digits.
    #[napi(readonly)]
    pub contract_id: String,
    /// Its scope: `shared`.
    #[napi(readonly)]
    pub pattern: String,
    /// The payload modes that it names.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub modes: Vec<String>,
    /// Modes beside those of the contract, with what is to be known of each (`docs/protocol.md#modes`).
    #[napi(readonly, ts_type = "Readonly<Record<string, string>>")]
    pub extensions: BTreeMap<String, String>,
}

/// A connection after admission.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct OpenedConnection {
    /// Its number.
    #[napi(readonly)]
    pub connection: u32,
    /// The server's public key, 64 hex digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// What the server offers.
    #[napi(readonly, ts_type = "readonly ServiceSummary[]")]
    pub services: Vec<ServiceSummary>,
    /// What the server says of the caller.
    #[napi(readonly, ts_type = "Readonly<Record<string, string>>")]
    pub attributes: BTreeMap<String, String>,
    /// Namespace of the registry that the server publishes to; empty for none.
    #[napi(readonly)]
    pub registry_namespace: String,
}

/// The path of a connection.
///
/// @example
/// ```ts
/// const facts: ConnectionFacts = await client.info();
/// console.log(facts.relayed ? "through a relay" : facts.remoteAddress);
/// ```
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ConnectionFacts {
    /// The server's public key, 64 hex digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// Address of the path in use; null while none is chosen.
    #[napi(readonly)]
    pub remote_address: Option<String>,
    /// That path is a relay.
    #[napi(readonly)]
    pub relayed: bool,
    /// Round trip in milliseconds; null, as the address, while no path is chosen.
    #[napi(readonly)]
    pub rtt_ms: Option<f64>,
    /// The connection is open.
    #[napi(readonly)]
    pub open: bool,
}

/// A method that will be called.
#[napi(object, object_to_js = false)]
pub struct CalledMethod {
    /// Name of the service.
    pub service: String,
    /// Its version.
    pub version: i64,
    /// Name of the method.
    pub method: String,
    /// Its call kind.
    #[napi(ts_type = "'unary' | 'serverStream' | 'clientStream' | 'bidiStream'")]
    pub pattern: String,
    /// The payload encoding.
    #[napi(ts_type = "'xlang' | 'compatible' | 'json'")]
    pub mode: String,
    /// Number of the plan.
    pub plan: u32,
    /// Root of the request in the plan.
    pub request: u32,
    /// Root of the response in the plan.
    pub response: u32,
    /// Compression of what is sent.
    #[napi(ts_type = "'auto' | 'always' | 'never'")]
    pub compress: String,
}

/// Dials and asks for admission; settles with an `OpenedConnection`.
#[napi(catch_unwind)]
pub fn node_connect(env: Env, port: u32, request: u32, node: u32, options: DialOptions) -> Result<()> {
    throwing(env, || {
        let entry = NODES.get(node)?;
        let timeout = milliseconds("options.timeoutMs", options.timeout_ms)?;
        settle(port, request, async move {
            let credential = options.credential.unwrap_or_default();
            let connected = entry.node.connect(&options.address, credential, timeout).await;
            let (peer, answer) = connected.map_err(|e| Failure::connect(&e))?;
            let endpoint_id = peer.endpoint_id();
            let connection = PEERS.insert(PeerEntry { peer, node, owner: port });
            // Port or node were closed meanwhile and have looked for their connections before this one was there.
            if let Err(gone) = PORTS.get(port).and(NODES.get(node).map(drop)) {
                if let Some(entry) = PEERS.remove(connection) {
                    entry.peer.close();
                }
                return Err(gone);
            }
            let services = answer.services.into_iter().map(|service| ServiceSummary {
                name: service.name,
                version: service.version,
                contract_id: service.contract_id,
                pattern: service.pattern,
                modes: service.serialization_modes,
                extensions: service.extensions.into_iter().collect(),
            });
            Ok(OpenedConnection {
                connection,
                endpoint_id,
                services: services.collect(),
                attributes: answer.attributes.into_iter().collect(),
                registry_namespace: answer.registry_namespace,
            })
        })
    })
}

/// Takes the outcome of `nodeConnect`.
#[napi(catch_unwind)]
pub fn take_opened_connection(env: Env, port: u32, request: u32) -> Result<OpenedConnection> {
    throwing(env, || take(port, request))
}

/// Registers a method of a connection and gives its handle.
#[napi(catch_unwind)]
pub fn method_register(env: Env, port: u32, connection: u32, method: CalledMethod) -> Result<u32> {
    throwing(env, || {
        let port = PORTS.get(port)?.port;
        let peer = PEERS.get(connection)?.peer;
        let mode = payload_mode(&method.mode)?;
        let plan = plan(method.plan)?;
        let compress = compression(&method.compress)?;
        let codec = |root: u32| PayloadCodec { mode, plan: Arc::clone(&plan), root: root as usize, compress };
        let name = (method.service.as_str(), method.version, method.method.as_str());
        let (request, response) = (codec(method.request), codec(method.response));
        let registered = ClientMethod::new(peer, name, pattern(&method.pattern)?, request, response);
        Ok(port.register(registered.map_err(Failure::from_status)?))
    })
}

fn payload_mode(word: &str) -> Outcome<Mode> {
    match word {
        "xlang" => Ok(Mode::Xlang),
        "json" => Ok(Mode::Json),
        "compatible" => Ok(Mode::Compatible),
        _ => Err(Failure::option("options.mode", "must be \"xlang\", \"compatible\" or \"json\"")),
    }
}

/// Closes a connection in order; its calls in flight end as unavailable. Safe twice.
#[napi(catch_unwind)]
pub fn connection_close(connection: u32) {
    if let Some(entry) = PEERS.remove(connection) {
        PORTS.all().iter().for_each(|port| port.port.forget_connection(&entry.peer));
        entry.peer.close();
    }
}

/// Settles with `ConnectionFacts`.
#[napi(catch_unwind)]
pub fn connection_info(env: Env, port: u32, request: u32, connection: u32) -> Result<()> {
    throwing(env, || {
        let peer = PEERS.get(connection)?.peer;
        settle(port, request, async move {
            let path = peer.path();
            Ok(ConnectionFacts {
                endpoint_id: peer.endpoint_id(),
                relayed: path.as_ref().is_some_and(|path| path.relayed),
                rtt_ms: path.as_ref().map(|path| path.rtt.as_secs_f64() * 1000.0),
                remote_address: path.map(|path| path.remote_address),
                open: peer.is_open(),
            })
        })
    })
}

/// Takes the outcome of `connectionInfo`.
#[napi(catch_unwind)]
pub fn take_connection_facts(env: Env, port: u32, request: u32) -> Result<ConnectionFacts> {
    throwing(env, || take(port, request))
}
