// Tables that are read in place: arrays of rows.
//
// Owns: the view that users get for a table.

import { COST } from "../codec/costs.js";
import { ColumnCells } from "./cells.js";
import { DecodedSize } from "./decoded-size.js";
import { bitmapBytes, lengthAt, malformed, type RowBytes, someNull, valueStart } from "./row-bytes.js";
import type { MessageReader, RowBase } from "./row-view.js";
import { ColumnView, indexOf } from "./sequence.js";

/** A table that is read in place. */
export class TableView {
  readonly length: number;
  readonly #source: RowBytes;
  readonly #message: MessageReader;
  readonly #rows: number;

  constructor(message: MessageReader, source: RowBytes) {
    this.length = lengthAt(source, 0);
    this.#source = source;
    this.#message = message;
    this.#rows = 8 + bitmapBytes(this.length);
    if (someNull(source, 8, this.length)) {
      throw malformed(message.definition.tag, "a table with a null row; every row must have a value");
    }
  }

  row(index: number): RowBase {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return this.#row(index);
    throw new RangeError(`there is no row ${index} in a table of ${this.length} rows`);
  }

  at(index: number): RowBase | undefined {
    const at = indexOf(index, this.length);
    return at === -1 ? undefined : this.#row(at);
  }

  *[Symbol.iterator](): IterableIterator<RowBase> {
    for (let index = 0; index < this.length; index++) yield this.#row(index);
  }

  column(key: string): ColumnView {
    const { fields, definition } = this.#message;
    const field = fields.find((candidate) => candidate.key === key);
    if (field === undefined) throw new TypeError(`column(): ${definition.tag} has no field ${String(key)}`);
    const { slot, reader } = field;
    return new ColumnView(new ColumnCells(this.#source, reader, this.length, slot, fields.length));
  }

  toArray(): object[] {
    const size = new DecodedSize(this.#source);
    size.charge(COST.list + this.length * COST.slot);
    const rows: object[] = [];
    for (let index = 0; index < this.length; index++) {
      rows.push(this.#message.plain(this.#source, this.#start(index), size));
    }
    return rows;
  }

  #row(index: number): RowBase {
    return this.#message.view(this.#source, this.#start(index));
  }

  #start(index: number): number {
    return valueStart(this.#source, 0, this.#rows + index * 8);
  }
}
