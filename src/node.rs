//! The control plane of nodes and connections (`docs/boundary.md#control-plane`).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aster_net::{
    BindError, ClientMethod, Compress, Event, MethodDefinition, Mode, Node, NodeLimits, NodeOptions, Pattern,
    PayloadCodec, RelayChoice, ServiceDefinition,
};
use napi::bindgen_prelude::Result;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Failure;
use crate::keys::seed_from_hex;
use crate::registry::{NODES, NodeEntry, PEERS, PORTS, PeerEntry, plan};
use crate::runtime;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StartOptions {
    secret_key: Option<String>,
    bind: Option<String>,
    relay: Value,
    #[serde(default)]
    limits: Limits,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Limits {
    max_streams: Option<u32>,
    header_timeout_ms: Option<u64>,
    body_timeout_ms: Option<u64>,
    peer_bytes: Option<u32>,
    reset_burst: Option<u32>,
    resets_per_second: Option<u32>,
    max_connections: Option<u32>,
}

impl StartOptions {
    fn to_node_options(&self) -> std::result::Result<NodeOptions, Failure> {
        let secret_key = self.secret_key.as_deref();
        let secret_key = secret_key.map(|key| seed_from_hex("options.secretKey", key)).transpose()?;
        let bind = match &self.bind {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                Failure::option(
                    "options.bind",
                    format_args!("{text:?} is not an IP address with a port, such as \"127.0.0.1:0\""),
                )
            })?),
        };
        let relay = match &self.relay {
            Value::String(word) if word == "disabled" => RelayChoice::Disabled,
            Value::String(word) if word == "default" => RelayChoice::Default,
            Value::Array(urls) => {
                RelayChoice::Urls(urls.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            _ => {
                return Err(Failure::option(
                    "options.relay",
                    "must be \"disabled\", \"default\" or { urls: [...] }",
                ));
            }
        };
        Ok(NodeOptions { secret_key, bind, relay, limits: self.limits.to_node_limits() })
    }
}

