//! `.aster-identity`: the node key and the credentials of a node, in TOML.
//!
//! Reads what the reference's command line writes. Writing keeps what is there: comments, unknown members and the tables
//! of published services survive.

use std::fmt;

use serde_json::{Map, Value};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, value};
use zeroize::Zeroizing;

use crate::attributes::{NAME, ROLE};
use crate::credential::check;
use crate::credential::document::{self, CredentialError};
use crate::credential::{Credential, CredentialKind};
use crate::json::{Malformed, Object};
use crate::key::{EndpointId, NodeKey};
use crate::refusal::Refusal;

/// Largest file.
pub const MAX_FILE_BYTES: usize = 262_144;
/// Most `[[peers]]` entries.
pub const MAX_PEERS: usize = 256;
/// Where a node looks for its identity when it is not told where.
pub const DEFAULT_FILE_NAME: &str = ".aster-identity";

/// The members of a `[[peers]]` entry, in the order in which they are written, attributes last.
const ENTRY_MEMBERS: [&str; 8] =
    ["name", "role", "type", "root_pubkey", "endpoint_id", "expires_at", "nonce", "signature"];
const HEADER: &str = "# The identity of a node: keep it secret, mode 0600\n\n";

/// Why a text is no identity file, or why something cannot be put into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It is not a document of this form.
    #[error("the identity file is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The secret key is not 32 bytes in base64.
    #[error("node.secret_key is not 32 bytes in base64")]
    SecretKey,
    /// The file has no secret key.
    #[error("the identity file has no node.secret_key")]
    NoSecretKey,
    /// The credential in an entry cannot be read.
    #[error("the entry's credential: {0}")]
    Credential(#[from] CredentialError),
    /// A credential of another node.
    #[error("the credential is bound to another node than this file's")]
    OtherNode,
    /// A credential that would be refused everywhere.
    #[error("{0}")]
    Unusable(Refusal),
}

/// Which side of admission an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A server that joins the mesh.
    Producer,
    /// A client.
    Consumer,
}

impl Role {
    /// The word for it in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }

    fn of(kind: CredentialKind) -> Self {
        if kind == CredentialKind::Producer { Self::Producer } else { Self::Consumer }
    }
}

/// A service's entry in `[published_services]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublishedService {
    /// The token of its producer.
    pub producer_token: Option<String>,
    /// The id of its contract.
    pub contract_id: Option<String>,
    /// Its name.
    pub service_name: Option<String>,
}

/// An identity file. Nothing of it is shown by `Debug`.
#[derive(Clone, Default)]
pub struct Identity(DocumentMut);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// One `[[peers]]` entry: a credential with a name and a role.
#[derive(Clone, Copy)]
pub struct PeerEntry<'a>(&'a dyn TableLike);

impl fmt::Debug for PeerEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerEntry({:?})", self.name())
    }
}

