//! Plans and contracts: JSON in, JSON out (`docs/boundary.md#control-plane`).

use std::sync::Arc;

use aster_codec::{CodecError, Plan, RowLayout, Schema};
use aster_wire::hex::Hex;
use napi::bindgen_prelude::{Result, Uint8Array, Uint8ArraySlice};
use napi_derive::napi;
use serde_json::{Value, json};

use crate::error::Failure;
use crate::registry::{plan, plan_of, row_layout_of};

/// Compiles a schema descriptor (`docs/plan.md`); equal descriptors share one plan.
#[napi(catch_unwind)]
pub fn compile_plan(descriptor: String) -> Result<String> {
    let (id, plan) = plan_of(&descriptor, || {
        let schema = Schema::from_json(&descriptor).map_err(|e| Failure::option("descriptor", e))?;
        Plan::compile(&schema).map_err(|e| Failure::option("descriptor", e))
    })?;
    let mut document: Value =
        serde_json::from_str(&plan.to_json()).map_err(|e| Failure::option("descriptor", e))?;
    if let Some(members) = document.as_object_mut() {
        members.insert("id".to_owned(), id.into());
        members.insert("fingerprint".to_owned(), plan.fingerprint().into());
    }
    Ok(document.to_string())
}

fn codec_failure(error: &CodecError) -> Failure {
    Failure::from_status(aster_net::codec_status(error))
}

/// XLANG bytes to the JSON text that the reference writes.
#[napi(catch_unwind)]
pub fn plan_to_json(plan_number: u32, root: u32, message: Uint8ArraySlice) -> Result<String> {
    let mut text = String::new();
    aster_codec::xlang_to_json(&*plan(plan_number)?, root as usize, &message, &mut text)
        .map_err(|e| codec_failure(&e))?;
    Ok(text)
}

/// JSON text to marked XLANG (`docs/plan.md`).
#[napi(catch_unwind)]
pub fn plan_from_json(plan_number: u32, root: u32, text: String) -> Result<Uint8Array> {
    let message = aster_codec::json_to_xlang(&*plan(plan_number)?, root as usize, text.as_bytes(), true);
    Ok(message.map_err(|e| codec_failure(&e))?.into())
}

/// Throws unless the message decodes within the limits.
#[napi(catch_unwind)]
pub fn plan_check(plan_number: u32, root: u32, message: Uint8ArraySlice) -> Result<()> {
    Ok(aster_codec::check(&*plan(plan_number)?, root as usize, &message).map_err(|e| codec_failure(&e))?)
}

/// A message of a peer to marked XLANG: for roots in compatible mode.
#[napi(catch_unwind)]
pub fn plan_from_wire(plan_number: u32, root: u32, message: Uint8ArraySlice) -> Result<Uint8Array> {
    let marked = aster_codec::wire_to_presence_flagged(&*plan(plan_number)?, root as usize, &message);
    Ok(marked.map_err(|e| codec_failure(&e))?.into())
}

/// Plain XLANG to what a peer takes: for roots in compatible mode.
#[napi(catch_unwind)]
pub fn plan_to_wire(plan_number: u32, root: u32, message: Uint8ArraySlice) -> Result<Uint8Array> {
    let wire = aster_codec::plain_to_wire(&*plan(plan_number)?, root as usize, &message);
    Ok(wire.map_err(|e| codec_failure(&e))?.into())
}

/// The layout of a root as a row or table (`docs/plan.md#rows`).
#[napi(catch_unwind)]
pub fn row_schema(plan_number: u32, root: u32) -> Result<String> {
    Ok(row_layout(plan_number, root)?.to_json().map_err(|e| codec_failure(&e))?)
}

/// Throws unless everything that the layout leads to lies inside of the row or table.
#[napi(catch_unwind)]
pub fn row_check(plan_number: u32, root: u32, row: Uint8ArraySlice) -> Result<()> {
    Ok(row_layout(plan_number, root)?.check(&row).map_err(|e| codec_failure(&e))?)
}

fn row_layout(plan_number: u32, root: u32) -> std::result::Result<Arc<RowLayout>, Failure> {
    row_layout_of(plan_number, root, |plan| RowLayout::of(plan, root as usize).map_err(|e| codec_failure(&e)))
}

/// A service document to `{"contractId","openContractIds","canonicalHex","typeHashes","problem"}`.
#[napi(catch_unwind)]
pub fn contract_describe(service: String) -> Result<String> {
    let described = aster_contract::describe(&service).map_err(|e| Failure::option("service", e))?;
    Ok(json!({
        "contractId": described.contract_id,
        "openContractIds": described.open_contract_ids,
        "canonicalHex": Hex(&described.canonical).to_string(),
        "typeHashes": described.type_hashes,
        "problem": described.problem,
    })
    .to_string())
}

/// A service document to the manifest document.
#[napi(catch_unwind)]
pub fn contract_manifest(service: String) -> Result<String> {
    Ok(aster_contract::manifest(&service).map_err(|e| Failure::option("service", e))?)
}

/// Two contracts (manifests, arrays of them, exported contracts or service documents) to what differs between them.
#[napi(catch_unwind)]
pub fn contract_diff(old: String, fresh: String) -> Result<String> {
    let comparison = aster_contract::diff::diff(&old, &fresh).map_err(|e| {
        let problem = match &e {
            aster_contract::ContractError::Invalid { problem, .. } => problem.clone(),
            other => other.to_string(),
        };
        Failure::option(e.path(), problem)
    })?;
    Ok(serde_json::to_string(&comparison).map_err(|e| Failure::option("diff", e))?)
}
