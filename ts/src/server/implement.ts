// `implement(service, handlers)`: a service with its handlers.
//
// Owns: the check that every method has a handler and every handler a method, and the types of handlers.
// Does not own: serving (serve.ts).

import { describeValue, optionError } from "../options.js";
import type { Answer } from "../schema/method.js";
import { type Service, type SessionService, serviceDefinition } from "../schema/service.js";
import type { Constructs, Infer, InferInput } from "../schema/types.js";
import { serviceFrom } from "../service/binding.js";
import type { CallContext } from "./context.js";
import type { ExactHandlers } from "./exact.js";
import type { AnyHandler, SessionHandlers } from "./served-session.js";
import type { Session } from "./session.js";

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
type HandlersOf<S> =
  S extends SessionService<infer M>
    ? (session: Session) => Handlers<M> | Promise<Handlers<M>>
    : S extends Service<infer M>
      ? Handlers<M>
      : S extends Constructs<infer I>
        ? I | ((session: Session) => I | Promise<I>) | (new (session: Session) => I)
        : never;

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

/** The handlers of a shared service, or how to make those of a session. */
export type Implemented =
  | { readonly handlers: ReadonlyMap<string, AnyHandler> }
  | { readonly open: (session: Session) => SessionHandlers | Promise<SessionHandlers> };

const implemented = new WeakMap<Implementation, Implemented>();

/**
 * Connects a service with its handlers.
 *
 * *Shape*: the handlers are an object with a function for each method name of the service. For a class with `@service`
 * they are an instance of the class. For a service with scope `"session"` they are a function that gets the session and
 * returns its handlers, or the class, whose constructor gets the session. A method `[Symbol.asyncDispose]` or
 * `[Symbol.dispose]` of these handlers is called after the session, exactly once.
 *
 * @example
 * const greeter = implement(Greeter, { greet: ({ name }) => ({ text: `Hello, ${name}!` }) });
 * @throws {TypeError} with the name of a method without handler, or of a handler without method
 */
export function implement<S extends Service<unknown> | Constructs<object>, H extends HandlersOf<S>>(
  given: S,
  handlers: H & NoInfer<ExactHandlers<S, H>>,
): Implementation {
  const service = serviceFrom(given);
  const { name, scope } = serviceDefinition(service);
  const implementation: Implementation = Object.freeze({ service });
  const isClass = typeof given === "function";
  if (scope === "session") {
    implemented.set(implementation, { open: sessionOpener(service, given, handlers) });
    return implementation;
  }
  if (typeof handlers !== "object" || handlers === null) {
    throw new TypeError(`implement(${name}): the handlers must be an object, not ${describeValue(handlers)}`);
  }
  implemented.set(implementation, { handlers: handlerTable(service, handlers, isClass) });
  return implementation;
}

/** The handlers of an implementation, or how they are made for a session. */
export function implementationOf(value: unknown, path: string): Implemented {
  const found =
    typeof value === "object" && value !== null ? implemented.get(value as Implementation) : undefined;
  if (found === undefined) throw optionError(path, `must come from implement(), not ${describeValue(value)}`);
  return found;
}

/** The handlers by method name, bound to their object. */
function handlerTable(
  service: Service,
  handlers: object,
  isInstance: boolean,
): ReadonlyMap<string, AnyHandler> {
  const { name, methods } = serviceDefinition(service);
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
  if (!isInstance) refuseExtras(name, table, found);
  return found;
}

/** The function that makes the handlers of a session. */
function sessionOpener(
  service: Service,
  given: unknown,
  opens: unknown,
): (session: Session) => SessionHandlers | Promise<SessionHandlers> {
  const { name } = service;
  if (typeof opens !== "function") {
    const text = "a session service takes a function that gets the session and returns its handlers";
    throw new TypeError(`implement(${name}): ${text}, not ${describeValue(opens)}`);
  }
  const isClass = typeof given === "function";
  const constructs = isClass && (opens === given || (opens.prototype as unknown) instanceof given);
  const make = (session: Session): unknown =>
    constructs
      ? new (opens as unknown as new (session: Session) => object)(session)
      : (opens as unknown as (session: Session) => unknown)(session);
  const handlersFrom = (made: unknown): SessionHandlers => {
    if (typeof made !== "object" || made === null)
      throw new TypeError(`implement(${name}): the handlers must be an object, not ${describeValue(made)}`);
    return { handlers: handlerTable(service, made, isClass), dispose: disposer(made) };
  };
  return (session) => {
    const made = make(session);
    const later = made as Partial<PromiseLike<unknown>> | null | undefined;
    if (typeof made !== "object" || typeof later?.then !== "function") return handlersFrom(made);
    return Promise.resolve(made).then(handlersFrom);
  };
}

function disposer(made: object): () => unknown {
  const { asyncDispose, dispose } = Symbol as { asyncDispose?: symbol; dispose?: symbol };
  for (const symbol of [asyncDispose, dispose]) {
    const method = symbol === undefined ? undefined : (made as Record<symbol, unknown>)[symbol];
    if (typeof method === "function") return () => method.call(made) as unknown;
  }
  return () => {};
}

function refuseExtras(name: string, table: object, known: ReadonlyMap<string, unknown>): void {
  for (const key of Object.keys(table)) {
    if (!known.has(key)) throw new TypeError(`implement(${name}): ${key} is not a method of the service`);
  }
}
