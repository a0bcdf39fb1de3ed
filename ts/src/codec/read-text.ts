// Reading strings: short LATIN1 ones are cut from a window of text that was decoded at once.
//
// Owns: when that is done. A call into the runtime for each string costs four times as much as cutting it from a longer
// one. The engine copies what is cut up to COPIED characters; a longer piece refers to the whole window for as long as
// it lives, so it must be an eighth of it or more, and a window is small: what a user keeps of a message never holds
// more than eight times its size.

import type { Reader } from "./reader.js";
import { latin1Of, textOf } from "./text.js";

/** Bytes that a window holds at most. */
const WINDOW = 256;

/** Where a message has fewer bytes left, the strings in them are decoded one by one. */
const WINDOW_WORTH = 64;

/** Up to this many characters the engine copies what is cut from a string. */
const COPIED = 12;

/** A longer string is cut only when this many of it fill the window. */
const KEPT_SHARE = 8;

/** Reads a string: header, then its bytes. */
export function readText(reader: Reader): string {
  const { buf, pos } = reader;
  const left = reader.end - pos - 2;
  if (left >= 0) {
    // LATIN1 with a header of one byte or two: what most strings are.
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
  if (length > reader.end - start) reader.fail("a string is longer than the message");
  reader.pos = start + length;
  if ((header & 3) === 0) return readLatin1(reader, start, length);
  const text = textOf(reader.buf, start, length, header & 3);
  if (text === null) reader.fail("a string is not well-formed in its encoding");
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

/** The same as statements of generated code, for the reader `r` with the buffer `b`. */
export function cutText(target: string): string {
  return [
    "{ const at = r.pos, text = r.window, from = at + 1 - r.windowStart; let head = 0, to = 0;",
    "if (from >= 0 && from <= text.length && ((head = b[at]) & 131) === 0 && (to = from + (head >>> 2)) <= text.length",
    `&& (head <= ${COPIED * 4} || head * ${KEPT_SHARE / 4} >= text.length)) { r.pos = at + 1 + (head >>> 2); ${target} = text.slice(from, to); }`,
    `else ${target} = r.text(); }`,
  ].join(" ");
}
