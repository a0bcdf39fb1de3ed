// Reading values that begin with their type info, and reading lists and maps.
//
// Owns: which type a message names, values without a schema, and the only reader of lists and maps that accepts every
// encoding a peer may choose: declared or named types, nulls, map chunks of any size. An `Expect` describes what the
// schema allows at a position.

import { arrayKindOfId, arrayKinds } from "../schema/arrays.js";
import type { EnumDefinition } from "../schema/enum.js";
import { plainDateOf } from "../schema/plain-values.js";
import { recordOf, someMembers } from "../schema/validate.js";
import { COST } from "./costs.js";
import { readExtension } from "./extension.js";
import { readMetaString } from "./meta-string.js";
import { readTracked, trackedTypeFor, typedValueReader } from "./read-reference.js";
import type { Reader } from "./reader.js";
import { type DynamicShape, type NamedType, nameKey, type ReadValue, type Scope } from "./shape.js";
import { costOfElement, costOfEntry, costOfMember } from "./shape-costs.js";
import { fitsDynamic, type TrackedType } from "./tracked-types.js";
import { readArray } from "./typed-array.js";
import { ID, LIST_FLAG, MAP_FLAG } from "./wire.js";
import { ANYTHING, type WireType } from "./write-dynamic.js";

/** What the schema allows at one position of a message. */
export interface Expect {
  readonly takesNull: boolean;
  /** Reads a value of the declared type; null where the schema declares no type. */
  readonly payload: ReadValue | null;
  /** The tracked type of the values here, or the dynamic shape where values of several types are allowed. */
  readonly position: TrackedType | DynamicShape;
  /** The reader of a value whose type the message names. Fails when that type is not allowed here. */
  readerFor(reader: Reader, wireType: WireType): ReadValue;
}

const UNNAMED_TYPE_IDS = new Set<number>([
  ...Object.values(ID),
  ...Object.values(arrayKinds).map(({ id }) => id),
]);

/** Reads type info: a type id, and for named types the namespace and the name. */
export function readTypeInfo(reader: Reader, scope: Scope): WireType {
  const id = reader.byte();
  if (id === ID.NAMED_STRUCT || id === ID.NAMED_ENUM || id === ID.NAMED_EXTENSION)
    return readNamed(reader, scope, id);
  if (!UNNAMED_TYPE_IDS.has(id)) reader.fail(`the type id ${id} is not allowed here`);
  return id;
}

const categoryNames = { message: "a message", enum: "an enum", extension: "an extension" } as const;

function readNamed(reader: Reader, scope: Scope, id: number): NamedType {
  const outer = readMetaString(reader);
  const inner = readMetaString(reader);
  const namespace = outer.namespace;
  const name = inner.typeName;
  if (namespace === null || name === null) reader.fail("a type name is not well-formed");
  const type = scope.byName.get(nameKey(namespace, name));
  if (type?.definition.typeName !== name) {
    reader.fail(`the type ${JSON.stringify(nameKey(namespace, name))} is not part of this contract`);
  }
  if (type.info[0] !== id) {
    reader.fail(`${type.definition.tag} is ${categoryNames[type.kind]}, but the message has type id ${id}`);
  }
  return type;
}

/** Reads the type info of a message or extension whose type the schema declares. */
export function expectType(reader: Reader, scope: Scope, type: NamedType): void {
  const { info, infoWords } = type;
  const { buf, pos } = reader;
  let matched = 0;
  if (reader.end - pos >= info.length) {
    // Compares four bytes at a time: type info is the longest part of a small message.
    for (let word = 0; word < infoWords.length; word++, matched += 4) {
      const at = pos + matched;
      const bytes =
        (buf[at] as number) |
        ((buf[at + 1] as number) << 8) |
        ((buf[at + 2] as number) << 16) |
        ((buf[at + 3] as number) << 24);
      if (bytes !== infoWords[word]) break;
    }
    while (matched < info.length && buf[pos + matched] === info[matched]) matched++;
  }
  if (matched === info.length) {
    // The full names, as Python writes them: each adds an entry to the name table of this message.
    reader.pos = pos + matched;
    reader.metas[reader.metaCount++] = type.namespace;
    reader.metas[reader.metaCount++] = type.name;
  } else if (readTypeInfo(reader, scope) !== type) {
    reader.fail(`a value of another type than ${type.definition.tag}`);
  }
}

