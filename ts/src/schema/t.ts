// The builders of schemas: everything in `t`, and the names of their types.
//
// Owns: the table of builders, the checks of their arguments, and the namespace `t`. Its interfaces are shown in the user's
// declarations and editor (`t.List<typeof Line>`). Each builder makes a `SchemaObject` and casts it to its interface.

import type { ArrayWord } from "./arrays.js";
import { enumeration } from "./enum.js";
import type { EnumMember } from "./enum-member.js";
import { extension } from "./extension.js";
import { jsBuilder } from "./js.js";
import { type ScalarName, scalarKinds } from "./kinds.js";
import { asInner, asPart, asSchema, SchemaObject, sharedOf } from "./schema.js";
import type {
  AnySchema,
  AnyValue,
  Constructs,
  ExtensionCoder,
  Infer,
  InferInput,
  Omittable,
  OwnBytes,
  StandardSchema,
  T,
  TypedSchema,
} from "./types.js";

/** The arrays that decoding returns, each with its own plain buffer. */
interface OwnArrays {
  readonly bool: OwnBytes;
  readonly int8: ReturnType<Int8ArrayConstructor["from"]>;
  readonly int16: ReturnType<Int16ArrayConstructor["from"]>;
  readonly int32: ReturnType<Int32ArrayConstructor["from"]>;
  readonly int64: ReturnType<BigInt64ArrayConstructor["from"]>;
  readonly uint8: OwnBytes;
  readonly uint16: ReturnType<Uint16ArrayConstructor["from"]>;
  readonly uint32: ReturnType<Uint32ArrayConstructor["from"]>;
  readonly uint64: ReturnType<BigUint64ArrayConstructor["from"]>;
  readonly float32: ReturnType<Float32ArrayConstructor["from"]>;
  readonly float64: ReturnType<Float64ArrayConstructor["from"]>;
}

/** The arrays that encoding accepts. */
interface AnyArrays {
  readonly bool: Uint8Array;
  readonly int8: Int8Array;
  readonly int16: Int16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly uint8: Uint8Array;
  readonly uint16: Uint16Array;
  readonly uint32: Uint32Array;
  readonly uint64: BigUint64Array;
  readonly float32: Float32Array;
  readonly float64: Float64Array;
}

/** A value that refers to its type: in unions, enum members are objects and messages have a brand. */
type UnionValue<S> =
  S extends t.Enum<infer M>
    ? EnumMember<M>
    : S extends t.Ref<infer R>
      ? UnionValue<R>
      : S extends Constructs<infer V>
        ? V
        : Infer<S>;

type ValidOutput<V extends StandardSchema<unknown, unknown>> = NonNullable<V["~standard"]["types"]>["output"];
type ValidInput<V extends StandardSchema<unknown, unknown>> = NonNullable<V["~standard"]["types"]>["input"];

/** The types of schemas. */
export declare namespace t {
  /** A scalar. */
  interface Scalar<O, I = O> extends TypedSchema {
    readonly [T]: { readonly out: O; readonly in: I; readonly omit: false };
    /** Returns this schema with a default for missing members. Each use gets a copy, also when a function returns it. */
    default(value: I | (() => I)): Default<this>;
  }

  interface String extends Scalar<string> {}
  interface Bool extends Scalar<boolean> {}
  /** An integer or a float, as a number. */
  interface Number extends Scalar<number> {}
  /** A 64-bit integer, as a bigint. */
  interface Bigint extends Scalar<bigint> {}
  interface Timestamp extends Scalar<Date> {}
  /** A day as a string such as `"2024-01-31"`. */
  interface Day extends Scalar<string> {}
  interface Bytes extends Scalar<OwnBytes, Uint8Array> {
    /**
     * Bytes that are base64 text in JSON mode (RFC 4648, with padding). Both sides must agree on it, because JSON mode cannot
     * hold bytes, and Python's codec does not support this type. In XLANG it is the same as `t.bytes`.
     */
    readonly base64: Base64;
    /** A view of the receive buffer. It is valid until the handler or the step of the stream ends. */
    readonly view: BytesView;
  }
  interface Base64 extends Scalar<OwnBytes, Uint8Array> {}
  interface BytesView extends Scalar<Uint8Array> {}
  interface TypedArray<W extends ArrayWord> extends Scalar<OwnArrays[W], AnyArrays[W]> {}
  interface Any extends Scalar<AnyValue> {}
  /** Any value that structuredClone takes. With a validator, a value that it accepts. */
  interface Js<O, I = O> extends Scalar<O, I> {}
  interface JsBuilder extends Js<unknown> {
    <V extends StandardSchema<unknown, unknown>>(validator: V): Js<ValidOutput<V>, ValidInput<V>>;
  }
  interface AnyList extends Scalar<AnyValue[], readonly AnyValue[]> {}
  interface AnyMap
    extends Scalar<
      globalThis.Map<AnyValue, AnyValue>,
      ReadonlyMap<AnyValue, AnyValue> | { readonly [key: string]: AnyValue }
    > {}

