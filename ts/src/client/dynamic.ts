// Calls of a service without a schema at hand: its contract is read from the server, and the schemas are made from it.
//
// Owns: the object with which such a service is called, and its options. Does not own: reading the contract (describe.ts), making
// the schemas (service/dynamic-service.ts), the calls themselves.

import { checkOptions, integer, oneOf, optional, text } from "../options.js";
import type { Pattern } from "../schema/method.js";
import { type SessionService, serviceDefinition } from "../schema/service.js";
import type { DynamicService } from "../service/dynamic-service.js";
import { type ContractSource, readDynamic } from "./describe.js";
import type { CallOptions } from "./method.js";
import { proxyVersion } from "./proxy.js";
import { type OpenSession, openSession, type SessionOptions, sessionChecks } from "./session.js";
import type { SessionEnd } from "./session-path.js";
import type { BidiCall, ResponseStream } from "./streams.js";
import { createStub, type StubHost, type StubOptions, stubChecks } from "./stub.js";
import type { Uploadable } from "./stub-types.js";

/**
 * The options of a dynamic stub.
 *
 * @example
 * const options: DynamicOptions = { version: 1, timeoutMs: 5000 };
 * const billing = await client.dynamic("BillingService", options);
 */
export interface DynamicOptions
  extends Pick<StubOptions, "timeoutMs" | "within" | "interceptors" | "compress"> {
  /** The version of the service, when the server announces several. Default: the newest. */
  readonly version?: number | undefined;
  /**
   * The payload encoding. Default: XLANG, and JSON for methods of which the contract does not tell every type exactly: a Python
   * server publishes enums, times and sized numbers as "any".
   */
  readonly mode?: "xlang" | "json" | undefined;
}

/**
 * The options of a dynamic session.
 *
 * @example
 * const options: DynamicSessionOptions = { timeoutMs: 5000, callTimeoutMs: 1000 };
 */
export interface DynamicSessionOptions
  extends Pick<
    SessionOptions,
    "timeoutMs" | "callTimeoutMs" | "signal" | "metadata" | "within" | "interceptors" | "compress"
  > {
  /** The version of the service, when the server announces several. Default: the newest. */
  readonly version?: number | undefined;
  /** As in {@link DynamicOptions}. */
  readonly mode?: "xlang" | "json" | undefined;
}

const ownChecks = { version: optional(integer(1)), mode: optional(oneOf("xlang", "json")) };
const { contract: _contract, manifest: _manifest, ...stubOptionChecks } = stubChecks;
const dynamicChecks = { ...stubOptionChecks, ...ownChecks };
const { contract: _sameContract, manifest: _sameManifest, ...sessionOptionChecks } = sessionChecks;
const dynamicSessionChecks = { ...sessionOptionChecks, ...ownChecks };

/**
 * A message whose type the program learns while it runs: members by their wire names.
 *
 * @example
 * const invoice: DynamicMessage = await (await client.dynamic("BillingService")).call("get_invoice", {
 *   customer_id: "acme",
 *   status: "open",
 * });
 * console.log(invoice.amount_cents);
 */
// biome-ignore lint/suspicious/noExplicitAny: the types are only known while the program runs
export type DynamicMessage = any;

/**
 * A method of a dynamic stub.
 *
 * @example
 * const streamed = ({ pattern }: DynamicMethod): boolean => pattern === "serverStream" || pattern === "bidiStream";
 */
export interface DynamicMethod {
  /** The wire name. */
  readonly name: string;
  readonly pattern: Pattern;
  readonly idempotent: boolean;
}

/** Makes the dynamic stub of a service at the server of a connection. */
export async function createDynamicStub(
  host: StubHost,
  source: ContractSource,
  service: string,
  options: DynamicOptions | undefined,
): Promise<DynamicStub> {
  const { version, ...stub } = checkOptions(dynamicChecks, options);
  const chosen = proxyVersion(host, service, { version }, "shared");
  const { made, inexact } = await readDynamic(source, service, chosen);
  const functions = createStub(host, made.service, stub);
  if (stub.mode === undefined && inexact.size > 0) {
    // JSON needs no exact types: a message that is almost right would be refused in XLANG.
    const json = createStub(host, made.service, { ...stub, mode: "json" }) as typeof functions;
    for (const key of [...inexact].flatMap((name) => made.keys.get(name) ?? []))
      Object.defineProperty(functions, key, Object.getOwnPropertyDescriptor(json, key) ?? {});
  }
  return new DynamicStub(made, functions);
}

/** Opens a session of a service without a schema in the program. */
export async function openDynamicSession(
  host: StubHost,
  source: ContractSource,
  service: string,
  options: DynamicSessionOptions | undefined,
): Promise<DynamicSession> {
  const { version, mode, ...rest } = checkOptions(dynamicSessionChecks, options);
  const chosen = proxyVersion(host, service, { version }, "session");
  const { made, inexact } = await readDynamic(source, service, chosen);
  // INVARIANT: the server announced it as a session service, and the contract is that of the server.
  const session = made.service as SessionService;
  const settings = { ...rest, mode: mode ?? (inexact.size === 0 ? undefined : ("json" as const)) };
  return new DynamicSession(made, await openSession(host, session, settings));
}

type AnyFunction = (...args: readonly unknown[]) => unknown;

