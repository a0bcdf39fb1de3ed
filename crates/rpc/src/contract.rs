//! A service as both sides declare it: the service document of the TypeScript side, with its plan and its id.

use std::collections::HashMap;
use std::sync::Arc;

use aster_codec::{Plan, Schema};
use aster_contract::service::{Pattern as Kind, Service};
use aster_contract::{ContractError, describe};
use aster_net::{Compress, Mode, Pattern, PayloadCodec};
use serde_json::Value as Json;

/// Why a service document is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ContractProblem {
    /// It is no service document.
    #[error(transparent)]
    Document(#[from] ContractError),
    /// Its types have no plan.
    #[error("the types of the service: {0}")]
    Types(String),
    /// It is sound, and the service has no contract id.
    #[error("{0}")]
    NoId(String),
}

/// Types by their tags, so that messages in memory can name theirs.
#[derive(Debug, Clone)]
pub struct Types(Arc<HashMap<String, usize>>);

impl Types {
    /// The index of the type with this tag, such as `billing/Invoice`; one that no plan has if there is none, which
    /// encoding refuses.
    pub fn index(&self, tag: &str) -> usize {
        self.0.get(tag).copied().unwrap_or(usize::MAX)
    }
}

/// How a method is called.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) pattern: Pattern,
    pub(crate) request: PayloadCodec,
    pub(crate) response: PayloadCodec,
}

/// A service to call or to serve. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Contract {
    pub(crate) service: Arc<Service>,
    pub(crate) methods: Arc<Vec<Arc<Method>>>,
    pub(crate) types: Types,
    id: String,
    open_ids: Vec<String>,
}

impl Contract {
    /// Reads a service document, the JSON that describes a service to the native side (`docs/boundary.md`).
    ///
    /// Rust has no defaults: in JSON mode a message must have all its members.
    ///
    /// # Errors
    /// [`ContractProblem`].
    pub fn from_json(document: &str) -> Result<Self, ContractProblem> {
        let service = Service::from_json(document)?;
        let ids = describe(document)?;
        let Some(id) = ids.contract_id else {
            return Err(ContractProblem::NoId(ids.problem.unwrap_or_default()));
        };
        let plan = plan(document)?;
        let codec = |root| PayloadCodec {
            mode: Mode::Xlang,
            plan: Arc::clone(&plan),
            root,
            compress: Compress::Auto,
        };
        let methods = service.methods.iter().enumerate().map(|(index, method)| {
            let (request_stream, response_stream) = match method.pattern {
                Kind::Unary => (false, false),
                Kind::ServerStream => (false, true),
                Kind::ClientStream => (true, false),
                Kind::BidiStream => (true, true),
            };
            Arc::new(Method {
                name: method.name.clone(),
                pattern: Pattern { request_stream, response_stream },
                request: codec(2 * index),
                response: codec(2 * index + 1),
            })
        });
        Ok(Self {
            methods: Arc::new(methods.collect()),
            types: types(document),
            service: Arc::new(service),
            id,
            open_ids: ids.open_contract_ids,
        })
    }

    /// The name of the service.
    pub fn name(&self) -> &str {
        &self.service.name
    }

    /// Its version.
    pub fn version(&self) -> i64 {
        i64::from(self.service.version)
    }

    /// 64 hex digits, the same in every language.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether a peer that announces this id serves this contract. Python modules may announce other ids for the same
    /// service, which leave response types open.
    pub fn is_known_by(&self, id: &str) -> bool {
        self.id == id || self.open_ids.iter().any(|known| known == id)
    }

    /// The indexes of its types.
    pub fn types(&self) -> &Types {
        &self.types
    }

    pub(crate) fn method(&self, name: &str) -> Option<&Arc<Method>> {
        self.methods.iter().find(|method| method.name == name)
    }
}

/// The plan of all requests and responses, two roots a method in turn.
fn plan(document: &str) -> Result<Arc<Plan>, ContractProblem> {
    let failed = |error: &dyn std::fmt::Display| ContractProblem::Types(error.to_string());
    let document: Json = serde_json::from_str(document).map_err(|e| failed(&e))?;
    let mut types = document.pointer("/schema/types").cloned().unwrap_or_default();
    for field in types.as_array_mut().into_iter().flatten() {
        for field in field.get_mut("fields").and_then(Json::as_array_mut).into_iter().flatten() {
            // Absent members are filled in by whoever knows the defaults, and that is TypeScript alone.
            if let Some(field) = field.as_object_mut() {
                field.insert("default".to_owned(), Json::Bool(false));
            }
        }
    }
    let methods = document.get("methods").and_then(Json::as_array).into_iter().flatten();
    let roots: Vec<_> = methods.flat_map(|method| [&method["request"], &method["response"]]).collect();
    let descriptor = serde_json::json!({ "types": types, "roots": roots }).to_string();
    let schema = Schema::from_json(&descriptor).map_err(|e| failed(&e))?;
    Plan::compile(&schema).map(Arc::new).map_err(|e| failed(&e))
}

fn types(document: &str) -> Types {
    let document: Json = serde_json::from_str(document).unwrap_or_default();
    let types = document.pointer("/schema/types").and_then(Json::as_array);
    let tags = types.into_iter().flatten().map(|kind| kind["tag"].as_str().unwrap_or_default().to_owned());
    Types(Arc::new(tags.enumerate().map(|(index, tag)| (tag, index)).collect()))
}
