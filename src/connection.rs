//! Peers that are called, and their methods (`docs/boundary.md#control-plane`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aster_codec::PayloadLimits;
use aster_net::{
    Agreement, Callee, ClientMethod, Dial, Mode, OutgoingConnection, PayloadCodec, RelayPolicy, ServerAccess,
    Verdict,
};
use aster_trust::attributes::Roles;
use aster_wire::admission;
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};
use crate::options::milliseconds;
use crate::registry::{AGREEMENTS, NODES, PEERS, PORTS, PeerEntry, plan};
use crate::runtime;
use crate::serve::{compression, pattern};
use crate::settle::{settle, take};

/// Address and options of a dial.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct DialOptions {
    /// A ticket, an endpoint id, or a node address in base64.
    pub address: String,
    /// The credential that is sent at admission.
    pub credential: Option<String>,
    /// Time limit for dialling and admission together.
    pub timeout_ms: f64,
    /// What the server may call back. `caller`: what it could call if it had dialled this node. `roles`: all services, with
    /// the roles in `server_roles`.
    #[napi(ts_type = "'nothing' | 'caller' | 'roles'")]
    pub server_access: String,
    /// The roles of the server.
    #[napi(ts_type = "readonly string[]")]
    pub server_roles: Vec<String>,
    /// Whether calls may go through a relay. `atMost`: up to `relay_bytes`.
    #[napi(ts_type = "'allow' | 'forbid' | 'only' | 'atMost'")]
    pub relay: String,
    /// The bytes in both directions that may go through relays.
    pub relay_bytes: f64,
}

impl DialOptions {
    fn relay(&self) -> Outcome<RelayPolicy> {
        match self.relay.as_str() {
            "allow" => Ok(RelayPolicy::Allow),
            "forbid" => Ok(RelayPolicy::Forbid),
            "only" => Ok(RelayPolicy::Only),
            "atMost" if self.relay_bytes >= 0.0 => Ok(RelayPolicy::AtMost(self.relay_bytes as u64)),
            _ => Err(Failure::option("options.relay", "must be \"forbid\", \"only\" or { maxBytes }")),
        }
    }

    fn server_access(&self) -> Outcome<ServerAccess> {
        match self.server_access.as_str() {
            "nothing" => Ok(ServerAccess::Nothing),
            "caller" => Ok(ServerAccess::AsCaller),
            "roles" => Ok(ServerAccess::Roles(Roles::of(&self.server_roles.join(",")))),
            _ => Err(Failure::option("options.serverAccess", "must be \"nothing\", \"caller\" or \"roles\"")),
        }
    }
}

/// A service in the list of the admission answer.
///
/// @example
/// ```ts
/// const offered: readonly ServiceSummary[] = client.services;
/// for (const { name, version, contractId } of offered) console.log(name, version, contractId);
/// ```
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ServiceSummary {
    /// Name of the service.
    #[napi(readonly)]
    pub name: String,
    /// Version of the service.
    #[napi(readonly)]
    pub version: i64,
    /// 64 hex digits.
    #[napi(readonly)]
    pub contract_id: String,
    /// The scope of the service, such as `shared`.
    #[napi(readonly)]
    pub pattern: String,
    /// The payload modes of its contract.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub modes: Vec<String>,
    /// Additional modes, with facts about each (`docs/protocol.md#modes`).
    #[napi(readonly, ts_type = "Readonly<Record<string, string>>")]
    pub extensions: BTreeMap<String, String>,
}

impl From<&admission::ServiceSummary> for ServiceSummary {
    fn from(service: &admission::ServiceSummary) -> Self {
        Self {
            name: service.name.clone(),
            version: service.version,
            contract_id: service.contract_id.clone(),
            pattern: service.pattern.clone(),
            modes: service.serialization_modes.clone(),
            extensions: service.extensions.iter().cloned().collect(),
        }
    }
}

/// A connection after admission.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct OpenedConnection {
    /// Number of the connection.
    #[napi(readonly)]
    pub connection: u32,
    /// Public key of the server, 64 hex digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// The services of the server.
    #[napi(readonly, ts_type = "readonly ServiceSummary[]")]
    pub services: Vec<ServiceSummary>,
    /// Attributes that the server has given the caller.
    #[napi(readonly, ts_type = "Readonly<Record<string, string>>")]
    pub attributes: BTreeMap<String, String>,
    /// Registry namespace in which the server publishes; empty when it does not publish.
    #[napi(readonly)]
    pub registry_namespace: String,
}

