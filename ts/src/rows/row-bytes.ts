// The bytes behind views, and the layout of arrays in them.
//
// Owns: which buffers are read in place and which are copied first, null bitmaps, and the start of arrays. Rust checked
// all bytes before (docs/plan.md#rows). If the user changes them later, DataView and typed arrays stop reads outside.

import { AsterError, Code } from "../errors.js";

/** Bytes that Rust has checked. */
export interface RowBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** The largest estimated size of what one call decodes, in bytes. */
  readonly maxDecoded: number;
}

/** The bytes as a plain Uint8Array. Shared and resizable memory is copied, because others could change it. */
export function stableBytes(bytes: unknown, what: string): Uint8Array<ArrayBuffer> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${what} needs a Uint8Array`);
  const { buffer, byteOffset, byteLength } = bytes;
  const stable = buffer instanceof ArrayBuffer && (buffer as { resizable?: boolean }).resizable !== true;
  return stable ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
}

export function rowBytesOf(bytes: Uint8Array<ArrayBuffer>, maxDecoded: number): RowBytes {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), maxDecoded };
}

/** The size in bytes of a bitmap of `count` bits. It is a multiple of 8. */
export function bitmapBytes(count: number): number {
  return Math.ceil(count / 64) * 8;
}

/** True when bit `index` of the null bitmap at `at` is set. */
export function isNull({ bytes }: RowBytes, at: number, index: number): boolean {
  return (((bytes[at + (index >>> 3)] as number) >>> (index & 7)) & 1) !== 0;
}

/** True when one of the first `count` bits of the null bitmap at `at` is set. */
export function someNull({ bytes }: RowBytes, at: number, count: number): boolean {
  const whole = count >>> 3;
  for (let index = 0; index < whole; index++) if (bytes[at + index] !== 0) return true;
  const rest = count & 7;
  return rest !== 0 && ((bytes[at + whole] as number) & ((1 << rest) - 1)) !== 0;
}

/** Reads a count or length of 64 bits. */
export function lengthAt({ view }: RowBytes, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** The start of a value that is not in its slot. The slot at `at` holds its offset from `base` and its size. */
export function valueStart({ view }: RowBytes, base: number, at: number): number {
  return base + view.getUint32(at + 4, true);
}

/** The size in bytes of a value that is not in its slot. */
export function valueSize({ view }: RowBytes, at: number): number {
  return view.getUint32(at, true);
}

/** The error for row bytes that no value of the schema can have. */
export function malformed(label: string, problem: string): AsterError {
  const init = { isLocal: true, reason: "MALFORMED_MESSAGE" } as const;
  return new AsterError(Code.INVALID_ARGUMENT, `${label}: ${problem}`, init);
}
