//! The contract id of a service, and the other ids that a Python server can announce for the same service.

use crate::canonical::{MethodDef, MethodPattern, Scoped, ServiceContract};
use crate::error::ContractError;
use crate::service::{Method, Pattern, Scope, Service};
use crate::typegraph::{NO_HASH, TypeGraph, root_message};

/// The identity of a service.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// 64 hexadecimal digits. `None` if there is no id; [`Description::problem`] has the reason.
    pub contract_id: Option<String>,
    /// Other ids that Python can compute for the same service. They leave response types open.
    pub open_contract_ids: Vec<String>,
    /// The canonical bytes, whose BLAKE3 hash is the contract id; empty if there is no id.
    pub canonical: Vec<u8>,
    /// The hashes of all types in hexadecimal, sorted.
    pub type_hashes: Vec<String>,
    /// Why there is no contract id.
    pub problem: Option<String>,
}

/// Computes the identity of a service document.
///
/// *Errors*: [`ContractError`] if the text is not a valid service document. A valid document may have no id; then
/// [`Description::problem`] has the reason.
pub fn describe(service_json: &str) -> Result<Description, ContractError> {
    Ok(description(&Service::from_json(service_json)?))
}

pub(crate) fn description(service: &Service) -> Description {
    let graph = graph(service);
    if let Some(problem) = problem(service, &graph) {
        return Description { problem: Some(problem), ..Description::default() };
    }
    let canonical = contract(service, &graph, |method| graph.root_hash(&method.response)).encode();
    let mut type_hashes: Vec<String> = graph.types().iter().map(|defined| hex(&defined.hash)).collect();
    type_hashes.sort();
    Description {
        open_contract_ids: open_contract_ids(service, &graph, &contract_id(&canonical)),
        contract_id: Some(contract_id(&canonical)),
        canonical,
        type_hashes,
        problem: None,
    }
}

/// The graph of all requests and responses.
pub(crate) fn graph(service: &Service) -> TypeGraph {
    let roots = service.methods.iter().flat_map(|method| [&method.request, &method.response]);
    TypeGraph::new(service, roots.filter_map(root_message))
}

/// The ids that Python can compute instead of the strict id, in two cases.
///
/// 1. In a Python module with postponed annotations a response type is a text. Python looks the text up among the
///    types that requests reach. If it is not found, zeros are hashed instead; for a stream it is never found.
/// 2. A response that is declared `Optional` is not a class in Python, so zeros are hashed. Here such a response is
///    hashed as the type inside the optional.
fn open_contract_ids(service: &Service, all: &TypeGraph, strict_id: &str) -> Vec<String> {
    let requests = service.methods.iter().filter_map(|method| root_message(&method.request));
    let reached = TypeGraph::new(service, requests);
    let strict = |method: &Method| all.root_hash(&method.response);
    let postponed = |method: &Method| {
        let response = root_message(&method.response).filter(|_| !method.pattern.streams_response());
        response.and_then(|index| reached.hash(index)).unwrap_or(NO_HASH).to_vec()
    };
    let unless_optional = |method: &Method, hash: Vec<u8>| {
        let (_, optional) = method.response.unwrapped();
        if optional { NO_HASH.to_vec() } else { hash }
    };
    let mut ids: Vec<String> = Vec::new();
    for contract in [
        contract(service, all, postponed),
        contract(service, all, |method| unless_optional(method, strict(method))),
        contract(service, all, |method| unless_optional(method, postponed(method))),
    ] {
        let id = contract_id(&contract.encode());
        if id != strict_id && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// The contract of a service. `response` gives the hash of a response; `all` is the graph of all requests and responses.
fn contract(service: &Service, all: &TypeGraph, response: impl Fn(&Method) -> Vec<u8>) -> ServiceContract {
    let methods = service.methods.iter().map(|method| MethodDef {
        name: method.name.clone(),
        pattern: match method.pattern {
            Pattern::Unary => MethodPattern::Unary,
            Pattern::ServerStream => MethodPattern::ServerStream,
            Pattern::ClientStream => MethodPattern::ClientStream,
            Pattern::BidiStream => MethodPattern::BidiStream,
        },
        request_type: all.root_hash(&method.request),
        response_type: response(method),
        idempotent: method.idempotent,
        default_timeout: method.timeout_ms.unwrap_or_default() / 1000.0,
        requires: None,
    });
    ServiceContract {
        name: service.name.clone(),
        version: service.version,
        methods: methods.collect(),
        serialization_modes: service.modes.clone(),
        scoped: match service.scope {
            Scope::Shared => Scoped::Shared,
            Scope::Session => Scoped::Session,
        },
        requires: None,
    }
}

/// The reason why there is no contract id. The contract of a type without namespace contains the name of its Python
/// module, which only the user knows.
fn problem(service: &Service, graph: &TypeGraph) -> Option<String> {
    graph.types().iter().find_map(|defined| {
        let message = service.message(defined.index)?;
        let unknown = message.namespace.is_empty() && message.python_module.is_none();
        unknown.then(|| {
            format!(
                "{} has no contract id: the tag {:?} has no \"/\", so the contract contains the Python module of the \
                 type; give it as pythonModule and qualname",
                service.name, message.tag
            )
        })
    })
}

fn contract_id(canonical: &[u8]) -> String {
    blake3::hash(canonical).to_hex().to_string()
}

fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}
