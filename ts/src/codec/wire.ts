// The constants of the payload format: type ids, and flags of references, lists and maps.
//
// Owns: these numbers, which writers and readers share.

/** Fory type ids. */
export const ID = {
  BOOL: 1,
  INT8: 2,
  INT16: 3,
  INT32: 4,
  VARINT32: 5,
  INT64: 6,
  VARINT64: 7,
  TAGGED_INT64: 8,
  UINT8: 9,
  UINT16: 10,
  UINT32: 11,
  VAR_UINT32: 12,
  UINT64: 13,
  VAR_UINT64: 14,
  TAGGED_UINT64: 15,
  FLOAT32: 19,
  FLOAT64: 20,
  STRING: 21,
  LIST: 22,
  SET: 23,
  MAP: 24,
  NAMED_ENUM: 26,
  NAMED_STRUCT: 29,
  NAMED_EXTENSION: 32,
  NONE: 36,
  TIMESTAMP: 38,
  DATE: 39,
  BINARY: 41,
} as const;

/** Reference flags without tracking: the value is null, or the value follows. */
export const NULL = 0xfd;
export const NOT_NULL = 0xff;

/** Reference flags with tracking: a new value follows and gets the next id, or the id of an earlier value follows. */
export const REF_VALUE = 0x00;
export const REF = 0xfe;

/** The first byte of a payload: with a root value, and with null. */
export const HEADER = 0x02;
export const HEADER_NULL = 0x03;

/** Flags of a list or set. */
export const LIST_FLAG = { TRACKED: 1, HAS_NULL: 2, DECLARED: 4, SAME_TYPE: 8 } as const;

/** The flags of a list whose element type is declared: without nulls, and with nulls. */
export const DECLARED_LIST = 0x0c;
export const DECLARED_LIST_WITH_NULLS = 0x0e;

/** The bits in the header of a map chunk. */
export const MAP_FLAG = {
  KEY_TRACKED: 0x01,
  KEY_NULL: 0x02,
  KEY_DECLARED: 0x04,
  VALUE_TRACKED: 0x08,
  VALUE_NULL: 0x10,
  VALUE_DECLARED: 0x20,
} as const;

/** The header of a chunk without nulls whose key and value types are declared. */
export const DECLARED_CHUNK = 0x24;
