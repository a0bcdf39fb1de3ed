//! Registries: finding services by name (`docs/boundary.md#registries`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aster_net::Node;
use aster_registry::core::book::{Change, Gone};
use aster_registry::core::health::Health;
use aster_registry::core::query::{Found, Policy, Query};
use aster_registry::core::timing::Timing;
use aster_registry::node::{RegistryOptions, Storage};
use aster_wire::address::{NodeAddr, parse_endpoint_id};
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, throwing};
use crate::options::milliseconds;
use crate::registry::{NODES, PORTS, WATCHES, WatchEntry};
use crate::registry_slot::registry_failure;
use crate::settle::{settle, take};

/// The options of a registry.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct RegistrySettings {
    /// The folder of the documents; null: in memory.
    pub path: Option<String>,
    /// Addresses of members to join.
    #[napi(ts_type = "readonly string[]")]
    pub join: Vec<String>,
    /// The credential for the admission at members.
    pub credential: Option<String>,
    /// The channel under which services are published.
    pub channel: Option<String>,
    /// The tags of the endpoint.
    #[napi(ts_type = "readonly string[]")]
    pub tags: Vec<String>,
}

/// What is looked for.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct RegistryQuery {
    /// The service.
    pub service: String,
    /// Its version.
    pub version: Option<i64>,
    /// A channel.
    pub channel: Option<String>,
    /// A tag of the endpoint.
    pub tag: Option<String>,
    /// The contract, 64 hex digits.
    pub contract_id: Option<String>,
    /// The order of what is found.
    #[napi(ts_type = "'roundRobin' | 'leastLoad' | 'nearest' | 'random'")]
    pub policy: String,
    /// How long to wait for the first answers of members that were named to join.
    pub wait_ms: f64,
}

/// An endpoint that serves what was looked for.
///
/// @example
/// ```ts
/// const found: readonly FoundEndpoint[] = await client.find("BillingService");
/// for (const { endpointId, health, load } of found) console.log(endpointId, health, load);
/// ```
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct FoundEndpoint {
    /// Its public key, 64 hex digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// An address for `connect`.
    #[napi(readonly)]
    pub address: String,
    /// The version of the service that it serves.
    #[napi(readonly)]
    pub version: i64,
    /// The contract that it serves, 64 hex digits.
    #[napi(readonly)]
    pub contract_id: String,
    /// What it says of itself: `degraded` endpoints would rather have fewer calls.
    #[napi(readonly, ts_type = "'ready' | 'degraded'")]
    pub health: String,
    /// How busy it says it is; lower is better. Null: it does not say.
    #[napi(readonly)]
    pub load: Option<f64>,
    /// How long ago it said so, in milliseconds.
    #[napi(readonly)]
    pub age_ms: f64,
    /// Where the knowledge comes from: `local`, this node serves it; `lease`, its lease; `ticket`, the admission answer of a
    /// member that was named to join and writes no leases.
    #[napi(readonly, ts_type = "'local' | 'lease' | 'ticket'")]
    pub source: String,
    /// Its tags.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub tags: Vec<String>,
}

/// A change of the endpoints of a service.
///
/// @example
/// ```ts
/// const inWords = ({ up, endpointId, why }: EndpointChange): string =>
///   up ? `${endpointId} is there` : `${endpointId} is gone: ${why}`;
/// ```
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct EndpointChange {
    /// The endpoint is there, or is gone.
    #[napi(readonly)]
    pub up: bool,
    /// Its public key, 64 hex digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// The version of the service.
    #[napi(readonly)]
    pub version: i64,
    /// The contract, 64 hex digits.
    #[napi(readonly)]
    pub contract_id: String,
    /// Why it is gone; null when it is there.
    #[napi(readonly, ts_type = "'withdrawn' | 'notReady' | 'expired' | 'forgotten' | null")]
    pub why: Option<String>,
    /// The endpoint; null when it is gone.
    #[napi(readonly)]
    pub endpoint: Option<FoundEndpoint>,
}

impl From<(Found, &Node)> for FoundEndpoint {
    fn from((found, node): (Found, &Node)) -> Self {
        let address = NodeAddr {
            endpoint_id: parse_endpoint_id(&found.endpoint_id).unwrap_or_default(),
            relay_url: found.relay_url,
            direct: found.direct.iter().filter_map(|text| text.parse().ok()).collect(),
        };
        // An own endpoint is not dialled, and an id alone is an address, too.
        let own = found.endpoint_id == node.endpoint_id();
        Self {
            address: if own { found.endpoint_id.clone() } else { address.to_base64() },
            endpoint_id: found.endpoint_id,
            version: found.version,
            contract_id: found.contract_id,
            health: found.health.word().to_owned(),
            load: found.load,
            age_ms: found.age_ms as f64,
            source: found.source.word().to_owned(),
            tags: found.tags,
        }
    }
}

fn change_facts(change: Change, node: &Node) -> EndpointChange {
    match change {
        Change::Up(found) => EndpointChange {
            up: true,
            endpoint_id: found.endpoint_id.clone(),
            version: found.version,
            contract_id: found.contract_id.clone(),
            why: None,
            endpoint: Some((*found, node).into()),
        },
        Change::Down { endpoint_id, contract_id, version, why } => EndpointChange {
            up: false,
            endpoint_id,
            version,
            contract_id,
            why: Some(Gone::word(why).to_owned()),
            endpoint: None,
        },
    }
}

