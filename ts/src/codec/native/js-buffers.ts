// The buffers of a `t.js` value: ArrayBuffers, and what typed arrays and DataViews show of them.
//
// Owns: which bytes of a buffer are sent: the whole buffer where the value contains it, else only the bytes that its views
// show. A small `Buffer` of Node is a view into a pool, whose other bytes belong to somebody else. The contents of
// all buffers follow the value, when all views are known.

import { types } from "node:util";
import type { MessageWriter } from "../../message.js";
import { COST } from "../costs.js";
import type { Reader } from "../reader.js";
import { refuse } from "../refusal.js";
import { LENGTH_ROOM, putLength, readCount } from "./format.js";
import { MAX_HIDDEN, TAG } from "./js-format.js";

/** A resizable buffer, which the types of older versions of the language do not have. */
interface MaybeResizable {
  readonly resizable?: boolean;
  readonly maxByteLength?: number;
}

/** Bytes from `start` to `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

interface OutgoingBuffer {
  readonly buffer: ArrayBuffer;
  ranges: Range[];
}

/** The buffers of a value that is being written, in the order of their first use. */
export class OutgoingBuffers {
  readonly #buffers = new Map<object, OutgoingBuffer>();

  /** Writes the tag and the size of a buffer at its first use. */
  add(writer: MessageWriter, buffer: ArrayBufferLike, offset: number, length: number): void {
    if (types.isSharedArrayBuffer(buffer)) refuse("a SharedArrayBuffer cannot be sent");
    if ((buffer as { readonly detached?: boolean }).detached === true)
      refuse("a detached ArrayBuffer cannot be sent");
    const { resizable, maxByteLength } = buffer as MaybeResizable;
    writer.ensure(1 + 2 * LENGTH_ROOM);
    writer.buf[writer.pos] = resizable === true ? TAG.RESIZABLE_BUFFER : TAG.BUFFER;
    writer.pos = putLength(writer.buf, writer.pos + 1, buffer.byteLength);
    if (resizable === true) writer.pos = putLength(writer.buf, writer.pos, maxByteLength ?? 0);
    this.#buffers.set(buffer, { buffer: buffer as ArrayBuffer, ranges: [] });
    this.show(buffer, offset, length);
  }

  /** A view shows bytes of a known buffer, or the value contains the buffer itself. */
  show(buffer: ArrayBufferLike, offset: number, length: number): void {
    if (length > 0) this.#buffers.get(buffer)?.ranges.push({ start: offset, end: offset + length });
  }

  /** True for a view without a length of its own: it grows with its resizable buffer. */
  tracksLength(view: ArrayBufferView): boolean {
    const { buffer, byteOffset, byteLength } = view;
    if ((buffer as MaybeResizable).resizable !== true) return false;
    const width = (view as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
    // A view of a fixed length cannot be told from one that tracks the length, while it ends at the end of the buffer.
    return buffer.byteLength - byteOffset - byteLength < width;
  }

  /** Writes the visible bytes of all buffers: for each buffer the ranges, as the gap before, the length and the bytes. */
  writeContents(writer: MessageWriter): void {
    let hidden = 0;
    for (const { buffer, ranges } of this.#buffers.values()) {
      const merged = merge(ranges);
      hidden += buffer.byteLength - merged.reduce((sum, { start, end }) => sum + end - start, 0);
      if (hidden > MAX_HIDDEN) {
        refuse(`views that show only a part of large buffers: more than ${MAX_HIDDEN} bytes are not visible`);
      }
      writer.ensure(LENGTH_ROOM);
      writer.pos = putLength(writer.buf, writer.pos, merged.length);
      let at = 0;
      for (const { start, end } of merged) {
        writer.ensure(2 * LENGTH_ROOM + end - start);
        writer.pos = putLength(writer.buf, writer.pos, start - at);
        writer.pos = putLength(writer.buf, writer.pos, end - start);
        writer.buf.set(new Uint8Array(buffer, start, end - start), writer.pos);
        writer.pos += end - start;
        at = end;
      }
    }
  }
}

/** The ranges in order, without overlaps. */
function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((one, other) => one.start - other.start)) {
    const last = merged.at(-1);
    if (last === undefined || range.start > last.end) merged.push(range);
    else if (range.end > last.end) merged[merged.length - 1] = { start: last.start, end: range.end };
  }
  return merged;
}

/** The buffers of a value that is being read. */
export class IncomingBuffers {
  readonly #buffers: ArrayBuffer[] = [];

  /** Reads the size of a buffer and makes it, with zeros. */
  make(reader: Reader, resizable: boolean): ArrayBuffer {
    const size = readCount(reader);
    const maxByteLength = resizable ? readCount(reader) : size;
    if (maxByteLength < size) reader.fail("a buffer that is larger than its largest size");
    if (maxByteLength > reader.end - reader.pos + MAX_HIDDEN) {
      reader.fail(`a buffer of ${maxByteLength} bytes in a message that is too small for it`);
    }
    reader.charge(COST.array + maxByteLength);
    const buffer = resizable
      ? new (ArrayBuffer as new (size: number, options: object) => ArrayBuffer)(size, { maxByteLength })
      : new ArrayBuffer(size);
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Reads the visible bytes of all buffers. */
  readContents(reader: Reader): void {
    for (const buffer of this.#buffers) {
      const bytes = new Uint8Array(buffer);
      let at = 0;
      for (let ranges = readCount(reader); ranges > 0; ranges--) {
        const start = at + readCount(reader);
        const length = readCount(reader);
        if (start + length > bytes.length) reader.fail("bytes outside of their buffer");
        reader.need(length);
        bytes.set(reader.buf.subarray(reader.pos, reader.pos + length), start);
        reader.pos += length;
        at = start + length;
      }
    }
  }
}
