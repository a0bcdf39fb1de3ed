// The class form: `@wireType`, `@field`, `@service` and the method descriptors as decorators.
//
// Owns: reading both decorator protocols (TC39 and legacy) into the descriptors that the functions make. A TC39
// field decorator never sees its class, so what it declares hangs on a WeakMap keyed by `context.metadata`.

import { type AnyClass, type Context, classOf, collect, declareField, memberOf } from "./declared.js";
import type { FieldDefinition } from "./definition.js";
import { buildMessage, type MessageOptions, readField } from "./message.js";
import { unary } from "./method.js";
import { asSchema, nodeOf, registerClass, type SchemaObject } from "./schema.js";
import { buildService, type MethodTable, type Service, type ServiceOptions } from "./service.js";

const services = new WeakMap<object, Service<unknown>>();

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
    declareField(key, name, checked);
  };
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
