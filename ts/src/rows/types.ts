// The types of rows: what `rows(Schema)` gives, and how each value reads in place.
//
// Owns: the public interfaces of this folder. They follow from what decoding a schema gives (`Infer`), so they hold
// for messages, annotated messages and `@wireType` classes alike. Has no code.

/** The typed arrays in which lists of numbers and booleans are stored. */
export type RowArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** What encoding a list takes beside an array: numbers or bigints in a typed array. */
type RowArrayInput<V> =
  | (V extends number ? Exclude<RowArray, BigInt64Array> : never)
  | (V extends bigint ? BigInt64Array : never);

/** What encoding takes: as for messages, and lists of numbers or bigints also as typed arrays. */
export type RowInput<V> = V extends null | boolean | number | bigint | string | Uint8Array
  ? V
  : V extends readonly (infer E)[]
    ? readonly RowInput<E>[] | RowArrayInput<E>
    : V extends ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>
      ? V
      : { [K in keyof V]: RowInput<V[K]> };

/** What a copy of numbers comes in: `Float64Array` for any kind of number, `Uint8Array` (0, 1) for booleans. */
export type RowTypedArray<V> = V extends number
  ? Float64Array
  : V extends bigint
    ? BigInt64Array
    : V extends boolean
      ? Uint8Array
      : never;

/** A value in place: single values as they are, everything with parts as a view. */
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
 * A message in place: each member is read when it is asked for, and again each time.
 *
 * *Lifetime*: as long as the buffer keeps its content. Members are getters of the prototype: `{...view}` and
 * `JSON.stringify(view)` see none of them; `toObject()` does.
 * @throws {AsterError} INVALID_ARGUMENT from a getter: text that is not UTF-8, null where the schema has none, an
 * integer in `t.int` that no number holds.
 */
export type RowView<M> = {
  readonly [K in keyof M as M[K] extends (...args: never[]) => unknown ? never : K]: RowValue<M[K]>;
} & ("toObject" extends keyof M
  ? unknown
  : {
      /** The whole message as decoding gives it: branded, nothing of it refers to the buffer but `t.bytes.view`. */
      toObject(): M;
    });

/** Values in a row: one field of all rows of a table, or the elements of a list. */
export interface RowColumn<V> extends Iterable<RowValue<V>> {
  readonly length: number;
  /** One value; a negative index counts from the end, as in arrays. */
  at(index: number): RowValue<V> | undefined;
  /** All values, materialised. */
  toArray(): V[];
  /**
   * All numbers, bigints or booleans in a typed array of one's own.
   * @param whenNull stands for null; without it a null is refused.
   * @throws {TypeError} for values of another kind
   */
  toTypedArray(whenNull?: NonNullable<V>): RowTypedArray<NonNullable<V>>;
}

/** A list in place. */
export interface RowList<V> extends RowColumn<V> {
  /**
   * The numbers where they are: a view into the buffer, or a copy where the buffer begins at an odd address.
   *
   * *Shape*: `kind` is how they are stored: `Uint8Array` for `t.bool`, `Int8Array`, `Int16Array`, `Int32Array`,
   * `BigInt64Array` for `t.int` and `t.bigint`, `Float32Array`, `Float64Array`.
   * @throws {TypeError} when they are stored otherwise
   * @throws {AsterError} INVALID_ARGUMENT when one of them is null
   */
  asTypedArray<A extends RowArray>(kind: RowArrayKind<A>): A;
}

/** The constructor of a typed array. */
export interface RowArrayKind<A extends RowArray = RowArray> {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): A;
}

/** A set in place; what stands there twice is counted twice. */
export interface RowSet<V> extends Iterable<RowValue<V>> {
  readonly size: number;
  /** Looks at one element after the other; `toSet()` is for many questions. */
  has(value: V): boolean;
  toSet(): Set<V>;
}

/** A map or record in place; the last of equal keys counts. */
export interface RowMap<K, V> extends Iterable<[RowValue<K>, RowValue<V>]> {
  /** Entries, of which those with equal keys are counted apart. */
  readonly size: number;
  /** Looks at one key after the other; `toMap()` is for many questions. */
  get(key: K): RowValue<V> | undefined;
  has(key: K): boolean;
  keys(): IterableIterator<RowValue<K>>;
  values(): IterableIterator<RowValue<V>>;
  toMap(): Map<K, V>;
}

/** An array of rows, each of which is read when it is asked for. */
export interface RowTable<M> extends Iterable<RowView<M>> {
  readonly length: number;
  /** One row. @throws {RangeError} for an index that is none */
  row(index: number): RowView<M>;
  /** One row; a negative index counts from the end, as in arrays. */
  at(index: number): RowView<M> | undefined;
  /** One field of all rows; nothing is read before it is asked for, and nothing of other fields ever. */
  column<K extends keyof M & string>(key: K): RowColumn<M[K]>;
  /** All rows, materialised. */
  toArray(): M[];
}

/** What `rows(Schema)` gives. `M` is what decoding the schema gives, `I` what encoding takes. */
export interface Rows<M, I = M> {
  /** Fory's schema bytes of the row: equal for schemas whose rows can be read as each other's. A copy. */
  readonly schemaBytes: Uint8Array;
  /**
   * The value as one row, the same bytes as Python's.
   * @throws {AsterError} INVALID_ARGUMENT with the path when the value does not fit
   */
  encode(value: RowInput<I>): Uint8Array;
  /** The values as a table. @throws {AsterError} as `encode`, with the index in the path */
  encodeTable(values: Iterable<RowInput<I>>): Uint8Array;
  /**
   * A view of one row.
   *
   * *Lifetime*: the view refers to `bytes`, which is checked once, here. Bytes that change afterwards give other values or
   * a RangeError, never what is outside of them. Shared and resizable memory is copied first.
   * @throws {AsterError} INVALID_ARGUMENT when the bytes are no such row
   */
  row(bytes: Uint8Array): RowView<M>;
  /** A view of a table; as `row`. */
  table(bytes: Uint8Array): RowTable<M>;
  /** `view.toObject()`, also where a field of that name stands in its way. */
  toObject(view: RowView<M>): M;
}
