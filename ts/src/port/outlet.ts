// The sending end of a stream: the messages of one call, limited by the byte budget.
//
// Owns: the writer's half of flow control (docs/boundary.md, "byte budget"), and the order of messages that wait.
// Does not own: the reader's half (inbox.ts), ending the call (client/call.ts, server/call.ts).

import type { MessageCodec } from "../message.js";
import { MESSAGE_OVERHEAD, STREAM_BUDGET_BYTES } from "../native/constants.js";
import type { Gate } from "./operations.js";
import type { Port } from "./port.js";

/** A reader returns credit in steps of this size, or when it has nothing left to read. */
export const CREDIT_STEP: number = 64 * 1024;

// The byte budget allows thousands of tiny messages at once. After this many, other calls get a turn.
const BURST_ITEMS = 1024;

// Taken when the module loads, so that fake timers of a test do not stop the transport.
const { setImmediate: afterIo } = globalThis;

/** Lets the event loop continue while a source gives items without ever waiting. */
export class Burst {
  #items = 0;

  /** Counts a message that was sent without waiting. After every few, returns a promise of the next event-loop turn. */
  next(): Promise<void> | null {
    if (++this.#items < BURST_ITEMS) return null;
    this.#items = 0;
    return new Promise((resolve) => {
      afterIo(resolve);
    });
  }
}

interface Waiting {
  /** The encoded message; null for the end of the stream. */
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
  #room = STREAM_BUDGET_BYTES;
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
   * Sends a message. The value is encoded before this function returns.
   * @returns null when there was room, else a promise that settles when there is room
   * @throws {AsterError} INVALID_ARGUMENT when the value does not fit; the stream can still be used
   */
  send(value: unknown): Promise<void> | null {
    const held = this.#port.ops.item(this.#call, this.#codec, value, this);
    if (held !== null) return this.#wait(held);
    this.#port.scheduled();
    return null;
  }

  /** Ends the stream after the messages that wait. */
  end(): Promise<void> | null {
    if (this.#ended) return null;
    const waits = this.#waiting.length > 0;
    if (!waits) this.#writeEnd();
    // Set after the write: when end() is called by a getter during encoding, the write throws and the stream stays open.
    this.#ended = true;
    return waits ? this.#wait(null) : null;
  }

  /** Adds credit that the reader returned, and sends messages that waited for it. */
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

  /** Ends the stream with the call. Messages that wait are rejected with `error`. */
  close(error: unknown): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  /** The gate, which only {@link Operations.item} calls. */
  admits(bytes: number): boolean {
    return this.#waiting.length === 0 && this.#reserve(bytes);
  }

  #fits(waiting: Waiting): boolean {
    return waiting.message === null || this.#reserve(waiting.message.length);
  }

  // A message larger than the room left may pass when less than one step is in flight. The reader may keep that credit
  // for as long as it likes, so waiting for all credit could deadlock.
  #reserve(bytes: number): boolean {
    const cost = bytes + MESSAGE_OVERHEAD;
    if (cost > this.#room && this.#room <= STREAM_BUDGET_BYTES - CREDIT_STEP) return false;
    this.#room -= cost;
    return true;
  }

  #wait(message: Uint8Array | null): Promise<void> {
    const room = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject });
    });
    // It is rejected only with the call, whose end tells the program too. A send() that nobody awaits is no mistake.
    room.catch(() => {});
    return room;
  }

  #writeEnd(): void {
    this.#port.ops.end(this.#call);
    this.#port.scheduled();
  }
}