const places: Readonly<Record<Pattern, string>> = {
  unary: "call()",
  serverStream: "serverStream()",
  clientStream: "clientStream()",
  bidiStream: "bidi()",
};

/**
 * A service that is called without a schema in the program. Method and member names are wire names. Values are checked as those
 * of other stubs.
 *
 * *Shape*: values are as with a schema: `Map` for maps, `Uint8Array` for bytes, `Date` for times, member names for enums. Members of
 * unions are made with {@link DynamicStub.type}.
 *
 * @example
 * const billing: DynamicStub = await client.dynamic("BillingService");
 * const invoice = await billing.call("get_invoice", { customer_id: "acme", status: "open" });
 * for await (const event of billing.serverStream("watch_events", { customer_id: "acme", status: "" })) {
 *   console.log(invoice.amount_cents, event);
 *   break;
 * }
 */
export class DynamicStub {
  /** The name of the service. */
  readonly service: string;
  /** The version of the service. */
  readonly version: number;
  /** The contract id, of which the server was found to be. */
  readonly contractId: string;
  /** The methods, in the order of the contract. */
  readonly methods: readonly DynamicMethod[];
  readonly #made: DynamicService;
  readonly #functions: Readonly<Record<string, AnyFunction>>;

  /** @internal Use `client.dynamic(name)`. */
  constructor(made: DynamicService, functions: object) {
    const { name, version, methods } = serviceDefinition(made.service);
    this.service = name;
    this.version = version;
    this.contractId = made.service.contractId;
    this.methods = Object.freeze(
      methods.map(({ wireName, pattern, idempotent }) =>
        Object.freeze({ name: wireName, pattern, idempotent }),
      ),
    );
    this.#made = made;
    // INVARIANT: the functions of a stub, by the keys of the service.
    this.#functions = functions as Readonly<Record<string, AnyFunction>>;
  }

  /**
   * The message or enum with a tag, to make values of unions and of `t.any`; for an extension the class of its values, which are bytes.
   * @example
   * const billing = await client.dynamic("BillingService");
   * const invoice = billing.type("billing/Invoice");
   * console.log(invoice.tag); // billing/Invoice
   * @throws {TypeError} when the contract has no such type
   */
  type(tag: string): DynamicMessage {
    const found = this.#made.types.get(text(tag, "tag"));
    if (found !== undefined) return found;
    const known = [...this.#made.types.keys()].join(", ");
    throw new TypeError(`${this.service} has no type ${tag}; it has ${known === "" ? "none" : known}`);
  }

  /**
   * Calls a unary method.
   * @throws {TypeError} when the service has no such method, or when it is of another pattern
   */
  async call(method: string, request: DynamicMessage = {}, options?: CallOptions): Promise<DynamicMessage> {
    return this.#function("unary", method)(request, options) as Promise<DynamicMessage>;
  }

  /** Calls a server-stream method. @throws {TypeError} as {@link call} */
  serverStream(
    method: string,
    request: DynamicMessage = {},
    options?: CallOptions,
  ): ResponseStream<DynamicMessage> {
    return this.#function("serverStream", method)(request, options) as ResponseStream<DynamicMessage>;
  }

  /** Calls a client-stream method with the items of an iterable. @throws {TypeError} as {@link call} */
  async clientStream(
    method: string,
    items: Uploadable<DynamicMessage>,
    options?: CallOptions,
  ): Promise<DynamicMessage> {
    return this.#function("clientStream", method)(items, options) as Promise<DynamicMessage>;
  }

  /** Calls a bidi method. @throws {TypeError} as {@link call} */
  bidi(method: string, options?: CallOptions): BidiCall<DynamicMessage, DynamicMessage> {
    return this.#function("bidiStream", method)(options) as BidiCall<DynamicMessage, DynamicMessage>;
  }

  #function(pattern: Pattern, name: string): AnyFunction {
    const method = this.methods.find((known) => known.name === text(name, "method"));
    if (method === undefined) {
      const known = this.methods.map((one) => one.name).join(", ");
      throw new TypeError(`${this.service} v${this.version} has no method ${name}; it has ${known}`);
    }
    if (method.pattern !== pattern) {
      throw new TypeError(
        `${this.service}.${name} is a ${method.pattern} method: use ${places[method.pattern]}`,
      );
    }
    // INVARIANT: there is a function for each method.
    return this.#functions[this.#made.keys.get(name) ?? ""] as AnyFunction;
  }
}

/**
 * A session of a service that is called without a schema in the program. See {@link DynamicStub}.
 *
 * @example
 * const leave = async (lobby: DynamicSession): Promise<unknown> => {
 *   const receipt = await lobby.call("leave", {});
 *   await lobby.close();
 *   return receipt;
 * };
 */
export class DynamicSession extends DynamicStub implements OpenSession {
  readonly #session: OpenSession;

  /** @internal Use `client.dynamicSession(name)`. */
  constructor(made: DynamicService, session: object) {
    super(made, session);
    // INVARIANT: `openSession` made it.
    this.#session = session as OpenSession;
  }

  /** The id of the session. */
  get id(): string {
    return this.#session.id;
  }

  /** Settles when the session is over. It never rejects. */
  get closed(): Promise<SessionEnd> {
    return this.#session.closed;
  }

  /** Ends the session after the calls that were made before. It may be called twice. */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#session.close();
  }
}
