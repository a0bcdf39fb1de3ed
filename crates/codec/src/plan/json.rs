//! The plan as JSON for TypeScript; docs/plan.md defines the format.

use serde_json::{Value, json};

use super::{BodyPlan, Dynamic, Items, LeadingFlag, Plan, PlanNode, Root, Shape, TypePlan};
use crate::murmur3;
use crate::types::id;

impl Plan {
    /// The plan as JSON, without a plan number: the registry of plans assigns numbers.
    pub fn to_json(&self) -> String {
        json!({
            "types": self.types.iter().map(type_json).collect::<Vec<_>>(),
            "roots": self.roots.iter().map(root_json).collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// A hash of the plan: 16 hex digits. Equal fingerprints mean equal encodings. Another version of this crate may
    /// give the same schema another fingerprint.
    pub fn fingerprint(&self) -> &str {
        self.fingerprint.get_or_init(|| format!("{:016x}", murmur3(self.to_json().as_bytes())))
    }
}

fn type_json(plan: &TypePlan) -> Value {
    let namespace_meta = hex(&plan.namespace_first);
    let name_meta = hex(plan.both_first.get(plan.namespace_first.len()..).unwrap_or_default());
    let empty_namespace = plan.empty_namespace();
    match &plan.body {
        BodyPlan::Message(message) => json!({
            "kind": "message",
            "namespaceMeta": namespace_meta,
            "nameMeta": name_meta,
            "emptyNamespace": empty_namespace,
            "hash": hex(&message.hash),
            "prefix": hex(&plan.prefix()),
            "order": message.order,
            "fields": message.fields.iter().map(|field| node_json(&field.node)).collect::<Vec<_>>(),
        }),
        BodyPlan::Enum(values) => json!({
            "kind": "enum",
            "namespaceMeta": namespace_meta,
            "nameMeta": name_meta,
            "emptyNamespace": empty_namespace,
            "members": values.len(),
        }),
        BodyPlan::Extension => json!({
            "kind": "ext",
            "namespaceMeta": namespace_meta,
            "nameMeta": name_meta,
            "emptyNamespace": empty_namespace,
        }),
    }
}

fn root_json(root: &Root) -> Value {
    let mut node = node_json(&root.node);
    let options = [("refs", root.options.refs), ("compatible", root.options.compatible)];
    for (name, _) in options.into_iter().filter(|(_, set)| *set) {
        if let Some(members) = node.as_object_mut() {
            members.insert(name.to_owned(), true.into());
        }
    }
    node
}

fn node_json(node: &PlanNode) -> Value {
    let mut json = shape_json(node);
    let lead = match node.leading_flag(true) {
        LeadingFlag::Plain => return json,
        LeadingFlag::Null => "flag",
        LeadingFlag::Reference => "reference",
    };
    if let Some(members) = json.as_object_mut() {
        members.insert("shared".to_owned(), lead.into());
    }
    json
}

fn shape_json(node: &PlanNode) -> Value {
    let nullable = node.nullable;
    match &node.shape {
        Shape::Scalar(scalar) | Shape::Converted(scalar, _) => {
            json!({ "id": scalar.id(), "nullable": nullable })
        }
        Shape::Array(kind) => json!({ "id": kind.id(), "nullable": nullable }),
        Shape::List(items) => items_json(id::LIST, items, nullable),
        Shape::Set(items) => items_json(id::SET, items, nullable),
        Shape::Map(entries) => json!({
            "id": id::MAP,
            "nullable": nullable,
            "key": node_json(&entries.key.node),
            "value": node_json(&entries.value.node),
            "keyDeclared": entries.key.declared,
            "valueDeclared": entries.value.declared,
        }),
        Shape::Message { index, type_info } => json!({
            "id": id::MESSAGE, "type": index, "nullable": nullable, "typeInfo": type_info,
        }),
        Shape::Extension { index, type_info } => json!({
            "id": id::EXTENSION, "type": index, "nullable": nullable, "typeInfo": type_info,
        }),
        Shape::Enum(index) => json!({ "id": id::ENUM, "type": index, "nullable": nullable }),
        Shape::Dynamic(dynamic) => dynamic_json(dynamic, nullable),
    }
}

fn items_json(id: u8, items: &Items, nullable: bool) -> Value {
    json!({
        "id": id,
        "nullable": nullable,
        "element": node_json(&items.node),
        "declared": items.declared,
    })
}

fn dynamic_json(dynamic: &Dynamic, nullable: bool) -> Value {
    let (narrow, types) = match dynamic {
        Dynamic::Any => (None, None),
        Dynamic::List => (Some(id::LIST), None),
        Dynamic::Map => (Some(id::MAP), None),
        Dynamic::OneOf(indexes) => (None, Some(indexes)),
    };
    json!({
        "id": id::DYNAMIC, "nullable": nullable, "dynamic": true, "narrow": narrow, "types": types,
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
