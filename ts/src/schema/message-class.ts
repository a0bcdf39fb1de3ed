// The class of a message, which `message()` returns.
//
// Owns: that class, its static methods (`of`, `encode`, ...), and `messageOf`. Does not own: the class of a message's
// values (`class-schemas.ts`).

import { decode, decodeJson, encode, encodeJson } from "../codec/single-messages.js";
import { brandOf, definitionOf } from "./brand.js";
import { type AnyClass, originOf, registerMessage, settleOwner } from "./class-schemas.js";
import { markAsOurs } from "./copies.js";
import type { MessageDefinition } from "./definition.js";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.js";
import type { DecodeOptions, Message } from "./message-types.js";
import { plainOf } from "./plain.js";
import type { SchemaObject } from "./schema.js";
import { conformShallow, fill } from "./validate.js";

/** The static methods of every message. `this` is the message, or a class that extends it. */
// biome-ignore lint/complexity/noStaticOnlyClass: messages are classes, and inherit their statics from this one
abstract class MessageFunctions {
  static get tag(): string {
    return originOf(this).definition.tag;
  }

  static of(value: unknown): object {
    return conformShallow(originOf(this).definition, value);
  }

  static is(value: unknown): boolean {
    const { definition } = originOf(this);
    return typeof value === "object" && value !== null && definitionOf(value) === definition;
  }

  static toPlain(value: unknown): unknown {
    const { definition } = originOf(this);
    if (typeof value !== "object" || value === null || definitionOf(value) !== definition) {
      throw new TypeError(`toPlain() needs a value of ${definition.tag}, made by of(), new or decoding`);
    }
    return plainOf(value);
  }

  static encode(value: unknown): Uint8Array {
    return encode(originOf(this).schema, value);
  }

  static decode(bytes: Uint8Array, options?: DecodeOptions): unknown {
    return decode(originOf(this).schema, bytes, options);
  }

  static encodeJson(value: unknown): string {
    return encodeJson(originOf(this).schema, value);
  }

  static decodeJson(text: string, options?: DecodeOptions): unknown {
    return decodeJson(originOf(this).schema, text, options);
  }

  static jsonSchema(): JsonSchema {
    return jsonSchemaOf(originOf(this).schema);
  }

  static named(wireName: string): SchemaObject {
    return originOf(this).schema.name(wireName);
  }

  static describe(text: string): SchemaObject {
    return originOf(this).schema.describe(text);
  }

  static default(value: unknown): SchemaObject {
    return originOf(this).schema.default(value);
  }

  static get "~standard"(): object {
    return originOf(this).schema["~standard"];
  }
}

markAsOurs(MessageFunctions);

/** The prototype of every message prototype. The mark allows drafts of messages to the library immer. */
const draftable: object = Object.freeze(
  Object.create(Object.prototype, { [Symbol.for("immer-draftable")]: { value: true } }),
);

/** Makes the class of a message. `new` fills in missing members as `of` does. Decoding does not run it. */
export function messageClass(
  schema: SchemaObject,
  definition: MessageDefinition,
  keys: readonly string[],
  owner: AnyClass | null,
): AnyClass {
  function Message(this: object, value: unknown): void {
    if (new.target === undefined) throw new TypeError(`${definition.tag}: use new or of() to make a value`);
    settleOwner(new.target);
    fill(definition, value, this);
  }
  Message.prototype = Object.freeze(Object.create(draftable));
  Object.defineProperty(Message, "name", { value: definition.typeName });
  Object.setPrototypeOf(Message, MessageFunctions);
  registerMessage({ base: Message, schema, definition, keys }, owner);
  return Message;
}

/**
 * The message of an object: for objects from decoding, `X.of()` or `new X()`, and for instances of `@wireType` classes. Null
 * for any other value. `X.is(value)` checks for one message, and narrows the type.
 *
 * @example
 * const Point = message("draw/Point", { x: t.int, y: t.int });
 * console.log(messageOf(Point.of({ x: 1, y: 2 })) === Point); // true
 * console.log(messageOf({ x: 1, y: 2 })); // null
 */
export function messageOf(value: unknown): Message<unknown> | null {
  if (typeof value !== "object" || value === null) return null;
  return (brandOf(value)?.message ?? null) as Message<unknown> | null;
}
