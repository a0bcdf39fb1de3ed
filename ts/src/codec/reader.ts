// The reader: a cursor over the bytes of one message, with the limits that protect this process from a peer.
//
// Owns: every primitive of decoding with its checks, and the name table of a message. A count is checked against the
// number of bytes left, and the cost of a value against the estimated size of the message, before memory is allocated.

import { MAX_DECODED } from "../message.js";
import { FIRST_SECOND, LAST_SECOND, textOfDay } from "../schema/plain-values.js";
import { COST, capacityFor } from "./costs.js";
import { HashLoad, MAX_STEPS, type StepCounter, UNCOUNTED_KEYS } from "./hash-load.js";
import type { MetaString } from "./meta-string.js";
import { readText } from "./read-text.js";
import { ReferenceTable, TOO_MANY_REFERENCES } from "./references.js";
import { Exceeded, MAX_DEPTH, MAX_ELEMENTS, MAX_OBJECTS, Malformed } from "./refusal.js";
import type { TrackedType } from "./tracked-types.js";

const TWO_27 = 2 ** 27;
const TWO_28 = 2 ** 28;
const NOTHING = new Uint8Array(0);

/** The two halves of a 64-bit integer; one bigint is made of them, which is faster than shifting bigints. */
const words = new Uint32Array(2);
const signed = new BigInt64Array(words.buffer);
const unsigned = new BigUint64Array(words.buffer);

/** A cursor over one message. It is used for many messages; `begin` resets everything. */
export class Reader implements StepCounter {
  buf: Uint8Array = NOTHING;
  pos = 0;
  end = 0;
  depth = 0;
  budget = 0;
  /** What the values that follow may cost; see `costs.ts`. */
  room = 0;
  /** The name table of this message: each name that was spelled in full, in order. */
  readonly metas: MetaString[] = [];
  metaCount = 0;
  /** The tracked values of this message, where its root tracks references. */
  readonly references: ReferenceTable = new ReferenceTable();
  /** Decoded text of the LATIN1 bytes of this message from `windowStart` on; see `read-text.ts`. */
  window = "";
  windowStart = 0;
  #start = 0;
  #limit = 0;
  #steps = 0;
  #view: DataView | null = null;

  /** A view of all of `buf`. It is made at first use, because making it costs as much as reading a small message. */
  get view(): DataView {
    this.#view ??= new DataView(this.buf.buffer, this.buf.byteOffset, this.buf.byteLength);
    return this.#view;
  }

  /** Starts to read `bytes[start, end)`, whose values may have an estimated size of `limit` bytes. */
  begin(bytes: Uint8Array, start: number, end: number, limit: number = MAX_DECODED): void {
    if (start < 0 || end > bytes.length || start > end) {
      throw new RangeError(`the range ${start} to ${end} is outside the ${bytes.length} bytes of the buffer`);
    }
    if (bytes !== this.buf) {
      this.buf = bytes;
      this.#view = null;
    }
    this.pos = start;
    this.#start = start;
    this.end = end;
    this.depth = 0;
    this.budget = MAX_OBJECTS;
    this.metaCount = 0;
    this.window = "";
    this.windowStart = end;
    this.#limit = limit;
    this.#steps = 0;
    this.room = limit;
    this.charge(end - start);
  }

  fail(message: string, cause?: unknown): never {
    throw new Malformed(message, this.pos - this.#start, undefined, cause);
  }

  /** Fails because a limit is exceeded. */
  exceed(message: string): never {
    throw new Exceeded(message, this.pos - this.#start);
  }

  /** Counts what a value costs, before it is made. */
  charge(cost: number): void {
    this.room -= cost;
    if (this.room < 0) this.#full();
  }

  #full(): never {
    return this.exceed(`more than ${this.#limit} bytes of estimated size when decoded`);
  }

  addSteps(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) this.exceed("the keys of a map or set collide too often");
  }

  /** The check of the keys of a map or set, or null where it has few. */
  hashLoad(count: number): HashLoad | null {
    return count > UNCOUNTED_KEYS ? new HashLoad(this) : null;
  }

  /** Counts a key of a record, whose capacity for array indexes is given and returned. */
  recordKey(key: string, capacity: number): number {
    const next = capacityFor(key, capacity);
    if (next > capacity) this.charge((next - capacity) * 8);
    return next;
  }

  /** Fails unless `bytes` more bytes are left. */
  need(bytes: number): void {
    if (this.end - this.pos < bytes) this.fail("the message ends too early");
  }

