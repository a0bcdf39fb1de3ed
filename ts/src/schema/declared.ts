// What decorators declare on a class before it is whole: its fields and methods, in order.
//
// Owns: reading where a decorator stands, by both protocols (TC39 and legacy), and the table of declarations. A TC39
// member decorator never sees its class, so what it declares hangs on a WeakMap keyed by `context.metadata`.
// Does not own: what becomes of the declarations (`decorators.ts`).

import type { SchemaObject } from "./schema.js";
import type { Constructs } from "./types.js";

// Node 20 has no Symbol.metadata; compilers then leave `context.metadata` undefined.
(Symbol as { metadata?: symbol }).metadata ??= Symbol.for("Symbol.metadata");

/** Any class. */
export type AnyClass = Constructs<object>;

/** What the decorators of one class declared, in order. */
export interface Declared {
  readonly fields: Map<string, SchemaObject>;
  /** The method descriptors that stand as decorators. */
  readonly methods: Map<string, unknown>;
}

/** Keyed by `context.metadata` (TC39) or by the class's prototype (legacy). */
const declared = new WeakMap<object, Declared>();

function declaredOn(key: object): Declared {
  let found = declared.get(key);
  if (found === undefined) {
    found = { fields: new Map(), methods: new Map() };
    declared.set(key, found);
  }
  return found;
}

/** Everything declared on a key and on what it inherits from, base classes first. */
export function collect(key: object): Declared {
  const chain: Declared[] = [];
  for (let at: object | null = key; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = declared.get(at);
    if (found !== undefined) chain.unshift(found);
  }
  return {
    fields: new Map(chain.flatMap(({ fields }) => [...fields])),
    methods: new Map(chain.flatMap(({ methods }) => [...methods])),
  };
}

/** What a TC39 decorator is told. */
export interface Context {
  readonly kind: string;
  readonly name: string | symbol;
  readonly static?: boolean;
  readonly private?: boolean;
  readonly metadata?: object;
}

function isContext(value: unknown): value is Context {
  return typeof value === "object" && value !== null && "kind" in value && "name" in value;
}

function withArticle(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`;
}

function metadataOf(context: Context, what: string): object {
  if (typeof context.metadata === "object" && context.metadata !== null) return context.metadata;
  throw new TypeError(
    `${what}: the decorator got no metadata; import "aster-rpc" before the class is defined`,
  );
}

/** Where a member decorator hangs its declaration, and under which name. */
export function memberOf(
  args: readonly unknown[],
  kind: string,
  what: string,
): { key: object; name: string } {
  const [target, second] = args;
  if (isContext(second)) {
    if (second.kind !== kind)
      throw new TypeError(`${what}: stands on a ${kind}, not on ${withArticle(second.kind)}`);
    if (second.static === true || second.private === true || typeof second.name !== "string") {
      throw new TypeError(`${what}: static, private and symbol members cannot travel`);
    }
    return { key: metadataOf(second, what), name: second.name };
  }
  if (typeof target === "object" && target !== null && typeof second === "string") {
    const found = Object.getOwnPropertyDescriptor(target, second);
    const stands = found === undefined ? "field" : typeof found.value === "function" ? "method" : "accessor";
    if (stands !== kind) throw new TypeError(`${what}: stands on a ${kind}, not on ${withArticle(stands)}`);
    return { key: target, name: second };
  }
  throw new TypeError(`${what}: not called as a decorator; compile with TC39 or "experimentalDecorators"`);
}

/** The class and the key of its declarations, for a class decorator of either protocol. */
export function classOf(args: readonly unknown[], what: string): { target: AnyClass; key: object } {
  const [target, context] = args;
  if (typeof target !== "function") throw new TypeError(`${what}: stands on a class`);
  if (isContext(context)) return { target: target as AnyClass, key: metadataOf(context, what) };
  return { target: target as AnyClass, key: target.prototype as object };
}

/** Declares a field on the class behind `key`. */
export function declareField(key: object, name: string, schema: SchemaObject): void {
  declaredOn(key).fields.set(name, schema);
}

/** Declares a method where its descriptor stands as a decorator. */
export function declareMethod(method: { readonly pattern: string }, args: readonly unknown[]): void {
  const { key, name } = memberOf(args, "method", `@${method.pattern}()`);
  declaredOn(key).methods.set(name, method);
}
