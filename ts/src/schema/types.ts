// The types that a schema stands for: what decoding gives (`Infer`) and what encoding takes (`InferInput`).
//
// Owns: every compile-time rule of schemas. Has no code: a schema's types live under a symbol that exists for the compiler
// alone. They are read from there by indexed access: a conditional type that infers them compares them once more with
// themselves, which is slow, and wrong where a message refers to itself.

/** The member under which a schema carries its types; it has no value at run time. */
export declare const T: unique symbol;

type Has<P> = { readonly [T]: P };

/** What a class makes: the instance of the first construct signature, whatever its parameters are. */
export type Constructs<V> = abstract new (...parameters: never[]) => V;

/**
 * What decoding a schema gives: every key present. Takes a schema or a class marked with `@wireType`.
 *
 * A message has no `out` of its own: a constant says in `prototype` what its values are, and a class that extends it says
 * there what its instances are, methods included.
 */
export type Infer<S> =
  S extends Has<{ readonly out: unknown }>
    ? S[typeof T]["out"]
    : S extends { readonly prototype: unknown }
      ? S["prototype"]
      : never;

/** What encoding a schema takes: keys with a default and optional keys may be absent. */
export type InferInput<S> =
  S extends Has<{ readonly in: unknown }>
    ? S[typeof T]["in"]
    : S extends Has<unknown> & { encode(value: infer I): unknown }
      ? I
      : S extends { readonly prototype: unknown }
        ? S["prototype"]
        : never;

/** True when a message's input may leave a field of this schema out. */
export type Omittable<S> = S extends Has<{ readonly omit: true }> ? true : false;

/** What the instances of a class with `@wireType` have not; every other class of JavaScript has one of these. */
export interface PlainInstance {
  readonly [Symbol.toStringTag]?: never;
  readonly [Symbol.iterator]?: never;
  readonly [Symbol.toPrimitive]?: never;
  readonly [Symbol.match]?: never;
  readonly [Symbol.hasInstance]?: never;
  valueOf(): object;
}

/** What can stand as a field, an element or a payload: a schema of `t`, a message, or a class with `@wireType`. */
export type AnySchema = Has<unknown> | Constructs<PlainInstance>;

/** Bytes of one's own, over a plain `ArrayBuffer`: TypeScript before 5.7 has no name for it. */
export type OwnBytes = ReturnType<Uint8ArrayConstructor["from"]>;

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

/** A schema: an immutable value that says what a field or an element holds. Messages are schemas without these members. */
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

/** The encoder and decoder of an extension's values. */
export interface ExtensionCoder<V> {
  /** The bytes of a value: a `Uint8Array` of at most 64 MiB, copied at once. */
  readonly encode: (value: V) => Uint8Array;
  /** The value of bytes, which are a copy and may be kept. Throws for bytes that are none. */
  readonly decode: (bytes: Uint8Array) => V;
  /** Tells the extension's values from others, where a place takes several types. */
  readonly is?: (value: unknown) => value is V;
}

/**
 * What `t.any` holds: null, boolean, string, number, bigint, `Uint8Array`, the other typed arrays of `t`, `Date`,
 * `PlainDate`, arrays, `Set`, `Map`, plain objects, messages made by `X.of()` or by decoding, enum members made by `Color.value("RED")`, and
 * objects that an extension's `is` takes as its own.
 */
export type AnyValue = null | boolean | string | number | bigint | object;
