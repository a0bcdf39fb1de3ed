// `X.toPlain(value)`: a value of a message as objects without classes, for libraries that accept only plain objects.
//
// Owns: that copy. Messages and records become plain objects, lists, sets and maps are copied, and all other values stay the
// same objects. Shared objects and cycles stay shared.

import { definitionOf } from "./brand.js";
import { EnumMember } from "./enum-member.js";

/** Copies a value. */
export function plainOf(value: unknown, copies: Map<object, unknown> = new Map()): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) return fillList(value as unknown[], copies);
  if (value instanceof Set) {
    const copy = new Set<unknown>();
    copies.set(value, copy);
    for (const element of value as Set<unknown>) copy.add(plainOf(element, copies));
    return copy;
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    copies.set(value, copy);
    for (const [key, item] of value as Map<unknown, unknown>)
      copy.set(plainOf(key, copies), plainOf(item, copies));
    return copy;
  }
  const isRecord = Object.getPrototypeOf(value) === null;
  return isRecord || definitionOf(value) !== null ? fillObject(value, copies) : nameOf(value);
}

function fillList(list: readonly unknown[], copies: Map<object, unknown>): unknown[] {
  const copy: unknown[] = [];
  copies.set(list, copy);
  for (const element of list) copy.push(plainOf(element, copies));
  return copy;
}

function fillObject(value: object, copies: Map<object, unknown>): object {
  const copy = {};
  copies.set(value, copy);
  for (const [key, member] of Object.entries(value)) {
    // Defined, not assigned: a record may have the key `__proto__`.
    Object.defineProperty(copy, key, {
      value: plainOf(member, copies),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return copy;
}

/** A member of an enum in `t.any` is an object that stands for its name. */
function nameOf(value: object): unknown {
  return value instanceof EnumMember ? value.name : value;
}
