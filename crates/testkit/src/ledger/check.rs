//! The rules that a client ledger and a server ledger must satisfy together.

use std::collections::BTreeMap;
use std::fmt;

use super::{ClientEvent, ServerEvent};

/// A broken rule, with the id of the call, session or credential that breaks it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// A call was started and has no result.
    NoOutcome(String),
    /// A call has several results, or a result without a start.
    StrayOutcome(String),
    /// The client received OK, but the handler did not complete exactly once.
    OkWithoutHandler(String),
    /// The error said that the request was not sent, but a handler ran.
    RanThoughNotSent(String),
    /// A handler ran more than once for a call.
    RanTwice(String),
    /// The items that the client received are not a prefix of the items that the server sent.
    NoPrefix(String),
    /// A drain ended while a handler was still running.
    LostInDrain(String),
    /// A handler ended that did not begin.
    FinishedUnaccepted(String),
    /// A session was not opened and closed once each, in this order.
    Session(String),
    /// A one-time credential was accepted again.
    AdmittedTwice(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[derive(Default)]
struct Call {
    started: usize,
    outcomes: Vec<(u8, bool)>,
    taken: Vec<String>,
    accepted: usize,
    finished: Vec<u8>,
    sent: Vec<String>,
}

/// Joins the ledgers of clients and servers and lists all broken rules. Both ledgers must be complete: the processes
/// and all sessions must have ended.
pub fn check(client: &[ClientEvent], server: &[ServerEvent]) -> Vec<Violation> {
    let mut calls: BTreeMap<&str, Call> = BTreeMap::new();
    let mut found = Vec::new();
    for event in client {
        match event {
            ClientEvent::Started { call } => calls.entry(call).or_default().started += 1,
            ClientEvent::Item { call, item } => {
                calls.entry(call).or_default().taken.push(item.clone());
            }
            ClientEvent::Ended { call, code, not_sent } => {
                calls.entry(call).or_default().outcomes.push((*code, *not_sent));
            }
        }
    }
    join(server, &mut calls, &mut found);
    for (id, call) in calls {
        check_call(id, &call, &mut found);
    }
    found.sort();
    found
}

/// Adds the events of the server, and checks the rules that only need these.
fn join<'a>(server: &'a [ServerEvent], calls: &mut BTreeMap<&'a str, Call>, found: &mut Vec<Violation>) {
    let mut sessions: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    let mut credentials: BTreeMap<&str, usize> = BTreeMap::new();
    for event in server {
        match event {
            ServerEvent::Accepted { call } => calls.entry(call).or_default().accepted += 1,
            ServerEvent::Item { call, item } => {
                calls.entry(call).or_default().sent.push(item.clone());
            }
            ServerEvent::Finished { call, code } => {
                let entry = calls.entry(call).or_default();
                entry.finished.push(*code);
                if entry.finished.len() > entry.accepted {
                    found.push(Violation::FinishedUnaccepted(call.clone()));
                }
            }
            ServerEvent::Drained => {
                let running = calls.iter().filter(|(_, call)| call.accepted > call.finished.len());
                found.extend(running.map(|(id, _)| Violation::LostInDrain((*id).to_owned())));
            }
            ServerEvent::SessionOpened { session } => {
                sessions.entry(session).or_default().push(true);
            }
            ServerEvent::SessionClosed { session } => {
                sessions.entry(session).or_default().push(false);
            }
            ServerEvent::Admitted { credential } => {
                *credentials.entry(credential).or_default() += 1;
            }
        }
    }
    let broken = sessions.into_iter().filter(|(_, steps)| *steps != [true, false]);
    found.extend(broken.map(|(session, _)| Violation::Session(session.to_owned())));
    let again = credentials.into_iter().filter(|(_, times)| *times > 1);
    found.extend(again.map(|(credential, _)| Violation::AdmittedTwice(credential.to_owned())));
}

fn check_call(id: &str, call: &Call, found: &mut Vec<Violation>) {
    let mut broken = |violation: fn(String) -> Violation, is_broken: bool| {
        if is_broken {
            found.push(violation(id.to_owned()));
        }
    };
    let ok = call.outcomes.iter().any(|(code, _)| *code == 0);
    let not_sent = call.outcomes.iter().any(|(_, not_sent)| *not_sent);
    broken(Violation::NoOutcome, call.outcomes.len() < call.started);
    broken(Violation::StrayOutcome, call.outcomes.len() > call.started || call.started > 1);
    broken(Violation::OkWithoutHandler, ok && call.finished != [0]);
    broken(Violation::RanThoughNotSent, not_sent && call.accepted > 0);
    broken(Violation::RanTwice, call.accepted > 1);
    broken(Violation::NoPrefix, !call.sent.starts_with(&call.taken) || (ok && call.sent != call.taken));
}
