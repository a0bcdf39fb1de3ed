//! The plan of a schema: every decision about bytes, made once.
//!
//! Owns what the encoder, the decoder and generated JavaScript look up while they run. `compile` makes it
//! from a schema, `json` hands it to TypeScript (docs/plan.md). A plan never changes; share it in an `Arc`.

mod compile;
mod json;

use std::collections::HashMap;

use crate::metastring::MetaString;
use crate::schema::EnumValue;
use crate::types::{Scalar, id};

/// A compiled schema.
#[derive(Debug)]
pub struct Plan {
    pub(crate) types: Vec<TypePlan>,
    pub(crate) roots: Vec<Node>,
    /// Namespace, then name, to the index in `types`.
    names: HashMap<String, HashMap<String, usize>>,
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
    pub(crate) body: BodyPlan,
}

#[derive(Debug)]
pub(crate) enum BodyPlan {
    Message(MessagePlan),
    Enum(Vec<EnumValue>),
}

#[derive(Debug)]
pub(crate) struct MessagePlan {
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
    pub(crate) node: Node,
    pub(crate) has_default: bool,
    /// `"name":` as JSON text.
    pub(crate) json_key: String,
}

/// What stands at one place of a message.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) nullable: bool,
    pub(crate) shape: Shape,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Scalar(Scalar),
    List(Box<Items>),
    Set(Box<Items>),
    Map(Box<Entries>),
    /// As a field a message carries type info, as a declared element only its hash.
    Message {
        index: usize,
        type_info: bool,
    },
    Enum(usize),
    Dynamic(Dynamic),
}

/// Elements of a list or set; `declared` says that they need no type info.
#[derive(Debug)]
pub(crate) struct Items {
    pub(crate) node: Node,
    pub(crate) declared: bool,
}

#[derive(Debug)]
pub(crate) struct Entries {
    pub(crate) key: Items,
    pub(crate) value: Items,
}

/// What a value that carries its own type may be.
#[derive(Debug)]
pub(crate) enum Dynamic {
    Any,
    List,
    Map,
    OneOf(Box<[usize]>),
}

/// The node of whatever stands inside a dynamic container.
pub(crate) static ANY: Items =
    Items { node: Node { nullable: true, shape: Shape::Dynamic(Dynamic::Any) }, declared: false };

impl Plan {
    /// The plan of calls without a schema: root 0 is `json`.
    pub fn dynamic() -> Self {
        let shape = Shape::Dynamic(Dynamic::Any);
        Self { types: Vec::new(), roots: vec![Node { nullable: true, shape }], names: HashMap::new() }
    }

    /// Number of roots; they are counted from 0.
    pub fn root_count(&self) -> usize {
        self.roots.len()
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
        }
    }

    /// The start of a message with this root, up to its hash or ordinal.
    pub(crate) fn prefix(&self) -> Vec<u8> {
        let mut prefix = vec![0x02, 0xFF, self.id()];
        prefix.extend_from_slice(&self.both_first);
        if let BodyPlan::Message(message) = &self.body {
            prefix.extend_from_slice(&message.hash);
        }
        prefix
    }
}