/// The network path of a connection.
///
/// @example
/// ```ts
/// const facts: ConnectionFacts = await client.info();
/// console.log(facts.relayed ? "through a relay" : facts.remoteAddress);
/// ```
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ConnectionFacts {
    /// Public key of the server, 64 hex digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// Address of the path in use; null while no path is selected.
    #[napi(readonly)]
    pub remote_address: Option<String>,
    /// The path uses a relay.
    #[napi(readonly)]
    pub relayed: bool,
    /// Round-trip time in milliseconds; null while no path is selected.
    #[napi(readonly)]
    pub rtt_ms: Option<f64>,
    /// The connection is open.
    #[napi(readonly)]
    pub open: bool,
}

/// A method for client calls.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct CalledMethod {
    /// Name of the service.
    pub service: String,
    /// Version of the service.
    pub version: i64,
    /// Name of the method.
    pub method: String,
    /// Pattern of the method.
    #[napi(ts_type = "'unary' | 'serverStream' | 'clientStream' | 'bidiStream'")]
    pub pattern: String,
    /// The payload encoding.
    #[napi(ts_type = "'xlang' | 'compatible' | 'json' | 'native'")]
    pub mode: String,
    /// Number of the plan.
    pub plan: u32,
    /// Index of the request message in the roots of the plan.
    pub request: u32,
    /// Index of the response message in the roots of the plan.
    pub response: u32,
    /// Number of the agreement that every connection must meet; null for calls without a check.
    pub agreement: Option<u32>,
    /// Compression of requests.
    #[napi(ts_type = "'auto' | 'always' | 'never'")]
    pub compress: String,
    /// Largest estimated size of a decoded response, in bytes.
    pub max_decoded_bytes: u32,
}

/// Dials and asks for admission. The result is an `OpenedConnection`.
#[napi(catch_unwind)]
pub fn node_connect(env: Env, port: u32, request: u32, node: u32, options: DialOptions) -> Result<()> {
    throwing(env, || {
        let entry = NODES.get(node)?;
        let timeout = milliseconds("options.timeoutMs", options.timeout_ms)?;
        let (access, relay) = (options.server_access()?, options.relay()?);
        settle(port, request, async move {
            let credential = options.credential.unwrap_or_default();
            let dial = Dial { credential, timeout, access, relay };
            let connecting = entry.node.connect_with(&options.address, dial);
            let (peer, answer) = connecting.await.map_err(|e| Failure::connect(&e))?;
            let endpoint_id = peer.endpoint_id();
            let connection = PEERS.insert(PeerEntry { peer: peer.into(), node, owner: port });
            // The port or the node was closed in the meantime, before this connection was in the list of connections
            // to close.
            if let Err(gone) = PORTS.get(port).and(NODES.get(node).map(drop)) {
                if let Some(entry) = PEERS.remove(connection) {
                    entry.peer.close();
                }
                return Err(gone);
            }
            Ok(OpenedConnection {
                connection,
                endpoint_id,
                services: answer.services.iter().map(ServiceSummary::from).collect(),
                attributes: answer.attributes.into_iter().collect(),
                registry_namespace: answer.registry_namespace,
            })
        })
    })
}

pub(crate) fn services(announced: Vec<aster_wire::admission::ServiceSummary>) -> Vec<ServiceSummary> {
    let services = announced.into_iter().map(|service| ServiceSummary {
        name: service.name,
        version: service.version,
        contract_id: service.contract_id,
        pattern: service.pattern,
        modes: service.serialization_modes,
        extensions: service.extensions.into_iter().collect(),
    });
    services.collect()
}

/// Takes the result of `nodeConnect`.
#[napi(catch_unwind)]
pub fn take_opened_connection(env: Env, port: u32, request: u32) -> Result<OpenedConnection> {
    throwing(env, || take(port, request))
}

