// Writing values that bring their own type: `t.any`, unions, and the undeclared sides of lists and maps.
//
// Owns: which type a JavaScript value is on the wire, and the undeclared forms of lists and maps. A value's kind
// is a Fory type id, or the named type itself; two values are of one type when their kinds are equal.

import type { MessageWriter } from "../message.js";
import { arrayKindOfId, arrayKindOfValue } from "../schema/arrays.js";
import { definitionOf } from "../schema/brand.js";
import { EnumMember } from "../schema/enum-member.js";
import { AsFloat, PlainDate } from "../schema/plain-values.js";
import { entriesOf } from "../schema/validate.js";
import { extensionOf, writeExtension } from "./extension.js";
import { type Form, formOfKind } from "./forms.js";
import { beginValue } from "./numbered.js";
import { putBigInt, putInt, putUint32, VARINT_ROOM } from "./numbers.js";
import { refuse } from "./refusal.js";
import type { DynamicShape, EnumType, NamedType, Scope } from "./shape.js";
import { writeText } from "./text.js";
import { writeArray } from "./typed-array.js";
import { ID, LIST_FLAG, MAP_FLAG, NOT_NULL, NULL } from "./wire.js";
import { writeBytes, writeDate, writeTimestamp } from "./write-scalar.js";
import { beginCollection, writeTypeInfo, writing } from "./writing.js";

/** The type of a value: a Fory type id, or a named type. */
export type Kind = number | NamedType;

/** Any value, with no schema. */
export const ANYTHING: DynamicShape = {
  op: "dynamic",
  nullable: true,
  narrow: 0,
  only: null,
  records: false,
};

/** The kind of a value at a dynamic place. */
function kindOf(scope: Scope, value: unknown, shape: DynamicShape): Kind {
  if (shape.only !== null) return unionKind(shape.only, value);
  const kind = freeKind(scope, value);
  if (shape.narrow !== 0 && kind !== shape.narrow) refuse();
  return kind;
}

/** The type of a union that a value belongs to. No plain value has one, so extensions may take those too. */
function unionKind(only: readonly NamedType[], value: unknown): NamedType {
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

function freeKind(scope: Scope, value: unknown): Kind {
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
      return value === null ? ID.NONE : objectKind(scope, value);
    default:
      return refuse();
  }
}

function objectKind(scope: Scope, value: object): Kind {
  const definition = definitionOf(value);
  if (definition !== null) return namedKind(scope, definition, definition.tag);
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
  if (value instanceof EnumMember) return memberKind(scope, value);
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? ID.MAP : refuse();
}

function namedKind(scope: Scope, definition: object, tag: string): NamedType {
  const type = scope.byDefinition.get(definition);
  return type ?? refuse(`${tag} is not among the types of this contract; add it to { types: [...] }`);
}

function memberKind(scope: Scope, member: EnumMember): NamedType {
  for (const type of scope.types) {
    if (type.kind === "enum" && isMember(type, member)) return type;
  }
  return refuse(`${member.tag} is not among the types of this contract; add it to { types: [...] }`);
}

function writeKind(writer: MessageWriter, kind: Kind): void {
  if (typeof kind === "number") putByte(writer, kind);
  else writeTypeInfo(writer, kind);
}

/** Writes one byte, making room. */
export function putByte(writer: MessageWriter, byte: number): void {
  writer.ensure(1);
  writer.buf[writer.pos++] = byte;
}

/** Writes type info and payload of a value; null is the value NONE. */
export function writeDynamic(scope: Scope, writer: MessageWriter, value: unknown, shape: DynamicShape): void {
  const kind = kindOf(scope, value, shape);
  writeKind(writer, kind);
  writeOfKind(scope, writer, value, kind);
}

type WriteOfKind = (writer: MessageWriter, value: never, scope: Scope) => void;

