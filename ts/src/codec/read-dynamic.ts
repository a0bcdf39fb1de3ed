// Reading type info and values by it.
//
// Owns: which type a message names, values without a schema, and the one reading of lists and maps in all the
// forms that peers write: with or without declared types, with nulls, in chunks of any size. What a place asks
// for comes in as an `Expect`.

import { arrayKindOfId, arrayKinds } from "../schema/arrays.js";
import { PlainDate } from "../schema/plain-values.js";
import { recordOf } from "../schema/validate.js";
import { readExtension } from "./extension.js";
import { type Form, fitsDynamic } from "./forms.js";
import { readMetaString } from "./meta-string.js";
import { formAt, readReferable, typedReader } from "./read-referable.js";
import type { Reader } from "./reader.js";
import { type DynamicShape, type NamedType, nameKey, type ReadBody, type Scope } from "./shape.js";
import { readArray } from "./typed-array.js";
import { ID, LIST_FLAG, MAP_FLAG } from "./wire.js";
import { ANYTHING, type Kind } from "./write-dynamic.js";

/** What a place asks of the value that stands there. */
export interface Expect {
  readonly takesNull: boolean;
  /** Reads a value of the declared type, or null where the place declares none. */
  readonly payload: ReadBody | null;
  /** As what values are numbered here, or the place that takes different ones. */
  readonly form: Form | DynamicShape;
  /** The reader of a value whose type the message names. @throws when that type does not fit */
  ofKind(reader: Reader, kind: Kind): ReadBody;
}

const INTERNAL = new Set<number>([...Object.values(ID), ...Object.values(arrayKinds).map(({ id }) => id)]);

/** Reads the type that precedes a value. */
export function readTypeInfo(reader: Reader, scope: Scope): Kind {
  const id = reader.byte();
  if (id === ID.NAMED_STRUCT || id === ID.NAMED_ENUM || id === ID.NAMED_EXTENSION)
    return readNamed(reader, scope, id);
  if (!INTERNAL.has(id)) reader.fail(`the type id ${id} cannot stand here`);
  return id;
}

const kindNames = { message: "a message", enum: "an enum", extension: "an extension" } as const;

function readNamed(reader: Reader, scope: Scope, id: number): NamedType {
  const outer = readMetaString(reader);
  const inner = readMetaString(reader);
  const namespace = outer.namespace;
  const name = inner.typeName;
  if (namespace === null || name === null) reader.fail("a type name is not well-formed");
  const type = scope.byName.get(nameKey(namespace, name));
  if (type?.definition.typeName !== name) reader.fail("a type that this contract does not know");
  if (type.info[0] !== id) reader.fail(`${type.definition.tag} is ${kindNames[type.kind]}`);
  return type;
}

/** Reads the type info of a message or extension that the place declares. */
export function expectType(reader: Reader, scope: Scope, type: NamedType): void {
  const { info, infoWords } = type;
  const { buf, pos } = reader;
  let matched = 0;
  if (reader.end - pos >= info.length) {
    // Four bytes at once: this is the longest part of a small message.
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
    // In full, as Python writes it: both names are new in this message.
    reader.pos = pos + matched;
    reader.metas[reader.metaCount++] = type.namespace;
    reader.metas[reader.metaCount++] = type.name;
  } else if (readTypeInfo(reader, scope) !== type) {
    reader.fail(`another type than ${type.definition.tag}`);
  }
}

