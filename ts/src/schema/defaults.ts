// The default values that a service document tells: those that are scalars or null.
//
// Owns: which defaults those are and how JSON carries them (`docs/boundary.md`). Only manifests show them; a
// default that is made anew for each use, or that JSON cannot carry, is known there by its existence alone.

import type { FieldDefinition } from "./definition.js";
import type { Definition } from "./descriptor.js";
import { nodeOf, type SchemaObject } from "./schema.js";

type Told = string | number | boolean | null;

/** For each type, in order, the default of each of its fields that has one to tell. */
export function defaultsOf(types: readonly Definition[]): readonly Readonly<Record<string, Told>>[] {
  return types.map((type) => {
    if (!("fields" in type)) return {};
    const told = type.fields.map((field) => [field.wireName, toldDefault(field)] as const);
    return Object.fromEntries(told.filter(([, value]) => value !== undefined)) as Record<string, Told>;
  });
}

function toldDefault({ schema, fallback }: FieldDefinition): Told | undefined {
  if (fallback === null) return undefined;
  // A function given by the user runs when a message needs it, not when a service is described.
  if (schema.place.fallback !== null && !schema.place.constant) return undefined;
  return toldValue(schema, fallback());
}

function toldValue(schema: SchemaObject, value: unknown): Told | undefined {
  const node = nodeOf(schema);
  if (value === null) return null;
  if (node.kind === "optional") return toldValue(node.inner, value);
  if (node.kind === "enum") return node.enum.json[node.enum.ordinals.get(String(value)) ?? -1];
  if (node.kind === "scalar" && node.scalar.js === "array") return undefined;
  if (node.kind === "extension") return undefined;
  switch (typeof value) {
    case "boolean":
    case "string":
      return value;
    case "number":
      return Number.isFinite(value) ? value : undefined;
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
    default:
      return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : pythonTime(value);
  }
}

/** A time as Python's `str` prints it. */
function pythonTime(value: unknown): string | undefined {
  if (!(value instanceof Date)) return undefined;
  const [day, time] = value.toISOString().slice(0, -1).split("T") as [string, string];
  const [seconds, fraction] = time.split(".") as [string, string];
  return fraction === "000" ? `${day} ${seconds}` : `${day} ${seconds}.${fraction}000`;
}
