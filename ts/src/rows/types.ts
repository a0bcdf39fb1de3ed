// The types of rows: the result of `rows(Schema)`, and the type of each value that is read in place.
//
// Owns: the public interfaces of this folder. They are computed from the decoded type of a schema (`Infer`), so they are
// the same for messages, annotated messages and `@wireType` classes. Contains no code.

import type { DecodeOptions } from "../schema/message-types.js";

/**
 * The typed arrays in which lists of numbers and booleans are stored.
 *
 * @example
 * const kinds: readonly RowArrayKind[] = [Int32Array, Float64Array];
 * const numbers: RowArray = new Float64Array([0.5, 1.5]);
 * console.log(kinds.some((kind) => numbers instanceof kind)); // true
 */
export type RowArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** What `encode` accepts for a list besides an array: numbers or bigints in a typed array. */
type RowArrayInput<V> =
  | (V extends number ? Exclude<RowArray, BigInt64Array> : never)
  | (V extends bigint ? BigInt64Array : never);

/**
 * What `encode` accepts: the same as for messages, and typed arrays for lists of numbers or bigints.
 *
 * @example
 * const Series = message("lab/Series", { values: t.list(t.float) });
 * const input: RowInput<InferInput<typeof Series>> = { values: Float64Array.of(0.5, 1.5) };
 * const bytes = rows(Series).encode(input);
 */
export type RowInput<V> = V extends null | boolean | number | bigint | string | Uint8Array
  ? V
  : V extends readonly (infer E)[]
    ? readonly RowInput<E>[] | RowArrayInput<E>
    : V extends ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>
      ? V
      : { [K in keyof V]: RowInput<V[K]> };

/**
 * The typed array of a copy: `Float64Array` for every kind of number, `Uint8Array` with 0 and 1 for booleans.
 *
 * @example
 * const Sale = message("shop/Sale", { amountCents: t.int });
 * const sales = rows(Sale);
 * const table = sales.table(sales.encodeTable([{ amountCents: 250 }, { amountCents: 100 }]));
 * const amounts: RowTypedArray<number> = table.column("amountCents").toTypedArray();
 * console.log(amounts.length); // 2
 */
export type RowTypedArray<V> = V extends number
  ? Float64Array
  : V extends bigint
    ? BigInt64Array
    : V extends boolean
      ? Uint8Array
      : never;

/**
 * A value read in place. Lists, sets, maps and messages are views; other values are decoded.
 *
 * @example
 * const Basket = message("shop/Basket", { articles: t.list(t.string) });
 * const baskets = rows(Basket);
 * const value: RowValue<Infer<typeof Basket>> = baskets.row(baskets.encode({ articles: ["tea"] }));
 * console.log(value.articles.toArray()); // [ 'tea' ]
 */
export type RowValue<V> = V extends null | boolean | number | bigint | string | Uint8Array
  ? V
  : V extends readonly (infer E)[]
    ? RowList<E>
    : V extends ReadonlyMap<infer K, infer E> // before sets: a Map has all that a ReadonlySet has
      ? RowMap<K, E>
      : V extends ReadonlySet<infer E>
        ? RowSet<E>
        : string extends keyof V
          ? RowMap<string, V[keyof V]>
          : RowView<V>;

/**
 * A message read in place. Each access to a member decodes it again.
 *
 * *Lifetime*: as long as the buffer keeps its content. Members are getters of the prototype, so `{...view}` and
 * `JSON.stringify(view)` do not contain them; use `toObject()`.
 *
 * @example
 * const Sale = message("shop/Sale", { article: t.string, amountCents: t.int });
 * const sales = rows(Sale);
 * const view: RowView<Infer<typeof Sale>> = sales.row(sales.encode({ article: "tea", amountCents: 250 }));
 * console.log(view.article, view.toObject()); // tea { article: 'tea', amountCents: 250 }
 * @throws {AsterError} INVALID_ARGUMENT from a getter: for a string that is not valid UTF-8, for null where the schema
 * does not allow null, for an integer in `t.int` that is not a safe number.
 */
export type RowView<M> = {
  readonly [K in keyof M as M[K] extends (...args: never[]) => unknown ? never : K]: RowValue<M[K]>;
} & ("toObject" extends keyof M
  ? unknown
  : {
      /** The whole message, as `decode` would return it. Only `t.bytes.view` members still refer to the buffer. */
      toObject(): M;
    });

/**
 * A sequence of values in rows: one field of all rows of a table, or the elements of a list.
 *
 * @example
 * const Sale = message("shop/Sale", { article: t.string, amountCents: t.int });
 * const sales = rows(Sale);
 * const table = sales.table(sales.encodeTable([{ article: "tea", amountCents: 250 }]));
 * const amounts: RowColumn<number> = table.column("amountCents");
 * console.log(amounts.at(-1), amounts.toTypedArray()); // 250 Float64Array(1) [ 250 ]
 */
export interface RowColumn<V> extends Iterable<RowValue<V>> {
  readonly length: number;
  /** The value at an index. A negative index counts from the end, as in arrays. */
  at(index: number): RowValue<V> | undefined;
  /** All values, decoded. */
  toArray(): V[];
  /**
   * Copies all numbers, bigints or booleans to a new typed array.
   * @param whenNull the value that replaces a null; without it, a null is an error
   * @throws {TypeError} when the values are not numbers, bigints or booleans
   * @throws {AsterError} INVALID_ARGUMENT for a null without `whenNull`
   */
  toTypedArray(whenNull?: NonNullable<V>): RowTypedArray<NonNullable<V>>;
}

