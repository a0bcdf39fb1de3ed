//! Comparison of two contracts (`docs/contracts.md`).

use aster_contract::ContractError;
use aster_contract::diff::{self, Change, Effects, Identity, ServiceComparison, Verdict, Verdicts};
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, throwing};

/// The differences between two sets of services.
#[napi(object, object_from_js = false)]
pub struct ContractDiff {
    /// The change of a service is breaking.
    #[napi(readonly)]
    pub breaking: bool,
    /// All services of both sides, sorted by name.
    #[napi(readonly, ts_type = "readonly ServiceDiff[]")]
    pub services: Vec<ServiceDiff>,
    /// The whole comparison as text for people.
    #[napi(readonly)]
    pub text: String,
}

/// The differences between two versions of a service.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ServiceDiff {
    /// Name of the service.
    #[napi(readonly)]
    pub service: String,
    /// The old contract; null for an added service.
    #[napi(readonly)]
    pub old: Option<ContractSide>,
    /// The new contract; null for a removed service.
    #[napi(readonly)]
    pub new: Option<ContractSide>,
    /// A client of one side cannot call a server of the other side.
    #[napi(readonly)]
    pub breaking: bool,
    /// The changes, breaking ones first.
    #[napi(readonly, ts_type = "readonly ContractChange[]")]
    pub changes: Vec<ContractChange>,
}

/// The contract of one side.
#[napi(object, object_from_js = false)]
pub struct ContractSide {
    /// Version of the service.
    #[napi(readonly)]
    pub version: i64,
    /// 64 hexadecimal digits.
    #[napi(readonly)]
    pub contract_id: String,
}

/// One change between two contracts.
#[napi(object, object_from_js = false)]
pub struct ContractChange {
    /// The type of the change, such as `field_added`. Stable.
    #[napi(readonly)]
    pub kind: String,
    /// The changed item: the name of a method, the tag of a message, or tag and name of a field.
    #[napi(readonly)]
    pub path: String,
    /// The change as text.
    #[napi(readonly)]
    pub what: String,
    /// It changes the contract id.
    #[napi(readonly)]
    pub in_contract: bool,
    /// A client of one side cannot call a server of the other side.
    #[napi(readonly)]
    pub breaking: bool,
    /// The methods that use the changed type.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub methods: Vec<String>,
    /// Which clients and servers can still call each other.
    #[napi(readonly)]
    pub effects: ChangeEffects,
    /// What to do about the change.
    #[napi(readonly)]
    pub advice: String,
}

/// The verdicts for each way to call.
#[napi(object, object_from_js = false)]
pub struct ChangeEffects {
    /// Stubs that compare contract ids and exact schemas, which is the default. Other languages compare only the ids.
    #[napi(readonly)]
    pub stubs: ChangeVerdicts,
    /// XLANG payloads of calls without that comparison.
    #[napi(readonly)]
    pub xlang: ChangeVerdicts,
    /// JSON payloads of calls without that comparison.
    #[napi(readonly)]
    pub json: ChangeVerdicts,
}

/// Whether calls between the two contracts work. `depends`: it depends on the value that is sent.
#[napi(object, object_from_js = false)]
pub struct ChangeVerdicts {
    /// A client of the old contract calls a server of the new one.
    #[napi(readonly, ts_type = "'works' | 'depends' | 'fails'")]
    pub old_clients: String,
    /// A client of the new contract calls a server of the old one.
    #[napi(readonly, ts_type = "'works' | 'depends' | 'fails'")]
    pub new_clients: String,
}

impl From<ServiceComparison> for ServiceDiff {
    fn from(service: ServiceComparison) -> Self {
        Self {
            service: service.service,
            old: service.old.map(Into::into),
            new: service.new.map(Into::into),
            breaking: service.breaking,
            changes: service.changes.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Identity> for ContractSide {
    fn from(identity: Identity) -> Self {
        Self { version: identity.version, contract_id: identity.contract_id }
    }
}

impl From<Change> for ContractChange {
    fn from(change: Change) -> Self {
        Self {
            kind: change.kind.to_owned(),
            path: change.path,
            what: change.what,
            in_contract: change.in_contract,
            breaking: change.breaking,
            methods: change.methods,
            effects: change.effects.into(),
            advice: change.advice,
        }
    }
}

impl From<Effects> for ChangeEffects {
    fn from(effects: Effects) -> Self {
        Self { stubs: effects.stubs.into(), xlang: effects.xlang.into(), json: effects.json.into() }
    }
}

impl From<Verdicts> for ChangeVerdicts {
    fn from(verdicts: Verdicts) -> Self {
        let word = |verdict| match verdict {
            Verdict::Works => "works".to_owned(),
            Verdict::Depends => "depends".to_owned(),
            Verdict::Fails => "fails".to_owned(),
        };
        Self { old_clients: word(verdicts.old_clients), new_clients: word(verdicts.new_clients) }
    }
}

/// Compares two contracts. Each is the JSON text of a manifest, of an array of manifests, of an exported contract or of a
/// service document.
#[napi(catch_unwind)]
pub fn contract_diff(env: Env, old: String, fresh: String) -> Result<ContractDiff> {
    throwing(env, || {
        let comparison = diff::diff(&old, &fresh).map_err(|e| {
            let problem = match &e {
                ContractError::Invalid { problem, .. } => problem.clone(),
                other => other.to_string(),
            };
            Failure::option(e.path(), problem)
        })?;
        Ok(ContractDiff {
            breaking: comparison.breaking,
            services: comparison.services.into_iter().map(Into::into).collect(),
            text: comparison.text,
        })
    })
}
