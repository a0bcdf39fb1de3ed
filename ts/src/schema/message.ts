// Messages: `message(tag, fields, options)`.
//
// Owns: the message definition (tag, fields in declaration order, brand) and the members of a message schema.
// Fields behind a getter are read at first use, which is what lets messages refer to themselves and each other.

import { decode, decodeJson, encode, encodeJson } from "../codec/single-messages.js";
import { brand } from "./brand.js";
import type { FieldDefinition, MessageDefinition } from "./definition.js";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.js";
import { checkOptions, splitTag, wireNameOfKey } from "./names.js";
import { asSchema, type SchemaObject, SchemaObject as SchemaValue } from "./schema.js";
import type { MessageOf } from "./types.js";
import { checkDefault, conformShallow } from "./validate.js";

/** What is said about a message beside its fields. */
export interface MessageOptions {
  /** For a tag without "/": the Python module that the contract id of a Python service depends on. */
  readonly pythonModule?: string;
  /** For a tag without "/": the qualified name of the Python class, if it is not the tag. */
  readonly qualname?: string;
  /** Types that decoding `t.any` may meet, beside those that the fields reach. */
  readonly types?: readonly unknown[];
  /**
   * Payloads with this message at the root keep the identity of objects (Fory's `ref=True`): elements of lists and
   * sets, keys and values of maps, and fields that are `t.shared`. One object in several places arrives as one
   * object, and cycles are allowed. Both sides have to say so. Default false.
   */
  readonly refs?: boolean;
  /**
   * Payloads with this message at the root describe their fields (Fory's `compatible=True`), so that each side may add,
   * remove and widen fields by itself. `encode` and `decode` use that form; both sides have to say so. Default false.
   */
  readonly compatible?: boolean;
}

/** What a definition is made of; the class form makes its own. */
export interface MessageParts {
  readonly tag: unknown;
  readonly what: string;
  readonly options: MessageOptions;
  readonly prototype: object;
  /** Reads the fields at first use. */
  readonly readFields: () => FieldDefinition[];
}

/** Builds the definition and the schema of a message, and gives its objects their brand. */
export function buildMessage(parts: MessageParts): SchemaObject {
  const { options, what } = parts;
  checkOptions(options, ["pythonModule", "qualname", "types", "refs", "compatible"], what);
  let fields: readonly FieldDefinition[] | null = null;
  const definition: MessageDefinition = {
    ...splitTag(parts.tag, what),
    pythonModule: optionalText(options.pythonModule, `${what}.pythonModule`),
    qualname: optionalText(options.qualname, `${what}.qualname`),
    refs: optionalFlag(options.refs, `${what}.refs`),
    compatible: optionalFlag(options.compatible, `${what}.compatible`),
    prototype: parts.prototype,
    get fields() {
      fields ??= checkFields(parts.readFields(), what);
      return fields;
    },
    types: (options.types ?? []).map((type, index) => asSchema(type, `${what}.types[${index}]`)),
  };
  const schema = new MessageSchema(definition);
  brand(parts.prototype, definition, schema);
  return schema;
}

function optionalText(value: unknown, path: string): string | null {
  if (value === undefined) return null;
  if (typeof value !== "string" || value === "") throw new TypeError(`${path}: a non-empty string`);
  return value;
}

function optionalFlag(value: unknown, path: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== "boolean") throw new TypeError(`${path}: true or false`);
  return value;
}

function checkFields(fields: FieldDefinition[], what: string): readonly FieldDefinition[] {
  const seen = new Map<string, string>();
  for (const field of fields) {
    const other = seen.get(field.wireName);
    if (other !== undefined) {
      throw new TypeError(
        `${what}.${field.key}: has the wire name ${field.wireName} of ${other}; give one a .name()`,
      );
    }
    seen.set(field.wireName, field.key);
  }
  return Object.freeze(fields);
}

/** A field from its key and whatever stands there. */
export function readField(key: string, value: unknown, what: string): FieldDefinition {
  const path = `${what}.${key}`;
  if (key === "__proto__")
    throw new TypeError(`${path}: no object can hold this key safely; rename the field`);
  const schema = asSchema(value, path);
  return {
    key,
    wireName: wireNameOfKey(key, schema.place.wireName, path),
    schema,
    fallback: schema.place.fallback,
  };
}

/** A message schema at run time; users see it as `MessageOf`. */
class MessageSchema extends SchemaValue {
  readonly definition: MessageDefinition;

  constructor(definition: MessageDefinition) {
    super({ kind: "message", message: definition });
    this.definition = definition;
  }

  get tag(): string {
    return this.definition.tag;
  }

  of(value: unknown): unknown {
    return conformShallow(this.definition, value);
  }

  encode(value: unknown): Uint8Array {
    return encode(this, value);
  }

  decode(bytes: Uint8Array): unknown {
    return decode(this, bytes);
  }

  encodeJson(value: unknown): string {
    return encodeJson(this, value);
  }

  decodeJson(text: string): unknown {
    return decodeJson(this, text);
  }

  jsonSchema(): JsonSchema {
    return jsonSchemaOf(this);
  }
}

/**
 * A message: a named type with fields in order.
 *
 * *Shape*: the order of the fields and their wire names are part of the contract id. Fields that refer to this
 * message or to a later one are getters: `get next() { return t.optional(Node); }`.
 *
 * @example
 * const Invoice = message("billing/Invoice", { invoiceId: t.string, amountCents: t.int });
 * type Invoice = Infer<typeof Invoice>;
 * @throws {TypeError} with the path for a bad tag, name or option, or a field that is no schema
 */
// biome-ignore lint/suspicious/noExplicitAny: the constraint has to be `any`, anything narrower resolves getters early and breaks recursive messages
export function message<F extends Record<string, any>>(
  tag: string,
  fields: F,
  options: MessageOptions = {},
): MessageOf<F> {
  const what = typeof tag === "string" ? tag : "message()";
  if (typeof fields !== "object" || fields === null) throw new TypeError(`${what}: fields are an object`);
  const readers = Object.keys(fields).map((key) => fieldReader(fields, key, what));
  const schema = buildMessage({
    tag,
    what,
    options,
    prototype: Object.freeze(Object.create(Object.prototype)),
    readFields: () => readers.map((read) => read()),
  });
  if (readers.every((read) => read.ready)) (schema as MessageSchema).definition.fields;
  // INVARIANT: the schema just built has exactly the fields of F.
  return schema as unknown as MessageOf<F>;
}

interface FieldReader {
  (): FieldDefinition;
  readonly ready: boolean;
}

/** Plain members are checked at once, getters when the fields are first needed. */
function fieldReader(fields: object, key: string, what: string): FieldReader {
  const property = Object.getOwnPropertyDescriptor(fields, key);
  if (property?.get !== undefined) {
    const read = (): FieldDefinition => readField(key, (fields as Record<string, unknown>)[key], what);
    return Object.assign(read, { ready: false });
  }
  const field = readField(key, property?.value, what);
  checkDefault(field, `${what}.${key}`);
  return Object.assign(() => field, { ready: true });
}