  // These types refer to other schemas, perhaps to the message that is being defined. They are members, because TypeScript
  // evaluates members when they are needed. It would evaluate a heritage clause at once.
  interface List<S> extends TypedSchema {
    readonly [T]: { readonly out: Infer<S>[]; readonly in: readonly InferInput<S>[]; readonly omit: false };
    /** Returns this schema with a default for missing members. Each use gets a copy, also when a function returns it. */
    default(value: InferInput<this> | (() => InferInput<this>)): Default<this>;
  }
  interface Set<S> extends TypedSchema {
    readonly [T]: {
      readonly out: globalThis.Set<Infer<S>>;
      readonly in: ReadonlySet<InferInput<S>>;
      readonly omit: false;
    };
    /** Returns this schema with a default for missing members. Each use gets a copy, also when a function returns it. */
    default(value: InferInput<this> | (() => InferInput<this>)): Default<this>;
  }
  interface Map<K, V> extends TypedSchema {
    readonly [T]: {
      readonly out: globalThis.Map<Infer<K>, Infer<V>>;
      readonly in:
        | ReadonlyMap<InferInput<K>, InferInput<V>>
        | (string extends InferInput<K> ? { readonly [key: string]: InferInput<V> } : never);
      readonly omit: false;
    };
    /** Returns this schema with a default for missing members. Each use gets a copy, also when a function returns it. */
    default(value: InferInput<this> | (() => InferInput<this>)): Default<this>;
  }
  interface Record<V> extends TypedSchema {
    readonly [T]: {
      readonly out: { [key: string]: Infer<V> };
      readonly in: ReadonlyMap<string, InferInput<V>> | { readonly [key: string]: InferInput<V> };
      readonly omit: false;
    };
    /** Returns this schema with a default for missing members. Each use gets a copy, also when a function returns it. */
    default(value: InferInput<this> | (() => InferInput<this>)): Default<this>;
  }
  interface Optional<S> extends TypedSchema {
    readonly [T]: { readonly out: Infer<S> | null; readonly in: InferInput<S> | null; readonly omit: true };
    /** Returns this schema with a default for missing members. Each use gets a copy, also when a function returns it. */
    default(value: InferInput<this> | (() => InferInput<this>)): Default<this>;
  }
  /** A schema that is declared later, or a message with field options. */
  interface Ref<S> extends TypedSchema {
    readonly [T]: {
      readonly out: Infer<S>;
      readonly in: InferInput<S>;
      readonly omit: false;
      readonly target: S;
    };
    /** Returns this schema with a default for missing members. Each use gets a copy, also when a function returns it. */
    default(value: InferInput<this> | (() => InferInput<this>)): Default<this>;
  }
  interface Shared<S> extends TypedSchema {
    readonly [T]: { readonly out: Infer<S>; readonly in: InferInput<S>; readonly omit: Omittable<S> };
    /** Returns this schema with a default for missing members. Each use gets a copy, also when a function returns it. */
    default(value: InferInput<this> | (() => InferInput<this>)): Default<this>;
  }
  /** Enum members are objects here, which refer to their enum. */
  interface Union<S extends readonly unknown[]> extends TypedSchema {
    readonly [T]: {
      readonly out: UnionValue<S[number]>;
      readonly in: UnionValue<S[number]>;
      readonly omit: false;
    };
    /** Returns this schema with a default for missing members. Each use gets a copy, also when a function returns it. */
    default(value: InferInput<this> | (() => InferInput<this>)): Default<this>;
  }
  /** A schema with a default. The member may be missing in the input. */
  interface Default<S> extends TypedSchema {
    readonly [T]: { readonly out: Infer<S>; readonly in: InferInput<S>; readonly omit: true };
  }
  interface Enum<M extends string> extends Scalar<M> {
    readonly tag: string;
    /** The member names, in the order of their ordinals. */
    readonly members: readonly M[];
    /** The member as an object, for positions without a schema (`t.any`). There is one object for each member. */
    value(member: M): EnumMember<M>;
  }
  interface Extension<V> extends Scalar<V> {
    readonly tag: string;
  }
}

