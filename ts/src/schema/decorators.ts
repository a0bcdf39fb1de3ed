// The class form: `@wireType`, `@field`, `@service`, and method descriptors as decorators.
//
// Owns: converting declarations of both decorator protocols (TC39 and legacy) to the same definitions that the function form
// makes. `declared.ts` finds the class of a decorator.

import type { ClassMethods, FieldDecorator } from "./class-types.js";
import { type AnyClass, type Context, classOf, collect, declareField, memberOf } from "./declared.js";
import type { FieldDefinition } from "./definition.js";
import { buildMessage, type MessageOptions, readField } from "./message.js";
import { unary } from "./method.js";
import { asSchema, nodeOf, type SchemaObject } from "./schema.js";
import {
  buildService,
  type MethodTable,
  type Service,
  type ServiceOptions,
  type SessionService,
} from "./service.js";
import type { AnySchema, Constructs } from "./types.js";

/** A class decorator, for both protocols. */
type ClassDecoratorOf = (target: Constructs<object>, context?: ClassDecoratorContext) => void;

const services = new WeakMap<object, Service<unknown>>();
const helpers = new WeakMap<object, readonly string[]>();

/**
 * Declares a field of a `@wireType` class. Its initial value is its default.
 *
 * @example
 * ```ts
 * @wireType("shop/Article")
 * class Article {
 *   @field(t.string) name = "";
 *   @field(t.int) cents = 0;
 * }
 * ```
 * @throws {TypeError} for an accessor: decoding runs no constructor, so the value behind it would not exist
 */
export function field<S extends AnySchema>(schema: S): FieldDecorator<S> {
  const checked = asSchema(schema, "@field()");
  return (...args: readonly unknown[]): void => {
    const what = `@field() ${String((args[1] as Context)?.name ?? args[1])}`;
    const { key, name } = memberOf(args, "field", what);
    declareField(key, name, checked);
  };
}

/**
 * Makes a class a message, with its `@field` members in order. Members of base classes come first.
 *
 * *Shape*: initial values are defaults. Decoding makes objects of the class without running its constructor, so the methods
 * of a wire class must not need private members.
 *
 * @example
 * ```ts
 * @wireType("shop/Article")
 * class Article {
 *   @field(t.string) name = "";
 *   @field(t.int) cents = 0;
 * }
 * const article = Object.assign(new Article(), { name: "tea", cents: 250 });
 * ```
 */
export function wireType(tag: string, options: MessageOptions = {}): ClassDecoratorOf {
  return (...args: readonly unknown[]): void => {
    const { target, key } = classOf(args, `@wireType(${JSON.stringify(tag)})`);
    const readFields = (): FieldDefinition[] => readClassFields(target, collect(key).fields, tag);
    buildMessage({ tag, what: tag, options, keys: [], owner: target, readFields });
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
    throw new TypeError(`${tag}: the class must have a constructor without required arguments`, { cause });
  }
  return [...fields].map(([name, schema]) => {
    const read = readField(name, schema, tag);
    const initial = sample[name];
    // A missing optional field becomes null anyway, and undefined means that there is no initial value.
    const has = initial !== undefined && !(initial === null && nodeOf(schema).kind === "optional");
    return read.fallback === null && has ? { ...read, fallback: () => fresh()[name] } : read;
  });
}

/**
 * `unary`, with the name that the class form uses.
 *
 * @example
 * ```ts
 * @service("Clock")
 * class Clock {
 *   @rpc(Hello, Greeting) now({ name }: Infer<typeof Hello>) {
 *     return { text: `${name}: noon` };
 *   }
 * }
 * ```
 */
export const rpc: typeof unary = unary;

/**
 * Declares a service: a value with methods, or, without methods, a class decorator.
 *
 * @example
 * const Billing = service("BillingService", { version: 1 }, { getInvoice: unary(InvoiceQuery, Invoice) });
 * console.log(Billing.contractId.length); // 64
 * @throws {TypeError} with the path of a wrong name, option or method
 */
export function service<const M extends MethodTable>(
  name: string,
  options: ServiceOptions & { readonly scope: "session" },
  methods: M,
): SessionService<M>;
export function service<const M extends MethodTable>(
  name: string,
  options: ServiceOptions,
  methods: M,
): Service<M>;
export function service(name: string, options?: ServiceOptions): ClassDecoratorOf;
export function service(name: string, options: ServiceOptions = {}, methods?: object): unknown {
  if (methods !== undefined) return buildService(name, options, methods);
  return (...args: unknown[]): void => {
    const { target, key } = classOf(args, `@service(${JSON.stringify(name)})`);
    const { methods: declared } = collect(key);
    const built = buildService(name, options, Object.fromEntries(declared));
    services.set(target, built);
    helpers.set(
      built,
      methodsOf(target.prototype).filter((method) => !declared.has(method)),
    );
  };
}

function methodsOf(prototype: object): string[] {
  const members = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  return members.flatMap(([name, { value }]) =>
    typeof value === "function" && name !== "constructor" ? [name] : [],
  );
}

/** The methods of a service class that have no decorator. The types of its stubs show them all the same. */
export function undecoratedMethods(service: Service): readonly string[] {
  return helpers.get(service) ?? [];
}

/**
 * The service of a class with `@service`.
 *
 * @example
 * ```ts
 * @service("Clock")
 * class Clock {
 *   @rpc(Hello, Greeting) now({ name }: Infer<typeof Hello>) {
 *     return { text: `${name}: noon` };
 *   }
 * }
 * console.log(serviceOf(Clock).name); // Clock
 * ```
 * @throws {TypeError} for any other class
 */
export function serviceOf<I extends object>(target: Constructs<I>): Service<ClassMethods<I>> {
  const found = services.get(target);
  if (found === undefined) throw new TypeError(`${target.name || "the class"} has no @service decorator`);
  return found as Service<ClassMethods<I>>;
}
