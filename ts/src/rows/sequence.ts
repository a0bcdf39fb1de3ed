// Lists and columns that are read in place.
//
// Owns: the views that users get, and the conversion to typed arrays.

import { COST } from "../codec/costs.js";
import type { ArrayCells, Cells } from "./cells.js";
import { DecodedSize } from "./decoded-size.js";
import { malformed, someNull } from "./row-bytes.js";
import type { RowArray, RowArrayKind } from "./types.js";

/** One field of all rows of a table. */
export class ColumnView {
  readonly #cells: Cells;

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  get length(): number {
    return this.#cells.count;
  }

  at(index: number): unknown {
    const at = indexOf(index, this.#cells.count);
    return at === -1 ? undefined : this.#cells.lazy(at);
  }

  *[Symbol.iterator](): IterableIterator<unknown> {
    const cells = this.#cells;
    for (let index = 0; index < cells.count; index++) yield cells.lazy(index);
  }

  toArray(): unknown[] {
    return plainArray(this.#cells, new DecodedSize(this.#cells.source));
  }

  toTypedArray(whenNull?: unknown): RowArray {
    const { reader, count } = this.#cells;
    const { fixed } = reader;
    if (fixed === null)
      throw new TypeError(`${reader.label}: toTypedArray() needs a field of numbers, bigints or booleans`);
    if (whenNull !== undefined && !fixed.scalar.fits(whenNull)) {
      throw new TypeError(`${reader.label}: whenNull must be ${fixed.scalar.expected}`);
    }
    const copy = new fixed.copied(count);
    this.#cells.copyInto(fixed, copy, whenNull);
    return copy;
  }
}

/** A list that is read in place. */
export class ListView extends ColumnView {
  readonly #cells: ArrayCells;

  constructor(cells: ArrayCells) {
    super(cells);
    this.#cells = cells;
  }

  asTypedArray<A extends RowArray>(kind: RowArrayKind<A>): A {
    const { source, reader, count, start, first } = this.#cells;
    const stored = reader.fixed?.stored;
    if ((kind as unknown) !== stored) {
      throw new TypeError(
        stored === undefined
          ? `${reader.label}: asTypedArray() needs a list of numbers, bigints or booleans`
          : `${reader.label}: the list is stored as ${stored.name}, not as ${String(kind?.name)}`,
      );
    }
    if (someNull(source, start + 8, count)) {
      throw malformed(reader.label, "a null, which a typed array cannot hold; use toTypedArray(whenNull)");
    }
    const { bytes } = source;
    if ((bytes.byteOffset + first) % kind.BYTES_PER_ELEMENT === 0) {
      return new kind(bytes.buffer, bytes.byteOffset + first, count);
    }
    return new kind(bytes.slice(first, first + count * kind.BYTES_PER_ELEMENT).buffer, 0, count);
  }
}

/** The index that an array method would use, where negative indexes count from the end; -1 when out of range. */
export function indexOf(index: number, count: number): number {
  const at = Math.trunc(index) || 0;
  const positive = at < 0 ? at + count : at;
  return positive >= 0 && positive < count ? positive : -1;
}

/** All values of an array or column, decoded. */
export function plainArray(cells: Cells, size: DecodedSize): unknown[] {
  size.charge(COST.list + cells.count * COST.slot);
  // The array starts empty: if the bytes changed after the check, reading fails before much memory is allocated.
  const values: unknown[] = [];
  for (let index = 0; index < cells.count; index++) values.push(cells.plain(index, size));
  return values;
}
