// The interpreter, reading: closures built from shapes.
//
// Owns: the executor for processes where code generation is forbidden, the oracle of generated readers, and what
// those call for the rarer forms of lists and maps.

import type { ScalarKind } from "../schema/kinds.js";
import { recordOf } from "../schema/validate.js";
import { readExtension } from "./extension.js";
import { formOfShape, kindOfShape } from "./forms.js";
import {
  type Expect,
  expectDynamic,
  expectType,
  isIntegerKind,
  type Loose,
  nullFor,
  readEntries,
  readInteger,
  readList,
  readMap,
  readOfKind,
  readSet,
  readTyped,
} from "./read-dynamic.js";
import { readReferable, typedReader } from "./read-referable.js";
import type { Reader } from "./reader.js";
import {
  defaultOf,
  type FieldShape,
  type MapShape,
  type MessageType,
  type ReadBody,
  type Scope,
  type Shape,
} from "./shape.js";
import { readArray } from "./typed-array.js";
import { ID } from "./wire.js";

/** Which types, and whether absent fields are marked. */
export interface Reading {
  readonly scope: Scope;
  readonly marked: boolean;
}

/** Reads hash and fields of a message. */
export function bodyReader(reading: Reading, type: MessageType): ReadBody {
  let places: { readonly index: number; readonly read: ReadBody }[] | null = null;
  const { prototype } = type.definition;
  return (reader, number) => {
    // Built at first use, when every type of the scope has its reader: messages may refer to each other.
    places ??= type.order.map((index) => ({ index, read: placeReader(reading, type.fields[index]) }));
    if (reading.scope.tracked) return readTracked(reader, type, places, number);
    reader.enter();
    checkHash(reader, type);
    const values: unknown[] = new Array(places.length);
    for (const { index, read } of places) values[index] = read(reader);
    reader.depth--;
    const result = Object.create(prototype) as Record<string, unknown>;
    for (const [index, { key }] of type.fields.entries()) result[key] = values[index];
    return result;
  };
}

/** The object is there before its parts are read, which may refer to it. */
function readTracked(
  reader: Reader,
  type: MessageType,
  places: readonly { readonly index: number; readonly read: ReadBody }[],
  number = -1,
): object {
  const result = Object.create(type.definition.prototype) as Record<string, unknown>;
  for (const { key } of type.fields) result[key] = null;
  reader.enter();
  checkHash(reader, type);
  if (number >= 0) reader.numbered.values[number] = result;
  for (const { index, read } of places) result[(type.fields[index] as FieldShape).key] = read(reader);
  reader.depth--;
  return result;
}

/** The struct hash tells whether both sides have the same fields. */
export function checkHash(reader: Reader, type: MessageType): void {
  reader.need(4);
  const hash = reader.view.getInt32(reader.pos, true);
  if (hash !== type.hash) {
    reader.fail(`${type.definition.tag} has other fields at the peer (hash ${hash}, ours is ${type.hash})`);
  }
  reader.pos += 4;
}

function placeReader(reading: Reading, place: FieldShape | undefined): ReadBody {
  if (place === undefined) throw new Error("a plan whose order names no field");
  const read = leadReader(reading, place);
  if (!reading.marked || place.field.fallback === null) return read;
  return (reader) => (isPresent(reader) ? read(reader) : defaultOf(place.field));
}

/** The mark in front of a field that has a default. */
export function isPresent(reader: Reader): boolean {
  const mark = reader.byte();
  if (mark > 1) reader.fail("a mark that is neither absent nor present");
  return mark === 1;
}

/** Reads a field with what precedes it. */
export function leadReader(reading: Reading, { shape, lead }: FieldShape): ReadBody {
  if (lead === "plain") return fieldReader(reading, shape);
  const read = presentReader(reading, shape);
  const expect = expectOf(reading, shape);
  if (lead === "flag") return (reader) => (reader.isNull() ? nullFor(reader, expect) : read(reader));
  if (shape.op === "dynamic") {
    const typed = typedReader(reading.scope, expect);
    return (reader) => readReferable(reader, expect, null, typed);
  }
  const form = formOfShape(shape);
  return (reader) => readReferable(reader, expect, form, read);
}

/** Reads a field: null flag, type info where fields carry it, value. */
export function fieldReader(reading: Reading, shape: Shape): ReadBody {
  const read = presentReader(reading, shape);
  return shape.nullable ? (reader) => (reader.isNull() ? null : read(reader)) : read;
}

function presentReader(reading: Reading, shape: Shape): ReadBody {
  const { scope } = reading;
  if (shape.op === "dynamic") {
    const expect = expectOf(reading, shape);
    return (reader) => readTyped(reader, scope, expect);
  }
  const payload = payloadReader(reading, shape);
  if ((shape.op !== "message" && shape.op !== "extension") || !shape.typeInfo) return payload;
  return (reader, number) => {
    expectType(reader, scope, shape.type);
    return payload(reader, number);
  };
}

