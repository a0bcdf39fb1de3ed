// The input of a handler that takes a stream.
//
// Owns: the iterator protocol over an inbox. Does not own: flow control and order (port/inbox.ts).

import type { Inbox } from "../port/inbox.js";

/** An async iterable of requests. When the handler stops reading, requests that still arrive are dropped. */
export class RequestStream implements AsyncIterableIterator<unknown, undefined> {
  readonly #inbox: Inbox;

  constructor(inbox: Inbox) {
    this.#inbox = inbox;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#inbox.next();
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#inbox.discard();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<unknown, undefined>> {
    this.#inbox.discard();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
