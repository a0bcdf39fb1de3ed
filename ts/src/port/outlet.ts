// The writing end of a stream: messages of one call on their way to Rust, held back by the byte budget.
//
// Owns: the writer's half of flow control (docs/boundary.md, "byte budget"), order among messages that wait.
// Does not own: the reader's half (inbox.ts), what ends the call (client/call.ts, server/call.ts).

import type { MessageCodec } from "../message.js";
import type { Gate } from "./operations.js";
import type { Port } from "./port.js";

/** Bytes that one direction of a stream may have under way. */
const STREAM_BUDGET: number = 1024 * 1024;
/** A reader gives room back in steps of this size, or when it has nothing left to read. */
export const CREDIT_STEP: number = 64 * 1024;
/** What each message costs beside its own bytes. */
export const ITEM_COST = 4;

// Tiny messages fit a budget by the ten thousand: so many go out before other calls get their turn.
const BURST_ITEMS = 1024;

// Taken once, so that fake timers of a test cannot stop the transport.
const { setImmediate: afterIo } = globalThis;

/** Keeps a source that never waits from holding up the event loop. */
export class Burst {
  #items = 0;

  /** Counts a message that went out at once; now and then gives a promise of the next turn. */
  next(): Promise<void> | null {
    if (++this.#items < BURST_ITEMS) return null;
    this.#items = 0;
    return new Promise((resolve) => {
      afterIo(resolve);
    });
  }
}

interface Waiting {
  /** null stands for the end of the stream. */
  readonly message: Uint8Array | null;
  resolve(): void;
  reject(error: unknown): void;
}

/** Sends the messages of one call. */
export class Outlet implements Gate {
  readonly #port: Port;
  readonly #call: number;
  readonly #codec: MessageCodec;
  readonly #waiting: Waiting[] = [];
  #room = STREAM_BUDGET;
  #ended = false;

  constructor(port: Port, call: number, codec: MessageCodec) {
    this.#port = port;
    this.#call = call;
    this.#codec = codec;
  }

  /** True after {@link Outlet.end} or {@link Outlet.close}. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Takes a message, encoded before this returns.
   * @returns null when there was room, else a promise of it.
   * @throws {AsterError} INVALID_ARGUMENT when the value does not fit; the stream goes on.
   */
  send(value: unknown): Promise<void> | null {
    const held = this.#port.ops.item(this.#call, this.#codec, value, this);
    if (held !== null) return this.#wait(held);
    this.#port.scheduled();
    return null;
  }

  /** Ends the stream behind the messages that wait. */
  end(): Promise<void> | null {
    if (this.#ended) return null;
    const waits = this.#waiting.length > 0;
    if (!waits) this.#writeEnd();
    // Behind what may throw: a getter of a message that is being written cannot end a stream, and has not.
    this.#ended = true;
    return waits ? this.#wait(null) : null;
  }

  /** The reader made room. */
  credit(bytes: number): void {
    this.#room += bytes;
    while (this.#waiting[0] !== undefined && this.#fits(this.#waiting[0])) {
      const next = this.#waiting.shift() as Waiting;
      if (next.message === null) this.#writeEnd();
      else {
        this.#port.ops.encodedItem(this.#call, next.message);
        this.#port.scheduled();
      }
      next.resolve();
    }
  }

  /** The call is over: what waits fails with `error`. */
  close(error: unknown): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  /** Gate: for {@link Operations.item} alone. */
  admits(bytes: number): boolean {
    return this.#waiting.length === 0 && this.#reserve(bytes);
  }

  #fits(waiting: Waiting): boolean {
    return waiting.message === null || this.#reserve(waiting.message.length);
  }

  // A message larger than what is left passes when less than one step is under way: the reader may keep that
  // much to itself for ever, so waiting for an empty pipe could wait for nothing.
  #reserve(bytes: number): boolean {
    const cost = bytes + ITEM_COST;
    if (cost > this.#room && this.#room <= STREAM_BUDGET - CREDIT_STEP) return false;
    this.#room -= cost;
    return true;
  }

  #wait(message: Uint8Array | null): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject });
    });
  }

  #writeEnd(): void {
    this.#port.ops.end(this.#call);
    this.#port.scheduled();
  }
}
