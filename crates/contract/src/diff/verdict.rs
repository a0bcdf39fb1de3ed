//! Who can still talk to whom: a verdict for each side of a call and each way of calling.

use serde::Serialize;

/// Whether a call between peers of two contracts works; the later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It does.
    Works,
    /// It depends on the value that is sent.
    Depends,
    /// It does not.
    Fails,
}

/// The verdict for clients of either contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdicts {
    /// A client of the old contract and a server of the new one.
    pub old_clients: Verdict,
    /// A client of the new contract and a server of the old one.
    pub new_clients: Verdict,
}

impl Verdicts {
    pub(super) fn both(verdict: Verdict) -> Self {
        Self { old_clients: verdict, new_clients: verdict }
    }

    pub(super) fn new(old_clients: Verdict, new_clients: Verdict) -> Self {
        Self { old_clients, new_clients }
    }

    /// Whether either side has this verdict or a worse one.
    pub fn any(self, verdict: Verdict) -> bool {
        self.old_clients >= verdict || self.new_clients >= verdict
    }
}

/// The verdicts for each way of calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effects {
    /// Stubs that compare contract ids, which is the default.
    pub stubs: Verdicts,
    /// Fory payloads, where nobody compared.
    pub xlang: Verdicts,
    /// JSON payloads, where nobody compared.
    pub json: Verdicts,
}

impl Effects {
    /// In the contract or not, and the same for both encodings.
    pub(super) fn calls(in_contract: bool, calls: Verdicts) -> Self {
        Self { stubs: stubs(in_contract), xlang: calls, json: calls }
    }
}

/// What a stub makes of a change: it refuses when the ids differ.
pub(super) fn stubs(in_contract: bool) -> Verdicts {
    Verdicts::both(if in_contract { Verdict::Fails } else { Verdict::Works })
}

/// What readers make of messages of the other side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// New peers, of what old peers wrote.
    pub(super) new_reads_old: Verdict,
    /// Old peers, of what new peers wrote.
    pub(super) old_reads_new: Verdict,
}

impl Reading {
    pub(super) fn both(verdict: Verdict) -> Self {
        Self { new_reads_old: verdict, old_reads_new: verdict }
    }

    pub(super) fn new(new_reads_old: Verdict, old_reads_new: Verdict) -> Self {
        Self { new_reads_old, old_reads_new }
    }

    /// Servers read requests, clients read responses.
    pub(super) fn verdicts(self, in_request: bool, in_response: bool) -> Verdicts {
        let worst = |request: Verdict, response: Verdict| match (in_request, in_response) {
            (true, false) => request,
            (false, true) => response,
            _ => request.max(response),
        };
        Verdicts {
            old_clients: worst(self.new_reads_old, self.old_reads_new),
            new_clients: worst(self.old_reads_new, self.new_reads_old),
        }
    }
}
