//! The definition of a field.

use crate::canonical::{Container, FieldDef, FieldKind};
use crate::schema::{Composed, Field, Type, Word};

/// How a field refers to a message.
pub(super) enum Target {
    /// By the hash of its definition; zeros if the hash is not known yet.
    Hash([u8; 32]),
    /// By its name, because the reference closes a cycle.
    Name(String),
}

/// The definition of one field. `resolve` decides how to refer to the message with an index.
pub(super) fn definition(field: &Field, id: i32, resolve: impl Fn(usize) -> Target) -> FieldDef {
    let (kind, optional) = field.kind.unwrapped_as_in_python();
    let mut definition = FieldDef { id, name: field.name.clone(), optional, ..FieldDef::default() };
    let element = match kind {
        Type::Composed(Composed::List(element)) => {
            definition.container = Container::List;
            element
        }
        Type::Composed(Composed::Set(element)) => {
            definition.container = Container::Set;
            element
        }
        Type::Composed(Composed::Map(parts)) => {
            definition.container = Container::Map;
            set_key(&mut definition, &parts.0, &resolve);
            &parts.1
        }
        _ => kind,
    };
    set_kind(&mut definition, element, &resolve);
    definition
}

fn set_kind(definition: &mut FieldDef, kind: &Type, resolve: impl Fn(usize) -> Target) {
    if let Some(word) = primitive(kind) {
        definition.type_kind = FieldKind::Primitive;
        word.clone_into(&mut definition.type_primitive);
    } else if let Type::Composed(Composed::Message(index)) = unshared(kind) {
        match resolve(*index) {
            Target::Hash(hash) => {
                definition.type_kind = FieldKind::Ref;
                definition.type_ref = hash.to_vec();
            }
            Target::Name(name) => {
                definition.type_kind = FieldKind::SelfRef;
                definition.self_ref_name = name;
            }
        }
    } else {
        definition.type_kind = FieldKind::Any;
    }
}

fn set_key(definition: &mut FieldDef, kind: &Type, resolve: impl Fn(usize) -> Target) {
    let mut key = FieldDef::default();
    set_kind(&mut key, kind, resolve);
    definition.container_key_kind = key.type_kind;
    definition.container_key_primitive = key.type_primitive;
    definition.container_key_ref = key.type_ref;
}

/// The hash of a primitive request or response type: the hash of its word.
pub(super) fn primitive_hash(kind: &Type) -> Option<[u8; 32]> {
    primitive(kind).map(|word| *blake3::hash(word.as_bytes()).as_bytes())
}

/// The word of a primitive. Sized numbers, times and dynamic types are not primitives in a contract.
fn primitive(kind: &Type) -> Option<&'static str> {
    match unshared(kind) {
        Type::Word(Word::String) => Some("string"),
        Type::Word(Word::Int) => Some("int64"),
        Type::Word(Word::Float) => Some("float64"),
        Type::Word(Word::Bool) => Some("bool"),
        Type::Word(Word::Bytes) => Some("binary"),
        _ => None,
    }
}

/// The type inside `shared`. An `optional` stays, and a contract writes an optional element as "any".
fn unshared(kind: &Type) -> &Type {
    match kind {
        Type::Composed(Composed::Shared(inner)) => unshared(inner),
        _ => kind,
    }
}