function isInteger(wireType: WireType): wireType is number {
  return typeof wireType === "number" && wireType >= ID.INT8 && wireType <= ID.TAGGED_UINT64;
}

const integers: Readonly<Record<number, (reader: Reader) => number | bigint>> = {
  [ID.INT8]: (reader) => fixed(reader, 1, (at) => reader.view.getInt8(at)),
  [ID.INT16]: (reader) => fixed(reader, 2, (at) => reader.view.getInt16(at, true)),
  [ID.INT32]: (reader) => fixed(reader, 4, (at) => reader.view.getInt32(at, true)),
  [ID.VARINT32]: (reader) => reader.int32(),
  [ID.INT64]: (reader) => fixed(reader, 8, (at) => reader.view.getBigInt64(at, true)),
  [ID.VARINT64]: (reader) => reader.integer(),
  [ID.TAGGED_INT64]: (reader) => reader.taggedInt(),
  [ID.UINT8]: (reader) => reader.byte(),
  [ID.UINT16]: (reader) => fixed(reader, 2, (at) => reader.view.getUint16(at, true)),
  [ID.UINT32]: (reader) => fixed(reader, 4, (at) => reader.view.getUint32(at, true)),
  [ID.VAR_UINT32]: (reader) => reader.uint32(),
  [ID.UINT64]: (reader) => fixed(reader, 8, (at) => reader.view.getBigUint64(at, true)),
  [ID.VAR_UINT64]: (reader) => reader.biguint(),
  [ID.TAGGED_UINT64]: (reader) => reader.taggedUint(),
};

function fixed<R>(reader: Reader, bytes: number, get: (at: number) => R): R {
  reader.need(bytes);
  reader.pos += bytes;
  return get(reader.pos - bytes);
}

