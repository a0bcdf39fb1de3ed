//! Services as the network sees them: names, patterns, payload plans. What a method does is elsewhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aster_codec::Plan;
use aster_wire::call::Pattern;

use super::handler::Handler;
use super::payload::{Mode, PayloadCodec};
use crate::error::ServeError;

/// A method to serve.
#[derive(Debug, Clone)]
pub struct MethodDefinition {
    /// Wire name.
    pub name: String,
    /// Call kind.
    pub pattern: Pattern,
    /// How requests travel, in XLANG mode.
    pub request: PayloadCodec,
    /// How responses travel, in XLANG mode.
    pub response: PayloadCodec,
}

/// A service to serve.
#[derive(Debug, Clone)]
pub struct ServiceDefinition {
    /// Name.
    pub name: String,
    /// Version.
    pub version: i64,
    /// 64 hex digits, as the admission answer tells it.
    pub contract_id: String,
    /// `xlang`, `json`: what the contract lists.
    pub modes: Vec<String>,
    /// Longest handler time of calls without a deadline; streams have none.
    pub max_call: Duration,
    /// Methods; a call names its method by index in this list.
    pub methods: Vec<MethodDefinition>,
}

impl ServiceDefinition {
    /// Whether calls may be made in a mode: JSON always.
    pub(crate) fn takes(&self, mode: Mode) -> bool {
        let xlang = || self.modes.iter().any(|mode| mode == "xlang");
        match mode {
            Mode::Json => true,
            Mode::Xlang => xlang(),
            Mode::Compatible => xlang() && self.is_compatible(),
        }
    }

    /// Modes beside those of the contract, as an admission answer announces them (`docs/protocol.md#modes`).
    pub(crate) fn extensions(&self) -> Vec<(String, String)> {
        if !self.takes(Mode::Compatible) {
            return Vec::new();
        }
        vec![("compatible".to_owned(), self.one_plan().map(Plan::fingerprint).unwrap_or_default().to_owned())]
    }

    /// The plan of all methods, where there is only one.
    fn one_plan(&self) -> Option<&Plan> {
        let mut plans = self.methods.iter().flat_map(|method| [&method.request.plan, &method.response.plan]);
        let first = plans.next()?;
        plans.all(|plan| Arc::ptr_eq(first, plan)).then_some(first)
    }

    /// The first thing in which two definitions of a service differ, in words. Handlers that share a service are called
    /// by method index, so all of it has to agree.
    fn difference(&self, other: &Self) -> Option<String> {
        if self.contract_id != other.contract_id {
            return Some(format!("its contract id is {}, not {}", other.contract_id, self.contract_id));
        }
        if self.modes != other.modes {
            return Some(format!("its modes are {:?}, not {:?}", other.modes, self.modes));
        }
        if self.max_call != other.max_call {
            let (this, that) = (self.max_call.as_millis(), other.max_call.as_millis());
            return Some(format!("its calls may take {that} ms, not {this} ms"));
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
            return Some(format!("({:?}) is of another kind", self.name));
        }
        let messages = same(&self.request, &other.request) && same(&self.response, &other.response);
        (!messages).then(|| format!("({:?}) has other messages or another compression", self.name))
    }
}

/// A service and the handlers that share its calls.
pub(crate) struct Service {
    definition: Arc<ServiceDefinition>,
    methods: HashMap<String, usize>,
    handlers: Vec<(u64, Arc<dyn Handler>)>,
    turn: AtomicUsize,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("name", &self.definition.name).finish_non_exhaustive()
    }
}

impl Service {
    fn new(definition: Arc<ServiceDefinition>, handlers: Vec<(u64, Arc<dyn Handler>)>) -> Self {
        let methods = definition.methods.iter().enumerate().map(|(i, m)| (m.name.clone(), i)).collect();
        Self { definition, methods, handlers, turn: AtomicUsize::new(0) }
    }

    pub(crate) fn definition(&self) -> &ServiceDefinition {
        &self.definition
    }

    /// Index of a method.
    pub(crate) fn method(&self, name: &str) -> Option<usize> {
        self.methods.get(name).copied()
    }

