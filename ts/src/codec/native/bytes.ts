// Bytes and text of NATIVE payloads, without the checks of a schema.
//
// Owns: access to the bulk functions of Buffer, which work on any Uint8Array.

interface Bulk {
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  ucs2Write(this: Uint8Array, text: string, offset: number, length: number): number;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
  hexWrite(this: Uint8Array, text: string, offset: number, length: number): number;
  hexSlice(this: Uint8Array, start: number, end: number): string;
}

const bulk = Buffer.prototype as unknown as Bulk;

// Calling these functions directly avoids the dispatch by the name of the encoding.
export const latin1Write: Bulk["latin1Write"] = bulk.latin1Write;
export const ucs2Write: Bulk["ucs2Write"] = bulk.ucs2Write;
export const ucs2Slice: Bulk["ucs2Slice"] = bulk.ucs2Slice;
export const hexWrite: Bulk["hexWrite"] = bulk.hexWrite;
export const hexSlice: Bulk["hexSlice"] = bulk.hexSlice;

/** Matches text that is not LATIN1. */
export const ABOVE_LATIN1: RegExp = /[\u0100-\uffff]/;

/** Writes the low 32 bits of an integer. */
export function putFixed32(b: Uint8Array, p: number, x: number): void {
  b[p] = x;
  b[p + 1] = x >>> 8;
  b[p + 2] = x >>> 16;
  b[p + 3] = x >>> 24;
}