  byte(): number {
    if (this.pos >= this.end) this.fail("the message ends too early");
    return this.buf[this.pos++] as number;
  }

  /** Counts a message, list, set or map that begins, with its cost. The caller decrements `depth` when it ends. */
  enter(cost: number): void {
    if (++this.depth > MAX_DEPTH) this.exceed(`nested deeper than ${MAX_DEPTH}`);
    if (--this.budget < 0) this.exceed(`more than ${MAX_OBJECTS} messages and collections`);
    this.room -= cost;
    if (this.room < 0) this.#full();
  }

  /** Reserves the reference id of a value that is about to be read. */
  reserveReferenceId(tracked: TrackedType): number {
    this.charge(COST.reference);
    const id = this.references.reserve(tracked);
    return id < 0 ? this.exceed(TOO_MANY_REFERENCES) : id;
  }

  /** An unsigned varint of up to 32 bits. */
  uint32(): number {
    let value = this.byte();
    if (value < 128) return value;
    value &= 127;
    for (let shift = 7; shift < 28; shift += 7) {
      const next = this.byte();
      value |= (next & 127) << shift;
      if (next < 128) return value;
    }
    const last = this.byte();
    if (last > 15) this.fail("a varint exceeds 32 bits");
    return value + last * TWO_28;
  }

  /** A zigzag varint of 32 bits. */
  int32(): number {
    const bits = this.uint32();
    return (bits >>> 1) ^ -(bits & 1);
  }

  /** The count of a list, set or map. It is limited by the bytes left, because each element takes at least one byte. */
  count(): number {
    const count = this.uint32();
    if (count > this.end - this.pos)
      this.fail(`${count} elements, but only ${this.end - this.pos} bytes are left`);
    if (count > MAX_ELEMENTS) this.exceed(`a collection of more than ${MAX_ELEMENTS} elements`);
    return count;
  }

  /** A zigzag varint of 64 bits that must be a safe integer. */
  int(): number {
    const { buf, pos } = this;
    if (this.end - pos > 3) {
      // Most integers fit in 28 bits, which are read without a loop.
      let bits = buf[pos] as number;
      let next = pos + 1;
      if (bits > 127) {
        bits = (bits & 127) | ((buf[next++] as number) << 7);
        if (bits > 0x3fff) bits = (bits & 0x3fff) | ((buf[next++] as number) << 14);
        if (bits > 0x1fffff) bits = (bits & 0x1fffff) | ((buf[next++] as number) << 21);
      }
      if (bits < 0x10000000) {
        this.pos = next;
        return (bits >>> 1) ^ -(bits & 1);
      }
    }
    const value = this.#varint(true);
    if (typeof value === "bigint")
      this.fail(`the integer ${value} is too large for a number; declare the field as t.bigint`);
    return value;
  }

  /** A zigzag varint of 64 bits: a number where safe, else a bigint. */
  integer(): number | bigint {
    return this.#varint(true);
  }

  bigint(): bigint {
    return BigInt(this.#varint(true));
  }

  biguint(): bigint {
    return BigInt(this.#varint(false));
  }

  #varint(zigzag: boolean): number | bigint {
    let low = this.byte();
    let high = 0;
    let top = 0;
    if (low >= 128) {
      low &= 127;
      let next = 128;
      for (let shift = 7; shift < 28 && next >= 128; shift += 7) {
        next = this.byte();
        low |= (next & 127) << shift;
      }
      for (let shift = 0; shift < 28 && next >= 128; shift += 7) {
        next = this.byte();
        high |= (next & 127) << shift;
      }
      if (next >= 128) top = this.byte();
    }
    return zigzag ? fromZigzag(low, high, top) : fromBits(low, high, top);
  }

  taggedInt(): bigint {
    return this.#tagged(true);
  }

  taggedUint(): bigint {
    return this.#tagged(false);
  }

  #tagged(signed: boolean): bigint {
    this.need(4);
    const small = this.view.getInt32(this.pos, true);
    if ((small & 1) === 0) {
      this.pos += 4;
      return BigInt(signed ? small >> 1 : small >>> 1);
    }
    this.need(9);
    if (this.buf[this.pos] !== 1) this.fail(`a tagged integer has the unknown tag ${this.buf[this.pos]}`);
    this.pos += 9;
    const at = this.pos - 8;
    return signed ? this.view.getBigInt64(at, true) : this.view.getBigUint64(at, true);
  }