function isInteger(kind: Kind): kind is number {
  return typeof kind === "number" && kind >= ID.INT8 && kind <= ID.TAGGED_UINT64;
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

/** An integer of any kind: a number where it is safe, else a bigint. */
export function readInteger(reader: Reader, kind: number): number | bigint {
  const value = integers[kind]?.(reader) ?? reader.fail("no integer");
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** True for the kinds that `readInteger` reads. */
export const isIntegerKind: (kind: Kind) => kind is number = isInteger;

/** How values without a schema come out. */
export interface Loose {
  readonly scope: Scope;
  /** Messages inside are marked XLANG. */
  readonly marked: boolean;
  /** Maps whose keys are all strings become null-prototype objects. */
  readonly records: boolean;
}

/** Reads the payload of a value whose type is known, for a place without a schema. */
export function readOfKind(reader: Reader, loose: Loose, kind: Kind, number?: number): unknown {
  if (typeof kind !== "number") {
    if (kind.kind === "message")
      return loose.marked ? kind.readMarked(reader, number) : kind.read(reader, number);
    if (kind.kind === "extension") return readExtension(reader, kind);
    return (
      kind.definition.values[reader.uint32()] ?? reader.fail(`${kind.definition.tag} has no such member`)
    );
  }
  if (isInteger(kind)) return readInteger(reader, kind);
  switch (kind) {
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
      return new PlainDate(reader.date());
    case ID.TIMESTAMP:
      return reader.timestamp();
    case ID.LIST:
      return readList(reader, loose.scope, anything(loose), number);
    case ID.SET:
      return readSet(reader, loose.scope, anything(loose), number);
    case ID.MAP:
      return readLooseMap(reader, loose, number);
    default:
      return readArray(arrayKindOfId(kind) ?? reader.fail(`the type id ${kind} cannot stand here`), reader);
  }
}

function anything(loose: Loose): Expect {
  return {
    takesNull: true,
    payload: null,
    form: ANYTHING,
    ofKind: (_, kind) => (reader, number) => readOfKind(reader, loose, kind, number),
  };
}

function readLooseMap(reader: Reader, loose: Loose, number = -1): unknown {
  const expect = anything(loose);
  if (!loose.records) return readMap(reader, loose.scope, expect, expect, number);
  const entries: [unknown, unknown][] = [];
  readEntries(reader, loose.scope, expect, expect, (key, value) => entries.push([key, value]));
  return entries.every(([key]) => typeof key === "string") ? recordOf(entries) : new Map(entries);
}

/** What a dynamic place takes. */
export function expectDynamic(shape: DynamicShape, loose: Loose): Expect {
  const free = shape.narrow === 0 && shape.only === null;
  return {
    takesNull: shape.nullable || free,
    payload: null,
    form: shape,
    ofKind(reader, kind) {
      if (!fitsDynamic(kind, shape)) reader.fail("a value of another type than declared");
      return (at, number) => readOfKind(at, loose, kind, number);
    },
  };
}

/** Null where the place takes it. */
export function nullFor(reader: Reader, expect: Expect): null {
  return expect.takesNull ? null : reader.fail("null where a value is required");
}

/** A value that its type precedes. */
export function readTyped(reader: Reader, scope: Scope, expect: Expect): unknown {
  const kind = readTypeInfo(reader, scope);
  return kind === ID.NONE ? nullFor(reader, expect) : expect.ofKind(reader, kind)(reader);
}

/** A list. */
export function readList(reader: Reader, scope: Scope, expect: Expect, number = -1): unknown[] {
  const elements: unknown[] = [];
  if (number >= 0) reader.numbered.values[number] = elements;
  readElements(reader, scope, expect, elements);
  return elements;
}

/** A set. */
export function readSet(reader: Reader, scope: Scope, expect: Expect, number = -1): Set<unknown> {
  const set = new Set<unknown>();
  if (number >= 0) reader.numbered.values[number] = set;
  const elements: unknown[] = [];
  readElements(reader, scope, expect, elements);
  for (const element of elements) set.add(element);
  return set;
}

function readElements(reader: Reader, scope: Scope, expect: Expect, elements: unknown[]): void {
  const count = reader.count();
  reader.enter();
  if (count > 0) readItems(reader, scope, expect, count, reader.byte(), elements);
  reader.depth--;
}

/** The elements behind the flag byte. */
export function readItems(
  reader: Reader,
  scope: Scope,
  expect: Expect,
  count: number,
  flags: number,
  elements: unknown[],
): void {
  const read = itemReader(reader, scope, expect, flags);
  for (let index = 0; index < count; index++) elements.push(read(reader));
}

/** Reads one element with what precedes it. */
function itemReader(reader: Reader, scope: Scope, expect: Expect, flags: number): ReadBody {
  const form = flags & ~(LIST_FLAG.HAS_NULL | LIST_FLAG.TRACKED);
  const tracked = flags !== form && (flags & LIST_FLAG.TRACKED) !== 0;
  if (tracked && !scope.tracked) reader.fail("references where the type declares none");
  const nulls = (flags & LIST_FLAG.HAS_NULL) !== 0;
  if (form === 0) {
    const typed = typedReader(scope, expect);
    return tracked ? (at) => readReferable(at, expect, null, typed) : nullsReader(expect, nulls, typed);
  }
  let read = expect.payload;
  let kind: Kind = "op" in expect.form ? ID.NONE : expect.form.kind;
  if (form !== (LIST_FLAG.DECLARED | LIST_FLAG.SAME_TYPE) || read === null) {
    if (form !== LIST_FLAG.SAME_TYPE) reader.fail("a list with unknown flags");
    kind = readTypeInfo(reader, scope);
    // Elements of no type and without flags would be no bytes at all.
    if (kind === ID.NONE && flags === form) reader.fail("a list of nothing");
    read = kind === ID.NONE ? (at) => nullFor(at, expect) : expect.ofKind(reader, kind);
  }
  // Python's one exception: its loop for bools looks only at nulls.
  if (!tracked || (kind === ID.BOOL && !nulls)) return nullsReader(expect, nulls, read);
  const body = read;
  const seen = formAt(expect, kind);
  return (at) => readReferable(at, expect, seen, body);
}

function nullsReader(expect: Expect, nulls: boolean, read: ReadBody): ReadBody {
  return nulls ? (reader) => (reader.isNull() ? nullFor(reader, expect) : read(reader)) : read;
}

/** A Map. */
export function readMap(
  reader: Reader,
  scope: Scope,
  keys: Expect,
  values: Expect,
  number = -1,
): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  if (number >= 0) reader.numbered.values[number] = map;
  readEntries(reader, scope, keys, values, (key, value) => map.set(key, value));
  return map;
}

/** A map; hands each entry over in the order of the bytes. */
export function readEntries(
  reader: Reader,
  scope: Scope,
  keys: Expect,
  values: Expect,
  take: (key: unknown, value: unknown) => void,
): void {
  const count = reader.count();
  reader.enter();
  for (let done = 0; done < count; ) {
    done += readChunk(reader, scope, keys, values, reader.byte(), count - done, take);
  }
  reader.depth--;
}

/** The size of an ordinary chunk: never nothing, which would go on for ever. */
export function readChunkSize(reader: Reader, left: number): number {
  const size = reader.byte();
  if (size === 0 || size > left) reader.fail(`a map chunk of ${size} entries where ${left} are left`);
  return size;
}

/** A chunk of a map behind its header byte; returns how many entries it held. */
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

/** Reads a key or value with what precedes it, by the two bits of its side. */
function sideReader(
  reader: Reader,
  scope: Scope,
  expect: Expect,
  header: number,
  declared: number,
  tracked: number,
): ReadBody {
  let read = expect.payload;
  let kind: Kind = "op" in expect.form ? ID.NONE : expect.form.kind;
  if ((header & declared) === 0) {
    kind = readTypeInfo(reader, scope);
    if (kind === ID.NONE) reader.fail("a map chunk of nothing");
    read = expect.ofKind(reader, kind);
  } else if (read === null) {
    reader.fail("a map leaves out a type that is not declared");
  }
  const body = read;
  if ((header & tracked) === 0) return body;
  const form = formAt(expect, kind);
  return (at) => readReferable(at, expect, form, body);
}

const BOTH_NULL = MAP_FLAG.KEY_NULL | MAP_FLAG.VALUE_NULL;
const KEY_AND_NULL = MAP_FLAG.KEY_DECLARED | MAP_FLAG.VALUE_NULL;
const FLAGGED_KEY_AND_NULL = MAP_FLAG.KEY_TRACKED | MAP_FLAG.VALUE_NULL;
const TRACKED_KEY_AND_NULL = KEY_AND_NULL | MAP_FLAG.KEY_TRACKED;
const NULL_AND_VALUE = MAP_FLAG.KEY_NULL | MAP_FLAG.VALUE_DECLARED;
const NULL_AND_TRACKED_VALUE = NULL_AND_VALUE | MAP_FLAG.VALUE_TRACKED;
const NULL_AND_FLAGGED_VALUE = MAP_FLAG.KEY_NULL | MAP_FLAG.VALUE_TRACKED;

/** An entry whose key, value or both are null: no size byte, seven forms. */
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
    reader.fail("references where the type declares none");
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
      return reader.fail("a map chunk with unknown flags");
  }
}

/** The undeclared side of such an entry brings a flag and its type. */
function flagged(reader: Reader, scope: Scope, expect: Expect): unknown {
  if (scope.tracked) return readReferable(reader, expect, null, typedReader(scope, expect));
  return reader.isNull() ? nullFor(reader, expect) : readTyped(reader, scope, expect);
}
