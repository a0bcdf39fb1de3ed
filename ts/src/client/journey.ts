// The way of one call through the interceptors, to the streams that leave this process.
//
// Owns: which streams an intercepted call has opened, so that leaving the outer stream ends them, also when an interceptor
// is between them and never settles. Does not own: what interceptors do with a call.

/** The part of a stream that ends it. */
interface Leavable {
  return(): Promise<unknown>;
}

/** The part of a call by which it is known. */
interface Call {
  readonly metadata: object;
}

/** An interceptor may pass on a copy of the call, which usually has the same metadata object. */
const journeys = new WeakMap<object, Journey>();

/** One call on its way. */
export class Journey {
  readonly #streams: Leavable[] = [];
  #left = false;

  /** The journey of a call, or of the call from which it was copied. */
  static of(call: Call): Journey | undefined {
    return journeys.get(call) ?? journeys.get(call.metadata);
  }

  start(call: Call): void {
    journeys.set(call, this);
    journeys.set(call.metadata, this);
  }

  /** A stream was opened. There are several when an interceptor tries again. */
  arrive(stream: Leavable): void {
    if (this.#left) void stream.return();
    else this.#streams.push(stream);
  }

  /** Ends all streams of this call, and those that are opened later. */
  leave(): void {
    this.#left = true;
    for (const stream of this.#streams.splice(0)) void stream.return();
  }
}
