// The constants of `t.js` values in a payload (`docs/native.md#values-of-tjs`).
//
// Owns: the tags, the numbers of the kinds of typed arrays and errors, and the limits of both directions.

/** The first byte of a value. Bytes from `SMALL` on are the integers from -16 on. */
export const TAG = {
  UNDEFINED: 1,
  NULL: 2,
  FALSE: 3,
  TRUE: 4,
  INTEGER: 5,
  FLOAT: 6,
  BIGINT: 7,
  NEGATIVE_BIGINT: 8,
  LATIN1: 9,
  UTF16: 10,
  /** A value with identity that came before: its number follows. */
  REFERENCE: 11,
  OBJECT: 12,
  ARRAY: 13,
  /** An array with holes or with other members than elements: its length, then its members as of an object. */
  SPARSE_ARRAY: 14,
  MAP: 15,
  SET: 16,
  DATE: 17,
  REGEXP: 18,
  BUFFER: 19,
  RESIZABLE_BUFFER: 20,
  VIEW: 21,
  ERROR: 22,
  /** An object around a primitive value, which follows. */
  BOXED: 23,
} as const;

/** The first byte of the integer -16. The integers up to 207 follow. */
export const SMALL = 32;

/** Members of objects: no member follows, or a key that was not used before follows. Larger numbers name a key. */
export const KEY = { END: 0, NEW: 1, FIRST: 2 } as const;

/** The classes of views, by their number in a payload. */
export const VIEW_CLASSES: readonly string[] = [
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
];

/** A view over a resizable buffer that always ends where the buffer ends. */
export const TRACKS_LENGTH = 0x80;

/** The names of errors, by their number in a payload. An error with another name becomes an `Error`, as in structuredClone. */
export const ERROR_NAMES = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
] as const;

/** The flags of an error: it has a message, it has a cause. */
export const ERROR_FLAG = { MESSAGE: 1, CAUSE: 2 } as const;

/** The largest depth of nesting in one value of `t.js`. */
export const MAX_JS_DEPTH = 500;

/** The largest number of characters of the source of a regular expression. */
export const MAX_PATTERN = 65_536;

/**
 * A buffer may have this many bytes, in one payload in total, that no view in the value shows. They are not sent: they may
 * belong to somebody else, and the other side gets zeros.
 */
export const MAX_HIDDEN = 1_048_576;
