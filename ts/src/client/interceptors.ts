// Client interceptors: functions around each call. Calls without interceptors do not use this module.
//
// Owns: what an interceptor sees, and how the four call patterns pass through interceptors. Does not own: ready-made
// interceptors, and calls without interceptors (stub.ts uses invoke.ts for them).

import { CALL_CODECS, type CallCodecs } from "../message.js";
import { describeValue } from "../options.js";
import { pairsOf } from "../pairs.js";
import { Handoff } from "./handoff.js";
import { anyCall } from "./invoke.js";
import { Journey } from "./journey.js";
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
  const run = async (
    input: unknown,
    options: CallOptions | undefined,
    journey: Journey | null,
  ): Promise<unknown> => {
    const call = outgoing(method, input, options);
    journey?.start(call);
    return chain(call);
  };
  if (!method.responseStream) return (input: unknown, options?: CallOptions) => run(input, options, null);
  if (!method.requestStream) {
    return (request: unknown, options?: CallOptions) =>
      new Responses((journey) => run(request, options, journey));
  }
  return (options?: CallOptions) =>
    new InterceptedBidi(placeOf(method), (input, journey) => run(input, options, journey));
}

function terminal(method: ClientMethod): ClientNext {
  return async (call) => {
    const { signal, timeoutMs, metadata } = call;
    const output = anyCall(method, call.input, { signal, timeoutMs, metadata });
    // The first send() or next() of a bidi call led here, so the call opens now.
    if (output instanceof FedStream) output.open();
    if (method.responseStream) Journey.of(call)?.arrive(output as ResponseStream<unknown>);
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
    [CALL_CODECS]: method.tools,
  };
}

// Taken when the module loads, so that fake timers of a test do not delay the end of a stream.
const { setImmediate: afterIo } = globalThis;

/**
 * The stream of a call with interceptors. The interceptors run at the first `next()`. Leaving it ends it, also when an
 * interceptor never settles.
 */
class Responses implements ResponseStream<unknown> {
  readonly #start: (journey: Journey) => Promise<unknown>;
  readonly #journey = new Journey();
  readonly #waiting = new Set<(done: IteratorResult<unknown, undefined>) => void>();
  #output: Promise<AsyncIterator<unknown, undefined>> | null = null;
  #left = false;

  constructor(start: (journey: Journey) => Promise<unknown>) {
    this.#start = start;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#left) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      this.open()
        .then((output) => output.next())
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(resolve));
    });
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#left = true;
    this.#journey.leave();
    const ended = this.#end();
    ended.catch(() => {}); // reported below, unless it comes too late
    // Clean-up of the interceptors may finish first, but it cannot hold back the end.
    await Promise.race([ended, new Promise<void>((resolve) => afterIo(resolve))]);
    for (const resolve of this.#waiting) resolve({ done: true, value: undefined });
    this.#waiting.clear();
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
    this.#output ??= this.#start(this.#journey).then(responsesOf);
    return this.#output;
  }

  async #end(): Promise<void> {
    // next() has already reported a failure of the interceptors. Then there is nothing to end.
    const output = await this.#output?.catch(() => null);
    await output?.return?.();
  }
}

function responsesOf(output: unknown): AsyncIterator<unknown, undefined> {
  const responses = output as Partial<AsyncIterable<unknown, undefined>> | null | undefined;
  const iterator = responses?.[Symbol.asyncIterator]?.();
  if (typeof iterator?.next === "function") return iterator;
  throw new TypeError(
    `an interceptor of a response stream must return an async iterable, not ${describeValue(output)}`,
  );
}

class InterceptedBidi extends Responses implements BidiCall<unknown, unknown> {
  readonly #input: Handoff;

  constructor(
    place: CallPlace,
    start: (input: AsyncIterable<unknown>, journey: Journey) => Promise<unknown>,
  ) {
    const input = new Handoff(place);
    super((journey) => start(input, journey));
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
