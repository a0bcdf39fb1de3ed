//! A contract that client and server share: the service document, its plan and its contract id.

use std::collections::HashMap;
use std::sync::Arc;

use aster_codec::{PayloadLimits, Plan, Schema};
use aster_contract::service::{Pattern as Kind, Service};
use aster_contract::{ContractError, describe};
use aster_net::{Agreement, Compress, Mode, Pattern, PayloadCodec, ServiceDescription};
use serde_json::Value as Json;

/// Why a service document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContractProblem {
    /// It is not a service document.
    #[error(transparent)]
    Document(#[from] ContractError),
    /// No plan can be made of its types.
    #[error("the types of the service: {0}")]
    Types(String),
    /// The document is valid, but the service has no contract id.
    #[error("{0}")]
    NoId(String),
}

/// Types by their tags. A message in memory refers to its type by tag.
#[derive(Debug, Clone)]
pub struct Types(Arc<HashMap<String, usize>>);

impl Types {
    /// The index of the type with this tag, such as `billing/Invoice`. For an unknown tag it returns an index that no
    /// plan contains, so encoding fails.
    pub fn index(&self, tag: &str) -> usize {
        self.0.get(tag).copied().unwrap_or(usize::MAX)
    }
}

/// Facts that a call of a method needs.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) pattern: Pattern,
    pub(crate) request: PayloadCodec,
    pub(crate) response: PayloadCodec,
}

/// A service for clients or servers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Contract {
    pub(crate) service: Arc<Service>,
    pub(crate) methods: Arc<Vec<Arc<Method>>>,
    pub(crate) types: Types,
    pub(crate) description: ServiceDescription,
    pub(crate) agreement: Arc<Agreement>,
    id: String,
}

impl Contract {
    /// Parses a service document: the JSON text that describes a service (`docs/boundary.md`).
    ///
    /// Rust does not know the default values: in JSON mode a message must contain all its members.
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
            limits: PayloadLimits::DEFAULT,
        };
        let name = (service.name.as_str(), i64::from(service.version));
        let agreement = Agreement::new(name, document.to_owned(), None)?;
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
            description: ServiceDescription::new(document)?,
            agreement: Arc::new(agreement),
            id,
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

    /// Contract id, 64 hex digits; the same in every language.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The indexes of the types.
    pub fn types(&self) -> &Types {
        &self.types
    }

    pub(crate) fn method(&self, name: &str) -> Option<&Arc<Method>> {
        self.methods.iter().find(|method| method.name == name)
    }
}

/// The plan of all requests and responses. Each method has two roots: request, then response.
fn plan(document: &str) -> Result<Arc<Plan>, ContractProblem> {
    let failed = |error: &dyn std::fmt::Display| ContractProblem::Types(error.to_string());
    let document: Json = serde_json::from_str(document).map_err(|e| failed(&e))?;
    let mut types = document.pointer("/schema/types").cloned().unwrap_or_default();
    for field in types.as_array_mut().into_iter().flatten() {
        for field in field.get_mut("fields").and_then(Json::as_array_mut).into_iter().flatten() {
            // Only TypeScript knows the default values for absent members.
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
