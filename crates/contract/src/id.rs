//! The contract id, and the other ids that a Python service can announce.

use crate::canonical::{MethodDef, MethodPattern, Scoped, ServiceContract};
use crate::error::ContractError;
use crate::service::{Method, Pattern, Scope, Service};
use crate::typegraph::{NO_HASH, TypeGraph, root_message};

/// What can be said about the identity of a service.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// 64 hexadecimal digits; none where [`Description::problem`] says why.
    pub contract_id: Option<String>,
    /// Other ids that the reference gives the same service, because they leave response types open.
    pub open_contract_ids: Vec<String>,
    /// The canonical bytes whose BLAKE3 is the contract id; empty without one.
    pub canonical: Vec<u8>,
    /// Hashes of all types, hexadecimal, sorted.
    pub type_hashes: Vec<String>,
    /// Why there is no contract id.
    pub problem: Option<String>,
}

/// Computes the identity of a service document.
///
/// *Errors*: [`ContractError`] for a document that is none. A sound document may still have no id: that is
/// [`Description::problem`].
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

/// The ids that differ from the strict one, for the two things that a Python module may do with response types.
///
/// With postponed annotations a response type is text. The reference looks such a text up among the types that the
/// requests reach, and hashes zeros when it is not there; the text of a stream is never found. And a response that is
/// declared `Optional` is no class, which hashes zeros either way; ours counts as the type that it may hold.
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

/// The contract with what `response` hashes each response to; `all` is the graph of all requests and responses.
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

/// A type without a namespace takes the name of its Python module into the contract, which only the user knows.
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
