// The class form: `@wireType`, `@field`, `@service` and the method descriptors as decorators.
//
// Owns: reading both decorator protocols (TC39 and legacy) into the descriptors that the functions make. A TC39
// field decorator never sees its class, so what it declares hangs on a WeakMap keyed by `context.metadata`.

import { buildMessage, type FieldDefinition, type MessageOptions, readField } from "./message.js";
import { installDecorate, type MethodOf, type Pattern, unary } from "./method.js";
import { asSchema, nodeOf, registerClass, type SchemaObject } from "./schema.js";
import { buildService, type MethodTable, type Service, type ServiceOptions } from "./service.js";

// Node 20 has no Symbol.metadata; compilers then leave `context.metadata` undefined.
(Symbol as { metadata?: symbol }).metadata ??= Symbol.for("Symbol.metadata");

type AnyClass = abstract new (...args: never[]) => object;
type Method = MethodOf<Pattern, unknown, unknown>;

/** What the decorators of one class declared, in order. */
interface Declared {
  readonly fields: Map<string, SchemaObject>;
  readonly methods: Map<string, Method>;
}

/** Keyed by `context.metadata` (TC39) or by the class's prototype (legacy). */
const declared = new WeakMap<object, Declared>();
const services = new WeakMap<object, Service<unknown>>();

function declaredOn(key: object): Declared {
  let found = declared.get(key);
  if (found === undefined) {
    found = { fields: new Map(), methods: new Map() };
    declared.set(key, found);
  }
  return found;
}

/** Everything declared on a key and on what it inherits from, base classes first. */
function collect(key: object): Declared {
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

interface Context {
  readonly kind: string;
  readonly name: string | symbol;
  readonly static?: boolean;
  readonly private?: boolean;
  readonly metadata?: object;
}

function isContext(value: unknown): value is Context {
  return typeof value === "object" && value !== null && "kind" in value && "name" in value;
}

function metadataOf(context: Context, what: string): object {
  if (typeof context.metadata === "object" && context.metadata !== null) return context.metadata;
  throw new TypeError(
    `${what}: the decorator got no metadata; import "aster-rpc" before the class is defined`,
  );
}

/** Where a member decorator hangs its declaration, and under which name. */
function memberOf(args: readonly unknown[], kind: string, what: string): { key: object; name: string } {
  const [target, second] = args;
  if (isContext(second)) {
    if (second.kind !== kind && !(kind === "field" && second.kind === "accessor")) {
      throw new TypeError(`${what}: stands on a ${kind}, not on a ${second.kind}`);
    }
    if (second.static === true || second.private === true || typeof second.name !== "string") {
      throw new TypeError(`${what}: static, private and symbol members cannot travel`);
    }
    return { key: metadataOf(second, what), name: second.name };
  }
  if (typeof target === "object" && target !== null && typeof second === "string")
    return { key: target, name: second };
  throw new TypeError(`${what}: not called as a decorator; compile with TC39 or "experimentalDecorators"`);
}

/** Declares a field of a `@wireType` class; its initial value is its default. */
// biome-ignore lint/suspicious/noExplicitAny: both decorator protocols, on fields of any type
export function field(schema: unknown): (target: any, context: any) => void {
  const checked = asSchema(schema, "@field()");
  return (...args: unknown[]): void => {
    const { key, name } = memberOf(
      args,
      "field",
      `@field() ${String((args[1] as Context)?.name ?? args[1])}`,
    );
    declaredOn(key).fields.set(name, checked);
  };
}

/** The class and the key of its declarations, for a class decorator of either protocol. */
function classOf(args: readonly unknown[], what: string): { target: AnyClass; key: object } {
  const [target, context] = args;
  if (typeof target !== "function") throw new TypeError(`${what}: stands on a class`);
  if (isContext(context)) return { target: target as AnyClass, key: metadataOf(context, what) };
  return { target: target as AnyClass, key: target.prototype as object };
}

/**
 * Makes a class a message: its `@field` members in order, base classes first.
 *
 * *Shape*: initial values are defaults. Decoding makes objects of the class without running its constructor, so
 * a wire class has no private members that its methods need.
 */
export function wireType(
  tag: string,
  options: MessageOptions = {},
  // biome-ignore lint/suspicious/noExplicitAny: both decorator protocols, on classes of any type
): (target: any, context?: any) => void {
  return (...args: unknown[]): void => {
    const { target, key } = classOf(args, `@wireType(${JSON.stringify(tag)})`);
    const schema = buildMessage({
      tag,
      what: tag,
      options,
      prototype: target.prototype as object,
      readFields: () => readClassFields(target, collect(key).fields, tag),
    });
    registerClass(target, schema);
  };
}

function readClassFields(
  target: AnyClass,
  fields: Map<string, SchemaObject>,
  tag: string,
): FieldDefinition[] {
  const fresh = (): Record<string, unknown> => new (target as unknown as new () => Record<string, unknown>)();
  let sample: Record<string, unknown>;
  try {
    sample = fresh();
  } catch (cause) {
    throw new TypeError(`${tag}: a wire class is built without arguments to learn its defaults`, { cause });
  }
  return [...fields].map(([name, schema]) => {
    const read = readField(name, schema, tag);
    const initial = sample[name];
    // Null is what an absent optional field becomes anyway; undefined is no initial value.
    const has = initial !== undefined && !(initial === null && nodeOf(schema).kind === "optional");
    return read.fallback === null && has ? { ...read, fallback: () => fresh()[name] } : read;
  });
}

function decorateMethod(method: Method, args: readonly unknown[]): undefined {
  const { key, name } = memberOf(args, "method", `@${method.pattern}()`);
  declaredOn(key).methods.set(name, method);
}

installDecorate(decorateMethod);

/** `unary` under the name that the class form uses. */
export const rpc: typeof unary = unary;

/**
 * A service: with methods a value, without them a class decorator.
 *
 * @example
 * const Billing = service("BillingService", { version: 1 }, { getInvoice: unary(InvoiceQuery, Invoice) });
 * @throws {TypeError} with the path for a bad name, option or method
 */
export function service<const M extends MethodTable>(
  name: string,
  options: ServiceOptions,
  methods: M,
): Service<M>;
export function service(
  name: string,
  options?: ServiceOptions,
  // biome-ignore lint/suspicious/noExplicitAny: both decorator protocols, on classes of any type
): (target: any, context?: any) => void;
export function service(name: string, options: ServiceOptions = {}, methods?: object): unknown {
  if (methods !== undefined) return buildService(name, options, methods);
  return (...args: unknown[]): void => {
    const { target, key } = classOf(args, `@service(${JSON.stringify(name)})`);
    services.set(target, buildService(name, options, Object.fromEntries(collect(key).methods)));
  };
}

/** The service that a class marked with `@service` stands for. @throws {TypeError} for any other class */
export function serviceOf(target: AnyClass): Service {
  const found = services.get(target);
  if (found === undefined) throw new TypeError(`${target.name || "the class"} is not marked with @service`);
  return found as Service;
}