/// Registers a method of a connection and returns its handle.
#[napi(catch_unwind)]
pub fn method_register(env: Env, port: u32, connection: u32, method: CalledMethod) -> Result<u32> {
    throwing(env, || {
        let port = PORTS.get(port)?.port;
        let peer = PEERS.get(connection)?.peer;
        let mode = payload_mode(&method.mode)?;
        let plan = plan(method.plan)?;
        let compress = compression(&method.compress)?;
        let limits = PayloadLimits::with_decoded(method.max_decoded_bytes as usize);
        let codec =
            |root: u32| PayloadCodec { mode, plan: Arc::clone(&plan), root: root as usize, compress, limits };
        let name = (method.service.as_str(), method.version, method.method.as_str());
        let (request, response) = (codec(method.request), codec(method.response));
        let registered = ClientMethod::new(peer, name, pattern(&method.pattern)?, request, response);
        let registered = registered.map_err(Failure::from_status)?;
        let agreement = method.agreement.map(|number| AGREEMENTS.get(number)).transpose()?;
        Ok(port.register(match agreement {
            Some(agreement) => registered.with_agreement(agreement),
            None => registered,
        }))
    })
}

/// Registers what this side knows of a service, and returns its number. `compatible` is the fingerprint of the plan when all
/// messages of the service are compatible.
#[napi(catch_unwind)]
pub fn agreement_register(
    env: Env,
    service: String,
    version: i64,
    document: String,
    compatible: Option<String>,
) -> Result<u32> {
    throwing(env, || {
        let agreement = Agreement::new((&service, version), document, compatible)
            .map_err(|e| Failure::option("document", e))?;
        Ok(AGREEMENTS.insert(Arc::new(agreement)))
    })
}

/// Compares an agreement with an announced service.
#[napi(catch_unwind, ts_return_type = "'same' | 'open' | 'compatible' | 'otherContract' | 'otherSchemas'")]
pub fn agreement_judge(
    env: Env,
    agreement: u32,
    contract_id: String,
    extensions: HashMap<String, String>,
) -> Result<String> {
    throwing(env, || {
        let verdict = AGREEMENTS.get(agreement)?.judge(&contract_id, |name| extensions.get(name).cloned());
        let word = match verdict {
            Verdict::Same => "same",
            Verdict::Open => "open",
            Verdict::Compatible => "compatible",
            Verdict::OtherContract => "otherContract",
            Verdict::OtherSchemas => "otherSchemas",
        };
        Ok(word.to_owned())
    })
}

/// Whether NATIVE calls are allowed with an announced service.
#[napi(catch_unwind)]
pub fn agreement_takes_native(env: Env, agreement: u32, extensions: HashMap<String, String>) -> Result<bool> {
    throwing(env, || Ok(AGREEMENTS.get(agreement)?.takes_native(|name| extensions.get(name).cloned())))
}

/// The services that the server announced at the last admission.
#[napi(catch_unwind)]
pub fn connection_services(env: Env, connection: u32) -> Result<Vec<ServiceSummary>> {
    throwing(env, || Ok(PEERS.get(connection)?.peer.announced().iter().map(ServiceSummary::from).collect()))
}

/// The differences between an announced service and ours, for which the server is asked. Waits at most `limit_ms`. Null when
/// the server does not tell them.
#[napi(catch_unwind)]
pub fn connection_differences(
    env: Env,
    connection: u32,
    agreement: u32,
    limit_ms: f64,
) -> Result<Option<String>> {
    throwing(env, || {
        let (peer, agreement) = (PEERS.get(connection)?.peer, AGREEMENTS.get(agreement)?);
        let limit = milliseconds("limitMs", limit_ms)?;
        let (name, version) = agreement.name();
        let announced = peer.announced();
        let Some(theirs) = announced.iter().find(|known| known.name == name && known.version == version)
        else {
            return Ok(None);
        };
        let asking = async { tokio::time::timeout(limit, peer.differences(&agreement, theirs)).await };
        Ok(runtime::wait(asking).ok().flatten())
    })
}

