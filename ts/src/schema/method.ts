// Method descriptors: `unary`, `serverStream`, `clientStream`, `bidiStream`.
//
// Owns: the four call patterns as data, their options, and the callable form, which is a method descriptor and a decorator
// at the same time. Functions have their own `name` and `length`, so a descriptor has neither.

import { type Capability, capabilityOf } from "./capability.js";
import { declareMethod } from "./declared.js";
import { checkOptions, wireNameOfKey } from "./names.js";
import { asSchema, nodeOf, type SchemaObject } from "./schema.js";
import type { AnySchema, Infer, InferInput } from "./types.js";

/**
 * The four call patterns.
 *
 * @example
 * const streamed: readonly Pattern[] = ["serverStream", "bidiStream"];
 * console.log(streamed.includes(Billing.methods.watchEvents.pattern)); // true
 */
export type Pattern = "unary" | "serverStream" | "clientStream" | "bidiStream";

/**
 * The options of a method.
 *
 * @example
 * const options: MethodOptions = { name: "watch", timeoutMs: 60_000 };
 * const Events = service("Events", {}, { watchAll: serverStream(InvoiceQuery, InvoiceEvent, options) });
 */
export interface MethodOptions {
  /** The wire name, when it is not the one derived from the TypeScript name. */
  readonly name?: string;
  /** The default timeout of the method in milliseconds. Part of the contract. */
  readonly timeoutMs?: number;
  /** The roles that a caller must have. Not part of the contract. */
  readonly requires?: string | Capability;
}

/**
 * The options of methods with a single response, which may be safe to repeat.
 *
 * @example
 * const options: SingleAnswerOptions = { idempotent: true, timeoutMs: 5000 };
 * const Lookup = service("Lookup", {}, { find: unary(InvoiceQuery, Invoice, options) });
 */
export interface SingleAnswerOptions extends MethodOptions {
  /** The method may run twice without harm, so a client may retry it. Part of the contract. Default false. */
  readonly idempotent?: boolean;
}

type Awaitable<V> = V | PromiseLike<V>;
type Iterated<V> = AsyncIterable<V> | Iterable<V>;

/**
 * The handler of a method: from `I` to `O`. `C` is its second argument.
 *
 * @example
 * const greet: Answer<"unary", { name: string }, { text: string }, CallContext> = ({ name }) => ({ text: `Hello, ${name}!` });
 * const greeter = implement(Greeter, { greet });
 */
export type Answer<P, I, O, C> = P extends "unary"
  ? (request: I, context: C) => Awaitable<O>
  : P extends "serverStream"
    ? (request: I, context: C) => Awaitable<Iterated<O>>
    : P extends "clientStream"
      ? (requests: AsyncIterable<I>, context: C) => Awaitable<O>
      : (requests: AsyncIterable<I>, context: C) => Awaitable<Iterated<O>>;

/** A method of a class, as its decorator accepts it. */
// biome-ignore lint/suspicious/noExplicitAny: the second argument of a method belongs to serving
type Decorated<P, Q, R> = Answer<P, Infer<Q>, InferInput<R>, any>;

/**
 * A method of any pattern, with any request and response.
 *
 * @example
 * const methods: readonly AnyMethod[] = Object.values(Billing.methods);
 * console.log(methods.length); // 4
 */
export interface AnyMethod {
  readonly pattern: Pattern;
  readonly request: unknown;
  readonly response: unknown;
  readonly options: SingleAnswerOptions;
}

/**
 * A method: its call pattern and the schemas of request and response. As a decorator, it accepts methods of these types.
 *
 * @example
 * const greet: MethodOf<"unary", typeof Hello, typeof Greeting> = unary(Hello, Greeting);
 * console.log(greet.pattern); // unary
 */
export interface MethodOf<P extends Pattern, Q, R> extends AnyMethod {
  (method: Decorated<P, Q, R>, context: ClassMethodDecoratorContext): void;
  /** The same for compilers with `experimentalDecorators`. */
  <M extends Decorated<P, Q, R>>(
    target: object,
    key: string | symbol,
    method: TypedPropertyDescriptor<M>,
  ): void;
  readonly pattern: P;
  readonly request: Q;
  readonly response: R;
}

/** A method as data. */
export interface MethodDefinition {
  /** The name in TypeScript. */
  readonly key: string;
  readonly wireName: string;
  readonly pattern: Pattern;
  readonly request: SchemaObject;
  readonly response: SchemaObject;
  readonly idempotent: boolean;
  readonly timeoutMs: number | null;
  readonly requires: Capability | null;
}

const descriptors = new WeakSet<object>();

/** The schemas of values that can be a whole payload. */
function rootSchema(value: unknown, path: string, nullable: boolean): SchemaObject {
  const schema = asSchema(value, path);
  let node = nodeOf(schema);
  if (node.kind === "optional") {
    if (!nullable)
      throw new TypeError(
        `${path}: only a single response may be null, not a request and not a streamed response`,
      );
    node = nodeOf(node.inner);
  }
  if (node.kind === "message" || node.kind === "scalar" || node.kind === "any" || node.kind === "js")
    return schema;
  throw new TypeError(`${path}: a ${node.kind} cannot be a request or response; put it in a message`);
}

