//! The health of an endpoint, as its lease says.

use serde::{Deserialize, Serialize};

/// Whether an endpoint takes calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It takes calls.
    Ready,
    /// It takes calls, and would rather have fewer.
    Degraded,
    /// Not yet.
    Starting,
    /// No longer.
    Draining,
}

impl Health {
    /// The word in a lease.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Starting => "starting",
            Self::Draining => "draining",
        }
    }

    /// The health with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Ready, Self::Degraded, Self::Starting, Self::Draining]
            .into_iter()
            .find(|health| health.word() == word)
    }

    /// Whether an endpoint with this health is called.
    pub const fn takes_calls(self) -> bool {
        matches!(self, Self::Ready | Self::Degraded)
    }
}
