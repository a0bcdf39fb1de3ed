//! The manifest: the document that describes the methods and fields of a service to tools.
//!
//! Owns its members, their order and its text, which equals Python's byte for byte (`docs/protocol.md#manifest`). It
//! also names types that the contract does not distinguish: enums, times, nested lists.

use serde_json::{Value, json};

use crate::error::ContractError;
use crate::id::description;
use crate::schema::{Composed, Field, Type, Word};
use crate::service::{Method, Pattern, Scope, Service};
use crate::typegraph::{root, root_message};

mod field;
mod text;

/// The manifest of a service document.
///
/// *Errors*: [`ContractError::NoId`] if the service has no contract id.
pub fn manifest(service_json: &str) -> Result<String, ContractError> {
    let service = Service::from_json(service_json)?;
    let description = description(&service);
    let contract_id = description.contract_id.ok_or_else(|| {
        ContractError::NoId(description.problem.unwrap_or_else(|| "no contract id".to_owned()))
    })?;
    let mut methods: Vec<&Method> = service.methods.iter().collect();
    methods.sort_by(|a, b| a.name.cmp(&b.name));
    let methods: Vec<Value> = methods.into_iter().map(|method| describe_method(&service, method)).collect();
    Ok(text::pretty(&json!({
        "v": 1,
        "service": service.name,
        "version": service.version,
        "contract_id": contract_id,
        "canonical_encoding": "fory-xlang/0.15",
        "type_count": description.type_hashes.len(),
        "type_hashes": description.type_hashes,
        "method_count": methods.len(),
        "methods": methods,
        "serialization_modes": service.modes,
        "scoped": match service.scope { Scope::Shared => "shared", Scope::Session => "session" },
        "deprecated": false,
        "semver": null,
        "vcs_revision": null,
        "vcs_tag": null,
        "vcs_url": null,
        "changelog": null,
        "published_by": "",
        "published_at_epoch_ms": 0,
    })))
}

fn describe_method(service: &Service, method: &Method) -> Value {
    json!({
        "name": method.name,
        "pattern": match method.pattern {
            Pattern::Unary => "unary",
            Pattern::ServerStream => "server_stream",
            Pattern::ClientStream => "client_stream",
            Pattern::BidiStream => "bidi_stream",
        },
        "request_type": class_name(service, &method.request),
        "response_type": class_name(service, &method.response),
        "request_wire_tag": wire_tag(service, &method.request),
        "response_wire_tag": wire_tag(service, &method.response),
        "timeout": method.timeout_ms.map(seconds),
        "idempotent": method.idempotent,
        "fields": fields(service, &method.request),
        "response_fields": fields(service, &method.response),
    })
}

/// Seconds as a JSON number: an integer if there is no fraction.
fn seconds(timeout_ms: f64) -> Value {
    let seconds = timeout_ms / 1000.0;
    if seconds.fract() == 0.0 { json!(seconds as i64) } else { json!(seconds) }
}

/// The name of the Python class of a request or response.
fn class_name<'a>(service: &'a Service, kind: &Type) -> &'a str {
    if let Some(message) = root_message(kind).and_then(|index| service.message(index)) {
        return message.class_name();
    }
    match root(kind) {
        Type::Word(Word::String) => "str",
        Type::Word(Word::Int) => "int",
        Type::Word(Word::Float) => "float",
        Type::Word(Word::Bool) => "bool",
        Type::Word(Word::Bytes) => "bytes",
        Type::Word(Word::AnyList) | Type::Composed(Composed::List(_)) => "list",
        Type::Word(Word::AnyMap) | Type::Composed(Composed::Map(_)) => "dict",
        Type::Composed(Composed::Set(_)) => "set",
        _ => "Any",
    }
}

fn wire_tag<'a>(service: &'a Service, kind: &Type) -> &'a str {
    root_message(kind).and_then(|index| service.message(index)).map_or("", |message| &message.tag)
}

fn fields(service: &Service, kind: &Type) -> Vec<Value> {
    let Some(index) = root_message(kind) else {
        return Vec::new();
    };
    let fields = service.message(index).map_or(&[][..], |message| &message.fields);
    let describe =
        |declared: &Field| field::describe(service, declared, service.default(index, &declared.name));
    fields.iter().map(describe).collect()
}
