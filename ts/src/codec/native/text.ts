// The text of a NATIVE payload: the LATIN1 strings of its value, one after the other behind the value.
//
// Owns: that block. One call encodes it, which is faster than one call for each string. A string that is not LATIN1 stands in
// the value, as in XLANG. Reading cuts strings out of windows of the block by the rule of `read-text.ts`: a string never
// keeps more than eight times its own size in memory.

import type { MessageWriter } from "../../message.js";
import { readText } from "../read-text.js";
import type { Reader } from "../reader.js";
import { refuse } from "../refusal.js";
import { latin1Of, writeLongText } from "../text.js";
import type { WriteValue } from "../write-scalar.js";
import { ABOVE_LATIN1, latin1Write, putFixed32 } from "./bytes.js";
import { putLength, readFixed32, readLength, START, TEXT_HEADER, TEXT_IN_PLACE } from "./format.js";

/** The text of the payload that is being written. */
export interface Outgoing {
  text: string;
  /** Each string is checked for LATIN1. False while none of the last payloads had another string. */
  checked: boolean;
  /** A string of this payload was not LATIN1. */
  wide: boolean;
}

/** Only one payload is written at a time. */
export const outgoing: Outgoing = { text: "", checked: false, wide: false };

/**
 * Writes a payload. Strings are collected without a look at their characters, and the whole text is checked at the end. Only
 * when it is not LATIN1, the payload is written again with a check of each string, and so are the next payloads.
 */
export function writeWithText(
  writer: MessageWriter,
  value: unknown,
  write: WriteValue,
  restart: () => void,
): void {
  const start = writer.pos;
  let text = textOf(writer, value, write);
  if (!outgoing.checked && ABOVE_LATIN1.test(text)) {
    restart();
    writer.pos = start;
    outgoing.checked = true;
    text = textOf(writer, value, write);
  }
  outgoing.checked = outgoing.wide;
  const size = writer.pos - start;
  writer.ensure(text.length);
  writer.buf[start] = START.TEXT_AT_END;
  putFixed32(writer.buf, start + 1, size);
  latin1Write.call(writer.buf, text, writer.pos, text.length);
  writer.pos += text.length;
}

/** Writes the value, and returns the text of its strings. */
function textOf(writer: MessageWriter, value: unknown, write: WriteValue): string {
  outgoing.wide = false;
  writer.ensure(TEXT_HEADER);
  writer.pos += TEXT_HEADER;
  try {
    write(writer, value);
    return outgoing.text;
  } finally {
    outgoing.text = "";
  }
}

/** Writes a string in place when it is not LATIN1. Returns false for other strings. Used while strings are checked. */
export function writeIfWide(writer: MessageWriter, text: string): boolean {
  if (!ABOVE_LATIN1.test(text)) return false;
  outgoing.wide = true;
  writer.ensure(1);
  writer.buf[writer.pos++] = TEXT_IN_PLACE;
  writeLongText(writer, text);
  return true;
}

/** Writes a string of the schema: its length, and the string to the text. For the interpreter. */
export function writeBlockText(writer: MessageWriter, text: unknown): void {
  if (typeof text !== "string") refuse();
  if (outgoing.checked && writeIfWide(writer, text)) return;
  writer.ensure(5);
  writer.pos = putLength(writer.buf, writer.pos, text.length);
  outgoing.text += text;
}

/** The text of the payload that is being read: a window of it, and the position of the next string. */
export interface Incoming {
  window: string;
  /** The position of the next string in the window. */
  at: number;
  /** Where the next window begins, in the bytes of the payload. */
  next: number;
  end: number;
}

const IDLE: Incoming = Object.freeze({ window: "", at: 0, next: 0, end: -1 });

/** Only one payload is read at a time, unless a validator or a default of the program decodes during a read. */
export const incoming: Incoming = { ...IDLE };

/** The state of the read that this one is nested in, or the idle state. */
export function outerText(): Incoming {
  return incoming.end < 0 ? IDLE : { ...incoming };
}

/** Ends a read. */
export function restoreText({ window, at, next, end }: Incoming): void {
  incoming.window = window;
  incoming.at = at;
  incoming.next = next;
  incoming.end = end;
}

/** Reads the position of the text, behind the first byte. After it, the reader ends where the text begins. */
export function beginText(reader: Reader): void {
  const start = reader.pos - 1;
  const size = readFixed32(reader) >>> 0;
  if (size < TEXT_HEADER || size > reader.end - start) reader.fail("the text begins outside of the message");
  incoming.window = "";
  incoming.at = 0;
  incoming.next = start + size;
  incoming.end = reader.end;
  reader.end = start + size;
}

/** Checks that all of the text was used, and sets the end of the reader back to the end of the message. */
export function endText(reader: Reader): void {
  if (reader.pos !== reader.end) reader.fail(`${reader.end - reader.pos} bytes follow the value`);
  const left = incoming.end - incoming.next + incoming.window.length - incoming.at;
  if (left !== 0) reader.fail(`${left} bytes of text follow the last string`);
  reader.pos = incoming.end;
  reader.end = incoming.end;
}

/** The largest number of bytes in a window. */
const WINDOW = 256;

/** With fewer bytes left, each string is decoded on its own. */
const WINDOW_WORTH = 64;

/** V8 copies slices of up to this many characters; a longer string must be at least 1/8 of the window. */
export const COPIED = 12;
export const KEPT_SHARE = 8;

/** Reads a string of the schema. For the interpreter. */
export function readBlockText(reader: Reader): string {
  const length = readLength(reader);
  return length < 0 ? readText(reader) : cutLongText(reader, length);
}

/** The next string of the text, when it is not inside the window or would keep too much of it in memory. */
export function cutLongText(reader: Reader, length: number): string {
  const text = incoming;
  if (text.at + length <= text.window.length) {
    const from = text.at;
    text.at = from + length;
    if (length <= COPIED || length * KEPT_SHARE >= text.window.length)
      return text.window.slice(from, text.at);
    return latin1Of(reader.buf, text.next - text.window.length + from, length);
  }
  const start = text.next - text.window.length + text.at;
  const left = text.end - start;
  if (length > left) reader.fail(`a string of ${length} characters, but only ${left} are left`);
  if (length > WINDOW / 2 || left < WINDOW_WORTH) {
    text.window = "";
    text.at = 0;
    text.next = start + length;
    return latin1Of(reader.buf, start, length);
  }
  const size = Math.min(left, WINDOW);
  text.window = latin1Of(reader.buf, start, size);
  text.next = start + size;
  text.at = length;
  if (length <= COPIED || length * KEPT_SHARE >= size) return text.window.slice(0, length);
  return latin1Of(reader.buf, start, length);
}
