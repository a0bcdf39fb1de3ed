//! Parses a descriptor. Sizes are bounded, and everything that docs/plan.md does not define is refused with its path.

use std::collections::HashSet;

use serde_json::Value;

use super::cursor::Cursor;
use super::{Body, Declaration, EnumValue, Field, PlanError, RootOptions, Schema, Type};
use crate::types::{ArrayKind, Scalar};

const MAX_TYPES: usize = 4096;
const MAX_FIELDS: usize = 4096;
const MAX_MEMBERS: usize = 65_536;
const MAX_ROOTS: usize = 65_536;
const MAX_TYPE_DEPTH: usize = 32;

impl Schema {
    /// Parses and checks a descriptor.
    ///
    /// Errors: [`PlanError`] with the path of the wrong declaration.
    pub fn from_json(text: &str) -> Result<Self, PlanError> {
        let document: Value = serde_json::from_str(text)?;
        let root = Cursor::root(&document);
        root.only_members(&["types", "roots"])?;
        let declarations = root.member("types")?.items(MAX_TYPES)?;
        let kinds = declarations.iter().map(declared_kind).collect::<Result<Vec<_>, _>>()?;
        let context = Context { kinds };
        let types = declarations.iter().map(|at| context.declaration(at)).collect::<Result<Vec<_>, _>>()?;
        let mut names = HashSet::new();
        for (at, declared) in declarations.iter().zip(&types) {
            if !names.insert((&declared.namespace, &declared.name)) {
                return Err(at.wrong("another type has the same tag"));
            }
        }
        let roots = root.member("roots")?.items(MAX_ROOTS)?;
        let roots = roots.iter().map(|at| context.r#type(at, 0)).collect::<Result<_, _>>()?;
        Ok(Self { types, roots })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DeclarationKind {
    Message,
    Enum,
    Extension,
}

fn declared_kind(at: &Cursor<'_>) -> Result<DeclarationKind, PlanError> {
    let kind = at.member("kind")?;
    match kind.text()? {
        "message" => Ok(DeclarationKind::Message),
        "enum" => Ok(DeclarationKind::Enum),
        "ext" => Ok(DeclarationKind::Extension),
        other => Err(kind.wrong(format!("unknown kind {other:?}"))),
    }
}

struct Context {
    kinds: Vec<DeclarationKind>,
}

impl Context {
    fn declaration(&self, at: &Cursor<'_>) -> Result<Declaration, PlanError> {
        let name = at.member("name")?;
        if name.text()?.is_empty() {
            return Err(name.wrong("must not be empty"));
        }
        let body = match declared_kind(at)? {
            DeclarationKind::Message => {
                let options = RootOptions { refs: at.flag("refs")?, compatible: at.flag("compatible")? };
                Body::Message(self.fields(at)?, options)
            }
            DeclarationKind::Enum => Body::Enum(enum_values(at)?),
            DeclarationKind::Extension => {
                at.only_members(&["kind", "tag", "namespace", "name", "pythonModule", "qualname"])?;
                Body::Extension
            }
        };
        Ok(Declaration {
            namespace: at.member("namespace")?.text()?.to_owned(),
            name: name.text()?.to_owned(),
            body,
        })
    }

    fn fields(&self, at: &Cursor<'_>) -> Result<Vec<Field>, PlanError> {
        at.only_members(&[
            "kind",
            "tag",
            "namespace",
            "name",
            "pythonModule",
            "qualname",
            "refs",
            "compatible",
            "fields",
        ])?;
        let mut names = HashSet::new();
        let mut fields = Vec::new();
        for field in at.member("fields")?.items(MAX_FIELDS)? {
            field.only_members(&["name", "type", "default"])?;
            let name = field.member("name")?;
            let text = name.text()?;
            if text.is_empty() {
                return Err(name.wrong("must not be empty"));
            }
            if !names.insert(text) {
                return Err(name.wrong(format!("another field has the name {text:?}")));
            }
            let has_default = field.flag("default")?;
            let r#type = self.r#type(&field.member("type")?, 0)?;
            fields.push(Field { name: text.to_owned(), r#type, has_default });
        }
        Ok(fields)
    }

    fn r#type(&self, at: &Cursor<'_>, depth: usize) -> Result<Type, PlanError> {
        if depth > MAX_TYPE_DEPTH {
            return Err(at.wrong(format!("types are nested more than {MAX_TYPE_DEPTH} levels deep")));
        }
        if let Some(word) = at.value.as_str() {
            return match word {
                "any" | "json" => Ok(Type::Any),
                "anyList" => Ok(Type::AnyList),
                "anyMap" => Ok(Type::AnyMap),
                _ => Scalar::from_word(word)
                    .map(Type::Scalar)
                    .ok_or_else(|| at.wrong(format!("unknown type {word:?}"))),
            };
        }
        let members = at.value.as_object().filter(|members| members.len() == 1);
        let Some((word, value)) = members.and_then(|members| members.iter().next()) else {
            return Err(at.wrong("must be a type name or an object with one member"));
        };
        self.composed(word, &at.child(word, value), depth)
    }

    fn composed(&self, word: &str, at: &Cursor<'_>, depth: usize) -> Result<Type, PlanError> {
        let inner = |at: &Cursor<'_>| self.r#type(at, depth + 1);
        match word {
            "list" => Ok(Type::List(Box::new(inner(at)?))),
            "set" => Ok(Type::Set(Box::new(inner(at)?))),
            "map" => match at.items(2)?.as_slice() {
                [key, value] => Ok(Type::Map(Box::new((inner(key)?, inner(value)?)))),
                _ => Err(at.wrong("must be two types: key and value")),
            },
            "optional" => match inner(at)? {
                Type::Optional(_) => Err(at.wrong("the type is already optional")),
                Type::Shared(inner) if matches!(*inner, Type::Optional(_)) => {
                    Err(at.wrong("the type is already optional"))
                }
                r#type => Ok(Type::Optional(Box::new(r#type))),
            },
            "shared" => match inner(at)? {
                Type::Shared(_) => Err(at.wrong("the type is already shared")),
                Type::Optional(inner) if matches!(*inner, Type::Shared(_)) => {
                    Err(at.wrong("the type is already shared"))
                }
                r#type => Ok(Type::Shared(Box::new(r#type))),
            },
            "array" => {
                let kind = ArrayKind::from_word(at.text()?);
                kind.map(Type::Array).ok_or_else(|| at.wrong("unknown array kind"))
            }
            "message" => self.named(at, DeclarationKind::Message).map(Type::Message),
            "enum" => self.named(at, DeclarationKind::Enum).map(Type::Enum),
            "ext" => self.named(at, DeclarationKind::Extension).map(Type::Extension),
            "union" => {
                let any = |at: &Cursor<'_>| self.type_index(at);
                let indexes = at.items(MAX_TYPES)?.iter().map(any).collect::<Result<Vec<_>, _>>()?;
                if indexes.is_empty() {
                    return Err(at.wrong("a union needs at least one type"));
                }
                Ok(Type::Union(indexes))
            }
            _ => Err(at.wrong(format!("unknown type {word:?}"))),
        }
    }

    fn type_index(&self, at: &Cursor<'_>) -> Result<usize, PlanError> {
        let index = at.index()?;
        if index < self.kinds.len() {
            return Ok(index);
        }
        Err(at.wrong(format!(
            "type index {index} does not exist; the descriptor has {} types",
            self.kinds.len()
        )))
    }

    fn named(&self, at: &Cursor<'_>, kind: DeclarationKind) -> Result<usize, PlanError> {
        let index = self.type_index(at)?;
        let word = |kind| match kind {
            DeclarationKind::Message => "a message",
            DeclarationKind::Enum => "an enum",
            DeclarationKind::Extension => "an extension",
        };
        match self.kinds.get(index) {
            Some(&other) if other != kind => Err(at.wrong(format!("type {index} is {}", word(other)))),
            _ => Ok(index),
        }
    }
}

fn enum_values(at: &Cursor<'_>) -> Result<Vec<EnumValue>, PlanError> {
    at.only_members(&["kind", "tag", "namespace", "name", "pythonModule", "qualname", "members", "json"])?;
    let members = at.member("members")?.items(MAX_MEMBERS)?;
    if members.is_empty() {
        return Err(at.wrong("an enum needs at least one member"));
    }
    let mut names = HashSet::new();
    for member in &members {
        if !names.insert(member.text()?) {
            return Err(member.wrong("another member has the same name"));
        }
    }
    let json = at.member("json")?;
    let places = json.items(MAX_MEMBERS)?;
    if places.len() != members.len() {
        return Err(json.wrong("must have one value for each member"));
    }
    let mut values = Vec::with_capacity(places.len());
    let mut distinct = HashSet::new();
    for place in &places {
        let value = match place.value {
            Value::String(text) => EnumValue::Text(text.clone()),
            other => EnumValue::Integer(
                other.as_i64().ok_or_else(|| place.wrong("must be a string or an integer"))?,
            ),
        };
        if !distinct.insert(value.clone()) {
            return Err(place.wrong("another member has the same value"));
        }
        values.push(value);
    }
    Ok(values)
}
