// Reading strings: short LATIN1 strings are slices of a window, a longer text that was decoded in one call.
//
// Owns: when a slice is used. Decoding each string with a call into the runtime takes four times as long as a slice.
// V8 copies a slice of up to COPIED characters. A longer slice keeps the whole window in memory, so it must be at
// least an eighth of the window. Thus a string never keeps more than eight times its own size in memory.

import type { Reader } from "./reader.js";
import { latin1Of, textOf } from "./text.js";

/** The largest number of bytes in a window. */
const WINDOW = 256;

/** With fewer bytes left in the message, each string is decoded on its own. */
const WINDOW_WORTH = 64;

/** V8 copies slices of up to this many characters. */
const COPIED = 12;

/** A longer string is a slice only when it is at least this fraction (1/8) of the window. */
const KEPT_SHARE = 8;

/** Reads a string: header, then its bytes. */
export function readText(reader: Reader): string {
  const { buf, pos } = reader;
  const left = reader.end - pos - 2;
  if (left >= 0) {
    // Most strings are LATIN1 and have a header of one or two bytes.
    const first = buf[pos] as number;
    const second = buf[pos + 1] as number;
    const two = first > 127 ? 1 : 0;
    const header = two === 0 ? first : (first & 127) | (second << 7);
    const length = header >>> 2;
    if ((header & 3) === 0 && header < 0x4000 && length <= left) {
      const start = pos + 1 + two;
      reader.pos = start + length;
      return readLatin1(reader, start, length);
    }
  }
  return readAnyText(reader);
}

function readAnyText(reader: Reader): string {
  const header = reader.uint32();
  const length = header >>> 2;
  const start = reader.pos;
  if (length > reader.end - start) {
    reader.fail(`a string of ${length} bytes, but only ${reader.end - start} are left`);
  }
  reader.pos = start + length;
  if ((header & 3) === 0) return readLatin1(reader, start, length);
  // One byte of UTF-8 can become a character of two bytes.
  if ((header & 3) === 2) reader.charge(length);
  const text = textOf(reader.buf, start, length, header & 3);
  if (text === null) reader.fail("a string with invalid bytes for its encoding");
  return text;
}

function readLatin1(reader: Reader, start: number, length: number): string {
  let at = start - reader.windowStart;
  if (at < 0 || at + length > reader.window.length) {
    const left = reader.end - start;
    if (length > WINDOW / 2 || left < WINDOW_WORTH) return latin1Of(reader.buf, start, length);
    reader.window = latin1Of(reader.buf, start, Math.min(left, WINDOW));
    reader.windowStart = start;
    at = 0;
  }
  const { window } = reader;
  if (length <= COPIED || length * KEPT_SHARE >= window.length) return window.slice(at, at + length);
  return latin1Of(reader.buf, start, length);
}

/** The fast path of `readText` as statements of generated code. `r` is the reader, `b` its buffer. */
export function cutText(target: string): string {
  return [
    "{ const at = r.pos, text = r.window, from = at + 1 - r.windowStart; let head = 0, to = 0;",
    "if (from >= 0 && from <= text.length && ((head = b[at]) & 131) === 0 && (to = from + (head >>> 2)) <= text.length",
    `&& (head <= ${COPIED * 4} || head * ${KEPT_SHARE / 4} >= text.length)) { r.pos = at + 1 + (head >>> 2); ${target} = text.slice(from, to); }`,
    `else ${target} = r.text(); }`,
  ].join(" ");
}
