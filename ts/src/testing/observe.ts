// Watching the items of a stream while they pass.
//
// Owns: an iterator around another one. Unlike an async generator it passes return() on at once, also while next() waits.
// Does not own: what the watchers do.

/** What is told of a stream. Each function is called before the reader gets the result. */
export interface StreamWatcher {
  item(value: unknown): void;
  /** The stream ended by itself. */
  end(): void;
  /** The reader left the stream before its end. */
  left(): void;
  failed(error: unknown): void;
}

type AnyIterable = AsyncIterable<unknown> | Iterable<unknown>;
type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

/** The same stream, watched. Exactly one of `end`, `left` and `failed` is called, unless nobody reads the stream. */
export function observed(stream: unknown, watcher: StreamWatcher): AsyncIterableIterator<unknown, undefined> {
  return new Observed(iteratorOf(stream as AnyIterable), watcher);
}

function iteratorOf(stream: AnyIterable): AnyIterator {
  const asynchronous = (stream as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator];
  return asynchronous === undefined
    ? (stream as Iterable<unknown>)[Symbol.iterator]()
    : asynchronous.call(stream);
}

class Observed implements AsyncIterableIterator<unknown, undefined> {
  readonly #inner: AnyIterator;
  readonly #watcher: StreamWatcher;
  #over = false;

  constructor(inner: AnyIterator, watcher: StreamWatcher) {
    this.#inner = inner;
    this.#watcher = watcher;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    try {
      const step = await this.#inner.next();
      if (!step.done) {
        // An item that arrives after the reader has left was not received.
        if (!this.#over) this.#watcher.item(step.value);
        return { done: false, value: step.value };
      }
      this.#finish(() => this.#watcher.end());
      return { done: true, value: undefined };
    } catch (error) {
      this.#finish(() => this.#watcher.failed(error));
      throw error;
    }
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#finish(() => this.#watcher.left());
    await this.#inner.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish(tell: () => void): void {
    if (this.#over) return;
    this.#over = true;
    tell();
  }
}
