// What the data plane needs of a message type: something that writes it into a growing buffer and reads it back.
//
// Owns: the two interfaces between transport and codec. Does not own: any byte of a message.

/** A growing byte buffer; generated writers append to it at `pos`. */
export class MessageWriter {
  buf: Uint8Array;
  view: DataView;
  pos = 0;

  constructor(bytes: number) {
    this.buf = new Uint8Array(bytes);
    this.view = new DataView(this.buf.buffer);
  }

  /** Makes room for `bytes` more; may replace `buf` and `view`. */
  ensure(bytes: number): void {
    const needed = this.pos + bytes;
    if (needed > this.buf.length) this.resize(Math.max(needed, this.buf.length * 2));
  }

  /** Replaces the buffer by one of `bytes`, which keeps what was written. */
  resize(bytes: number): void {
    const grown = new Uint8Array(bytes);
    grown.set(this.buf.subarray(0, this.pos));
    this.buf = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Writes and reads the messages of one root type. */
export interface MessageCodec {
  /** Appends the message. @throws {AsterError} INVALID_ARGUMENT with the path of what does not fit. */
  write(writer: MessageWriter, value: unknown): void;
  /** Reads the message in `bytes[start, end)`; `marked` tells marked XLANG (docs/plan.md) from XLANG. */
  read(bytes: Uint8Array, start: number, end: number, marked: boolean): unknown;
}
