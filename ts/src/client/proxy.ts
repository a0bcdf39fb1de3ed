// Calls without a schema: JSON mode, wire names, values as JSON gives them.
//
// Owns: the proxy object and its methods by name. Does not own: the dynamic codec (plan 0, codec/), the calls.

import { jsonCodec } from "../codec/codec.js";
import { AsterError, Code } from "../errors.js";
import { checkOptions, integer, milliseconds, nullable, optional, text } from "../options.js";
import { notOffered } from "./contract-check.js";
import { type ClientInterceptor, interceptedMethod } from "./interceptors.js";
import { directMethod } from "./invoke.js";
import { type CallOptions, type ClientMethod, defaultSettings } from "./method.js";
import type { BidiCall, ResponseStream } from "./streams.js";
import type { StubHost } from "./stub.js";
import type { Uploadable } from "./stub-types.js";

/** Options of a proxy. */
export interface ProxyOptions {
  /** Which version, where the server announces several. Default: the newest. */
  readonly version?: number | undefined;
  /** Default deadline of this proxy's calls; null for none. */
  readonly timeoutMs?: number | null | undefined;
}

type Pattern = "unary" | "serverStream" | "clientStream" | "bidiStream";

/** The reason with which the native side ends a call whose single answer was followed by another. */
const STREAMED_ANSWER = "STREAMED_ANSWER";

const proxyChecks = { version: optional(integer(1)), timeoutMs: optional(nullable(milliseconds)) };

/**
 * A service by its name alone. Member and method names are those of the wire, untouched.
 *
 * *Shape*: objects arrive without prototype, integers beyond 2^53 as bigints. Which kind of call a method is has
 * to be known: the server does not tell.
 */
export class ServiceProxy {
  readonly #host: StubHost;
  readonly #service: string;
  readonly #version: number;
  readonly #timeoutMs: number | null | undefined;
  readonly #functions = new Map<string, unknown>();

  /** Made by `client.proxy(name)`. */
  constructor(host: StubHost, service: string, options: ProxyOptions | undefined) {
    const { version, timeoutMs } = checkOptions(proxyChecks, options);
    this.#host = host;
    this.#service = text(service, "service");
    const { services, endpointId } = host.connection;
    const versions = services.filter((known) => known.name === service).map((known) => known.version);
    if (versions.length === 0) throw notOffered(service, services, endpointId);
    this.#version = version ?? Math.max(...versions);
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Calls a unary method.
   * @throws {AsterError} what the server answers: UNIMPLEMENTED for an unknown method, CONTRACT_VIOLATION for an
   * unknown member, INVALID_ARGUMENT for a missing or wrong one. FAILED_PRECONDITION with reason `STREAMED_ANSWER`
   * when more than one message comes back.
   */
  call(method: string, request: unknown = {}, options?: CallOptions): Promise<unknown> {
    return this.#promised("unary", method, request, options);
  }

  /** Calls a server-stream method; opens at the first `next()`. */
  serverStream(method: string, request: unknown = {}, options?: CallOptions): ResponseStream<unknown> {
    const run = this.#function("serverStream", method) as (...args: unknown[]) => ResponseStream<unknown>;
    return run(request, options);
  }

  /** Calls a client-stream method with the items of an iterable. */
  clientStream(method: string, items: Uploadable<unknown>, options?: CallOptions): Promise<unknown> {
    return this.#promised("clientStream", method, items, options);
  }

  /** Calls a bidi method; opens at the first `send()` or `next()`. */
  bidi(method: string, options?: CallOptions): BidiCall<unknown, unknown> {
    const run = this.#function("bidiStream", method) as (...args: unknown[]) => BidiCall<unknown, unknown>;
    return run(options);
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

  /** A stub would take a second answer for a broken peer; here it is the caller who took one kind for another. */
  #explained(error: unknown, pattern: Pattern, method: string): unknown {
    if (!(error instanceof AsterError) || !error.isLocal || error.reason !== STREAMED_ANSWER) return error;
    const fitting = pattern === "unary" ? "serverStream()" : "bidi()";
    const text = `${this.#service}.${method} answers with a stream: call it with ${fitting}`;
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
    const handle = connection.register({
      service: this.#service,
      version: this.#version,
      method,
      pattern,
      mode: "json",
      plan: jsonCodec.planId,
      request: jsonCodec.root,
      response: jsonCodec.root,
      compress: "auto",
    });
    return {
      path: connection,
      handle,
      service: this.#service,
      version: this.#version,
      name: method,
      requestStream: pattern === "clientStream" || pattern === "bidiStream",
      responseStream,
      idempotent: false,
      request: jsonCodec,
      response: jsonCodec,
      defaults: defaultSettings(this.#timeoutMs, null, responseStream),
    };
  }
}
