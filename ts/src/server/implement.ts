// `implement(service, handlers)`: a service with its handlers.
//
// Owns: the check that every method has a handler and every handler a method, and the types of handlers.
// Does not own: serving (serve.ts).

import { AsterError, Code } from "../errors.js";
import { describeValue, optionError } from "../options.js";
import type { MethodOf } from "../schema/method.js";
import { type Service, serviceDefinition } from "../schema/service.js";
import type { Infer, InferInput } from "../schema/types.js";
import { serviceFrom } from "../service/binding.js";
import type { CallContext } from "./context.js";

type Awaitable<T> = T | Promise<T>;
type Iterated<T> = AsyncIterable<T> | Iterable<T>;

/** The function that handles the calls of a method. */
export type Handler<M> =
  M extends MethodOf<infer P, infer Q, infer R>
    ? P extends "unary"
      ? (request: Infer<Q>, context: CallContext) => Awaitable<InferInput<R>>
      : P extends "serverStream"
        ? (request: Infer<Q>, context: CallContext) => Awaitable<Iterated<InferInput<R>>>
        : P extends "clientStream"
          ? (requests: AsyncIterable<Infer<Q>>, context: CallContext) => Awaitable<InferInput<R>>
          : (requests: AsyncIterable<Infer<Q>>, context: CallContext) => Awaitable<Iterated<InferInput<R>>>
    : never;

/** A handler for each method of a service. */
export type Handlers<M> = { readonly [K in keyof M]: Handler<M[K]> };

/** A service with its handlers, ready to be served. */
export interface Implementation {
  readonly service: Service;
}

type AnyHandler = (input: unknown, context: CallContext) => unknown;

const handlersOf = new WeakMap<Implementation, ReadonlyMap<string, AnyHandler>>();

/**
 * Connects a service with its handlers.
 *
 * *Shape*: the handlers are an object with a function for each method name of the service. For a class with `@service`
 * they are an instance of the class.
 * @example implement(Greeter, { greet: ({ name }) => ({ text: `Hello, ${name}!` }) });
 * @throws {TypeError} with the name of a method without handler, or of a handler without method
 * @throws {AsterError} UNIMPLEMENTED for a session service, which this version cannot serve
 */
export function implement<M>(service: Service<M>, handlers: Handlers<M>): Implementation;
export function implement<I extends object>(
  service: abstract new (...args: never[]) => I,
  instance: I,
): Implementation;
export function implement(given: unknown, handlers: unknown): Implementation {
  const service = serviceFrom(given);
  const { name, methods, scope } = serviceDefinition(service);
  if (scope === "session") {
    throw new AsterError(
      Code.UNIMPLEMENTED,
      `${name} is a session service, which this version cannot serve yet`,
    );
  }
  if (typeof handlers !== "object" || handlers === null) {
    throw new TypeError(`implement(${name}): the handlers must be an object, not ${describeValue(handlers)}`);
  }
  const table = handlers as Readonly<Record<string, unknown>>;
  const found = new Map<string, AnyHandler>();
  for (const { key } of methods) {
    const handler = table[key];
    // A method may have a name such as toString. The function that every object inherits is not its handler.
    if (typeof handler !== "function" || handler === (Object.prototype as never)[key])
      throw new TypeError(`implement(${name}): ${key} has no handler`);
    found.set(key, handler.bind(handlers) as AnyHandler);
  }
  // Instances of a class may have other members. In an object of functions, another member is a mistake.
  if (typeof given !== "function") refuseExtras(name, table, found);
  const implementation: Implementation = Object.freeze({ service });
  handlersOf.set(implementation, found);
  return implementation;
}

/** The handlers of an implementation by method name, bound to their object. */
export function implementationHandlers(value: unknown, path: string): ReadonlyMap<string, AnyHandler> {
  const handlers =
    typeof value === "object" && value !== null ? handlersOf.get(value as Implementation) : undefined;
  if (handlers === undefined)
    throw optionError(path, `must come from implement(), not ${describeValue(value)}`);
  return handlers;
}

function refuseExtras(name: string, table: object, known: ReadonlyMap<string, unknown>): void {
  for (const key of Object.keys(table)) {
    if (!known.has(key)) throw new TypeError(`implement(${name}): ${key} is not a method of the service`);
  }
}
