// The scalar kinds: their name in the descriptor, their Fory type id, and the JavaScript values that fit.
//
// Owns: the list of scalar kinds. The builders, the validator and both executors of plans use it.

import { type ArrayKind, type ArrayWord, arrayKinds, isDetached } from "./arrays.js";
import { dayOfText, FIRST_SECOND, LAST_SECOND } from "./plain-values.js";

/** The facts of a scalar kind, for JavaScript and for the wire. */
export interface ScalarKind {
  /** The name in the schema descriptor. Kinds with equal bytes share one name. */
  readonly word: string;
  /** The name in the descriptor when only contracts or JSON mode distinguish the kind from another. */
  readonly described?: string | { readonly array: ArrayWord };
  /** The Fory type id. */
  readonly id: number;
  /** The group of JavaScript values, which decides the functions that executors use. */
  readonly js: "bool" | "number" | "bigint" | "float" | "string" | "bytes" | "date" | "timestamp" | "array";
  /** The element type of a typed array. Set when `js` is `"array"`. */
  readonly array?: ArrayKind;
  /** The description of a value that fits, for error texts. */
  readonly expected: string;
  /** True for a value that can be written. */
  fits(value: unknown): boolean;
}

function integers(word: string, id: number, min: number, max: number): ScalarKind {
  const fits = (v: unknown): boolean => typeof v === "number" && Number.isInteger(v) && v >= min && v <= max;
  return { word, id, js: "number", expected: `an integer from ${min} to ${max}`, fits };
}

function bigints(word: string, id: number, signed: boolean): ScalarKind {
  const wrap = signed ? BigInt.asIntN : BigInt.asUintN;
  const fits = (v: unknown): boolean => typeof v === "bigint" && wrap(64, v) === v;
  return { word, id, js: "bigint", expected: `a ${signed ? "signed" : "unsigned"} 64-bit bigint`, fits };
}

function floats(word: string, id: number): ScalarKind {
  return { word, id, js: "float", expected: "a number", fits: (v): boolean => typeof v === "number" };
}

/** An array kind as a scalar kind. Its name is that of the descriptor and of the class, which no other scalar has. */
function arrays(word: ArrayWord): ScalarKind {
  const array = arrayKinds[word];
  const { id, expected } = array;
  return {
    word: `${word}Array`,
    described: { array: word },
    id,
    js: "array",
    array,
    expected,
    fits: (v): boolean => array.fits(v),
  };
}

function isTimestamp(value: unknown): boolean {
  return value instanceof Date && inYears(value.getTime() / 1000);
}

function isMicros(value: unknown): boolean {
  return typeof value === "bigint" && inYears(Number(value / 1000n) / 1000);
}

/** True for seconds within the years 1 to 9999. False for NaN. */
function inYears(seconds: number): boolean {
  return seconds >= FIRST_SECOND && seconds < LAST_SECOND + 1;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.isWellFormed();
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array && !isDetached(value);
}

function isDay(value: unknown): boolean {
  return typeof value === "string" && dayOfText(value) !== null;
}

/** The name of a scalar kind, which is its name in `t`. */
export type ScalarName =
  | "bool"
  | "int8"
  | "int16"
  | "fixedInt32"
  | "int32"
  | "fixedInt64"
  | "int"
  | "bigint"
  | "int64"
  | "taggedInt64"
  | "uint8"
  | "uint16"
  | "fixedUint32"
  | "uint32"
  | "fixedUint64"
  | "uint64"
  | "taggedUint64"
  | "float32"
  | "float"
  | "string"
  | "bytes"
  | "bytesView"
  | "bytesBase64"
  | "timestamp"
  | "timestampMicros"
  | "date"
  | `${ArrayWord}Array`;

/** All scalar kinds by name. */
export const scalarKinds: Readonly<Record<ScalarName, ScalarKind>> = {
  bool: {
    word: "bool",
    id: 1,
    js: "bool",
    expected: "a boolean",
    fits: (v): boolean => typeof v === "boolean",
  },
  int8: integers("int8", 2, -128, 127),
  int16: integers("int16", 3, -32768, 32767),
  fixedInt32: integers("fixedInt32", 4, -2147483648, 2147483647),
  int32: integers("int32", 5, -2147483648, 2147483647),
  fixedInt64: bigints("fixedInt64", 6, true),
  int: {
    ...integers("int", 7, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    expected: "a safe integer",
  },
  bigint: bigints("int", 7, true),
  int64: { ...bigints("int", 7, true), described: "int64" },
  taggedInt64: bigints("taggedInt64", 8, true),
  uint8: integers("uint8", 9, 0, 255),
  uint16: integers("uint16", 10, 0, 65535),
  fixedUint32: integers("fixedUint32", 11, 0, 4294967295),
  uint32: integers("uint32", 12, 0, 4294967295),
  fixedUint64: bigints("fixedUint64", 13, false),
  uint64: bigints("uint64", 14, false),
  taggedUint64: bigints("taggedUint64", 15, false),
  float32: floats("float32", 19),
  float: floats("float", 20),
  string: {
    word: "string",
    id: 21,
    js: "string",
    expected: "a string",
    fits: isText,
  },
  bytes: { word: "bytes", id: 41, js: "bytes", expected: "a Uint8Array", fits: isBytes },
  bytesBase64: {
    word: "bytes",
    described: "base64",
    id: 41,
    js: "bytes",
    expected: "a Uint8Array",
    fits: isBytes,
  },
  bytesView: { word: "bytes", id: 41, js: "bytes", expected: "a Uint8Array", fits: isBytes },
  timestamp: {
    word: "timestamp",
    id: 38,
    js: "timestamp",
    expected: "a Date of the years 1 to 9999",
    fits: isTimestamp,
  },
  timestampMicros: {
    word: "timestamp",
    id: 38,
    js: "bigint",
    expected: "microseconds of the years 1 to 9999 as a bigint",
    fits: isMicros,
  },
  date: { word: "date", id: 39, js: "date", expected: 'a day such as "2024-01-31"', fits: isDay },
  boolArray: arrays("bool"),
  int8Array: arrays("int8"),
  int16Array: arrays("int16"),
  int32Array: arrays("int32"),
  int64Array: arrays("int64"),
  uint8Array: arrays("uint8"),
  uint16Array: arrays("uint16"),
  uint32Array: arrays("uint32"),
  uint64Array: arrays("uint64"),
  float32Array: arrays("float32"),
  float64Array: arrays("float64"),
};
