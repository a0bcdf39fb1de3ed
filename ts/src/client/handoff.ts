// A channel that passes values from a sender to a reader, one at a time.
//
// Owns: the sender waits until the reader has taken its value, and both sides learn of the end. It is used for bidi
// calls with interceptors, which see the input as an iterable.

import type { Failure } from "../port/inbox.js";
import type { CallPlace } from "./method.js";
import { callOver, inputEnded } from "./status.js";
import { refused } from "./streams.js";

interface Offer {
  readonly value: unknown;
  taken(): void;
  fails(error: unknown): void;
}

const DONE: IteratorResult<unknown, undefined> = Object.freeze({ done: true, value: undefined });

/** A channel without a buffer. */
export class Handoff implements AsyncIterableIterator<unknown, undefined> {
  readonly #offers: Offer[] = [];
  readonly #readers: ((result: IteratorResult<unknown, undefined>) => void)[] = [];
  #ended = false;
  /** True when the sender ended the channel, false when the reader did. */
  #endedBySender = false;
  readonly #place: CallPlace;
  #failure: Failure | null = null;

  constructor(place: CallPlace) {
    this.#place = place;
  }

  /** Passes a value. Settles when the reader has taken it. */
  put(value: unknown): Promise<void> {
    if (this.#endedBySender) return Promise.reject(inputEnded(this.#place));
    if (this.#failure !== null) return refused(this.#failure);
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader({ done: false, value });
      return Promise.resolve();
    }
    const passed = new Promise<void>((taken, fails) => {
      this.#offers.push({ value, taken, fails });
    });
    passed.catch(() => {}); // it fails with the call, whose end tells the program too
    return passed;
  }

  /** Ends the channel. Values that wait are still read. */
  end(): void {
    this.#ended = true;
    this.#endedBySender = true;
    for (const reader of this.#readers.splice(0)) reader(DONE);
  }

  /** Ends the channel because the reader failed. Waiting senders get `error`. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#ended = true;
    for (const offer of this.#offers.splice(0)) offer.fails(error);
    for (const reader of this.#readers.splice(0)) reader(DONE);
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const offer = this.#offers.shift();
    if (offer !== undefined) {
      offer.taken();
      return Promise.resolve({ done: false, value: offer.value });
    }
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.fail(this.#failure === null ? callOver(this.#place) : this.#failure.error);
    return Promise.resolve(DONE);
  }

  throw(error: unknown): Promise<IteratorResult<unknown, undefined>> {
    this.fail(error);
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
