// The declarations of decorators on a class that is not complete yet: its fields and methods, in order.
//
// Owns: finding the class of a decorator in both protocols (TC39 and legacy), and the table of declarations. A TC39 member
// decorator does not get its class, so its declarations are in a WeakMap with the key `context.metadata`. Does not own: what
// is made of the declarations (`decorators.ts`).

import type { SchemaObject } from "./schema.js";
import type { Constructs } from "./types.js";

// Node 20 has no Symbol.metadata. Compilers then leave `context.metadata` undefined.
// Reflect.set does not throw when the program has frozen Symbol.
Reflect.set(Symbol, "metadata", (Symbol as { metadata?: symbol }).metadata ?? Symbol.for("Symbol.metadata"));

/** Any class. */
export type AnyClass = Constructs<object>;

/** The declarations of one class, in order. */
export interface Declared {
  readonly fields: Map<string, SchemaObject>;
  /** The method descriptors that are used as decorators. */
  readonly methods: Map<string, unknown>;
}

/** The key is `context.metadata` (TC39) or the prototype of the class (legacy). */
const declared = new WeakMap<object, Declared>();

function declaredOn(key: object): Declared {
  let found = declared.get(key);
  if (found === undefined) {
    found = { fields: new Map(), methods: new Map() };
    declared.set(key, found);
  }
  return found;
}

/** The declarations of a key and of everything that it inherits from, base classes first. */
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

/** The context argument of a TC39 decorator. */
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

/** The key and the name under which a member decorator adds its declaration. */
export function memberOf(
  args: readonly unknown[],
  kind: string,
  what: string,
): { key: object; name: string } {
  const [target, second] = args;
  if (isContext(second)) {
    if (second.kind !== kind)
      throw new TypeError(`${what}: must be used on a ${kind}, not on ${withArticle(second.kind)}`);
    if (second.static === true || second.private === true || typeof second.name !== "string") {
      throw new TypeError(`${what}: must not be used on static, private and symbol members`);
    }
    return { key: metadataOf(second, what), name: second.name };
  }
  if (typeof target === "object" && target !== null && typeof second === "string") {
    const found = Object.getOwnPropertyDescriptor(target, second);
    const stands = found === undefined ? "field" : typeof found.value === "function" ? "method" : "accessor";
    if (stands !== kind)
      throw new TypeError(`${what}: must be used on a ${kind}, not on ${withArticle(stands)}`);
    return { key: target, name: second };
  }
  throw new TypeError(
    `${what}: was not called as a decorator; compile with TC39 or "experimentalDecorators"`,
  );
}

/** The class and the key of its declarations, for a class decorator in either protocol. */
export function classOf(args: readonly unknown[], what: string): { target: AnyClass; key: object } {
  const [target, context] = args;
  if (typeof target !== "function") throw new TypeError(`${what}: must be used on a class`);
  if (isContext(context)) return { target: target as AnyClass, key: metadataOf(context, what) };
  return { target: target as AnyClass, key: target.prototype as object };
}

/** Adds a field to the declarations of a key. */
export function declareField(key: object, name: string, schema: SchemaObject): void {
  declaredOn(key).fields.set(name, schema);
}

/** Adds a method to the declarations, when its descriptor is used as a decorator. */
export function declareMethod(method: { readonly pattern: string }, args: readonly unknown[]): void {
  const { key, name } = memberOf(args, "method", `@${method.pattern}()`);
  declaredOn(key).methods.set(name, method);
}
