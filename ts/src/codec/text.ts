// Strings on the wire: length and encoding in one varint, then LATIN1, UTF-16 or UTF-8.
//
// Owns: the choice of the encoding and its fast paths. As in Python, LATIN1 and UTF-16 are used where every character
// fits, and UTF-8 for strings with surrogate pairs. Strings of up to 24 characters are written in a loop, which is
// faster than a call into the runtime. Longer strings use the bulk functions of Buffer.

import { isUtf8 } from "node:buffer";
import type { MessageWriter } from "../message.js";
import { putUint32 } from "./numbers.js";
import { refuse } from "./refusal.js";

/** The bulk functions of Buffer, which work on any Uint8Array. */
interface Bulk {
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  ucs2Write(this: Uint8Array, text: string, offset: number, length: number): number;
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

// Buffer's `write` and `toString` dispatch to these functions. Calling them directly avoids the dispatch.
const { latin1Write, ucs2Write, utf8Write, latin1Slice, ucs2Slice, utf8Slice } =
  Buffer.prototype as unknown as Bulk;

/** Strings of up to this many characters are written in a loop. */
const SHORT_TEXT = 24;

/** The room for a short string: one byte of length and its characters. */
export const SHORT_TEXT_ROOM: number = SHORT_TEXT + 1;

const ABOVE_LATIN1 = /[\u0100-\uffff]/;
const SURROGATE_UNIT = /[\ud800-\udfff]/;

/** Writes a short string at a position with enough room. Returns -1 when it is not short or not LATIN1. */
export function putShortText(buf: Uint8Array, pos: number, text: string): number {
  const length = text.length;
  if (length > SHORT_TEXT) return -1;
  let units = 0;
  let at = pos + 1;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    units |= unit;
    buf[at++] = unit;
  }
  if (units > 255) return -1;
  buf[pos] = length << 2;
  return at;
}

/** Writes any string and makes room for it. */
export function writeText(writer: MessageWriter, text: unknown): void {
  if (typeof text !== "string") refuse();
  writer.ensure(SHORT_TEXT_ROOM);
  const next = putShortText(writer.buf, writer.pos, text);
  if (next >= 0) writer.pos = next;
  else writeLongText(writer, text);
}

/** Writes a string with the bulk functions. */
export function writeLongText(writer: MessageWriter, text: string): void {
  const length = text.length;
  if (!ABOVE_LATIN1.test(text)) {
    header(writer, length, 0);
    latin1Write.call(writer.buf, text, writer.pos, length);
    writer.pos += length;
  } else if (!SURROGATE_UNIT.test(text)) {
    header(writer, length * 2, 1);
    ucs2Write.call(writer.buf, text, writer.pos, length * 2);
    writer.pos += length * 2;
  } else {
    if (!text.isWellFormed()) refuse();
    const bytes = Buffer.byteLength(text, "utf8");
    header(writer, bytes, 2);
    utf8Write.call(writer.buf, text, writer.pos, bytes);
    writer.pos += bytes;
  }
}

/** Writes the header, and makes room for it and for the bytes that follow. */
function header(writer: MessageWriter, bytes: number, encoding: number): void {
  writer.ensure(bytes + 9);
  // Below 2^29 bytes the header fits in 32 bits. No JavaScript string has more characters, but it may have more bytes.
  if (bytes >= 0x20000000) refuse(`a string of ${bytes} bytes, but it must have fewer than ${0x20000000}`);
  writer.pos = putUint32(writer.buf, writer.pos, bytes * 4 + encoding);
}

/** The text of up to four LATIN1 bytes. */
function fourLatin1(buf: Uint8Array, pos: number, length: number): string {
  const a = buf[pos] as number;
  const b = buf[pos + 1] as number;
  const c = buf[pos + 2] as number;
  switch (length) {
    case 0:
      return "";
    case 1:
      return String.fromCharCode(a);
    case 2:
      return String.fromCharCode(a, b);
    case 3:
      return String.fromCharCode(a, b, c);
    default:
      return String.fromCharCode(a, b, c, buf[pos + 3] as number);
  }
}

