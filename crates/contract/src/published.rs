//! Reads what a server published about a service: its contract, the definitions of its types, and its manifest.
//!
//! Owns the check of these files against the contract id, and the manifest with all types that they describe. The contract id
//! proves the contract and the types that it names by hash. The tags of types, and defaults, are only in the manifest, which the
//! server may write as it likes: a wrong one makes calls fail, because the other side checks both.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::canonical::{Container, FieldDef, FieldKind, NotCanonical, ServiceContract, TypeDef, TypeKind};

/// The file of the contract in a collection.
const CONTRACT: &str = "contract.bin";
/// The file of the manifest.
const MANIFEST: &str = "manifest.json";
/// The member of a manifest with all types, and the member of a method that says whether they are exact.
const TYPES: &str = "types";
const EXACT: &str = "exact_types";

/// Why published files are not those of a contract.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// A file is missing.
    #[error("the file {0} is missing")]
    Missing(&'static str),
    /// A file is not what its hash says.
    #[error("the content of {0} has another hash")]
    Hash(String),
    /// A file that cannot be read.
    #[error("{0}: {1}")]
    Form(String, NotCanonical),
    /// The manifest is no manifest of this contract.
    #[error("the manifest is not one of the contract")]
    Manifest,
}

/// The manifest of the contract with this id, as JSON text, with the member `types`: every message that the published
/// definitions describe. Each method has `exact_types`: whether all types that it reaches are described exactly.
///
/// *Errors*: [`PublishedError`] when a file is missing, damaged, or belongs to another contract.
pub fn manifest_with_types(contract_id: &str, files: &[(String, Vec<u8>)]) -> Result<String, PublishedError> {
    let contract = contract(contract_id, files)?;
    let mut manifest = manifest(contract_id, files)?;
    let types = Types::read(files, &tags(&manifest))?;
    let exact = types.exact();
    let methods =
        manifest.get_mut("methods").and_then(Value::as_array_mut).ok_or(PublishedError::Manifest)?;
    for method in methods {
        let name = method.get("name").and_then(Value::as_str).unwrap_or_default();
        let declared = contract.methods.iter().find(|declared| declared.name == name);
        let declared = declared.ok_or(PublishedError::Manifest)?;
        let mut all = true;
        let sides =
            [("request_wire_tag", &declared.request_type), ("response_wire_tag", &declared.response_type)];
        for (member, hash) in sides {
            let tag = method.get(member).and_then(Value::as_str).unwrap_or_default();
            let index = types.root(hash, tag);
            all &= index.map_or_else(|| is_primitive(hash), |index| exact.contains(&index));
            // Python leaves the tag of a class without one empty.
            if let Some(index) = index {
                method[member] = json!(types.all[index].tag);
            }
        }
        method[EXACT] = Value::Bool(all);
    }
    manifest[TYPES] = Value::Array(types.described());
    Ok(manifest.to_string())
}

fn file<'f>(files: &'f [(String, Vec<u8>)], name: &'static str) -> Result<&'f [u8], PublishedError> {
    let found = files.iter().find(|(known, _)| known == name);
    found.map(|(_, content)| content.as_slice()).ok_or(PublishedError::Missing(name))
}

fn contract(id: &str, files: &[(String, Vec<u8>)]) -> Result<ServiceContract, PublishedError> {
    let bytes = file(files, CONTRACT)?;
    if blake3::hash(bytes).to_hex().as_str() != id {
        return Err(PublishedError::Hash(CONTRACT.to_owned()));
    }
    ServiceContract::decode(bytes).map_err(|error| PublishedError::Form(CONTRACT.to_owned(), error))
}

fn manifest(id: &str, files: &[(String, Vec<u8>)]) -> Result<Value, PublishedError> {
    let read: Value = serde_json::from_slice(file(files, MANIFEST)?).map_err(|_| PublishedError::Manifest)?;
    if read.get("contract_id").and_then(Value::as_str) != Some(id) {
        return Err(PublishedError::Manifest);
    }
    Ok(read)
}

