// Values of a fixed width: booleans, integers, floats.
//
// Owns: how each is read from and written to its place.

import type { ScalarKind } from "../schema/kinds.js";
import { malformed } from "./row-bytes.js";
import type { RowArrayKind } from "./types.js";

/** A kind of a fixed width, at a place of the schema. */
export interface FixedWidth {
  readonly scalar: ScalarKind;
  readonly width: number;
  /** The typed array that has the same bytes. */
  readonly stored: RowArrayKind;
  /** What a copy of many comes in. */
  readonly copied: new (
    length: number,
  ) => Uint8Array | Float64Array | BigInt64Array;
  read(view: DataView, at: number): unknown;
  /** The value fits the kind. */
  write(view: DataView, at: number, value: unknown): void;
}

type Access = Pick<FixedWidth, "width" | "stored" | "read" | "write">;

const TWO_32 = 2 ** 32;

const byId: Readonly<Record<number, Access>> = {
  1: {
    width: 1,
    stored: Uint8Array,
    read: (view, at) => view.getUint8(at) !== 0,
    write: (view, at, value) => view.setUint8(at, value === true ? 1 : 0),
  },
  2: {
    width: 1,
    stored: Int8Array,
    read: (view, at) => view.getInt8(at),
    write: (view, at, value) => view.setInt8(at, value as number),
  },
  3: {
    width: 2,
    stored: Int16Array,
    read: (view, at) => view.getInt16(at, true),
    write: (view, at, value) => view.setInt16(at, value as number, true),
  },
  4: {
    width: 4,
    stored: Int32Array,
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, value) => view.setInt32(at, value as number, true),
  },
  6: {
    width: 8,
    stored: BigInt64Array,
    read: (view, at) => view.getBigInt64(at, true),
    write: (view, at, value) => view.setBigInt64(at, value as bigint, true),
  },
  19: {
    width: 4,
    stored: Float32Array,
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, value) => view.setFloat32(at, value as number, true),
  },
  20: {
    width: 8,
    stored: Float64Array,
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value) => view.setFloat64(at, value as number, true),
  },
};

/** A kind by the number of its form; `label` names the place in errors. */
export function fixedWidthOf(id: number, scalar: ScalarKind, label: string): FixedWidth {
  const access = byId[id];
  if (access === undefined) throw new Error(`a row of values with the number ${id}`);
  const copied = scalar.js === "bigint" ? BigInt64Array : scalar.js === "bool" ? Uint8Array : Float64Array;
  const safe = id === 6 && scalar.js === "number" ? safeInteger(label) : {};
  return { ...access, ...safe, scalar, copied };
}

/** 64 bits as a number, without a bigint on the way. */
function safeInteger(label: string): Pick<FixedWidth, "read" | "write"> {
  return {
    read(view, at) {
      const value = view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true);
      if (Number.isSafeInteger(value)) return value;
      throw malformed(label, "an integer that no number holds exactly; t.bigint does");
    },
    write(view, at, value) {
      const number = value as number;
      view.setUint32(at, number, true); // modulo 2^32, also of negative numbers
      view.setInt32(at + 4, Math.floor(number / TWO_32), true);
    },
  };
}
