// Where a walk over a value stands: how deep, how much it has seen, and what it has made of which object.
//
// Owns: the limits of nesting and of objects in one value, and the identity of values in messages that track
// references: an object that stands in two places is rebuilt once, and a cycle ends where it began.

import { definitionOf } from "./brand.js";
import type { MessageDefinition } from "./definition.js";
import { nodeOf, type SchemaObject } from "./schema.js";

/** How deep values may nest; messages, lists, sets and maps each count one. */
export const MAX_DEPTH = 50;

/** Messages, lists, sets and maps in one value, all together. */
export const MAX_OBJECTS = 1_000_000;

interface Seen {
  objects: number;
  /** What was made of an object, by what it stands for; null where references are not tracked. */
  readonly made: Map<object, Map<Purpose, unknown>> | null;
}

/** A place in a value. */
export class Nesting {
  readonly #depth: number;
  readonly #seen: Seen;
  /** What stands here keeps its identity, where references are tracked. */
  readonly #keeps: boolean;

  constructor(depth: number, seen: Seen, keeps: boolean) {
    this.#depth = depth;
    this.#seen = seen;
    this.#keeps = keeps;
  }

  /** The outermost place of a value of that schema. */
  static top(schema: SchemaObject): Nesting {
    return new Nesting(0, { objects: 0, made: tracksReferences(schema) ? new Map() : null }, true);
  }

  /** The place inside of a container that stands here; what is wrong with it instead, where there is too much. */
  inside(): Nesting | string {
    if (this.#depth >= MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`;
    if (++this.#seen.objects > MAX_OBJECTS) return `more than ${MAX_OBJECTS} messages and collections`;
    return new Nesting(this.#depth + 1, this.#seen, false);
  }

  /** The same place, for an element, a key, a value or a shared field. */
  keeping(): Nesting {
    return new Nesting(this.#depth, this.#seen, true);
  }

  /** What was made of the value for a place like this one, or undefined. */
  made(schema: SchemaObject | null, value: unknown): unknown {
    if (this.#seen.made === null || typeof value !== "object" || value === null) return undefined;
    const known = this.#seen.made.get(value);
    if (known === undefined) return undefined;
    const what = purpose(schema, value);
    const same = known.get(what);
    if (same !== undefined || typeof what !== "string") return same;
    // A place without a schema takes any list or map as it is, and one for a list of anything takes that.
    if (what === ANYTHING) return [...known].find(([other]) => typeof other === "string")?.[1];
    return FREE.has(what) || what === SCALAR ? known.get(ANYTHING) : undefined;
  }

  /** Remembers what is made of a value that keeps its identity here, before its parts are. */
  keep(schema: SchemaObject | null, value: unknown, result: unknown): void {
    if (typeof value === "object" && value !== null) this.keepAs(purpose(schema, value), value, result);
  }

  /** The same for a message or a dynamic place. */
  keepAs(what: Purpose, value: object, result: unknown): void {
    const { made } = this.#seen;
    if (made === null || !this.#keeps) return;
    const known = made.get(value);
    if (known === undefined) made.set(value, new Map([[what, result]]));
    else known.set(what, result);
  }
}

/** What an object stands for: a message, or something whose schema these words tell apart from others. */
type Purpose = MessageDefinition | string;

/** What values without a schema stand for. */
export const ANYTHING = "any";

const SCALAR = "scalar";

/** Lists, sets and maps of such values. */
const FREE = new Set(["list(any)", "list(any?)", "set(any)", "set(any?)"]);
for (const key of ["any", "any?"]) for (const value of ["any", "any?"]) FREE.add(`map(${key}, ${value})`);

/** What an object stands for in a place: one for two types is rebuilt for each. */
function purpose(schema: SchemaObject | null, value: object): Purpose {
  const node = schema === null ? null : nodeOf(schema);
  if (node?.kind === "optional") return purpose(node.inner, value);
  if (node?.kind === "message") return node.message;
  // The same with a schema and without.
  if (ArrayBuffer.isView(value) || value instanceof Date || node?.kind === "extension") return SCALAR;
  if (schema !== null && node?.kind !== "any" && node?.kind !== "union") return wordsOf(schema);
  return definitionOf(value) ?? ANYTHING;
}

/** Equal for schemas that hold the same values. A tag names one type in all that one message reaches. */
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
    case "any":
      return node.narrow === null ? ANYTHING : `any ${node.narrow}`;
  }
}

function tracksReferences(schema: SchemaObject): boolean {
  const node = nodeOf(schema);
  if (node.kind === "optional") return tracksReferences(node.inner);
  return node.kind === "message" && node.message.refs;
}