impl Limits {
    fn to_node_limits(&self) -> NodeLimits {
        let default = NodeLimits::default();
        NodeLimits {
            max_streams: self.max_streams.unwrap_or(default.max_streams),
            header_timeout: self.header_timeout_ms.map_or(default.header_timeout, Duration::from_millis),
            body_timeout: self.body_timeout_ms.map_or(default.body_timeout, Duration::from_millis),
            peer_bytes: self.peer_bytes.unwrap_or(default.peer_bytes),
            reset_burst: self.reset_burst.unwrap_or(default.reset_burst),
            resets_per_second: self.resets_per_second.unwrap_or(default.resets_per_second),
            max_connections: self.max_connections.unwrap_or(default.max_connections),
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(what: &str, text: &'a str) -> std::result::Result<T, Failure> {
    serde_json::from_str(text).map_err(|e| Failure::option(what, e))
}

/// Runs `work` on the I/O thread and settles `request` on `port` with what it gives.
fn settle(
    port: u32,
    request: u32,
    work: impl Future<Output = std::result::Result<Value, Failure>> + Send + 'static,
) -> Result<()> {
    let port = PORTS.get(port)?.port;
    runtime::spawn(async move {
        let (failed, json) = match work.await {
            Ok(value) => (false, value.to_string()),
            Err(failure) => (true, failure.to_json()),
        };
        port.push(Event::Settled { request, failed, json });
    });
    Ok(())
}

/// Binds an endpoint; settles with `{"node","endpointId","directAddresses","relayUrl","ticket"}`.
#[napi(catch_unwind)]
pub fn node_start(port: u32, request: u32, options: String) -> Result<()> {
    let options = parse::<StartOptions>("options", &options)?.to_node_options()?;
    settle(port, request, async move {
        let node = Node::bind(options).await.map_err(|e| match e {
            BindError::RelayUrl { .. } => Failure::option("options.relay.urls", e),
            BindError::Bind { .. } => Failure::bind(e),
        })?;
        let facts = node_facts(&node).await;
        let number = NODES.insert(NodeEntry { node, owner: port });
        // The environment left meanwhile and has looked for its nodes before this one was there.
        if PORTS.get(port).is_err() {
            if let Some(entry) = NODES.remove(number) {
                entry.node.close().await;
            }
            return Ok(Value::Null);
        }
        let Value::Object(mut facts) = facts else {
            return Ok(Value::Null);
        };
        facts.insert("node".to_owned(), number.into());
        Ok(Value::Object(facts))
    })
}

async fn node_facts(node: &Node) -> Value {
    let addresses: Vec<_> = node.direct_addresses().await.iter().map(ToString::to_string).collect();
    json!({
        "endpointId": node.endpoint_id(), "directAddresses": addresses, "relayUrl": node.relay_url(),
        "ticket": node.ticket().await, "openCalls": node.open_calls(), "draining": node.is_draining(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Served {
    document: ServiceDocument,
    contract_id: String,
    plan: u32,
    max_call_ms: u64,
    compress: Option<String>,
    methods: Vec<Roots>,
}

#[derive(Deserialize)]
struct ServiceDocument {
    name: String,
    version: i64,
    modes: Vec<String>,
    methods: Vec<MethodDocument>,
}

#[derive(Deserialize)]
struct MethodDocument {
    name: String,
    pattern: String,
}

#[derive(Deserialize)]
struct Roots {
    request: usize,
    response: usize,
}

impl Served {
    fn to_definition(&self) -> std::result::Result<ServiceDefinition, Failure> {
        let plan = plan(self.plan)?;
        let compress = compression(self.compress.as_deref())?;
        let codec = |root| PayloadCodec { mode: Mode::Xlang, plan: Arc::clone(&plan), root, compress };
        if self.methods.len() != self.document.methods.len() {
            return Err(Failure::option("services.methods", "one entry a method of the document is needed"));
        }
        let methods = self.document.methods.iter().zip(&self.methods).map(|(method, roots)| {
            Ok(MethodDefinition {
                name: method.name.clone(),
                pattern: pattern(&method.pattern)?,
                request: codec(roots.request),
                response: codec(roots.response),
            })
        });
        Ok(ServiceDefinition {
            name: self.document.name.clone(),
            version: self.document.version,
            contract_id: self.contract_id.clone(),
            modes: self.document.modes.clone(),
            max_call: Duration::from_millis(self.max_call_ms),
            methods: methods.collect::<std::result::Result<_, Failure>>()?,
        })
    }
}

fn pattern(name: &str) -> std::result::Result<Pattern, Failure> {
    Pattern::from_name(name)
        .ok_or_else(|| Failure::option("pattern", format_args!("{name:?} is no call kind")))
}

fn compression(word: Option<&str>) -> std::result::Result<Compress, Failure> {
    match word {
        None | Some("auto") => Ok(Compress::Auto),
        Some("always") => Ok(Compress::Always),
        Some("never") => Ok(Compress::Never),
        Some(_) => Err(Failure::option("options.compress", "must be \"auto\", \"always\" or \"never\"")),
    }
}

/// Answers calls of `services` on `port`; gives the handles of their methods, a list for each service.
#[napi(catch_unwind)]
pub fn node_serve(port: u32, node: u32, services: String) -> Result<String> {
    let port = PORTS.get(port)?.port;
    let node = NODES.get(node)?.node;
    let served: Vec<Served> = parse("services", &services)?;
    let definitions = served.iter().map(Served::to_definition).collect::<std::result::Result<Vec<_>, _>>()?;
    let counts: Vec<_> = definitions.iter().map(|definition| definition.methods.len() as u32).collect();
    let firsts = node.serve(&port, definitions);
    let handles: Vec<Vec<u32>> =
        firsts.iter().zip(counts).map(|(&first, count)| (first..first + count).collect()).collect();
    Ok(json!(handles).to_string())
}

/// `port` takes no new calls of `node`.
#[napi(catch_unwind)]
pub fn node_unserve(port: u32, node: u32) -> Result<()> {
    NODES.get(node)?.node.unserve(&PORTS.get(port)?.port);
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConnectOptions {
    address: String,
    credential: Option<String>,
    timeout_ms: u64,
}

fn object_of(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect()
}

/// Dials and asks for admission; settles with `{"connection","endpointId","services","attributes"}`.
#[napi(catch_unwind)]
pub fn node_connect(port: u32, request: u32, node: u32, options: String) -> Result<()> {
    let entry = NODES.get(node)?;
    let options: ConnectOptions = parse("options", &options)?;
    settle(port, request, async move {
        let timeout = Duration::from_millis(options.timeout_ms);
        let credential = options.credential.unwrap_or_default();
        let connected = entry.node.connect(&options.address, credential, timeout).await;
        let (peer, answer) = connected.map_err(|e| Failure::connect(&e))?;
        let services: Vec<_> = answer
            .services
            .iter()
            .map(|service| {
                json!({
                    "name": service.name, "version": service.version, "contractId": service.contract_id,
                    "pattern": service.pattern, "modes": service.serialization_modes,
                    "extensions": object_of(&service.extensions),
                })
            })
            .collect();
        let endpoint_id = peer.endpoint_id();
        let connection = PEERS.insert(PeerEntry { peer, node, owner: port });
        // Port or node were closed meanwhile and have looked for their connections before this one was there.
        let alive = PORTS.get(port).and(NODES.get(node).map(drop));
        if let Err(gone) = alive {
            if let Some(entry) = PEERS.remove(connection) {
                entry.peer.close().await;
            }
            return Err(gone);
        }
        Ok(json!({
            "connection": connection, "endpointId": endpoint_id, "services": services, "attributes": object_of(&answer.attributes),
            "registryNamespace": answer.registry_namespace,
        }))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalledMethod {
    service: String,
    version: i64,
    method: String,
    pattern: String,
    mode: String,
    plan: u32,
    request: usize,
    response: usize,
    compress: Option<String>,
}

/// Registers a method of a connection and gives its handle.
#[napi(catch_unwind)]
pub fn method_register(port: u32, connection: u32, method: String) -> Result<u32> {
    let port = PORTS.get(port)?.port;
    let peer = PEERS.get(connection)?.peer;
    let method: CalledMethod = parse("method", &method)?;
    let mode = match method.mode.as_str() {
        "xlang" => Mode::Xlang,
        "json" => Mode::Json,
        "compatible" => Mode::Compatible,
        _ => {
            return Err(
                Failure::option("options.mode", "must be \"xlang\", \"compatible\" or \"json\"").into()
            );
        }
    };
    let plan = plan(method.plan)?;
    let compress = compression(method.compress.as_deref())?;
    let codec = |root| PayloadCodec { mode, plan: Arc::clone(&plan), root, compress };
    let name = (method.service.as_str(), method.version, method.method.as_str());
    let registered = ClientMethod::new(
        peer,
        name,
        pattern(&method.pattern)?,
        codec(method.request),
        codec(method.response),
    );
    Ok(port.register(registered.map_err(Failure::from_status)?))
}

/// Closes a connection in order; its calls in flight end as unavailable. Safe twice.
#[napi(catch_unwind)]
pub fn connection_close(connection: u32) {
    if let Some(entry) = PEERS.remove(connection) {
        PORTS.all().iter().for_each(|port| port.port.forget_peer(&entry.peer));
        runtime::spawn(async move { entry.peer.close().await });
    }
}

/// Settles with facts about the path of a connection.
#[napi(catch_unwind)]
pub fn connection_info(port: u32, request: u32, connection: u32) -> Result<()> {
    let peer = PEERS.get(connection)?.peer;
    settle(port, request, async move {
        let info = peer.info().await;
        Ok(json!({
            "endpointId": info.endpoint_id, "remoteAddress": info.remote_address, "relayed": info.relayed,
            "rttMs": info.rtt_ms, "open": info.open,
        }))
    })
}

/// Settles with the addresses and the load of a node.
#[napi(catch_unwind)]
pub fn node_info(port: u32, request: u32, node: u32) -> Result<()> {
    let entry = NODES.get(node)?;
    settle(port, request, async move { Ok(node_facts(&entry.node).await) })
}

/// Stops accepting, finishes what was accepted, cancels the rest after `timeout_ms`; settles with `{"finished"}`.
#[napi(catch_unwind)]
pub fn node_drain(port: u32, request: u32, node: u32, timeout_ms: f64) -> Result<()> {
    let entry = NODES.get(node)?;
    let timeout = Duration::try_from_secs_f64(timeout_ms / 1000.0)
        .map_err(|_| Failure::option("options.timeoutMs", "must be a number of milliseconds"))?;
    settle(port, request, async move { Ok(json!({ "finished": entry.node.drain(timeout).await })) })
}

/// Closes a node and its connections; settles with `{}`. Safe twice.
#[napi(catch_unwind)]
pub fn node_close(port: u32, request: u32, node: u32) -> Result<()> {
    let entry = NODES.remove(node);
    let peers = PEERS.remove_where(|peer| peer.node == node);
    settle(port, request, async move {
        for peer in peers {
            peer.peer.close().await;
        }
        if let Some(entry) = entry {
            entry.node.close().await;
        }
        Ok(json!({}))
    })
}