    /// The handler whose turn it is. One that closed without saying so, as that of a terminated thread, is skipped.
    pub(crate) fn handler(&self) -> Option<&Arc<dyn Handler>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (before, after) = self.handlers.split_at(turn.checked_rem(self.handlers.len())?);
        after.iter().chain(before).map(|(_, handler)| handler).find(|handler| !handler.is_closed())
    }

    fn is_served(&self) -> bool {
        self.handlers.iter().any(|(_, handler)| !handler.is_closed())
    }
}

type ServiceKey = (String, i64);

/// The services of a node, by name and version.
#[derive(Debug, Default)]
pub(crate) struct ServiceTable {
    services: RwLock<HashMap<ServiceKey, Arc<Service>>>,
    next: AtomicU64,
}

impl ServiceTable {
    /// Adds a handler of a service, and gives its number.
    fn add(&self, definition: ServiceDefinition, handler: Arc<dyn Handler>) -> Result<u64, ServeError> {
        let mut table = self.services.write().unwrap_or_else(PoisonError::into_inner);
        let key = (definition.name.clone(), definition.version);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let service = match table.get(&key).filter(|service| service.is_served()) {
            None => Service::new(Arc::new(definition), vec![(number, handler)]),
            Some(served) => {
                if let Some(difference) = served.definition.difference(&definition) {
                    let (name, version) = key;
                    return Err(ServeError::OtherDefinition { name, version, difference });
                }
                let others = served.handlers.iter().filter(|(_, handler)| !handler.is_closed()).cloned();
                Service::new(Arc::clone(&served.definition), others.chain([(number, handler)]).collect())
            }
        };
        table.insert(key, Arc::new(service));
        Ok(number)
    }

    fn remove(&self, key: &ServiceKey, number: u64) {
        let mut table = self.services.write().unwrap_or_else(PoisonError::into_inner);
        let Some(service) = table.get(key) else { return };
        let others: Vec<_> = service.handlers.iter().filter(|(other, _)| *other != number).cloned().collect();
        if others.is_empty() {
            table.remove(key);
        } else {
            let service = Service::new(Arc::clone(&service.definition), others);
            table.insert(key.clone(), Arc::new(service));
        }
    }

    /// Forgets all services.
    pub(crate) fn clear(&self) {
        self.services.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The service for a header. Clients of the reference always say version 1: when no such version
    /// exists and the name has only one, that one is meant.
    pub(crate) fn find(&self, name: &str, version: i64) -> Option<Arc<Service>> {
        let table = self.services.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(service) = table.get(&(name.to_owned(), version)) {
            return Some(Arc::clone(service));
        }
        let mut same_name = table.iter().filter(|((n, _), _)| n == name);
        match (version, same_name.next(), same_name.next()) {
            (1, Some((_, only)), None) => Some(Arc::clone(only)),
            _ => None,
        }
    }

    /// The definitions of all services that are served.
    pub(crate) fn definitions(&self) -> Vec<Arc<ServiceDefinition>> {
        let table = self.services.read().unwrap_or_else(PoisonError::into_inner);
        let served = table.values().filter(|service| service.is_served());
        let mut definitions: Vec<_> = served.map(|service| Arc::clone(&service.definition)).collect();
        definitions.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
        definitions
    }
}

/// A handler that serves. Dropping it withdraws the handler: it gets no new calls, those it has go on.
#[derive(Debug)]
#[must_use = "dropping a registration withdraws its handler"]
pub struct Registration {
    table: Arc<ServiceTable>,
    key: ServiceKey,
    number: u64,
}

impl Registration {
    pub(crate) fn new(
        table: &Arc<ServiceTable>,
        definition: ServiceDefinition,
        handler: Arc<dyn Handler>,
    ) -> Result<Self, ServeError> {
        let key = (definition.name.clone(), definition.version);
        let number = table.add(definition, handler)?;
        Ok(Self { table: Arc::clone(table), key, number })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.table.remove(&self.key, self.number);
    }
}
