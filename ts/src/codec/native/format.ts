// The constants of NATIVE payloads (`docs/native.md`): the first byte of a payload, and integers.
//
// Owns: these numbers, and how integers and lengths are written and read. The code is shared by generated code, by the
// interpreter and by the values of `t.js`.

import type { Reader } from "../reader.js";
import { refuse } from "../refusal.js";
import { putFixed32 } from "./bytes.js";

/** The first byte of a payload. XLANG payloads begin with 2 or 3. */
export const START = {
  /** The root is null. */
  NULL: 0x10,
  /** An XLANG payload follows: the root tracks references. */
  XLANG: 0x11,
  /** The value follows, with its strings in place. */
  IN_PLACE: 0x12,
  /** The position of the text follows, then the value, then the text of its LATIN1 strings. */
  TEXT_AT_END: 0x13,
} as const;

/** The number of bytes before the value where the text is at the end. */
export const TEXT_HEADER = 5;

/** Integers from -16 to 207 take one byte: the integer plus 16. */
export const ONE_BYTE_BIAS = 16;
/** The first byte of longer integers: up to 4095 in two bytes, then 16, 24, 32 and 64 bits. */
export const TWO_BYTES = 224;
const BITS_16 = 240;
const BITS_24 = 241;
const BITS_32 = 242;
const BITS_64 = 243;

/** The largest size of an integer. */
export const INTEGER_ROOM = 9;

/** Lengths below this take one byte. */
export const SHORT_LENGTH = 240;
const LENGTH_16 = 254;
const LENGTH_32 = 255;
/** A length that says: a string follows in place, as in XLANG, because it is not LATIN1. */
export const TEXT_IN_PLACE = 253;
const TWO_BYTE_LENGTHS = SHORT_LENGTH + (TEXT_IN_PLACE - SHORT_LENGTH) * 256;

/** The largest size of a length. */
export const LENGTH_ROOM = 5;

const TWO_32 = 2 ** 32;

/** Writes a safe integer. */
export function putInteger(b: Uint8Array, p: number, x: number): number {
  if (x >= -ONE_BYTE_BIAS && x < 4096 && (x | 0) === x) {
    if (x < TWO_BYTES - ONE_BYTE_BIAS) {
      b[p] = x + ONE_BYTE_BIAS;
      return p + 1;
    }
    b[p] = TWO_BYTES + (x >>> 8);
    b[p + 1] = x;
    return p + 2;
  }
  return putLongInteger(b, p, x);
}

function putLongInteger(b: Uint8Array, p: number, x: number): number {
  if (x >= 0 && x < 0x1000000 && (x | 0) === x) {
    b[p + 1] = x;
    b[p + 2] = x >>> 8;
    if (x < 0x10000) {
      b[p] = BITS_16;
      return p + 3;
    }
    b[p] = BITS_24;
    b[p + 3] = x >>> 16;
    return p + 4;
  }
  if ((x | 0) === x) {
    b[p] = BITS_32;
    putFixed32(b, p + 1, x);
    return p + 5;
  }
  if (!Number.isSafeInteger(x)) refuse();
  b[p] = BITS_64;
  putFixed32(b, p + 1, x); // the low 32 bits
  putFixed32(b, p + 5, Math.floor(x / TWO_32));
  return p + 9;
}

/** Writes an integer of up to 64 bits from a bigint, in the same form. */
export function putBigInteger(b: Uint8Array, p: number, x: bigint): number {
  const number = Number(x);
  if (Number.isSafeInteger(number)) return putInteger(b, p, number);
  if (BigInt.asIntN(64, x) !== x) refuse();
  b[p] = BITS_64;
  putFixed32(b, p + 1, Number(BigInt.asIntN(32, x)));
  putFixed32(b, p + 5, Number(x >> 32n));
  return p + 9;
}

/** Reads an integer of up to 64 bits as a bigint. */
export function readBigInteger(r: Reader): bigint {
  if (r.pos >= r.end || r.buf[r.pos] !== BITS_64) return BigInt(readInteger(r));
  r.pos++;
  const low = readFixed32(r) >>> 0;
  return (BigInt(readFixed32(r)) << 32n) | BigInt(low);
}

