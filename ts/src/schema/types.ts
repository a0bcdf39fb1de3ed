// The types that a schema stands for: what decoding gives (`Infer`) and what encoding takes (`InferInput`).
//
// Owns: every compile-time rule of schemas. Has no code: a schema's types live under a symbol that exists for the compiler
// alone. They are read from there by indexed access: a conditional type that infers them compares them once more with
// themselves, which is slow, and wrong where a message refers to itself.

/**
 * The member under which a schema carries its types; it has no value at run time.
 *
 * @example
 * type OutputOf<S extends { readonly [T]: { readonly out: unknown } }> = S[typeof T]["out"];
 * const name: OutputOf<typeof t.string> = "Ada"; // `Infer` is the usual way
 */
export declare const T: unique symbol;

type Has<P> = { readonly [T]: P };

/**
 * What a class makes: the instance of the first construct signature, whatever its parameters are.
 *
 * @example
 * const isMade = <V>(by: Constructs<V>, value: unknown): value is V => value instanceof by;
 * console.log(isMade(Reading, Reading.of({ meter: "kitchen", units: 3 }))); // true
 */
export type Constructs<V> = abstract new (...parameters: never[]) => V;

/**
 * What decoding a schema gives: every key present. Takes a schema or a class marked with `@wireType`.
 *
 * A message has no `out` of its own: a constant says in `prototype` what its values are, and a class that extends it says
 * there what its instances are, methods included.
 *
 * @example
 * const Order = message("shop/Order", { orderId: t.string, note: t.optional(t.string) });
 * type Order = Infer<typeof Order>;
 * const order: Order = { orderId: "o-1", note: null };
 */
export type Infer<S> =
  S extends Has<{ readonly out: unknown }>
    ? S[typeof T]["out"]
    : S extends { readonly prototype: unknown }
      ? S["prototype"]
      : never;

/**
 * What encoding a schema takes: keys with a default and optional keys may be absent.
 *
 * @example
 * const Order = message("shop/Order", { orderId: t.string, note: t.optional(t.string) });
 * const input: InferInput<typeof Order> = { orderId: "o-1" }; // `note` becomes null
 */
export type InferInput<S> =
  S extends Has<{ readonly in: unknown }>
    ? S[typeof T]["in"]
    : S extends Has<unknown> & { encode(value: infer I): unknown }
      ? I
      : S extends { readonly prototype: unknown }
        ? S["prototype"]
        : never;

/**
 * True when a message's input may leave a field of this schema out.
 *
 * @example
 * const note = t.optional(t.string);
 * const mayBeAbsent: Omittable<typeof note> = true;
 */
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

/**
 * What can stand as a field, an element or a payload: a schema of `t`, a message, or a class with `@wireType`.
 *
 * @example
 * const columns: readonly AnySchema[] = [t.string, t.list(t.int), Invoice];
 */
export type AnySchema = Has<unknown> | Constructs<PlainInstance>;

/**
 * Bytes of one's own, over a plain `ArrayBuffer`: TypeScript before 5.7 has no name for it.
 *
 * @example
 * const bytes: OwnBytes = Reading.encode({ meter: "kitchen", units: 3 });
 */
export type OwnBytes = ReturnType<Uint8ArrayConstructor["from"]>;

/**
 * One thing that {@link StandardProps.validate} found wrong.
 *
 * @example
 * const checked = Invoice["~standard"].validate({ invoiceId: 1 });
 * const issues: readonly StandardIssue[] = "issues" in checked ? checked.issues : [];
 * console.log(issues.map(({ message }) => message));
 */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly PropertyKey[];
}

/**
 * The members that Standard Schema (version 1) asks for.
 *
 * @example
 * const checks: StandardProps<unknown, unknown> = Invoice["~standard"];
 * console.log(checks.vendor); // aster-rpc
 */
export interface StandardProps<I, O> {
  readonly version: 1;
  readonly vendor: "aster-rpc";
  readonly validate: (
    value: unknown,
  ) => { readonly value: O } | { readonly issues: readonly StandardIssue[] };
  readonly types?: { readonly input: I; readonly output: O };
}

/**
 * A schema: an immutable value that says what a field or an element holds. Messages are schemas without these members.
 *
 * @example
 * const documented = (schema: Schema, text: string): Schema => schema.describe(text);
 * const note = documented(t.string, "shown on the invoice");
 */
export interface Schema {
  /** The same schema under another wire name than the one derived from the TypeScript name. */
  name(wireName: string): this;
  /** The same schema with a text for people, which `jsonSchema()` shows. */
  describe(text: string): this;
  /** Standard Schema: checks any value and gives it back with defaults filled in. */
  readonly "~standard": StandardProps<unknown, unknown>;
}

/**
 * A schema whose Standard Schema member knows its types.
 *
 * @example
 * function parse<S extends TypedSchema>(schema: S, value: unknown): Infer<S> {
 *   const checked = schema["~standard"].validate(value);
 *   if ("issues" in checked) throw new TypeError(checked.issues.map(({ message }) => message).join());
 *   return checked.value;
 * }
 * console.log(parse(t.string, "tea")); // tea
 */
export interface TypedSchema extends Schema {
  readonly "~standard": StandardProps<InferInput<this>, Infer<this>>;
}

/**
 * The encoder and decoder of an extension's values.
 *
 * @example
 * const coder: ExtensionCoder<URL> = {
 *   encode: (url) => new TextEncoder().encode(url.href),
 *   decode: (bytes) => new URL(new TextDecoder().decode(bytes)),
 *   is: (value) => value instanceof URL,
 * };
 * const Link = message("web/Link", { url: t.extension("web/Url", coder) });
 */
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
 *
 * @example
 * const Note = message("lab/Note", { value: t.any });
 * const values: readonly AnyValue[] = [null, true, "text", 1n, new Date(0), new Set(["a"])];
 * for (const value of values) Note.encode({ value });
 */
export type AnyValue = null | boolean | string | number | bigint | object;
