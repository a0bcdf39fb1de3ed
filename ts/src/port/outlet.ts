// The sending end of a stream: the messages of one call, limited by the byte budget.
//
// Owns: the writer's half of flow control (docs/boundary.md#flow-control), and the order of messages that wait.
// Does not own: the size of the window (Rust), the reader's half (inbox.ts), ending the call (client/call.ts, server/call.ts).

import type { MessageCodec } from "../message.js";
import {
  FIRST_WINDOW_BYTES,
  MESSAGE_OVERHEAD,
  STREAM_BUDGET_BYTES,
  WINDOW_LATER,
} from "../native/constants.js";
import { misfitOfItem } from "./item-error.js";
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
  /** The encoded message; null for the end of the stream, undefined for nothing: only for room. */
  readonly message: Uint8Array | null | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/** Asks for room for one large message of a call: the response, or an item of a stream. */
export class LargeMessage {
  readonly #port: Port;
  readonly #call: number;
  readonly #onWait: (waits: boolean) => void;
  #waits = false;

  /** @param onWait gets true when the message begins to wait, and false when it does not wait any more */
  constructor(port: Port, call: number, onWait: (waits: boolean) => void) {
    this.#port = port;
    this.#call = call;
    this.#onWait = onWait;
  }

  /** The window after asking for `wanted` bytes; {@link WINDOW_LATER} when the message has to wait. */
  ask(wanted: number): number {
    const window = this.#port.widen(this.#call, wanted, true);
    this.#tell(window === WINDOW_LATER);
    return window;
  }

  /** The message waits no longer: there is room, or the call has ended. */
  settle(): void {
    this.#tell(false);
  }

  #tell(waits: boolean): void {
    if (this.#waits === waits) return;
    this.#waits = waits;
    this.#onWait(waits);
  }
}

/** Sends the messages of one call. */
export class Outlet implements Gate {
  readonly #port: Port;
  readonly #call: number;
  readonly #codec: MessageCodec;
  readonly #large: LargeMessage;
  readonly #waiting: Waiting[] = [];
  /** The bytes that may be queued, and those that are. */
  #window = FIRST_WINDOW_BYTES;
  #used = 0;
  /** The number of messages that were accepted. */
  #count = 0;
  #ended = false;

  /** @param onWait as for {@link LargeMessage} */
  constructor(port: Port, call: number, codec: MessageCodec, onWait: (waits: boolean) => void = () => {}) {
    this.#port = port;
    this.#call = call;
    this.#codec = codec;
    this.#large = new LargeMessage(port, call, onWait);
  }

  /** True after {@link Outlet.end} or {@link Outlet.close}. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Sends a message. The value is encoded before this function returns.
   * @returns null when there is room for another one, else a promise that settles when there is room
   * @throws {AsterError} INVALID_ARGUMENT when the value does not fit; the stream can still be used. RESOURCE_EXHAUSTED when
   * too much output waits for the peer
   */
  send(value: unknown): Promise<void> | null {
    const held = this.#write(value);
    this.#count += 1;
    if (held !== null) return this.#wait(held);
    this.#port.scheduled();
    return this.#used < this.#window || this.#grows(this.#used + 1) ? null : this.#wait(undefined);
  }

  #write(value: unknown): Uint8Array | null {
    try {
      return this.#port.ops.item(this.#call, this.#codec, value, this);
    } catch (error) {
      throw misfitOfItem(error, this.#count);
    }
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

  /** `bytes` were written, and the window has this size now. Sends messages that waited for it. */
  credit(bytes: number, window: number): void {
    this.#used -= bytes;
    this.#window = window;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        if (!this.#fits(next)) return;
      } catch (error) {
        this.#waiting.shift();
        next.reject(error);
        continue;
      }
      this.#waiting.shift();
      if (next.message === null) this.#writeEnd();
      else if (next.message !== undefined) {
        this.#port.ops.encodedItem(this.#call, next.message);
        this.#port.scheduled();
      }
      next.resolve();
    }
  }

  /** Ends the stream with the call. Messages that wait are rejected with `error`. */
  close(error: unknown): void {
    this.#ended = true;
    this.#large.settle();
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  /** The gate, which only {@link Operations.item} calls. */
  admits(bytes: number): boolean {
    return this.#waiting.length === 0 && this.#reserve(bytes);
  }

  #fits({ message }: Waiting): boolean {
    if (message === null) return true;
    return message === undefined ? this.#used < this.#window : this.#reserve(message.length);
  }

  #reserve(bytes: number): boolean {
    const cost = bytes + MESSAGE_OVERHEAD;
    const wanted = this.#used + cost;
    if (wanted > this.#window && !this.#grows(wanted)) {
      // A large message may pass when little is queued. It must not wait for a window that may never be so large.
      if (cost <= FIRST_WINDOW_BYTES || this.#used >= CREDIT_STEP) return false;
      const window = this.#large.ask(wanted);
      if (window === WINDOW_LATER) return false;
      this.#window = window;
    }
    this.#large.settle();
    this.#used = wanted;
    return true;
  }

  /** Asks for a larger window, which a stream that sends much gets while the connection has free bytes. */
  #grows(wanted: number): boolean {
    if (this.#window >= STREAM_BUDGET_BYTES || wanted > STREAM_BUDGET_BYTES) return false;
    const window = this.#port.widen(this.#call, wanted, false);
    if (window === WINDOW_LATER) return false;
    this.#window = window;
    return wanted <= window;
  }

  #wait(message: Uint8Array | null | undefined): Promise<void> {
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