/// Starts the registry of a node, or names more members to the one that runs. There is no result value.
#[napi(catch_unwind)]
pub fn registry_start(
    env: Env,
    port: u32,
    request: u32,
    node: u32,
    settings: RegistrySettings,
) -> Result<()> {
    throwing(env, || {
        let entry = NODES.get(node)?;
        let options = RegistryOptions {
            storage: settings.path.map_or(Storage::Memory, |path| Storage::Folder(PathBuf::from(path))),
            join: settings.join.clone(),
            credential: settings.credential.unwrap_or_default(),
            channel: settings.channel,
            tags: settings.tags,
            library: env!("CARGO_PKG_VERSION").to_owned(),
            timing: Timing::DEFAULT,
        };
        settle(port, request, async move {
            let registry = entry.registry.start(Arc::clone(&entry.node), options).await?;
            settings.join.iter().for_each(|address| registry.join(address));
            Ok(())
        })
    })
}

/// Publishes the services that the node serves by now. There is no result value.
#[napi(catch_unwind)]
pub fn registry_publish(env: Env, port: u32, request: u32, node: u32) -> Result<()> {
    throwing(env, || {
        let registry = NODES.get(node)?.registry.running()?;
        settle(
            port,
            request,
            async move { registry.publish().await.map_err(|error| registry_failure(&error)) },
        )
    })
}

/// Says how a service is. There is no result value.
#[napi(catch_unwind)]
pub fn registry_set_health(
    env: Env,
    port: u32,
    request: u32,
    node: u32,
    service: String,
    #[napi(ts_arg_type = "'ready' | 'degraded' | 'starting' | 'draining'")] health: String,
) -> Result<()> {
    throwing(env, || {
        let registry = NODES.get(node)?.registry.running()?;
        let health =
            Health::from_word(&health).ok_or_else(|| Failure::option("health", "is no state of health"))?;
        settle(port, request, async move {
            registry.set_health(&service, health).await.map_err(|error| registry_failure(&error))
        })
    })
}

/// Says how busy the node is. The next leases have it.
#[napi(catch_unwind)]
pub fn registry_set_load(env: Env, node: u32, load: f64) -> Result<()> {
    throwing(env, || {
        NODES.get(node)?.registry.running()?.set_load(load);
        Ok(())
    })
}

/// Looks for endpoints. The result is a list of `FoundEndpoint`, best first.
#[napi(catch_unwind)]
pub fn registry_resolve(env: Env, port: u32, request: u32, node: u32, query: RegistryQuery) -> Result<()> {
    throwing(env, || {
        let entry = NODES.get(node)?;
        let registry = entry.registry.running()?;
        let wait: Duration = milliseconds("options.waitMs", query.wait_ms)?;
        let policy = Policy::from_word(&query.policy)
            .ok_or_else(|| Failure::option("options.policy", "is no policy"))?;
        let query = Query {
            service: query.service,
            version: query.version,
            channel: query.channel,
            tag: query.tag,
            contract_id: query.contract_id,
            policy,
        };
        settle(port, request, async move {
            let found = registry.resolve(&query, wait).await.into_iter();
            Ok(found.map(|found| FoundEndpoint::from((found, &*entry.node))).collect::<Vec<_>>())
        })
    })
}

/// Takes the result of `registryResolve`.
#[napi(catch_unwind)]
pub fn take_found_endpoints(env: Env, port: u32, request: u32) -> Result<Vec<FoundEndpoint>> {
    throwing(env, || take(port, request))
}

/// Reads the manifest of a contract, as a member published it. The result is JSON text, or null.
#[napi(catch_unwind)]
pub fn registry_manifest(env: Env, port: u32, request: u32, node: u32, contract_id: String) -> Result<()> {
    throwing(env, || {
        let registry = NODES.get(node)?.registry.running()?;
        settle(port, request, async move {
            registry.manifest(&contract_id).await.map_err(|error| registry_failure(&error))
        })
    })
}

/// Reads what a member published of a contract: the manifest with all types. The result is JSON text, or null.
#[napi(catch_unwind)]
pub fn registry_contract(env: Env, port: u32, request: u32, node: u32, contract_id: String) -> Result<()> {
    throwing(env, || {
        let registry = NODES.get(node)?.registry.running()?;
        settle(port, request, async move {
            registry.contract(&contract_id).await.map_err(|error| registry_failure(&error))
        })
    })
}

/// Watches a service, and returns the number of the watch.
#[napi(catch_unwind)]
pub fn registry_watch(env: Env, port: u32, node: u32, service: String) -> Result<u32> {
    throwing(env, || {
        PORTS.get(port)?;
        let entry = NODES.get(node)?;
        let watcher = Arc::new(entry.registry.running()?.watch(&service));
        Ok(WATCHES.insert(WatchEntry { watcher, node: entry.node, owner: port }))
    })
}

/// Waits for changes. The result is a list of `EndpointChange`; it is empty when the watch or the registry is closed.
#[napi(catch_unwind)]
pub fn registry_next(env: Env, port: u32, request: u32, watch: u32) -> Result<()> {
    throwing(env, || {
        let entry = WATCHES.get(watch)?;
        settle(port, request, async move {
            let changes = entry.watcher.next().await.unwrap_or_default().into_iter();
            Ok(changes.map(|change| change_facts(change, &entry.node)).collect::<Vec<_>>())
        })
    })
}

/// Takes the result of `registryNext`.
#[napi(catch_unwind)]
pub fn take_endpoint_changes(env: Env, port: u32, request: u32) -> Result<Vec<EndpointChange>> {
    throwing(env, || take(port, request))
}

/// Ends a watch. Can be called twice.
#[napi(catch_unwind)]
pub fn registry_unwatch(watch: u32) {
    if let Some(entry) = WATCHES.remove(watch) {
        entry.watcher.close();
    }
}
