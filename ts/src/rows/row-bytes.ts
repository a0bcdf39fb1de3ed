// The bytes below views, and how arrays lie in them.
//
// Owns: what may be read in place (and what is copied first), bitmaps of nulls, heads of arrays. Everything here
// reads what Rust has checked (docs/plan.md#rows); DataView and typed arrays guard what was altered since.

import { AsterError, Code } from "../errors.js";

/** Checked bytes. */
export interface RowBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

/** The bytes as a plain Uint8Array that only its owner can change: shared and resizable memory is copied. */
export function stableBytes(bytes: unknown, what: string): Uint8Array<ArrayBuffer> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${what} takes a Uint8Array`);
  const { buffer, byteOffset, byteLength } = bytes;
  const stable = buffer instanceof ArrayBuffer && (buffer as { resizable?: boolean }).resizable !== true;
  return stable ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
}

export function rowBytesOf(bytes: Uint8Array<ArrayBuffer>): RowBytes {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Bytes of a bitmap of `count` bits: whole words. */
export function bitmapBytes(count: number): number {
  return Math.ceil(count / 64) * 8;
}

/** Whether bit `index` of the bitmap at `at` says null. */
export function isNull({ bytes }: RowBytes, at: number, index: number): boolean {
  return (((bytes[at + (index >>> 3)] as number) >>> (index & 7)) & 1) !== 0;
}

/** Whether one of the first `count` bits of the bitmap at `at` says null. */
export function someNull({ bytes }: RowBytes, at: number, count: number): boolean {
  const whole = count >>> 3;
  for (let index = 0; index < whole; index++) if (bytes[at + index] !== 0) return true;
  const rest = count & 7;
  return rest !== 0 && ((bytes[at + whole] as number) & ((1 << rest) - 1)) !== 0;
}

/** A count or length of 64 bits. */
export function lengthAt({ view }: RowBytes, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** Where the part begins that the pair at `at` leads to; pairs count from the start of what they stand in. */
export function valueStart({ view }: RowBytes, base: number, at: number): number {
  return base + view.getUint32(at + 4, true);
}

/** The size of the part that the pair at `at` leads to. */
export function valueSize({ view }: RowBytes, at: number): number {
  return view.getUint32(at, true);
}

/** What a row says that no value of the schema can be. */
export function malformed(label: string, problem: string): AsterError {
  const init = { isLocal: true, reason: "MALFORMED_MESSAGE" } as const;
  return new AsterError(Code.INVALID_ARGUMENT, `${label}: ${problem}`, init);
}
