// Default values of a contract, as values of TypeScript.
//
// Owns: reading the JSON form of a default, and the empty value for a default that a function makes. A default that the contract
// does not tell is left out, which does not change the contract.

import { type ArrayWord, arrayKinds } from "../schema/arrays.js";
import type { TypeWord } from "../schema/descriptor.js";
import type { DescribedType } from "./manifest-types.js";

/** A default. */
export interface KnownDefault {
  readonly value: unknown;
}

const bigintWords = ["int64", "uint64", "fixedInt64", "fixedUint64", "taggedInt64", "taggedUint64"];

/** The default of a field; null when the contract does not tell it. */
export function knownDefault(
  type: TypeWord,
  value: unknown,
  types: readonly DescribedType[],
): KnownDefault | null {
  if (typeof type === "string") return wordDefault(type, value);
  const [member, inner] = Object.entries(type)[0] as [string, never];
  if (member === "optional") return value === null ? { value } : knownDefault(inner, value, types);
  if (member === "shared") return knownDefault(inner, value, types);
  if (member === "scalar") return formDefault(inner, value);
  if (value !== undefined && value !== null && member !== "enum") return null;
  switch (member) {
    case "list":
      return { value: [] };
    case "set":
      return { value: new Set() };
    case "map":
      return { value: new Map() };
    case "array":
      return { value: arrayKinds[inner as ArrayWord].over(new ArrayBuffer(0)) };
    case "enum":
      return enumDefault(types[inner], value);
    default:
      return member === "message" && allDefaulted(types[inner]) ? { value: {} } : null;
  }
}

/** The default of a scalar that has several forms. */
function formDefault(name: string, value: unknown): KnownDefault | null {
  if (name === "bigint") return Number.isSafeInteger(value) ? { value: BigInt(value as number) } : null;
  return name === "bytesView" ? wordDefault("bytes", value) : null;
}

function enumDefault(type: DescribedType | undefined, value: unknown): KnownDefault | null {
  if (type?.kind !== "enum") return null;
  const index = (type.json ?? type.members).indexOf(value as string);
  const member = type.members[index];
  return member === undefined ? null : { value: member };
}

function allDefaulted(type: DescribedType | undefined): boolean {
  if (type?.kind !== "message") return false;
  const optional = (word: TypeWord): boolean => typeof word !== "string" && "optional" in word;
  return type.fields.every((field) => field.default === true || optional(field.type));
}

function wordDefault(word: string, value: unknown): KnownDefault | null {
  if (value === undefined || value === null) {
    if (word === "anyList") return { value: [] };
    return word === "anyMap" ? { value: new Map() } : null;
  }
  switch (typeof value) {
    case "boolean":
      return word === "bool" ? { value } : null;
    case "string":
      if (word === "string") return { value };
      if (word === "bytes" || word === "base64") return bytesDefault(value);
      return word === "date" && /^\d{4}-\d\d-\d\d$/.test(value) ? { value } : null;
    case "number":
      if (bigintWords.includes(word)) return Number.isSafeInteger(value) ? { value: BigInt(value) } : null;
      if (word.startsWith("float")) return { value };
      return /^(u?int|fixed)/i.test(word) && Number.isSafeInteger(value) ? { value } : null;
    default:
      return null;
  }
}

/** Bytes from hexadecimal digits, or from a Python bytes literal in a plain manifest. */
function bytesDefault(text: string): KnownDefault | null {
  if (text === "" || text === "b''") return { value: new Uint8Array(0) };
  if (!/^([0-9a-f]{2})+$/.test(text)) return null;
  return { value: Uint8Array.from(Buffer.from(text, "hex")) };
}
