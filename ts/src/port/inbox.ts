// The receiving end of a stream: batches of messages that arrived. A message is decoded when the program asks for it.
//
// Owns: the reader's half of flow control, and the order: everything that arrived is delivered before an error.
// Does not own: cancelling the call (its owner does). Batches are copied out of the slab, because the slab is reused; the
// byte budget counts these copied bytes until they are decoded.

import { throwAtCaller } from "../errors.js";
import type { MessageCodec } from "../message.js";
import { MESSAGE_OVERHEAD } from "../native/constants.js";
import type { ItemBatch } from "./events.js";
import { ofItem } from "./item-error.js";
import { CREDIT_STEP } from "./outlet.js";
import type { Port } from "./port.js";

/** The call to which an inbox belongs. */
export interface InboxOwner {
  /** Called when bytes were consumed. The call returns the credit to the writer. */
  returnCredit(bytes: number): void;
  /** Called when a message cannot be decoded. The rest of the stream is dropped. Returns the error for the reader. */
  onUndecodable(error: unknown): unknown;
}

/** Why something failed. An object, because a program can throw any value, also null and undefined. */
export interface Failure {
  readonly error: unknown;
}

// Taken when the module loads, so that fake timers of a test do not stop the transport.
const { queueMicrotask: afterThis } = globalThis;

/** Returns credit for `bytes` consumed bytes to the writer of a call. */
export function sendCredit(port: Port, call: number, bytes: number): void {
  // This may run in a getter while a message is being written. The credit is then appended after that message.
  if (port.ops.writing) {
    afterThis(() => sendCredit(port, call, bytes));
    return;
  }
  port.ops.credit(call, bytes);
  // A whole step is submitted at once, so that new items arrive while the program reads these.
  if (bytes >= CREDIT_STEP) port.flush();
  else port.scheduled();
}

interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly presenceFlagged: boolean;
  at: number;
  left: number;
  creditLeft: number;
}

interface Reader {
  resolve(result: IteratorResult<unknown, undefined>): void;
  reject(error: unknown): void;
}

const DONE: IteratorResult<unknown, undefined> = Object.freeze({ done: true, value: undefined });

/** The messages of one call that the other side sent. */
export class Inbox {
  readonly #codec: MessageCodec;
  readonly #owner: InboxOwner;
  readonly #blocks: Block[] = [];
  readonly #readers: Reader[] = [];
  #consumed = 0;
  /** The number of messages that were decoded. */
  #read = 0;
  #over = false;
  #left = false;
  #failure: Failure | null = null;

  constructor(codec: MessageCodec, owner: InboxOwner) {
    this.#codec = codec;
    this.#owner = owner;
  }

  /** The messages that the program has read. */
  get taken(): number {
    return this.#read;
  }

  /** True when messages wait that the program has not read. */
  get unread(): boolean {
    return this.#blocks.length > 0;
  }

  /** Adds a batch that arrived. */
  push(batch: ItemBatch): void {
    if (this.#left) {
      this.#owner.returnCredit(batch.creditBytes);
      return;
    }
    const bytes = batch.bytes.slice(batch.start, batch.end);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { count, creditBytes, presenceFlagged } = batch;
    this.#blocks.push({ bytes, view, presenceFlagged, at: 0, left: count, creditLeft: creditBytes });
    while (this.#readers.length > 0 && this.#blocks.length > 0) this.#serve(this.#readers.shift() as Reader);
  }

  /** Ends the input: null for a normal end, else an error that the reader gets after everything that arrived. */
  end(failure: Failure | null): void {
    this.#end(this.#left ? null : failure); // a reader that has left gets no error
  }

  #end(failure: Failure | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    for (const reader of this.#readers.splice(0)) this.#serve(reader);
  }

  /**
   * Ends the input because this side ended the call. Messages that were not read are dropped. When the input had ended
   * before, the reader gets the failure instead of the dropped messages.
   */
  abandon(failure: Failure | null): void {
    const { unread } = this;
    this.#blocks.length = 0;
    const left = this.#left;
    this.#left = true;
    if (!this.#over) this.#end(left ? null : failure);
    else if (failure === null) this.#failure = null;
    else if (unread) this.#failure = failure;
  }

  /** Stops reading while the call continues. Messages that arrive are dropped, and their credit is returned. */
  discard(): void {
    if (this.#left) return;
    this.#left = true;
    this.#failure = null;
    let bytes = this.#consumed;
    for (const block of this.#blocks.splice(0)) bytes += block.creditLeft;
    this.#consumed = 0;
    if (bytes > 0 && !this.#over) this.#owner.returnCredit(bytes);
    for (const reader of this.#readers.splice(0)) reader.resolve(DONE);
  }

  /** The next message. A failure rejects once; after that the stream is done. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#blocks.length > 0) {
      try {
        return Promise.resolve({ done: false, value: this.#take() });
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (this.#over || this.#left) return this.#ending().then(undefined, throwAtCaller);
    return new Promise<IteratorResult<unknown, undefined>>((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#returnRoom();
    }).then(undefined, throwAtCaller);
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
    const start = block.at + MESSAGE_OVERHEAD;
    const end = start + block.view.getUint32(block.at, true);
    block.at = end;
    block.left--;
    const cost =
      block.left === 0 ? block.creditLeft : Math.min(end - start + MESSAGE_OVERHEAD, block.creditLeft);
    block.creditLeft -= cost;
    if (block.left === 0) this.#blocks.shift();
    this.#consumed += cost;
    if (this.#consumed >= CREDIT_STEP) this.#returnRoom();
    try {
      const value = this.#codec.read(block.bytes, start, end, block.presenceFlagged);
      this.#read += 1;
      return value;
    } catch (error) {
      this.abandon(null);
      throw this.#owner.onUndecodable(ofItem(error, this.#read));
    }
  }

  #returnRoom(): void {
    const bytes = this.#consumed;
    if (bytes === 0 || this.#over) return;
    this.#consumed = 0;
    this.#owner.returnCredit(bytes);
  }
}
