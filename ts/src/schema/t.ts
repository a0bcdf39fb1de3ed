// The builders of schemas: everything behind `t.`.
//
// Owns: the table of builders and the checks of their arguments. Each gives a `SchemaObject`, which users see
// through an interface of `types.ts`; the casts here are where the two meet.

import { enumeration } from "./enum.js";
import { extension } from "./extension.js";
import { type ScalarName, scalarKinds } from "./kinds.js";
import { asInner, asPart, asSchema, SchemaObject, sharedOf } from "./schema.js";
import type {
  AnyValue,
  BytesSchema,
  ListOf,
  MapOf,
  OptionalOf,
  RecordOf,
  RefOf,
  Scalar,
  SetOf,
  SharedOf,
  UnionOf,
} from "./types.js";

function scalar<O>(name: ScalarName, lend = false): Scalar<O> {
  return new SchemaObject({ kind: "scalar", scalar: scalarKinds[name], lend }) as unknown as Scalar<O>;
}

/** `t.bytes` is a schema with variants, so it carries members of its own. */
class BytesValue extends SchemaObject {
  readonly base64: Scalar<Uint8Array> = scalar<Uint8Array>("bytesBase64");
  readonly view: Scalar<Uint8Array> = scalar<Uint8Array>("bytesView", true);
}

function any<O>(narrow: "list" | "map" | null): Scalar<O> {
  return new SchemaObject({ kind: "any", narrow }) as unknown as Scalar<O>;
}

function list<S>(element: S): ListOf<S> {
  const node = { kind: "list", element: asPart(element, "t.list()") } as const;
  return new SchemaObject(node) as unknown as ListOf<S>;
}

function set<S>(element: S): SetOf<S> {
  const node = { kind: "set", element: asPart(element, "t.set()") } as const;
  return new SchemaObject(node) as unknown as SetOf<S>;
}

function map<K, V>(key: K, value: V): MapOf<K, V> {
  const sides = { key: asPart(key, "t.map() key"), value: asPart(value, "t.map() value") };
  return new SchemaObject({ kind: "map", ...sides, record: false }) as unknown as MapOf<K, V>;
}

function record<V>(value: V): RecordOf<V> {
  const sides = { key: asInner(t.string, "t.record() key"), value: asPart(value, "t.record()") };
  return new SchemaObject({ kind: "map", ...sides, record: true }) as unknown as RecordOf<V>;
}

function optional<S>(inner: S): OptionalOf<S> {
  const schema = asInner(inner, "t.optional()");
  // Optional twice is optional: there is only one null.
  const node = schema.node.kind === "optional" ? schema.node : ({ kind: "optional", inner: schema } as const);
  const made = new SchemaObject(node);
  return (schema.place.shared ? sharedOf(made) : made) as unknown as OptionalOf<S>;
}

function shared<S>(inner: S): SharedOf<S> {
  return sharedOf(asInner(inner, "t.shared()")) as unknown as SharedOf<S>;
}

const UNION_KINDS = ["message", "enum", "extension", "ref"];

function union<S extends readonly [unknown, unknown, ...unknown[]]>(...members: S): UnionOf<S> {
  if (members.length < 2) throw new TypeError("t.union() takes two or more schemas");
  const schemas = members.map((member, index) => {
    const schema = asPart(member, `t.union() [${index}]`);
    const kind = schema.node.kind;
    if (UNION_KINDS.includes(kind)) return schema;
    const problem = "members are messages, enums or extensions; t.any holds plain values";
    throw new TypeError(`t.union() [${index}]: ${problem}`);
  });
  return new SchemaObject({ kind: "union", members: schemas }) as unknown as UnionOf<S>;
}

function ref<S>(target: () => S): RefOf<S> {
  if (typeof target !== "function") throw new TypeError("t.ref() takes a function: t.ref(() => Node)");
  let found: SchemaObject | null = null;
  const resolve = (): SchemaObject => {
    found ??= asSchema(target(), "t.ref()");
    return found;
  };
  return new SchemaObject({ kind: "ref", target: resolve }) as unknown as RefOf<S>;
}

