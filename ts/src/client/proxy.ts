// Calls without a schema: JSON mode, wire names, and values as JSON has them.
//
// Owns: the proxy object and its methods. Does not own: the dynamic codec (plan 0, codec/), and the calls.

import { jsonCodec } from "../codec/codec.js";
import { AsterError, Code } from "../errors.js";
import { limitDecoded } from "../message.js";
import { checkOptions, integer, milliseconds, nullable, optional, text } from "../options.js";
import type { RegisteredMethod } from "./connection.js";
import { notOffered } from "./contract-check.js";
import { type ClientInterceptor, interceptedMethod } from "./interceptors.js";
import { directMethod } from "./invoke.js";
import { type CallOptions, type CallPath, type ClientMethod, defaultSettings } from "./method.js";
import type { BidiCall, ResponseStream } from "./streams.js";
import type { StubHost } from "./stub.js";
import type { Uploadable } from "./stub-types.js";

/**
 * The options of a proxy.
 *
 * @example
 * const options: ProxyOptions = { version: 1, timeoutMs: 5000 };
 * const service = client.proxy("BillingService", options);
 */
export interface ProxyOptions {
  /** The version of the service, when the server announces several. Default: the newest. */
  readonly version?: number | undefined;
  /** The default deadline of this proxy's calls in milliseconds; null for none. */
  readonly timeoutMs?: number | null | undefined;
}

type Pattern = "unary" | "serverStream" | "clientStream" | "bidiStream";

/** The reason with which Rust ends a call when a second response follows a single one. */
const STREAMED_ANSWER = "STREAMED_ANSWER";

const proxyChecks = { version: optional(integer(1)), timeoutMs: optional(nullable(milliseconds)) };

/**
 * The version of a service to call: the given one, else the newest that the server announces.
 * @throws {AsterError} NOT_FOUND when the server does not offer the service; FAILED_PRECONDITION with reason
 * `SERVICE_SCOPE` when its scope is another
 */
export function proxyVersion(
  host: StubHost,
  service: string,
  options: ProxyOptions | undefined,
  scope: "shared" | "session",
): number {
  const { version } = checkOptions(proxyChecks, options);
  const { services, endpointId } = host.connection;
  const named = services.filter((known) => known.name === text(service, "service"));
  if (named.length === 0) throw notOffered(service, services, endpointId);
  const chosen = version ?? Math.max(...named.map((known) => known.version));
  const other = named.find((known) => known.version === chosen && known.pattern !== scope);
  if (other !== undefined) {
    const fix = scope === "shared" ? "client.sessionProxy()" : "client.proxy()";
    const message = `${service} v${chosen} is a ${other.pattern} service: use ${fix}`;
    const facts = { peer: endpointId, service, reason: "SERVICE_SCOPE", notSent: true };
    throw new AsterError(Code.FAILED_PRECONDITION, message, facts);
  }
  return chosen;
}

/**
 * A service that is called by its name, without a schema. Member and method names are wire names.
 *
 * *Shape*: objects have no prototype, and integers beyond 2^53 are bigints. The program must know the pattern of each
 * method, because the server does not announce it.
 *
 * @example
 * const service: ServiceProxy = client.proxy("BillingService");
 * const invoice = await service.call("get_invoice", { customer_id: "acme", status: "open" });
 * for await (const event of service.serverStream("watch_events", { customer_id: "acme", status: "" })) {
 *   console.log(invoice, event);
 *   break;
 * }
 */
export class ServiceProxy {
  readonly #host: StubHost;
  readonly #service: string;
  readonly #version: number;
  readonly #timeoutMs: number | null | undefined;
  readonly #path: CallPath;
  readonly #functions = new Map<string, unknown>();

