// The position of the validator in a value: its depth, the number of objects so far, and the copies of objects.
//
// Owns: the limits of nesting and of objects in one value, and the identity of values in messages that track references: an
// object at two positions is copied once, and a cycle in the value becomes a cycle in the copy.

import { definitionOf } from "./brand.js";
import type { MessageDefinition } from "./definition.js";
import { nodeOf, type SchemaObject } from "./schema.js";

/** The largest depth of nesting. Messages, lists, sets and maps count one level each. */
export const MAX_DEPTH = 50;

/** The largest number of messages, lists, sets and maps in one value. */
export const MAX_OBJECTS = 1_000_000;

interface Seen {
  objects: number;
  /** The copies of each object, by what it is validated as. Null where references are not tracked. */
  readonly made: Map<object, Map<Purpose, unknown>> | null;
}

/** A position in a value. */
export class Nesting {
  readonly #depth: number;
  readonly #seen: Seen;
  /** True when the value here keeps its identity, where references are tracked. */
  readonly #keeps: boolean;

  constructor(depth: number, seen: Seen, keeps: boolean) {
    this.#depth = depth;
    this.#seen = seen;
    this.#keeps = keeps;
  }

  /** The outermost position of a value of a schema. */
  static top(schema: SchemaObject): Nesting {
    return new Nesting(0, { objects: 0, made: tracksReferences(schema) ? new Map() : null }, true);
  }

  /** The position of a child in the container here, or an error text when a limit is exceeded. */
  inside(): Nesting | string {
    if (this.#depth >= MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`;
    if (++this.#seen.objects > MAX_OBJECTS) return `more than ${MAX_OBJECTS} messages and collections`;
    return new Nesting(this.#depth + 1, this.#seen, false);
  }

  /** The same position, for an element, a key, a value or a shared field. */
  keeping(): Nesting {
    return new Nesting(this.#depth, this.#seen, true);
  }

  /** The copy of the value for a position like this one, or undefined. */
  made(schema: SchemaObject | null, value: unknown): unknown {
    if (this.#seen.made === null || typeof value !== "object" || value === null) return undefined;
    const known = this.#seen.made.get(value);
    if (known === undefined) return undefined;
    const what = purpose(schema, value);
    const same = known.get(what);
    if (same !== undefined || typeof what !== "string") return same;
    // A position without a schema accepts any list or map, so it can share the copy with a list of any values.
    if (what === ANYTHING) return [...known].find(([other]) => typeof other === "string")?.[1];
    return FREE.has(what) || what === SCALAR ? known.get(ANYTHING) : undefined;
  }

  /** Registers the copy of a value that keeps its identity here. Called before the parts of the value are copied. */
  keep(schema: SchemaObject | null, value: unknown, result: unknown): void {
    if (typeof value === "object" && value !== null) this.keepAs(purpose(schema, value), value, result);
  }

  /** The same for a message or a position without a schema. */
  keepAs(what: Purpose, value: object, result: unknown): void {
    const { made } = this.#seen;
    if (made === null || !this.#keeps) return;
    const known = made.get(value);
    if (known === undefined) made.set(value, new Map([[what, result]]));
    else known.set(what, result);
  }
}

/** What an object is validated as: a message, or a text that distinguishes its schema from others. */
type Purpose = MessageDefinition | string;

/** The text for values without a schema. */
export const ANYTHING = "any";

const SCALAR = "scalar";

/** The texts for lists, sets and maps of such values. */
const FREE = new Set(["list(any)", "list(any?)", "set(any)", "set(any?)"]);
for (const key of ["any", "any?"]) for (const value of ["any", "any?"]) FREE.add(`map(${key}, ${value})`);

/** What an object is validated as at a position. An object that is used as two types is copied for each. */
function purpose(schema: SchemaObject | null, value: object): Purpose {
  const node = schema === null ? null : nodeOf(schema);
  if (node?.kind === "optional") return purpose(node.inner, value);
  if (node?.kind === "message") return node.message;
  // Their copies are equal with a schema and without.
  if (ArrayBuffer.isView(value) || value instanceof Date || node?.kind === "extension") return SCALAR;
  if (schema !== null && node?.kind !== "any" && node?.kind !== "union") return wordsOf(schema);
  return definitionOf(value) ?? ANYTHING;
}

/** A text that is equal for schemas with the same values. A tag names one type in everything that a message contains. */
function wordsOf(schema: SchemaObject): string {
  const node = nodeOf(schema);
  switch (node.kind) {
    case "scalar":
      return `${node.scalar.word} ${node.scalar.js}${node.lend ? " view" : ""}`;
    case "list":
    case "set":
      return `${node.kind}(${wordsOf(node.element)})`;
    case "map":
      return `${node.record ? "record" : "map"}(${wordsOf(node.key)}, ${wordsOf(node.value)})`;
    case "optional":
      return `${wordsOf(node.inner)}?`;
    case "message":
      return node.message.tag;
    case "enum":
      return node.enum.tag;
    case "extension":
      return node.extension.tag;
    case "union":
      return `union(${node.members.map(wordsOf).join(", ")})`;
    case "js":
      return "js";
    case "any":
      return node.narrow === null ? ANYTHING : `any ${node.narrow}`;
  }
}

function tracksReferences(schema: SchemaObject): boolean {
  const node = nodeOf(schema);
  if (node.kind === "optional") return tracksReferences(node.inner);
  return node.kind === "message" && node.message.refs;
}
