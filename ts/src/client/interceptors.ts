// Client interceptors: an onion of functions round each call. Without any, none of this runs.
//
// Owns: what an interceptor sees, how the four patterns pass through the onion. Does not own: the ready-made
// interceptors, and calls without interceptors (stub.ts goes straight to invoke.ts).

import type { StringPairs } from "../errors.js";
import { pairsOf } from "../metadata.js";
import { Handoff } from "./handoff.js";
import { anyCall } from "./invoke.js";
import type { CallOptions, ClientMethod } from "./method.js";
import { type BidiCall, FedStream, type ResponseStream } from "./streams.js";

/** A call on its way out. Interceptors may change `input`, `metadata`, `signal` and `timeoutMs`. */
export interface OutgoingCall {
  readonly service: string;
  readonly version: number;
  /** Wire name of the method. */
  readonly method: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly idempotent: boolean;
  /** Endpoint id of the server. */
  readonly peer: string;
  /** The request, or an async iterable of requests. */
  input: unknown;
  metadata: Map<string, string>;
  signal: AbortSignal | undefined;
  /** As given by the caller: absent means the defaults. */
  timeoutMs: number | null | undefined;
}

/** Sends a call on: to the next interceptor, at last to the network. Gives the response, or an iterable of them. */
export type ClientNext = (call: OutgoingCall) => Promise<unknown>;

/** Wraps calls: `(next) => async (call) => next(call)`. */
export type ClientInterceptor = (next: ClientNext) => ClientNext;

/** The function of a stub for a method with interceptors; same shapes as without. */
export function interceptedMethod(method: ClientMethod, interceptors: readonly ClientInterceptor[]): unknown {
  const chain = interceptors.reduceRight<ClientNext>((next, wrap) => wrap(next), terminal(method));
  const run = async (input: unknown, options: CallOptions | undefined): Promise<unknown> =>
    chain(outgoing(method, input, options));
  if (!method.responseStream) return run;
  if (!method.requestStream) {
    return (request: unknown, options?: CallOptions) => new Responses(() => run(request, options));
  }
  return (options?: CallOptions) =>
    new InterceptedBidi(method.path.endpointId, (input) => run(input, options));
}

function terminal(method: ClientMethod): ClientNext {
  return async (call) => {
    const { signal, timeoutMs, metadata } = call;
    const output = anyCall(method, call.input, { signal, timeoutMs, metadata });
    // A bidi call got here because of its first send() or next(): it opens now.
    if (output instanceof FedStream) output.open();
    return output;
  };
}

function outgoing(method: ClientMethod, input: unknown, options: CallOptions | undefined): OutgoingCall {
  const given: StringPairs = options?.metadata ?? {};
  return {
    service: method.service,
    version: method.version,
    method: method.name,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    idempotent: method.idempotent,
    peer: method.path.endpointId,
    input,
    metadata: new Map(pairsOf(given, "options.metadata")),
    signal: options?.signal,
    timeoutMs: options?.timeoutMs,
  };
}

/** The stream of an intercepted call: the onion runs at the first `next()`. */
class Responses implements ResponseStream<unknown> {
  readonly #start: () => Promise<unknown>;
  #output: Promise<AsyncIterator<unknown, undefined>> | null = null;
  #left = false;

  constructor(start: () => Promise<unknown>) {
    this.#start = start;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#left) return { done: true, value: undefined };
    return (await this.open()).next();
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#left = true;
    // A chain that failed was reported by next(); there is nothing left to end.
    const output = await this.#output?.catch(() => null);
    await output?.return?.();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  protected open(): Promise<AsyncIterator<unknown, undefined>> {
    this.#output ??= this.#start().then((output) =>
      (output as AsyncIterable<unknown>)[Symbol.asyncIterator](),
    );
    return this.#output;
  }
}

class InterceptedBidi extends Responses implements BidiCall<unknown, unknown> {
  readonly #input: Handoff;

  constructor(peer: string, start: (input: AsyncIterable<unknown>) => Promise<unknown>) {
    const input = new Handoff(peer);
    super(() => start(input));
    this.#input = input;
  }

  send(message: unknown): Promise<void> {
    this.open().catch((error: unknown) => this.#input.fail(error));
    return this.#input.put(message);
  }

  async end(): Promise<void> {
    this.#input.end();
    await this.open();
  }

  override async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#input.end();
    return super.return();
  }
}
