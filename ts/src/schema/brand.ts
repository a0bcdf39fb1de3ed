// Brands: the prototype that decoded objects of a message share, and the way back from an object to its message.
//
// Owns: `messageOf` and the table behind it. A brand is found by the object's own prototype, never by a member,
// so nothing that comes from the wire can claim one.

import type { MessageDefinition } from "./definition.js";
import type { SchemaObject } from "./schema.js";
import type { Message } from "./types.js";

interface Branded {
  readonly definition: MessageDefinition;
  readonly schema: SchemaObject;
}

const brands = new WeakMap<object, Branded>();

/** Registers the prototype of a message's objects. */
export function brand(prototype: object, definition: MessageDefinition, schema: SchemaObject): void {
  brands.set(prototype, { definition, schema });
}

/** The definition whose brand a value carries, or null. */
export function definitionOf(value: object): MessageDefinition | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== "object" || prototype === null) return null;
  return brands.get(prototype)?.definition ?? null;
}

/**
 * The message that an object belongs to: for what decoding or `X.of()` made, and for instances of `@wireType`
 * classes. Null for anything else.
 */
export function messageOf(value: unknown): Message<unknown> | null {
  if (typeof value !== "object" || value === null) return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== "object" || prototype === null) return null;
  return (brands.get(prototype)?.schema ?? null) as Message<unknown> | null;
}
