//! One side of a comparison, read from a service document, a manifest or an exported contract.
//!
//! A manifest describes the fields of requests and responses with its own words, and one word can mean several types.
//! If the methods have a `schema`, the types are known exactly. Facts that a document does not contain stay unknown
//! and are not compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Identity;
use super::named_type::NamedType;
use crate::error::ContractError;

/// A service as one document describes it.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) name: String,
    pub(super) version: i64,
    pub(super) contract_id: String,
    pub(super) scope: String,
    pub(super) modes: Vec<String>,
    pub(super) methods: BTreeMap<String, Method>,
    pub(super) messages: BTreeMap<String, Message>,
    pub(super) enums: BTreeMap<String, Enum>,
    /// For each type, the messages that have a field of this type.
    users: BTreeMap<String, BTreeSet<String>>,
}

/// A method. Its message types are given by tag, or by class name if there is no tag.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) pattern: String,
    pub(super) request: String,
    pub(super) response: String,
    pub(super) idempotent: bool,
    pub(super) timeout: Option<f64>,
}

/// A message with its fields in declared order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Message {
    pub(super) fields: Vec<Field>,
    /// The options of payloads with this message at the root, if the document contains them.
    pub(super) options: Option<Options>,
}

/// The options of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) refs: bool,
    pub(super) compatible: bool,
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    /// Its type in the words of a manifest.
    pub(super) manifest_type: Option<String>,
    /// Its exact type, if the document contains it.
    pub(super) exact_type: Option<NamedType>,
    pub(super) nullable: bool,
    /// Its default as text.
    pub(super) default: Option<String>,
}

/// An enum.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Enum {
    /// Member names; empty if a manifest contains only the JSON values.
    pub(super) members: Vec<String>,
    pub(super) json: Vec<Value>,
}

impl Side {
    pub(super) fn identity(&self) -> Identity {
        Identity { version: self.version, contract_id: self.contract_id.clone() }
    }

    /// The methods whose messages contain a type: name, whether in the request, whether in the response.
    pub(super) fn carriers<'a>(&'a self, tag: &'a str) -> Vec<(&'a str, bool, bool)> {
        let reach = self.reaching(tag);
        let carries = |root: &String| reach.contains(root.as_str());
        let methods = self.methods.iter();
        methods
            .map(|(name, method)| (name.as_str(), carries(&method.request), carries(&method.response)))
            .filter(|(_, request, response)| *request || *response)
            .collect()
    }

    /// Whether the message is a request or response.
    pub(super) fn is_root(&self, tag: &str) -> bool {
        self.methods.values().any(|method| method.request == tag || method.response == tag)
    }

    /// The type and all messages that contain it, directly or through other messages.
    fn reaching<'a>(&'a self, tag: &'a str) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::from([tag]);
        let mut next = vec![tag];
        while let Some(target) = next.pop() {
            for user in self.users.get(target).into_iter().flatten() {
                if found.insert(user) {
                    next.push(user);
                }
            }
        }
        found
    }

    fn index_users(&mut self) {
        for (name, message) in &self.messages {
            let types = message.fields.iter().filter_map(|field| field.exact_type.as_ref());
            for named in types.flat_map(NamedType::names) {
                self.users.entry(named.to_owned()).or_default().insert(name.clone());
            }
        }
    }

    fn add_schema(&mut self, types: &[Value], defaults: &[Value]) {
        let tags: Vec<String> = types.iter().map(|kind| text(kind, "tag")).collect();
        for (index, kind) in types.iter().enumerate() {
            let tag = text(kind, "tag");
            if kind.get("kind").and_then(Value::as_str) == Some("enum") {
                let members = strings(kind, "members");
                self.enums.insert(tag, Enum { members, json: list(kind, "json").to_vec() });
            } else {
                let values = defaults.get(index);
                let fields = list(kind, "fields").iter().map(|field| schema_field(field, &tags, values));
                let flag = |name: &str| kind.get(name).and_then(Value::as_bool).unwrap_or_default();
                let options = Options { refs: flag("refs"), compatible: flag("compatible") };
                let message = Message { fields: fields.collect(), options: Some(options) };
                self.messages.insert(tag, message);
            }
        }
    }

    /// Adds the fields of a request or response that a manifest describes.
    fn add_manifest_fields(&mut self, name: &str, fields: &[Value]) {
        for field in fields {
            if let (Some(values), Some(tag)) = (field.get("enum_values"), field.get("ref_name")) {
                let json = values.as_array().cloned().unwrap_or_default();
                let known = tag.as_str().unwrap_or_default();
                if !self.enums.keys().any(|tag| tag.rsplit('/').next() == Some(known)) {
                    self.enums.insert(known.to_owned(), Enum { members: Vec::new(), json });
                }
            }
        }
        let described: Vec<Field> = fields.iter().map(manifest_field).collect();
        let message = self.messages.entry(name.to_owned()).or_default();
        if message.fields.is_empty() {
            message.fields = described;
            return;
        }
        for field in &mut message.fields {
            if let Some(words) = described.iter().find(|words| words.name == field.name) {
                field.manifest_type.clone_from(&words.manifest_type);
                field.default.clone_from(&words.default);
            }
        }
    }
}