/// All tags that a manifest names.
fn tags(manifest: &Value) -> BTreeSet<String> {
    let lists = |member: &'static str| {
        let methods = manifest.get("methods").and_then(Value::as_array).into_iter().flatten();
        methods.flat_map(move |method| method.get(member).and_then(Value::as_array).into_iter().flatten())
    };
    let methods = manifest.get("methods").and_then(Value::as_array).into_iter().flatten();
    let roots = methods.flat_map(|method| [method.get("request_wire_tag"), method.get("response_wire_tag")]);
    let fields = lists("fields").chain(lists("response_fields"));
    let named = fields.flat_map(|field| [field.get("wire_tag"), field.get("item_wire_tag")]);
    let tags = roots.chain(named).flatten().filter_map(Value::as_str);
    tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// Whether a hash is that of a primitive request or response.
fn is_primitive(hash: &[u8]) -> bool {
    ["string", "int64", "float64", "bool", "binary"]
        .iter()
        .any(|word| blake3::hash(word.as_bytes()).as_bytes() == hash)
}

/// A message that was published.
struct Published {
    definition: TypeDef,
    tag: String,
    /// The Python module, for a tag without namespace and for a type of a cycle.
    module: Option<String>,
}

/// The messages that were published.
struct Types {
    all: Vec<Published>,
    by_hash: HashMap<Vec<u8>, usize>,
}

/// A type word, and whether the contract tells it exactly.
struct Word {
    value: Value,
    exact: bool,
    message: Option<usize>,
}

impl Word {
    fn plain(word: &str) -> Self {
        Self { value: json!(word), exact: true, message: None }
    }

    /// Any value: the contract does not say which.
    fn unknown() -> Self {
        Self { value: json!("any"), exact: false, message: None }
    }

    fn inside(self, wrap: impl FnOnce(Value) -> Value) -> Self {
        Self { value: wrap(self.value), ..self }
    }
}

impl Types {
    fn read(files: &[(String, Vec<u8>)], tags: &BTreeSet<String>) -> Result<Self, PublishedError> {
        let mut types = Self { all: Vec::new(), by_hash: HashMap::new() };
        for (name, content) in files {
            let Some(hash) = name.strip_prefix("types/").and_then(|rest| rest.strip_suffix(".bin")) else {
                continue;
            };
            let found = blake3::hash(content);
            if found.to_hex().as_str() != hash {
                return Err(PublishedError::Hash(name.clone()));
            }
            let definition =
                TypeDef::decode(content).map_err(|error| PublishedError::Form(name.clone(), error))?;
            if definition.kind != TypeKind::Message {
                continue;
            }
            types.by_hash.insert(found.as_bytes().to_vec(), types.all.len());
            types.all.push(named(definition, tags));
        }
        types.find_modules();
        Ok(types)
    }

    /// A reference that closes a cycle has the Python module of its type, which the contract id depends on.
    fn find_modules(&mut self) {
        let fields = self.all.iter().flat_map(|published| &published.definition.fields);
        let names: BTreeSet<String> = fields
            .filter(|field| field.type_kind == FieldKind::SelfRef)
            .map(|field| field.self_ref_name.clone())
            .collect();
        for name in names {
            let Some(index) = self.by_name(&name) else { continue };
            let published = &mut self.all[index];
            let module =
                name.strip_suffix(&published.definition.name).and_then(|rest| rest.strip_suffix('.'));
            published.module = module.map(str::to_owned);
        }
    }

    /// The type with a Python name. Only the last part is the name that a definition has.
    fn by_name(&self, name: &str) -> Option<usize> {
        let mut found = self.all.iter().enumerate().filter(|(_, published)| {
            let last = &published.definition.name;
            name.strip_suffix(last.as_str()).is_some_and(|rest| rest.ends_with('.'))
        });
        let first = found.next().map(|(index, _)| index);
        // Two types with the name: nothing tells which one it is.
        if found.next().is_some() { None } else { first }
    }

