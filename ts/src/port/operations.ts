// The buffer for the operations of one event-loop turn (docs/boundary.md, "Operations").
//
// Owns: the 24-byte heads, padding, and the size of the buffer. A message that cannot be written is removed completely.
// Does not own: when the buffer is submitted (port.ts). The buffer is a message writer, so that generated writers can put
// a message directly after its head.

import { AsterError, Code } from "../errors.js";
import type { MessageCodec } from "../message.js";
import { MessageWriter, TooLong } from "../message.js";
import { writePairs, writeUtf8 } from "../metadata.js";
import { HEAD_BYTES, MAX_MESSAGE_BYTES, NO_TIMEOUT, Op, OpenFlag } from "../native/constants.js";

import type { StatusFacts } from "../status-facts.js";

const FIRST_BYTES = 64 * 1024;
const KEEP_BYTES = 1024 * 1024;
// The buffer shrinks after this many small batches in a row. During a large stream it keeps its size.
const QUIET_BATCHES = 64;

const NO_STATUS = { code: 0, message: "", details: null };

/** Decides whether a message of a given size may be written now. */
export interface Gate {
  /** @throws {AsterError} when the message can never be written */
  admits(bytes: number): boolean;
}

/** The operations of this turn. */
export class Operations {
  readonly #writer: MessageWriter = new MessageWriter(FIRST_BYTES);
  #writing = false;
  #quiet = 0;
  #opened = 0;

  /** Bytes that wait for submission. 0 while a message is being written, because it must not be submitted in part. */
  get length(): number {
    return this.#writing ? 0 : this.#writer.pos;
  }

  /** How many calls were opened since this thread began. */
  get opened(): number {
    return this.#opened;
  }

  /** The bytes of the operations. Valid up to `length`. */
  get bytes(): Uint8Array {
    return this.#writer.buf;
  }

  /**
   * @param session the number of the session in which the call is made; 0 for none
   * @param codec null when no message follows
   */
  open(
    call: number,
    method: number,
    flags: number,
    timeoutMs: number,
    metadata: ReadonlyMap<string, string> | null,
    session: number,
    codec: MessageCodec | null,
    message: unknown,
  ): void {
    const start = this.#begin();
    try {
      if (codec !== null) this.#message(start, codec, message);
      const inSession = session === 0 ? 0 : this.#session(session);
      const pairs = metadata === null ? 0 : writePairs(this.#writer, metadata);
      const all = session === 0 ? flags : flags | OpenFlag.SESSION;
      this.#commit(start, call, Op.OPEN, all, method, timeoutMs, inSession + pairs);
      this.#opened += 1;
    } catch (error) {
      this.#abandon(start);
      throw error;
    }
  }

  /**
   * Writes one message, if `gate` admits its size.
   * @returns null when the message was written, else the encoded message, which is then not in the buffer
   */
  item(call: number, codec: MessageCodec, message: unknown, gate: Gate): Uint8Array | null {
    return this.#gated(call, Op.ITEM, codec, message, gate);
  }

  /** Like {@link Operations.item}, for the only response of a call. */
  reply(call: number, codec: MessageCodec, message: unknown, gate: Gate): Uint8Array | null {
    return this.#gated(call, Op.REPLY, codec, message, gate);
  }

  /** Writes a message that was encoded before. */
  encodedItem(call: number, message: Uint8Array): void {
    this.#encoded(call, Op.ITEM, message);
  }

  /** Writes a response that was encoded before. */
  encodedReply(call: number, message: Uint8Array): void {
    this.#encoded(call, Op.REPLY, message);
  }

  #gated(call: number, op: number, codec: MessageCodec, message: unknown, gate: Gate): Uint8Array | null {
    const start = this.#begin();
    try {
      this.#message(start, codec, message);
      const { pos, buf } = this.#writer;
      if (gate.admits(pos - start - HEAD_BYTES)) {
        this.#commit(start, call, op, 0, 0, NO_TIMEOUT, 0);
        return null;
      }
      const held = buf.slice(start + HEAD_BYTES, pos);
      this.#abandon(start);
      return held;
    } catch (error) {
      this.#abandon(start);
      throw error;
    }
  }

