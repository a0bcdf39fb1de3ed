// The definition of a message as data: its tag, its options and its fields.
//
// Owns: these types, for every part of the package that reads schemas. Does not own: making definitions (`message.ts`).

import type { Tag } from "./names.js";
import type { SchemaObject } from "./schema.js";

/** One field of a message. */
export interface FieldDefinition {
  /** The name in TypeScript. */
  readonly key: string;
  /** The name on the wire and in JSON. */
  readonly wireName: string;
  readonly schema: SchemaObject;
  /** Makes the value of a missing member. Null when the field has no default. The caller copies the result. */
  readonly fallback: (() => unknown) | null;
}

/** A message as data. */
export interface MessageDefinition extends Tag {
  readonly pythonModule: string | null;
  readonly qualname: string | null;
  /** Payloads with this message at the root are in compatible mode. */
  readonly compatible: boolean;
  /** Payloads with this message at the root keep the identity of objects. */
  readonly refs: boolean;
  /** The prototype of decoded objects. Reading it decides which class owns the message. */
  readonly prototype: object;
  /** The fields in the order of declaration. @throws {TypeError} when a getter or reference returns no schema */
  readonly fields: readonly FieldDefinition[];
  readonly types: readonly SchemaObject[];
}
