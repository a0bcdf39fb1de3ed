// Default values as code.
//
// Owns: the TypeScript code for a default value of a contract, and for a default that a function makes. A default that
// cannot be written is left out, which does not change the contract.

import { type ArrayWord, arrayKinds } from "../../schema/arrays.js";
import type { TypeWord } from "../../schema/descriptor.js";
import type { DescribedType } from "../contract-files.js";

const bigintWords = ["int64", "uint64", "fixedInt64", "fixedUint64", "taggedInt64", "taggedUint64"];

/** The code of a default; null when it cannot be written. */
export function defaultCode(type: TypeWord, value: unknown, types: readonly DescribedType[]): string | null {
  if (typeof type !== "string") {
    const [member, inner] = Object.entries(type)[0] as [string, never];
    if (member === "optional") return value === null ? "null" : defaultCode(inner, value, types);
    if (member === "shared") return defaultCode(inner, value, types);
    if (member === "scalar") return formCode(inner, value);
    if (value !== undefined && value !== null && member !== "enum") return null;
    if (member === "list") return "[]";
    if (member === "set") return "() => new Set()";
    if (member === "map") return "() => new Map()";
    if (member === "array") return `new ${arrayKinds[inner as ArrayWord].className}(0)`;
    if (member === "enum") return enumCode(types[inner], value);
    return member === "message" && allDefaulted(types[inner]) ? "{}" : null;
  }
  return wordCode(type, value);
}

/** The default of a scalar that has several forms. */
function formCode(name: string, value: unknown): string | null {
  if (name === "bigint") return Number.isSafeInteger(value) ? `${value as number}n` : null;
  return name === "bytesView" ? wordCode("bytes", value) : null;
}

function enumCode(type: DescribedType | undefined, value: unknown): string | null {
  if (type?.kind !== "enum") return null;
  const index = (type.json ?? type.members).indexOf(value as string);
  const member = type.members[index];
  return member === undefined ? null : JSON.stringify(member);
}

function allDefaulted(type: DescribedType | undefined): boolean {
  if (type?.kind !== "message") return false;
  const optional = (word: TypeWord): boolean => typeof word !== "string" && "optional" in word;
  return type.fields.every((field) => field.default === true || optional(field.type));
}

function wordCode(word: string, value: unknown): string | null {
  if (value === undefined || value === null) {
    if (word === "anyList") return "[]";
    return word === "anyMap" ? "() => new Map()" : null;
  }
  switch (typeof value) {
    case "boolean":
      return word === "bool" ? String(value) : null;
    case "string":
      if (word === "string") return JSON.stringify(value);
      if (word === "bytes" || word === "base64") return bytesCode(value);
      return word === "date" && /^\d{4}-\d\d-\d\d$/.test(value) ? JSON.stringify(value) : null;
    case "number":
      if (bigintWords.includes(word)) return Number.isSafeInteger(value) ? `${value}n` : null;
      if (word.startsWith("float")) return Object.is(value, -0) ? "-0" : String(value);
      return /^(u?int|fixed)/i.test(word) && Number.isSafeInteger(value) ? String(value) : null;
    default:
      return null;
  }
}

/** Bytes from hexadecimal digits, or from a Python bytes literal in a plain manifest. */
function bytesCode(text: string): string | null {
  if (text === "" || text === "b''") return "new Uint8Array(0)";
  if (!/^([0-9a-f]{2})+$/.test(text)) return null;
  return `Uint8Array.of(${[...Buffer.from(text, "hex")].join(", ")})`;
}