  #encoded(call: number, op: number, message: Uint8Array): void {
    const start = this.#begin();
    this.#writer.ensure(message.length);
    this.#writer.buf.set(message, this.#writer.pos);
    this.#writer.pos += message.length;
    this.#commit(start, call, op, 0, 0, NO_TIMEOUT, 0);
  }

  end(call: number): void {
    this.#commit(this.#begin(), call, Op.END, 0, 0, NO_TIMEOUT, 0);
  }

  cancel(call: number, code: number, text: string): void {
    this.#status(call, Op.CANCEL, code, text, null);
  }

  credit(call: number, bytes: number): void {
    this.#commit(this.#begin(), call, Op.CREDIT, 0, bytes, NO_TIMEOUT, 0);
  }

  finish(call: number, code: number, text: string, details: ReadonlyMap<string, string> | null): void {
    this.#status(call, Op.FINISH, code, text, details);
  }

  openSession(
    session: number,
    method: number,
    id: string,
    timeoutMs: number,
    metadata: ReadonlyMap<string, string> | null,
  ): void {
    const start = this.#begin();
    try {
      writeUtf8(this.#writer, id);
      const pairs = metadata === null ? 0 : writePairs(this.#writer, metadata);
      this.#commit(start, session, Op.OPEN_SESSION, 0, method, timeoutMs, pairs);
    } catch (error) {
      this.#abandon(start);
      throw error;
    }
  }

  /** @param status what the client of the session is told; null when this side is the client */
  closeSession(session: number, flags: number, status: StatusFacts | null): void {
    const { code, message, details } = status ?? NO_STATUS;
    this.#status(session, Op.CLOSE_SESSION, code, message, details, flags);
  }

  /** Removes what was submitted, and shrinks a buffer that grew for one large batch. */
  clear(): void {
    const writer = this.#writer;
    const used = writer.pos;
    writer.pos = 0;
    if (writer.buf.length === FIRST_BYTES) return;
    this.#quiet = used * 4 < writer.buf.length ? this.#quiet + 1 : 0;
    if (this.#quiet < QUIET_BATCHES && writer.buf.length <= KEEP_BYTES * 4) return;
    this.#quiet = 0;
    writer.resize(used > FIRST_BYTES ? KEEP_BYTES : FIRST_BYTES);
  }

  /** True while a message is being written. Getters of the user may run during that time. */
  get writing(): boolean {
    return this.#writing;
  }

  #begin(): number {
    if (this.#writing) {
      throw new AsterError(
        Code.FAILED_PRECONDITION,
        "a call was made by a getter of a message that is being encoded",
        {
          notSent: true,
        },
      );
    }
    const writer = this.#writer;
    writer.ensure(HEAD_BYTES);
    const start = writer.pos;
    writer.pos = start + HEAD_BYTES;
    this.#writing = true;
    return start;
  }

  #message(start: number, codec: MessageCodec, message: unknown): void {
    const writer = this.#writer;
    writer.limit = start + HEAD_BYTES + MAX_MESSAGE_BYTES;
    try {
      codec.write(writer, message);
    } catch (error) {
      throw error instanceof TooLong ? tooLarge(`more than ${MAX_MESSAGE_BYTES} bytes`) : error;
    } finally {
      writer.limit = Number.POSITIVE_INFINITY;
    }
    const bytes = writer.pos - start - HEAD_BYTES;
    if (bytes === 0) throw new AsterError(Code.INTERNAL, "a message without bytes", { notSent: true });
    if (bytes > MAX_MESSAGE_BYTES) throw tooLarge(`${bytes} bytes`);
  }

  #status(
    call: number,
    op: number,
    code: number,
    text: string,
    details: ReadonlyMap<string, string> | null,
    flags = 0,
  ): void {
    const start = this.#begin();
    try {
      writeUtf8(this.#writer, text);
      const pairs = details === null || details.size === 0 ? 0 : writePairs(this.#writer, details);
      this.#commit(start, call, op, flags, code, NO_TIMEOUT, pairs);
    } catch (error) {
      this.#abandon(start);
      throw error;
    }
  }

  /** Writes the number of the session of a call. Returns the number of bytes. */
  #session(session: number): number {
    const writer = this.#writer;
    writer.ensure(4);
    writer.view.setUint32(writer.pos, session, true);
    writer.pos += 4;
    return 4;
  }

  #abandon(start: number): void {
    this.#writer.pos = start;
    this.#writing = false;
  }

  #commit(
    start: number,
    call: number,
    op: number,
    flags: number,
    arg: number,
    timeoutMs: number,
    pairs: number,
  ): void {
    const writer = this.#writer;
    const end = writer.pos;
    const padded = (end + 7) & ~7;
    if (padded > end) writer.ensure(padded - end);
    const { view } = writer;
    view.setUint32(start, end - start - HEAD_BYTES, true);
    view.setUint32(start + 4, call, true);
    view.setUint32(start + 8, op | (flags << 8), true);
    view.setUint32(start + 12, arg, true);
    view.setUint32(start + 16, timeoutMs, true);
    view.setUint32(start + 20, pairs, true);
    writer.pos = padded;
    this.#writing = false;
  }
}

function tooLarge(size: string): AsterError {
  const text = `a message of ${size} is too large; at most ${MAX_MESSAGE_BYTES} bytes are allowed`;
  return new AsterError(Code.RESOURCE_EXHAUSTED, text, { notSent: true });
}
