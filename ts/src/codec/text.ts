// Strings on the wire: length and encoding in one varint, then LATIN1, UTF-16 or UTF-8.
//
// Owns: the choice of the encoding (Python's: the smallest that holds the largest character, UTF-8 for anything
// beyond the basic plane) and its fast paths. Short strings go character by character, which beats a call into
// the runtime up to about two dozen of them; long ones take the runtime's bulk writers.

import { isUtf8 } from "node:buffer";
import type { MessageWriter } from "../message.js";
import { putUint32 } from "./numbers.js";
import { refuse } from "./refusal.js";

/** Buffer's bulk functions; they work on any Uint8Array. */
interface Bulk {
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  ucs2Write(this: Uint8Array, text: string, offset: number, length: number): number;
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

// These six have been on Buffer since the beginning and are what `write` and `toString` call, minus the dispatch.
const { latin1Write, ucs2Write, utf8Write, latin1Slice, ucs2Slice, utf8Slice } =
  Buffer.prototype as unknown as Bulk;

/** Up to this many characters a string is written character by character. */
export const SHORT_TEXT = 24;

/** Room that a short string needs: one byte of length and the characters. */
export const SHORT_TEXT_ROOM: number = SHORT_TEXT + 1;

const ABOVE_LATIN1 = /[\u0100-\uffff]/;
const SURROGATE_UNIT = /[\ud800-\udfff]/;

/** Writes a short string at a position with room; -1 when it is not short or not LATIN1. */
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

/** Writes any string, making room. */
export function writeText(writer: MessageWriter, text: unknown): void {
  if (typeof text !== "string") refuse();
  writer.ensure(SHORT_TEXT_ROOM);
  const next = putShortText(writer.buf, writer.pos, text);
  if (next >= 0) writer.pos = next;
  else writeLongText(writer, text);
}

/** Writes a string by the bulk writers. */
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

/** The length header, with room for it and the bytes behind it. */
function header(writer: MessageWriter, bytes: number, encoding: number): void {
  writer.ensure(bytes + 9);
  // Below 2^29 bytes the header fits 32 bits; no string of JavaScript is longer in one byte a unit.
  if (bytes >= 0x20000000) refuse("a string of half a gigabyte or more");
  writer.pos = putUint32(writer.buf, writer.pos, bytes * 4 + encoding);
}

/** Text from up to four LATIN1 bytes. */
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

/** Text from five to twelve LATIN1 bytes: up to there a call into the runtime costs more than this. */
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

/** Text from thirteen to sixteen LATIN1 bytes, with three more in front of them that are there to be read. */
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

/** Text from LATIN1 bytes. */
export function latin1Of(buf: Uint8Array, start: number, length: number): string {
  if (length <= 4) return fourLatin1(buf, start, length);
  if (length <= 12) return twelveLatin1(buf, start, length);
  if (length <= 16 && start >= 3) return sixteenLatin1(buf, start, length);
  return latin1Slice.call(buf, start, start + length);
}

/** Text from bytes in one of the three encodings; null when they are not well-formed in it. */
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

/** From here on the length of a text in UTF-8 is counted before room is made for it. */
const KNOWN_LENGTH = 1024;

/** Writes a string as UTF-8 without its length, making room. */
export function writeUtf8(writer: MessageWriter, text: unknown): void {
  if (typeof text !== "string") refuse("expected a string");
  // At most three bytes a unit: a pair of surrogates, two units, takes four.
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

/** Text from bytes in UTF-8; null when they are not well-formed. */
export function utf8Of(buf: Uint8Array, start: number, length: number): string | null {
  if (length > SHORT_TEXT) return textOf(buf, start, length, 2);
  let units = 0;
  for (let index = 0; index < length; index++) units |= buf[start + index] as number;
  // Plain ASCII is LATIN1, whose short texts need no call into the runtime.
  return textOf(buf, start, length, units < 128 ? 0 : 2);
}
