// Generated from crates/port/src/constants.rs; `ASTER_WRITE_CONSTANTS=1 cargo test -p aster-port` updates it.
// Numbers of the data plane (docs/boundary.md) and limits that both sides check.

/** The version of the interface between addon and library. */
export const BRIDGE_VERSION = "0.1.0";

/** The error text when a larger window is refused. */
export const UNREAD_BY_PEER =
  "too many bytes wait for the peer, which does not read them (the limit is peerBytes for each connection)";

/** Bytes of the head of each record. */
export const HEAD_BYTES = 24;

/** The timeout value for a call without a timeout. */
export const NO_TIMEOUT = 4294967295;

/** Largest message. */
export const MAX_MESSAGE_BYTES = 16777215;

/** Bytes of a stream that may wait for its reader: payload bytes plus 4 for each message. */
export const STREAM_BUDGET_BYTES = 1048576;

/** The window for output with which a call begins: payload bytes plus 4 for each message. */
export const FIRST_WINDOW_BYTES = 16384;

/** A larger window is not free yet. CREDIT tells when it is. */
export const WINDOW_LATER = 0;

/** A larger window is refused. */
export const WINDOW_REFUSED = 4294967295;

/** Pairs of metadata in one call. */
export const METADATA_PAIRS = 64;

/** Characters of a metadata key. */
export const METADATA_KEY_CHARS = 256;

/** Characters of a metadata value. */
export const METADATA_VALUE_CHARS = 4096;

/** UTF-8 bytes of all metadata keys and values of one call. */
export const METADATA_BYTES = 8192;

/** Characters of a status message. */
export const STATUS_MESSAGE_CHARS = 4096;

/** Pairs of status details. */
export const STATUS_DETAILS = 32;

/** What a message counts in budgets in addition to its payload, in bytes. */
export const MESSAGE_OVERHEAD = 4;

/** Operations. */
export const Op = {
  OPEN: 1,
  ITEM: 2,
  END: 3,
  CANCEL: 4,
  CREDIT: 5,
  REPLY: 6,
  FINISH: 7,
  OPEN_SESSION: 8,
  CLOSE_SESSION: 9,
} as const;

/** Flags of OPEN. */
export const OpenFlag = {
  TIMEOUT_TRAVELS: 1,
  MESSAGE: 2,
  INPUT_ENDS: 4,
  SESSION: 8,
} as const;

/** Flags of CLOSE_SESSION. */
export const CloseFlag = {
  NOW: 1,
} as const;

/** Events. */
export const Event = {
  MESSAGE: 1,
  ITEMS: 2,
  ENDED: 3,
  CREDIT: 4,
  CALL: 5,
  INPUT_END: 6,
  ABORTED: 7,
  PEER: 8,
  PEER_GONE: 9,
  SESSION_OPENED: 10,
  SESSION_ENDED: 11,
  SESSION: 12,
  SESSION_PEER: 13,
  SETTLED: 16,
  LOG: 17,
  QUESTION: 18,
} as const;

/** Flags of MESSAGE and ITEMS. */
export const MessageFlag = {
  PRESENCE_FLAGGED: 1,
} as const;

/** Flags of ENDED. */
export const EndFlag = {
  LOCAL: 1,
  NOT_SENT: 2,
} as const;

/** Flags of CALL. */
export const CallFlag = {
  BLOCK: 1,
  MESSAGE: 2,
  INPUT_ENDED: 4,
  PRESENCE_FLAGGED: 8,
  SESSION: 16,
  NATIVE: 32,
} as const;

/** Who ended a session. */
export const SessionEnder = {
  CLIENT: 1,
  SERVER: 2,
  LOST: 3,
  PROTOCOL: 4,
} as const;