/// Reads a side. Error paths begin with `side_path`.
pub(super) fn read(document: &Value, side_path: &str) -> Result<Side, ContractError> {
    let form = |problem: &str| ContractError::invalid(side_path, problem);
    let object = document.as_object().ok_or_else(|| form("a contract must be a JSON object"))?;
    if let Some(schema) = object.get("schema") {
        let manifest = crate::manifest(&document.to_string())
            .map_err(|error| ContractError::invalid(side_path, error.to_string()))?;
        let manifest: Value = serde_json::from_str(&manifest)?;
        let mut side = Side::default();
        side.add_schema(list(schema, "types"), list(document, "defaults"));
        return fill(side, &manifest, side_path);
    }
    if !object.contains_key("contract_id") || !object.contains_key("service") {
        return Err(form("must be a manifest, an exported contract or a service document"));
    }
    fill(Side::default(), document, side_path)
}

fn fill(mut side: Side, manifest: &Value, side_path: &str) -> Result<Side, ContractError> {
    side.name = text(manifest, "service");
    side.version = manifest.get("version").and_then(Value::as_i64).unwrap_or(1);
    let id = text(manifest, "contract_id");
    id.strip_prefix("blake3:").unwrap_or(&id).clone_into(&mut side.contract_id);
    if side.contract_id.len() != 64 || !side.contract_id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(ContractError::invalid(
            format!("{side_path}.contract_id"),
            "must be 64 hexadecimal digits",
        ));
    }
    side.scope = match text(manifest, "scoped").as_str() {
        "session" | "stream" => "session".to_owned(),
        _ => "shared".to_owned(),
    };
    side.modes = list(manifest, "serialization_modes").iter().map(mode).collect();
    for method in list(manifest, "methods") {
        if let Some(schema) = method.get("schema") {
            side.add_schema(list(schema, "types"), list(method, "defaults"));
        }
        let named = |class: &str, tag: &str| {
            let tag = text(method, tag);
            if tag.is_empty() { text(method, class) } else { tag }
        };
        let request = named("request_type", "request_wire_tag");
        let response = named("response_type", "response_wire_tag");
        side.add_manifest_fields(&request, list(method, "fields"));
        side.add_manifest_fields(&response, list(method, "response_fields"));
        let read = Method {
            pattern: text(method, "pattern"),
            request,
            response,
            idempotent: method.get("idempotent").and_then(Value::as_bool).unwrap_or_default(),
            timeout: method.get("timeout").and_then(Value::as_f64),
        };
        side.methods.insert(text(method, "name"), read);
    }
    side.index_users();
    Ok(side)
}

/// A serialization mode as a word. Python writes modes as numbers into project files, and as words elsewhere.
fn mode(mode: &Value) -> String {
    let words = ["xlang", "native", "row", "json"];
    let word = mode.as_u64().and_then(|number| words.get(usize::try_from(number).ok()?));
    word.map_or_else(|| plain(mode), |word| (*word).to_owned())
}

fn schema_field(field: &Value, tags: &[String], defaults: Option<&Value>) -> Field {
    let name = text(field, "name");
    let exact_type = field.get("type").and_then(|kind| NamedType::read(kind, tags));
    let value = defaults.and_then(|values| values.get(&name));
    let has = field.get("default").and_then(Value::as_bool).unwrap_or_default();
    Field {
        nullable: exact_type.as_ref().is_some_and(|exact_type| exact_type.unwrapped().1),
        default: has.then(|| value.map_or_else(|| "created for each message".to_owned(), value_text)),
        name,
        manifest_type: None,
        exact_type,
    }
}

fn manifest_field(field: &Value) -> Field {
    let nullable = field.get("nullable").and_then(Value::as_bool).unwrap_or_default();
    let value = field.get("default_value").unwrap_or(&Value::Null);
    let default = match text(field, "default_kind").as_str() {
        "value" if nullable && value.is_null() => None,
        "value" => Some(value_text(value)),
        "none" | "" | "null" => None,
        kind => Some(kind.replace('_', " ")),
    };
    Field {
        name: text(field, "name"),
        manifest_type: Some(words(field, nullable)),
        exact_type: None,
        nullable,
        default,
    }
}

/// The type of a field in the words of a manifest.
fn words(field: &Value, nullable: bool) -> String {
    let named = |kind: &str, name: &str, tag: &str| match (text(field, tag), text(field, name)) {
        (tag, _) if !tag.is_empty() => tag,
        (_, name) if !name.is_empty() => name,
        _ => text(field, kind),
    };
    let null = |member: &str| match field.get(member).and_then(Value::as_bool) {
        Some(true) => "optional ",
        _ => "",
    };
    let kind = if field.get("kind").is_some() { text(field, "kind") } else { text(field, "type") };
    let kind = match kind.as_str() {
        "list" => {
            format!("list of {}{}", null("item_nullable"), named("item_kind", "item_ref", "item_wire_tag"))
        }
        "map" => format!(
            "map of {} to {}{}",
            text(field, "key_kind"),
            null("value_nullable"),
            named("value_kind", "value_ref", ""),
        ),
        "ref" | "enum" => named("kind", "ref_name", "wire_tag"),
        kind => kind.to_owned(),
    };
    if nullable { format!("optional {kind}") } else { kind }
}

fn text(value: &Value, member: &str) -> String {
    value.get(member).map(plain).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn strings(value: &Value, member: &str) -> Vec<String> {
    list(value, member).iter().map(plain).collect()
}

/// A default as text. `2` and `2.0` give the same text, because they are the same default.
fn value_text(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        _ => value.to_string(),
    }
}
