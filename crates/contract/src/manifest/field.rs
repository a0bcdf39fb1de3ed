//! A field in the manifest: its kind, the type that it refers to, and its default.

use serde_json::{Map, Value, json};

use super::text::bytes_repr;
use crate::schema::{Composed, Field, Type, Word};
use crate::service::Service;

type Members = Map<String, Value>;

/// Describes a field. `value` is its default, if the default is a scalar or null.
pub(super) fn describe(service: &Service, field: &Field, value: Option<&Value>) -> Value {
    let (kind, nullable) = field.kind.unwrapped_as_in_python();
    let (_, optional) = field.kind.unwrapped();
    let required = !field.has_default && !optional;
    let (default, default_kind) = default(field, value, kind, optional);
    let mut members = Members::new();
    members.insert("name".to_owned(), json!(field.name));
    members.insert("kind".to_owned(), json!(word(kind)));
    members.insert("nullable".to_owned(), json!(nullable));
    members.insert("required".to_owned(), json!(required));
    members.insert("default_value".to_owned(), default);
    members.insert("default_kind".to_owned(), json!(default_kind));
    match kind {
        Type::Composed(Composed::List(element)) => put_item(&mut members, service, element),
        Type::Composed(Composed::Map(parts)) => put_entry(&mut members, service, &parts.0, &parts.1),
        Type::Word(Word::AnyList) => put_item(&mut members, service, &Type::Word(Word::String)),
        Type::Word(Word::AnyMap) => {
            put_entry(&mut members, service, &Type::Word(Word::String), &Type::Word(Word::String));
        }
        _ => put_named(&mut members, service, kind),
    }
    members.insert("properties".to_owned(), json!({}));
    Value::Object(members)
}

fn word(kind: &Type) -> &'static str {
    match kind {
        Type::Word(Word::Int) => "int",
        Type::Word(Word::Float) => "float",
        Type::Word(Word::Bool) => "bool",
        Type::Word(Word::Bytes) => "bytes",
        Type::Word(Word::AnyList) | Type::Composed(Composed::List(_)) => "list",
        Type::Word(Word::AnyMap) | Type::Composed(Composed::Map(_)) => "map",
        Type::Composed(Composed::Message(_)) => "ref",
        Type::Composed(Composed::Enum(_)) => "enum",
        // Manifests have no word for sets, times, unions and sized numbers; Python writes "string" for them, too.
        _ => "string",
    }
}

/// The name of a message or enum in a manifest.
fn name<'a>(service: &'a Service, kind: &Type) -> Option<&'a str> {
    match kind {
        Type::Composed(Composed::Message(index)) => {
            service.message(*index).map(crate::schema::Message::class_name)
        }
        Type::Composed(Composed::Enum(index)) => {
            service.enumeration(*index).map(|declared| declared.name.as_str())
        }
        _ => None,
    }
}

fn tag<'a>(service: &'a Service, kind: &Type) -> Option<&'a str> {
    match kind {
        Type::Composed(Composed::Message(index)) => {
            service.message(*index).map(|message| message.tag.as_str())
        }
        _ => None,
    }
}

fn put_named(members: &mut Members, service: &Service, kind: &Type) {
    put(members, "ref_name", name(service, kind));
    put(members, "wire_tag", tag(service, kind));
    if let Type::Composed(Composed::Enum(index)) = kind {
        put(members, "enum_values", service.enumeration(*index).map(|declared| declared.json.clone()));
    }
}

fn put_item(members: &mut Members, service: &Service, element: &Type) {
    let (kind, nullable) = element.unwrapped_as_in_python();
    put(members, "item_kind", Some(word(kind)));
    put(members, "item_ref", name(service, kind));
    put(members, "item_wire_tag", tag(service, kind));
    put(members, "item_nullable", Some(nullable));
}

fn put_entry(members: &mut Members, service: &Service, key: &Type, value: &Type) {
    let (kind, nullable) = value.unwrapped_as_in_python();
    put(members, "key_kind", Some(word(key.unwrapped().0)));
    put(members, "value_kind", Some(word(kind)));
    put(members, "value_ref", name(service, kind));
    put(members, "value_nullable", Some(nullable));
}

fn put(members: &mut Members, member: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        members.insert(member.to_owned(), value.into());
    }
}

/// The default value and the word for its kind. A default that is not a JSON scalar is created for each message;
/// Python calls this a factory.
fn default(field: &Field, value: Option<&Value>, kind: &Type, optional: bool) -> (Value, &'static str) {
    if !field.has_default {
        return (Value::Null, if optional { "value" } else { "none" });
    }
    match (value, kind) {
        (Some(Value::Number(number)), Type::Word(Word::Float)) => (json!(number.as_f64()), "value"),
        (Some(Value::String(digits)), Type::Word(Word::Bytes)) => (json!(bytes_repr(digits)), "value"),
        (Some(scalar), _) if !scalar.is_array() && !scalar.is_object() => (scalar.clone(), "value"),
        (_, Type::Word(Word::AnyList) | Type::Composed(Composed::List(_))) => (Value::Null, "empty_list"),
        (_, Type::Word(Word::AnyMap) | Type::Composed(Composed::Map(_))) => (Value::Null, "empty_map"),
        _ => (Value::Null, "factory"),
    }
}