impl Identity {
    /// Reads a file.
    pub fn from_toml(text: &str) -> Result<Self, IdentityError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(Malformed::TooLarge { bytes: text.len(), limit: MAX_FILE_BYTES }.into());
        }
        let document: DocumentMut = text.parse().map_err(|_| Malformed::Toml)?;
        let identity = Self(document);
        let items = identity.0.get("peers");
        let shaped = items.is_none_or(|peers| peers.is_array_of_tables() || is_list_of_tables(peers));
        if !shaped {
            return Err(Malformed::Member("peers").into());
        }
        if identity.peers().count() > MAX_PEERS {
            return Err(Malformed::TooMany { member: "peers", limit: MAX_PEERS }.into());
        }
        Ok(identity)
    }

    /// The file.
    pub fn to_toml(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string())
    }

    /// The node's key; none when the file has none.
    pub fn node_key(&self) -> Result<Option<NodeKey>, IdentityError> {
        let node = self.0.get("node");
        let Some(secret) = node.and_then(|node| node.get("secret_key")) else { return Ok(None) };
        let text = secret.as_str().ok_or(IdentityError::SecretKey)?.trim();
        let decoded = data_encoding::BASE64.decode(text.as_bytes()).map(Zeroizing::new);
        let seed = decoded.ok().and_then(|bytes| crate::key_file::raw(&bytes).ok());
        Ok(Some(NodeKey::from_seed(&*seed.ok_or(IdentityError::SecretKey)?)))
    }

    /// Writes the node's key and its endpoint id.
    pub fn set_node_key(&mut self, key: &NodeKey) -> Result<(), IdentityError> {
        let secret = Zeroizing::new(data_encoding::BASE64.encode(&*key.seed()));
        let mut table = Table::new();
        if self.0.is_empty() {
            table.decor_mut().set_prefix(HEADER);
        }
        let node = self.0.entry("node").or_insert(Item::Table(table));
        let node = node.as_table_like_mut().ok_or(Malformed::Member("node"))?;
        node.insert("secret_key", value(secret.as_str()));
        node.insert("endpoint_id", value(key.public_key().to_string()));
        Ok(())
    }

    /// The entries, in order.
    pub fn peers(&self) -> impl Iterator<Item = PeerEntry<'_>> {
        let peers = self.0.get("peers");
        let tables = peers.and_then(Item::as_array_of_tables).into_iter().flat_map(ArrayOfTables::iter);
        let inline = peers.and_then(Item::as_array).into_iter().flat_map(Array::iter);
        let inline = inline.filter_map(toml_edit::Value::as_inline_table);
        tables
            .map(|table| table as &dyn TableLike)
            .chain(inline.map(|table| table as &dyn TableLike))
            .map(PeerEntry)
    }

    /// The entry to use: the one called `name` if a name is given, else the first one with the role.
    pub fn select(&self, name: Option<&str>, role: Role) -> Option<PeerEntry<'_>> {
        self.peers().find(|entry| match name {
            Some(name) => entry.name() == Some(name),
            None => entry.role() == Some(role.word()),
        })
    }

    /// The entry to use when the file is given as a credential: the first consumer, else the first of all.
    pub fn as_credential(&self) -> Option<PeerEntry<'_>> {
        self.select(None, Role::Consumer).or_else(|| self.peers().next())
    }

    /// Adds a credential under a name, in place of an entry with that name. The credential has to be one of this file's
    /// node, and signed.
    pub fn install(&mut self, name: &str, credential: &Credential) -> Result<(), IdentityError> {
        let node = self.node_key()?.ok_or(IdentityError::NoSecretKey)?.public_key();
        let bound = credential.endpoint_id.as_deref();
        if bound.is_some_and(|bound| EndpointId::from_hex(bound) != Some(node)) {
            return Err(IdentityError::OtherNode);
        }
        if let Some(refusal) = check::structure(credential) {
            return Err(IdentityError::Unusable(refusal));
        }
        if !credential.is_signed() {
            return Err(IdentityError::Unusable(Refusal::BadSignature));
        }
        let entry = entry(name, credential)?;
        let peers = self.0.entry("peers").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(list) = peers.as_array().cloned() {
            *peers = Item::Value(list.into()).into_array_of_tables().map_or(Item::None, Item::ArrayOfTables);
        }
        let peers = peers.as_array_of_tables_mut().ok_or(Malformed::Member("peers"))?;
        peers.retain(|table| table.get("name").and_then(Item::as_str) != Some(name));
        if peers.len() >= MAX_PEERS {
            return Err(Malformed::TooMany { member: "peers", limit: MAX_PEERS }.into());
        }
        peers.push(entry);
        Ok(())
    }

    /// What the file says about a published service.
    pub fn published_service(&self, service: &str) -> Option<PublishedService> {
        let entry = self.0.get("published_services")?.get(service)?.as_table_like()?;
        let text = |name| entry.get(name).and_then(Item::as_str).map(str::to_owned);
        Some(PublishedService {
            producer_token: text("producer_token"),
            contract_id: text("contract_id"),
            service_name: text("service_name"),
        })
    }

    /// Writes what the file says about a published service.
    pub fn set_published_service(
        &mut self,
        service: &str,
        entry: &PublishedService,
    ) -> Result<(), IdentityError> {
        const NAME: &str = "published_services";
        let mut tables = Table::new();
        tables.set_implicit(true);
        let services = self.0.entry(NAME).or_insert(Item::Table(tables));
        let services = services.as_table_like_mut().ok_or(Malformed::Member(NAME))?;
        let mut table = Table::new();
        for (name, text) in [
            ("producer_token", &entry.producer_token),
            ("contract_id", &entry.contract_id),
            ("service_name", &entry.service_name),
        ] {
            if let Some(text) = text {
                table.insert(name, value(text.as_str()));
            }
        }
        services.insert(service, Item::Table(table));
        Ok(())
    }
}

