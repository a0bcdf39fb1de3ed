// The types that a schema stands for: what decoding gives (`Infer`) and what encoding takes (`InferInput`).
//
// Owns: every compile-time rule of schemas. Has no code: a schema's values live under a symbol that exists for
// the compiler alone. Members behind `[T]` are inline object types and the input stands in a method's parameter,
// because generic aliases are evaluated eagerly and would break recursive messages.

import type { EnumMember } from "./enum-member.js";
import type { JsonSchema } from "./json-schema.js";

/** The member under which a schema carries its types; it has no value at run time. */
export declare const T: unique symbol;

type Has<P> = { readonly [T]: P };

/** What decoding a schema gives: every key present. Takes a schema or a class marked with `@wireType`. */
export type Infer<S> =
  S extends Has<{ readonly out: infer O }>
    ? O
    : S extends abstract new (
          ...a: never[]
        ) => infer I
      ? I
      : never;

/** What encoding a schema takes: keys with a default and optional keys may be absent. */
export type InferInput<S> =
  S extends Has<{ in(value: infer I): void }>
    ? I
    : S extends abstract new (
          ...a: never[]
        ) => infer I
      ? I
      : never;

/** True when a message's input may leave a field of this schema out. */
export type Omittable<S> = S extends Has<{ readonly omit: infer M }> ? M : false;

/** One thing that {@link StandardProps.validate} found wrong. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly PropertyKey[];
}

/** The members that Standard Schema (version 1) asks for. */
export interface StandardProps<I, O> {
  readonly version: 1;
  readonly vendor: "aster-rpc";
  readonly validate: (
    value: unknown,
  ) => { readonly value: O } | { readonly issues: readonly StandardIssue[] };
  readonly types?: { readonly input: I; readonly output: O };
}

/** A schema: an immutable value that says what a field, an element or a whole message holds. */
export interface Schema {
  /** The same schema under another wire name than the one derived from the TypeScript name. */
  name(wireName: string): this;
  /** The same schema with a text for people, which `jsonSchema()` shows. */
  describe(text: string): this;
  /** Standard Schema: checks any value and gives it back with defaults filled in. */
  readonly "~standard": StandardProps<unknown, unknown>;
}

/** A schema whose Standard Schema member knows its types. */
export interface TypedSchema extends Schema {
  readonly "~standard": StandardProps<InferInput<this>, Infer<this>>;
}

/** A schema that can be given a default. */
export interface Defaultable {
  /** The same schema with a value for absent members; it is copied for each use, also when a function gives it. */
  default(value: InferInput<this> | (() => InferInput<this>)): Defaulted<this>;
}

/** A schema with a default: input may leave it out. */
export interface Defaulted<S> extends TypedSchema {
  readonly [T]: { readonly out: Infer<S>; in(value: InferInput<S>): void; readonly omit: true };
}

/** A single value. */
export interface Scalar<O, I = O> extends TypedSchema, Defaultable {
  readonly [T]: { readonly out: O; in(value: I): void; readonly omit: false };
}

/** `t.bytes`, and its variants. */
export interface BytesSchema extends Scalar<Uint8Array> {
  /**
   * Bytes that JSON mode carries as base64 text (RFC 4648, with padding), by agreement of both sides: JSON mode has no form for
   * bytes, and Python's codec neither writes nor reads this one. In XLANG the same as `t.bytes`.
   */
  readonly base64: Scalar<Uint8Array>;
  /** A view into the receive buffer. It dies at the end of the handler or of the stream step. */
  readonly view: Scalar<Uint8Array>;
}

/** `t.list(x)` */
export interface ListOf<S> extends TypedSchema, Defaultable {
  readonly [T]: { readonly out: Infer<S>[]; in(value: readonly InferInput<S>[]): void; readonly omit: false };
}

/** `t.set(x)` */
export interface SetOf<S> extends TypedSchema, Defaultable {
  readonly [T]: {
    readonly out: Set<Infer<S>>;
    in(value: ReadonlySet<InferInput<S>>): void;
    readonly omit: false;
  };
}

/** `t.map(k, v)` */
export interface MapOf<K, V> extends TypedSchema, Defaultable {
  readonly [T]: {
    readonly out: Map<Infer<K>, Infer<V>>;
    in(
      value:
        | ReadonlyMap<InferInput<K>, InferInput<V>>
        | (string extends InferInput<K> ? { readonly [key: string]: InferInput<V> } : never),
    ): void;
    readonly omit: false;
  };
}

/** `t.record(v)` */
export interface RecordOf<V> extends TypedSchema, Defaultable {
  readonly [T]: {
    readonly out: { [key: string]: Infer<V> };
    in(value: ReadonlyMap<string, InferInput<V>> | { readonly [key: string]: InferInput<V> }): void;
    readonly omit: false;
  };
}

/** `t.optional(x)` */
export interface OptionalOf<S> extends TypedSchema, Defaultable {
  readonly [T]: { readonly out: Infer<S> | null; in(value: InferInput<S> | null): void; readonly omit: true };
}