/** The builders; what each kind is in TypeScript and in Python is told at its member. */
export interface Builders {
  /** string; Python `str` */
  readonly string: Scalar<string>;
  /** boolean; Python `bool` */
  readonly bool: Scalar<boolean>;
  /** number; Python `float` */
  readonly float: Scalar<number>;
  /** number; `pyfory.float32` */
  readonly float32: Scalar<number>;
  /** An own, plain Uint8Array; Python `bytes`. `t.bytes.view` lends a view, `t.bytes.base64` has a form in JSON mode. */
  readonly bytes: BytesSchema;
  /** A safe integer as a number; Python `int`. Reading or writing an unsafe one is an error. */
  readonly int: Scalar<number>;
  /** A 64-bit integer as a bigint; Python `int`. */
  readonly bigint: Scalar<bigint>;
  readonly int8: Scalar<number>;
  readonly int16: Scalar<number>;
  readonly int32: Scalar<number>;
  /** bigint; `pyfory.int64`: the bytes of Python's `int`, to contracts another type */
  readonly int64: Scalar<bigint>;
  readonly uint8: Scalar<number>;
  readonly uint16: Scalar<number>;
  readonly uint32: Scalar<number>;
  readonly uint64: Scalar<bigint>;
  readonly fixedInt32: Scalar<number>;
  readonly fixedInt64: Scalar<bigint>;
  readonly fixedUint32: Scalar<number>;
  readonly fixedUint64: Scalar<bigint>;
  readonly taggedInt64: Scalar<bigint>;
  readonly taggedUint64: Scalar<bigint>;
  /** Date, in milliseconds; Python `datetime`. Microseconds of a peer are cut off. */
  readonly timestamp: Scalar<Date>;
  /** Microseconds since 1970 as a bigint; Python `datetime` */
  readonly timestampMicros: Scalar<bigint>;
  /** `"2024-01-31"`; Python `date` */
  readonly date: Scalar<string>;
  /** Uint8Array of zeros and ones; an array of bools */
  readonly boolArray: Scalar<Uint8Array>;
  readonly int8Array: Scalar<Int8Array>;
  readonly int16Array: Scalar<Int16Array>;
  /** Items copied as a block, never one by one; `pyfory.int32_array`. So are those of the other arrays. */
  readonly int32Array: Scalar<Int32Array>;
  readonly int64Array: Scalar<BigInt64Array>;
  /** Uint8Array; an array of small integers, to peers another type than `bytes` */
  readonly uint8Array: Scalar<Uint8Array>;
  readonly uint16Array: Scalar<Uint16Array>;
  readonly uint32Array: Scalar<Uint32Array>;
  readonly uint64Array: Scalar<BigUint64Array>;
  readonly float32Array: Scalar<Float32Array>;
  readonly float64Array: Scalar<Float64Array>;
  /** Anything that needs no schema; Python `Any` */
  readonly any: Scalar<AnyValue>;
  /** An array of anything; Python's bare `list` */
  readonly anyList: Scalar<AnyValue[], readonly AnyValue[]>;
  /** A Map of anything; Python's bare `dict` */
  readonly anyMap: Scalar<
    Map<AnyValue, AnyValue>,
    ReadonlyMap<AnyValue, AnyValue> | { readonly [key: string]: AnyValue }
  >;
  /** Array; Python `list[x]` */
  readonly list: typeof list;
  /** Set; Python `set[x]` */
  readonly set: typeof set;
  /** Map; Python `dict[k, v]` */
  readonly map: typeof map;
  /** Null-prototype object with string keys; Python `dict[str, v]` */
  readonly record: typeof record;
  /** `x | null`; Python `Optional[x]`. The input may leave it out. */
  readonly optional: typeof optional;
  /**
   * x, as a field that keeps the identity of its value in messages with `{ refs: true }`; Python
   * `field(ref=True)`. For fields alone: elements, keys and values keep theirs anyway.
   */
  readonly shared: typeof shared;
  /** Member names; Python `Enum` */
  readonly enum: typeof enumeration;
  /** A value whose bytes your own encoder makes; Python a class with a serializer of its own */
  readonly extension: typeof extension;
  /** One of several messages, enums and extensions, told apart by their tags; Python `Union[A, B]` */
  readonly union: typeof union;
  /** A schema that is declared later */
  readonly ref: typeof ref;
}

/** The builders of schemas. */
export const t: Builders = Object.freeze({
  string: scalar<string>("string"),
  bool: scalar<boolean>("bool"),
  float: scalar<number>("float"),
  float32: scalar<number>("float32"),
  bytes: new BytesValue({
    kind: "scalar",
    scalar: scalarKinds.bytes,
    lend: false,
  }) as unknown as BytesSchema,
  int: scalar<number>("int"),
  bigint: scalar<bigint>("bigint"),
  int8: scalar<number>("int8"),
  int16: scalar<number>("int16"),
  int32: scalar<number>("int32"),
  int64: scalar<bigint>("int64"),
  uint8: scalar<number>("uint8"),
  uint16: scalar<number>("uint16"),
  uint32: scalar<number>("uint32"),
  uint64: scalar<bigint>("uint64"),
  fixedInt32: scalar<number>("fixedInt32"),
  fixedInt64: scalar<bigint>("fixedInt64"),
  fixedUint32: scalar<number>("fixedUint32"),
  fixedUint64: scalar<bigint>("fixedUint64"),
  taggedInt64: scalar<bigint>("taggedInt64"),
  taggedUint64: scalar<bigint>("taggedUint64"),
  timestamp: scalar<Date>("timestamp"),
  timestampMicros: scalar<bigint>("timestampMicros"),
  date: scalar<string>("date"),
  boolArray: scalar<Uint8Array>("boolArray"),
  int8Array: scalar<Int8Array>("int8Array"),
  int16Array: scalar<Int16Array>("int16Array"),
  int32Array: scalar<Int32Array>("int32Array"),
  int64Array: scalar<BigInt64Array>("int64Array"),
  uint8Array: scalar<Uint8Array>("uint8Array"),
  uint16Array: scalar<Uint16Array>("uint16Array"),
  uint32Array: scalar<Uint32Array>("uint32Array"),
  uint64Array: scalar<BigUint64Array>("uint64Array"),
  float32Array: scalar<Float32Array>("float32Array"),
  float64Array: scalar<Float64Array>("float64Array"),
  any: any<AnyValue>(null),
  anyList: any<AnyValue[]>("list") as Builders["anyList"],
  anyMap: any<Map<AnyValue, AnyValue>>("map") as Builders["anyMap"],
  list,
  set,
  map,
  record,
  optional,
  shared,
  enum: enumeration,
  extension,
  union,
  ref,
});
