//! The plan of a schema: every decision about bytes, made once.
//!
//! Owns what the encoder, the decoder and generated JavaScript look up while they run. `compile` makes it
//! from a schema, `json` hands it to TypeScript (docs/plan.md). A plan never changes; share it in an `Arc`.

mod compile;
pub(crate) mod describe;
mod json;

pub(crate) use json::hex;

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::metastring::MetaString;
use crate::schema::{EnumValue, RootOptions};
use crate::types::{ArrayKind, Scalar, id};

/// A compiled schema.
#[derive(Debug)]
pub struct Plan {
    pub(crate) types: Vec<TypePlan>,
    pub(crate) roots: Vec<Root>,
    /// Namespace, then name, to the index in `types`.
    names: HashMap<String, HashMap<String, usize>>,
    /// See [`Plan::fingerprint`]; servers tell it to every client that comes.
    fingerprint: OnceLock<String>,
}

/// What can stand at the root of a payload, and how the payload is written then.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) node: PlanNode,
    pub(crate) options: RootOptions,
}

/// A registered type.
#[derive(Debug)]
pub(crate) struct TypePlan {
    pub(crate) name: String,
    pub(crate) namespace_meta: MetaString,
    pub(crate) name_meta: MetaString,
    pub(crate) namespace_first: Vec<u8>,
    /// Both meta strings as they stand where neither was written before.
    pub(crate) both_first: Vec<u8>,
    /// Its TypeDef, without and with tracked fields; empty in plans that write none.
    pub(crate) described: [Vec<u8>; 2],
    pub(crate) body: BodyPlan,
}

#[derive(Debug)]
pub(crate) enum BodyPlan {
    Message(MessagePlan),
    Enum(Vec<EnumValue>),
    Extension,
}

#[derive(Debug)]
pub(crate) struct MessagePlan {
    /// How a payload with this message at its root is written.
    pub(crate) options: RootOptions,
    pub(crate) hash: [u8; 4],
    /// Declaration order.
    pub(crate) fields: Vec<FieldPlan>,
    /// Wire order: indexes into `fields`.
    pub(crate) order: Vec<usize>,
    pub(crate) by_name: HashMap<String, usize>,
}

#[derive(Debug)]
pub(crate) struct FieldPlan {
    pub(crate) name: String,
    pub(crate) node: PlanNode,
    pub(crate) has_default: bool,
    /// `"name":` as JSON text.
    pub(crate) json_key: String,
}

/// What stands at one place of a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlanNode {
    pub(crate) nullable: bool,
    /// The user asked for its identity to be kept.
    pub(crate) shared: bool,
    pub(crate) shape: Shape,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Scalar(Scalar),
    /// A peer's field of another kind than ours: its kind, then ours.
    Converted(Scalar, Scalar),
    Array(ArrayKind),
    List(Box<Items>),
    Set(Box<Items>),
    Map(Box<Entries>),
    /// As a field a message carries type info, as a declared element only its hash.
    Message {
        index: usize,
        type_info: bool,
    },
    Enum(usize),
    /// As a field an extension carries type info, as a declared element none.
    Extension {
        index: usize,
        type_info: bool,
    },
    Dynamic(Dynamic),
}

/// What a field that asks for identity is preceded by in a payload that tracks references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeadingFlag {
    /// Nothing, or a null flag where the field is nullable.
    Plain,
    /// A null flag in any case.
    Null,
    /// A reference flag.
    Reference,
}

/// Elements of a list or set; `declared` says that they need no type info.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Items {
    pub(crate) node: PlanNode,
    pub(crate) declared: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entries {
    pub(crate) key: Items,
    pub(crate) value: Items,
}

/// What a value that carries its own type may be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Dynamic {
    Any,
    List,
    Map,
    OneOf(Box<[usize]>),
}

/// The node of whatever stands inside a dynamic container.
pub(crate) static ANY: Items =
    Items { node: PlanNode::new(Shape::Dynamic(Dynamic::Any), true), declared: false };

impl PlanNode {
    pub(crate) const fn new(shape: Shape, nullable: bool) -> Self {
        Self { nullable, shared: false, shape }
    }

    /// A place for `Any` takes null whether or not it was declared optional.
    pub(crate) fn takes_null(&self) -> bool {
        self.nullable || matches!(self.shape, Shape::Dynamic(Dynamic::Any))
    }

    /// Whether elements, keys and values declared so carry reference flags in a payload that tracks references.
    pub(crate) fn has_identity(&self) -> bool {
        match &self.shape {
            Shape::Scalar(scalar) | Shape::Converted(scalar, _) => scalar.has_identity(),
            Shape::Enum(_) => false,
            _ => true,
        }
    }

    /// What precedes a field of this shape that asks for identity.
    pub(crate) fn shared_lead(&self) -> LeadingFlag {
        match &self.shape {
            Shape::Scalar(Scalar::Bool | Scalar::String) | Shape::Converted(..) => LeadingFlag::Plain,
            Shape::Scalar(scalar) if scalar.width().is_some() => LeadingFlag::Plain,
            Shape::Enum(_) => LeadingFlag::Null,
            _ => LeadingFlag::Reference,
        }
    }

    /// What precedes a field, in a payload that tracks references or in one that does not.
    pub(crate) fn lead(&self, refs: bool) -> LeadingFlag {
        if refs && self.shared { self.shared_lead() } else { LeadingFlag::Plain }
    }
}

impl Items {
    /// Whether elements need no type info. Messages that describe their fields say which description is theirs.
    pub(crate) fn is_declared(&self, options: RootOptions) -> bool {
        self.declared && !(options.compatible && matches!(self.node.shape, Shape::Message { .. }))
    }
}

impl Plan {
    /// The plan of calls without a schema: root 0 is `json`.
    pub fn dynamic() -> Self {
        let shape = Shape::Dynamic(Dynamic::Any);
        let root = Root { node: PlanNode::new(shape, true), options: RootOptions::default() };
        Self { types: Vec::new(), roots: vec![root], names: HashMap::new(), fingerprint: OnceLock::new() }
    }

    /// Number of roots; they are counted from 0.
    pub fn root_count(&self) -> usize {
        self.roots.len()
    }

    /// Whether payloads with this root describe their fields.
    pub fn is_compatible(&self, root: usize) -> bool {
        self.roots.get(root).is_some_and(|root| root.options.compatible)
    }

    /// The type registered under a name.
    pub(crate) fn find(&self, namespace: &str, name: &str) -> Option<usize> {
        self.names.get(namespace)?.get(name).copied()
    }
}

impl TypePlan {
    pub(crate) fn empty_namespace(&self) -> bool {
        self.namespace_meta.bytes.is_empty()
    }

    /// The type number that precedes its names on the wire.
    pub(crate) fn id(&self) -> u8 {
        match self.body {
            BodyPlan::Message(_) => id::MESSAGE,
            BodyPlan::Enum(_) => id::ENUM,
            BodyPlan::Extension => id::EXTENSION,
        }
    }

    /// The start of a message with this root, up to its hash or ordinal. Of the form without descriptions.
    pub(crate) fn prefix(&self) -> Vec<u8> {
        let refs = matches!(&self.body, BodyPlan::Message(message) if message.options.refs);
        let mut prefix = vec![0x02, if refs { 0x00 } else { 0xFF }, self.id()];
        prefix.extend_from_slice(&self.both_first);
        if let BodyPlan::Message(message) = &self.body {
            prefix.extend_from_slice(&message.hash);
        }
        prefix
    }
}
