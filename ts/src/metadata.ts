// Metadata and details: pairs of strings that are sent with calls and statuses.
//
// Owns: their encoding in the records between TypeScript and Rust (docs/boundary.md), and the limits for sending.
// Does not own: what users may give (pairs.ts), their encoding on the wire (Rust).

import { AsterError, Code } from "./errors.js";
import {
  METADATA_BYTES,
  METADATA_KEY_CHARS,
  METADATA_PAIRS,
  METADATA_VALUE_CHARS,
  STATUS_DETAILS,
} from "./native/constants.js";

/** The key of the detail that holds the reason of an error. */
export const REASON_DETAIL = "aster.reason";

/** The part of a message writer that is used for pairs. */
export interface ByteSink {
  buf: Uint8Array;
  view: DataView;
  pos: number;
  ensure(bytes: number): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // a byte order mark is part of the text

/** Checks the limits of call metadata. @throws {AsterError} RESOURCE_EXHAUSTED when a peer would refuse it */
export function checkMetadata(pairs: ReadonlyMap<string, string>): void {
  if (pairs.size > METADATA_PAIRS)
    throw tooMuch(`metadata has ${pairs.size} pairs, but at most ${METADATA_PAIRS} are allowed`);
  let bytes = 0;
  for (const [key, value] of pairs) {
    if (key.length > METADATA_KEY_CHARS)
      throw tooMuch(
        `a metadata key has ${key.length} characters, but at most ${METADATA_KEY_CHARS} are allowed`,
      );
    if (value.length > METADATA_VALUE_CHARS) {
      const found = `metadata ${JSON.stringify(key)} has ${value.length} characters`;
      throw tooMuch(`${found}, but at most ${METADATA_VALUE_CHARS} are allowed`);
    }
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > METADATA_BYTES)
    throw tooMuch(`metadata has ${bytes} bytes, but at most ${METADATA_BYTES} are allowed`);
}

/** Shortens details to the limits of a status: the first pairs, and the first characters of long strings. */
export function cutDetails(details: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const cut = new Map<string, string>();
  for (const [key, value] of details) {
    if (cut.size === STATUS_DETAILS) break;
    cut.set(cutText(key, METADATA_KEY_CHARS), cutText(value, METADATA_VALUE_CHARS));
  }
  return cut;
}

/** The first `most` characters of a text. It never ends with one half of a surrogate pair. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const splits = (text.codePointAt(most - 1) as number) > 0xffff;
  return text.slice(0, splits ? most - 1 : most);
}

/** Writes pairs as a record has them. Returns the number of bytes. The caller has checked or shortened the lengths. */
export function writePairs(out: ByteSink, pairs: ReadonlyMap<string, string>): number {
  const start = out.pos;
  out.ensure(2);
  out.view.setUint16(out.pos, pairs.size, true);
  out.pos += 2;
  for (const [key, value] of pairs) {
    writeText(out, key);
    writeText(out, value);
  }
  return out.pos - start;
}

/** Writes a string as UTF-8 without its length. Returns the number of bytes. */
export function writeUtf8(out: ByteSink, value: string): number {
  out.ensure(value.length * 3); // a UTF-16 unit takes at most three bytes of UTF-8
  const { written } = encoder.encodeInto(value, out.buf.subarray(out.pos));
  out.pos += written;
  return written;
}

/** Reads a UTF-8 string. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  return start === end ? "" : decoder.decode(bytes.subarray(start, end));
}

/** Reads pairs from a record. Of equal keys, the last one is used. */
export function readPairs(bytes: Uint8Array, start: number, end: number): Map<string, string> {
  const pairs = new Map<string, string>();
  if (end - start < 2) return pairs;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start + 2;
  const next = (): string => {
    const length = view.getUint16(at, true);
    const from = at + 2;
    at = from + length;
    return readUtf8(bytes, from, at);
  };
  for (let left = view.getUint16(start, true); left > 0; left--) {
    const key = next();
    pairs.set(key, next());
  }
  return pairs;
}

function writeText(out: ByteSink, value: string): void {
  out.ensure(2);
  const at = out.pos;
  out.pos += 2;
  const length = writeUtf8(out, value); // may replace out.view, when the buffer grows
  out.view.setUint16(at, length, true);
}

function tooMuch(message: string): AsterError {
  return new AsterError(Code.RESOURCE_EXHAUSTED, message, { notSent: true });
}