    /// The type of a request or response: by its hash, or, where Python wrote zeros, by its tag.
    fn root(&self, hash: &[u8], tag: &str) -> Option<usize> {
        let by_tag = || self.all.iter().position(|published| published.tag == tag);
        self.by_hash.get(hash).copied().or_else(by_tag)
    }

    fn field(&self, field: &FieldDef) -> Word {
        let element =
            self.word(field.type_kind, &field.type_primitive, &field.type_ref, &field.self_ref_name);
        let word = match field.container {
            Container::None => element,
            Container::List => element.inside(|value| json!({ "list": value })),
            Container::Set => element.inside(|value| json!({ "set": value })),
            Container::Map => {
                let (kind, primitive) = (field.container_key_kind, &field.container_key_primitive);
                let key = self.word(kind, primitive, &field.container_key_ref, "");
                let exact = key.exact && element.exact;
                Word { exact, ..element.inside(|value| json!({ "map": [key.value, value] })) }
            }
        };
        if field.optional {
            return word.inside(|value| json!({ "optional": value }));
        }
        word
    }

    fn word(&self, kind: FieldKind, primitive: &str, hash: &[u8], name: &str) -> Word {
        match kind {
            FieldKind::Primitive => match primitive {
                "string" => Word::plain("string"),
                "int64" => Word::plain("int"),
                "float64" => Word::plain("float"),
                "bool" => Word::plain("bool"),
                "binary" => Word::plain("bytes"),
                _ => Word::unknown(),
            },
            FieldKind::Ref => Self::message(self.by_hash.get(hash).copied()),
            FieldKind::SelfRef => Self::message(self.by_name(name)),
            FieldKind::Any => Word::unknown(),
        }
    }

    fn message(index: Option<usize>) -> Word {
        let message =
            |index: usize| Word { value: json!({ "message": index }), exact: true, message: Some(index) };
        index.map_or_else(Word::unknown, message)
    }

    /// The types that are told exactly, with all types that they reach.
    fn exact(&self) -> BTreeSet<usize> {
        let words: Vec<Vec<Word>> = self
            .all
            .iter()
            .map(|published| published.definition.fields.iter().map(|field| self.field(field)).collect())
            .collect();
        let mut users: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut waiting = Vec::new();
        for (index, words) in words.iter().enumerate() {
            words
                .iter()
                .filter_map(|word| word.message)
                .for_each(|to| users.entry(to).or_default().push(index));
            if words.iter().any(|word| !word.exact) {
                waiting.push(index);
            }
        }
        let mut exact: BTreeSet<usize> = (0..self.all.len()).collect();
        while let Some(index) = waiting.pop() {
            if exact.remove(&index) {
                waiting.extend(users.get(&index).into_iter().flatten());
            }
        }
        exact
    }

    fn described(&self) -> Vec<Value> {
        let message = |published: &Published| {
            let (namespace, name) = published.tag.rsplit_once('/').unwrap_or(("", &published.tag));
            let fields = published.definition.fields.iter();
            let fields: Vec<Value> =
                fields.map(|field| json!({ "name": field.name, "type": self.field(field).value })).collect();
            json!({
                "kind": "message",
                "tag": published.tag,
                "namespace": namespace,
                "name": name,
                "pythonModule": published.module,
                "fields": fields,
            })
        };
        self.all.iter().map(message).collect()
    }
}

/// A definition with its tag. It says `package/name`, also for a tag without a package: then the package is the Python module.
fn named(definition: TypeDef, tags: &BTreeSet<String>) -> Published {
    let whole = format!("{}/{}", definition.package, definition.name);
    if !tags.contains(&whole) && tags.contains(&definition.name) {
        let module = Some(definition.package.clone());
        return Published { tag: definition.name.clone(), module, definition };
    }
    Published { tag: whole, module: None, definition }
}
