// Writing values together with their type: `t.any`, unions, and lists and maps whose element types are not declared.
//
// Owns: the wire type of a JavaScript value, and the encodings of lists and maps that name their element types. A
// wire type is a Fory type id, or the named type itself. Two values have the same type when their wire types are equal.

import type { MessageWriter } from "../message.js";
import { arrayKindOfId, arrayKindOfValue } from "../schema/arrays.js";
import { definitionOf } from "../schema/brand.js";
import { EnumMember } from "../schema/enum-member.js";
import { AsFloat, PlainDate } from "../schema/plain-values.js";
import { entriesOf } from "../schema/validate.js";
import { extensionOf, writeExtension } from "./extension.js";
import { putBigInt, putInt, putUint32, VARINT_ROOM } from "./numbers.js";
import { writeReferenceFlag } from "./references.js";
import { refuse } from "./refusal.js";
import type { DynamicShape, EnumType, NamedType, Scope } from "./shape.js";
import { writeText } from "./text.js";
import { type TrackedType, trackedByWireType } from "./tracked-types.js";
import { writeArray } from "./typed-array.js";
import { ID, LIST_FLAG, MAP_FLAG, NOT_NULL, NULL } from "./wire.js";
import { writeBytes, writeDate, writeTimestamp } from "./write-scalar.js";
import { beginCollection, writeTypeInfo, writing } from "./writing.js";

/** The type of a value on the wire: a Fory type id, or a named type. */
export type WireType = number | NamedType;

/** The dynamic shape that allows every value. */
export const ANYTHING: DynamicShape = {
  op: "dynamic",
  nullable: true,
  narrow: 0,
  only: null,
  records: false,
};

/** The wire type of a value at a dynamic position. */
function wireTypeOf(scope: Scope, value: unknown, shape: DynamicShape): WireType {
  if (shape.only !== null) return unionWireType(shape.only, value);
  const wireType = anyWireType(scope, value);
  if (shape.narrow !== 0 && wireType !== shape.narrow) refuse();
  return wireType;
}

/** The member of a union that a value belongs to. An extension of the union may also claim plain values. */
function unionWireType(only: readonly NamedType[], value: unknown): NamedType {
  const definition = typeof value === "object" && value !== null ? definitionOf(value) : null;
  const member = only.find(
    (type) =>
      (definition !== null && type.definition === definition) ||
      (value instanceof EnumMember && type.kind === "enum" && isMember(type, value)),
  );
  return member ?? extensionOf(only, value) ?? refuse();
}

function isMember(type: EnumType, member: EnumMember): boolean {
  return type.definition.values[member.ordinal] === member;
}

function anyWireType(scope: Scope, value: unknown): WireType {
  switch (typeof value) {
    case "string":
      return ID.STRING;
    case "boolean":
      return ID.BOOL;
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? ID.VARINT64 : ID.FLOAT64;
    case "bigint":
      return ID.VARINT64;
    case "object":
      return value === null ? ID.NONE : objectWireType(scope, value);
    default:
      return refuse();
  }
}

function objectWireType(scope: Scope, value: object): WireType {
  const definition = definitionOf(value);
  if (definition !== null) return namedWireType(scope, definition, definition.tag);
  const extension = scope.extensions.length > 0 ? extensionOf(scope.extensions, value) : undefined;
  if (extension !== undefined) return extension;
  if (Array.isArray(value)) return ID.LIST;
  if (value instanceof Map) return ID.MAP;
  if (value instanceof Set) return ID.SET;
  if (value instanceof Uint8Array) return ID.BINARY;
  if (ArrayBuffer.isView(value)) return arrayKindOfValue(value)?.id ?? refuse();
  if (value instanceof Date) return ID.TIMESTAMP;
  if (value instanceof PlainDate) return ID.DATE;
  if (value instanceof AsFloat) return ID.FLOAT64;
  if (value instanceof EnumMember) return memberWireType(scope, value);
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? ID.MAP : refuse();
}

function namedWireType(scope: Scope, definition: object, tag: string): NamedType {
  const type = scope.byDefinition.get(definition);
  return type ?? refuse(`${tag} is not among the types of this contract; add it to { types: [...] }`);
}

