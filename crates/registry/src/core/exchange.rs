//! The exchange of members as data: what each side says, given what it knows and what the other one said.
//!
//! Two nodes mostly know the same members. They compare a digest first, and each then says only its own record. Only nodes
//! that know different members tell each other all. Without this an exchange costs a record of each member, and every node
//! exchanges with every other one.

use std::collections::HashSet;

use super::member::{Introductions, Members};

/// What one side knows, and says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The members that it knows.
    pub members: &'a Members,
    /// What stands for them ([`Members::digest`]).
    pub digest: &'a str,
    /// Its own record, when it is a member itself.
    pub own: Option<&'a str>,
}

impl Side<'_> {
    /// The first message of the side that asks. One that leaves does not ask whom the other side knows.
    pub fn greet(&self, leaves: bool) -> Introductions {
        let digest = (!leaves).then(|| self.digest.to_owned());
        Introductions { digest, records: self.alone() }
    }

    /// The answer to a greeting whose records have been heard. All records, unless both know the same.
    pub fn answer(&self, greeting: &Introductions) -> Introductions {
        let digest = Some(self.digest.to_owned());
        let same = greeting.digest.is_none() || greeting.digest == digest;
        let records = if same { self.alone() } else { self.all().collect() };
        Introductions { digest, records }
    }

    /// What the side that asked says after the answer, which has not been heard yet: what the other side does not know. `None`:
    /// both knew the same, or nothing was asked. The other side judges by the same two digests, and so expects it or not.
    pub fn rest(&self, greeting: &Introductions, answer: &Introductions) -> Option<Introductions> {
        if greeting.digest.is_none() || answer.digest == greeting.digest {
            return None;
        }
        let known: HashSet<&str> = answer.records.iter().map(String::as_str).collect();
        let records = self.all().filter(|record| !known.contains(record.as_str())).collect();
        Some(Introductions { digest: None, records })
    }

    fn alone(&self) -> Vec<String> {
        self.own.map(str::to_owned).into_iter().collect()
    }

    fn all(&self) -> impl Iterator<Item = String> {
        self.own.into_iter().chain(self.members.records()).map(str::to_owned)
    }
}
