// A stream at an endpoint of a pool: the endpoint is chosen at the first use, and learns how the stream ended.
//
// Owns: when the stream is opened, and telling its endpoint. Does not own: the stream (client/streams.ts).

import type { BidiCall } from "../client/streams.js";

/** A stream that was opened, and the function that says how it ended. */
export interface OpenedStream {
  readonly stream: BidiCall<unknown, unknown>;
  ended(error: unknown): void;
}

const DONE: IteratorResult<never, undefined> = Object.freeze({ done: true, value: undefined });

/** A stream with the functions of a bidi call. One without requests has no callers of `send` and `end`. */
export class PooledStream implements BidiCall<unknown, unknown> {
  readonly #open: () => OpenedStream;
  #opened: OpenedStream | null = null;
  #left = false;

  /** @param open chooses an endpoint and opens the stream; it throws when there is none */
  constructor(open: () => OpenedStream) {
    this.#open = open;
  }

  /** Null when it was left before it was used. It throws only once, as other streams do. */
  #use(): OpenedStream | null {
    if (this.#opened !== null || this.#left) return this.#opened;
    try {
      this.#opened = this.#open();
    } catch (error) {
      this.#left = true;
      throw error;
    }
    return this.#opened;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    try {
      const opened = this.#use();
      if (opened === null) return Promise.resolve(DONE);
      const step = opened.stream.next();
      step.then(
        ({ done }) => {
          if (done === true) opened.ended(null);
        },
        (error: unknown) => opened.ended(error),
      );
      return step;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async send(message: unknown): Promise<void> {
    await this.#use()?.stream.send(message);
  }

  async end(): Promise<void> {
    await this.#use()?.stream.end();
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    await this.#leave()?.stream.return();
    return DONE;
  }

  async throw(error: unknown): Promise<IteratorResult<unknown, undefined>> {
    await this.#leave()?.stream.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave()?.stream.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #leave(): OpenedStream | null {
    this.#left = true;
    this.#opened?.ended(null);
    return this.#opened;
  }
}
