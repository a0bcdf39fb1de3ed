// The positions of the values of a list or of a column.
//
// Owns: the two arrangements of values of one kind: the elements of an array, and one field of many rows. Does not own:
// how a value is decoded (`reader.ts`).

import type { DecodedSize } from "./decoded-size.js";
import type { FixedWidth } from "./fixed.js";
import { bitmapBytes, isNull, lengthAt, malformed, type RowBytes, valueStart } from "./row-bytes.js";
import type { RowArray } from "./types.js";

/** Reads values of one kind. */
export interface CellReader {
  /** The name of the field or element in error texts. */
  readonly label: string;
  readonly nullable: boolean;
  /** Set for values of fixed width, which are stored in their slot. */
  readonly fixed: FixedWidth | null;
  /** True for strings. */
  readonly text: boolean;
  /** Reads the value of a slot or element. Lists, sets, maps and messages are returned as views. */
  lazy(source: RowBytes, base: number, at: number): unknown;
  /** Reads the value with everything inside it. Nothing of the result refers to the bytes, except `t.bytes.view`. */
  plain(source: RowBytes, base: number, at: number, size: DecodedSize): unknown;
}

/** Values of one kind, by index. The methods do not check the index. */
export abstract class Cells {
  readonly source: RowBytes;
  readonly reader: CellReader;
  readonly count: number;

  constructor(source: RowBytes, reader: CellReader, count: number) {
    this.source = source;
    this.reader = reader;
    this.count = count;
  }

  /** The start of the row or array that contains the value. Offsets of values count from here. */
  abstract base(index: number): number;
  /** The position of the value, or of its offset and size when it is not stored in the slot. */
  abstract position(base: number, index: number): number;
  abstract isNull(base: number, index: number): boolean;
  /** Copies values of fixed width into `into`. A null is replaced by `whenNull`; it fails when that is undefined. */
  abstract copyInto(fixed: FixedWidth, into: RowArray, whenNull: unknown): void;

  lazy(index: number): unknown {
    const base = this.base(index);
    if (this.isNull(base, index)) return this.null();
    return this.reader.lazy(this.source, base, this.position(base, index));
  }

  plain(index: number, size: DecodedSize): unknown {
    const base = this.base(index);
    if (this.isNull(base, index)) return this.null();
    return this.reader.plain(this.source, base, this.position(base, index), size);
  }

  /** Fails because of a null that a typed array cannot hold. */
  protected refuseNull(index: number): never {
    throw malformed(
      this.reader.label,
      `null at index ${index}; pass whenNull to toTypedArray() to replace nulls`,
    );
  }

  /** Returns null where the schema allows null, else fails. */
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
    // Rust checked the count. If the bytes changed after that, the count must not decide how much memory is allocated.
    if (count > source.bytes.length)
      throw new RangeError(`${reader.label}: the bytes changed after the check`);
    super(source, reader, count);
    this.start = start;
    this.first = start + 8 + bitmapBytes(count);
    this.#width = reader.fixed?.width ?? 8;
  }

  base(): number {
    return this.start;
  }

  position(_base: number, index: number): number {
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

/** One field of all rows of a table. A table is an array of rows without nulls. */
export class ColumnCells extends Cells {
  readonly #rows: number;
  readonly #slot: number;
  readonly #position: number;

  /** @param slot the index of the field in a row that has `fields` fields */
  constructor(source: RowBytes, reader: CellReader, count: number, slot: number, fields: number) {
    super(source, reader, count);
    this.#rows = 8 + bitmapBytes(count);
    this.#slot = slot;
    this.#position = bitmapBytes(fields) + slot * 8;
  }

  base(index: number): number {
    return valueStart(this.source, 0, this.#rows + index * 8);
  }

  position(base: number): number {
    return base + this.#position;
  }

  isNull(base: number): boolean {
    return isNull(this.source, base, this.#slot);
  }

  copyInto(fixed: FixedWidth, into: RowArray, whenNull: unknown): void {
    const { view, bytes } = this.source;
    const [rows, position] = [this.#rows, this.#position];
    const [byte, bit] = [this.#slot >>> 3, 1 << (this.#slot & 7)];
    for (let index = 0; index < this.count; index++) {
      const base = view.getUint32(rows + index * 8 + 4, true);
      if (((bytes[base + byte] as number) & bit) === 0) {
        into[index] = fixed.read(view, base + position) as never;
      } else into[index] = (whenNull ?? this.refuseNull(index)) as never;
    }
  }
}
