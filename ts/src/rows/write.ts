// Writing rows and tables.
//
// Owns: the bytes of rows. They are written directly from the user's objects and not from XLANG, so a table may have more
// rows than a message may have objects. Each value that is not in its slot begins at a multiple of 8, after the one
// before it. Slots of nulls and padding are zero, so no old memory of this process is sent.

import { Refusal } from "../codec/refusal.js";
import { writeUtf8 } from "../codec/text.js";
import type { MessageWriter } from "../message.js";
import { nodeOf, type SchemaObject } from "../schema/schema.js";
import { describe, entriesOf, fieldInput, Misfit } from "../schema/validate.js";
import { type FixedWidth, fixedWidthOf } from "./fixed.js";
import type { RowField, RowType } from "./layout.js";
import { bitmapBytes } from "./row-bytes.js";

/** Appends a value that is not stored in its slot, without padding. */
export type WritePart = (writer: MessageWriter, value: unknown) => void;

/** How values of one kind are written. */
interface Cell {
  readonly nullable: boolean;
  /** The size of an element in bytes. */
  readonly width: number;
  /** Set for values of fixed width, which are stored in their slot. */
  readonly fixed: FixedWidth | null;
  readonly part: WritePart;
}

/** The largest offset or size, which have 32 bits. */
const MAX_BYTES = 0xffff_ffff;

/** Makes the writer of a message as a row. */
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

/** Makes the writer of a table: an array of rows. */
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
      throw new Error(`a row cannot hold ${node.kind}`);
  }
}

function part(type: RowType | undefined): RowType {
  if (type === undefined) throw new Error("a layout of another schema");
  return type;
}

/** Fails for a value that does not fit. The callers add the path. */
function unfit(expected: string, value: unknown): never {
  throw misfit(expected, value);
}

function misfit(expected: string, value: unknown): Misfit {
  return new Misfit(`expected ${expected}, got ${describe(value)}`);
}

/** Adds one step to the front of the path of an error. */
function within(error: unknown, step: PropertyKey): unknown {
  const found = error instanceof Refusal ? new Misfit(error.message) : error;
  if (found instanceof Misfit) found.path.unshift(step);
  return found;
}

/** For up to this many bytes, a loop is faster than a call into the runtime. */
const FEW_BYTES = 256;

/** Appends `bytes` zeros, a multiple of 8. Returns their start. */
function begin(writer: MessageWriter, bytes: number): number {
  writer.ensure(bytes);
  const start = writer.pos;
  const end = start + bytes;
  if (bytes > FEW_BYTES) writer.buf.fill(0, start, end);
  else for (let at = start; at < end; at += 8) writer.view.setFloat64(at, 0);
  writer.pos = end;
  return start;
}

/** Appends zeros up to the next multiple of 8. */
function pad(writer: MessageWriter): void {
  writer.ensure(7);
  while ((writer.pos & 7) !== 0) writer.buf[writer.pos++] = 0;
}

/** Fills the slot at `at`: with the value, with its offset and size, or with zeros and bit `bit` of the null bitmap. */
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
    if (writer.pos > MAX_BYTES) throw new Misfit("a row or table of more than 4 GiB");
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

/** Appends the count, the null bitmap and zeros for the elements. Returns the start of the elements. */
function beginArray(writer: MessageWriter, count: number, width: number): number {
  const bitmap = bitmapBytes(count);
  const base = begin(writer, 8 + bitmap + Math.ceil((count * width) / 8) * 8);
  writer.view.setUint32(base, count, true); // JavaScript arrays have fewer than 2^32 elements
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

/** Writes a list from a typed array: in one copy when the array stores numbers as the row does, else one by one. */
function writeTyped(writer: MessageWriter, { fixed, width }: Cell, value: ArrayBufferView): void {
  if (fixed === null || value instanceof DataView) unfit("an array", value);
  const items = value as ArrayBufferView & ArrayLike<unknown>;
  const { length } = items;
  const first = beginArray(writer, length, width);
  // A typed array may hold bytes that are not booleans, and 64-bit integers that are not safe: those are checked.
  const needsNoCheck =
    fixed.scalar.js !== "bool" && !(fixed.stored === BigInt64Array && fixed.scalar.js === "number");
  if (needsNoCheck && value instanceof fixed.stored) {
    writer.buf.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), first);
    return;
  }
  for (let index = 0; index < length; index++) {
    const item = items[index];
    if (!fixed.scalar.fits(item)) throw within(misfit(fixed.scalar.expected, item), index);
    fixed.write(writer.view, first + index * width, item);
  }
}

/** Makes the writer of a map: the size of the array of keys, that array, the array of values. */
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

/** A key as a step of a path. Keys that are objects are not converted to text, because that could run code of the user. */
function stepOf(key: unknown): PropertyKey {
  return typeof key === "number" || typeof key === "symbol"
    ? key
    : typeof key === "object"
      ? "key"
      : String(key);
}