/**
 * A list read in place.
 *
 * @example
 * const Basket = message("shop/Basket", { articles: t.list(t.string) });
 * const baskets = rows(Basket);
 * const articles: RowList<string> = baskets.row(baskets.encode({ articles: ["tea", "milk"] })).articles;
 * console.log(articles.length, articles.at(0)); // 2 tea
 */
export interface RowList<V> extends RowColumn<V> {
  /**
   * The numbers as they are stored: a view of the buffer, or a copy when the numbers are not aligned in memory.
   *
   * *Shape*: `kind` must match how the list is stored: `Uint8Array` for `t.bool`, `Int8Array`, `Int16Array` and
   * `Int32Array` for integers of that size, `BigInt64Array` for `t.int` and `t.bigint`, `Float32Array` for `t.float32`,
   * `Float64Array` for `t.float`.
   * @throws {TypeError} when the list is stored as another type
   * @throws {AsterError} INVALID_ARGUMENT when the list contains a null
   */
  asTypedArray<A extends RowArray>(kind: RowArrayKind<A>): A;
}

/**
 * The constructor of a typed array class.
 *
 * @example
 * const Series = message("lab/Series", { values: t.list(t.float) });
 * const series = rows(Series);
 * const kind: RowArrayKind<Float64Array> = Float64Array;
 * const view = series.row(series.encode({ values: [0.5, 1.5] })).values.asTypedArray(kind);
 * console.log(view.length); // 2
 */
export interface RowArrayKind<A extends RowArray = RowArray> {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): A;
}

/**
 * A set read in place. An element that the bytes contain twice is counted twice.
 *
 * @example
 * const Tags = message("shop/Tags", { names: t.set(t.string) });
 * const tags = rows(Tags);
 * const names: RowSet<string> = tags.row(tags.encode({ names: new Set(["new"]) })).names;
 * console.log(names.has("new")); // true
 */
export interface RowSet<V> extends Iterable<RowValue<V>> {
  readonly size: number;
  /** Compares the elements one by one. For many lookups, use `toSet()`. */
  has(value: V): boolean;
  /** All elements, decoded. */
  toSet(): Set<V>;
}

/**
 * A map or record read in place. Of equal keys, the last entry counts.
 *
 * @example
 * const Stock = message("shop/Stock", { units: t.map(t.string, t.int) });
 * const stocks = rows(Stock);
 * const units: RowMap<string, number> = stocks.row(stocks.encode({ units: { tea: 3 } })).units;
 * console.log(units.get("tea")); // 3
 */
export interface RowMap<K, V> extends Iterable<[RowValue<K>, RowValue<V>]> {
  /** The number of entries. Entries with equal keys are counted separately. */
  readonly size: number;
  /** Compares the keys one by one. For many lookups, use `toMap()`. */
  get(key: K): RowValue<V> | undefined;
  /** Whether there is an entry with this key. Compares the keys one by one. */
  has(key: K): boolean;
  /** The keys, in the order of the bytes. */
  keys(): IterableIterator<RowValue<K>>;
  /** The values, in the order of the bytes. */
  values(): IterableIterator<RowValue<V>>;
  /** All entries, decoded. */
  toMap(): Map<K, V>;
}

/**
 * An array of rows. A row is read when the program asks for it.
 *
 * @example
 * const Sale = message("shop/Sale", { article: t.string, amountCents: t.int });
 * const sales = rows(Sale);
 * const table: RowTable<Infer<typeof Sale>> = sales.table(
 *   sales.encodeTable([{ article: "tea", amountCents: 250 }]),
 * );
 * for (const { article, amountCents } of table) console.log(article, amountCents);
 */
export interface RowTable<M> extends Iterable<RowView<M>> {
  readonly length: number;
  /** The row at an index. @throws {RangeError} when there is no such row */
  row(index: number): RowView<M>;
  /** The row at an index. A negative index counts from the end, as in arrays. */
  at(index: number): RowView<M> | undefined;
  /** One field of all rows. It reads values when they are asked for, and never reads other fields. */
  column<K extends keyof M & string>(key: K): RowColumn<M[K]>;
  /** All rows, decoded. */
  toArray(): M[];
}

/**
 * The result of `rows(Schema)`. `M` is the type that decoding returns, `I` the type that encoding accepts.
 *
 * @example
 * const Sale = message("shop/Sale", { article: t.string, amountCents: t.int });
 * const sales: Rows<Infer<typeof Sale>, InferInput<typeof Sale>> = rows(Sale);
 * const view = sales.row(sales.encode({ article: "tea", amountCents: 250 }));
 * console.log(view.article); // tea
 */
export interface Rows<M, I = M> {
  /** Fory's schema bytes of the row, as a copy. Schemas with equal bytes can read each other's rows. */
  readonly schemaBytes: Uint8Array;
  /**
   * Encodes a value as one row, with the same bytes as Python.
   * @throws {AsterError} INVALID_ARGUMENT with the path of the value that does not fit
   */
  encode(value: RowInput<I>): Uint8Array;
  /** Encodes values as a table. @throws {AsterError} as `encode`, with the index in the path */
  encodeTable(values: Iterable<RowInput<I>>): Uint8Array;
  /**
   * A view of one row.
   *
   * *Lifetime*: the view refers to `bytes`, which this function checks once. If the bytes change later, the view returns
   * other values or throws a RangeError; it never reads outside of them. Shared and resizable memory is copied first.
   * @throws {AsterError} INVALID_ARGUMENT when the bytes are not a valid row of this schema
   */
  row(bytes: Uint8Array, options?: DecodeOptions): RowView<M>;
  /** A view of a table. Lifetime and errors are the same as for `row`. */
  table(bytes: Uint8Array, options?: DecodeOptions): RowTable<M>;
  /** Decodes a view, also when the message has a field with the name `toObject`. */
  toObject(view: RowView<M>): M;
}
