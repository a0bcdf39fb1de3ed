// Brands: the prototype that the values of a message share. It leads from a value to its message.
//
// Owns: the table of brands. A brand is found through the prototypes of an object, never through a member, so no data from
// the wire can set it.

import type { MessageDefinition } from "./definition.js";

/** A message, as its values refer to it. */
interface Brand {
  readonly definition: MessageDefinition;
  /** The value that the user defined: the class, or the constant. */
  readonly message: object;
}

const brands = new WeakMap<object, Brand>();

/** Registers the prototype of a message's values. */
export function brand(prototype: object, definition: MessageDefinition, message: object): void {
  brands.set(prototype, { definition, message });
}

/** The brand of a value, or null. Instances of a class that extends the message's class have the same brand. */
export function brandOf(value: object): Brand | null {
  let prototype: unknown = Object.getPrototypeOf(value);
  while (typeof prototype === "object" && prototype !== null && prototype !== Object.prototype) {
    const found = brands.get(prototype);
    if (found !== undefined) return found;
    prototype = Object.getPrototypeOf(prototype);
  }
  return null;
}

/** The definition of the message of a value, or null. */
export function definitionOf(value: object): MessageDefinition | null {
  return brandOf(value)?.definition ?? null;
}