  /** Use `client.proxy(name)`. */
  constructor(host: StubHost, service: string, options: ProxyOptions | undefined, session?: CallPath) {
    const { timeoutMs } = checkOptions(proxyChecks, options);
    this.#host = host;
    this.#service = service;
    this.#version = proxyVersion(host, service, options, session === undefined ? "shared" : "session");
    this.#path = session ?? host.connection;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Calls a unary method.
   * @throws {AsterError} the status of the server: UNIMPLEMENTED for an unknown method, CONTRACT_VIOLATION for an
   * unknown member, INVALID_ARGUMENT for a missing or wrong member. FAILED_PRECONDITION with reason `STREAMED_ANSWER`
   * when the server sends more than one message
   */
  call(method: string, request: unknown = {}, options?: CallOptions): Promise<unknown> {
    return this.#promised("unary", method, request, options);
  }

  /** Calls a server-stream method. The call opens at the first `next()`. */
  serverStream(method: string, request: unknown = {}, options?: CallOptions): ResponseStream<unknown> {
    const run = this.#function("serverStream", method) as (...args: unknown[]) => ResponseStream<unknown>;
    return run(request, options);
  }

  /** Calls a client-stream method with the items of an iterable. */
  clientStream(method: string, items: Uploadable<unknown>, options?: CallOptions): Promise<unknown> {
    return this.#promised("clientStream", method, items, options);
  }

  /** Calls a bidi method. The call opens at the first `send()` or `next()`. */
  bidi(method: string, options?: CallOptions): BidiCall<unknown, unknown> {
    const run = this.#function("bidiStream", method) as (...args: unknown[]) => BidiCall<unknown, unknown>;
    return run(options);
  }

  /** @internal A method of a service without a schema, for the addon. */
  static called(service: string, version: number, pattern: Pattern, method: string): RegisteredMethod {
    const { planId: plan, root } = jsonCodec;
    const encoding = { mode: "json", plan, request: root, response: root, compress: "auto" } as const;
    return { service, version, method, pattern, agreement: null, ...encoding };
  }

  async #promised(
    pattern: Pattern,
    method: string,
    input: unknown,
    options: CallOptions | undefined,
  ): Promise<unknown> {
    const run = this.#function(pattern, method) as (...args: unknown[]) => Promise<unknown>;
    try {
      return await run(input, options);
    } catch (error) {
      throw this.#explained(error, pattern, method);
    }
  }

  /** For a stub a second response is an error of the peer. Here the program used the function of another pattern. */
  #explained(error: unknown, pattern: Pattern, method: string): unknown {
    if (!(error instanceof AsterError) || !error.isLocal || error.reason !== STREAMED_ANSWER) return error;
    const fitting = pattern === "unary" ? "serverStream()" : "bidi()";
    const text = `${this.#service}.${method} returns a stream; call it with ${fitting}`;
    const { peer, reason } = error;
    return new AsterError(Code.FAILED_PRECONDITION, text, { peer, reason, cause: error });
  }

  #function(pattern: Pattern, method: string): unknown {
    const key = `${pattern} ${text(method, "method")}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const target = this.#target(pattern, method);
    const interceptors: readonly ClientInterceptor[] = this.#host.interceptors;
    const made = interceptors.length === 0 ? directMethod(target) : interceptedMethod(target, interceptors);
    this.#functions.set(key, made);
    return made;
  }

  #target(pattern: Pattern, method: string): ClientMethod {
    const { connection } = this.#host;
    const responseStream = pattern === "serverStream" || pattern === "bidiStream";
    const handle = connection.register(ServiceProxy.called(this.#service, this.#version, pattern, method));
    return {
      path: this.#path,
      handle,
      service: this.#service,
      version: this.#version,
      name: method,
      requestStream: pattern === "clientStream" || pattern === "bidiStream",
      responseStream,
      idempotent: false,
      request: jsonCodec,
      response: limitDecoded(jsonCodec, connection.maxDecodedBytes),
      tools: { request: jsonCodec, response: jsonCodec },
      defaults: defaultSettings(this.#timeoutMs, null, responseStream),
    };
  }
}
