// Schemas and values from the notation of the recorded vectors.
//
// Owns: reading `types` and `value` of the vector files. It uses only the public API.

import { asFloat, type MessageOptions, message, messageOf, PlainDate, t } from "aster-rpc";

/** A type in a vector file. */
export type TypeNote =
  | string
  | { list: TypeNote }
  | { set: TypeNote }
  | { map: [TypeNote, TypeNote] }
  | { optional: TypeNote }
  | { ref: TypeNote }
  | { struct: string }
  | { enum: string }
  | { ext: string }
  | { array: string }
  | { union: string[] };

export interface TypeEntry {
  kind: "struct" | "enum" | "ext";
  tag: string;
  fields?: { name: string; type: TypeNote }[];
  members?: string[];
  values?: (string | number)[];
}

// biome-ignore lint/suspicious/noExplicitAny: schemas and values made at run time have no static type
export type Loose = any;

export interface Schemas {
  readonly byTag: ReadonlyMap<string, Loose>;
  readonly entries: ReadonlyMap<string, TypeEntry>;
  /** Values with an identity, by their number in the notation. */
  readonly identities: Map<number, Loose>;
}

/** A value of an extension: its bytes, with its tag. */
class Blob {
  readonly tag: string;
  readonly payload: string;
  constructor(tag: string, payload: string) {
    this.tag = tag;
    this.payload = payload;
  }
}

function blobOf(tag: string): Loose {
  return t.extension(tag, {
    encode: (value: Blob) => Uint8Array.from(Buffer.from(value.payload, "hex")),
    decode: (bytes) => new Blob(tag, Buffer.from(bytes).toString("hex")),
    is: (value): value is Blob => value instanceof Blob && value.tag === tag,
  });
}

