// Two copies of the package in one program: their schemas and services do not know each other.
//
// Owns: the mark that tells which copy made a schema or a service, and the error text that names both places.

import { fileURLToPath } from "node:url";

const HOME: symbol = Symbol.for("aster-rpc.home");

/** The folder of this copy: the compiled file is two folders below it. */
const here: string = fileURLToPath(new URL("../..", import.meta.url));

/** Marks the objects that inherit from `prototype` as made by this copy. */
export function markAsOurs(prototype: object): void {
  Object.defineProperty(prototype, HOME, { value: here });
}

/** Why a value is refused, when another copy of the package made it; null for any other value. */
export function otherCopy(value: unknown): string | null {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || !(HOME in value))
    return null;
  const there = String((value as Record<symbol, unknown>)[HOME]);
  return `was made by another copy of aster-rpc, in ${there}; this copy is in ${here}. A program needs one copy: packages with a contract list aster-rpc in peerDependencies`;
}
