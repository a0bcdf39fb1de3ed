// Client interceptors: functions around each call. Calls without interceptors do not use this module.
//
// Owns: what an interceptor sees, and how the four call patterns pass through interceptors. Does not own: ready-made
// interceptors, and calls without interceptors (stub.ts uses invoke.ts for them).

import { CALL_CODECS, type CallCodecs } from "../message.js";
import { describeValue } from "../options.js";
import { pairsOf } from "../pairs.js";
import { Handoff } from "./handoff.js";
import { anyCall } from "./invoke.js";
import { type CallOptions, type CallPlace, type ClientMethod, placeOf } from "./method.js";
import { type BidiCall, FedStream, type ResponseStream } from "./streams.js";

/**
 * A call before it is sent. Interceptors may change `input`, `metadata`, `signal` and `timeoutMs`.
 *
 * @example
 * function trace(call: OutgoingCall): void {
 *   call.metadata.set("trace-id", crypto.randomUUID());
 * }
 * const traced = client.stub(Billing, {
 *   interceptors: [
 *     (next) => (call) => {
 *       trace(call);
 *       return next(call);
 *     },
 *   ],
 * });
 */
export interface OutgoingCall {
  readonly service: string;
  readonly version: number;
  /** The wire name of the method. */
  readonly method: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly idempotent: boolean;
  /** The endpoint id of the server. */
  readonly peer: string;
  /** The request, or an async iterable of requests. */
  input: unknown;
  metadata: Map<string, string>;
  signal: AbortSignal | undefined;
  /** The timeout that the caller gave. Undefined means the default. */
  timeoutMs: number | null | undefined;
  /** @internal */
  readonly [CALL_CODECS]?: CallCodecs;
}

/**
 * Passes a call to the next interceptor, or to the network. Returns the response, or an iterable of responses.
 *
 * @example
 * // Tries a call that never left this process once more.
 * const again = (next: ClientNext) => (call: OutgoingCall) =>
 *   next(call).catch((error: unknown) => {
 *     if (error instanceof AsterError && error.notSent) return next(call);
 *     throw error;
 *   });
 * const patient = client.stub(Billing, { interceptors: [again] });
 */
export type ClientNext = (call: OutgoingCall) => Promise<unknown>;

/**
 * An interceptor, for example `(next) => async (call) => next(call)`.
 *
 * @example
 * const timing: ClientInterceptor = (next) => async (call) => {
 *   const started = performance.now();
 *   try {
 *     return await next(call);
 *   } finally {
 *     console.log(call.method, performance.now() - started);
 *   }
 * };
 * const timed = client.stub(Billing, { interceptors: [timing] });
 * await timed.getInvoice({ customerId: "acme", status: "open" });
 */
export type ClientInterceptor = (next: ClientNext) => ClientNext;

/** Makes the function of a stub for a method with interceptors. Its type is the same as without them. */
export function interceptedMethod(method: ClientMethod, interceptors: readonly ClientInterceptor[]): unknown {
  const chain = interceptors.reduceRight<ClientNext>((next, wrap) => wrap(next), terminal(method));
  const run = async (input: unknown, options: CallOptions | undefined): Promise<unknown> =>
    chain(outgoing(method, input, options));
  if (!method.responseStream) return run;
  if (!method.requestStream) {
    return (request: unknown, options?: CallOptions) => new Responses(() => run(request, options));
  }
  return (options?: CallOptions) => new InterceptedBidi(placeOf(method), (input) => run(input, options));
}

function terminal(method: ClientMethod): ClientNext {
  return async (call) => {
    const { signal, timeoutMs, metadata } = call;
    const output = anyCall(method, call.input, { signal, timeoutMs, metadata });
    // The first send() or next() of a bidi call led here, so the call opens now.
    if (output instanceof FedStream) output.open();
    return output;
  };
}

function outgoing(method: ClientMethod, input: unknown, options: CallOptions | undefined): OutgoingCall {
  return {
    service: method.service,
    version: method.version,
    method: method.name,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    idempotent: method.idempotent,
    peer: method.path.endpointId,
    input,
    metadata: pairsOf(options?.metadata ?? {}, "options.metadata"),
    signal: options?.signal,
    timeoutMs: options?.timeoutMs,
    [CALL_CODECS]: method,
  };
}

/** The stream of a call with interceptors. The interceptors run at the first `next()`. */
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
    // next() has already reported a failure of the interceptors. Then there is nothing to end.
    const output = await this.#output?.catch(() => null);
    await output?.return?.();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<unknown, undefined>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  protected open(): Promise<AsyncIterator<unknown, undefined>> {
    this.#output ??= this.#start().then(responsesOf);
    return this.#output;
  }
}

function responsesOf(output: unknown): AsyncIterator<unknown, undefined> {
  const responses = output as Partial<AsyncIterable<unknown, undefined>> | null | undefined;
  const iterator = responses?.[Symbol.asyncIterator]?.();
  if (iterator !== undefined) return iterator;
  throw new TypeError(
    `an interceptor of a response stream must return an async iterable, not ${describeValue(output)}`,
  );
}

class InterceptedBidi extends Responses implements BidiCall<unknown, unknown> {
  readonly #input: Handoff;

  constructor(place: CallPlace, start: (input: AsyncIterable<unknown>) => Promise<unknown>) {
    const input = new Handoff(place);
    super(() => start(input));
    this.#input = input;
  }

  send(message: unknown): Promise<void> {
    this.open().catch((error: unknown) => this.#input.fail(error));
    return this.#input.put(message);
  }

  end(): Promise<void> {
    this.#input.end();
    const opened = this.open().then(() => {});
    opened.catch(() => {}); // next() tells the failure too
    return opened;
  }

  override async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#input.end();
    return super.return();
  }
}
