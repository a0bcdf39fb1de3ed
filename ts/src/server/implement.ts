// `implement(service, handlers)`: a service with its handlers.
//
// Owns: the check that every method has a handler and every handler a method, and the types of handlers.
// Does not own: serving (serve.ts).

import { AsterError, Code } from "../errors.js";
import { describeValue, optionError } from "../options.js";
import type { Answer } from "../schema/method.js";
import { type Service, serviceDefinition } from "../schema/service.js";
import type { Constructs, Infer, InferInput } from "../schema/types.js";
import { serviceFrom } from "../service/binding.js";
import type { CallContext } from "./context.js";
import type { ExactHandlers } from "./exact.js";

/**
 * The function that handles the calls of a method.
 *
 * @example
 * const greet: Handler<MethodOf<"unary", typeof Hello, typeof Greeting>> = ({ name }) => ({ text: `Hello, ${name}!` });
 * const greeter = implement(Greeter, { greet });
 */
export type Handler<M> = M extends {
  readonly pattern: infer P;
  readonly request: infer Q;
  readonly response: infer R;
}
  ? Answer<P, Infer<Q>, InferInput<R>, CallContext>
  : never;

/**
 * A handler for each method of a service.
 *
 * @example
 * type MethodsOf<S> = S extends Service<infer M> ? M : never;
 * const handlers: Handlers<MethodsOf<typeof Greeter>> = { greet: ({ name }) => ({ text: `Hello, ${name}!` }) };
 * const greeter = implement(Greeter, handlers);
 */
export type Handlers<M> = { readonly [K in keyof M]: Handler<M[K]> };

/** What `implement` takes beside a service, or beside a class with `@service`. */
type HandlersOf<S> = S extends Service<infer M> ? Handlers<M> : S extends Constructs<infer I> ? I : never;

/**
 * A service with its handlers, ready to be served.
 *
 * @example
 * const greeter: Implementation = implement(Greeter, { greet: ({ name }) => ({ text: `Hello, ${name}!` }) });
 * console.log(greeter.service.name); // Greeter
 */
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
 *
 * @example
 * const greeter = implement(Greeter, { greet: ({ name }) => ({ text: `Hello, ${name}!` }) });
 * @throws {TypeError} with the name of a method without handler, or of a handler without method
 * @throws {AsterError} UNIMPLEMENTED for a session service, which this version cannot serve
 */
export function implement<S extends Service<unknown> | Constructs<object>, H extends HandlersOf<S>>(
  given: S,
  handlers: H & NoInfer<ExactHandlers<S, H>>,
): Implementation {
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
