//! How a field's type is told in a definition.

use crate::canonical::{Container, FieldDef, FieldKind};
use crate::schema::{Field, Made, Type, Word};

/// What a field that names a message refers to.
pub(super) enum Target {
    /// The hash of its definition, zeros where it is not known yet.
    Hash([u8; 32]),
    /// Its name: the edge closes a cycle.
    Name(String),
}

/// The definition of one field. `resolve` tells what a message index refers to.
pub(super) fn definition(field: &Field, id: i32, resolve: impl Fn(usize) -> Target) -> FieldDef {
    let (kind, optional) = field.kind.unwrapped_as_in_python();
    let mut definition = FieldDef { id, name: field.name.clone(), optional, ..FieldDef::default() };
    let element = match kind {
        Type::Made(Made::List(element)) => {
            definition.container = Container::List;
            element
        }
        Type::Made(Made::Set(element)) => {
            definition.container = Container::Set;
            element
        }
        Type::Made(Made::Map(parts)) => {
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
    } else if let Type::Made(Made::Message(index)) = unshared(kind) {
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

/// The hash of a primitive that stands as request or response: of its word.
pub(super) fn primitive_hash(kind: &Type) -> Option<[u8; 32]> {
    primitive(kind).map(|word| *blake3::hash(word.as_bytes()).as_bytes())
}

/// The word of a primitive. Sized numbers, times and everything dynamic are none.
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

/// The type of an element, which says `optional` where a contract says no more than "any".
fn unshared(kind: &Type) -> &Type {
    match kind {
        Type::Made(Made::Shared(inner)) => unshared(inner),
        _ => kind,
    }
}
