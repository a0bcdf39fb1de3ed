// Classes as schemas: the class of a message's values.
//
// Owns: the table of classes that are schemas, and the rule of ownership. The first class that extends `message(...)` owns
// the message. A message that is used directly owns itself. Values get the prototype of the owner, which is their brand.
// Does not own: making the classes (`message-class.ts`).

import { brand } from "./brand.js";
import type { MessageDefinition } from "./definition.js";
import type { SchemaObject } from "./schema.js";

/** A class as a value. */
export interface AnyClass {
  readonly name: string;
  readonly prototype: object;
}

/** A message, its class, and the class that owns it. */
export interface Origin {
  readonly base: AnyClass;
  readonly schema: SchemaObject;
  readonly definition: MessageDefinition;
  readonly keys: readonly string[];
  owner: AnyClass | null;
}

const origins = new WeakMap<object, Origin>();
const bases = new WeakMap<MessageDefinition, AnyClass>();
const schemas = new WeakMap<object, SchemaObject>();

/** The schema of a class, or null. @throws {TypeError} for a class that cannot be the message that it extends */
export function schemaOfClass(target: object): SchemaObject | null {
  const known = schemas.get(target);
  if (known !== undefined) return known;
  const own = origins.get(target);
  if (own !== undefined) return claim(own, own.base);
  const parent: unknown = Object.getPrototypeOf(target);
  const origin = typeof parent === "function" ? origins.get(parent) : undefined;
  if (origin !== undefined) return claim(origin, target as AnyClass);
  if (typeof parent === "function" && extendsMessage(parent)) {
    const [name, message] = [nameOf(target as AnyClass), nameOf(parent as unknown as AnyClass)];
    throw new TypeError(`${name} extends the message class ${message}; only ${message} itself is a schema`);
  }
  return null;
}

function extendsMessage(target: object): boolean {
  const parent: unknown = Object.getPrototypeOf(target);
  return schemas.has(target) || (typeof parent === "function" && extendsMessage(parent));
}

function nameOf(target: AnyClass): string {
  return typeof target.name === "string" && target.name !== "" ? target.name : "a class without a name";
}

/** Makes a class the owner of the message that it extends. */
function claim(origin: Origin, target: AnyClass): SchemaObject {
  const { definition, owner, keys } = origin;
  if (owner !== null) {
    const holder = owner === origin.base ? "is used as a constant" : `belongs to ${nameOf(owner)}`;
    const problem = `message(${JSON.stringify(definition.tag)}) ${holder}, so it cannot be ${nameOf(target)} as well`;
    throw new TypeError(`${problem}; one class extends one message()`);
  }
  for (const key of keys) {
    if (target === origin.base || !Object.hasOwn(target.prototype, key)) continue;
    throw new TypeError(
      `${definition.tag}.${key}: the class ${nameOf(target)} has another member of that name`,
    );
  }
  own(origin, target, target);
  return origin.schema;
}

function own(origin: Origin, target: AnyClass, message: AnyClass): void {
  origin.owner = target;
  schemas.set(target, origin.schema);
  brand(target.prototype, origin.definition, message);
}

export function originOf(target: unknown): Origin {
  const schema = typeof target === "function" ? schemaOfClass(target) : null;
  const node = schema?.node;
  const base = node?.kind === "message" ? bases.get(node.message) : undefined;
  const origin = base === undefined ? undefined : origins.get(base);
  if (origin === undefined) throw new TypeError("call it on the message: Order.decode(bytes)");
  return origin;
}

/** The prototype of a message's values. A message that no class has extended so far is a constant from now on. */
export function prototypeOf(definition: MessageDefinition): object {
  const origin = origins.get(bases.get(definition) as object) as Origin;
  if (origin.owner === null) claim(origin, origin.base);
  return (origin.owner as AnyClass).prototype;
}

/** Registers the class that `message()` returns. `owner` is the class of `@wireType`, which does not extend it. */
export function registerMessage(origin: Omit<Origin, "owner">, owner: AnyClass | null): void {
  const { base, schema, definition } = origin;
  const known: Origin = { ...origin, owner: null };
  origins.set(base, known);
  bases.set(definition, base);
  if (owner === null) return;
  own(known, owner, base);
  schemas.set(base, schema);
}

/** Called before the first instance exists. The owner becomes the class in the chain that extends the message directly. */
export function settleOwner(target: object): void {
  let at = target;
  while (!origins.has(at) && !origins.has(Object.getPrototypeOf(at) as object)) {
    at = Object.getPrototypeOf(at) as object;
  }
  schemaOfClass(at);
}
