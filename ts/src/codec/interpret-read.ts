// The interpreter for reading: it builds closures from shapes.
//
// Owns: the executor for processes that forbid code generation. Tests compare generated readers with it. Generated
// readers call it for the rare encodings of lists and maps.

import type { ScalarKind } from "../schema/kinds.js";
import { recordOf } from "../schema/validate.js";
import { COST } from "./costs.js";
import { extensionReader } from "./native/js-extension.js";
import {
  beginEntries,
  type DynamicReading,
  type Expect,
  expectDynamic,
  expectType,
  isIntegerType,
  noMember,
  nullFor,
  readByWireType,
  readEntries,
  readInteger,
  readList,
  readMap,
  readSet,
  readTyped,
} from "./read-dynamic.js";
import { readTracked, typedValueReader } from "./read-reference.js";
import type { Reader } from "./reader.js";
import {
  defaultOf,
  type FieldShape,
  type MapShape,
  type MessageType,
  type ReadValue,
  type Scope,
  type Shape,
} from "./shape.js";
import { costOfElement, costOfEntry, costOfMember, costOfMessage } from "./shape-costs.js";
import { trackedByShape, wireTypeOfShape } from "./tracked-types.js";
import { readArray } from "./typed-array.js";
import { ID } from "./wire.js";

/** What a reader is built for: the types of a scope, and plain or presence-flagged XLANG. */
export interface Reading {
  readonly scope: Scope;
  readonly presenceFlagged: boolean;
}

/** Makes the reader of a message: its hash, then its fields. */
export function bodyReader(reading: Reading, type: MessageType): ReadValue {
  let body: Body | null = null;
  const { prototype } = type.definition;
  return (reader, referenceId) => {
    // Built at first use, when every type of the scope has its reader: messages may refer to each other.
    body ??= bodyOf(reading, type);
    const { fields, cost } = body;
    reader.enter(cost);
    if (reading.scope.tracked) return readTrackedMessage(reader, type, fields, referenceId);
    checkHash(reader, type);
    const values: unknown[] = new Array(fields.length);
    for (const { index, read } of fields) values[index] = read(reader);
    reader.depth--;
    const result = Object.create(prototype) as Record<string, unknown>;
    for (const [index, { key }] of type.fields.entries()) result[key] = values[index];
    return result;
  };
}

/** The readers of the fields of a message, and its cost. */
interface Body {
  readonly fields: readonly FieldReader[];
  readonly cost: number;
}

function bodyOf(reading: Reading, type: MessageType): Body {
  const fields = type.order.map((index) => ({ index, read: fieldWithPresence(reading, type.fields[index]) }));
  return { fields, cost: costOfInterpreted(type) };
}

/** The cost of a message that the interpreter makes. */
export function costOfInterpreted(type: MessageType): number {
  const { length } = type.fields;
  return costOfMessage(type) + (length > FAST_FIELDS ? length * COST.tableField : 0);
}

/** V8 stores up to this many fields that are set by name in the object. */
const FAST_FIELDS = 12;

interface FieldReader {
  /** Index of the field in the order of declaration. */
  readonly index: number;
  readonly read: ReadValue;
}

/** Reads a message where references are tracked. The object exists before its fields: they may refer to it. */
function readTrackedMessage(
  reader: Reader,
  type: MessageType,
  fields: readonly FieldReader[],
  referenceId = -1,
): object {
  const result = Object.create(type.definition.prototype) as Record<string, unknown>;
  for (const { key } of type.fields) result[key] = null;
  checkHash(reader, type);
  if (referenceId >= 0) reader.references.values[referenceId] = result;
  for (const { index, read } of fields) result[(type.fields[index] as FieldShape).key] = read(reader);
  reader.depth--;
  return result;
}

/** Checks the struct hash, which is equal only when both sides declare the same fields. */
export function checkHash(reader: Reader, type: MessageType): void {
  reader.need(4);
  const hash = reader.view.getInt32(reader.pos, true);
  if (hash !== type.hash) {
    reader.fail(`the peer has other fields for ${type.definition.tag} (hash ${hash}, expected ${type.hash})`);
  }
  reader.pos += 4;
}

function fieldWithPresence(reading: Reading, field: FieldShape | undefined): ReadValue {
  if (field === undefined) throw new Error("a plan whose order names an unknown field");
  const read = flaggedFieldReader(reading, field);
  if (!reading.presenceFlagged || field.field.fallback === null) return read;
  return (reader) => (isPresent(reader) ? read(reader) : defaultOf(reader, field.field));
}

/** Reads the presence flag of a field that has a default. */
export function isPresent(reader: Reader): boolean {
  const flag = reader.byte();
  if (flag > 1) reader.fail(`the presence flag is ${flag}, but only 0 and 1 are allowed`);
  return flag === 1;
}

