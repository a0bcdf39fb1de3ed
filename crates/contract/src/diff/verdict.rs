//! Verdicts: whether clients of one contract can call servers of the other, for stubs, XLANG and JSON.

use serde::Serialize;

/// Whether a call between peers with different contracts works. The variants are ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The call works.
    Works,
    /// It depends on the value that is sent.
    Depends,
    /// The call fails.
    Fails,
}

/// One verdict for clients of the old contract, one for clients of the new contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdicts {
    /// A client of the old contract calls a server of the new one.
    pub old_clients: Verdict,
    /// A client of the new contract calls a server of the old one.
    pub new_clients: Verdict,
}

impl Verdicts {
    pub(super) fn both(verdict: Verdict) -> Self {
        Self { old_clients: verdict, new_clients: verdict }
    }

    pub(super) fn new(old_clients: Verdict, new_clients: Verdict) -> Self {
        Self { old_clients, new_clients }
    }

    /// Whether one of the two verdicts is this one or worse.
    pub fn any(self, verdict: Verdict) -> bool {
        self.old_clients >= verdict || self.new_clients >= verdict
    }
}

/// The verdicts for each way to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effects {
    /// Stubs that compare contract ids and exact schemas, which is the default. Other languages compare only the ids.
    pub stubs: Verdicts,
    /// XLANG payloads of calls without that comparison.
    pub xlang: Verdicts,
    /// JSON payloads of calls without that comparison.
    pub json: Verdicts,
}

impl Effects {
    /// Effects that are the same for both encodings. `in_contract`: the contract id changes.
    pub(super) fn calls(in_contract: bool, calls: Verdicts) -> Self {
        Self { stubs: stubs(in_contract), xlang: calls, json: calls }
    }
}

/// The verdict of stubs: a stub refuses a server whose contract id differs.
pub(super) fn stubs(in_contract: bool) -> Verdicts {
    Verdicts::both(if in_contract { Verdict::Fails } else { Verdict::Works })
}

/// Whether peers can read messages of the other side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// New peers read messages of old peers.
    pub(super) new_reads_old: Verdict,
    /// Old peers read messages of new peers.
    pub(super) old_reads_new: Verdict,
}

impl Reading {
    pub(super) fn both(verdict: Verdict) -> Self {
        Self { new_reads_old: verdict, old_reads_new: verdict }
    }

    pub(super) fn new(new_reads_old: Verdict, old_reads_new: Verdict) -> Self {
        Self { new_reads_old, old_reads_new }
    }

    /// The verdicts for clients: servers read requests, clients read responses.
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
