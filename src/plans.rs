//! Plans, and functions for payloads that a plan describes (`docs/boundary.md#control-plane`).

use std::sync::Arc;

use aster_codec::{CodecError, PayloadLimits, Plan, RowLayout, Schema};
use napi::bindgen_prelude::{Uint8Array, Uint8ArraySlice};
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};
use crate::registry::{plan, plan_of, row_layout_of};

/// A compiled plan.
#[napi(object, object_from_js = false)]
pub struct CompiledPlan {
    /// Number of the plan.
    #[napi(readonly)]
    pub id: u32,
    /// Fingerprint: equal for two plans whose messages have the same bytes.
    #[napi(readonly)]
    pub fingerprint: String,
    /// The plan document, JSON (`docs/plan.md`).
    #[napi(readonly)]
    pub document: String,
}

/// Compiles a schema descriptor (`docs/plan.md`); equal descriptors share one plan.
#[napi(catch_unwind)]
pub fn compile_plan(env: Env, descriptor: String) -> Result<CompiledPlan> {
    throwing(env, || {
        let (id, plan) = plan_of(&descriptor, || {
            let schema = Schema::from_json(&descriptor).map_err(|e| Failure::option("descriptor", e))?;
            Plan::compile(&schema).map_err(|e| Failure::option("descriptor", e))
        })?;
        Ok(CompiledPlan { id, fingerprint: plan.fingerprint().into(), document: plan.to_json() })
    })
}

fn codec_failure(error: &CodecError) -> Failure {
    Failure::from_status(aster_net::codec_status(error)).at(error.path())
}

/// Converts XLANG bytes to JSON text in the format of the reference.
#[napi(catch_unwind)]
pub fn plan_to_json(env: Env, plan_number: u32, root: u32, message: Uint8ArraySlice) -> Result<String> {
    throwing(env, || {
        let mut text = String::new();
        aster_codec::xlang_to_json(&*plan(plan_number)?, root as usize, &message, &mut text)
            .map_err(|e| codec_failure(&e))?;
        Ok(text)
    })
}

/// Converts JSON text to presence-flagged XLANG (`docs/plan.md`).
#[napi(catch_unwind)]
pub fn plan_from_json(
    env: Env,
    plan_number: u32,
    root: u32,
    text: String,
    max_decoded: u32,
) -> Result<Uint8Array> {
    throwing(env, || {
        let limits = PayloadLimits::with_decoded(max_decoded as usize);
        let plan = plan(plan_number)?;
        let message = aster_codec::json_to_xlang_within(&plan, root as usize, text.as_bytes(), true, limits);
        Ok(message.map_err(|e| codec_failure(&e))?.into())
    })
}

/// Throws if the message cannot be decoded within the limits.
#[napi(catch_unwind)]
pub fn plan_check(env: Env, plan_number: u32, root: u32, message: Uint8ArraySlice) -> Result<()> {
    throwing(env, || {
        aster_codec::check(&*plan(plan_number)?, root as usize, &message).map_err(|e| codec_failure(&e))
    })
}

/// Converts a message of a peer to presence-flagged XLANG. For roots in compatible mode.
#[napi(catch_unwind)]
pub fn plan_from_wire(
    env: Env,
    plan_number: u32,
    root: u32,
    message: Uint8ArraySlice,
    max_decoded: u32,
) -> Result<Uint8Array> {
    throwing(env, || {
        let limits = PayloadLimits::with_decoded(max_decoded as usize);
        let plan = plan(plan_number)?;
        let flagged = aster_codec::wire_to_presence_flagged_within(&plan, root as usize, &message, limits);
        Ok(flagged.map_err(|e| codec_failure(&e))?.into())
    })
}

/// Converts plain XLANG to the form that is sent to a peer. For roots in compatible mode.
#[napi(catch_unwind)]
pub fn plan_to_wire(env: Env, plan_number: u32, root: u32, message: Uint8ArraySlice) -> Result<Uint8Array> {
    throwing(env, || {
        let wire = aster_codec::plain_to_wire(&*plan(plan_number)?, root as usize, &message);
        Ok(wire.map_err(|e| codec_failure(&e))?.into())
    })
}

/// The layout of a root as a row or table, as JSON (`docs/plan.md#rows`).
#[napi(catch_unwind)]
pub fn row_schema(env: Env, plan_number: u32, root: u32) -> Result<String> {
    throwing(env, || row_layout(plan_number, root)?.to_json().map_err(|e| codec_failure(&e)))
}

/// Throws if a position in the row or table points outside of it.
#[napi(catch_unwind)]
pub fn row_check(env: Env, plan_number: u32, root: u32, row: Uint8ArraySlice) -> Result<()> {
    throwing(env, || row_layout(plan_number, root)?.check(&row).map_err(|e| codec_failure(&e)))
}

fn row_layout(plan_number: u32, root: u32) -> Outcome<Arc<RowLayout>> {
    row_layout_of(plan_number, root, |plan| RowLayout::of(plan, root as usize).map_err(|e| codec_failure(&e)))
}