fn is_list_of_tables(item: &Item) -> bool {
    item.as_array().is_some_and(|list| list.iter().all(toml_edit::Value::is_inline_table))
}

impl<'a> PeerEntry<'a> {
    /// The entry's label.
    pub fn name(self) -> Option<&'a str> {
        self.0.get("name").and_then(Item::as_str)
    }

    /// The entry's role, as it is written.
    pub fn role(self) -> Option<&'a str> {
        self.0.get("role").and_then(Item::as_str)
    }

    /// The entry's credential.
    ///
    /// The reference's command line leaves out `aster.role` and `aster.name` where they equal the entry's role and name, but
    /// has signed them. So the attributes are tried as they are written and with those added, and the ones whose
    /// signature fits are taken; if none fits, the ones that are written.
    pub fn credential(self) -> Result<Credential, IdentityError> {
        let stored = self.stored()?;
        let role = |credential: &Credential| with(credential, ROLE, self.role());
        let name = |credential: &Credential| with(credential, NAME, self.name());
        let with_role = role(&stored);
        let candidates = [name(&with_role), name(&stored), with_role];
        if stored.is_signed() {
            return Ok(stored);
        }
        Ok(candidates.into_iter().find(Credential::is_signed).unwrap_or(stored))
    }

    /// The credential as it is written: read by the same rules as one in JSON.
    fn stored(self) -> Result<Credential, IdentityError> {
        let mut members = Map::new();
        for name in ENTRY_MEMBERS.into_iter().chain(["attributes"]) {
            if let Some(item) = self.0.get(name) {
                members.insert(name.to_owned(), to_json(item).ok_or(Malformed::Member(name))?);
            }
        }
        let object = Object::from_members(members);
        if self.role() == Some(Role::Producer.word()) {
            return Ok(document::producer(&object)?);
        }
        match CredentialKind::from_word(object.text("type")?.unwrap_or("policy")) {
            Some(kind @ (CredentialKind::Policy | CredentialKind::OneTime)) => {
                Ok(document::consumer(kind, &object)?)
            }
            _ => Err(CredentialError::UnknownType.into()),
        }
    }
}

/// The same credential, with an attribute more if it has none of that name.
fn with(credential: &Credential, attribute: &str, value: Option<&str>) -> Credential {
    let attributes = match value {
        Some(value) => credential.attributes.with(attribute, value),
        None => credential.attributes.clone(),
    };
    Credential { attributes, ..credential.clone() }
}

/// A text, a number or a table of texts.
fn to_json(item: &Item) -> Option<Value> {
    if let Some(table) = item.as_table_like() {
        let pairs = table.iter().map(|(name, item)| Some((name.to_owned(), Value::from(item.as_str()?))));
        return pairs.collect::<Option<Map<_, _>>>().map(Value::Object);
    }
    let text = item.as_str().map(Value::from);
    text.or_else(|| item.as_integer().map(Value::from)).or_else(|| item.as_float().map(Value::from))
}

/// An entry with all attributes: the reference's runtime does not add the ones that its command line leaves out.
fn entry(name: &str, credential: &Credential) -> Result<Table, IdentityError> {
    let mut attributes = InlineTable::new();
    for (name, value) in credential.attributes.iter() {
        attributes.insert(name, value.into());
    }
    let is_one_time = credential.kind == CredentialKind::OneTime;
    let kind = if is_one_time { CredentialKind::OneTime } else { CredentialKind::Policy };
    let expires_at =
        i64::try_from(credential.expires_at.seconds()).map_err(|_| Malformed::Member("expires_at"))?;
    let mut table = Table::new();
    for member in ENTRY_MEMBERS {
        let item = match member {
            "name" => Some(value(name)),
            "role" => Some(value(Role::of(credential.kind).word())),
            "type" => Some(value(kind.word())),
            "root_pubkey" => Some(value(credential.root.to_string())),
            "endpoint_id" => credential.endpoint_id.as_deref().map(value),
            "expires_at" => Some(value(expires_at)),
            "nonce" => credential.nonce.as_ref().map(|nonce| value(nonce.to_hex())),
            _ => credential.signature.map(|signature| value(signature.to_string())),
        };
        if let Some(item) = item {
            table.insert(member, item);
        }
    }
    table.insert("attributes", value(attributes));
    Ok(table)
}