const writersOfKind: Readonly<Record<number, WriteOfKind>> = {
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

/** Writes the payload of a value whose kind is known. */
export function writeOfKind(scope: Scope, writer: MessageWriter, value: unknown, kind: Kind): void {
  if (typeof kind !== "number") writeNamed(writer, value, kind);
  else (writersOfKind[kind] ?? arrayWriter(kind))(writer, value as never, scope);
}

function arrayWriter(id: number): WriteOfKind {
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

/** The elements of a list or set that the schema does not declare: one type for all where that is true. */
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
  const kinds = Array.from(items, (item) => (item === null ? nullKind(shape) : kindOf(scope, item, shape)));
  const present = kinds.filter((kind) => kind !== ID.NONE);
  const nulls = present.length < kinds.length;
  const first = present[0] ?? ID.NONE;
  const same = present.every((kind) => kind === first);
  const tracked = scope.tracked && (!same || isTracked(first));
  const flags = (nulls ? LIST_FLAG.HAS_NULL : 0) | (same ? LIST_FLAG.SAME_TYPE : 0);
  putByte(writer, flags | (tracked ? LIST_FLAG.TRACKED : 0));
  if (same) writeKind(writer, first);
  // Python's one exception: its loop for bools looks only at nulls.
  const flagged = tracked && (nulls || !same || first !== ID.BOOL);
  for (const [index, kind] of kinds.entries()) {
    if (nulls || flagged) {
      if (kind === ID.NONE) putByte(writer, NULL);
      else if (!flagged || (!same && isCommon(kind))) putByte(writer, NOT_NULL);
      else if (!beginValue(writer, items[index], formOfKind(kind))) continue;
    }
    if (kind === ID.NONE) continue;
    if (!same) writeKind(writer, kind);
    writeOfKind(scope, writer, items[index], kind);
  }
}

/** Elements, keys and values of these types begin with a reference flag in a payload that tracks references. */
export function isTracked(kind: Kind): boolean {
  if (typeof kind !== "number") return kind.kind !== "enum";
  const untracked = (kind >= ID.INT8 && kind <= ID.TAGGED_UINT64) || UNTRACKED.includes(kind);
  return !untracked;
}

const UNTRACKED: readonly number[] = [ID.FLOAT32, ID.FLOAT64, ID.STRING, ID.NONE];

/** Among elements of different types, these take no number. */
function isCommon(kind: Kind): boolean {
  return kind === ID.STRING || kind === ID.VARINT64 || kind === ID.FLOAT64 || kind === ID.BOOL;
}

function nullKind(shape: DynamicShape): Kind {
  return shape.nullable || (shape.narrow === 0 && shape.only === null) ? ID.NONE : refuse();
}

/** One side of a map: keys or values. */
export interface Side {
  readonly declared: boolean;
  /** The kind of a value on this side; the same for all on a declared side. Null is allowed or refused here. */
  kindOf(value: unknown): Kind;
  /** As what its values are numbered, or null where they are not. */
  formOf(kind: Kind): Form | null;
  write(writer: MessageWriter, value: unknown, kind: Kind): void;
}

/** A side without a declared type. */
export function dynamicSide(scope: Scope, shape: DynamicShape): Side {
  return {
    declared: false,
    kindOf: (value) => (value === null ? nullKind(shape) : kindOf(scope, value, shape)),
    formOf: (kind) => (scope.tracked && isTracked(kind) ? formOfKind(kind) : null),
    write: (writer, value, kind) => writeOfKind(scope, writer, value, kind),
  };
}

function freeSide(scope: Scope): Side {
  return dynamicSide(scope, ANYTHING);
}

const MAX_CHUNK = 255;

/** The entries of a map, in chunks of one key type and one value type; entries with a null stand alone. */
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
  let keyKind: Kind = ID.NONE;
  let valueKind: Kind = ID.NONE;
  let keyForm: Form | null = null;
  let valueForm: Form | null = null;
  for (const [key, value] of entries) {
    const ofKey = keys.kindOf(key);
    const ofValue = values.kindOf(value);
    if (key === null || value === null) {
      sizeAt = -1;
      const halves = [
        { side: keys, kind: ofKey, value: key },
        { side: values, kind: ofValue, value },
      ] as const;
      writeNullEntry(writer, scope, ...halves);
      continue;
    }
    if (sizeAt < 0 || size === MAX_CHUNK || ofKey !== keyKind || ofValue !== valueKind) {
      keyKind = ofKey;
      valueKind = ofValue;
      size = 0;
      keyForm = keys.formOf(keyKind);
      valueForm = values.formOf(valueKind);
      const keyBit = keyForm === null ? 0 : MAP_FLAG.KEY_TRACKED;
      putByte(writer, ordinary | keyBit | (valueForm === null ? 0 : MAP_FLAG.VALUE_TRACKED));
      putByte(writer, 0);
      sizeAt = writer.pos - 1;
      if (!keys.declared) writeKind(writer, keyKind);
      if (!values.declared) writeKind(writer, valueKind);
    }
    if (keyForm === null || beginValue(writer, key, keyForm)) keys.write(writer, key, keyKind);
    if (valueForm === null || beginValue(writer, value, valueForm)) values.write(writer, value, valueKind);
    writer.buf[sizeAt] = ++size;
  }
  writing.depth--;
}

interface Half {
  readonly side: Side;
  readonly kind: Kind;
  readonly value: unknown;
}

/** An entry with a null: no size byte, and the undeclared form says that its side brings a flag. */
function writeNullEntry(writer: MessageWriter, scope: Scope, key: Half, value: Half): void {
  const keyBits = halfBits(key, MAP_FLAG.KEY_TRACKED, MAP_FLAG.KEY_NULL, MAP_FLAG.KEY_DECLARED);
  const valueBits = halfBits(value, MAP_FLAG.VALUE_TRACKED, MAP_FLAG.VALUE_NULL, MAP_FLAG.VALUE_DECLARED);
  putByte(writer, keyBits | valueBits);
  for (const half of [key, value]) {
    if (half.value === null || !beginHalf(writer, scope, half)) continue;
    half.side.write(writer, half.value, half.kind);
  }
}

function halfBits(half: Half, tracked: number, isNull: number, declared: number): number {
  if (half.value === null) return isNull;
  if (!half.side.declared) return tracked;
  return half.side.formOf(half.kind) === null ? declared : declared | tracked;
}

/** What precedes the payload; false when the value is a reference. */
function beginHalf(writer: MessageWriter, scope: Scope, { side, kind, value }: Half): boolean {
  if (side.declared) {
    const form = side.formOf(kind);
    return form === null || beginValue(writer, value, form);
  }
  // Without a declared type the flag is there whatever the type is.
  if (!scope.tracked) putByte(writer, NOT_NULL);
  else if (!beginValue(writer, value, formOfKind(kind))) return false;
  writeKind(writer, kind);
  return true;
}

/** Writes a shared field whose type comes with the value. */
export function writeSharedDynamic(
  scope: Scope,
  writer: MessageWriter,
  value: unknown,
  shape: DynamicShape,
): void {
  const kind = value === null ? nullKind(shape) : kindOf(scope, value, shape);
  if (kind === ID.NONE) {
    putByte(writer, NULL);
  } else if (beginValue(writer, value, formOfKind(kind))) {
    writeKind(writer, kind);
    writeOfKind(scope, writer, value, kind);
  }
}
