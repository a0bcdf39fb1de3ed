//! Contracts: functions that take and return documents (`docs/boundary.md#documents`).

use aster_wire::hex::Hex;
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, throwing};

/// The facts computed from a service document.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ContractFacts {
    /// 64 hex digits, or null when the service has no contract id.
    #[napi(readonly)]
    pub contract_id: Option<String>,
    /// Other contract ids that Python modules may compute for the same service; they leave response types open.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub open_contract_ids: Vec<String>,
    /// The bytes from which the contract id is computed, or null.
    #[napi(readonly)]
    pub canonical_hex: Option<String>,
    /// The hashes of the types, as in the manifest.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub type_hashes: Vec<String>,
    /// Why there is no contract id, or null when there is one.
    #[napi(readonly)]
    pub problem: Option<String>,
}

/// Computes the contract id of a service document, and related facts.
#[napi(catch_unwind)]
pub fn contract_describe(env: Env, service: String) -> Result<ContractFacts> {
    throwing(env, || {
        let described = aster_contract::describe(&service).map_err(|e| Failure::option("service", e))?;
        Ok(ContractFacts {
            canonical_hex: described.contract_id.is_some().then(|| Hex(&described.canonical).to_string()),
            contract_id: described.contract_id,
            open_contract_ids: described.open_contract_ids,
            type_hashes: described.type_hashes,
            problem: described.problem,
        })
    })
}

/// Converts a service document to the manifest document.
#[napi(catch_unwind)]
pub fn contract_manifest(env: Env, service: String) -> Result<String> {
    throwing(env, || aster_contract::manifest(&service).map_err(|e| Failure::option("service", e)))
}
