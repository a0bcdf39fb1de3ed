//! The services of a node and the handlers that answer them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::definition::ServiceDefinition;
use super::handler::Handler;
use crate::error::ServeError;

/// A service and the handlers among which its calls are distributed.
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

    pub(crate) fn definition(&self) -> &Arc<ServiceDefinition> {
        &self.definition
    }

    /// Index of a method with this name.
    pub(crate) fn method(&self, name: &str) -> Option<usize> {
        self.methods.get(name).copied()
    }

    /// The next handler in turn. A handler that is closed but still registered (its thread was terminated) is
    /// skipped.
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
    /// Adds a handler of a service, and returns its number.
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

    /// Removes all services.
    pub(crate) fn clear(&self) {
        self.services.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The service for a header. Clients of the reference always send version 1: when that version does not exist and
    /// the name has only one version, that one is used.
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

    /// The service document of exactly this name and version.
    pub(crate) fn document(&self, name: &str, version: i64) -> Option<Arc<str>> {
        let table = self.services.read().unwrap_or_else(PoisonError::into_inner);
        let service = table.get(&(name.to_owned(), version)).filter(|service| service.is_served())?;
        service.definition.description.as_ref().map(|known| Arc::clone(&known.document))
    }

    /// The definitions of all registered services.
    pub(crate) fn definitions(&self) -> Vec<Arc<ServiceDefinition>> {
        let table = self.services.read().unwrap_or_else(PoisonError::into_inner);
        let served = table.values().filter(|service| service.is_served());
        let mut definitions: Vec<_> = served.map(|service| Arc::clone(&service.definition)).collect();
        definitions.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
        definitions
    }
}

/// A registered handler. Dropping this removes the handler: it gets no new calls; running calls continue.
#[derive(Debug)]
#[must_use = "dropping a registration removes its handler"]
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
