// JSON Schema (2020-12) of a message as JSON mode carries it.
//
// Owns: the mapping from schema nodes to JSON Schema. Members have their wire names; messages and enums stand
// once under `$defs`, so recursive messages need no special case.

import type { EnumDefinition } from "./enum.js";
import type { ScalarKind } from "./kinds.js";
import type { FieldDefinition, MessageDefinition } from "./message.js";
import { nodeOf, type SchemaObject } from "./schema.js";

/** A JSON Schema document or a part of one. */
export type JsonSchema = { [keyword: string]: unknown };

const DIALECT = "https://json-schema.org/draft/2020-12/schema";

/** The document of a message. */
export function jsonSchemaOf(schema: SchemaObject): JsonSchema {
  const defs: Record<string, JsonSchema> = {};
  const body = partOf(schema, defs);
  const text = schema.place.description;
  return { $schema: DIALECT, ...(text === null ? {} : { description: text }), ...body, $defs: defs };
}

function partOf(schema: SchemaObject, defs: Record<string, JsonSchema>): JsonSchema {
  const node = nodeOf(schema);
  switch (node.kind) {
    case "scalar":
      return scalarPart(node.scalar);
    case "list":
      return { type: "array", items: partOf(node.element, defs) };
    case "set":
      return { type: "array", uniqueItems: true, items: partOf(node.element, defs) };
    case "map":
      return { type: "object", additionalProperties: partOf(node.value, defs) };
    case "optional":
      return { anyOf: [partOf(node.inner, defs), { type: "null" }] };
    case "message":
      return refTo(node.message.tag, defs, () => messagePart(node.message, defs));
    case "enum":
      return refTo(node.enum.tag, defs, () => enumPart(node.enum));
    case "union":
      return { anyOf: node.members.map((member) => partOf(member, defs)) };
    case "any":
      if (node.narrow === null) return {};
      return { type: node.narrow === "list" ? "array" : "object" };
  }
}

function refTo(tag: string, defs: Record<string, JsonSchema>, part: () => JsonSchema): JsonSchema {
  if (!Object.hasOwn(defs, tag)) {
    defs[tag] = {}; // taken before the fields are visited, so that a cycle ends here
    defs[tag] = part();
  }
  const pointer = tag.replaceAll("~", "~0").replaceAll("/", "~1");
  return { $ref: `#/$defs/${encodeURI(pointer)}` };
}

function messagePart(message: MessageDefinition, defs: Record<string, JsonSchema>): JsonSchema {
  const properties: [string, JsonSchema][] = [];
  const required: string[] = [];
  for (const field of message.fields) {
    properties.push([field.wireName, fieldPart(field, defs)]);
    if (field.fallback === null && nodeOf(field.schema).kind !== "optional") required.push(field.wireName);
  }
  return {
    type: "object",
    title: message.typeName,
    properties: Object.fromEntries(properties),
    required,
    additionalProperties: false,
  };
}

function fieldPart(field: FieldDefinition, defs: Record<string, JsonSchema>): JsonSchema {
  const { description, fallback, constant } = field.schema.place;
  const part = partOf(field.schema, defs);
  const value = constant ? fallback?.() : undefined;
  const plain =
    value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return {
    ...part,
    ...(description === null ? {} : { description }),
    ...(plain ? { default: value } : {}),
  };
}

function enumPart(definition: EnumDefinition): JsonSchema {
  return { title: definition.typeName, enum: [...definition.json] };
}

const INT64 = { minimum: -(2 ** 63), maximum: 2 ** 63 };

function scalarPart(kind: ScalarKind): JsonSchema {
  switch (kind.js) {
    case "bool":
      return { type: "boolean" };
    case "number":
    case "bigint":
      return { type: "integer", ...(rangeOfWord[kind.word] ?? INT64) };
    case "float":
      return { type: "number" };
    case "string":
      return { type: "string" };
    case "bytes":
      return { type: "string", contentEncoding: "base64" };
    case "date":
      return { type: "string", format: "date" };
    case "timestamp":
      return { type: "string", format: "date-time" };
  }
}

function signed(bits: number): JsonSchema {
  return { minimum: -(2 ** (bits - 1)), maximum: 2 ** (bits - 1) - 1 };
}

function unsigned(bits: number): JsonSchema {
  return { minimum: 0, maximum: 2 ** bits - 1 };
}

const rangeOfWord: Record<string, JsonSchema> = {
  int8: signed(8),
  int16: signed(16),
  int32: signed(32),
  fixedInt32: signed(32),
  uint8: unsigned(8),
  uint16: unsigned(16),
  uint32: unsigned(32),
  fixedUint32: unsigned(32),
  uint64: { minimum: 0, maximum: 2 ** 64 },
  fixedUint64: { minimum: 0, maximum: 2 ** 64 },
  taggedUint64: { minimum: 0, maximum: 2 ** 64 },
};
