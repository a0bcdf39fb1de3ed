// Schema objects: an immutable schema node with its field options (wire name, default, description).
//
// Owns: the kinds of nodes, `.name/.default/.describe`, the Standard Schema member, and the check whether a value is a
// schema. Does not own: the builders (`t.ts`, `message.ts`), the types (`types.ts`), any byte.

import { schemaOfClass } from "./class-schemas.js";
import { markAsOurs, otherCopy } from "./copies.js";
import type { MessageDefinition } from "./definition.js";
import type { EnumDefinition } from "./enum.js";
import type { ExtensionDefinition } from "./extension-coder.js";
import type { ScalarKind } from "./kinds.js";
import { checkWireName } from "./names.js";
import type { StandardIssue, StandardSchema } from "./types.js";
import { conform, Misfit } from "./validate.js";

/** The type of a schema, as data. */
export type SchemaNode =
  | { readonly kind: "scalar"; readonly scalar: ScalarKind; readonly lend: boolean }
  | { readonly kind: "list" | "set"; readonly element: SchemaObject }
  | {
      readonly kind: "map";
      readonly key: SchemaObject;
      readonly value: SchemaObject;
      readonly record: boolean;
    }
  | { readonly kind: "optional"; readonly inner: SchemaObject }
  | { readonly kind: "message"; readonly message: MessageDefinition }
  | { readonly kind: "enum"; readonly enum: EnumDefinition }
  | { readonly kind: "extension"; readonly extension: ExtensionDefinition }
  | { readonly kind: "any"; readonly narrow: "list" | "map" | null }
  | { readonly kind: "js"; readonly validator: StandardSchema | null }
  | { readonly kind: "union"; readonly members: readonly SchemaObject[] }
  | { readonly kind: "ref"; readonly target: () => SchemaObject };

/** The options of a schema as a field. */
export interface FieldOptions {
  readonly wireName: string | null;
  readonly description: string | null;
  /** Makes the value of a missing member. The caller copies it. */
  readonly fallback: (() => unknown) | null;
  /** In a payload that tracks references, the field keeps the identity of its value. */
  readonly shared: boolean;
  /** True when the default is a value, which is checked where it is declared. A function runs only when it is needed. */
  readonly constant: boolean;
}

const NO_OPTIONS: FieldOptions = {
  wireName: null,
  description: null,
  fallback: null,
  constant: false,
  shared: false,
};

/** Every schema at run time. The interfaces in `types.ts` are its public types. */
export class SchemaObject {
  readonly node: SchemaNode;
  readonly fieldOptions: FieldOptions;

  constructor(node: SchemaNode, fieldOptions: FieldOptions = NO_OPTIONS) {
    this.node = node;
    this.fieldOptions = fieldOptions;
  }

  name(wireName: string): this {
    return withOptions(this, { wireName: checkWireName(wireName, ".name()") });
  }

  describe(text: string): this {
    if (typeof text !== "string") throw new TypeError(".describe() needs a string");
    return withOptions(this, { description: text });
  }

  default(value: unknown): this {
    if (value === undefined) throw new TypeError(".default(undefined): a default must be a value");
    if (typeof value === "function")
      return withOptions(this, { fallback: value as () => unknown, constant: false });
    return withOptions(this, { fallback: () => value, constant: true });
  }

  get "~standard"(): object {
    return { version: 1, vendor: "aster-rpc", validate: (value: unknown) => validate(this, value) };
  }
}

markAsOurs(SchemaObject.prototype);

/** A copy with other field options. It keeps the class, so `.name().default()` works and a message stays a message. */
function withOptions<S extends SchemaObject>(schema: S, change: Partial<FieldOptions>): S {
  const copy = Object.create(Object.getPrototypeOf(schema)) as S;
  return Object.assign(copy, schema, { fieldOptions: { ...schema.fieldOptions, ...change } });
}

type Validation = { readonly value: unknown } | { readonly issues: readonly StandardIssue[] };

function validate(schema: SchemaObject, value: unknown): Validation {
  try {
    return { value: conform(schema, value) };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    return { issues: [{ message: error.message, path: error.path }] };
  }
}

/** The schema of a value, or null when it is not a schema. */
function schemaOf(value: unknown): SchemaObject | null {
  if (value instanceof SchemaObject) return value;
  return typeof value === "function" ? schemaOfClass(value) : null;
}

/** The schema of a value. @throws {TypeError} with `path` when it is not a schema */
export function asSchema(value: unknown, path: string): SchemaObject {
  const schema = schemaOf(value);
  if (schema !== null) return schema;
  if (value === undefined) {
    throw new TypeError(
      `${path}: undefined is not a schema; use a getter or t.ref() for a schema that is declared later`,
    );
  }
  const copy = otherCopy(value);
  if (copy !== null) throw new TypeError(`${path}: the schema ${copy}`);
  if (typeof value === "function") {
    const name = typeof value.name === "string" && value.name !== "" ? value.name : "a function";
    throw new TypeError(`${path}: ${name} is not a schema; a class must extend message() or have @wireType`);
  }
  throw new TypeError(`${path}: ${value === null ? "null" : typeof value} is not a schema`);
}

/** A schema inside another one. Only fields may have a wire name or a default. */
export function asInner(value: unknown, path: string): SchemaObject {
  const schema = asSchema(value, path);
  if (schema.fieldOptions.fallback !== null)
    throw new TypeError(`${path}: only a field can have a default, not a schema inside another one`);
  if (schema.fieldOptions.wireName !== null) {
    throw new TypeError(`${path}: only a field can have a wire name, not a schema inside another one`);
  }
  return schema;
}

/** A schema of elements, keys, values or union members, which has no field options. */
export function asPart(value: unknown, path: string): SchemaObject {
  const schema = asInner(value, path);
  if (schema.fieldOptions.shared)
    throw new TypeError(
      `${path}: t.shared() is only for fields; with { refs: true } elements, keys and values are always tracked`,
    );
  return schema;
}

/** The schema as a field that keeps the identity of its value. */
export function sharedOf(schema: SchemaObject): SchemaObject {
  return withOptions(schema, { shared: true });
}

/** True for a field that keeps the identity of its value: `t.shared` inside or outside of `t.optional`. */
export function isShared(schema: SchemaObject): boolean {
  let at = schema;
  for (let hops = 0; hops < 100; hops++) {
    if (at.fieldOptions.shared) return true;
    if (at.node.kind === "ref") at = at.node.target();
    else if (at.node.kind === "optional") at = at.node.inner;
    else return false;
  }
  return false;
}

/** The node of a schema, behind any number of `t.ref`. */
export function nodeOf(schema: SchemaObject): Exclude<SchemaNode, { kind: "ref" }> {
  let node = schema.node;
  for (let hops = 0; node.kind === "ref"; hops++) {
    if (hops === 100) throw new TypeError("t.ref() refers only to itself");
    node = node.target().node;
  }
  return node;
}