function memberWireType(scope: Scope, member: EnumMember): NamedType {
  for (const type of scope.types) {
    if (type.kind === "enum" && isMember(type, member)) return type;
  }
  return refuse(`${member.tag} is not among the types of this contract; add it to { types: [...] }`);
}

function writeWireType(writer: MessageWriter, wireType: WireType): void {
  if (typeof wireType === "number") putByte(writer, wireType);
  else writeTypeInfo(writer, wireType);
}

/** Writes one byte and makes room for it. */
export function putByte(writer: MessageWriter, byte: number): void {
  writer.ensure(1);
  writer.buf[writer.pos++] = byte;
}

/** Writes type info and payload of a value. Null is written as the type NONE, which has no payload. */
export function writeDynamic(scope: Scope, writer: MessageWriter, value: unknown, shape: DynamicShape): void {
  const wireType = wireTypeOf(scope, value, shape);
  writeWireType(writer, wireType);
  writeByWireType(scope, writer, value, wireType);
}

type WriteByWireType = (writer: MessageWriter, value: never, scope: Scope) => void;

const writersByWireType: Readonly<Record<number, WriteByWireType>> = {
  [ID.NONE]: () => {},
  [ID.BOOL]: (writer, value: boolean) => putByte(writer, value ? 1 : 0),
  [ID.VARINT64]: writeInteger,
  [ID.FLOAT64]: (writer, value: number | AsFloat) =>
    writeFloat(writer, value instanceof AsFloat ? value.value : value),
  [ID.STRING]: writeText,
  [ID.BINARY]: writeBytes,
  [ID.DATE]: (writer, value: PlainDate) => writeDate(writer, value.toString()),
  [ID.TIMESTAMP]: writeTimestamp,
  [ID.LIST]: (writer, value: readonly unknown[], scope) => writeUndeclared(scope, writer, value, ANYTHING),
  [ID.SET]: (writer, value: ReadonlySet<unknown>, scope) =>
    writeUndeclared(scope, writer, [...value], ANYTHING),
  [ID.MAP]: (writer, value: object, scope) =>
    writeEntries(scope, writer, entriesOf(value) ?? refuse(), freeSide(scope), freeSide(scope)),
};

/** Writes the payload of a value whose wire type is known. */
export function writeByWireType(
  scope: Scope,
  writer: MessageWriter,
  value: unknown,
  wireType: WireType,
): void {
  if (typeof wireType !== "number") writeNamed(writer, value, wireType);
  else (writersByWireType[wireType] ?? arrayWriter(wireType))(writer, value as never, scope);
}

function arrayWriter(id: number): WriteByWireType {
  const kind = arrayKindOfId(id);
  if (kind === undefined) throw new Error(`no writer for the type id ${id}`);
  return (writer, value) => writeArray(kind, writer, value);
}

function writeNamed(writer: MessageWriter, value: unknown, type: NamedType): void {
  if (type.kind === "message") {
    type.write(writer, value);
  } else if (type.kind === "extension") {
    writeExtension(writer, type, value);
  } else {
    writer.ensure(5);
    writer.pos = putUint32(writer.buf, writer.pos, (value as EnumMember).ordinal);
  }
}

function writeInteger(writer: MessageWriter, value: number | bigint): void {
  writer.ensure(VARINT_ROOM);
  const { buf, pos } = writer;
  writer.pos = typeof value === "bigint" ? putBigInt(buf, pos, value) : putInt(buf, pos, value);
}

function writeFloat(writer: MessageWriter, value: number): void {
  writer.ensure(8);
  writer.view.setFloat64(writer.pos, value, true);
  writer.pos += 8;
}

/** Writes a list or set whose element type is not declared. Type info is written once when all types are equal. */
export function writeUndeclared(
  scope: Scope,
  writer: MessageWriter,
  items: readonly unknown[],
  shape: DynamicShape,
): void {
  beginCollection(writer, items.length);
  if (items.length > 0) writeUndeclaredItems(scope, writer, items, shape);
  writing.depth--;
}