/** `t.ref(() => X)` */
export interface RefOf<S> extends TypedSchema, Defaultable {
  readonly [T]: { readonly out: Infer<S>; in(value: InferInput<S>): void; readonly omit: false };
}

/** `t.shared(x)`: the types of x */
export interface SharedOf<S> extends TypedSchema, Defaultable {
  readonly [T]: { readonly out: Infer<S>; in(value: InferInput<S>): void; readonly omit: Omittable<S> };
}

/** `t.union(A, B)`; members of enums are objects here, which know their enum. */
export interface UnionOf<S extends readonly unknown[]> extends TypedSchema, Defaultable {
  readonly [T]: {
    readonly out: S[number] extends infer M ? (M extends EnumOf<infer N> ? EnumMember<N> : Infer<M>) : never;
    in(
      value: S[number] extends infer M ? (M extends EnumOf<infer N> ? EnumMember<N> : InferInput<M>) : never,
    ): void;
    readonly omit: false;
  };
}

/** `t.enum(tag, members)` */
export interface EnumOf<M extends string> extends TypedSchema, Defaultable {
  readonly [T]: { readonly out: M; in(value: M): void; readonly omit: false };
  readonly tag: string;
  /** The member names, in the order of their ordinals. */
  readonly members: readonly M[];
  /** The member as an object of its own, for places without a schema (`t.any`). The same object each time. */
  value(member: M): EnumMember<M>;
}

/** The encoder and decoder of an extension's values. */
export interface ExtensionCoder<V> {
  /** The bytes of a value: a `Uint8Array` of at most 64 MiB, copied at once. */
  readonly encode: (value: V) => Uint8Array;
  /** The value of bytes, which are a copy and may be kept. Throws for bytes that are none. */
  readonly decode: (bytes: Uint8Array) => V;
  /** Tells the extension's values from others, where a place takes several types. */
  readonly is?: (value: unknown) => value is V;
}

/** `t.extension(tag, coder)` */
export interface ExtensionOf<V> extends TypedSchema, Defaultable {
  readonly [T]: { readonly out: V; in(value: V): void; readonly omit: false };
  readonly tag: string;
}

/**
 * What `t.any` holds: null, boolean, string, number, bigint, `Uint8Array`, the other typed arrays of `t`, `Date`,
 * `PlainDate`, arrays, `Set`, `Map`, plain objects, messages made by `X.of()` or by decoding, enum members made by `Color.value("RED")`, and
 * objects that an extension's `is` takes as its own.
 */
export type AnyValue = null | boolean | string | number | bigint | object;

/** What every message schema can do beside being a schema. */
export interface MessageMembers extends Schema, Defaultable {
  /** The tag that names the type on the wire, `namespace/Name`. */
  readonly tag: string;
  /** A branded shallow copy with absent members filled in, as `t.any` and `t.union` need it. */
  of(value: InferInput<this>): Infer<this>;
  /**
   * The value as Fory XLANG bytes, the same as Python's.
   * @throws {AsterError} INVALID_ARGUMENT with the path when the value does not fit
   */
  encode(value: InferInput<this>): Uint8Array;
  /**
   * The value that the bytes hold. Nothing of the result refers to `bytes` (but `t.bytes.view` members).
   * @throws {AsterError} INVALID_ARGUMENT when the bytes are no such message or exceed a limit
   */
  decode(bytes: Uint8Array): Infer<this>;
  /** The value as JSON mode carries it, the same text as Python's. */
  encodeJson(value: InferInput<this>): string;
  /** The value that a JSON text holds: absent members take their default, optional ones null. */
  decodeJson(text: string): Infer<this>;
  /**
   * JSON Schema (2020-12) of the message in JSON mode.
   *
   * *Shape*: members have their wire names. Integers of 64 bits have no bounds: a double does not hold them.
   * @throws {TypeError} naming the member whose kind has no form in JSON mode: bytes, typed arrays, sets, dates, timestamps,
   * unions, extensions.
   */
  jsonSchema(): JsonSchema;
}

/** A message schema, by the types of its values: what to annotate exported constants with. */
export interface Message<O, I = O> extends MessageMembers {
  readonly [T]: { readonly out: O; in(value: I): void; readonly omit: false };
  // Unknown, not I: `types.input` is covariant, so a message that takes readonly arrays would not fit `Message<O>`.
  readonly "~standard": StandardProps<unknown, O>;
}

/** A message schema, by its fields: what `message()` gives. */
export interface MessageOf<F> extends MessageMembers {
  readonly "~standard": StandardProps<InferInput<this>, Infer<this>>;
  readonly [T]: {
    readonly out: { -readonly [K in keyof F]: Infer<F[K]> };
    in(
      value: {
        readonly [K in keyof F as Omittable<F[K]> extends true ? never : K]: InferInput<F[K]>;
      } & {
        readonly [K in keyof F as Omittable<F[K]> extends true ? K : never]?: InferInput<F[K]>;
      },
    ): void;
    readonly omit: false;
  };
}
