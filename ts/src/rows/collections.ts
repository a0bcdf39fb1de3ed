// Sets, maps and records that are read in place.
//
// Owns: the views that users get. Keys from the bytes are only compared, never used as property names, so a peer cannot
// choose a property such as `__proto__`.

import { scalarKinds } from "../schema/kinds.js";
import type { ArrayCells } from "./cells.js";
import { DecodedSize } from "./decoded-size.js";
import { valueSize, valueStart } from "./row-bytes.js";
import { plainArray } from "./sequence.js";

/** A set that is read in place. */
export class SetView {
  readonly #cells: ArrayCells;

  constructor(cells: ArrayCells) {
    this.#cells = cells;
  }

  get size(): number {
    return this.#cells.count;
  }

  has(value: unknown): boolean {
    return lastIndex(this.#cells, value) !== -1;
  }

  *[Symbol.iterator](): IterableIterator<unknown> {
    yield* lazily(this.#cells);
  }

  toSet(): Set<unknown> {
    const size = new DecodedSize(this.#cells.source);
    return size.set(plainArray(this.#cells, size));
  }
}

/** A map or record that is read in place. */
export class MapView {
  readonly #keys: ArrayCells;
  readonly #values: ArrayCells;

  constructor(keys: ArrayCells, values: ArrayCells) {
    this.#keys = keys;
    this.#values = values;
  }

  get size(): number {
    return this.#keys.count;
  }

  get(key: unknown): unknown {
    const index = lastIndex(this.#keys, key);
    return index === -1 ? undefined : this.#values.lazy(index);
  }

  has(key: unknown): boolean {
    return lastIndex(this.#keys, key) !== -1;
  }

  keys(): IterableIterator<unknown> {
    return lazily(this.#keys);
  }

  values(): IterableIterator<unknown> {
    return lazily(this.#values);
  }

  *[Symbol.iterator](): IterableIterator<[unknown, unknown]> {
    for (let index = 0; index < this.#keys.count; index++) {
      yield [this.#keys.lazy(index), this.#values.lazy(index)];
    }
  }

  toMap(): Map<unknown, unknown> {
    const size = new DecodedSize(this.#keys.source);
    return size.map(plainEntries(this.#keys, this.#values, size));
  }
}

/** The entries of a map, decoded. */
export function plainEntries(keys: ArrayCells, values: ArrayCells, size: DecodedSize): [unknown, unknown][] {
  const entries: [unknown, unknown][] = [];
  for (let index = 0; index < keys.count; index++)
    entries.push([keys.plain(index, size), values.plain(index, size)]);
  return entries;
}

function* lazily(cells: ArrayCells): IterableIterator<unknown> {
  for (let index = 0; index < cells.count; index++) yield cells.lazy(index);
}

/** The last index of `wanted`, compared as a Map compares keys, or -1. Strings are compared as bytes. */
function lastIndex(cells: ArrayCells, wanted: unknown): number {
  if (cells.reader.text) return typeof wanted === "string" ? lastText(cells, wanted) : -1;
  for (let index = cells.count - 1; index >= 0; index--) {
    const value = cells.lazy(index);
    if (value === wanted || (Number.isNaN(value) && Number.isNaN(wanted))) return index;
  }
  return -1;
}

function lastText(cells: ArrayCells, wanted: string): number {
  if (!scalarKinds.string.fits(wanted)) return -1;
  const { source } = cells;
  const bytes = Buffer.from(wanted);
  for (let index = cells.count - 1; index >= 0; index--) {
    const position = cells.position(cells.start, index);
    if (valueSize(source, position) !== bytes.length || cells.isNull(cells.start, index)) continue;
    const start = valueStart(source, cells.start, position);
    if (bytes.equals(source.bytes.subarray(start, start + bytes.length))) return index;
  }
  return -1;
}