function scalar<S>(name: ScalarName, lend = false): S {
  return new SchemaObject({ kind: "scalar", scalar: scalarKinds[name], lend }) as unknown as S;
}

function array<W extends ArrayWord>(word: W): t.TypedArray<W> {
  return scalar<t.TypedArray<W>>(`${word}Array`);
}

/** `t.bytes` is a schema with variants, so it has its own members. */
class BytesValue extends SchemaObject {
  readonly base64: t.Base64 = scalar<t.Base64>("bytesBase64");
  readonly view: t.BytesView = scalar<t.BytesView>("bytesView", true);
}

function any<S>(narrow: "list" | "map" | null): S {
  return new SchemaObject({ kind: "any", narrow }) as unknown as S;
}

function list<S extends AnySchema>(element: S): t.List<S> {
  const node = { kind: "list", element: asPart(element, "t.list()") } as const;
  return new SchemaObject(node) as unknown as t.List<S>;
}

function set<S extends AnySchema>(element: S): t.Set<S> {
  const node = { kind: "set", element: asPart(element, "t.set()") } as const;
  return new SchemaObject(node) as unknown as t.Set<S>;
}

function map<K extends AnySchema, V extends AnySchema>(key: K, value: V): t.Map<K, V> {
  const sides = { key: asPart(key, "t.map() key"), value: asPart(value, "t.map() value") };
  return new SchemaObject({ kind: "map", ...sides, record: false }) as unknown as t.Map<K, V>;
}

function record<V extends AnySchema>(value: V): t.Record<V> {
  const sides = { key: asInner(t.string, "t.record() key"), value: asPart(value, "t.record()") };
  return new SchemaObject({ kind: "map", ...sides, record: true }) as unknown as t.Record<V>;
}

function optional<S extends AnySchema>(inner: S): t.Optional<S> {
  const schema = asInner(inner, "t.optional()");
  // Optional twice is the same as optional once: there is only one null.
  const node = schema.node.kind === "optional" ? schema.node : ({ kind: "optional", inner: schema } as const);
  const made = new SchemaObject(node);
  return (schema.fieldOptions.shared ? sharedOf(made) : made) as unknown as t.Optional<S>;
}

function shared<S extends AnySchema>(inner: S): t.Shared<S> {
  const schema = asInner(inner, "t.shared()");
  if (schema.node.kind === "js")
    throw new TypeError("t.shared(): a value of t.js keeps its identities by itself");
  return sharedOf(schema) as unknown as t.Shared<S>;
}

const UNION_KINDS = ["message", "enum", "extension", "ref"];

function union<S extends readonly [AnySchema, AnySchema, ...AnySchema[]]>(...members: S): t.Union<S> {
  if (members.length < 2) throw new TypeError("t.union() needs at least two schemas");
  const schemas = members.map((member, index) => {
    const schema = asPart(member, `t.union() [${index}]`);
    const kind = schema.node.kind;
    if (UNION_KINDS.includes(kind)) return schema;
    const problem = "members are messages, enums or extensions; t.any holds plain values";
    throw new TypeError(`t.union() [${index}]: ${problem}`);
  });
  return new SchemaObject({ kind: "union", members: schemas }) as unknown as t.Union<S>;
}

function ref<S extends AnySchema>(target: () => S): t.Ref<S> {
  if (typeof target !== "function") throw new TypeError("t.ref() needs a function: t.ref(() => Node)");
  let found: SchemaObject | null = null;
  const resolve = (): SchemaObject => {
    found ??= asSchema(target(), "t.ref()");
    return found;
  };
  return new SchemaObject({ kind: "ref", target: resolve }) as unknown as t.Ref<S>;
}

