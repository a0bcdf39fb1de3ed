// Default values as code.
//
// Owns: the TypeScript code for a default value. Does not own: which default a contract tells (service/default-values.ts).

import { typedArrayClass } from "../../schema/arrays.js";
import type { TypeWord } from "../../schema/descriptor.js";
import { knownDefault } from "../../service/default-values.js";
import type { DescribedType } from "../../service/manifest-types.js";

/** The code of a default; null when the contract does not tell it. */
export function defaultCode(type: TypeWord, value: unknown, types: readonly DescribedType[]): string | null {
  const known = knownDefault(type, value, types);
  return known === null ? null : codeOf(known.value);
}

/** The code of a scalar, of bytes, or of an empty value. */
function codeOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "[]";
  if (value instanceof Set) return "() => new Set()";
  if (value instanceof Map) return "() => new Map()";
  const array = typedArrayClass(value);
  if (array === undefined) return "{}";
  const items = [...(value as Uint8Array)];
  return items.length === 0 ? `new ${array}(0)` : `${array}.of(${items.join(", ")})`;
}
