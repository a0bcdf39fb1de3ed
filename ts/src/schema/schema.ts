// The schema value itself: an immutable node with what was said about its place (wire name, default, text).
//
// Owns: the node kinds, `.name/.default/.describe`, the Standard Schema member, and which values count as a
// schema. Does not own: the builders (`t.ts`, `message.ts`), the types (`types.ts`), any byte.

import { schemaOfClass } from "./class-schemas.js";
import type { MessageDefinition } from "./definition.js";
import type { EnumDefinition } from "./enum.js";
import type { ExtensionDefinition } from "./extension-coder.js";
import type { ScalarKind } from "./kinds.js";
import { checkWireName } from "./names.js";
import type { StandardIssue } from "./types.js";
import { conform, Misfit } from "./validate.js";

/** What a schema is, as data. */
export type Node =
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
  | { readonly kind: "union"; readonly members: readonly SchemaObject[] }
  | { readonly kind: "ref"; readonly target: () => SchemaObject };

/** What was said about a schema at its place. */
export interface Place {
  readonly wireName: string | null;
  readonly description: string | null;
  /** Makes the value of an absent member; the caller copies it. */
  readonly fallback: (() => unknown) | null;
  /** In a payload that tracks references, the field keeps the identity of its value. */
  readonly shared: boolean;
  /** The default is a value, so it can be checked where it is declared; a function is only run when needed. */
  readonly constant: boolean;
}

const nowhere: Place = { wireName: null, description: null, fallback: null, constant: false, shared: false };

/** Every schema at run time. Users see it through the interfaces of `types.ts`. */
export class SchemaObject {
  readonly node: Node;
  readonly place: Place;

  constructor(node: Node, place: Place = nowhere) {
    this.node = node;
    this.place = place;
  }

  name(wireName: string): this {
    return placed(this, { wireName: checkWireName(wireName, ".name()") });
  }

  describe(text: string): this {
    if (typeof text !== "string") throw new TypeError(".describe() takes a string");
    return placed(this, { description: text });
  }

  default(value: unknown): this {
    if (value === undefined) throw new TypeError(".default(undefined): absent is what a default stands for");
    if (typeof value === "function")
      return placed(this, { fallback: value as () => unknown, constant: false });
    return placed(this, { fallback: () => value, constant: true });
  }

  get "~standard"(): object {
    return { version: 1, vendor: "aster-rpc", validate: (value: unknown) => validate(this, value) };
  }
}

/** A copy of the same class and node: what a message can do survives `.name()`, and `.name().default()` works. */
function placed<S extends SchemaObject>(schema: S, change: Partial<Place>): S {
  const copy = Object.create(Object.getPrototypeOf(schema)) as S;
  return Object.assign(copy, schema, { place: { ...schema.place, ...change } });
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

/** The schema that a value is, or null. */
function schemaOf(value: unknown): SchemaObject | null {
  if (value instanceof SchemaObject) return value;
  return typeof value === "function" ? schemaOfClass(value) : null;
}

/** The schema that a value is; anything else is a mistake of whoever defined `path`. */
export function asSchema(value: unknown, path: string): SchemaObject {
  const schema = schemaOf(value);
  if (schema !== null) return schema;
  if (value === undefined) {
    throw new TypeError(
      `${path}: undefined is no schema; one that is declared later needs a getter or t.ref()`,
    );
  }
  if (typeof value === "function") {
    const name = typeof value.name === "string" && value.name !== "" ? value.name : "a function";
    throw new TypeError(
      `${path}: ${name} is no schema; a class extends message() or is marked with @wireType`,
    );
  }
  throw new TypeError(`${path}: ${value === null ? "null" : typeof value} is no schema`);
}

/** A schema inside another one: only fields have a wire name or a default. */
export function asInner(value: unknown, path: string): SchemaObject {
  const schema = asSchema(value, path);
  if (schema.place.fallback !== null)
    throw new TypeError(`${path}: a default belongs to the field, not inside`);
  if (schema.place.wireName !== null) throw new TypeError(`${path}: a name belongs to the field, not inside`);
  return schema;
}

/** A schema of elements, keys, values or union members, where nothing is said about the place. */
export function asPart(value: unknown, path: string): SchemaObject {
  const schema = asInner(value, path);
  if (schema.place.shared)
    throw new TypeError(
      `${path}: t.shared() belongs to a field; with { refs: true } parts are tracked anyway`,
    );
  return schema;
}

/** The same schema as a field that keeps the identity of its value. */
export function sharedOf(schema: SchemaObject): SchemaObject {
  return placed(schema, { shared: true });
}

/** True for a field that keeps the identity of its value: `t.shared` inside or outside of `t.optional`. */
export function isShared(schema: SchemaObject): boolean {
  let at = schema;
  for (let hops = 0; hops < 100; hops++) {
    if (at.place.shared) return true;
    if (at.node.kind === "ref") at = at.node.target();
    else if (at.node.kind === "optional") at = at.node.inner;
    else return false;
  }
  return false;
}

/** The node behind any number of `t.ref`. */
export function nodeOf(schema: SchemaObject): Exclude<Node, { kind: "ref" }> {
  let node = schema.node;
  for (let hops = 0; node.kind === "ref"; hops++) {
    if (hops === 100) throw new TypeError("t.ref() leads only to itself");
    node = node.target().node;
  }
  return node;
}
