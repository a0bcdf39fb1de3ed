// How each kind of value is read. Readers are made once for a layout and its schema.
//
// Owns: the decoding of slots and elements. Each message type has one reader, also when several fields use it.

import { COST } from "../codec/costs.js";
import { utf8Of } from "../codec/text.js";
import type { ScalarKind } from "../schema/kinds.js";
import { nodeOf, type SchemaObject } from "../schema/schema.js";
import { recordOf } from "../schema/validate.js";
import { ArrayCells, type CellReader } from "./cells.js";
import { MapView, plainEntries, SetView } from "./collections.js";
import type { DecodedSize } from "./decoded-size.js";
import { fixedWidthOf } from "./fixed.js";
import type { RowField, RowType } from "./layout.js";
import { lengthAt, malformed, type RowBytes, valueSize, valueStart } from "./row-bytes.js";
import { type MessageReader, messageReader } from "./row-view.js";
import { ListView, plainArray } from "./sequence.js";

type Read = (source: RowBytes, base: number, at: number) => unknown;
type ReadPlain = CellReader["plain"];

/** Makes the reader of the message at the root of a layout. */
export function rootReader(schema: SchemaObject, fields: readonly RowField[]): MessageReader {
  return new CellReaders().message(schema, fields, null);
}

class CellReaders {
  readonly #messages = new Map<number, MessageReader>();

  /** @param type the index of the message in the plan; null for the root, which no field contains */
  message(schema: SchemaObject, fields: readonly RowField[], type: number | null): MessageReader {
    const known = type === null ? undefined : this.#messages.get(type);
    if (known !== undefined) return known;
    const node = nodeOf(schema);
    if (node.kind !== "message") throw new Error("a layout of another schema");
    const definition = node.message;
    const readers = fields.map(({ position, type: inner }, slot) => {
      const field = definition.fields[position];
      if (field === undefined) throw new Error("a layout with more fields than its schema");
      const { key } = field;
      return { key, slot, position, reader: this.#reader(field.schema, inner, `${definition.tag}.${key}`) };
    });
    const message = messageReader(definition, readers);
    if (type !== null) this.#messages.set(type, message);
    return message;
  }

  #reader(schema: SchemaObject, type: RowType, label: string): CellReader {
    const node = nodeOf(schema);
    if (node.kind === "optional") return { ...this.#reader(node.inner, type, label), nullable: true };
    const common = { label, nullable: false, fixed: null, text: false };
    switch (node.kind) {
      case "scalar": {
        if (type.width === undefined)
          return { ...common, ...(type.id === 41 ? bytes(node.lend) : text(label)) };
        const fixed = fixedWidthOf(type.id, node.scalar, label);
        const cost = costOfFixed(node.scalar);
        const read: Read = ({ view }, _base, at) => fixed.read(view, at);
        const plain: ReadPlain = ({ view }, _base, at, size) => {
          if (cost > 0) size.charge(cost);
          return fixed.read(view, at);
        };
        return { ...common, fixed, lazy: read, plain };
      }
      case "list":
      case "set": {
        const cells = this.#cells(node.element, type.element, `${label}[]`);
        if (node.kind === "list") return { ...common, ...views(cells, (c) => new ListView(c), plainArray) };
        return {
          ...common,
          ...views(
            cells,
            (c) => new SetView(c),
            (c, size) => size.set(plainArray(c, size)),
          ),
        };
      }
      case "map": {
        const { record } = node;
        const keys = this.#cells(node.key, type.key, `${label} key`);
        const values = this.#cells(node.value, type.value, `${label}[]`);
        return { ...common, ...mapReader(keys, values, record) };
      }
      case "message": {
        const message = this.message(schema, type.fields ?? [], type.type ?? null);
        const lazy: Read = (source, base, at) => message.view(source, valueStart(source, base, at));
        const plain: ReadPlain = (source, base, at, size) =>
          message.plain(source, valueStart(source, base, at), size);
        return { ...common, lazy, plain };
      }
      default:
        throw new Error(`a row cannot hold ${node.kind}`);
    }
  }

  #cells(schema: SchemaObject, type: RowType | undefined, label: string): Cells {
    if (type === undefined) throw new Error("a layout of another schema");
    const reader = this.#reader(schema, type, label);
    return (source, start) => new ArrayCells(source, reader, start);
  }
}

/** Makes the cells of the array that begins at a position. */
type Cells = (source: RowBytes, start: number) => ArrayCells;

type Reads = Pick<CellReader, "lazy" | "plain">;

function views(
  cells: Cells,
  lazy: (cells: ArrayCells) => unknown,
  plain: (cells: ArrayCells, size: DecodedSize) => unknown,
): Reads {
  return {
    lazy: (source, base, at) => lazy(cells(source, valueStart(source, base, at))),
    plain: (source, base, at, size) => plain(cells(source, valueStart(source, base, at)), size),
  };
}

function mapReader(keys: Cells, values: Cells, record: boolean): Reads {
  const sides = (source: RowBytes, base: number, at: number): [ArrayCells, ArrayCells] => {
    const start = valueStart(source, base, at);
    return [keys(source, start + 8), values(source, start + 8 + lengthAt(source, start))];
  };
  return {
    lazy: (source, base, at) => new MapView(...sides(source, base, at)),
    plain(source, base, at, size) {
      const entries = plainEntries(...sides(source, base, at), size);
      if (!record) return size.map(entries);
      size.record(entries);
      return recordOf(entries);
    },
  };
}

function text(label: string): Reads & { readonly text: true } {
  const read: Read = (source, base, at) => {
    const value = utf8Of(source.bytes, valueStart(source, base, at), valueSize(source, at));
    if (value === null) throw malformed(label, "a string that is not valid UTF-8");
    return value;
  };
  const plain: ReadPlain = (source, base, at, size) => {
    size.charge(COST.text + 2 * valueSize(source, at));
    return read(source, base, at);
  };
  return { text: true, lazy: read, plain };
}

function bytes(lend: boolean): Reads {
  const read: Read = (source, base, at) => {
    const start = valueStart(source, base, at);
    const end = start + valueSize(source, at);
    return lend ? source.bytes.subarray(start, end) : source.bytes.slice(start, end);
  };
  const plain: ReadPlain = (source, base, at, size) => {
    size.charge(lend ? COST.bytesView : COST.bytes + valueSize(source, at));
    return read(source, base, at);
  };
  return { lazy: read, plain };
}

/** What a number costs, where it is an object of its own. */
function costOfFixed({ js }: ScalarKind): number {
  return js === "bigint" ? COST.bigint : js === "float" ? COST.float : 0;
}
