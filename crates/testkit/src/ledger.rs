//! The call ledger: client and server record their events, and a check of both files proves that no call was lost.
//!
//! Owns the event types, their files (one JSON document on each line, append-only) and the rules that a client ledger
//! and a server ledger must satisfy together. Independent of the transport: tests of any layer, in any language, write
//! the same lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

mod check;
pub use check::{Violation, check};

/// An event of a client. A call is identified by an id that both sides know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ClientEvent {
    /// The user made the call.
    Started {
        /// Its id.
        call: String,
    },
    /// The user received an item of the response stream.
    Item {
        /// Its call.
        call: String,
        /// Id of the item.
        item: String,
    },
    /// The user received the result of the call.
    Ended {
        /// Its call.
        call: String,
        /// Status code, 0 for OK.
        code: u8,
        /// The error said that the request was not sent.
        #[serde(default)]
        not_sent: bool,
    },
}

/// An event of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerEvent {
    /// The handler of a call began.
    Accepted {
        /// The call's id.
        call: String,
    },
    /// The handler sent an item of the response stream.
    Item {
        /// Its call.
        call: String,
        /// Id of the item.
        item: String,
    },
    /// The handler ended.
    Finished {
        /// Its call.
        call: String,
        /// Status code, 0 for OK.
        code: u8,
    },
    /// A drain ended.
    Drained,
    /// The object of a session was created.
    SessionOpened {
        /// The session's id.
        session: String,
    },
    /// The object of a session was released.
    SessionClosed {
        /// The session's id.
        session: String,
    },
    /// A one-time credential was accepted.
    Admitted {
        /// Id of the credential.
        credential: String,
    },
}

/// A file that events are appended to.
#[derive(Debug)]
pub struct Ledger {
    file: File,
}

impl Ledger {
    /// Opens a ledger. It may already have entries of an earlier process.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: OpenOptions::new().create(true).append(true).open(path)? })
    }

    /// Appends an event in one write, so a killed process leaves at most its last line incomplete.
    pub fn record<E: Serialize>(&mut self, event: &E) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

/// Reads a ledger. An incomplete last line is ignored: the process ended while it wrote the line.
pub fn read<E: DeserializeOwned>(path: &Path) -> io::Result<Vec<E>> {
    let text = std::fs::read_to_string(path)?;
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect()
}