/**
 * The builders. The comment of each one has its TypeScript type and its Python type.
 *
 * @example
 * const stringsOf = (builders: Builders) => builders.list(builders.string);
 * const Basket = message("shop/Basket", { articles: stringsOf(t) });
 */
export interface Builders {
  /** string; Python `str` */
  readonly string: t.String;
  /** boolean; Python `bool` */
  readonly bool: t.Bool;
  /** number; Python `float` */
  readonly float: t.Number;
  /** number; `pyfory.float32` */
  readonly float32: t.Number;
  /** Uint8Array, a copy; Python `bytes`. `t.bytes.view` gives a view, `t.bytes.base64` is allowed in JSON mode. */
  readonly bytes: t.Bytes;
  /** number, a safe integer; Python `int`. An integer that is not safe is an error when encoding and when decoding. */
  readonly int: t.Number;
  /** bigint, 64 bits; Python `int` */
  readonly bigint: t.Bigint;
  readonly int8: t.Number;
  readonly int16: t.Number;
  readonly int32: t.Number;
  /** bigint; `pyfory.int64`. It has the bytes of Python's `int`, but is another type in contracts. */
  readonly int64: t.Bigint;
  readonly uint8: t.Number;
  readonly uint16: t.Number;
  readonly uint32: t.Number;
  readonly uint64: t.Bigint;
  readonly fixedInt32: t.Number;
  readonly fixedInt64: t.Bigint;
  readonly fixedUint32: t.Number;
  readonly fixedUint64: t.Bigint;
  readonly taggedInt64: t.Bigint;
  readonly taggedUint64: t.Bigint;
  /** Date, in milliseconds; Python `datetime`. Microseconds that a peer sends are cut off. */
  readonly timestamp: t.Timestamp;
  /** bigint, microseconds since 1970; Python `datetime` */
  readonly timestampMicros: t.Bigint;
  /** string such as `"2024-01-31"`; Python `date` */
  readonly date: t.Day;
  /** Uint8Array with 0 and 1; an array of bools */
  readonly boolArray: t.TypedArray<"bool">;
  readonly int8Array: t.TypedArray<"int8">;
  readonly int16Array: t.TypedArray<"int16">;
  /** Int32Array; `pyfory.int32_array`. As in all typed arrays, items are copied in one step, not one by one. */
  readonly int32Array: t.TypedArray<"int32">;
  readonly int64Array: t.TypedArray<"int64">;
  /** Uint8Array; an array of small integers, which is another type than `bytes` */
  readonly uint8Array: t.TypedArray<"uint8">;
  readonly uint16Array: t.TypedArray<"uint16">;
  readonly uint32Array: t.TypedArray<"uint32">;
  readonly uint64Array: t.TypedArray<"uint64">;
  readonly float32Array: t.TypedArray<"float32">;
  readonly float64Array: t.TypedArray<"float64">;
  /** any value without a schema; Python `Any` */
  readonly any: t.Any;
  /** array with any values; Python's bare `list` */
  readonly anyList: t.AnyList;
  /** Map with any keys and values; Python's bare `dict` */
  readonly anyMap: t.AnyMap;
  /**
   * Any value that `structuredClone` takes, with cycles and shared references; only for services whose single mode is `native`.
   * Prototypes, functions and symbols are not sent, nor the stack of an error. `t.js(validator)` checks the value with a
   * validator of Standard Schema, such as a schema of zod, valibot or arktype: before it is sent, and when it arrives.
   *
   * @example
   * const Snapshot = message("lab/Snapshot", { taken: t.timestamp, state: t.js });
   * @throws {TypeError} when the argument is not a validator of Standard Schema
   */
  readonly js: t.JsBuilder;
  /** array; Python `list[x]` */
  readonly list: typeof list;
  /** Set; Python `set[x]` */
  readonly set: typeof set;
  /** Map; Python `dict[k, v]` */
  readonly map: typeof map;
  /** object without prototype and with string keys; Python `dict[str, v]` */
  readonly record: typeof record;
  /** `x | null`; Python `Optional[x]`. The member may be missing in the input. */
  readonly optional: typeof optional;
  /**
   * x, as a field that keeps the identity of its value in messages with `{ refs: true }`; Python `field(ref=True)`. Only for
   * fields: elements, keys and values keep their identity without it.
   */
  readonly shared: typeof shared;
  /**
   * An enum. Values are the member names. The wire has the index in the declaration. JSON mode has the name, or the JSON
   * value when the enum defines one.
   *
   * @example
   * const Color = t.enum("paint/Color", { RED: "red", GREEN: "green" });
   * @throws {TypeError} for a wrong tag, for no members, or for a member that is listed twice
   */
  enum<const M extends string>(tag: string, members: readonly M[]): t.Enum<M>;
  /** An enum that defines the JSON value of each member. */
  enum<const R extends Readonly<Record<string, string | number>>>(
    tag: string,
    members: R,
  ): t.Enum<keyof R & string>;
  /**
   * An extension: a named type whose bytes the user's own encoder makes, like a Python type with its own serializer.
   *
   * *Shape*: `encode` returns a `Uint8Array` of at most 64 MiB, which is copied. `decode` gets its own copy of the bytes.
   * Neither may return null, undefined or a promise, and `encode` must not encode messages. In unions, and for objects also
   * in `t.any`, a value belongs to the first extension whose `is` returns true. An extension without `is` can only be used at
   * positions of its own type.
   *
   * @example
   * const Url = t.extension("web/Url", {
   *   encode: (url: URL) => new TextEncoder().encode(url.href),
   *   decode: (bytes) => new URL(new TextDecoder().decode(bytes)),
   *   is: (value): value is URL => value instanceof URL,
   * });
   * @throws {TypeError} for a wrong tag, or for members that are not functions
   */
  extension<V>(tag: string, coder: ExtensionCoder<V>): t.Extension<V>;
  /** one of several messages, enums and extensions, which their tags distinguish; Python `Union[A, B]` */
  readonly union: typeof union;
  /** a schema that is declared later */
  readonly ref: typeof ref;
}