function writeUndeclaredItems(
  scope: Scope,
  writer: MessageWriter,
  items: readonly unknown[],
  shape: DynamicShape,
): void {
  const wireTypes = Array.from(items, (item) =>
    item === null ? nullWireType(shape) : wireTypeOf(scope, item, shape),
  );
  const present = wireTypes.filter((wireType) => wireType !== ID.NONE);
  const nulls = present.length < wireTypes.length;
  const first = present[0] ?? ID.NONE;
  const same = present.every((wireType) => wireType === first);
  const tracked = scope.tracked && (!same || isTracked(first));
  const flags = (nulls ? LIST_FLAG.HAS_NULL : 0) | (same ? LIST_FLAG.SAME_TYPE : 0);
  putByte(writer, flags | (tracked ? LIST_FLAG.TRACKED : 0));
  if (same) writeWireType(writer, first);
  // Python writes and reads no reference flags for lists of bools without nulls.
  const flagged = tracked && (nulls || !same || first !== ID.BOOL);
  for (const [index, wireType] of wireTypes.entries()) {
    if (nulls || flagged) {
      if (wireType === ID.NONE) putByte(writer, NULL);
      else if (!flagged || (!same && isCommon(wireType))) putByte(writer, NOT_NULL);
      else if (!writeReferenceFlag(writer, items[index], trackedByWireType(wireType))) continue;
    }
    if (wireType === ID.NONE) continue;
    if (!same) writeWireType(writer, wireType);
    writeByWireType(scope, writer, items[index], wireType);
  }
}

/** True for the types whose elements, keys and values begin with a reference flag where references are tracked. */
export function isTracked(wireType: WireType): boolean {
  if (typeof wireType !== "number") return wireType.kind !== "enum";
  const untracked = (wireType >= ID.INT8 && wireType <= ID.TAGGED_UINT64) || UNTRACKED.includes(wireType);
  return !untracked;
}

const UNTRACKED: readonly number[] = [ID.FLOAT32, ID.FLOAT64, ID.STRING, ID.NONE];

/** True for the types that get no reference id in a list of mixed types. */
function isCommon(wireType: WireType): boolean {
  return (
    wireType === ID.STRING || wireType === ID.VARINT64 || wireType === ID.FLOAT64 || wireType === ID.BOOL
  );
}

function nullWireType(shape: DynamicShape): WireType {
  return shape.nullable || (shape.narrow === 0 && shape.only === null) ? ID.NONE : refuse();
}

/** One side of a map: keys or values. */
export interface Side {
  readonly declared: boolean;
  /** The wire type of a value on this side; a declared side gives one constant. Refuses null where it is not allowed. */
  wireTypeOf(value: unknown): WireType;
  /** The tracked type of its values; null where they have no reference flag. */
  trackedAs(wireType: WireType): TrackedType | null;
  write(writer: MessageWriter, value: unknown, wireType: WireType): void;
}

/** A side whose type is not declared. */
export function dynamicSide(scope: Scope, shape: DynamicShape): Side {
  return {
    declared: false,
    wireTypeOf: (value) => (value === null ? nullWireType(shape) : wireTypeOf(scope, value, shape)),
    trackedAs: (wireType) => (scope.tracked && isTracked(wireType) ? trackedByWireType(wireType) : null),
    write: (writer, value, wireType) => writeByWireType(scope, writer, value, wireType),
  };
}

function freeSide(scope: Scope): Side {
  return dynamicSide(scope, ANYTHING);
}

const MAX_CHUNK = 255;