/** Reads a safe integer. */
export function readInteger(r: Reader): number {
  const { buf: b, pos: p } = r;
  // Most integers have at most 24 bits. They are read with one check of the length.
  if (r.end - p >= 4) {
    const first = b[p] as number;
    const next = b[p + 1] as number;
    if (first === BITS_16) {
      r.pos = p + 3;
      return next | ((b[p + 2] as number) << 8);
    }
    if (first === BITS_24) {
      r.pos = p + 4;
      return next | ((b[p + 2] as number) << 8) | ((b[p + 3] as number) << 16);
    }
    if (first >= TWO_BYTES && first < BITS_16) {
      r.pos = p + 2;
      return ((first - TWO_BYTES) << 8) | next;
    }
  }
  return readAnyInteger(r);
}

function readAnyInteger(r: Reader): number {
  const first = r.byte();
  if (first < TWO_BYTES) return first - ONE_BYTE_BIAS;
  if (first < BITS_16) return ((first - TWO_BYTES) << 8) | r.byte();
  const { buf: b, pos: p } = r;
  switch (first) {
    case BITS_16:
      r.need(2);
      r.pos = p + 2;
      return (b[p] as number) | ((b[p + 1] as number) << 8);
    case BITS_24:
      r.need(3);
      r.pos = p + 3;
      return (b[p] as number) | ((b[p + 1] as number) << 8) | ((b[p + 2] as number) << 16);
    case BITS_32:
      return readFixed32(r);
    case BITS_64: {
      const low = readFixed32(r) >>> 0;
      const value = readFixed32(r) * TWO_32 + low;
      if (Number.isSafeInteger(value)) return value;
      return r.fail("the integer is too large for a number; declare the field as t.bigint");
    }
    default:
      return r.fail(`an integer begins with the unknown byte ${first}`);
  }
}

/** Reads a signed integer of 32 bits. */
export function readFixed32(r: Reader): number {
  r.need(4);
  const { buf: b, pos: p } = r;
  r.pos = p + 4;
  return (
    (b[p] as number) |
    ((b[p + 1] as number) << 8) |
    ((b[p + 2] as number) << 16) |
    ((b[p + 3] as number) << 24)
  );
}

/** Writes a length. */
export function putLength(b: Uint8Array, p: number, x: number): number {
  if (x < SHORT_LENGTH) {
    b[p] = x;
    return p + 1;
  }
  if (x < TWO_BYTE_LENGTHS) {
    b[p] = SHORT_LENGTH + ((x - SHORT_LENGTH) >>> 8);
    b[p + 1] = x - SHORT_LENGTH;
    return p + 2;
  }
  b[p] = x < 0x10000 ? LENGTH_16 : LENGTH_32;
  b[p + 1] = x;
  b[p + 2] = x >>> 8;
  if (x < 0x10000) return p + 3;
  b[p + 3] = x >>> 16;
  b[p + 4] = x >>> 24;
  return p + 5;
}

/** Reads a length of up to 32 bits. Returns -1 for a string that follows in place. */
export function readLength(r: Reader): number {
  const first = r.byte();
  if (first < SHORT_LENGTH) return first;
  if (first < TEXT_IN_PLACE) return SHORT_LENGTH + ((first - SHORT_LENGTH) << 8) + r.byte();
  if (first === TEXT_IN_PLACE) return -1;
  if (first === LENGTH_16) return r.byte() | (r.byte() << 8);
  return readFixed32(r) >>> 0;
}

/** Reads a number of elements or an index, which is never a string in place. */
export function readCount(r: Reader): number {
  const count = readLength(r);
  return count >= 0 ? count : r.fail("a string where a number is expected");
}

/** Reads a number of elements. Each takes at least one byte, so it is limited by the bytes left. */
export function readElementCount(r: Reader, max: number): number {
  const count = readCount(r);
  if (count > r.end - r.pos) r.fail(`${count} elements, but only ${r.end - r.pos} bytes are left`);
  if (count > max) r.exceed(`a collection of more than ${max} elements`);
  return count;
}
