//! Computes type definitions and type hashes of messages.
//!
//! Owns which messages a service uses, the order in which they are defined, and how cycles are cut. A hash depends on
//! the hashes of the types it refers to, so leaves are defined first. A cycle has no leaf: there, like Python, the
//! definition starts at the smallest name. A reference back to a visited type is written as its name; a reference to a
//! type that has no hash yet is written as zeros.

use std::collections::BTreeSet;

use crate::canonical::{FieldDef, Hash, TypeDef, TypeKind};
use crate::schema::{Composed, Type};
use crate::service::Service;

mod component;
mod field;

/// The hash of a type that has none, or none yet.
pub const NO_HASH: [u8; 32] = [0; 32];

/// A message with its definition.
#[derive(Debug, Clone)]
pub struct DefinedType {
    /// Index of the message in the document.
    pub index: usize,
    /// Module and qualified class name.
    pub full_name: String,
    /// The record that the canonical bytes encode.
    pub definition: TypeDef,
    /// The canonical bytes.
    pub canonical: Vec<u8>,
    /// BLAKE3 of the canonical bytes.
    pub hash: [u8; 32],
}

/// All messages that the roots use, directly or through fields. Each is defined once, leaves first.
#[derive(Debug, Clone, Default)]
pub struct TypeGraph {
    types: Vec<DefinedType>,
}

impl TypeGraph {
    /// The graph of all messages that these messages use, including themselves.
    pub fn new(service: &Service, roots: impl IntoIterator<Item = usize>) -> Self {
        let edges = component::edges(service, roots);
        let mut graph = Self::default();
        for component in component::components(service, &edges) {
            let back = component::back_edges(service, &edges, &component);
            for &index in &component {
                graph.define(service, index, &back);
            }
        }
        graph
    }

    /// The definitions, in the order in which they were made.
    pub fn types(&self) -> &[DefinedType] {
        &self.types
    }

    /// The hash of a message, if the graph has it.
    pub fn hash(&self, index: usize) -> Option<[u8; 32]> {
        self.types.iter().find(|defined| defined.index == index).map(|defined| defined.hash)
    }

    /// The hash of a request or response type.
    pub fn root_hash(&self, kind: &Type) -> Hash {
        let hash = match root_message(kind) {
            Some(index) => self.hash(index),
            None => field::primitive_hash(root(kind)),
        };
        hash.unwrap_or(NO_HASH).to_vec()
    }

    fn define(&mut self, service: &Service, index: usize, back: &BTreeSet<(usize, usize)>) {
        let Some(message) = service.message(index) else {
            return;
        };
        let fields: Vec<FieldDef> = message
            .fields
            .iter()
            .zip(1..)
            .map(|(declared, id)| {
                field::definition(declared, id, |to| match service.message(to) {
                    Some(target) if back.contains(&(index, to)) => field::Target::Name(target.full_name()),
                    _ => field::Target::Hash(self.hash(to).unwrap_or(NO_HASH)),
                })
            })
            .collect();
        let module = message.python_module.as_deref().unwrap_or_default();
        let package = if message.namespace.is_empty() { module } else { &message.namespace };
        let definition = TypeDef {
            kind: TypeKind::Message,
            package: package.to_owned(),
            name: message.name.clone(),
            fields,
            enum_values: Vec::new(),
            union_variants: Vec::new(),
        };
        let canonical = definition.encode();
        let hash = *blake3::hash(&canonical).as_bytes();
        self.types.push(DefinedType { index, full_name: message.full_name(), definition, canonical, hash });
    }
}

/// The request or response type inside `optional` and `shared`. A contract does not contain whether a response may be null.
pub fn root(kind: &Type) -> &Type {
    kind.unwrapped().0
}

/// The index of a request or response type that is a message.
pub fn root_message(kind: &Type) -> Option<usize> {
    match root(kind) {
        Type::Composed(Composed::Message(index)) => Some(*index),
        _ => None,
    }
}
