// Messages: `message(tag, fields, options)`.
//
// Owns: the message definition (tag, fields in declaration order, brand) and the members of a message schema.
// Fields behind a getter are read at first use, which is what lets messages refer to themselves and each other.

import { type AnyClass, prototypeOf } from "./class-schemas.js";
import type { FieldDefinition, MessageDefinition } from "./definition.js";
import { messageClass } from "./message-class.js";
import type { Fields, FieldsInput, MessageMembers, MessageValue, SchemaFields } from "./message-types.js";
import { checkOptions, splitTag, wireNameOfKey } from "./names.js";
import { asSchema, nodeOf, SchemaObject } from "./schema.js";
import type { StandardProps, T } from "./types.js";
import { checkDefault } from "./validate.js";

/**
 * What is said about a message beside its fields.
 *
 * @example
 * const options: MessageOptions = { compatible: true };
 * const Task = message("todo/Task", { title: t.string, effort: t.int }, options);
 */
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
  /** The names of the fields that are known before they are read. */
  readonly keys: readonly string[];
  /** The class of `@wireType`, or null. */
  readonly owner: AnyClass | null;
  /** Reads the fields at first use. */
  readonly readFields: () => FieldDefinition[];
}

/** Builds the definition and the class of a message. */
export function buildMessage(parts: MessageParts): { definition: MessageDefinition; message: AnyClass } {
  const { options, what } = parts;
  checkOptions(options, ["pythonModule", "qualname", "types", "refs", "compatible"], what);
  let fields: readonly FieldDefinition[] | null = null;
  const definition: MessageDefinition = {
    ...splitTag(parts.tag, what),
    pythonModule: optionalText(options.pythonModule, `${what}.pythonModule`),
    qualname: optionalText(options.qualname, `${what}.qualname`),
    refs: optionalFlag(options.refs, `${what}.refs`),
    compatible: optionalFlag(options.compatible, `${what}.compatible`),
    get prototype() {
      return prototypeOf(definition);
    },
    get fields() {
      fields ??= checkFields(parts.readFields(), what);
      return fields;
    },
    types: (options.types ?? []).map((type, index) => asSchema(type, `${what}.types[${index}]`)),
  };
  const schema = new SchemaObject({ kind: "message", message: definition });
  return { definition, message: messageClass(schema, definition, parts.keys, parts.owner) };
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

/** The types of messages, as declarations show them. */
export declare namespace message {
  /** A message: a schema, and the class of its values, which a named message extends. */
  interface Class<Tag extends string, F> extends MessageMembers<FieldsInput<F>> {
    /** The same as `of`: absent members are filled in. Decoding makes instances without it. */
    new (value: FieldsInput<F>): Fields<F> & MessageValue<Tag>;
    /** What decoding gives, where the message is a constant. */
    readonly prototype: Fields<F>;
    /** The tag that names the type on the wire, `namespace/Name`. */
    readonly tag: Tag;
    readonly [T]: { readonly in: FieldsInput<F>; readonly omit: false };
    /** Standard Schema: checks any value and gives it back with defaults filled in. */
    readonly "~standard": StandardProps<FieldsInput<F>, Fields<F> & MessageValue<Tag>>;
  }
}

/**
 * A message: a named type with fields in order. It is a class: extend it where it is exported, so that its type has a name.
 *
 * *Shape*: the order of the fields and their wire names are part of the contract id. Fields that refer to this
 * message or to a later one are getters: `get next() { return t.optional(Node); }`.
 *
 * @example
 * const Invoice = message("billing/Invoice", { invoiceId: t.string, amountCents: t.int });
 * type Invoice = Infer<typeof Invoice>;
 * const invoice: Invoice = Invoice.decode(Invoice.encode({ invoiceId: "i-1", amountCents: 250 }));
 * @throws {TypeError} with the path for a bad tag, name or option, or a field that is no schema
 */
// biome-ignore lint/suspicious/noExplicitAny: the constraint has to be `any`, anything narrower resolves getters early and breaks recursive messages
export function message<const Tag extends string, F extends Record<string, any>>(
  tag: Tag,
  fields: F & NoInfer<SchemaFields<F>>,
  options: MessageOptions = {},
): message.Class<Tag, F> {
  const what = typeof tag === "string" ? tag : "message()";
  if (typeof fields !== "object" || fields === null) throw new TypeError(`${what}: fields are an object`);
  const keys = Object.keys(fields);
  const readers = keys.map((key) => fieldReader(fields, key, what));
  const readFields = (): FieldDefinition[] => readers.map((read) => read());
  const built = buildMessage({ tag, what, options, keys, owner: null, readFields });
  if (readers.every((read) => read.ready)) built.definition.fields;
  // INVARIANT: the message just built has exactly the fields of F.
  return built.message as unknown as message.Class<Tag, F>;
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

/** The definition behind a schema that must be a message. */
export function messageBehind(schema: SchemaObject, path: string): MessageDefinition {
  const node = nodeOf(schema);
  if (node.kind !== "message") throw new TypeError(`${path}: has to be a message`);
  return node.message;
}
