// The types of messages: the type of `message()`, of its values, and of the values to encode.
//
// Owns: the compile-time types of messages, both constants and classes. Contains no code. The declarations of a user's contract
// name these types. So the types carry the fields as one object type, and everything else is computed from it.

import type { JsonSchema } from "./json-schema.js";
import type { t } from "./t.js";
import type {
  AnySchema,
  Constructs,
  Infer,
  InferInput,
  Omittable,
  OwnBytes,
  StandardProps,
  T,
} from "./types.js";

/**
 * The options of `decode` and `decodeJson`.
 *
 * @example
 * const Note = message("lab/Note", { text: t.string });
 * const small: DecodeOptions = { maxDecodedBytes: 1_000_000 };
 * console.log(Note.decode(Note.encode({ text: "tea" }), small).text); // tea
 */
export interface DecodeOptions {
  /**
   * The estimated size of the decoded values, in bytes. A message above it is refused with RESOURCE_EXHAUSTED before its
   * values are made. Default 64 MiB.
   */
  readonly maxDecodedBytes?: number | undefined;
}

/**
 * The brand of a value that refers to its message: made by `X.of()`, by `new X()` or by decoding. A union accepts only such
 * values. The brand also distinguishes messages with equal fields. It does not exist at run time.
 *
 * @example
 * const Order = message("shop/Order", { orderId: t.string });
 * const order: MessageValue<"shop/Order"> = Order.of({ orderId: "o-1" });
 */
export declare abstract class MessageValue<Tag extends string> {
  // Protected, not private, because declaration files leave out the type of a private member.
  protected readonly "made by of() or by decoding": Tag;
}

/**
 * The decoded types of the fields of a message.
 *
 * @example
 * type Order = Fields<{ readonly orderId: typeof t.string; readonly lines: t.List<typeof t.string> }>;
 * const order: Order = { orderId: "o-1", lines: ["tea"] };
 */
export type Fields<F> = { -readonly [K in keyof F]: Infer<F[K]> };

/**
 * The type to encode for a message. An explicit `undefined` counts as a missing member, where the member may be missing.
 *
 * @example
 * type OrderInput = FieldsInput<{ orderId: typeof t.string; note: t.Optional<typeof t.string> }>;
 * const input: OrderInput = { orderId: "o-1" };
 */
export type FieldsInput<F> = {
  readonly [K in keyof F as Omittable<F[K]> extends true ? never : K]: InferInput<F[K]>;
} & {
  readonly [K in keyof F as Omittable<F[K]> extends true ? K : never]?: InferInput<F[K]> | undefined;
};

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
type Marks<F> = { [K in keyof F]: 0 };
type WritableMarks<F> = { -readonly [K in keyof F]: 0 };

/**
 * `unknown` (no requirement) when `S` is a schema, else `AnySchema`. With `AnySchema` alone the compiler would compare each
 * schema member by member, and a member may refer to the message that is being defined.
 */
type SchemaOf<S> = S extends AnySchema ? unknown : AnySchema;

/**
 * Requires a schema for every field that is not a getter. The type of a getter must not be read, because it may refer to the
 * message that is being defined. Getters are read-only, so only that property of fields is compared, not their types.
 *
 * @example
 * const point = { x: t.int, y: t.int };
 * const fields: SchemaFields<typeof point> = point;
 */
export type SchemaFields<F> =
  Same<Marks<F>, WritableMarks<F>> extends true
    ? { [K in keyof F]: SchemaOf<F[K]> }
    : {
        [K in keyof F as Same<Marks<Pick<F, K>>, WritableMarks<Pick<F, K>>> extends true
          ? K
          : never]: SchemaOf<F[K]>;
      };

/**
 * The static members of every message. `I` is the type to encode.
 *
 * @example
 * const sizeOf = <I>(schema: MessageMembers<I>, value: I): number => schema.encode(value).length;
 * console.log(sizeOf(Reading, { meter: "kitchen", units: 3 }) > 0); // true
 */
export interface MessageMembers<I> {
  /** Makes a branded shallow copy with missing members filled in, as `t.any` and `t.union` need it. */
  of<V>(this: Constructs<V>, value: I): V;
  /** True for values that `of`, `new` or decoding of this message made. */
  is<V>(this: Constructs<V>, value: unknown): value is V;
  /**
   * A deep copy without classes: messages and records become plain objects, at every depth. For libraries and comparisons
   * that accept only plain objects. `encode` takes it back, except for messages inside of `t.any` and unions.
   * @throws {TypeError} for a value that is not of this message
   */
  toPlain<V>(this: Constructs<V>, value: V): V;
  /**
   * Encodes a value as Fory XLANG, with the same bytes as Python.
   * @throws {AsterError} INVALID_ARGUMENT with the path when the value does not fit
   */
  encode(value: I): OwnBytes;
  /**
   * Decodes bytes. The result does not refer to `bytes`, except for `t.bytes.view` members.
   * @throws {AsterError} INVALID_ARGUMENT when the bytes are not a valid message of this type, RESOURCE_EXHAUSTED when they
   * exceed a limit
   */
  decode<V>(this: Constructs<V>, bytes: Uint8Array, options?: DecodeOptions): V;
  /** Encodes a value as JSON text for JSON mode, with the same text as Python. */
  encodeJson(value: I): string;
  /** Decodes JSON text. Missing members get their default, optional ones become null. */
  decodeJson<V>(this: Constructs<V>, text: string, options?: DecodeOptions): V;
  /**
   * JSON Schema (2020-12) of the message in JSON mode.
   *
   * *Shape*: members have their wire names. 64-bit integers have no bounds, because a double cannot hold them.
   * @throws {TypeError} with the path of a member that JSON mode cannot hold: bytes, typed arrays, sets, dates, timestamps,
   * unions, extensions
   */
  jsonSchema(): JsonSchema;
  /** The message as a field with another wire name than the one derived from the TypeScript name. */
  named<S>(this: S, wireName: string): t.Ref<S>;
  /** The message as a field with a description for people, which `jsonSchema()` shows. */
  describe<S>(this: S, text: string): t.Ref<S>;
  /** Returns the message as a field with a default for missing members. Each use gets a copy, also when a function returns it. */
  default<S>(this: S, value: I | (() => I)): t.Default<S>;
}

/**
 * A message schema, by the types of its values. Use it to annotate exported constants.
 *
 * @example
 * interface Point {
 *   x: number;
 *   y: number;
 * }
 * export const Point: Message<Point> = message("draw/Point", { x: t.int, y: t.int });
 */
export interface Message<O, I = O> extends MessageMembers<I> {
  new (value: I): O;
  readonly prototype: O;
  /** The tag that names the type on the wire, `namespace/Name`. */
  readonly tag: string;
  // Without `in`: it would be covariant, so a message that accepts readonly arrays would not be a `Message<O>`.
  readonly [T]: { readonly omit: false };
  // Unknown instead of I, for the same reason.
  readonly "~standard": StandardProps<unknown, O>;
}
