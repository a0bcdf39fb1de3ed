//! Definition of a service that a node serves: names, patterns, payload plans.

use std::sync::Arc;
use std::time::Duration;

use aster_codec::Plan;
use aster_trust::capability::Requirement;
use aster_wire::call::Pattern;

use super::agreement::{COMPATIBLE, EXACT, NATIVE, NATIVE_FORMAT};
use super::payload::{Mode, PayloadCodec};
use crate::description::ServiceDescription;

/// A method to serve.
#[derive(Debug, Clone)]
pub struct MethodDefinition {
    /// Wire name.
    pub name: String,
    /// Pattern.
    pub pattern: Pattern,
    /// Encoding of requests in XLANG mode.
    pub request: PayloadCodec,
    /// Encoding of responses in XLANG mode.
    pub response: PayloadCodec,
    /// The roles that a caller needs, besides those of the service.
    pub requires: Option<Requirement>,
}

/// A service to serve.
#[derive(Debug, Clone)]
pub struct ServiceDefinition {
    /// Name.
    pub name: String,
    /// Version.
    pub version: i64,
    /// 64 hex digits. The admission answer contains it.
    pub contract_id: String,
    /// Modes of the contract: `xlang`, `json`, `native`. NATIVE calls also need the description.
    pub modes: Vec<String>,
    /// Whether it is called in sessions only. Otherwise each call has a stream of its own.
    pub session: bool,
    /// Time limit of calls without a deadline. It does not apply to calls that stream.
    pub max_call: Duration,
    /// The roles that a caller needs for every method.
    pub requires: Option<Requirement>,
    /// Methods. A call refers to its method by the index in this list.
    pub methods: Vec<MethodDefinition>,
    /// The exact schemas, for clients that compare them.
    pub description: Option<ServiceDescription>,
}

impl ServiceDefinition {
    /// Whether calls in this mode are allowed. JSON is always allowed, except for services that only take NATIVE calls.
    pub(crate) fn takes(&self, mode: Mode) -> bool {
        let lists = |name: &str| self.modes.iter().any(|mode| mode == name);
        let xlang = || lists("xlang");
        match mode {
            Mode::Json => !self.is_native_only(),
            Mode::Native => lists("native") && self.description.is_some(),
            Mode::Xlang => xlang(),
            Mode::Compatible => xlang() && self.is_compatible(),
        }
    }

    /// The scope, as contracts and admission answers name it.
    pub(crate) fn scope(&self) -> &'static str {
        if self.session { "session" } else { "shared" }
    }

    /// Whether the service takes no calls in other modes than NATIVE.
    pub(crate) fn is_native_only(&self) -> bool {
        self.takes(Mode::Native) && self.modes.iter().all(|mode| mode == "native")
    }

    /// The modes of the service in a summary. The reference always sends an empty list, and it treats a list without `xlang` as
    /// JSON only.
    pub(crate) fn announced_modes(&self) -> Vec<String> {
        let only = if self.is_native_only() { "native" } else { "json" };
        if self.takes(Mode::Xlang) { Vec::new() } else { vec![only.to_owned()] }
    }

    /// Facts in addition to those of the contract, as an admission answer announces them (`docs/protocol.md#modes`).
    pub(crate) fn extensions(&self) -> Vec<(String, String)> {
        let plan = || self.one_plan().map(Plan::fingerprint).unwrap_or_default().to_owned();
        let compatible = self.takes(Mode::Compatible).then(|| (COMPATIBLE.to_owned(), plan()));
        let exact = self.description.as_ref().map(|known| (EXACT.to_owned(), known.exact.clone()));
        let native = self.takes(Mode::Native).then(|| (NATIVE.to_owned(), NATIVE_FORMAT.to_owned()));
        compatible.into_iter().chain(exact).chain(native).collect()
    }

    /// The plan of all methods, when all of them use the same one.
    fn one_plan(&self) -> Option<&Plan> {
        let mut plans = self.methods.iter().flat_map(|method| [&method.request.plan, &method.response.plan]);
        let first = plans.next()?;
        plans.all(|plan| Arc::ptr_eq(first, plan)).then_some(first)
    }

    /// Text about the first difference between two definitions of a service. Handlers that share a service are called
    /// by method index, so the definitions must be equal.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        if self.contract_id != other.contract_id {
            return Some(format!("its contract id is {}, not {}", other.contract_id, self.contract_id));
        }
        if self.session != other.session {
            return Some(format!("its scope is {}, not {}", other.scope(), self.scope()));
        }
        if self.modes != other.modes {
            return Some(format!("its modes are {:?}, not {:?}", other.modes, self.modes));
        }
        if self.max_call != other.max_call {
            let (this, that) = (self.max_call.as_millis(), other.max_call.as_millis());
            return Some(format!("its limit for a call is {that} ms, not {this} ms"));
        }
        if self.requires != other.requires {
            return Some("its callers need other roles".to_owned());
        }
        if self.methods.len() != other.methods.len() {
            return Some(format!("it has {} methods, not {}", other.methods.len(), self.methods.len()));
        }
        let mut pairs = self.methods.iter().zip(&other.methods).enumerate();
        pairs.find_map(|(index, (this, that))| {
            this.difference(that).map(|what| format!("method {index} {what}"))
        })
    }

    /// Whether every request and response was declared compatible.
    fn is_compatible(&self) -> bool {
        let compatible = |codec: &PayloadCodec| codec.plan.is_compatible(codec.root);
        self.methods.iter().all(|method| compatible(&method.request) && compatible(&method.response))
    }
}

impl MethodDefinition {
    fn difference(&self, other: &Self) -> Option<String> {
        let same = |a: &PayloadCodec, b: &PayloadCodec| {
            let plans = Arc::ptr_eq(&a.plan, &b.plan) || a.plan.fingerprint() == b.plan.fingerprint();
            a.root == b.root && a.compress == b.compress && plans
        };
        if self.name != other.name {
            return Some(format!("is {:?}, not {:?}", other.name, self.name));
        }
        if self.pattern != other.pattern {
            return Some(format!("({:?}) has another pattern", self.name));
        }
        if self.requires != other.requires {
            return Some(format!("({:?}) needs other roles", self.name));
        }
        let messages = same(&self.request, &other.request) && same(&self.response, &other.response);
        (!messages).then(|| format!("({:?}) has different message types or another compression", self.name))
    }
}
