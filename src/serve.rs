//! Services of a node whose calls are delivered to a port (`docs/boundary.md#control-plane`).

use std::sync::Arc;

use aster_codec::PayloadLimits;
use aster_net::{
    Access, Compress, MethodDefinition, Mode, Node, Pattern, PayloadCodec, ServiceDefinition,
    ServiceDescription,
};
use aster_port::Port;
use aster_trust::capability::Requirement;
use napi::{Env, Result};
use napi_derive::napi;

use crate::access::{AccessOptions, refused};
use crate::error::{Failure, Outcome, throwing};
use crate::options::milliseconds;
use crate::registry::{NODES, PORTS, plan};
use crate::runtime;

/// A service to serve.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct ServedService {
    /// Name of the service.
    pub name: String,
    /// Version of the service, from 1.
    pub version: i64,
    /// Contract id, 64 hex digits.
    pub contract_id: String,
    /// `session`: it is called in sessions only. `shared`: each call has a stream of its own.
    #[napi(ts_type = "'shared' | 'session'")]
    pub scope: String,
    /// The payload modes of its contract.
    #[napi(ts_type = "readonly string[]")]
    pub modes: Vec<String>,
    /// Number of the plan for all its messages.
    pub plan: u32,
    /// Time limit of a call with a single request that has no deadline.
    pub max_call_ms: f64,
    /// The service document, for clients that compare exact schemas.
    pub document: String,
    /// Compression of responses.
    #[napi(ts_type = "'auto' | 'always' | 'never'")]
    pub compress: String,
    /// Largest estimated size of a decoded request, in bytes.
    pub max_decoded_bytes: u32,
    /// The roles that a caller needs, as JSON; null: none. A text that cannot be read refuses everybody.
    pub requires: Option<String>,
    /// The methods of the service; handles are given in this order.
    pub methods: Vec<ServedMethod>,
}

/// A method of a service to serve.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct ServedMethod {
    /// Name of the method.
    pub name: String,
    /// Pattern of the method.
    #[napi(ts_type = "'unary' | 'serverStream' | 'clientStream' | 'bidiStream'")]
    pub pattern: String,
    /// Index of the request message in the roots of the plan.
    pub request: u32,
    /// Index of the response message in the roots of the plan.
    pub response: u32,
    /// Like `requires` of the service; a caller needs both.
    pub requires: Option<String>,
}

impl ServedService {
    fn to_definition(&self) -> Outcome<ServiceDefinition> {
        let plan = plan(self.plan)?;
        let compress = compression(&self.compress)?;
        let limits = PayloadLimits::with_decoded(self.max_decoded_bytes as usize);
        let codec = |root: u32| PayloadCodec {
            mode: Mode::Xlang,
            plan: Arc::clone(&plan),
            root: root as usize,
            compress,
            limits,
        };
        let methods = self.methods.iter().map(|method| {
            Ok(MethodDefinition {
                name: method.name.clone(),
                pattern: pattern(&method.pattern)?,
                request: codec(method.request),
                response: codec(method.response),
                requires: requirement(method.requires.as_deref()),
            })
        });
        let description =
            ServiceDescription::new(&self.document).map_err(|e| Failure::option("services.document", e))?;
        Ok(ServiceDefinition {
            name: self.name.clone(),
            version: self.version,
            contract_id: self.contract_id.clone(),
            modes: self.modes.clone(),
            session: self.scope == "session",
            requires: requirement(self.requires.as_deref()),
            max_call: milliseconds("options.maxCallMs", self.max_call_ms)?,
            methods: methods.collect::<Outcome<_>>()?,
            description: Some(description),
        })
    }
}

fn requirement(text: Option<&str>) -> Option<Requirement> {
    text.map(Requirement::from_json_or_nobody)
}

pub(crate) fn pattern(name: &str) -> Outcome<Pattern> {
    Pattern::from_name(name)
        .ok_or_else(|| Failure::option("pattern", format_args!("{name:?} is not a pattern")))
}

pub(crate) fn compression(word: &str) -> Outcome<Compress> {
    match word {
        "auto" => Ok(Compress::Auto),
        "always" => Ok(Compress::Always),
        "never" => Ok(Compress::Never),
        _ => Err(Failure::option("options.compress", "must be \"auto\", \"always\" or \"never\"")),
    }
}

/// Delivers calls of `services` to `port`, from the callers that `access` allows. Returns the handles of their methods, one
/// list for each service.
#[napi(catch_unwind)]
pub fn node_serve(
    env: Env,
    port: u32,
    node: u32,
    services: Vec<ServedService>,
    access: Option<AccessOptions>,
) -> Result<Vec<Vec<u32>>> {
    throwing(env, || {
        let port = PORTS.get(port)?.port;
        let (number, node) = (node, NODES.get(node)?.node);
        let asks = access.as_ref().is_some_and(|access| access.asks);
        let access = access.map_or(Ok(Access::Open), AccessOptions::check)?;
        let _context = runtime::enter();
        node.open_to(access).map_err(|error| refused(&error))?;
        if asks {
            port.narrow(&node, number);
        }
        serve(&port, &node, &services)
    })
}

/// Like `nodeServe`, for a node that only answers calls back of the servers that it dials. Nobody may connect to it.
#[napi(catch_unwind)]
pub fn node_serve_back(
    env: Env,
    port: u32,
    node: u32,
    services: Vec<ServedService>,
) -> Result<Vec<Vec<u32>>> {
    throwing(env, || serve(&PORTS.get(port)?.port, &NODES.get(node)?.node, &services))
}

fn serve(port: &Arc<Port>, node: &Node, services: &[ServedService]) -> Outcome<Vec<Vec<u32>>> {
    let definitions = services.iter().map(ServedService::to_definition).collect::<Outcome<Vec<_>>>()?;
    let firsts = port.serve(node, definitions).map_err(Failure::serve)?;
    let handles = firsts.iter().zip(services).map(|(&first, service)| {
        let count = service.methods.len() as u32;
        (first..first + count).collect()
    });
    Ok(handles.collect())
}

/// `port` accepts no new calls of `node`.
#[napi(catch_unwind)]
pub fn node_unserve(env: Env, port: u32, node: u32) -> Result<()> {
    throwing(env, || {
        PORTS.get(port)?.port.unserve(&NODES.get(node)?.node);
        Ok(())
    })
}
