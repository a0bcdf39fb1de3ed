//! Compares two contracts: what changed, which peers the change breaks, what to do (`docs/contracts.md`).
//!
//! Owns the rules of evolution, for manifests, exported contracts and service documents. `side` reads these
//! documents, `text` prints a comparison. A changed contract id breaks every stub that checks it. So a comparison
//! says which clients and servers can still call each other, and not only whether payloads still decode.

use serde::Serialize;
use serde_json::Value;

use crate::error::ContractError;

mod field;
mod method;
mod named_type;
mod side;
mod text;
mod verdict;

pub use verdict::{Effects, Verdict, Verdicts};

use side::Side;

/// Most bytes of a document.
const MAX_TEXT: usize = 16 << 20;

/// The differences between two sets of services.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Whether the change of any service is breaking.
    pub breaking: bool,
    /// All services of both sides, sorted by name.
    pub services: Vec<ServiceComparison>,
    /// The whole comparison as text for people.
    pub text: String,
}

/// The differences between two versions of a service.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceComparison {
    /// Name of the service.
    pub service: String,
    /// The old side; `None` for an added service.
    pub old: Option<Identity>,
    /// The new side; `None` for a removed service.
    pub new: Option<Identity>,
    /// Whether a client of one side cannot call a server of the other side.
    pub breaking: bool,
    /// The changes, breaking ones first.
    pub changes: Vec<Change>,
}

/// The identity of the contract of a side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Version of the service.
    pub version: i64,
    /// 64 hexadecimal digits.
    pub contract_id: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// A stable word such as `field_added`.
    pub kind: &'static str,
    /// The changed item: the name of a method, the tag of a message, or tag and name of a field.
    pub path: String,
    /// What changed, as text.
    pub what: String,
    /// Whether it changes the contract id.
    pub in_contract: bool,
    /// Whether a client of one side cannot call a server of the other side.
    pub breaking: bool,
    /// The methods whose messages contain the changed type, as `get (request)`.
    pub methods: Vec<String>,
    /// Which clients and servers can still call each other.
    pub effects: Effects,
    /// What to do about it.
    pub advice: String,
}

impl Change {
    /// A change whose `breaking` follows from its effects.
    fn new(kind: &'static str, path: impl Into<String>, what: impl Into<String>, effects: Effects) -> Self {
        Self {
            kind,
            path: path.into(),
            what: what.into(),
            in_contract: effects.stubs.any(Verdict::Fails),
            breaking: effects.stubs.any(Verdict::Fails) || effects.xlang.any(Verdict::Fails),
            methods: Vec::new(),
            effects,
            advice: String::new(),
        }
    }

    /// A change of the exact schemas that the contract id does not contain. Only peers that also compare exact schemas
    /// refuse each other.
    fn of_schemas(
        kind: &'static str,
        path: impl Into<String>,
        what: impl Into<String>,
        calls: Effects,
    ) -> Self {
        let effects = Effects { stubs: Verdicts::both(Verdict::Fails), ..calls };
        Self { in_contract: false, ..Self::new(kind, path, what, effects) }
    }

    fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    fn of(mut self, methods: Vec<String>) -> Self {
        self.methods = methods;
        self
    }
}

/// Compares an old and a new document. Each is a manifest, an array of manifests, an exported contract or a service
/// document.
///
/// *Errors*: [`ContractError`] with the side (`old` or `new`) in its path.
pub fn diff(old: &str, new: &str) -> Result<Comparison, ContractError> {
    let (mut old, mut new) = (read(old, "old")?, read(new, "new")?);
    let mut services = Vec::new();
    // Services with equal name and version are compared first. A version that is added beside another is not breaking.
    for before in std::mem::take(&mut old) {
        match new.iter().position(|side| side.name == before.name && side.version == before.version) {
            Some(at) => services.push(compare(&before, &new.remove(at))),
            None => old.push(before),
        }
    }
    let kept: Vec<String> = services.iter().map(|pair| pair.service.clone()).collect();
    for before in old {
        match new.iter().position(|side| side.name == before.name && !kept.contains(&side.name)) {
            Some(at) => services.push(compare(&before, &new.remove(at))),
            None => services.push(method::service_removed(&before)),
        }
    }
    services.extend(new.iter().map(method::service_added));
    services.sort_by(|a, b| a.service.cmp(&b.service));
    let breaking = services.iter().any(|pair| pair.breaking);
    let text = text::comparison(&services);
    Ok(Comparison { breaking, services, text })
}

fn read(text: &str, which: &str) -> Result<Vec<Side>, ContractError> {
    if text.len() > MAX_TEXT {
        return Err(ContractError::invalid(which, format!("more than {MAX_TEXT} bytes")));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ContractError::invalid(which, format!("not JSON: {error}")))?;
    let documents = match value {
        Value::Array(documents) => documents,
        document => vec![document],
    };
    let read = documents.iter().enumerate().map(|(index, document)| {
        let side_path = if documents.len() == 1 { which.to_owned() } else { format!("{which}[{index}]") };
        side::read(document, &side_path)
    });
    read.collect()
}

fn compare(old: &Side, new: &Side) -> ServiceComparison {
    let mut changes = method::service_changes(old, new);
    changes.extend(method::changes(old, new));
    changes.extend(field::changes(old, new));
    let same = old.contract_id == new.contract_id;
    if !same && !changes.iter().any(|change| change.in_contract) {
        changes.push(method::undescribed(old, new));
    }
    if same {
        // The documents suggest a change of the contract, but equal ids prove that the contract did not change.
        for change in changes.iter_mut().filter(|change| change.in_contract) {
            change.in_contract = false;
            change.effects.stubs = Verdicts::both(Verdict::Works);
            change.breaking = change.effects.xlang.any(Verdict::Fails);
        }
    }
    for change in &mut changes {
        if change.advice.is_empty() {
            change.advice = text::advice(change, old, new);
        }
    }
    changes.sort_by_key(|change| !change.breaking);
    ServiceComparison {
        service: old.name.clone(),
        old: Some(old.identity()),
        new: Some(new.identity()),
        breaking: changes.iter().any(|change| change.breaking),
        changes,
    }
}
