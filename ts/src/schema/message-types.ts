// The types of messages: what `message()` gives, what its values are, and what encoding takes.
//
// Owns: the compile-time side of messages, constants and classes alike. Has no code. Declarations of a user's contract
// name these types, so they carry their fields as one object type and leave everything else to be computed from it.

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
 * The mark of a value that knows its message: made by `X.of()`, by `new X()` or by decoding. A union takes nothing else, and
 * it tells messages with equal fields apart. There is no such member at run time.
 *
 * @example
 * const Order = message("shop/Order", { orderId: t.string });
 * const order: MessageValue<"shop/Order"> = Order.of({ orderId: "o-1" });
 */
export declare abstract class MessageValue<Tag extends string> {
  // Protected, not private: declarations leave out the type of a private member.
  protected readonly "made by of() or by decoding": Tag;
}

/**
 * What the fields of a message hold after decoding.
 *
 * @example
 * type Order = Fields<{ readonly orderId: typeof t.string; readonly lines: t.List<typeof t.string> }>;
 * const order: Order = { orderId: "o-1", lines: ["tea"] };
 */
export type Fields<F> = { -readonly [K in keyof F]: Infer<F[K]> };

/**
 * What encoding a message takes. An explicit `undefined` counts as absent where absence is allowed.
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
 * Demands a schema at every field that is no getter. The type of a getter must not be looked at: it may refer to the very
 * message that is being defined. Getters are read-only, so only the marks of fields are compared, without their types.
 *
 * @example
 * const point = { x: t.int, y: t.int };
 * const fields: SchemaFields<typeof point> = point;
 */
export type SchemaFields<F> =
  Same<Marks<F>, WritableMarks<F>> extends true
    ? { [K in keyof F]: AnySchema }
    : {
        [K in keyof F as Same<Marks<Pick<F, K>>, WritableMarks<Pick<F, K>>> extends true
          ? K
          : never]: AnySchema;
      };

/**
 * What every message can do. `I` is what encoding takes.
 *
 * @example
 * const sizeOf = <I>(schema: MessageMembers<I>, value: I): number => schema.encode(value).length;
 * console.log(sizeOf(Reading, { meter: "kitchen", units: 3 }) > 0); // true
 */
export interface MessageMembers<I> {
  /** A branded shallow copy with absent members filled in, as `t.any` and `t.union` need it. */
  of<V>(this: Constructs<V>, value: I): V;
  /** True for what `of`, `new` or decoding made of this message. */
  is<V>(this: Constructs<V>, value: unknown): value is V;
  /**
   * The value as Fory XLANG bytes, the same as Python's.
   * @throws {AsterError} INVALID_ARGUMENT with the path when the value does not fit
   */
  encode(value: I): OwnBytes;
  /**
   * The value that the bytes hold. Nothing of the result refers to `bytes` (but `t.bytes.view` members).
   * @throws {AsterError} INVALID_ARGUMENT when the bytes are no such message or exceed a limit
   */
  decode<V>(this: Constructs<V>, bytes: Uint8Array): V;
  /** The value as JSON mode carries it, the same text as Python's. */
  encodeJson(value: I): string;
  /** The value that a JSON text holds: absent members take their default, optional ones null. */
  decodeJson<V>(this: Constructs<V>, text: string): V;
  /**
   * JSON Schema (2020-12) of the message in JSON mode.
   *
   * *Shape*: members have their wire names. Integers of 64 bits have no bounds: a double does not hold them.
   * @throws {TypeError} naming the member whose kind has no form in JSON mode: bytes, typed arrays, sets, dates, timestamps,
   * unions, extensions.
   */
  jsonSchema(): JsonSchema;
  /** The message as a field with another wire name than the one derived from the TypeScript name. */
  named<S>(this: S, wireName: string): t.Ref<S>;
  /** The message as a field with a text for people, which `jsonSchema()` shows. */
  describe<S>(this: S, text: string): t.Ref<S>;
  /** The message as a field with a value for absent members; it is copied for each use, also when a function gives it. */
  default<S>(this: S, value: I | (() => I)): t.Default<S>;
}

/**
 * A message schema, by the types of its values: what to annotate exported constants with.
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
  // Without `in`: it would be covariant, so a message that takes readonly arrays would not fit `Message<O>`.
  readonly [T]: { readonly omit: false };
  // Unknown, not I, for the same reason.
  readonly "~standard": StandardProps<unknown, O>;
}
