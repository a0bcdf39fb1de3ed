//! Contracts: documents in, documents out (`docs/boundary.md#documents`).

use aster_wire::hex::Hex;
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, throwing};

/// What is computed of a service document.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ContractFacts {
    /// 64 hex digits, or null when there is none.
    #[napi(readonly)]
    pub contract_id: Option<String>,
    /// Other ids that Python modules may give the same service; each leaves response types open.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub open_contract_ids: Vec<String>,
    /// The bytes behind the id, or null.
    #[napi(readonly)]
    pub canonical_hex: Option<String>,
    /// The hashes of the types, as the manifest lists them.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub type_hashes: Vec<String>,
    /// Why there is no contract id, in words, or null.
    #[napi(readonly)]
    pub problem: Option<String>,
}

/// The contract id of a service document, and what goes with it.
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

/// A service document to the manifest document.
#[napi(catch_unwind)]
pub fn contract_manifest(env: Env, service: String) -> Result<String> {
    throwing(env, || aster_contract::manifest(&service).map_err(|e| Failure::option("service", e)))
}
