//! Services of a node, answered at a port (`docs/boundary.md#control-plane`).

use std::sync::Arc;

use aster_net::{Compress, MethodDefinition, Mode, Pattern, PayloadCodec, ServiceDefinition};
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};
use crate::options::milliseconds;
use crate::registry::{NODES, PORTS, plan};

/// A service to answer.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct ServedService {
    /// The name on the wire.
    pub name: String,
    /// Its version, from 1.
    pub version: i64,
    /// 64 hex digits.
    pub contract_id: String,
    /// The payload modes of its contract.
    #[napi(ts_type = "readonly string[]")]
    pub modes: Vec<String>,
    /// Number of the plan of all its messages.
    pub plan: u32,
    /// Longest time of a call with a single request that names no deadline.
    pub max_call_ms: f64,
    /// Compression of answers.
    #[napi(ts_type = "'auto' | 'always' | 'never'")]
    pub compress: String,
    /// Its methods; handles are given in this order.
    pub methods: Vec<ServedMethod>,
}

/// A method of a service to answer.
#[napi(object, object_to_js = false)]
pub struct ServedMethod {
    /// The name on the wire.
    pub name: String,
    /// Its call kind.
    #[napi(ts_type = "'unary' | 'serverStream' | 'clientStream' | 'bidiStream'")]
    pub pattern: String,
    /// Root of its request in the plan.
    pub request: u32,
    /// Root of its response in the plan.
    pub response: u32,
}

impl ServedService {
    fn to_definition(&self) -> Outcome<ServiceDefinition> {
        let plan = plan(self.plan)?;
        let compress = compression(&self.compress)?;
        let codec = |root: u32| PayloadCodec {
            mode: Mode::Xlang,
            plan: Arc::clone(&plan),
            root: root as usize,
            compress,
        };
        let methods = self.methods.iter().map(|method| {
            Ok(MethodDefinition {
                name: method.name.clone(),
                pattern: pattern(&method.pattern)?,
                request: codec(method.request),
                response: codec(method.response),
            })
        });
        Ok(ServiceDefinition {
            name: self.name.clone(),
            version: self.version,
            contract_id: self.contract_id.clone(),
            modes: self.modes.clone(),
            max_call: milliseconds("options.maxCallMs", self.max_call_ms)?,
            methods: methods.collect::<Outcome<_>>()?,
        })
    }
}

pub(crate) fn pattern(name: &str) -> Outcome<Pattern> {
    Pattern::from_name(name)
        .ok_or_else(|| Failure::option("pattern", format_args!("{name:?} is no call kind")))
}

pub(crate) fn compression(word: &str) -> Outcome<Compress> {
    match word {
        "auto" => Ok(Compress::Auto),
        "always" => Ok(Compress::Always),
        "never" => Ok(Compress::Never),
        _ => Err(Failure::option("options.compress", "must be \"auto\", \"always\" or \"never\"")),
    }
}

/// Answers calls of `services` on `port`; gives the handles of their methods, a list for each service.
#[napi(catch_unwind)]
pub fn node_serve(env: Env, port: u32, node: u32, services: Vec<ServedService>) -> Result<Vec<Vec<u32>>> {
    throwing(env, || {
        let port = PORTS.get(port)?.port;
        let node = NODES.get(node)?.node;
        let definitions = services.iter().map(ServedService::to_definition).collect::<Outcome<Vec<_>>>()?;
        let firsts = port.serve(&node, definitions).map_err(Failure::serve)?;
        let handles = firsts.iter().zip(&services).map(|(&first, service)| {
            let count = service.methods.len() as u32;
            (first..first + count).collect()
        });
        Ok(handles.collect())
    })
}

/// `port` takes no new calls of `node`.
#[napi(catch_unwind)]
pub fn node_unserve(env: Env, port: u32, node: u32) -> Result<()> {
    throwing(env, || {
        PORTS.get(port)?.port.unserve(&NODES.get(node)?.node);
        Ok(())
    })
}
