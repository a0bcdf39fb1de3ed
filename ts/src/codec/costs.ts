// What a decoded value costs: the estimated size of each kind of value in the memory of this process.
//
// Owns: the table. `bench/codec/costs.mjs` measures it (docs/security.md#decoded-size): a cost
// covers the memory of the value, and is higher where a value takes more time than its memory does. So one limit
// bounds both the memory and the time of a message. The bytes of the message itself count once, for the contents.

import { typedArrayClass } from "../schema/arrays.js";
import { PlainDate } from "../schema/plain-values.js";

/** The costs in bytes. Contents, such as the characters of a string, are not part of them. */
export const COST = {
  /** A position in a list, set or map, with a number, a bool or null. */
  slot: 16,
  /** A message without its fields. */
  message: 56,
  field: 16,
  /** More for a field of a message with many fields that the interpreter makes: V8 then stores them in a hash table. */
  tableField: 32,
  /** More for a field or position with a string. */
  text: 32,
  /** More for a field or entry with a float: an object of its own. */
  float: 16,
  /** More for a field or position with a bigint. */
  bigint: 48,
  date: 80,
  timestamp: 128,
  bytes: 352,
  bytesView: 144,
  /** A typed array, or the bytes of an extension. */
  array: 448,
  list: 48,
  set: 208,
  /** More for an element of a set. */
  element: 112,
  map: 224,
  /** More for an entry of a map. */
  entry: 96,
  /** A record: an object with any keys. */
  record: 224,
  /** More for a member of a record. */
  property: 176,
  /** A value of `t.any`: its type is looked up. */
  dynamic: 64,
  /** A reference id. */
  reference: 32,
  /** A name of a type that a message spells. */
  name: 512,
} as const;

/**
 * The growth of the memory of a record by a key that is the index of an array, and the new capacity. V8 stores such
 * members in an array with holes, so one short key can take kilobytes.
 */
export function capacityFor(key: string, capacity: number): number {
  const index = arrayIndexOf(key);
  if (index < capacity || index - capacity >= LARGEST_GAP) return capacity;
  return index + 1 + ((index + 1) >>> 1) + 16;
}

/** With a larger gap after the last member, V8 uses a hash table. */
const LARGEST_GAP = 1024;

const LARGEST_INDEX = 2 ** 32 - 2;

/** The array index that a key stands for, or -1. */
export function arrayIndexOf(key: string): number {
  const { length } = key;
  if (length === 0 || length > 10) return -1;
  const first = key.charCodeAt(0) - 48;
  if (first < 0 || first > 9 || (first === 0 && length > 1)) return -1;
  let index = first;
  for (let at = 1; at < length; at++) {
    const digit = key.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    index = index * 10 + digit;
  }
  return index <= LARGEST_INDEX ? index : -1;
}

/** The estimated size of a value with everything in it, for defaults, whose contents no bytes of a message pay for. */
export function estimate(value: unknown, counted: Set<object> = new Set()): number {
  switch (typeof value) {
    case "string":
      return COST.text + value.length * 2;
    case "number":
      return COST.float;
    case "bigint":
      return COST.bigint;
    case "object":
      if (value === null || counted.has(value)) return 0;
      counted.add(value);
      return estimateObject(value, counted);
    default:
      return 0;
  }
}

function estimateObject(value: object, counted: Set<object>): number {
  if (typedArrayClass(value) !== undefined) return COST.array + (value as Uint8Array).byteLength;
  if (value instanceof Date || value instanceof PlainDate) return COST.timestamp;
  const parts = (start: number, each: number, values: Iterable<unknown>): number => {
    let size = start;
    for (const part of values) size += each + estimate(part, counted);
    return size;
  };
  if (Array.isArray(value)) return parts(COST.list, COST.slot, value as unknown[]);
  if (value instanceof Set) return parts(COST.set, COST.element, value as Set<unknown>);
  if (value instanceof Map) {
    const entries = value as Map<unknown, unknown>;
    return parts(parts(COST.map, COST.entry, entries.keys()), 0, entries.values());
  }
  return parts(COST.record, COST.property, Object.values(value));
}
