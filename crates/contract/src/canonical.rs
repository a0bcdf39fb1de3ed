//! The canonical encoding of types and contracts, which the contract id is the hash of.
//!
//! Owns the records and their bytes: fields in a fixed order, no names, no header. `Deserialize` reads the JSON form
//! of the same records that Python's native functions accept and that the golden vectors use.

use serde::{Deserialize, Deserializer};
use unicode_normalization::UnicodeNormalization;

mod bytes;
mod read;
use bytes::Out;
pub use read::NotCanonical;

/// A hash; empty if there is none.
pub type Hash = Vec<u8>;

/// The definition of a type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "members of the canonical form, described in docs/protocol.md")]
pub struct TypeDef {
    pub kind: TypeKind,
    pub package: String,
    pub name: String,
    #[serde(default)]
    pub fields: Vec<FieldDef>,
    #[serde(default)]
    pub enum_values: Vec<EnumValueDef>,
    #[serde(default)]
    pub union_variants: Vec<UnionVariantDef>,
}

/// The kind of a type definition. This library only produces messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "words of the canonical form")]
pub enum TypeKind {
    Message = 0,
    Enum = 1,
    Union = 2,
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "members of the canonical form, described in docs/protocol.md")]
pub struct FieldDef {
    pub id: i32,
    pub name: String,
    pub type_kind: FieldKind,
    pub type_primitive: String,
    #[serde(deserialize_with = "hash_from_hex")]
    pub type_ref: Hash,
    pub self_ref_name: String,
    pub optional: bool,
    pub ref_tracked: bool,
    pub container: Container,
    pub container_key_kind: FieldKind,
    pub container_key_primitive: String,
    #[serde(deserialize_with = "hash_from_hex")]
    pub container_key_ref: Hash,
}

/// How the type of a field is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "words of the canonical form")]
pub enum FieldKind {
    #[default]
    Primitive = 0,
    Ref = 1,
    SelfRef = 2,
    Any = 3,
}

/// The container of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "words of the canonical form")]
pub enum Container {
    #[default]
    None = 0,
    List = 1,
    Set = 2,
    Map = 3,
}

/// A member of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "members of the canonical form, described in docs/protocol.md")]
pub struct EnumValueDef {
    pub name: String,
    pub value: i32,
}

/// A member of a union.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "members of the canonical form, described in docs/protocol.md")]
pub struct UnionVariantDef {
    pub name: String,
    pub id: i32,
    #[serde(deserialize_with = "hash_from_hex")]
    pub type_ref: Hash,
}

/// The roles that a caller needs. This library never writes one into a contract.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "members of the canonical form, described in docs/protocol.md")]
pub struct CapabilityRequirement {
    pub kind: RequirementKind,
    pub roles: Vec<String>,
}

/// How the roles of a requirement combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "words of the canonical form")]
pub enum RequirementKind {
    Role = 0,
    AnyOf = 1,
    AllOf = 2,
}

/// A method.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "members of the canonical form, described in docs/protocol.md")]
pub struct MethodDef {
    pub name: String,
    pub pattern: MethodPattern,
    #[serde(deserialize_with = "hash_from_hex")]
    pub request_type: Hash,
    #[serde(deserialize_with = "hash_from_hex")]
    pub response_type: Hash,
    pub idempotent: bool,
    pub default_timeout: f64,
    #[serde(default)]
    pub requires: Option<CapabilityRequirement>,
}

/// Which sides of a method stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "words of the canonical form")]
pub enum MethodPattern {
    Unary = 0,
    ServerStream = 1,
    ClientStream = 2,
    BidiStream = 3,
}

/// The contract whose hash is the contract id.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "members of the canonical form, described in docs/protocol.md")]
pub struct ServiceContract {
    pub name: String,
    pub version: i32,
    #[serde(default)]
    pub methods: Vec<MethodDef>,
    #[serde(default)]
    pub serialization_modes: Vec<String>,
    #[serde(default)]
    pub scoped: Scoped,
    #[serde(default)]
    pub requires: Option<CapabilityRequirement>,
}

/// Scope of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "words of the canonical form")]
pub enum Scoped {
    #[default]
    Shared = 0,
    #[serde(alias = "stream")]
    Session = 1,
}

impl TypeDef {
    /// The canonical bytes; their BLAKE3 is the type hash.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Out::default();
        out.number(self.kind as u64);
        out.text(&self.package);
        out.text(&self.name);
        out.list(sorted(&self.fields, |field| field.id), |out, field| {
            field.put(out);
        });
        out.list(sorted(&self.enum_values, |member| member.value), |out, member| {
            out.text(&member.name);
            out.int(member.value);
        });
        out.list(sorted(&self.union_variants, |variant| variant.id), |out, variant| {
            out.text(&variant.name);
            out.int(variant.id);
            out.bytes(&variant.type_ref);
        });
        out.into_vec()
    }
}

impl FieldDef {
    fn put(&self, out: &mut Out) {
        out.int(self.id);
        out.text(&self.name);
        out.number(self.type_kind as u64);
        out.text(&self.type_primitive);
        out.bytes(&self.type_ref);
        out.text(&self.self_ref_name);
        out.bool(self.optional);
        out.bool(self.ref_tracked);
        out.number(self.container as u64);
        out.number(self.container_key_kind as u64);
        out.text(&self.container_key_primitive);
        out.bytes(&self.container_key_ref);
    }
}

impl CapabilityRequirement {
    fn put(&self, out: &mut Out) {
        out.number(self.kind as u64);
        let mut roles: Vec<String> = self.roles.iter().map(|role| role.nfc().collect()).collect();
        roles.sort();
        out.list(roles.iter().collect(), |out, role| out.text(role));
    }
}

impl MethodDef {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Out::default();
        self.put(&mut out);
        out.into_vec()
    }

    fn put(&self, out: &mut Out) {
        out.text(&self.name);
        out.number(self.pattern as u64);
        out.bytes(&self.request_type);
        out.bytes(&self.response_type);
        out.bool(self.idempotent);
        out.float(self.default_timeout);
        out.optional(self.requires.as_ref(), |out, requirement| {
            requirement.put(out);
        });
    }
}

impl ServiceContract {
    /// The canonical bytes; their BLAKE3 is the contract id.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Out::default();
        out.text(&self.name);
        out.int(self.version);
        let methods = sorted(&self.methods, |method| method.name.nfc().collect::<String>());
        out.list(methods, |out, method| method.put(out));
        out.list(self.serialization_modes.iter().collect(), |out, mode| {
            out.text(mode);
        });
        out.number(self.scoped as u64);
        out.optional(self.requires.as_ref(), |out, requirement| {
            requirement.put(out);
        });
        out.into_vec()
    }
}

/// Sorts by a key. Names are encoded unchanged; only the sort key is normalised. Equal keys keep their order.
fn sorted<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> Vec<&T> {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort_by_key(|item| key(item));
    sorted
}

/// Reads hexadecimal digits. Text that is not hexadecimal gives an empty hash, as in Python.
fn hash_from_hex<'de, D: Deserializer<'de>>(input: D) -> Result<Hash, D::Error> {
    let text = String::deserialize(input)?;
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
    let pairs = digits.filter(|digits| digits.len().is_multiple_of(2)).unwrap_or_default();
    Ok(pairs.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect())
}
