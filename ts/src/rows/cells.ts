// Where the values of a list or of a column are.
//
// Owns: the two ways in which values of one kind follow each other: as elements of an array, and as one field of
// many rows. Does not own: what a value is (`reader.ts`).

import type { FixedWidth } from "./fixed.js";
import { bitmapBytes, isNull, lengthAt, malformed, type RowBytes, valueStart } from "./row-bytes.js";
import type { RowArray } from "./types.js";

/** Reads one kind of value at a place of the schema. */
export interface CellReader {
  /** Names the place in errors. */
  readonly label: string;
  readonly nullable: boolean;
  /** Set for values of a fixed width. */
  readonly fixed: FixedWidth | null;
  /** Whether it is text. */
  readonly text: boolean;
  /** The value of a slot or element: single values as they are, everything with parts as a view. */
  lazy(source: RowBytes, base: number, at: number): unknown;
  /** The same, materialised. */
  plain(source: RowBytes, base: number, at: number): unknown;
}

/** Values of one kind, by index. Indexes are not checked here. */
export abstract class Cells {
  readonly source: RowBytes;
  readonly reader: CellReader;
  readonly count: number;

  constructor(source: RowBytes, reader: CellReader, count: number) {
    this.source = source;
    this.reader = reader;
    this.count = count;
  }

  /** The start of the row or array that the pair of the value counts from. */
  abstract base(index: number): number;
  /** The place of the value or of its pair. */
  abstract place(base: number, index: number): number;
  abstract isNull(base: number, index: number): boolean;
  /** Fills `into` with values of a fixed width; `whenNull` stands for null, undefined refuses it. */
  abstract copyInto(fixed: FixedWidth, into: RowArray, whenNull: unknown): void;

  lazy(index: number): unknown {
    const base = this.base(index);
    if (this.isNull(base, index)) return this.null();
    return this.reader.lazy(this.source, base, this.place(base, index));
  }

  plain(index: number): unknown {
    const base = this.base(index);
    if (this.isNull(base, index)) return this.null();
    return this.reader.plain(this.source, base, this.place(base, index));
  }

  /** What is given for a null at `index`, or an error. */
  protected refuseNull(index: number): never {
    throw malformed(this.reader.label, `null at ${index}; toTypedArray(whenNull) takes a value for it`);
  }

  /** Null, where the schema has it. */
  null(): null {
    if (this.reader.nullable) return null;
    throw malformed(this.reader.label, "null where a value is required");
  }
}

/** The elements of an array. */
export class ArrayCells extends Cells {
  readonly start: number;
  readonly first: number;
  readonly #width: number;

  /** The array that begins at `start`. */
  constructor(source: RowBytes, reader: CellReader, start: number) {
    const count = lengthAt(source, start);
    // The check has seen to it; bytes that were altered since are not to size anything.
    if (count > source.bytes.length) throw new RangeError(`${reader.label}: the bytes were altered`);
    super(source, reader, count);
    this.start = start;
    this.first = start + 8 + bitmapBytes(count);
    this.#width = reader.fixed?.width ?? 8;
  }

  base(): number {
    return this.start;
  }

  place(_base: number, index: number): number {
    return this.first + index * this.#width;
  }

  isNull(base: number, index: number): boolean {
    return isNull(this.source, base + 8, index);
  }

  copyInto(fixed: FixedWidth, into: RowArray, whenNull: unknown): void {
    const { source, start, count } = this;
    for (let index = 0; index < count; index++) {
      if (!isNull(source, start + 8, index)) {
        into[index] = fixed.read(source.view, this.first + index * fixed.width) as never;
      } else into[index] = (whenNull ?? this.refuseNull(index)) as never;
    }
  }
}

/** One field of all rows of a table, which is an array without nulls. */
export class ColumnCells extends Cells {
  readonly #rows: number;
  readonly #slot: number;
  readonly #place: number;

  /** `slot` is the index of the field in a row of `fields`. */
  constructor(source: RowBytes, reader: CellReader, count: number, slot: number, fields: number) {
    super(source, reader, count);
    this.#rows = 8 + bitmapBytes(count);
    this.#slot = slot;
    this.#place = bitmapBytes(fields) + slot * 8;
  }

  base(index: number): number {
    return valueStart(this.source, 0, this.#rows + index * 8);
  }

  place(base: number): number {
    return base + this.#place;
  }

  isNull(base: number): boolean {
    return isNull(this.source, base, this.#slot);
  }

  copyInto(fixed: FixedWidth, into: RowArray, whenNull: unknown): void {
    const { view, bytes } = this.source;
    const [rows, place] = [this.#rows, this.#place];
    const [byte, bit] = [this.#slot >>> 3, 1 << (this.#slot & 7)];
    for (let index = 0; index < this.count; index++) {
      const base = view.getUint32(rows + index * 8 + 4, true);
      if (((bytes[base + byte] as number) & bit) === 0) {
        into[index] = fixed.read(view, base + place) as never;
      } else into[index] = (whenNull ?? this.refuseNull(index)) as never;
    }
  }
}
