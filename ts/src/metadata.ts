// Metadata and details: pairs of text that travel beside messages and statuses.
//
// Owns: their form in the records of the data plane (docs/boundary.md), the limits on what we send, and the
// conversion from what users may give. Does not own: their form on the wire (Rust).

import { AsterError, Code, type StringPairs } from "./errors.js";
import { kindOf, optionError } from "./options.js";

/** The detail under which the reason of an error travels. */
export const REASON_DETAIL = "aster.reason";

const MAX_PAIRS = 64;
const MAX_KEY_CHARS = 256;
const MAX_VALUE_CHARS = 4096;
const MAX_BYTES = 8192;
const MAX_DETAILS = 32;

/** The part of a message writer that pairs need. */
export interface ByteSink {
  buf: Uint8Array;
  view: DataView;
  pos: number;
  ensure(bytes: number): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // a BOM is data here

/** The pairs of a Map or plain object, checked to be text. */
export function pairsOf(given: StringPairs, path: string): ReadonlyMap<string, string> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw optionError(path, `must be a Map or an object, not ${kindOf(given)}`);
  }
  const pairs: ReadonlyMap<unknown, unknown> = given instanceof Map ? given : new Map(Object.entries(given));
  for (const [key, value] of pairs) {
    if (typeof key !== "string") throw optionError(path, `must have texts as keys, not ${kindOf(key)}`);
    if (typeof value !== "string")
      throw optionError(`${path}.${key}`, `must be a text, not ${kindOf(value)}`);
  }
  return pairs as ReadonlyMap<string, string>;
}

/** Throws RESOURCE_EXHAUSTED when call metadata is beyond what a peer accepts. */
export function checkMetadata(pairs: ReadonlyMap<string, string>): void {
  if (pairs.size > MAX_PAIRS) throw tooMuch(`metadata has ${pairs.size} pairs, ${MAX_PAIRS} are allowed`);
  let bytes = 0;
  for (const [key, value] of pairs) {
    if (key.length > MAX_KEY_CHARS)
      throw tooMuch(`a metadata key is longer than ${MAX_KEY_CHARS} characters`);
    if (value.length > MAX_VALUE_CHARS) {
      throw tooMuch(`metadata ${JSON.stringify(key)} is longer than ${MAX_VALUE_CHARS} characters`);
    }
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_BYTES) throw tooMuch(`metadata has ${bytes} bytes, ${MAX_BYTES} are allowed`);
}

/** Details cut to what a status may carry: the first pairs, long texts shortened. */
export function cutDetails(details: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const cut = new Map<string, string>();
  for (const [key, value] of details) {
    if (cut.size === MAX_DETAILS) break;
    cut.set(key.slice(0, MAX_KEY_CHARS), value.slice(0, MAX_VALUE_CHARS));
  }
  return cut;
}

/** Writes pairs in their record form and returns the number of bytes. Lengths were checked or cut before. */
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

/** Writes text as UTF-8 without a length and returns the number of bytes. */
export function writeUtf8(out: ByteSink, value: string): number {
  out.ensure(value.length * 3); // a UTF-16 unit takes at most three bytes of UTF-8
  const { written } = encoder.encodeInto(value, out.buf.subarray(out.pos));
  out.pos += written;
  return written;
}

/** Reads UTF-8. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  return start === end ? "" : decoder.decode(bytes.subarray(start, end));
}

/** Reads pairs from their record form; of equal keys the last one wins. */
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
  const length = writeUtf8(out, value); // may replace out.view by growing
  out.view.setUint16(at, length, true);
}

function tooMuch(message: string): AsterError {
  return new AsterError(Code.RESOURCE_EXHAUSTED, message, { notSent: true });
}
