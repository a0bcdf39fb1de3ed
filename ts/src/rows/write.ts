// Values to rows and tables.
//
// Owns: the bytes of rows, straight from the user's objects: no XLANG on the way, so that a table may have more
// rows than a message may have objects. Every part begins at a multiple of 8 and follows the one before; slots of
// nulls and padding are zero, so nothing of our memory leaves with them.

import { Refusal } from "../codec/refusal.js";
import { writeUtf8 } from "../codec/text.js";
import type { MessageWriter } from "../message.js";
import { nodeOf, type SchemaObject } from "../schema/schema.js";
import { describe, entriesOf, fieldInput, Misfit } from "../schema/validate.js";
import { type FixedWidth, fixedWidthOf } from "./fixed.js";
import type { RowField, RowType } from "./layout.js";
import { bitmapBytes } from "./row-bytes.js";

/** Writes what stands behind a slot: appends it, padding apart. */
export type WritePart = (writer: MessageWriter, value: unknown) => void;

/** Writes one kind of value. */
interface Cell {
  readonly nullable: boolean;
  /** Bytes of an element. */
  readonly width: number;
  /** Set for values that stand in their slot. */
  readonly fixed: FixedWidth | null;
  readonly part: WritePart;
}

/** Offsets and sizes have 32 bits. */
const MAX_BYTES = 0xffff_ffff;

/** Writes a message as a row. */
export function rowWriter(schema: SchemaObject, fields: readonly RowField[]): WritePart {
  const node = nodeOf(schema);
  if (node.kind !== "message") throw new Error("a layout of another schema");
  const declared = node.message.fields;
  const slots = fields.map(({ position, type }) => {
    const field = declared[position];
    if (field === undefined) throw new Error("a layout with more fields than its schema");
    return { field, cell: cellOf(field.schema, type) };
  });
  const bitmap = bitmapBytes(slots.length);
  const bytes = bitmap + slots.length * 8;
  return (writer, value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) unfit(node.message.tag, value);
    const base = begin(writer, bytes);
    let slot = 0;
    try {
      for (; slot < slots.length; slot++) {
        const { field, cell } = slots[slot] as (typeof slots)[number];
        put(writer, cell, fieldInput(field, value), base, base, slot, base + bitmap + slot * 8);
      }
    } catch (error) {
      throw within(error, slots[slot]?.field.key ?? slot);
    }
  };
}

/** Writes an array of rows. */
export function tableWriter(row: WritePart): (writer: MessageWriter, rows: readonly unknown[]) => void {
  const cell: Cell = { nullable: false, width: 8, fixed: null, part: row };
  return (writer, rows) => writeArray(writer, cell, rows, rows.length);
}

function cellOf(schema: SchemaObject, type: RowType): Cell {
  const node = nodeOf(schema);
  const cell = (part: WritePart): Cell => ({ nullable: false, width: 8, fixed: null, part });
  switch (node.kind) {
    case "optional":
      return { ...cellOf(node.inner, type), nullable: true };
    case "scalar": {
      if (type.width === undefined) return cell(type.id === 41 ? writeBytes : writeUtf8);
      return {
        nullable: false,
        width: type.width,
        fixed: fixedWidthOf(type.id, node.scalar, ""),
        part: () => {},
      };
    }
    case "list":
      return cell(listWriter(cellOf(node.element, part(type.element))));
    case "set": {
      const element = cellOf(node.element, part(type.element));
      return cell((writer, value) => {
        if (!(value instanceof Set)) unfit("a Set", value);
        const items = [...(value as Set<unknown>)];
        writeArray(writer, element, items, items.length);
      });
    }
    case "map":
      return cell(mapWriter(cellOf(node.key, part(type.key)), cellOf(node.value, part(type.value))));
    case "message":
      return cell(rowWriter(schema, type.fields ?? []));
    default:
      throw new Error(`a row with a place for ${node.kind}`);
  }
}

function part(type: RowType | undefined): RowType {
  if (type === undefined) throw new Error("a layout of another schema");
  return type;
}

/** Ends the writing of a value; who wrote what it stands in adds the path. */
function unfit(expected: string, value: unknown): never {
  throw misfit(expected, value);
}

function misfit(expected: string, value: unknown): Misfit {
  return new Misfit(`expected ${expected}, got ${describe(value)}`);
}

/** An error with one step more in front of its path. */
function within(error: unknown, step: PropertyKey): unknown {
  const found = error instanceof Refusal ? new Misfit(error.message) : error;
  if (found instanceof Misfit) found.path.unshift(step);
  return found;
}

/** Up to this many bytes a loop is faster than a call into the runtime. */
const FEW_BYTES = 256;

