//! What is looked for, and what was found.

use super::health::Health;

/// By what endpoints of the same health are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Each is first in turn.
    #[default]
    RoundRobin,
    /// The least busy one first. Those that do not say how busy they are come last.
    LeastLoad,
    /// The one with the shortest round trip first. Those to which none is known come last.
    Nearest,
    /// Any order.
    Random,
}

impl Policy {
    /// The policy with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "roundRobin" => Some(Self::RoundRobin),
            "leastLoad" => Some(Self::LeastLoad),
            "nearest" => Some(Self::Nearest),
            "random" => Some(Self::Random),
            _ => None,
        }
    }
}

/// What an endpoint must have to be found. An absent member is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The service.
    pub service: String,
    /// Its version.
    pub version: Option<i64>,
    /// A channel of the owner that points to the contract.
    pub channel: Option<String>,
    /// A tag of the endpoint.
    pub tag: Option<String>,
    /// The contract, 64 hex digits.
    pub contract_id: Option<String>,
    /// The order of what is found.
    pub policy: Policy,
}

impl Query {
    /// Every endpoint of a service.
    pub fn of(service: &str) -> Self {
        Self { service: service.to_owned(), ..Self::default() }
    }
}

/// Where the knowledge of an endpoint comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// This node serves it.
    Local,
    /// A lease.
    Lease,
    /// The admission answer of a member that was named to join, and that writes no leases.
    Ticket,
}

impl Source {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Lease => "lease",
            Self::Ticket => "ticket",
        }
    }
}

/// An endpoint that serves what was looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The endpoint id, 64 hex digits.
    pub endpoint_id: String,
    /// The version that it serves.
    pub version: i64,
    /// The contract, 64 hex digits.
    pub contract_id: String,
    /// Whether it takes calls gladly.
    pub health: Health,
    /// How busy it says it is.
    pub load: Option<f64>,
    /// How long ago it wrote its lease.
    pub age_ms: i64,
    /// Where the knowledge comes from.
    pub source: Source,
    /// `ip:port` of each direct address.
    pub direct: Vec<String>,
    /// The URL of its relay.
    pub relay_url: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its modes, as leases call them. Empty: not known.
    pub modes: Vec<String>,
}