/** The text of five to twelve LATIN1 bytes. Up to this length, a call into the runtime would be slower. */
function twelveLatin1(buf: Uint8Array, pos: number, length: number): string {
  if (length < 8) return fourLatin1(buf, pos, 4) + fourLatin1(buf, pos + 4, length - 4);
  const eight = String.fromCharCode(
    buf[pos] as number,
    buf[pos + 1] as number,
    buf[pos + 2] as number,
    buf[pos + 3] as number,
    buf[pos + 4] as number,
    buf[pos + 5] as number,
    buf[pos + 6] as number,
    buf[pos + 7] as number,
  );
  return eight + fourLatin1(buf, pos + 8, length - 8);
}

/** The text of thirteen to sixteen LATIN1 bytes. Reads 16 bytes at once, so up to three bytes before it must exist. */
function sixteenLatin1(buf: Uint8Array, pos: number, length: number): string {
  const from = pos + length - 16;
  const sixteen = String.fromCharCode(
    buf[from] as number,
    buf[from + 1] as number,
    buf[from + 2] as number,
    buf[from + 3] as number,
    buf[from + 4] as number,
    buf[from + 5] as number,
    buf[from + 6] as number,
    buf[from + 7] as number,
    buf[from + 8] as number,
    buf[from + 9] as number,
    buf[from + 10] as number,
    buf[from + 11] as number,
    buf[from + 12] as number,
    buf[from + 13] as number,
    buf[from + 14] as number,
    buf[from + 15] as number,
  );
  return length === 16 ? sixteen : sixteen.slice(16 - length);
}

/** The text of LATIN1 bytes. */
export function latin1Of(buf: Uint8Array, start: number, length: number): string {
  if (length <= 4) return fourLatin1(buf, start, length);
  if (length <= 12) return twelveLatin1(buf, start, length);
  if (length <= 16 && start >= 3) return sixteenLatin1(buf, start, length);
  return latin1Slice.call(buf, start, start + length);
}

/** The text of bytes in one of the three encodings; null when the bytes are invalid in it. */
export function textOf(buf: Uint8Array, start: number, length: number, encoding: number): string | null {
  if (encoding === 0) return latin1Of(buf, start, length);
  if (encoding === 1) {
    if (length % 2 !== 0) return null;
    const text = ucs2Slice.call(buf, start, start + length);
    return text.isWellFormed() ? text : null;
  }
  if (encoding !== 2 || !isUtf8(buf.subarray(start, start + length))) return null;
  return utf8Slice.call(buf, start, start + length);
}

/** For longer texts, the exact length in UTF-8 is computed before room is made. */
const KNOWN_LENGTH = 1024;

/** Writes a string as UTF-8, without its length, and makes room for it. */
export function writeUtf8(writer: MessageWriter, text: unknown): void {
  if (typeof text !== "string") refuse("expected a string");
  // A UTF-16 unit takes at most three bytes of UTF-8: a surrogate pair has two units and takes four bytes.
  writer.ensure(text.length > KNOWN_LENGTH ? Buffer.byteLength(text) : text.length * 3);
  const { buf } = writer;
  if (text.length <= SHORT_TEXT) {
    const start = writer.pos;
    let units = 0;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      units |= unit;
      buf[start + index] = unit;
    }
    if (units < 128) {
      writer.pos = start + text.length;
      return;
    }
  }
  if (!text.isWellFormed()) refuse("expected a string without lone surrogates");
  writer.pos += utf8Write.call(buf, text, writer.pos, buf.length - writer.pos);
}

/** The text of UTF-8 bytes; null when the bytes are invalid. */
export function utf8Of(buf: Uint8Array, start: number, length: number): string | null {
  if (length > SHORT_TEXT) return textOf(buf, start, length, 2);
  let units = 0;
  for (let index = 0; index < length; index++) units |= buf[start + index] as number;
  // ASCII is also LATIN1, and short LATIN1 texts need no call into the runtime.
  return textOf(buf, start, length, units < 128 ? 0 : 2);
}