/// Asks the server for the document of an announced service. The result is the text, or null when the server announces no
/// exact schemas. Fails when the text is not that of the announced service.
#[napi(catch_unwind)]
pub fn connection_describe(
    env: Env,
    port: u32,
    request: u32,
    connection: u32,
    service: String,
    version: i64,
) -> Result<()> {
    throwing(env, || {
        let peer = PEERS.get(connection)?.peer;
        settle(port, request, async move {
            let announced = peer.announced();
            let theirs = announced.iter().find(|known| known.name == service && known.version == version);
            match theirs {
                Some(theirs) => peer.description(theirs).await.map_err(Failure::from_status),
                None => Ok(None),
            }
        })
    })
}

/// Takes the result of `connectionDescribe` or `registryManifest`.
#[napi(catch_unwind)]
pub fn take_service_document(env: Env, port: u32, request: u32) -> Result<Option<String>> {
    throwing(env, || take(port, request))
}

fn payload_mode(word: &str) -> Outcome<Mode> {
    match word {
        "xlang" => Ok(Mode::Xlang),
        "json" => Ok(Mode::Json),
        "compatible" => Ok(Mode::Compatible),
        "native" => Ok(Mode::Native),
        _ => {
            Err(Failure::option("options.mode", "must be \"xlang\", \"compatible\", \"json\" or \"native\""))
        }
    }
}

/// Closes a connection. Its running calls end with UNAVAILABLE. Of a peer that dialled this node only the methods are removed.
/// Can be called twice.
#[napi(catch_unwind)]
pub fn connection_close(connection: u32) {
    if let Some(entry) = PEERS.remove(connection) {
        PORTS.all().iter().for_each(|port| port.port.forget_peer(&entry.peer));
        entry.peer.close();
    }
}

/// The result is a `ConnectionFacts`.
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

/// Takes the result of `connectionInfo`.
#[napi(catch_unwind)]
pub fn take_connection_facts(env: Env, port: u32, request: u32) -> Result<ConnectionFacts> {
    throwing(env, || take(port, request))
}

/// The state of a connection, from which its events follow.
#[napi(object, use_nullable = true)]
pub struct ConnectionState {
    /// Which connection it is: each dial that succeeds makes a new one.
    #[napi(readonly)]
    pub id: f64,
    /// Calls can use it.
    #[napi(readonly)]
    pub up: bool,
    /// Why they cannot; empty when they can.
    #[napi(readonly)]
    pub reason: String,
    /// Address of the path in use, or the URL of its relay; empty while none is selected.
    #[napi(readonly)]
    pub remote_address: String,
    /// The path uses a relay.
    #[napi(readonly)]
    pub relayed: bool,
}

impl From<aster_net::ConnectionState> for ConnectionState {
    fn from(state: aster_net::ConnectionState) -> Self {
        let aster_net::ConnectionState { id, up, reason, remote_address, relayed } = state;
        Self { id: id as f64, up, reason, remote_address, relayed }
    }
}

impl From<ConnectionState> for aster_net::ConnectionState {
    fn from(state: ConnectionState) -> Self {
        let ConnectionState { id, up, reason, remote_address, relayed } = state;
        Self { id: id as usize, up, reason, remote_address, relayed }
    }
}

/// The connection with this handle, which this node dialled.
pub(crate) fn dialled(connection: u32) -> Outcome<Arc<OutgoingConnection>> {
    match PEERS.get(connection)?.peer {
        Callee::Dialled(peer) => Ok(peer),
        Callee::Connected(_) => Err(Failure::handle("connection")),
    }
}

/// The state of a connection now.
#[napi(catch_unwind)]
pub fn connection_state(env: Env, connection: u32) -> Result<ConnectionState> {
    throwing(env, || Ok(dialled(connection)?.connection_state().into()))
}

/// Waits until the state of a connection differs from `known`. The result is a `ConnectionState`.
#[napi(catch_unwind)]
pub fn connection_changed(
    env: Env,
    port: u32,
    request: u32,
    connection: u32,
    known: ConnectionState,
) -> Result<()> {
    throwing(env, || {
        let peer = dialled(connection)?;
        let known = known.into();
        settle(port, request, async move {
            let changed = peer.changed(&known).await;
            changed.map(ConnectionState::from).ok_or_else(|| Failure::handle("connection"))
        })
    })
}

/// Takes the result of `connectionChanged`.
#[napi(catch_unwind)]
pub fn take_connection_state(env: Env, port: u32, request: u32) -> Result<ConnectionState> {
    throwing(env, || take(port, request))
}
