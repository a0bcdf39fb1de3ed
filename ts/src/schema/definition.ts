// What a message is, as data: its tag, its options and its fields.
//
// Owns: those types, for every part of the package that reads schemas. Does not own: building them (`message.ts`).

import type { Tag } from "./names.js";
import type { SchemaObject } from "./schema.js";

/** One field of a message. */
export interface FieldDefinition {
  /** The name in TypeScript. */
  readonly key: string;
  /** The name on the wire and in JSON. */
  readonly wireName: string;
  readonly schema: SchemaObject;
  /** Makes the value of an absent field, or null when it has no default. The result is copied by its user. */
  readonly fallback: (() => unknown) | null;
}

/** What a message is, as data. */
export interface MessageDefinition extends Tag {
  readonly pythonModule: string | null;
  readonly qualname: string | null;
  /** Payloads with this message at the root describe their fields. */
  readonly compatible: boolean;
  /** Payloads with this message at the root keep the identity of objects. */
  readonly refs: boolean;
  /** The prototype that decoded objects share; asking for it settles which class that is. */
  readonly prototype: object;
  /** The fields in declaration order. @throws {TypeError} when a getter or reference gives no schema */
  readonly fields: readonly FieldDefinition[];
  readonly types: readonly SchemaObject[];
}
