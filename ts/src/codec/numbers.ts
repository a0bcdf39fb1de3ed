// Integers on the wire: varints of 32 and 64 bits, zigzag and tagged integers.
//
// Owns: the bit operations of `put*`. Each writes at a position with enough room and returns the next position. They
// work on numbers where these are safe, because bigints are slower. Reading is in `reader.ts`.

import { refuse } from "./refusal.js";

const TWO_27 = 2 ** 27;
const TWO_28 = 2 ** 28;

/** The largest size of a varint in bytes. */
export const VARINT_ROOM = 9;

/** Writes an unsigned varint of up to 32 bits. */
export function putUint32(buf: Uint8Array, pos: number, value: number): number {
  let rest = value >>> 0;
  if (rest < 0x4000) {
    if (rest < 128) {
      buf[pos] = rest;
      return pos + 1;
    }
    buf[pos] = rest | 128;
    buf[pos + 1] = rest >>> 7;
    return pos + 2;
  }
  if (rest < 0x200000) {
    buf[pos] = rest | 128;
    buf[pos + 1] = (rest >>> 7) | 128;
    buf[pos + 2] = rest >>> 14;
    return pos + 3;
  }
  while (rest > 127) {
    buf[pos++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  buf[pos++] = rest;
  return pos;
}

/** Writes a zigzag varint of 64 bits from a safe integer. */
export function putInt(buf: Uint8Array, pos: number, value: number): number {
  if ((value | 0) === value) return putUint32(buf, pos, (value << 1) ^ (value >> 31));
  if (!Number.isSafeInteger(value)) refuse();
  const negative = value < 0 ? 1 : 0;
  const magnitude = negative === 1 ? -(value + 1) : value;
  const high = Math.floor(magnitude / TWO_27);
  // |value| is at least 2^31, so `high` is not 0: the low 28 bits take four bytes that all have the continuation bit.
  const next = putLow28(buf, pos, ((magnitude - high * TWO_27) << 1) | negative);
  return putUint32(buf, next, high);
}

function putLow28(buf: Uint8Array, pos: number, low: number): number {
  buf[pos] = (low & 127) | 128;
  buf[pos + 1] = ((low >>> 7) & 127) | 128;
  buf[pos + 2] = ((low >>> 14) & 127) | 128;
  buf[pos + 3] = ((low >>> 21) & 127) | 128;
  return pos + 4;
}

/** Writes a varint of 64 bits from an unsigned bigint. Its ninth byte holds eight bits. */
function putBits(buf: Uint8Array, pos: number, bits: bigint): number {
  if (bits <= 0xffffffffn) return putUint32(buf, pos, Number(bits));
  const low = Number(bits & 0xfffffffn);
  const high = Number(bits >> 28n); // at most 36 bits, exact
  let next = putLow28(buf, pos, low);
  const middle = high % TWO_28;
  const top = Math.floor(high / TWO_28);
  if (top === 0) return putUint32(buf, next, middle);
  next = putLow28(buf, next, middle);
  buf[next] = top;
  return next + 1;
}

/** Writes a zigzag varint of 64 bits from a bigint. */
export function putBigInt(buf: Uint8Array, pos: number, value: bigint): number {
  const small = Number(value);
  if (Number.isSafeInteger(small)) return putInt(buf, pos, small);
  if (BigInt.asIntN(64, value) !== value) refuse();
  return putBits(buf, pos, BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

/** Writes an unsigned varint of 64 bits from a bigint. */
export function putBigUint(buf: Uint8Array, pos: number, value: bigint): number {
  if (BigInt.asUintN(64, value) !== value) refuse();
  return putBits(buf, pos, value);
}

/** Writes a tagged signed integer: four bytes for up to 31 bits, else a tag byte and eight bytes. */
export function putTaggedInt(view: DataView, pos: number, value: bigint): number {
  if (value >= -0x40000000n && value <= 0x3fffffffn) {
    view.setInt32(pos, Number(value) * 2, true);
    return pos + 4;
  }
  if (BigInt.asIntN(64, value) !== value) refuse();
  view.setUint8(pos, 1);
  view.setBigInt64(pos + 1, value, true);
  return pos + 9;
}

/** Writes a tagged unsigned integer. */
export function putTaggedUint(view: DataView, pos: number, value: bigint): number {
  if (value >= 0n && value <= 0x7fffffffn) {
    view.setUint32(pos, Number(value) * 2, true);
    return pos + 4;
  }
  if (BigInt.asUintN(64, value) !== value) refuse();
  view.setUint8(pos, 1);
  view.setBigUint64(pos + 1, value, true);
  return pos + 9;
}