/** Reads an integer of any integer type: a number where it is safe, else a bigint. */
export function readInteger(reader: Reader, wireType: number): number | bigint {
  const value = integers[wireType]?.(reader) ?? reader.fail(`the type id ${wireType} is not an integer type`);
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** True for the types that `readInteger` reads. */
export const isIntegerType: (wireType: WireType) => wireType is number = isInteger;

/** How to read values that have no schema. */
export interface DynamicReading {
  readonly scope: Scope;
  /** The messages inside are presence-flagged XLANG. */
  readonly presenceFlagged: boolean;
  /** Maps whose keys are all strings become null-prototype objects. */
  readonly records: boolean;
}

/** Reads the payload of a value whose type is known but whose position declares no type. */
export function readByWireType(
  reader: Reader,
  reading: DynamicReading,
  wireType: WireType,
  referenceId?: number,
): unknown {
  if (typeof wireType !== "number") {
    if (wireType.kind === "message")
      return reading.presenceFlagged
        ? wireType.readPresenceFlagged(reader, referenceId)
        : wireType.read(reader, referenceId);
    if (wireType.kind === "extension") return readExtension(reader, wireType);
    const ordinal = reader.uint32();
    return wireType.definition.values[ordinal] ?? reader.fail(noMember(wireType.definition, ordinal));
  }
  if (isInteger(wireType)) return readInteger(reader, wireType);
  switch (wireType) {
    case ID.NONE:
      return null;
    case ID.BOOL:
      return reader.bool();
    case ID.FLOAT32:
      return reader.float32();
    case ID.FLOAT64:
      return reader.float();
    case ID.STRING:
      return reader.text();
    case ID.BINARY:
      return reader.bytes();
    case ID.DATE:
      return plainDateOf(reader.date());
    case ID.TIMESTAMP:
      return reader.timestamp();
    case ID.LIST:
      return readList(reader, reading.scope, expectAnything(reading), ELEMENT_COST, referenceId);
    case ID.SET:
      return readSet(reader, reading.scope, expectAnything(reading), MEMBER_COST, referenceId);
    case ID.MAP:
      return readDynamicMap(reader, reading, referenceId);
    default:
      return readArray(
        arrayKindOfId(wireType) ?? reader.fail(`the type id ${wireType} is not allowed here`),
        reader,
      );
  }
}

const ELEMENT_COST = costOfElement(ANYTHING);
const MEMBER_COST = costOfMember(ANYTHING);

/** The error text for an enum ordinal without a member. */
export function noMember({ tag, members }: EnumDefinition, ordinal: number): string {
  return `${tag} has no member with ordinal ${ordinal}; its members are ${someMembers(members)}`;
}

function expectAnything(reading: DynamicReading): Expect {
  return {
    takesNull: true,
    payload: null,
    position: ANYTHING,
    readerFor: (_, wireType) => (reader, referenceId) =>
      readByWireType(reader, reading, wireType, referenceId),
  };
}

function readDynamicMap(reader: Reader, reading: DynamicReading, referenceId = -1): unknown {
  const expect = expectAnything(reading);
  if (!reading.records)
    return readMap(
      reader,
      reading.scope,
      expect,
      expect,
      costOfEntry(ANYTHING, ANYTHING, false),
      referenceId,
    );
  const count = beginEntries(reader, COST.record, costOfEntry(ANYTHING, ANYTHING, true));
  const entries: [unknown, unknown][] = [];
  const load = reader.hashLoad(count);
  let capacity = 0;
  readEntries(reader, reading.scope, expect, expect, count, (key, value) => {
    load?.add(key);
    if (typeof key === "string") capacity = reader.recordKey(key, capacity);
    entries.push([key, value]);
  });
  return entries.every(([key]) => typeof key === "string") ? recordOf(entries) : new Map(entries);
}

/** What a dynamic shape allows. */
export function expectDynamic(shape: DynamicShape, reading: DynamicReading): Expect {
  const free = shape.narrow === 0 && shape.only === null;
  return {
    takesNull: shape.nullable || free,
    payload: null,
    position: shape,
    readerFor(reader, wireType) {
      if (!fitsDynamic(wireType, shape)) reader.fail("a value of another type than declared");
      return (at, referenceId) => readByWireType(at, reading, wireType, referenceId);
    },
  };
}

/** Returns null where the schema allows null, else fails. */
export function nullFor(reader: Reader, expect: Expect): null {
  return expect.takesNull ? null : reader.fail("null where a value is required");
}

/** Reads type info and the value of that type. */
export function readTyped(reader: Reader, scope: Scope, expect: Expect): unknown {
  const wireType = readTypeInfo(reader, scope);
  return wireType === ID.NONE ? nullFor(reader, expect) : expect.readerFor(reader, wireType)(reader);
}

/**
 * Reads a list. The list is registered under its reference id first, because its elements may refer to it.
 * @param cost the cost of an element
 */
export function readList(
  reader: Reader,
  scope: Scope,
  expect: Expect,
  cost: number,
  referenceId = -1,
): unknown[] {
  const count = reader.count();
  reader.enter(COST.list + count * cost);
  const elements: unknown[] = new Array(count);
  if (referenceId >= 0) reader.references.values[referenceId] = elements;
  if (count > 0) readItems(reader, scope, expect, count, reader.byte(), elements);
  reader.depth--;
  return elements;
}

/**
 * Reads a set. The set is registered under its reference id first, because its elements may refer to it.
 * @param cost the cost of an element
 */
export function readSet(
  reader: Reader,
  scope: Scope,
  expect: Expect,
  cost: number,
  referenceId = -1,
): Set<unknown> {
  const count = reader.count();
  reader.enter(COST.set + count * cost);
  const set = new Set<unknown>();
  if (referenceId >= 0) reader.references.values[referenceId] = set;
  const elements: unknown[] = new Array(count);
  if (count > 0) readItems(reader, scope, expect, count, reader.byte(), elements);
  reader.depth--;
  reader.hashLoad(count)?.addAll(elements);
  for (const element of elements) set.add(element);
  return set;
}

/** Reads the elements, which follow the flag byte, into an array of their number. */
export function readItems(
  reader: Reader,
  scope: Scope,
  expect: Expect,
  count: number,
  flags: number,
  elements: unknown[],
): void {
  const read = itemReader(reader, scope, expect, flags);
  for (let index = 0; index < count; index++) elements[index] = read(reader);
}

/** Makes the reader of one element, including its flags and its type info. */
function itemReader(reader: Reader, scope: Scope, expect: Expect, flags: number): ReadValue {
  const typeFlags = flags & ~(LIST_FLAG.HAS_NULL | LIST_FLAG.TRACKED);
  const tracked = flags !== typeFlags && (flags & LIST_FLAG.TRACKED) !== 0;
  if (tracked && !scope.tracked) reader.fail(UNEXPECTED_REFERENCES);
  const nulls = (flags & LIST_FLAG.HAS_NULL) !== 0;
  if (typeFlags === 0) {
    const typed = typedValueReader(scope, expect);
    return tracked ? (at) => readTracked(at, expect, null, typed) : nullsReader(expect, nulls, typed);
  }
  let read = expect.payload;
  let wireType: WireType = "op" in expect.position ? ID.NONE : expect.position.wireType;
  if (typeFlags !== (LIST_FLAG.DECLARED | LIST_FLAG.SAME_TYPE) || read === null) {
    if (typeFlags !== LIST_FLAG.SAME_TYPE) reader.fail(`a list with the unknown flags ${flags}`);
    wireType = readTypeInfo(reader, scope);
    // Such elements would take no bytes, so the count would not be limited by the length of the message.
    if (wireType === ID.NONE && flags === typeFlags) reader.fail("a list whose element type is NONE");
    read = wireType === ID.NONE ? (at) => nullFor(at, expect) : expect.readerFor(reader, wireType);
  }
  // Python writes and reads no reference flags for lists of bools without nulls.
  if (!tracked || (wireType === ID.BOOL && !nulls)) return nullsReader(expect, nulls, read);
  const payload = read;
  const trackedType = trackedTypeFor(expect, wireType);
  return (at) => readTracked(at, expect, trackedType, payload);
}

const UNEXPECTED_REFERENCES = "reference flags, but the schema does not declare refs";

function nullsReader(expect: Expect, nulls: boolean, read: ReadValue): ReadValue {
  return nulls ? (reader) => (reader.isNull() ? nullFor(reader, expect) : read(reader)) : read;
}

/**
 * Reads a map into a Map.
 * @param cost the cost of an entry
 */
export function readMap(
  reader: Reader,
  scope: Scope,
  keys: Expect,
  values: Expect,
  cost: number,
  referenceId = -1,
): Map<unknown, unknown> {
  const count = beginEntries(reader, COST.map, cost);
  const map = new Map<unknown, unknown>();
  if (referenceId >= 0) reader.references.values[referenceId] = map;
  const load = reader.hashLoad(count);
  readEntries(reader, scope, keys, values, count, (key, value) => {
    load?.add(key);
    map.set(key, value);
  });
  return map;
}

/** Begins a map or record: reads the number of entries and counts what they cost. `readEntries` ends it. */
export function beginEntries(reader: Reader, cost: number, each: number): number {
  const count = reader.count();
  reader.enter(cost + count * each);
  return count;
}

/** Reads the entries of a map and calls `take` for each, in wire order. */
export function readEntries(
  reader: Reader,
  scope: Scope,
  keys: Expect,
  values: Expect,
  count: number,
  take: (key: unknown, value: unknown) => void,
): void {
  for (let done = 0; done < count; ) {
    done += readChunk(reader, scope, keys, values, reader.byte(), count - done, take);
  }
  reader.depth--;
}

/** Reads the size of an ordinary chunk. It is never 0: empty chunks could repeat without end. */
export function readChunkSize(reader: Reader, left: number): number {
  const size = reader.byte();
  if (size === 0 || size > left) reader.fail(`a map chunk of ${size} entries, but 1 to ${left} are allowed`);
  return size;
}

/** Reads one chunk of a map, which follows its header byte. Returns the number of entries. */
export function readChunk(
  reader: Reader,
  scope: Scope,
  keys: Expect,
  values: Expect,
  header: number,
  left: number,
  take: (key: unknown, value: unknown) => void,
): number {
  const tracked = scope.tracked ? MAP_FLAG.KEY_TRACKED | MAP_FLAG.VALUE_TRACKED : 0;
  if ((header & ~(MAP_FLAG.KEY_DECLARED | MAP_FLAG.VALUE_DECLARED | tracked)) !== 0) {
    const [key, value] = nullEntry(reader, scope, keys, values, header);
    take(key, value);
    return 1;
  }
  const size = readChunkSize(reader, left);
  const readKey = sideReader(reader, scope, keys, header, MAP_FLAG.KEY_DECLARED, MAP_FLAG.KEY_TRACKED);
  const readValue = sideReader(
    reader,
    scope,
    values,
    header,
    MAP_FLAG.VALUE_DECLARED,
    MAP_FLAG.VALUE_TRACKED,
  );
  for (let index = 0; index < size; index++) {
    const key = readKey(reader);
    take(key, readValue(reader));
  }
  return size;
}

/** Makes the reader of a key or of a value. `declared` and `tracked` are its two bits in the chunk header. */
function sideReader(
  reader: Reader,
  scope: Scope,
  expect: Expect,
  header: number,
  declared: number,
  tracked: number,
): ReadValue {
  let read = expect.payload;
  let wireType: WireType = "op" in expect.position ? ID.NONE : expect.position.wireType;
  if ((header & declared) === 0) {
    wireType = readTypeInfo(reader, scope);
    if (wireType === ID.NONE) reader.fail("a map chunk whose key or value type is NONE");
    read = expect.readerFor(reader, wireType);
  } else if (read === null) {
    reader.fail("a map chunk without a type, but the schema declares none");
  }
  const payload = read;
  if ((header & tracked) === 0) return payload;
  const trackedType = trackedTypeFor(expect, wireType);
  return (at) => readTracked(at, expect, trackedType, payload);
}

const BOTH_NULL = MAP_FLAG.KEY_NULL | MAP_FLAG.VALUE_NULL;
const KEY_AND_NULL = MAP_FLAG.KEY_DECLARED | MAP_FLAG.VALUE_NULL;
const FLAGGED_KEY_AND_NULL = MAP_FLAG.KEY_TRACKED | MAP_FLAG.VALUE_NULL;
const TRACKED_KEY_AND_NULL = KEY_AND_NULL | MAP_FLAG.KEY_TRACKED;
const NULL_AND_VALUE = MAP_FLAG.KEY_NULL | MAP_FLAG.VALUE_DECLARED;
const NULL_AND_TRACKED_VALUE = NULL_AND_VALUE | MAP_FLAG.VALUE_TRACKED;
const NULL_AND_FLAGGED_VALUE = MAP_FLAG.KEY_NULL | MAP_FLAG.VALUE_TRACKED;

/** Reads an entry whose key, value or both are null. It has no size byte, and seven headers are possible. */
function nullEntry(
  reader: Reader,
  scope: Scope,
  keys: Expect,
  values: Expect,
  header: number,
): [unknown, unknown] {
  const key = (): unknown =>
    sideReader(reader, scope, keys, header, MAP_FLAG.KEY_DECLARED, MAP_FLAG.KEY_TRACKED)(reader);
  const value = (): unknown =>
    sideReader(reader, scope, values, header, MAP_FLAG.VALUE_DECLARED, MAP_FLAG.VALUE_TRACKED)(reader);
  if (!scope.tracked && (header === TRACKED_KEY_AND_NULL || header === NULL_AND_TRACKED_VALUE)) {
    reader.fail(UNEXPECTED_REFERENCES);
  }
  switch (header) {
    case BOTH_NULL:
      return [nullFor(reader, keys), nullFor(reader, values)];
    case KEY_AND_NULL:
    case TRACKED_KEY_AND_NULL:
      return [key(), nullFor(reader, values)];
    case FLAGGED_KEY_AND_NULL:
      return [flagged(reader, scope, keys), nullFor(reader, values)];
    case NULL_AND_VALUE:
    case NULL_AND_TRACKED_VALUE:
      return [nullFor(reader, keys), value()];
    case NULL_AND_FLAGGED_VALUE:
      return [nullFor(reader, keys), flagged(reader, scope, values)];
    default:
      return reader.fail(`a map chunk with the unknown header ${header}`);
  }
}

/** Reads a key or value without a declared type, where the other side of the entry is null: flag, type info, value. */
function flagged(reader: Reader, scope: Scope, expect: Expect): unknown {
  if (scope.tracked) return readTracked(reader, expect, null, typedValueReader(scope, expect));
  return reader.isNull() ? nullFor(reader, expect) : readTyped(reader, scope, expect);
}