/** Appends zeros, a multiple of 8; gives where they begin. */
function begin(writer: MessageWriter, bytes: number): number {
  writer.ensure(bytes);
  const start = writer.pos;
  const end = start + bytes;
  if (bytes > FEW_BYTES) writer.buf.fill(0, start, end);
  else for (let at = start; at < end; at += 8) writer.view.setFloat64(at, 0);
  writer.pos = end;
  return start;
}

/** Appends zeros up to a multiple of 8. */
function pad(writer: MessageWriter): void {
  writer.ensure(7);
  while ((writer.pos & 7) !== 0) writer.buf[writer.pos++] = 0;
}

/** Fills the place at `at`: with the value, with where it is, or with nothing and bit `bit` of the bitmap. */
function put(
  writer: MessageWriter,
  cell: Cell,
  value: unknown,
  base: number,
  bitmap: number,
  bit: number,
  at: number,
): void {
  const { fixed } = cell;
  if (value === null) {
    if (!cell.nullable) throw new Misfit("null where a value is required");
    const byte = bitmap + (bit >>> 3);
    writer.buf[byte] = (writer.buf[byte] as number) | (1 << (bit & 7));
  } else if (fixed !== null) {
    if (!fixed.scalar.fits(value)) unfit(fixed.scalar.expected, value);
    fixed.write(writer.view, at, value);
  } else {
    const start = writer.pos;
    cell.part(writer, value);
    if (writer.pos > MAX_BYTES) throw new Misfit("more than 4 GiB");
    writer.view.setUint32(at, writer.pos - start, true);
    writer.view.setUint32(at + 4, start - base, true);
    pad(writer);
  }
}

function writeBytes(writer: MessageWriter, value: unknown): void {
  if (!(value instanceof Uint8Array)) unfit("a Uint8Array", value);
  writer.ensure(value.length);
  writer.buf.set(value, writer.pos);
  writer.pos += value.length;
}

/** Appends the count, the bitmap and zeros for the elements; gives where the elements begin. */
function beginArray(writer: MessageWriter, count: number, width: number): number {
  const bitmap = bitmapBytes(count);
  const base = begin(writer, 8 + bitmap + Math.ceil((count * width) / 8) * 8);
  writer.view.setUint32(base, count, true); // arrays of JavaScript have fewer than 2^32 elements
  return base + 8 + bitmap;
}

function writeArray(writer: MessageWriter, cell: Cell, items: ArrayLike<unknown>, count: number): void {
  const base = writer.pos;
  const first = beginArray(writer, count, cell.width);
  let index = 0;
  try {
    for (; index < count; index++) {
      put(writer, cell, items[index], base, base + 8, index, first + index * cell.width);
    }
  } catch (error) {
    throw within(error, index);
  }
}

function listWriter(element: Cell): WritePart {
  return (writer, value) => {
    if (Array.isArray(value)) writeArray(writer, element, value, value.length);
    else if (ArrayBuffer.isView(value)) writeTyped(writer, element, value);
    else unfit("an array", value);
  };
}

/** A list from a typed array: as it is where its form is that of the row, else number by number. */
function writeTyped(writer: MessageWriter, { fixed, width }: Cell, value: ArrayBufferView): void {
  if (fixed === null || value instanceof DataView) unfit("an array", value);
  const items = value as ArrayBufferView & ArrayLike<unknown>;
  const { length } = items;
  const first = beginArray(writer, length, width);
  // Bools, and 64 bits that are to be safe integers, have fewer values than their form.
  const every =
    fixed.scalar.js !== "bool" && !(fixed.stored === BigInt64Array && fixed.scalar.js === "number");
  if (every && value instanceof fixed.stored) {
    writer.buf.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), first);
    return;
  }
  for (let index = 0; index < length; index++) {
    const item = items[index];
    if (!fixed.scalar.fits(item)) throw within(misfit(fixed.scalar.expected, item), index);
    fixed.write(writer.view, first + index * width, item);
  }
}

/** The length of the array of keys, that array, the array of values. */
function mapWriter(key: Cell, value: Cell): WritePart {
  return (writer, given) => {
    const entries = entriesOf(given);
    if (entries === null) unfit("a Map or a plain object", given);
    const keys = entries.map((entry) => entry[0]);
    const start = begin(writer, 8);
    try {
      writeArray(writer, key, keys, keys.length);
      writer.view.setUint32(start, writer.pos - start - 8, true);
      writeArray(
        writer,
        value,
        entries.map((entry) => entry[1]),
        keys.length,
      );
    } catch (error) {
      if (error instanceof Misfit) error.path[0] = stepOf(keys[error.path[0] as number]);
      throw error;
    }
  };
}

/** A key in a path; keys that are objects are not turned to text, which could run code of theirs. */
function stepOf(key: unknown): PropertyKey {
  return typeof key === "number" || typeof key === "symbol"
    ? key
    : typeof key === "object"
      ? "key"
      : String(key);
}
