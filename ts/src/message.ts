// The interfaces between transport and codec: a growing buffer, a codec that writes and reads messages, and the codecs of
// a call.
//
// Owns: these interfaces and the buffer. Does not own: any byte of a message.

/** Thrown when a writer would grow beyond its limit. */
export class TooLong extends Error {}

/** A growing byte buffer. Generated writers append to it at `pos`. */
export class MessageWriter {
  buf: Uint8Array;
  view: DataView;
  pos = 0;
  /**
   * The buffer does not grow to hold bytes after this position. Without it, a small object graph whose parts are referenced
   * often could be written to gigabytes before its size is checked.
   */
  limit: number = Number.POSITIVE_INFINITY;

  constructor(bytes: number) {
    this.buf = new Uint8Array(bytes);
    this.view = new DataView(this.buf.buffer);
  }

  /** Makes room for `bytes` more bytes. It may replace `buf` and `view`. */
  ensure(bytes: number): void {
    const needed = this.pos + bytes;
    if (needed > this.buf.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    if (needed > this.limit) throw new TooLong("the message is too long");
    this.resize(Math.max(needed, this.buf.length * 2));
  }

  /** Replaces the buffer by one of `bytes` bytes with the same content. */
  resize(bytes: number): void {
    const grown = new Uint8Array(bytes);
    grown.set(this.buf.subarray(0, this.pos));
    this.buf = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Writes and reads the messages of one root type. */
export interface MessageCodec {
  /** Appends a message. @throws {AsterError} INVALID_ARGUMENT with the path of the value that does not fit */
  write(writer: MessageWriter, value: unknown): void;
  /**
   * Reads the message in `bytes[start, end)`, which is XLANG, or presence-flagged XLANG (docs/plan.md).
   * @param maxDecoded the largest estimated size of the values in bytes. Default 64 MiB
   * @throws {AsterError} INVALID_ARGUMENT for malformed bytes, RESOURCE_EXHAUSTED when a limit is exceeded
   */
  read(bytes: Uint8Array, start: number, end: number, presenceFlagged: boolean, maxDecoded?: number): unknown;
}

/** The largest estimated size of one decoded message in bytes, unless an option sets another (`codec/costs.ts`). */
export const MAX_DECODED = 67_108_864;

/** The largest value of such an option. */
export const MOST_DECODED = 0x7fff_ffff;

/** The same codec for messages whose values may have an estimated size of `maxDecoded` bytes. */
export function limitDecoded(codec: MessageCodec, maxDecoded: number): MessageCodec {
  if (maxDecoded === MAX_DECODED) return codec;
  return {
    write: (writer, value) => codec.write(writer, value),
    read: (bytes, start, end, presenceFlagged) => codec.read(bytes, start, end, presenceFlagged, maxDecoded),
  };
}

/**
 * The codecs of a call for interceptors: the same for all modes of a service, so that both sides see the same bytes. Null for
 * messages with validators, from which the receiver may get other values than the sender has.
 */
export interface CallCodecs {
  readonly request: MessageCodec | null;
  readonly response: MessageCodec | null;
}

/**
 * The key of the codecs in a call that interceptors see. The tools of `aster-rpc/testing` compare messages by their bytes.
 * The symbol is registered, so that it is the same in two copies of the package.
 */
export const CALL_CODECS: unique symbol = Symbol.for("aster-rpc.callCodecs");
