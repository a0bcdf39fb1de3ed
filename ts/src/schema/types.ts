// The types of a schema: the decoded type (`Infer`) and the type to encode (`InferInput`).
//
// Owns: every compile-time rule of schemas. Contains no code: a schema has its types under a symbol that exists only for the
// compiler. They are read by indexed access. A conditional type that infers them would compare them with themselves again,
// which is slow, and wrong for a message that refers to itself.

/**
 * The member with the types of a schema. It has no value at run time.
 *
 * @example
 * type OutputOf<S extends { readonly [T]: { readonly out: unknown } }> = S[typeof T]["out"];
 * const name: OutputOf<typeof t.string> = "Ada"; // `Infer` is the usual way
 */
export declare const T: unique symbol;

type Has<P> = { readonly [T]: P };

/**
 * The instance type of a class: the type of its first construct signature, with any parameters.
 *
 * @example
 * const isMade = <V>(by: Constructs<V>, value: unknown): value is V => value instanceof by;
 * console.log(isMade(Reading, Reading.of({ meter: "kitchen", units: 3 }))); // true
 */
export type Constructs<V> = abstract new (...parameters: never[]) => V;

/**
 * The decoded type of a schema, with every key present. Accepts a schema or a class with `@wireType`.
 *
 * A message has no `out` of its own. A constant has the type of its values in `prototype`, and a class that extends it has
 * the type of its instances there, with their methods.
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
 * The type to encode. Keys with a default and optional keys may be missing.
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
 * True when a field of this schema may be missing in the input of a message.
 *
 * @example
 * const note = t.optional(t.string);
 * const mayBeAbsent: Omittable<typeof note> = true;
 */
export type Omittable<S> = S extends Has<{ readonly omit: true }> ? true : false;

/** Members that instances of a class with `@wireType` do not have. Every other class of JavaScript has one of them. */
export interface PlainInstance {
  readonly [Symbol.toStringTag]?: never;
  readonly [Symbol.iterator]?: never;
  readonly [Symbol.toPrimitive]?: never;
  readonly [Symbol.match]?: never;
  readonly [Symbol.hasInstance]?: never;
  valueOf(): object;
}

/**
 * A schema that can be a field, an element or a payload: a schema of `t`, a message, or a class with `@wireType`.
 *
 * @example
 * const columns: readonly AnySchema[] = [t.string, t.list(t.int), Invoice];
 */
export type AnySchema = Has<unknown> | Constructs<PlainInstance>;

/**
 * Bytes with their own plain `ArrayBuffer`. TypeScript before 5.7 has no name for this type.
 *
 * @example
 * const bytes: OwnBytes = Reading.encode({ meter: "kitchen", units: 3 });
 */
export type OwnBytes = ReturnType<Uint8ArrayConstructor["from"]>;

/**
 * One error that {@link StandardProps.validate} found.
 *
 * @example
 * const checked = Invoice["~standard"].validate({ invoiceId: 1 });
 * const issues: readonly StandardIssue[] = "issues" in checked ? checked.issues : [];
 * console.log(issues.map(({ message }) => message));
 */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * A validator of Standard Schema (version 1): a schema of zod, valibot, arktype and others. `t.js` takes it.
 *
 * @example
 * const even: StandardSchema<number> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "example",
 *     validate: (value) =>
 *       typeof value === "number" && value % 2 === 0 ? { value } : { issues: [{ message: "expected an even number" }] },
 *   },
 * };
 * const Even = message("lab/Even", { value: t.js(even) });
 */
export interface StandardSchema<I = unknown, O = I> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    /** Checks a value, and may convert it. */
    readonly validate: (value: unknown) => StandardResult<O> | Promise<StandardResult<O>>;
    readonly types?: { readonly input: I; readonly output: O } | undefined;
  };
}

/**
 * What a validator of Standard Schema returns: the value, or the issues that it found.
 *
 * @example
 * const refused: StandardResult<number> = { issues: [{ message: "expected a number" }] };
 * console.log(refused.issues.length); // 1
 */
export type StandardResult<O> =
  | { readonly value: O; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/**
 * The members that Standard Schema (version 1) requires.
 *
 * @example
 * const checks: StandardProps<unknown, unknown> = Invoice["~standard"];
 * console.log(checks.vendor); // aster-rpc
 */
export interface StandardProps<I, O> {
  readonly version: 1;
  readonly vendor: "aster-rpc";
  /** Checks a value. Returns it with defaults filled in, or the issues that were found. */
  readonly validate: (
    value: unknown,
  ) => { readonly value: O } | { readonly issues: readonly StandardIssue[] };
  readonly types?: { readonly input: I; readonly output: O };
}

/**
 * A schema: an immutable value that describes a field or an element. Messages are schemas without these members.
 *
 * @example
 * const documented = (schema: Schema, text: string): Schema => schema.describe(text);
 * const note = documented(t.string, "shown on the invoice");
 */
export interface Schema {
  /** The same schema with another wire name than the one derived from the TypeScript name. */
  name(wireName: string): this;
  /** The same schema with a description for people, which `jsonSchema()` shows. */
  describe(text: string): this;
  /** Standard Schema: validates a value and returns it with defaults filled in. */
  readonly "~standard": StandardProps<unknown, unknown>;
}

/**
 * A schema whose Standard Schema member has its types.
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
  /** Returns the bytes of a value: a `Uint8Array` of at most 64 MiB, which is copied immediately. */
  readonly encode: (value: V) => Uint8Array;
  /** Returns the value of bytes. They are a copy and may be kept. Throws for invalid bytes. */
  readonly decode: (bytes: Uint8Array) => V;
  /** Returns true for values of the extension, where several types are allowed. */
  readonly is?: (value: unknown) => value is V;
}

/**
 * The values of `t.any`: null, boolean, string, number, bigint, `Uint8Array`, the other typed arrays of `t`, `Date`,
 * `PlainDate`, arrays, `Set`, `Map`, plain objects, messages made by `X.of()` or by decoding, enum members made by
 * `Color.value("RED")`, and objects for which `is` of an extension returns true.
 *
 * @example
 * const Note = message("lab/Note", { value: t.any });
 * const values: readonly AnyValue[] = [null, true, "text", 1n, new Date(0), new Set(["a"])];
 * for (const value of values) Note.encode({ value });
 */
export type AnyValue = null | boolean | string | number | bigint | object;