const arrays: Record<string, Loose> = {
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Makes every type of a case. Integers are bigints and timestamps are microseconds, so that no value is changed. */
export function buildSchemas(types: TypeEntry[], options: MessageOptions = {}): Schemas {
  const byTag = new Map<string, Loose>();
  const everything = types.map(({ tag }) => t.ref(() => byTag.get(tag)));
  const word: Record<string, Loose> = {
    int: t.bigint,
    float: t.float,
    str: t.string,
    bool: t.bool,
    bytes: t.bytes,
    date: t.date,
    datetime: t.timestampMicros,
    any: t.any,
    list: t.anyList,
    dict: t.anyMap,
  };
  const schemaOf = (type: TypeNote): Loose => {
    if (typeof type === "string") return word[type];
    if ("list" in type) return t.list(schemaOf(type.list));
    if ("set" in type) return t.set(schemaOf(type.set));
    if ("map" in type) return t.map(schemaOf(type.map[0]), schemaOf(type.map[1]));
    if ("optional" in type) return t.optional(schemaOf(type.optional));
    if ("array" in type) return (t as Loose)[`${type.array}Array`];
    if ("union" in type) return (t as Loose).union(...type.union.map((tag) => t.ref(() => byTag.get(tag))));
    if ("ref" in type) return t.shared(schemaOf(type.ref));
    const tag = "struct" in type ? type.struct : "enum" in type ? type.enum : type.ext;
    return t.ref(() => byTag.get(tag));
  };
  for (const type of types) {
    if (type.kind === "ext") {
      byTag.set(type.tag, blobOf(type.tag));
      continue;
    }
    if (type.kind === "enum") {
      const members = type.members ?? [];
      const json = Object.fromEntries(members.map((name, index) => [name, type.values?.[index] ?? name]));
      byTag.set(type.tag, t.enum(type.tag, json as Record<string, string | number>));
      continue;
    }
    const fields = (type.fields ?? []).map((field) => [field.name, schemaOf(field.type).name(field.name)]);
    byTag.set(type.tag, message(type.tag, Object.fromEntries(fields), { types: everything, ...options }));
  }
  return { byTag, entries: new Map(types.map((type) => [type.tag, type])), identities: new Map() };
}

/** The use of a value: to encode it, or to compare it with a decoded value. */
export type SideOfValue = "input" | "output";

function floatOf(text: string): number {
  if (text === "nan") return Number.NaN;
  if (text === "inf") return Number.POSITIVE_INFINITY;
  return text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

function microsOf(text: string): bigint {
  const [, day, time, fraction = ""] = /^(\S{10})T(\d\d:\d\d:\d\d)(?:\.(\d+))?\+00:00$/.exec(text) ?? [];
  return BigInt(Date.parse(`${day}T${time}Z`)) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

/** A value for a position of a known type. */
function fieldValue(schemas: Schemas, type: TypeNote, value: Loose, side: SideOfValue): Loose {
  if (value !== null && typeof value === "object" && "$ref" in value)
    return schemas.identities.get(value.$ref);
  if (type === "any" || type === "list" || type === "dict") return dynamicOf(schemas, value, side);
  if (value === null) return null;
  if (typeof type !== "string") return containerOf(schemas, type, value, side);
  if (type === "int") return typeof value === "object" ? BigInt(value.$int) : BigInt(value);
  if (type === "float") return typeof value === "object" ? floatOf(value.$float) : value;
  if (type === "bytes") return Uint8Array.from(Buffer.from(value.$bytes, "hex"));
  if (type === "date") return value.$date;
  return type === "datetime" ? microsOf(value.$datetime) : value;
}

function containerOf(
  schemas: Schemas,
  type: Exclude<TypeNote, string>,
  value: Loose,
  side: SideOfValue,
): Loose {
  if ("optional" in type) return fieldValue(schemas, type.optional, value, side);
  if ("ref" in type) return fieldValue(schemas, type.ref, value, side);
  if ("list" in type) return listOf(schemas, value, (item) => fieldValue(schemas, type.list, item, side));
  if ("set" in type)
    return new Set(value.$set.map((item: Loose) => fieldValue(schemas, type.set, item, side)));
  if ("map" in type) {
    const [key, item] = type.map;
    const pairs = value.$map as [Loose, Loose][];
    return new Map(
      pairs.map(([k, v]) => [fieldValue(schemas, key, k, side), fieldValue(schemas, item, v, side)]),
    );
  }
  if ("array" in type || "ext" in type || "union" in type) return dynamicOf(schemas, value, side);
  return "enum" in type ? value.member : structOf(schemas, value, side);
}

/** A list. It exists before its elements, because they may refer to it. */
function listOf(schemas: Schemas, value: Loose, itemOf: (item: Loose) => Loose): Loose[] {
  const list: Loose[] = [];
  if ("$id" in value) schemas.identities.set(value.$id, list);
  for (const item of Array.isArray(value) ? value : value.$list) list.push(itemOf(item));
  return list;
}

/** A message value with a brand, as after decoding. It exists before its members. */
export function structOf(schemas: Schemas, value: Loose, side: SideOfValue): Loose {
  const fields = schemas.entries.get(value.$struct)?.fields ?? [];
  const made = schemas.byTag
    .get(value.$struct)
    .of(Object.fromEntries(fields.map(({ name }) => [name, null])));
  if ("$id" in value) schemas.identities.set(value.$id, made);
  for (const { name, type } of fields) made[name] = fieldValue(schemas, type, value.fields[name], side);
  return made;
}

function dynamicOf(schemas: Schemas, value: Loose, side: SideOfValue): Loose {
  if (value !== null && typeof value === "object" && "$ref" in value)
    return schemas.identities.get(value.$ref);
  if (Array.isArray(value) || (value !== null && typeof value === "object" && "$list" in value))
    return listOf(schemas, value, (item) => dynamicOf(schemas, item, side));
  if (typeof value === "number" && !Number.isInteger(value)) return value;
  if (value === null || typeof value !== "object") return value;
  if ("$int" in value) return BigInt(value.$int);
  if ("$float" in value) return side === "input" ? asFloat(floatOf(value.$float)) : floatOf(value.$float);
  if ("$bytes" in value) return Uint8Array.from(Buffer.from(value.$bytes, "hex"));
  if ("$date" in value) return new PlainDate(value.$date);
  if ("$datetime" in value) return new Date(value.$datetime);
  if ("$array" in value) return arrayOf(value.$array, value.items);
  if ("$ext" in value) return new Blob(value.$ext, value.payload);
  if ("$set" in value) return new Set(value.$set.map((item: Loose) => dynamicOf(schemas, item, side)));
  if ("$enum" in value) return schemas.byTag.get(value.$enum).value(value.member);
  if ("$struct" in value) return structOf(schemas, value, side);
  const pairs = value.$map as [Loose, Loose][];
  return new Map(pairs.map(([k, v]) => [dynamicOf(schemas, k, side), dynamicOf(schemas, v, side)]));
}

function arrayOf(word: string, items: string[]): Loose {
  const read = word.endsWith("64") && !word.startsWith("float") ? BigInt : Number;
  return arrays[word].from(
    items.map((item) => (item === "inf" || item === "-inf" ? floatOf(item) : read(item))),
  );
}

/** Every branded object in a decoded value, for tests of the brand. */
export function isBranded(value: unknown): boolean {
  return messageOf(value) !== null;
}
