// Messages: `message(tag, fields, options)`.
//
// Owns: the definition of a message (tag, fields in the order of declaration, brand). Fields behind a getter are read at
// first use, so that messages can refer to themselves and to each other.

import { type AnyClass, prototypeOf } from "./class-schemas.js";
import type { FieldDefinition, MessageDefinition } from "./definition.js";
import { messageClass } from "./message-class.js";
import type { Fields, FieldsInput, MessageMembers, MessageValue, SchemaFields } from "./message-types.js";
import { checkOptions, splitTag, wireNameOfKey } from "./names.js";
import { asSchema, nodeOf, SchemaObject } from "./schema.js";
import type { StandardProps, T } from "./types.js";
import { checkDefault } from "./validate.js";

/**
 * The options of a message.
 *
 * @example
 * const options: MessageOptions = { compatible: true };
 * const Task = message("todo/Task", { title: t.string, effort: t.int }, options);
 */
export interface MessageOptions {
  /** For a tag without "/": the Python module, which is part of the contract id of a Python service. */
  readonly pythonModule?: string;
  /** For a tag without "/": the qualified name of the Python class, when it differs from the tag. */
  readonly qualname?: string;
  /** Types that values of `t.any` may have, in addition to the types of the fields. */
  readonly types?: readonly unknown[];
  /**
   * Payloads with this message at the root keep the identity of objects (Fory's `ref=True`): of elements of lists and sets,
   * of keys and values of maps, and of `t.shared` fields. One object at several positions is decoded as one object, and
   * cycles are allowed. Both sides must set it. Default false.
   */
  readonly refs?: boolean;
  /**
   * Payloads with this message at the root describe their fields (Fory's `compatible=True`), so that each side may add,
   * remove and widen fields on its own. `encode` and `decode` use this encoding. Both sides must set it. Default false.
   */
  readonly compatible?: boolean;
}

/** The parts of a definition. The class form makes its own parts. */
export interface MessageParts {
  readonly tag: unknown;
  readonly what: string;
  readonly options: MessageOptions;
  /** The names of the fields that are known before the fields are read. */
  readonly keys: readonly string[];
  /** The class of `@wireType`, or null. */
  readonly owner: AnyClass | null;
  /** Reads the fields at first use. */
  readonly readFields: () => FieldDefinition[];
}

/** Makes the definition and the class of a message. */
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
  if (typeof value !== "string" || value === "") throw new TypeError(`${path}: must be a non-empty string`);
  return value;
}

function optionalFlag(value: unknown, path: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== "boolean") throw new TypeError(`${path}: must be true or false`);
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

/** Makes a field from its key and its schema. */
export function readField(key: string, value: unknown, what: string): FieldDefinition {
  const path = `${what}.${key}`;
  if (key === "__proto__")
    throw new TypeError(`${path}: this key is not safe in JavaScript objects; rename the field`);
  const schema = asSchema(value, path);
  return {
    key,
    wireName: wireNameOfKey(key, schema.fieldOptions.wireName, path),
    schema,
    fallback: schema.fieldOptions.fallback,
  };
}

/** The types of messages, as type declarations show them. */
export declare namespace message {
  /** A message: a schema, and the class of its values. A message with a named type extends it. */
  interface Class<Tag extends string, F> extends MessageMembers<FieldsInput<F>> {
    /** The same as `of`: missing members are filled in. Decoding makes instances without it. */
    new (value: FieldsInput<F>): Fields<F> & MessageValue<Tag>;
    /** The decoded type, for a message that is a constant. */
    readonly prototype: Fields<F>;
    /** The tag that names the type on the wire, `namespace/Name`. */
    readonly tag: Tag;
    readonly [T]: { readonly in: FieldsInput<F>; readonly omit: false };
    /** Standard Schema: validates a value and returns it with defaults filled in. */
    readonly "~standard": StandardProps<FieldsInput<F>, Fields<F> & MessageValue<Tag>>;
  }
}

/**
 * Declares a message: a named type with fields in order. The result is a class. Extend it where you export it, so that its
 * type has a name.
 *
 * *Shape*: the order of the fields and their wire names are part of the contract id. A field that refers to this message or
 * to a later one is a getter: `get next() { return t.optional(Node); }`.
 *
 * @example
 * const Invoice = message("billing/Invoice", { invoiceId: t.string, amountCents: t.int });
 * type Invoice = Infer<typeof Invoice>;
 * const invoice: Invoice = Invoice.decode(Invoice.encode({ invoiceId: "i-1", amountCents: 250 }));
 * @throws {TypeError} with the path of a wrong tag, name or option, or of a field that is not a schema
 */
// biome-ignore lint/suspicious/noExplicitAny: a narrower constraint would resolve getters early and break recursive messages
export function message<const Tag extends string, F extends Record<string, any>>(
  tag: Tag,
  fields: F & NoInfer<SchemaFields<F>>,
  options: MessageOptions = {},
): message.Class<Tag, F> {
  const what = typeof tag === "string" ? tag : "message()";
  if (typeof fields !== "object" || fields === null) throw new TypeError(`${what}: fields must be an object`);
  const keys = Object.keys(fields);
  const readers = keys.map((key) => fieldReader(fields, key, what));
  const readFields = (): FieldDefinition[] => readers.map((read) => read());
  const built = buildMessage({ tag, what, options, keys, owner: null, readFields });
  if (readers.every((read) => read.ready)) built.definition.fields;
  // INVARIANT: the message that was just made has exactly the fields of F.
  return built.message as unknown as message.Class<Tag, F>;
}

interface FieldReader {
  (): FieldDefinition;
  readonly ready: boolean;
}

/** Plain members are checked now, getters when the fields are first needed. */
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

/** The definition of a schema that must be a message. */
export function messageBehind(schema: SchemaObject, path: string): MessageDefinition {
  const node = nodeOf(schema);
  if (node.kind !== "message") throw new TypeError(`${path}: must be a message`);
  return node.message;
}