/** Writes the entries of a map. A chunk has one key type and one value type; an entry with a null is its own chunk. */
export function writeEntries(
  scope: Scope,
  writer: MessageWriter,
  entries: readonly (readonly [unknown, unknown])[],
  keys: Side,
  values: Side,
): void {
  beginCollection(writer, entries.length);
  const ordinary =
    (keys.declared ? MAP_FLAG.KEY_DECLARED : 0) | (values.declared ? MAP_FLAG.VALUE_DECLARED : 0);
  let sizeAt = -1;
  let size = 0;
  let keyType: WireType = ID.NONE;
  let valueType: WireType = ID.NONE;
  let keyTracked: TrackedType | null = null;
  let valueTracked: TrackedType | null = null;
  for (const [key, value] of entries) {
    const typeOfKey = keys.wireTypeOf(key);
    const typeOfValue = values.wireTypeOf(value);
    if (key === null || value === null) {
      sizeAt = -1;
      const sides = [
        { side: keys, wireType: typeOfKey, value: key },
        { side: values, wireType: typeOfValue, value },
      ] as const;
      writeNullEntry(writer, scope, ...sides);
      continue;
    }
    if (sizeAt < 0 || size === MAX_CHUNK || typeOfKey !== keyType || typeOfValue !== valueType) {
      keyType = typeOfKey;
      valueType = typeOfValue;
      size = 0;
      keyTracked = keys.trackedAs(keyType);
      valueTracked = values.trackedAs(valueType);
      const keyBit = keyTracked === null ? 0 : MAP_FLAG.KEY_TRACKED;
      putByte(writer, ordinary | keyBit | (valueTracked === null ? 0 : MAP_FLAG.VALUE_TRACKED));
      putByte(writer, 0);
      sizeAt = writer.pos - 1;
      if (!keys.declared) writeWireType(writer, keyType);
      if (!values.declared) writeWireType(writer, valueType);
    }
    if (keyTracked === null || writeReferenceFlag(writer, key, keyTracked)) keys.write(writer, key, keyType);
    if (valueTracked === null || writeReferenceFlag(writer, value, valueTracked))
      values.write(writer, value, valueType);
    writer.buf[sizeAt] = ++size;
  }
  writing.depth--;
}

interface EntrySide {
  readonly side: Side;
  readonly wireType: WireType;
  readonly value: unknown;
}

/** Writes an entry with a null. It has no size byte; without a declared type the other side always has a flag. */
function writeNullEntry(writer: MessageWriter, scope: Scope, key: EntrySide, value: EntrySide): void {
  const keyBits = sideBits(key, MAP_FLAG.KEY_TRACKED, MAP_FLAG.KEY_NULL, MAP_FLAG.KEY_DECLARED);
  const valueBits = sideBits(value, MAP_FLAG.VALUE_TRACKED, MAP_FLAG.VALUE_NULL, MAP_FLAG.VALUE_DECLARED);
  putByte(writer, keyBits | valueBits);
  for (const entrySide of [key, value]) {
    if (entrySide.value === null || !beginSide(writer, scope, entrySide)) continue;
    entrySide.side.write(writer, entrySide.value, entrySide.wireType);
  }
}

function sideBits(entrySide: EntrySide, tracked: number, isNull: number, declared: number): number {
  const { side, wireType, value } = entrySide;
  if (value === null) return isNull;
  if (!side.declared) return tracked;
  return side.trackedAs(wireType) === null ? declared : declared | tracked;
}

/** Writes flag and type info. Returns false when it wrote a back reference: no payload follows then. */
function beginSide(writer: MessageWriter, scope: Scope, { side, wireType, value }: EntrySide): boolean {
  if (side.declared) {
    const tracked = side.trackedAs(wireType);
    return tracked === null || writeReferenceFlag(writer, value, tracked);
  }
  // Without a declared type there is always a flag, also for types that are not tracked.
  if (!scope.tracked) putByte(writer, NOT_NULL);
  else if (!writeReferenceFlag(writer, value, trackedByWireType(wireType))) return false;
  writeWireType(writer, wireType);
  return true;
}

/** Writes a shared field at a dynamic position: reference flag, type info, value. */
export function writeSharedDynamic(
  scope: Scope,
  writer: MessageWriter,
  value: unknown,
  shape: DynamicShape,
): void {
  const wireType = value === null ? nullWireType(shape) : wireTypeOf(scope, value, shape);
  if (wireType === ID.NONE) {
    putByte(writer, NULL);
  } else if (writeReferenceFlag(writer, value, trackedByWireType(wireType))) {
    writeWireType(writer, wireType);
    writeByWireType(scope, writer, value, wireType);
  }
}
