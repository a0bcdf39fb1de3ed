// The reading end of a stream: batches of messages that arrived, decoded one at a time when they are asked for.
//
// Owns: the reader's half of flow control, order, and what is delivered before an error (all that arrived).
// Does not own: leaving the call (its owner does). Batches are copied out of the slab: they outlive the drain,
// and undecoded bytes are what the byte budget counts.

import type { MessageCodec } from "../message.js";
import type { ItemBatch } from "./events.js";
import { CREDIT_STEP, ITEM_COST } from "./outlet.js";
import type { Port } from "./port.js";

/** The call that an inbox belongs to. */
export interface InboxOwner {
  /** Bytes were consumed: tell the writer. */
  giveBack(bytes: number): void;
  /** A message could not be decoded: nothing after it can be trusted. Returns the error that the reader gets. */
  broken(error: unknown): unknown;
}

// Taken once, so that fake timers of a test cannot stop the transport.
const { queueMicrotask: afterThis } = globalThis;

/** Tells the writer of a call that its reader consumed `bytes`. */
export function giveRoom(port: Port, call: number, bytes: number): void {
  // A getter of a message that is being written may read a stream; the room is given back behind that message.
  if (port.ops.writing) {
    afterThis(() => giveRoom(port, call, bytes));
    return;
  }
  port.ops.credit(call, bytes);
  // A whole step is handed over at once: the next items come while these are being read.
  if (bytes >= CREDIT_STEP) port.flush();
  else port.scheduled();
}

interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly marked: boolean;
  at: number;
  left: number;
  creditLeft: number;
}

interface Reader {
  resolve(result: IteratorResult<unknown, undefined>): void;
  reject(error: unknown): void;
}

const DONE: IteratorResult<unknown, undefined> = Object.freeze({ done: true, value: undefined });

/** The messages of one call that came from the other side. */
export class Inbox {
  readonly #codec: MessageCodec;
  readonly #owner: InboxOwner;
  readonly #blocks: Block[] = [];
  readonly #readers: Reader[] = [];
  #consumed = 0;
  #over = false;
  #left = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(codec: MessageCodec, owner: InboxOwner) {
    this.#codec = codec;
    this.#owner = owner;
  }

  /** A batch arrived. */
  push(batch: ItemBatch): void {
    if (this.#left) {
      this.#owner.giveBack(batch.creditBytes);
      return;
    }
    const bytes = batch.bytes.slice(batch.start, batch.end);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { count, creditBytes, marked } = batch;
    this.#blocks.push({ bytes, view, marked, at: 0, left: count, creditLeft: creditBytes });
    while (this.#readers.length > 0 && this.#blocks.length > 0) this.#serve(this.#readers.shift() as Reader);
  }

  /** The input ended: in order with null, else with an error that follows what has arrived. */
  end(failure: { readonly error: unknown } | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    for (const reader of this.#readers.splice(0)) this.#serve(reader);
  }

  /** The call was given up here: what has arrived and was not read is dropped. */
  abandon(failure: { readonly error: unknown } | null): void {
    this.#blocks.length = 0;
    this.#left = true;
    this.end(failure);
  }

  /** Nobody reads any more, but the call goes on: what arrives is dropped and its room given back. */
  discard(): void {
    if (this.#left) return;
    this.#left = true;
    let bytes = this.#consumed;
    for (const block of this.#blocks.splice(0)) bytes += block.creditLeft;
    this.#consumed = 0;
    if (bytes > 0 && !this.#over) this.#owner.giveBack(bytes);
    for (const reader of this.#readers.splice(0)) reader.resolve(DONE);
  }

  /** The next message. Rejects once with the failure, after that it is done. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#blocks.length > 0) {
      try {
        return Promise.resolve({ done: false, value: this.#take() });
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (this.#over || this.#left) return this.#ending();
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#returnRoom();
    });
  }

  #serve(reader: Reader): void {
    if (this.#blocks.length === 0) {
      this.#ending().then(reader.resolve, reader.reject);
      return;
    }
    try {
      reader.resolve({ done: false, value: this.#take() });
    } catch (error) {
      reader.reject(error);
    }
  }

  #ending(): Promise<IteratorResult<unknown, undefined>> {
    const failure = this.#failure;
    if (failure === null) return Promise.resolve(DONE);
    this.#failure = null;
    return Promise.reject(failure.error);
  }

  #take(): unknown {
    const block = this.#blocks[0] as Block;
    const start = block.at + ITEM_COST;
    const end = start + block.view.getUint32(block.at, true);
    block.at = end;
    block.left--;
    const cost = block.left === 0 ? block.creditLeft : Math.min(end - start + ITEM_COST, block.creditLeft);
    block.creditLeft -= cost;
    if (block.left === 0) this.#blocks.shift();
    this.#consumed += cost;
    if (this.#consumed >= CREDIT_STEP) this.#returnRoom();
    try {
      return this.#codec.read(block.bytes, start, end, block.marked);
    } catch (error) {
      this.abandon(null);
      throw this.#owner.broken(error);
    }
  }

  #returnRoom(): void {
    const bytes = this.#consumed;
    if (bytes === 0 || this.#over) return;
    this.#consumed = 0;
    this.#owner.giveBack(bytes);
  }
}
