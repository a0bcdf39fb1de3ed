//! Compiles a schema to a plan: wire order, fingerprints, hashes, meta strings, and which types are declared.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{
    BodyPlan, Dynamic, Entries, FieldPlan, Items, MessagePlan, Plan, PlanNode, Root, Shape, TypePlan,
    describe,
};
use crate::json::write_string;
use crate::metastring::{MetaString, Role};
use crate::murmur3;
use crate::schema::{Body, Declaration, Field, PlanError, RootOptions, Schema, Type};
use crate::types::{Scalar, id};

/// The hash of a message that has no fields.
const EMPTY_HASH: u32 = 47;

impl Plan {
    /// Compiles a schema.
    ///
    /// Errors: a name cannot be packed as a meta string; the error has the path.
    pub fn compile(schema: &Schema) -> Result<Self, PlanError> {
        let compile = |(index, declared)| type_plan(declared, index);
        let mut types = schema.types.iter().enumerate().map(compile).collect::<Result<Vec<_>, _>>()?;
        describe::describe_all(schema, &mut types)?;
        let mut names: HashMap<String, HashMap<String, usize>> = HashMap::new();
        for (index, declared) in schema.types.iter().enumerate() {
            let inner = names.entry(declared.namespace.clone()).or_default();
            inner.insert(declared.name.clone(), index);
        }
        let roots = schema.roots.iter().map(|r#type| root(schema, r#type)).collect();
        Ok(Self { types, roots, names, fingerprint: OnceLock::new() })
    }
}

fn type_plan(declared: &Declaration, index: usize) -> Result<TypePlan, PlanError> {
    let meta = |text: &str, role, member| {
        MetaString::encode(text, role)
            .map_err(|error| PlanError::invalid(format!("types[{index}].{member}"), error.to_string()))
    };
    let namespace_meta = meta(&declared.namespace, Role::Namespace, "namespace")?;
    let name_meta = meta(&declared.name, Role::TypeName, "name")?;
    let namespace_first = namespace_meta.first_use();
    let mut both_first = namespace_first.clone();
    both_first.extend_from_slice(&name_meta.first_use());
    Ok(TypePlan {
        name: declared.name.clone(),
        namespace_meta,
        name_meta,
        namespace_first,
        both_first,
        described: [Vec::new(), Vec::new()],
        body: match &declared.body {
            Body::Message(fields, options) => BodyPlan::Message(message_plan(fields, *options)),
            Body::Enum(values) => BodyPlan::Enum(values.clone()),
            Body::Extension => BodyPlan::Extension,
        },
    })
}

fn message_plan(fields: &[Field], options: RootOptions) -> MessagePlan {
    let mut order: Vec<usize> = (0..fields.len()).collect();
    order.sort_by_cached_key(|&index| fields.get(index).map(sort_key));
    MessagePlan {
        options,
        hash: hash(fields).to_le_bytes(),
        fields: fields.iter().map(field_plan).collect(),
        order,
        by_name: fields.iter().enumerate().map(|(index, field)| (field.name.clone(), index)).collect(),
    }
}

fn field_plan(field: &Field) -> FieldPlan {
    let mut json_key = String::new();
    write_string(&field.name, &mut json_key);
    json_key.push(':');
    FieldPlan {
        name: field.name.clone(),
        node: node(&field.r#type, Position::Field),
        has_default: field.has_default,
        json_key,
    }
}

/// The sort key of a field in wire order: group, then the order in the group, then the name.
fn sort_key(field: &Field) -> (u8, bool, i16, i16, String) {
    let (r#type, nullable, _) = field.r#type.without_modifiers();
    let (group, compressed, size, id) = match r#type {
        Type::Scalar(scalar) => match scalar.width() {
            Some(width) => {
                (1 + u8::from(nullable), scalar.is_compressed(), -i16::from(width), -i16::from(scalar.id()))
            }
            None => (3, false, 0, i16::from(scalar.id())),
        },
        Type::Array(kind) => (3, false, 0, i16::from(kind.id())),
        Type::List(_) => (4, false, 0, 0),
        Type::Set(_) => (5, false, 0, 0),
        Type::Map(_) => (6, false, 0, 0),
        _ => (7, false, 0, 0),
    };
    (group, compressed, size, id, field.name.clone())
}

/// The hash of the fields of a message. Peers with different hashes do not agree on the fields.
fn hash(fields: &[Field]) -> u32 {
    if fields.is_empty() {
        return EMPTY_HASH;
    }
    murmur3(fingerprint(fields).as_bytes()) as u32
}

fn fingerprint(fields: &[Field]) -> String {
    let mut items: Vec<&Field> = fields.iter().collect();
    items.sort_by_key(|field| &field.name);
    let item = |field: &Field| {
        let (r#type, nullable, shared) = field.r#type.without_modifiers();
        let id = match r#type {
            Type::Scalar(scalar) => scalar.id(),
            Type::Array(kind) => kind.id(),
            Type::List(_) => id::LIST,
            Type::Set(_) => id::SET,
            Type::Map(_) => id::MAP,
            _ => id::DYNAMIC,
        };
        format!("{},{id},{},{};", field.name, u8::from(shared), u8::from(nullable))
    };
    items.into_iter().map(item).collect()
}

/// The position of a type in a message. It decides which type info is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// A field: a message has type info, the elements of a list are declared.
    Field,
    /// An element below a field: a message is declared by its list and has no type info.
    Element,
    /// At or below a root: declared types do not apply here, so all type info is written.
    Root,
}

fn root(schema: &Schema, r#type: &Type) -> Root {
    let options = match r#type.without_modifiers().0 {
        Type::Message(index) => match schema.types.get(*index).map(|declared| &declared.body) {
            Some(Body::Message(_, options)) => *options,
            _ => RootOptions::default(),
        },
        _ => RootOptions::default(),
    };
    Root { node: node(r#type, Position::Root), options }
}

fn node(r#type: &Type, place: Position) -> PlanNode {
    let (r#type, nullable, shared) = r#type.without_modifiers();
    let below = match place {
        Position::Root => Position::Root,
        Position::Field | Position::Element => Position::Element,
    };
    let items = |r#type: &Type| Items {
        node: node(r#type, below),
        declared: place != Position::Root && is_single_type(r#type),
    };
    let type_info = place != Position::Element;
    let shape = match r#type {
        Type::Scalar(scalar) => Shape::Scalar(at_place(*scalar, place)),
        Type::Array(kind) => Shape::Array(*kind),
        Type::List(element) => Shape::List(Box::new(items(element))),
        Type::Set(element) => Shape::Set(Box::new(items(element))),
        Type::Map(entry) => Shape::Map(Box::new(Entries { key: items(&entry.0), value: items(&entry.1) })),
        Type::Message(index) => Shape::Message { index: *index, type_info },
        Type::Extension(index) => Shape::Extension { index: *index, type_info },
        Type::Enum(index) => Shape::Enum(*index),
        Type::Any => Shape::Dynamic(Dynamic::Any),
        Type::AnyList => Shape::Dynamic(Dynamic::List),
        Type::AnyMap => Shape::Dynamic(Dynamic::Map),
        Type::Union(indexes) => Shape::Dynamic(Dynamic::OneOf(indexes.as_slice().into())),
        Type::Optional(inner) | Type::Shared(inner) => return node(inner, place),
    };
    PlanNode { nullable, shared, shape }
}

/// At a root Python writes a value by its own type, and Python has only one integer and one float type.
fn at_place(scalar: Scalar, place: Position) -> Scalar {
    match place {
        Position::Root if scalar.is_integer() => Scalar::Int,
        Position::Root if scalar.is_float() => Scalar::Float,
        _ => scalar,
    }
}

/// Whether a declared element type is a single type, so that elements need no type info.
fn is_single_type(r#type: &Type) -> bool {
    match r#type {
        Type::Optional(inner) | Type::Shared(inner) => is_single_type(inner),
        Type::Any | Type::AnyList | Type::AnyMap | Type::Union(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, fingerprint, hash, message_plan};
    use crate::schema::{RootOptions, Type};
    use crate::types::Scalar;

    fn field(name: &str, scalar: Scalar) -> Field {
        Field { name: name.to_owned(), r#type: Type::Scalar(scalar), has_default: false }
    }

    #[test]
    fn hash_equals_published_value() {
        let fields = [field("x", Scalar::Int)];
        assert_eq!(fingerprint(&fields), "x,7,0,0;");
        assert_eq!(hash(&fields).to_le_bytes(), [0xC0, 0x3E, 0xC0, 0x1D]);
        assert_eq!(hash(&[]).to_le_bytes(), [0x2F, 0, 0, 0]);
    }

    #[test]
    fn numbers_are_ordered_fixed_before_compressed_and_wide_before_narrow() {
        let wire = [
            Scalar::Float,
            Scalar::FixedUint64,
            Scalar::FixedInt64,
            Scalar::Float32,
            Scalar::FixedUint32,
            Scalar::FixedInt32,
            Scalar::Uint16,
            Scalar::Int16,
            Scalar::Uint8,
            Scalar::Int8,
            Scalar::Bool,
            Scalar::TaggedUint64,
            Scalar::Uint64,
            Scalar::TaggedInt64,
            Scalar::Int,
            Scalar::Uint32,
            Scalar::Int32,
        ];
        // The names are in the opposite order, so a sort by name fails the test.
        let name = |index: usize| char::from(b'z' - index as u8).to_string();
        let fields: Vec<Field> = wire.iter().enumerate().map(|(i, &s)| field(&name(i), s)).collect();
        assert_eq!(message_plan(&fields, RootOptions::default()).order, (0..wire.len()).collect::<Vec<_>>());
    }
}