function define<P extends Pattern, Q, R>(
  pattern: P,
  request: Q,
  response: R,
  options: SingleAnswerOptions,
): MethodOf<P, Q, R> {
  const single = pattern === "unary" || pattern === "clientStream";
  rootSchema(request, `${pattern}() request`, false);
  rootSchema(response, `${pattern}() response`, single);
  checkMethodOptions(options, pattern, single);
  const method = (...args: unknown[]): void => declareMethod(method as never, args);
  Object.assign(method, { pattern, request, response, options });
  descriptors.add(method);
  return method as unknown as MethodOf<P, Q, R>;
}

function checkMethodOptions(options: SingleAnswerOptions, pattern: Pattern, single: boolean): void {
  const path = `${pattern}()`;
  checkOptions(options, ["name", "timeoutMs", "requires", "idempotent"], path);
  const { idempotent, timeoutMs } = options;
  if (idempotent !== undefined && typeof idempotent !== "boolean")
    throw new TypeError(`${path}.idempotent: must be a boolean`);
  if (idempotent !== undefined && !single) {
    throw new TypeError(`${path}.idempotent: a call with a streamed response cannot be idempotent`);
  }
  if (timeoutMs === undefined) return;
  if (typeof timeoutMs !== "number" || !Number.isFinite(timeoutMs) || timeoutMs <= 0) {
    throw new TypeError(`${path}.timeoutMs: must be a positive number of milliseconds`);
  }
}

/**
 * Declares a method with one request and one response. `t.optional(R)` as the response allows null.
 *
 * @example
 * const Lookup = service("Lookup", {}, { find: unary(InvoiceQuery, t.optional(Invoice), { idempotent: true }) });
 */
export function unary<Q extends AnySchema, R extends AnySchema>(
  request: Q,
  response: R,
  options: SingleAnswerOptions = {},
): unary.Method<Q, R> {
  return define("unary", request, response, options);
}

export declare namespace unary {
  interface Method<Q, R> extends MethodOf<"unary", Q, R> {}
}

/**
 * Declares a method with one request and a stream of responses.
 *
 * @example
 * const Events = service("Events", {}, { watch: serverStream(InvoiceQuery, InvoiceEvent) });
 */
export function serverStream<Q extends AnySchema, R extends AnySchema>(
  request: Q,
  response: R,
  options: MethodOptions = {},
): serverStream.Method<Q, R> {
  return define("serverStream", request, response, options);
}

export declare namespace serverStream {
  interface Method<Q, R> extends MethodOf<"serverStream", Q, R> {}
}

/**
 * Declares a method with a stream of requests and one response.
 *
 * @example
 * const Meters = service("Meters", {}, { upload: clientStream(Reading, Summary) });
 */
export function clientStream<Q extends AnySchema, R extends AnySchema>(
  request: Q,
  response: R,
  options: SingleAnswerOptions = {},
): clientStream.Method<Q, R> {
  return define("clientStream", request, response, options);
}

export declare namespace clientStream {
  interface Method<Q, R> extends MethodOf<"clientStream", Q, R> {}
}

/**
 * Declares a method with a stream in each direction.
 *
 * @example
 * const Chat = service("Chat", {}, { talk: bidiStream(ChatMessage, ChatMessage) });
 */
export function bidiStream<Q extends AnySchema, R extends AnySchema>(
  request: Q,
  response: R,
  options: MethodOptions = {},
): bidiStream.Method<Q, R> {
  return define("bidiStream", request, response, options);
}

export declare namespace bidiStream {
  interface Method<Q, R> extends MethodOf<"bidiStream", Q, R> {}
}

/** Names that a stub must not have, because promises and objects use them. */
const RESERVED = ["then", "constructor", "__proto__"];

/** Makes the data of a method from its key and descriptor. */
export function methodDefinition(key: string, value: unknown, path: string): MethodDefinition {
  if (typeof value !== "function" || !descriptors.has(value)) {
    throw new TypeError(`${path}: a method must be unary(), serverStream(), clientStream() or bidiStream()`);
  }
  if (RESERVED.includes(key))
    throw new TypeError(`${path}: this name is reserved; use another key and { name: "${key}" }`);
  const { pattern, request, response, options } = value as unknown as MethodOf<Pattern, unknown, unknown>;
  const wireName = wireNameOfKey(key, options.name ?? null, path);
  if (wireName.length > 256) throw new TypeError(`${path}: the wire name has more than 256 characters`);
  return {
    key,
    wireName,
    pattern,
    request: asSchema(request, `${path} request`),
    response: asSchema(response, `${path} response`),
    idempotent: options.idempotent ?? false,
    timeoutMs: options.timeoutMs ?? null,
    requires: capabilityOf(options.requires, `${path}.requires`),
  };
}
