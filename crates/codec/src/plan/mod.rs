//! The plan of a schema: all decisions about the encoding, made once.
//!
//! Owns what the encoder, the decoder and generated JavaScript look up while they run. `compile` makes a plan
//! from a schema, `json` prints it for TypeScript (docs/plan.md). A plan never changes; share it in an `Arc`.

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
    /// See [`Plan::fingerprint`]. Computed once, because a server sends it to every client.
    fingerprint: OnceLock<String>,
}

/// A type that can be the root of a payload, and the options of such a payload.
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
    /// Both meta strings at their first use in a message.
    pub(crate) both_first: Vec<u8>,
    /// Its description (TypeDef), without and with tracked fields. Empty in plans without a compatible message.
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
    /// The options of a payload with this message at its root.
    pub(crate) options: RootOptions,
    pub(crate) hash: [u8; 4],
    /// The fields in declaration order.
    pub(crate) fields: Vec<FieldPlan>,
    /// Indexes into `fields`, in wire order.
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

/// How one value of a message is encoded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlanNode {
    pub(crate) nullable: bool,
    /// The user declared the field shared, so identity is kept.
    pub(crate) shared: bool,
    pub(crate) shape: Shape,
}

/// What a plan node encodes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Scalar(Scalar),
    /// A field for which the peer declares another scalar: the peer's scalar, then ours.
    Converted(Scalar, Scalar),
    Array(ArrayKind),
    List(Box<Items>),
    Set(Box<Items>),
    Map(Box<Entries>),
    /// A message. In a field it begins with type info, as a declared element only with its hash.
    Message {
        index: usize,
        type_info: bool,
    },
    Enum(usize),
    /// An extension. In a field it begins with type info, as a declared element without.
    Extension {
        index: usize,
        type_info: bool,
    },
    Dynamic(Dynamic),
}

/// The flag byte before a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeadingFlag {
    /// No flag, or a null flag if the field is nullable.
    Plain,
    /// Always a null flag.
    Null,
    /// Always a reference flag.
    Reference,
}

/// The elements of a list or set. If `declared` is true, they are written without type info.
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

/// The types that are allowed at a dynamic position, where type info precedes the value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Dynamic {
    Any,
    List,
    Map,
    OneOf(Box<[usize]>),
}

/// The plan node of the elements, keys and values of a dynamic container.
pub(crate) static ANY: Items =
    Items { node: PlanNode::new(Shape::Dynamic(Dynamic::Any), true), declared: false };

impl PlanNode {
    pub(crate) const fn new(shape: Shape, nullable: bool) -> Self {
        Self { nullable, shared: false, shape }
    }

    /// Whether null is allowed. `Any` allows null even when it is not declared optional.
    pub(crate) fn takes_null(&self) -> bool {
        self.nullable || matches!(self.shape, Shape::Dynamic(Dynamic::Any))
    }

    /// The number of shapes in this node.
    pub(crate) fn parts(&self) -> usize {
        1 + match &self.shape {
            Shape::List(items) | Shape::Set(items) => items.node.parts(),
            Shape::Map(entries) => entries.key.node.parts() + entries.value.node.parts(),
            Shape::Dynamic(Dynamic::OneOf(indexes)) => indexes.len(),
            _ => 0,
        }
    }

    /// Whether elements, keys and values of this declared type have reference flags in a payload that tracks references.
    pub(crate) fn has_identity(&self) -> bool {
        match &self.shape {
            Shape::Scalar(scalar) | Shape::Converted(scalar, _) => scalar.has_identity(),
            Shape::Enum(_) => false,
            _ => true,
        }
    }

    /// The leading flag of a shared field with this shape.
    pub(crate) fn shared_leading_flag(&self) -> LeadingFlag {
        match &self.shape {
            Shape::Scalar(Scalar::Bool | Scalar::String) | Shape::Converted(..) => LeadingFlag::Plain,
            Shape::Scalar(scalar) if scalar.width().is_some() => LeadingFlag::Plain,
            Shape::Enum(_) => LeadingFlag::Null,
            _ => LeadingFlag::Reference,
        }
    }

    /// The leading flag of a field; `refs` says whether the payload tracks references.
    pub(crate) fn leading_flag(&self, refs: bool) -> LeadingFlag {
        if refs && self.shared { self.shared_leading_flag() } else { LeadingFlag::Plain }
    }
}

impl Items {
    /// Whether elements are written without type info. In compatible mode a message always has type info, because it
    /// names the description of the message.
    pub(crate) fn is_declared(&self, options: RootOptions) -> bool {
        self.declared && !(options.compatible && matches!(self.node.shape, Shape::Message { .. }))
    }
}

impl Plan {
    /// The plan of calls without a schema. Root 0 is `json`.
    pub fn dynamic() -> Self {
        let shape = Shape::Dynamic(Dynamic::Any);
        let root = Root { node: PlanNode::new(shape, true), options: RootOptions::default() };
        Self { types: Vec::new(), roots: vec![root], names: HashMap::new(), fingerprint: OnceLock::new() }
    }

    /// Number of roots. Root numbers start at 0.
    pub fn root_count(&self) -> usize {
        self.roots.len()
    }

    /// Whether payloads with this root are in compatible mode.
    pub fn is_compatible(&self, root: usize) -> bool {
        self.roots.get(root).is_some_and(|root| root.options.compatible)
    }

    /// Index of the type that is registered under a name.
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

    /// The first bytes of a payload with this root: header, type info, and for a message its hash. In compatible mode a
    /// payload begins differently.
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
