// Brands: the prototype that the values of a message share, and the way back from a value to its message.
//
// Owns: the table of brands. A brand is found by the object's prototypes, never by a member, so nothing that comes from the
// wire can claim one.

import type { MessageDefinition } from "./definition.js";

/** A message, as its values know it. */
interface Brand {
  readonly definition: MessageDefinition;
  /** What users have defined: the class, or the constant. */
  readonly message: object;
}

const brands = new WeakMap<object, Brand>();

/** Registers the prototype of a message's values. */
export function brand(prototype: object, definition: MessageDefinition, message: object): void {
  brands.set(prototype, { definition, message });
}

/** The brand of a value, or null. Instances of a class that extends a message's own class have its brand too. */
export function brandOf(value: object): Brand | null {
  let prototype: unknown = Object.getPrototypeOf(value);
  while (typeof prototype === "object" && prototype !== null && prototype !== Object.prototype) {
    const found = brands.get(prototype);
    if (found !== undefined) return found;
    prototype = Object.getPrototypeOf(prototype);
  }
  return null;
}

/** The definition whose brand a value carries, or null. */
export function definitionOf(value: object): MessageDefinition | null {
  return brandOf(value)?.definition ?? null;
}
