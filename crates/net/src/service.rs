//! Services as the network sees them: names, patterns, payload plans. What a method does is elsewhere.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aster_codec::Plan;

use crate::payload::{Mode, PayloadCodec};
use crate::port::Port;

/// A call kind: does either side send a stream?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// The client sends any number of messages.
    pub request_stream: bool,
    /// The server sends any number of messages.
    pub response_stream: bool,
}

impl Pattern {
    /// Reads the names of service documents: `unary`, `serverStream`, `clientStream`, `bidiStream`.
    pub fn from_name(name: &str) -> Option<Self> {
        let (request_stream, response_stream) = match name {
            "unary" => (false, false),
            "serverStream" => (false, true),
            "clientStream" => (true, false),
            "bidiStream" => (true, true),
            _ => return None,
        };
        Some(Self { request_stream, response_stream })
    }
}

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
    /// Methods, in the order of their handles.
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

    /// Whether every request and response was declared compatible.
    fn is_compatible(&self) -> bool {
        let compatible = |codec: &PayloadCodec| codec.plan.is_compatible(codec.root);
        self.methods.iter().all(|method| compatible(&method.request) && compatible(&method.response))
    }
}

/// A service with the ports that serve it.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) definition: ServiceDefinition,
    methods: HashMap<String, usize>,
    workers: Vec<Worker>,
    turn: AtomicUsize,
}

/// One port that serves, and where its handles for this service begin.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub(crate) port: Arc<Port>,
    pub(crate) first_handle: u32,
}

impl Service {
    pub(crate) fn new(definition: ServiceDefinition) -> Self {
        let methods = definition.methods.iter().enumerate().map(|(i, m)| (m.name.clone(), i)).collect();
        Self { definition, methods, workers: Vec::new(), turn: AtomicUsize::new(0) }
    }

    pub(crate) fn with_worker(&self, worker: Worker) -> Self {
        let mut workers = self.workers.clone();
        workers.push(worker);
        Self { workers, ..Self::new(self.definition.clone()) }
    }

    pub(crate) fn without_port(&self, port: &Arc<Port>) -> Self {
        let workers = self.workers.iter().filter(|w| !Arc::ptr_eq(&w.port, port)).cloned().collect();
        Self { workers, ..Self::new(self.definition.clone()) }
    }

    pub(crate) fn is_served(&self) -> bool {
        !self.workers.is_empty()
    }

    /// Index and definition of a method.
    pub(crate) fn method(&self, name: &str) -> Option<(u32, &MethodDefinition)> {
        let index = *self.methods.get(name)?;
        Some((index as u32, self.definition.methods.get(index)?))
    }

    /// The port whose turn it is. One that closed without a word, as the port of a terminated thread, is skipped.
    pub(crate) fn worker(&self) -> Option<&Worker> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (before, after) = self.workers.split_at(turn.checked_rem(self.workers.len())?);
        after.iter().chain(before).find(|worker| !worker.port.is_closed())
    }
}