/** Makes the reader of a field, including its null flag or reference flag. */
export function flaggedFieldReader(reading: Reading, { shape, leadingFlag }: FieldShape): ReadValue {
  if (leadingFlag === "plain") return fieldReader(reading, shape);
  const read = presentReader(reading, shape);
  const expect = expectOf(reading, shape);
  if (leadingFlag === "flag") return (reader) => (reader.isNull() ? nullFor(reader, expect) : read(reader));
  if (shape.op === "dynamic") {
    const typed = typedValueReader(reading.scope, expect);
    return (reader) => readTracked(reader, expect, null, typed);
  }
  const tracked = trackedByShape(shape);
  return (reader) => readTracked(reader, expect, tracked, read);
}

/** Makes the reader of a field that is not shared: null flag, type info where the plan has it, value. */
export function fieldReader(reading: Reading, shape: Shape): ReadValue {
  const read = presentReader(reading, shape);
  return shape.nullable ? (reader) => (reader.isNull() ? null : read(reader)) : read;
}

function presentReader(reading: Reading, shape: Shape): ReadValue {
  const { scope } = reading;
  if (shape.op === "dynamic") {
    const expect = expectOf(reading, shape);
    return (reader) => readTyped(reader, scope, expect);
  }
  const payload = payloadReader(reading, shape);
  if ((shape.op !== "message" && shape.op !== "extension") || !shape.typeInfo) return payload;
  return (reader, referenceId) => {
    expectType(reader, scope, shape.type);
    return payload(reader, referenceId);
  };
}

/** Makes the reader of a payload of a declared type. */
export function payloadReader(reading: Reading, shape: Shape): ReadValue {
  const { scope } = reading;
  switch (shape.op) {
    case "scalar":
      return scalarReader(shape.kind, shape.lend);
    case "list": {
      const expect = expectOf(reading, shape.element);
      const cost = costOfElement(shape.element);
      return (reader, referenceId) => readList(reader, scope, expect, cost, referenceId);
    }
    case "set": {
      const expect = expectOf(reading, shape.element);
      const cost = costOfMember(shape.element);
      return (reader, referenceId) => readSet(reader, scope, expect, cost, referenceId);
    }
    case "map":
      return mapReader(reading, shape);
    case "message":
      return (reader, referenceId) =>
        reading.presenceFlagged
          ? shape.type.readPresenceFlagged(reader, referenceId)
          : shape.type.read(reader, referenceId);
    case "enum": {
      const { definition } = shape.type;
      const { members } = definition;
      return (reader) => {
        const ordinal = reader.uint32();
        return members[ordinal] ?? reader.fail(noMember(definition, ordinal));
      };
    }
    case "extension":
      return extensionReader(shape);
    case "dynamic":
      return (reader, referenceId) =>
        readByWireType(reader, dynamicReading(reading, shape.records), shape.narrow, referenceId);
  }
}

function dynamicReading(reading: Reading, records: boolean): DynamicReading {
  return { scope: reading.scope, presenceFlagged: reading.presenceFlagged, records };
}

function mapReader(reading: Reading, shape: MapShape): ReadValue {
  const keys = expectOf(reading, shape.key);
  const values = expectOf(reading, shape.value);
  const cost = costOfEntry(shape.key, shape.value, shape.record);
  if (shape.record) {
    return (reader, referenceId = -1) => {
      const count = beginEntries(reader, COST.record, cost);
      const record = recordOf([]);
      let capacity = 0;
      if (referenceId >= 0) reader.references.values[referenceId] = record;
      readEntries(reader, reading.scope, keys, values, count, (key, value) => {
        capacity = reader.recordKey(key as string, capacity);
        record[key as string] = value;
      });
      return record;
    };
  }
  return (reader, referenceId) => readMap(reader, reading.scope, keys, values, cost, referenceId);
}

const scalars: Readonly<Record<string, ReadValue>> = {
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

/** Makes the reader of a scalar kind. */
function scalarReader(kind: ScalarKind, lend: boolean): ReadValue {
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

/** What the schema allows for an element, a key or a value. */
export function expectOf(reading: Reading, shape: Shape): Expect {
  if (shape.op === "dynamic") return expectDynamic(shape, dynamicReading(reading, shape.records));
  const payload = payloadReader(reading, shape);
  return {
    takesNull: shape.nullable,
    payload,
    position: trackedByShape(shape),
    readerFor: (reader, wireType) => {
      if (wireType === wireTypeOfShape(shape)) return payload;
      const convert = shape.op === "scalar" ? converter(shape.kind, wireType as number) : null;
      return convert ?? reader.fail("a value of another type than declared");
    },
  };
}

/** The reader for a number of another type than declared, as in Python. It checks the range of the declared type. */
function converter(kind: ScalarKind, given: number): ReadValue | null {
  if (kind.js === "float") {
    if (isIntegerType(given)) return (reader) => Number(readInteger(reader, given));
    if (given === ID.FLOAT32) return (reader) => reader.float32();
    return given === ID.FLOAT64 ? (reader) => reader.float() : null;
  }
  const integer = isIntegerType(kind.id) && isIntegerType(given);
  if (!integer) return null;
  return (reader) => {
    const read = readInteger(reader, given);
    const value = kind.js === "bigint" ? BigInt(read) : read;
    return kind.fits(value) ? value : reader.fail(`${read} is not ${kind.expected}`);
  };
}