/** Reads the payload of a value of a declared type. */
export function payloadReader(reading: Reading, shape: Shape): ReadBody {
  const { scope } = reading;
  switch (shape.op) {
    case "scalar":
      return scalarReader(shape.kind, shape.lend);
    case "list": {
      const expect = expectOf(reading, shape.element);
      return (reader, number) => readList(reader, scope, expect, number);
    }
    case "set": {
      const expect = expectOf(reading, shape.element);
      return (reader, number) => readSet(reader, scope, expect, number);
    }
    case "map":
      return mapReader(reading, shape);
    case "message":
      return (reader, number) =>
        reading.marked ? shape.type.readMarked(reader, number) : shape.type.read(reader, number);
    case "enum": {
      const { members, tag } = shape.type.definition;
      return (reader) => members[reader.uint32()] ?? reader.fail(`${tag} has no such member`);
    }
    case "extension":
      return (reader) => readExtension(reader, shape.type);
    case "dynamic":
      return (reader, number) => readOfKind(reader, looseOf(reading, shape.records), shape.narrow, number);
  }
}

function looseOf(reading: Reading, records: boolean): Loose {
  return { scope: reading.scope, marked: reading.marked, records };
}

function mapReader(reading: Reading, shape: MapShape): ReadBody {
  const keys = expectOf(reading, shape.key);
  const values = expectOf(reading, shape.value);
  if (shape.record) {
    return (reader, number = -1) => {
      const record = recordOf([]);
      if (number >= 0) reader.numbered.values[number] = record;
      readEntries(reader, reading.scope, keys, values, (key, value) => {
        record[key as string] = value;
      });
      return record;
    };
  }
  return (reader, number) => readMap(reader, reading.scope, keys, values, number);
}

const scalars: Readonly<Record<string, ReadBody>> = {
  bool: (reader) => reader.bool(),
  int8: (reader) => readInteger(reader, ID.INT8),
  int16: (reader) => readInteger(reader, ID.INT16),
  fixedInt32: (reader) => readInteger(reader, ID.INT32),
  int32: (reader) => reader.int32(),
  fixedInt64: (reader) => BigInt(readInteger(reader, ID.INT64)),
  taggedInt64: (reader) => reader.taggedInt(),
  uint8: (reader) => reader.byte(),
  uint16: (reader) => readInteger(reader, ID.UINT16),
  fixedUint32: (reader) => readInteger(reader, ID.UINT32),
  uint32: (reader) => reader.uint32(),
  fixedUint64: (reader) => BigInt(readInteger(reader, ID.UINT64)),
  uint64: (reader) => reader.biguint(),
  taggedUint64: (reader) => reader.taggedUint(),
  float32: (reader) => reader.float32(),
  float: (reader) => reader.float(),
  string: (reader) => reader.text(),
  date: (reader) => reader.date(),
};

/** The reader of a scalar kind. */
export function scalarReader(kind: ScalarKind, lend: boolean): ReadBody {
  if (kind.word === "int")
    return kind.js === "bigint" ? (reader) => reader.bigint() : (reader) => reader.int();
  if (kind.word === "bytes") return lend ? (reader) => reader.bytesView() : (reader) => reader.bytes();
  if (kind.word === "timestamp") {
    return kind.js === "bigint" ? (reader) => reader.timestampMicros() : (reader) => reader.timestamp();
  }
  const { array } = kind;
  if (array !== undefined) return (reader) => readArray(array, reader);
  const read = scalars[kind.word];
  if (read === undefined) throw new Error(`no reader for ${kind.word}`);
  return read;
}

/** What an element, key or value asks for. */
export function expectOf(reading: Reading, shape: Shape): Expect {
  if (shape.op === "dynamic") return expectDynamic(shape, looseOf(reading, shape.records));
  const payload = payloadReader(reading, shape);
  return {
    takesNull: shape.nullable,
    payload,
    form: formOfShape(shape),
    ofKind: (reader, kind) => {
      if (kind === kindOfShape(shape)) return payload;
      const convert = shape.op === "scalar" ? converter(shape.kind, kind as number) : null;
      return convert ?? reader.fail("a value of another type than declared");
    },
  };
}

/** Numbers of another kind than declared, as Python's reader takes them; the range is checked. */
function converter(kind: ScalarKind, given: number): ReadBody | null {
  if (kind.js === "float") {
    if (isIntegerKind(given)) return (reader) => Number(readInteger(reader, given));
    if (given === ID.FLOAT32) return (reader) => reader.float32();
    return given === ID.FLOAT64 ? (reader) => reader.float() : null;
  }
  const integer = isIntegerKind(kind.id) && isIntegerKind(given);
  if (!integer) return null;
  return (reader) => {
    const read = readInteger(reader, given);
    const value = kind.js === "bigint" ? BigInt(read) : read;
    return kind.fits(value) ? value : reader.fail(`${read} is not ${kind.expected}`);
  };
}