  bool(): boolean {
    const byte = this.byte();
    if (byte > 1) this.fail(`a bool is ${byte}, but only 0 and 1 are allowed`);
    return byte === 1;
  }

  text(): string {
    return readText(this);
  }

  /** A copy of the bytes, as a plain Uint8Array. */
  bytes(): Uint8Array<ArrayBuffer> {
    this.charge(COST.bytes);
    const start = this.#bytesStart();
    return copyOf(this.buf, start, this.pos);
  }

  /** A view into the buffer of the message, without a copy. */
  bytesView(): Uint8Array {
    this.charge(COST.bytesView);
    const start = this.#bytesStart();
    return new Uint8Array(this.buf.buffer, this.buf.byteOffset + start, this.pos - start);
  }

  #bytesStart(): number {
    const length = this.uint32();
    if (length > this.end - this.pos) this.fail(`${length} bytes, but only ${this.end - this.pos} are left`);
    const start = this.pos;
    this.pos = start + length;
    return start;
  }

  float32(): number {
    this.need(4);
    this.pos += 4;
    return this.view.getFloat32(this.pos - 4, true);
  }

  float(): number {
    this.need(8);
    this.pos += 8;
    return this.view.getFloat64(this.pos - 8, true);
  }

  date(): string {
    this.charge(COST.date);
    this.need(4);
    this.pos += 4;
    const text = textOfDay(this.view.getInt32(this.pos - 4, true));
    if (text === null) this.fail("a date outside the years 1 to 9999");
    return text;
  }

  /** A Date with milliseconds since 1970. The part below a millisecond is cut off. */
  timestamp(): Date {
    this.charge(COST.timestamp);
    const seconds = this.#seconds();
    return new Date(seconds * 1000 + Math.floor(this.#nanoseconds() / 1e6));
  }

  /** Microseconds since 1970. The part below a microsecond is cut off. */
  timestampMicros(): bigint {
    const seconds = this.#seconds();
    return BigInt(seconds) * 1_000_000n + BigInt(Math.floor(this.#nanoseconds() / 1e3));
  }

  #seconds(): number {
    this.need(12);
    const seconds = Number(this.view.getBigInt64(this.pos, true));
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND) this.fail("a timestamp outside the years 1 to 9999");
    this.pos += 8;
    return seconds;
  }

  #nanoseconds(): number {
    const nanoseconds = this.view.getUint32(this.pos, true);
    if (nanoseconds > 999_999_999) this.fail("a timestamp with more than 999,999,999 nanoseconds");
    this.pos += 4;
    return nanoseconds;
  }

  /** Reads a null flag: true for null. The flag of a tracked new value also means that a value follows. */
  isNull(): boolean {
    const flag = this.byte();
    if (flag === 0xff || flag === 0) return false;
    if (flag !== 0xfd) this.fail("a reference flag that is not allowed here");
    return true;
  }
}

/** Copies of up to this many bytes are made in a loop, which is faster than a view of the bytes and one call. */
const SHORT_COPY = 32;

/** A copy of bytes with a buffer of its own. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const length = end - start;
  const copy = new Uint8Array(length);
  if (length > SHORT_COPY) copy.set(bytes.subarray(start, end));
  else for (let at = 0; at < length; at++) copy[at] = bytes[start + at] as number;
  return copy;
}

/** A zigzag integer from its low 28 bits, the next 28 bits and the top 8 bits. */
function fromZigzag(low: number, high: number, top: number): number | bigint {
  if (top === 0 && high < 2 ** 26) {
    const magnitude = (low >>> 1) + high * TWO_27;
    const value = (low & 1) === 0 ? magnitude : -magnitude - 1;
    if (Number.isSafeInteger(value)) return value;
  }
  const lower = low | (high << 28);
  const upper = (high >>> 4) | (top << 24);
  const sign = -(lower & 1);
  words[0] = ((lower >>> 1) | (upper << 31)) ^ sign;
  words[1] = (upper >>> 1) ^ sign;
  return signed[0] as bigint;
}

function fromBits(low: number, high: number, top: number): number | bigint {
  const value = low + high * TWO_28;
  if (top === 0 && Number.isSafeInteger(value)) return value;
  words[0] = low | (high << 28);
  words[1] = (high >>> 4) | (top << 24);
  return unsigned[0] as bigint;
}
