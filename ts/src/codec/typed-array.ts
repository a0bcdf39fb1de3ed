// Typed arrays on the wire: a length in bytes and the items as memory has them, one copy each way.
//
// Owns: that payload. Items are little-endian on the wire and in memory: every platform that the addon is built
// for is, and a big-endian one is out of scope. Wire items are not aligned, so reading copies them into a buffer
// of their own; there is no variant that lends a view.

import type { MessageWriter } from "../message.js";
import { type ArrayKind, areBools, type NumericArray } from "../schema/arrays.js";
import { putUint32 } from "./numbers.js";
import type { Reader } from "./reader.js";
import { MAX_BINARY, refuse } from "./refusal.js";

/** Writes an array of a kind. */
export function writeArray(kind: ArrayKind, writer: MessageWriter, value: unknown): void {
  if (!kind.fits(value)) refuse(`expected ${kind.expected}`);
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  writeBinary(writer, bytes);
}

/** A length and that many bytes. */
export function writeBinary(writer: MessageWriter, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > MAX_BINARY) refuse(`more than ${MAX_BINARY} bytes in one value`);
  writer.ensure(length + 5);
  const start = putUint32(writer.buf, writer.pos, length);
  writer.buf.set(bytes, start);
  writer.pos = start + length;
}

/** Reads an array of a kind. */
export function readArray(kind: ArrayKind, reader: Reader): NumericArray {
  const bytes = readBinary(reader);
  if (bytes.length % kind.width !== 0) reader.fail("a typed array ends inside an item");
  if (kind.word === "bool" && !areBools(bytes))
    reader.fail("an array of bools has a byte that is neither 0 nor 1");
  return kind.over(bytes.buffer);
}

/** A length and a copy of that many bytes, with a buffer of its own. */
export function readBinary(reader: Reader): Uint8Array<ArrayBuffer> {
  const length = reader.uint32();
  if (length > MAX_BINARY) reader.fail(`more than ${MAX_BINARY} bytes in one value`);
  reader.need(length);
  const start = reader.pos;
  reader.pos = start + length;
  const bytes = new Uint8Array(length);
  bytes.set(reader.buf.subarray(start, start + length));
  return bytes;
}
