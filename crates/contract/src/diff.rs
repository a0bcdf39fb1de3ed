//! Two contracts compared in plain words: what changed, whom it breaks, what to do (`docs/contracts.md`).
//!
//! Owns the rules of evolution as code, over manifests, exported contracts and service documents alike. Does not own
//! their reading (`side`) or wording for people (`text`). An id that differs breaks every stub that checks it, so
//! the question is never whether bytes might still fit, but who can still talk to whom.

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

/// More text than any contract has.
const MAX_TEXT: usize = 16 << 20;

/// What differs between two sets of services.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Whether any of the services breaks peers.
    pub breaking: bool,
    /// Every service of either side, by name and version.
    pub services: Vec<ServiceComparison>,
    /// All of it for people.
    pub text: String,
}

/// What differs between two versions of a service.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceComparison {
    /// Name of the service.
    pub service: String,
    /// The side that was there before; none for a new service.
    pub old: Option<Identity>,
    /// The side that comes; none for a service that goes.
    pub new: Option<Identity>,
    /// Whether a peer of one side cannot talk to one of the other.
    pub breaking: bool,
    /// What changed, the breaking ones first.
    pub changes: Vec<Change>,
}

/// Which contract a side is.
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
    /// Where: a method's name, a message's tag, or both parts of a field.
    pub path: String,
    /// What changed, in words.
    pub what: String,
    /// Whether it changes the contract id, which every stub checks.
    pub in_contract: bool,
    /// Whether a peer of one side cannot talk to one of the other.
    pub breaking: bool,
    /// The methods that carry it, with where: `get (request)`.
    pub methods: Vec<String>,
    /// Who can still talk to whom.
    pub effects: Effects,
    /// What to do.
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

    fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    fn of(mut self, methods: Vec<String>) -> Self {
        self.methods = methods;
        self
    }
}

/// Compares what was with what comes. Each text is a manifest, an array of them, an exported contract or a service
/// document.
///
/// *Errors*: [`ContractError`] naming the side (`old`, `new`) and what is wrong with it.
pub fn diff(old: &str, new: &str) -> Result<Comparison, ContractError> {
    let (mut old, mut new) = (read(old, "old")?, read(new, "new")?);
    let mut services = Vec::new();
    // First the pairs of equal name and version: a version that is served beside another breaks nobody.
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
        .map_err(|error| ContractError::invalid(which, format!("no JSON: {error}")))?;
    let documents = match value {
        Value::Array(documents) => documents,
        document => vec![document],
    };
    let read = documents.iter().enumerate().map(|(index, document)| {
        let place = if documents.len() == 1 { which.to_owned() } else { format!("{which}[{index}]") };
        side::read(document, &place)
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
        // A change that a word makes look like one of the contract, where the ids prove that it is none.
        for change in &mut changes {
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