/**
 * The builders of schemas.
 *
 * @example
 * const Order = message("shop/Order", {
 *   orderId: t.string,
 *   quantity: t.int.default(1),
 *   tags: t.set(t.string),
 *   note: t.optional(t.string),
 * });
 */
export const t: Builders = Object.freeze({
  string: scalar<t.String>("string"),
  bool: scalar<t.Bool>("bool"),
  float: scalar<t.Number>("float"),
  float32: scalar<t.Number>("float32"),
  bytes: new BytesValue({
    kind: "scalar",
    scalar: scalarKinds.bytes,
    lend: false,
  }) as unknown as t.Bytes,
  int: scalar<t.Number>("int"),
  bigint: scalar<t.Bigint>("bigint"),
  int8: scalar<t.Number>("int8"),
  int16: scalar<t.Number>("int16"),
  int32: scalar<t.Number>("int32"),
  int64: scalar<t.Bigint>("int64"),
  uint8: scalar<t.Number>("uint8"),
  uint16: scalar<t.Number>("uint16"),
  uint32: scalar<t.Number>("uint32"),
  uint64: scalar<t.Bigint>("uint64"),
  fixedInt32: scalar<t.Number>("fixedInt32"),
  fixedInt64: scalar<t.Bigint>("fixedInt64"),
  fixedUint32: scalar<t.Number>("fixedUint32"),
  fixedUint64: scalar<t.Bigint>("fixedUint64"),
  taggedInt64: scalar<t.Bigint>("taggedInt64"),
  taggedUint64: scalar<t.Bigint>("taggedUint64"),
  timestamp: scalar<t.Timestamp>("timestamp"),
  timestampMicros: scalar<t.Bigint>("timestampMicros"),
  date: scalar<t.Day>("date"),
  boolArray: array("bool"),
  int8Array: array("int8"),
  int16Array: array("int16"),
  int32Array: array("int32"),
  int64Array: array("int64"),
  uint8Array: array("uint8"),
  uint16Array: array("uint16"),
  uint32Array: array("uint32"),
  uint64Array: array("uint64"),
  float32Array: array("float32"),
  float64Array: array("float64"),
  any: any<t.Any>(null),
  anyList: any<t.AnyList>("list"),
  anyMap: any<t.AnyMap>("map"),
  js: jsBuilder() as unknown as t.JsBuilder,
  list,
  set,
  map,
  record,
  optional,
  shared,
  enum: enumeration as unknown as Builders["enum"],
  extension: extension as unknown as Builders["extension"],
  union,
  ref,
});
