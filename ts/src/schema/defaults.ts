// The default values in a service document: those that are scalars or null.
//
// Owns: the choice of these defaults, and their JSON form (`docs/boundary.md`). Only manifests contain them. Of a default
// from a function, or one that JSON cannot hold, a manifest only says that it exists.

import type { FieldDefinition } from "./definition.js";
import type { Definition } from "./descriptor.js";
import { nodeOf, type SchemaObject } from "./schema.js";

type ManifestDefault = string | number | boolean | null;

/** For each type, in order: the default of each field that has one for the document. */
export function defaultsOf(
  types: readonly Definition[],
): readonly Readonly<Record<string, ManifestDefault>>[] {
  return types.map((type) => {
    if (!("fields" in type)) return {};
    const defaults = type.fields.map((field) => [field.wireName, manifestDefault(field)] as const);
    return Object.fromEntries(defaults.filter(([, value]) => value !== undefined)) as Record<
      string,
      ManifestDefault
    >;
  });
}

function manifestDefault({ schema, fallback }: FieldDefinition): ManifestDefault | undefined {
  if (fallback === null) return undefined;
  // A function of the user runs only when a message needs it, not when a service is described.
  if (schema.fieldOptions.fallback !== null && !schema.fieldOptions.constant) return undefined;
  return manifestValue(schema, fallback());
}

function manifestValue(schema: SchemaObject, value: unknown): ManifestDefault | undefined {
  const node = nodeOf(schema);
  if (value === null) return null;
  if (node.kind === "optional") return manifestValue(node.inner, value);
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

/** A time in the format of Python's `str`. */
function pythonTime(value: unknown): string | undefined {
  if (!(value instanceof Date)) return undefined;
  const [day, time] = value.toISOString().slice(0, -1).split("T") as [string, string];
  const [seconds, fraction] = time.split(".") as [string, string];
  return fraction === "000" ? `${day} ${seconds}` : `${day} ${seconds}.${fraction}000`;
}
