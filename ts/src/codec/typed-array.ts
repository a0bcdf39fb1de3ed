// Typed arrays on the wire: a length in bytes, then the items as they are in memory.
//
// Owns: that payload. Items are little-endian on the wire and on every platform that the addon is built for. Items on
// the wire are not aligned, so a reader always copies them into a new buffer; there is no variant that gives a view.

import type { MessageWriter } from "../message.js";
import { type ArrayKind, areBools, type NumericArray } from "../schema/arrays.js";
import { COST } from "./costs.js";
import { putUint32 } from "./numbers.js";
import { copyOf, type Reader } from "./reader.js";
import { MAX_BINARY, refuse } from "./refusal.js";

/** Writes a typed array. */
export function writeArray(kind: ArrayKind, writer: MessageWriter, value: unknown): void {
  if (!kind.fits(value)) refuse(`expected ${kind.expected}`);
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  writeBinary(writer, bytes);
}

/** Writes a length and the bytes. */
export function writeBinary(writer: MessageWriter, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > MAX_BINARY) refuse(`more than ${MAX_BINARY} bytes in one value`);
  writer.ensure(length + 5);
  const start = putUint32(writer.buf, writer.pos, length);
  writer.buf.set(bytes, start);
  writer.pos = start + length;
}

/** Reads a typed array. */
export function readArray(kind: ArrayKind, reader: Reader): NumericArray {
  const bytes = readBinary(reader);
  if (bytes.length % kind.width !== 0) {
    reader.fail(`a typed array of ${bytes.length} bytes, which is not a multiple of ${kind.width}`);
  }
  if (kind.word === "bool" && !areBools(bytes)) reader.fail("a bool array with a byte other than 0 and 1");
  return kind.over(bytes.buffer);
}

/** Reads a length and copies the bytes into a new buffer. */
export function readBinary(reader: Reader): Uint8Array<ArrayBuffer> {
  reader.charge(COST.array);
  const length = reader.uint32();
  reader.need(length);
  if (length > MAX_BINARY) reader.exceed(`more than ${MAX_BINARY} bytes in one value`);
  const start = reader.pos;
  reader.pos = start + length;
  return copyOf(reader.buf, start, start + length);
}
