//! Constants that TypeScript and Rust share, and the TypeScript file that is generated from them.

use std::fmt::Write as _;

pub use aster_net::{FIRST_WINDOW, MESSAGE_OVERHEAD, STREAM_BUDGET, UNREAD};
use aster_wire::frame::MAX_BODY;
use aster_wire::limit;

/// Bytes of the head of each record.
pub const HEAD_BYTES: usize = 24;
/// The timeout value for a call without a timeout.
pub const NO_TIMEOUT: u32 = u32::MAX;
/// Largest message: a frame must hold it and the flags byte.
pub const MAX_MESSAGE_BYTES: usize = MAX_BODY - 1;

/// Declares a group of numbers as constants and as a table of names.
macro_rules! numbers {
    ($(#[$doc:meta])* $module:ident { $($(#[$each:meta])* $name:ident = $number:literal,)* }) => {
        $(#[$doc])*
        pub mod $module {
            $($(#[$each])* pub const $name: u8 = $number;)*
            pub(super) const ALL: &[(&str, u8)] = &[$((stringify!($name), $number),)*];
        }
    };
}

/// A larger window is not free yet.
pub const WINDOW_LATER: u32 = 0;
/// A larger window is refused.
pub const WINDOW_REFUSED: u32 = u32::MAX;

numbers! {
    /// Operations.
    op {
        /// Begin a client call.
        OPEN = 1,
        /// One more message.
        ITEM = 2,
        /// No more requests follow.
        END = 3,
        /// The client cancels the call.
        CANCEL = 4,
        /// The reader consumed bytes.
        CREDIT = 5,
        /// The only response of a handler.
        REPLY = 6,
        /// The end of a server call, with a status.
        FINISH = 7,
        /// Open a session as its client.
        OPEN_SESSION = 8,
        /// End a session.
        CLOSE_SESSION = 9,
    }
}

numbers! {
    /// Flags of [`op::OPEN`].
    open_flag {
        /// The header contains the deadline.
        TIMEOUT_TRAVELS = 1,
        /// A request message follows.
        MESSAGE = 2,
        /// The input ends with that message.
        INPUT_ENDS = 4,
        /// The call is made in a session, whose number stands before the metadata.
        SESSION = 8,
    }
}

numbers! {
    /// Flags of [`op::CLOSE_SESSION`].
    close_flag {
        /// Calls that wait fail, and a running call is cancelled.
        NOW = 1,
    }
}

numbers! {
    /// Events.
    event {
        /// A call with a single response ended OK.
        MESSAGE = 1,
        /// Messages of a stream.
        ITEMS = 2,
        /// A client call has ended.
        ENDED = 3,
        /// Output was written, so the writer may send more.
        CREDIT = 4,
        /// A server call begins.
        CALL = 5,
        /// The client has ended its input.
        INPUT_END = 6,
        /// A server call ended before its handler ended it.
        ABORTED = 7,
        /// A new connection; calls on it follow.
        PEER = 8,
        /// No more calls of this connection follow.
        PEER_GONE = 9,
        /// The stream of a client's session is open.
        SESSION_OPENED = 10,
        /// A session is over.
        SESSION_ENDED = 11,
        /// A session of a peer begins; its calls follow.
        SESSION = 12,
        /// The peer of a session has been admitted again; calls after its new admission follow.
        SESSION_PEER = 13,
        /// A control request is complete.
        SETTLED = 16,
        /// A line for the user's log.
        LOG = 17,
        /// The program is asked whether a peer is welcome.
        QUESTION = 18,
    }
}

numbers! {
    /// Flags of [`event::MESSAGE`] and [`event::ITEMS`].
    message_flag {
        /// The bytes are presence-flagged XLANG.
        PRESENCE_FLAGGED = 1,
    }
}

numbers! {
    /// Flags of [`event::ENDED`].
    end_flag {
        /// This side created the status.
        LOCAL = 1,
        /// The request was not sent.
        NOT_SENT = 2,
    }
}

numbers! {
    /// Flags of [`event::CALL`].
    call_flag {
        /// The payload ends with a call block: deadline, call id and metadata.
        BLOCK = 1,
        /// The payload begins with the request.
        MESSAGE = 2,
        /// No further input follows.
        INPUT_ENDED = 4,
        /// Messages of the call are presence-flagged XLANG.
        PRESENCE_FLAGGED = 8,
        /// The call is one of a session, whose number takes the place of that of the connection.
        SESSION = 16,
        /// Messages of the call, in both directions, are in NATIVE mode.
        NATIVE = 32,
    }
}

numbers! {
    /// Who ended a session, in [`event::SESSION_ENDED`].
    session_end {
        /// The client closed it.
        CLIENT = 1,
        /// The server ended it.
        SERVER = 2,
        /// The stream or the connection is lost.
        LOST = 3,
        /// The other side broke the protocol, or did not end a cancelled call in time.
        PROTOCOL = 4,
    }
}

/// A table of the generated file: its name, its members and its comment.
type Table = (&'static str, &'static [(&'static str, u8)], &'static str);

/// The text of `ts/src/native/constants.ts`.
pub fn typescript() -> String {
    let mut text = String::from(
        "// Generated from crates/port/src/constants.rs; `ASTER_WRITE_CONSTANTS=1 cargo test -p aster-port` updates it.\n\
         // Numbers of the data plane (docs/boundary.md) and limits that both sides check.\n",
    );
    let scalars: [(&str, usize, &str); 14] = [
        ("HEAD_BYTES", HEAD_BYTES, "Bytes of the head of each record."),
        ("NO_TIMEOUT", NO_TIMEOUT as usize, "The timeout value for a call without a timeout."),
        ("MAX_MESSAGE_BYTES", MAX_MESSAGE_BYTES, "Largest message."),
        (
            "STREAM_BUDGET_BYTES",
            STREAM_BUDGET,
            "Bytes of a stream that may wait for its reader: payload bytes plus 4 for each message.",
        ),
        (
            "FIRST_WINDOW_BYTES",
            FIRST_WINDOW,
            "The window for output with which a call begins: payload bytes plus 4 for each message.",
        ),
        ("WINDOW_LATER", WINDOW_LATER as usize, "A larger window is not free yet. CREDIT tells when it is."),
        ("WINDOW_REFUSED", WINDOW_REFUSED as usize, "A larger window is refused."),
        ("METADATA_PAIRS", limit::METADATA_PAIRS, "Pairs of metadata in one call."),
        ("METADATA_KEY_CHARS", limit::METADATA_KEY_CHARS, "Characters of a metadata key."),
        ("METADATA_VALUE_CHARS", limit::METADATA_VALUE_CHARS, "Characters of a metadata value."),
        ("METADATA_BYTES", limit::METADATA_BYTES, "UTF-8 bytes of all metadata keys and values of one call."),
        ("STATUS_MESSAGE_CHARS", limit::STATUS_MESSAGE_CHARS, "Characters of a status message."),
        ("STATUS_DETAILS", limit::STATUS_DETAILS, "Pairs of status details."),
        (
            "MESSAGE_OVERHEAD",
            MESSAGE_OVERHEAD,
            "What a message counts in budgets in addition to its payload, in bytes.",
        ),
    ];
    // The addon returns this version too: the library refuses an addon of another version. INVARIANT: see below.
    let _ = write!(
        text,
        "\n/** The version of the interface between addon and library. */\nexport const BRIDGE_VERSION = \"{}\";\n",
        env!("CARGO_PKG_VERSION")
    );
    // INVARIANT: see below.
    let _ = write!(
        text,
        "\n/** The error text when a larger window is refused. */\nexport const UNREAD_BY_PEER =\n  \"{UNREAD}\";\n"
    );
    for (name, value, doc) in scalars {
        // INVARIANT: writing to a String never fails, here and below.
        let _ = write!(text, "\n/** {doc} */\nexport const {name} = {value};\n");
    }
    let tables: [Table; 8] = [
        ("Op", op::ALL, "Operations."),
        ("OpenFlag", open_flag::ALL, "Flags of OPEN."),
        ("CloseFlag", close_flag::ALL, "Flags of CLOSE_SESSION."),
        ("Event", event::ALL, "Events."),
        ("MessageFlag", message_flag::ALL, "Flags of MESSAGE and ITEMS."),
        ("EndFlag", end_flag::ALL, "Flags of ENDED."),
        ("CallFlag", call_flag::ALL, "Flags of CALL."),
        ("SessionEnder", session_end::ALL, "Who ended a session."),
    ];
    for (name, entries, doc) in tables {
        let _ = write!(text, "\n/** {doc} */\nexport const {name} = {{\n");
        for (key, value) in entries {
            let _ = writeln!(text, "  {key}: {value},");
        }
        text.push_str("} as const;\n");
    }
    text
}
