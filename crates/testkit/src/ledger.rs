//! The call ledger: what client and server did, written down as they did it, and the proof that nothing was lost.
//!
//! Owns the two event lists, their files (one JSON document a line, append-only) and the rules that a joined pair
//! of ledgers must satisfy. Knows no transport: tests of any layer, in any language, write the same lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

mod check;
pub use check::{Violation, check};

/// What a client does with a call. Calls are named by ids that both sides know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ClientEvent {
    /// The user made the call.
    Started {
        /// Its id.
        call: String,
    },
    /// The user took an item of the response stream.
    Item {
        /// Its call.
        call: String,
        /// What identifies the item.
        item: String,
    },
    /// The user got the outcome.
    Ended {
        /// Its call.
        call: String,
        /// Status code, 0 for OK.
        code: u8,
        /// The error promised that the request never left the process.
        #[serde(default)]
        not_sent: bool,
    },
}

/// What a server does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerEvent {
    /// The handler of a call began.
    Accepted {
        /// The call's id.
        call: String,
    },
    /// The handler gave an item of the response stream out of its hands.
    Item {
        /// Its call.
        call: String,
        /// What identifies the item.
        item: String,
    },
    /// The handler ended.
    Finished {
        /// Its call.
        call: String,
        /// Status code, 0 for OK.
        code: u8,
    },
    /// A drain has settled.
    Drained,
    /// The object of a session was made.
    SessionOpened {
        /// The session's id.
        session: String,
    },
    /// The object of a session was let go.
    SessionClosed {
        /// The session's id.
        session: String,
    },
    /// A credential that counts once was accepted.
    Admitted {
        /// What identifies it.
        credential: String,
    },
}

/// A file that events are appended to.
#[derive(Debug)]
pub struct Ledger {
    file: File,
}

impl Ledger {
    /// Opens a ledger, which may have entries of an earlier process.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: OpenOptions::new().create(true).append(true).open(path)? })
    }

    /// Appends an event in one write, so that a killed process leaves whole lines but for the last.
    pub fn record<E: Serialize>(&mut self, event: &E) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

/// Reads a ledger. A last line without an end was being written when its process died, and did not happen.
pub fn read<E: DeserializeOwned>(path: &Path) -> io::Result<Vec<E>> {
    let text = std::fs::read_to_string(path)?;
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect()
}
