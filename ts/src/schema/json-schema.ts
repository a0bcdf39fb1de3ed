// JSON Schema (2020-12) of a message in JSON mode.
//
// Owns: the conversion of schemas to JSON Schema. Members have their wire names. Messages and enums are listed once in
// `$defs`, so recursive messages need no special case. Types that JSON mode cannot hold are refused.

import type { FieldDefinition, MessageDefinition } from "./definition.js";
import type { EnumDefinition } from "./enum.js";
import type { ScalarKind } from "./kinds.js";
import { nodeOf, type SchemaObject } from "./schema.js";

/**
 * A JSON Schema document, or a part of one.
 *
 * @example
 * const Order = message("shop/Order", { orderId: t.string, lines: t.list(t.string) });
 * const schema: JsonSchema = Order.jsonSchema();
 */
export type JsonSchema = { [keyword: string]: unknown };

const DIALECT = "https://json-schema.org/draft/2020-12/schema";

type Defs = Record<string, JsonSchema>;

/**
 * Makes the document of a message.
 * @throws {TypeError} with the path of the member that JSON mode cannot hold
 */
export function jsonSchemaOf(schema: SchemaObject): JsonSchema {
  const defs: Defs = {};
  const body = partOf(schema, defs, "");
  const text = schema.fieldOptions.description;
  return { $schema: DIALECT, ...(text === null ? {} : { description: text }), ...body, $defs: defs };
}

/** @param path the position of the schema: the tag of its message and the member, with `[]` for each element */
function partOf(schema: SchemaObject, defs: Defs, path: string): JsonSchema {
  const node = nodeOf(schema);
  switch (node.kind) {
    case "scalar":
      return scalarPart(node.scalar, path);
    case "list":
      return { type: "array", items: partOf(node.element, defs, `${path}[]`) };
    case "map":
      return { type: "object", additionalProperties: partOf(node.value, defs, `${path}[]`) };
    case "optional":
      return { anyOf: [partOf(node.inner, defs, path), { type: "null" }] };
    case "message":
      return refTo(node.message.tag, defs, () => messagePart(node.message, defs));
    case "enum":
      return refTo(node.enum.tag, defs, () => enumPart(node.enum));
    case "any":
      if (node.narrow === null) return {};
      return { type: node.narrow === "list" ? "array" : "object" };
    case "extension":
      throw formless("an extension", path);
    case "js":
      throw formless("a value of t.js", path);
    case "set":
    case "union":
      throw formless(`a ${node.kind}`, path);
  }
}

// A schema for these types would describe documents that every peer refuses.
function formless(kind: string, path: string): TypeError {
  const problem = `JSON mode, which the JSON Schema describes, cannot hold ${kind}`;
  return Object.assign(new TypeError(path === "" ? problem : `${path}: ${problem}`), { path });
}

function refTo(tag: string, defs: Defs, part: () => JsonSchema): JsonSchema {
  if (!Object.hasOwn(defs, tag)) {
    defs[tag] = {}; // set before the fields are visited, so that a cycle ends here
    defs[tag] = part();
  }
  const pointer = tag.replaceAll("~", "~0").replaceAll("/", "~1");
  return { $ref: `#/$defs/${encodeURI(pointer)}` };
}

function messagePart(message: MessageDefinition, defs: Defs): JsonSchema {
  const properties: [string, JsonSchema][] = [];
  const required: string[] = [];
  for (const field of message.fields) {
    properties.push([field.wireName, fieldPart(field, defs, `${message.tag} at ${field.key}`)]);
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

function fieldPart(field: FieldDefinition, defs: Defs, path: string): JsonSchema {
  const { description, fallback, constant } = field.schema.fieldOptions;
  const part = partOf(field.schema, defs, path);
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

function scalarPart(kind: ScalarKind, path: string): JsonSchema {
  switch (kind.js) {
    case "bool":
      return { type: "boolean" };
    case "number":
      return { type: "integer", ...rangeOfWord[kind.word] };
    case "bigint":
      if (kind.word === "timestamp") throw formless("a timestamp", path);
      // Their bounds have more digits than a JSON number can hold exactly. Only 0 can be a bound.
      return { type: "integer", ...(UNSIGNED.has(kind.word) ? { minimum: 0 } : {}) };
    case "float":
      return { type: "number" };
    case "string":
      return { type: "string" };
    case "bytes":
      if (kind.described === "base64") return { type: "string", contentEncoding: "base64" };
      throw formless("bytes", path);
    case "array":
      throw formless("a typed array", path);
    case "date":
    case "timestamp":
      throw formless(`a ${kind.js}`, path);
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
  int: { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
  uint8: unsigned(8),
  uint16: unsigned(16),
  uint32: unsigned(32),
  fixedUint32: unsigned(32),
};

const UNSIGNED = new Set(["uint64", "fixedUint64", "taggedUint64"]);
