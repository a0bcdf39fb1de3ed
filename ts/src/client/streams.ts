// The stream objects that a stub returns. They open at first use, and end by `break`, `return()` and errors.
//
// Owns: opening at the first next() or send(), the iterator protocol, and cancelling a bidi call. Does not own:
// flow control (port/), events (call.ts).

import type { Failure } from "../port/inbox.js";
import { ClientCall } from "./call.js";
import { type CallOptions, type ClientMethod, placeOf, settingsOf } from "./method.js";
import { callOver, inputEnded, itemError } from "./status.js";
import { pump, sourceOf } from "./upload.js";

const DONE: IteratorResult<never, undefined> = Object.freeze({ done: true, value: undefined });
const ACCEPTED: Promise<void> = Promise.resolve();

/**
 * A stream of messages from the server. It can be iterated once, and `break` cancels the call.
 *
 * @example
 * const events: ResponseStream<InvoiceEvent> = billing.watchEvents({ customerId: "acme", status: "" });
 * for await (const { sequence, what } of events) {
 *   console.log(sequence, what);
 *   if (sequence === 2) break; // cancels the call
 * }
 */
export interface ResponseStream<T> extends AsyncIterableIterator<T, undefined, void> {
  /** The next message, or the end of the stream. Rejects with the `AsterError` of a call that failed. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Cancels the call if it has not ended. `break` calls it. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** Cancels the call if it has not ended, and rejects with `error`. */
  throw(error: unknown): Promise<IteratorResult<T, undefined>>;
  /** Returns this stream. It can be iterated once. */
  [Symbol.asyncIterator](): ResponseStream<T>;
  /** Cancels the call if it is still running. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A call with streams in both directions. It opens at the first `send()` or `next()`.
 *
 * @example
 * await using chat: BidiCall<InferInput<typeof ChatMessage>, ChatMessage> = billing.chat();
 * await chat.send({ author: "Ada", text: "hello" });
 * await chat.end();
 * for await (const { text } of chat) console.log(text);
 */
export interface BidiCall<I, O> extends ResponseStream<O> {
  /** Sends one message. Settles when there is room for the next one. Rejects when the call has ended. */
  send(message: I): Promise<void>;
  /** Ends the requests; responses may still arrive. Calling it twice is safe. */
  end(): Promise<void>;
  /** Returns this call. Its responses can be iterated once. */
  [Symbol.asyncIterator](): BidiCall<I, O>;
}

/** A call that opens when its stream is first used. */
class LazyCall {
  readonly #start: () => ClientCall;
  #call: ClientCall | null = null;
  #left = false;
  /** Why the call is impossible. */
  #failure: Failure | null = null;

  constructor(start: () => ClientCall) {
    this.#start = start;
  }

  /** The call, which is opened now if needed; null when it was left before. Throws when the call is impossible. */
  use(): ClientCall | null {
    if (this.#failure !== null) throw this.#failure.error;
    if (this.#call !== null || this.#left) return this.#call;
    try {
      this.#call = this.#start();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
    return this.#call;
  }

  leave(): void {
    this.#left = true;
    this.#failure = null;
    this.#call?.leave(null);
  }
}

class Stream implements ResponseStream<unknown> {
  protected readonly lazy: LazyCall;

  /** @param start makes and opens the call */
  constructor(start: () => ClientCall) {
    this.lazy = new LazyCall(start);
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    try {
      return this.lazy.use()?.next() ?? Promise.resolve(DONE);
    } catch (error) {
      // The iteration has told the failure, and is at its end.
      this.lazy.leave();
      return Promise.reject(error);
    }
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.lazy.leave();
    return Promise.resolve(DONE);
  }

  throw(error: unknown): Promise<IteratorResult<unknown, undefined>> {
    this.lazy.leave();
    return Promise.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lazy.leave();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

class Bidi extends Stream implements BidiCall<unknown, unknown> {
  readonly #method: ClientMethod;
  #ended = false;

  constructor(method: ClientMethod, options: CallOptions | undefined) {
    super(() => opened(method, options, undefined));
    this.#method = method;
  }

  send(message: unknown): Promise<void> {
    let call: ClientCall | null;
    try {
      call = this.lazy.use();
    } catch (error) {
      return refused({ error });
    }
    try {
      // Checked before the result of the call: send() after end() is always an error of the program.
      if (this.#ended) return Promise.reject(inputEnded(placeOf(this.#method)));
      const outlet = call?.outlet;
      if (!call || !outlet || call.over)
        return refused(call?.failure ?? { error: callOver(placeOf(this.#method)) });
      return outlet.send(message) ?? ACCEPTED;
    } catch (error) {
      return Promise.reject(itemError(error, this.#method));
    }
  }

  end(): Promise<void> {
    try {
      const ended = this.lazy.use()?.outlet?.end() ?? ACCEPTED;
      this.#ended = true;
      return ended;
    } catch (error) {
      return refused({ error });
    }
  }
}

/** A server-stream call. It opens at the first `next()`. */
export function responseStream(
  method: ClientMethod,
  request: unknown,
  options: CallOptions | undefined,
): ResponseStream<unknown> {
  return new Stream(() => opened(method, options, request));
}

/** A bidi call. It opens at the first `send()`, `next()` or `end()`. */
export function bidiCall(method: ClientMethod, options: CallOptions | undefined): BidiCall<unknown, unknown> {
  return new Bidi(method, options);
}

/** A bidi call whose input is an iterable. The first `next()` opens it and starts to read the iterable. */
export class FedStream extends Stream {
  constructor(method: ClientMethod, items: unknown, options: CallOptions | undefined) {
    super(() => {
      const source = sourceOf(items);
      const call = opened(method, options, undefined);
      void pump(call, source);
      return call;
    });
  }

  /** Opens the call now. Throws when the call is impossible. */
  open(): void {
    this.lazy.use();
  }
}

/**
 * A rejection that need not be handled, because the end of the call tells the program too. Without this, a message that
 * is sent without `await` while the call ends would end the process.
 */
export function refused(failure: Failure): Promise<never> {
  const rejected = Promise.reject(failure.error);
  rejected.catch(() => {});
  return rejected;
}

function opened(method: ClientMethod, options: CallOptions | undefined, single: unknown): ClientCall {
  const call = new ClientCall(method, settingsOf(method.defaults, options), null, null);
  call.open(single);
  return call;
}
