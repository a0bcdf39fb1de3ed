// Values of fixed width: booleans, integers, floats.
//
// Owns: how each kind is read from and written to its position.

import type { ScalarKind } from "../schema/kinds.js";
import { malformed } from "./row-bytes.js";
import type { RowArrayKind } from "./types.js";

/** A kind of fixed width, for one field or element. */
export interface FixedWidth {
  readonly scalar: ScalarKind;
  readonly width: number;
  /** The typed array with the same bytes as a list of these values. */
  readonly stored: RowArrayKind;
  /** The typed array of `toTypedArray()`. */
  readonly copied: new (
    length: number,
  ) => Uint8Array | Float64Array | BigInt64Array;
  read(view: DataView, at: number): unknown;
  /** Writes a value that was checked before. */
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

/** The access to a kind of fixed width, by its Fory type id. `label` is its name in error texts. */
export function fixedWidthOf(id: number, scalar: ScalarKind, label: string): FixedWidth {
  const access = byId[id];
  if (access === undefined) throw new Error(`no row values with the type id ${id}`);
  const copied = scalar.js === "bigint" ? BigInt64Array : scalar.js === "bool" ? Uint8Array : Float64Array;
  const safe = id === 6 && scalar.js === "number" ? safeInteger(label) : {};
  return { ...access, ...safe, scalar, copied };
}

/** Access to 64-bit integers as numbers, without bigints. */
function safeInteger(label: string): Pick<FixedWidth, "read" | "write"> {
  return {
    read(view, at) {
      const value = view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true);
      if (Number.isSafeInteger(value)) return value;
      throw malformed(label, "an integer that is too large for a number; declare it as t.bigint");
    },
    write(view, at, value) {
      const number = value as number;
      view.setUint32(at, number, true); // the low 32 bits, also for negative numbers
      view.setInt32(at + 4, Math.floor(number / TWO_32), true);
    },
  };
}
