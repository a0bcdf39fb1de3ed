// Typed arrays: the JavaScript class for each Fory array, and the check whether a value is one.
//
// Owns: the list of array kinds. The kind of a value is found by the name that the engine gives a typed array, which
// neither a changed prototype nor another realm affects. JavaScript has no typed array of booleans, so a `Uint8Array` with 0
// and 1 is used.

/** The name of an array kind in a schema descriptor. */
export type ArrayWord =
  | "bool"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float32"
  | "float64";

/** A JavaScript typed array for a Fory array. */
export type NumericArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** The facts of an array kind, for JavaScript and for the wire. */
export interface ArrayKind {
  readonly word: ArrayWord;
  /** The Fory type id. */
  readonly id: number;
  /** The size of an item in bytes. */
  readonly width: number;
  /** The name of the JavaScript class. */
  readonly className: string;
  /** The description of a value that fits, for error texts. */
  readonly expected: string;
  /** Makes an array over a whole buffer. */
  over(buffer: ArrayBuffer): NumericArray;
  /** True for a value that can be written. */
  fits(value: unknown): value is NumericArray;
}

type ArrayClass = {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): NumericArray;
};

const typedArrayPrototype = Object.getPrototypeOf(Int8Array.prototype) as object;
const classNameOf = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

/** The class name of a typed array, whatever its prototype is; undefined for other values. */
export function typedArrayClass(value: unknown): string | undefined {
  return classNameOf.call(value);
}

/** True when the memory of a typed array was transferred to another thread: its length is 0 then. */
export function isDetached({ byteLength, buffer }: ArrayBufferView): boolean {
  if (byteLength > 0 || !(buffer instanceof ArrayBuffer)) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

function array(word: ArrayWord, id: number, of: ArrayClass): ArrayKind {
  const className = of.name;
  return {
    word,
    id,
    width: of.BYTES_PER_ELEMENT,
    className,
    expected: `${/^[AEIOU](?!int)/.test(className) ? "an" : "a"} ${className}`,
    over: (buffer) => new of(buffer),
    fits: (value): value is NumericArray =>
      classNameOf.call(value) === className && !isDetached(value as NumericArray),
  };
}

const uint8 = array("uint8", 48, Uint8Array);

const kinds: Readonly<Record<ArrayWord, ArrayKind>> = {
  bool: {
    ...uint8,
    word: "bool",
    id: 43,
    expected: "a Uint8Array of zeros and ones",
    fits: (value): value is NumericArray => uint8.fits(value) && areBools(value as Uint8Array),
  },
  int8: array("int8", 44, Int8Array),
  int16: array("int16", 45, Int16Array),
  int32: array("int32", 46, Int32Array),
  int64: array("int64", 47, BigInt64Array),
  uint8,
  uint16: array("uint16", 49, Uint16Array),
  uint32: array("uint32", 50, Uint32Array),
  uint64: array("uint64", 51, BigUint64Array),
  float32: array("float32", 55, Float32Array),
  float64: array("float64", 56, Float64Array),
};

/** All array kinds by name. */
export const arrayKinds: Readonly<Record<ArrayWord, ArrayKind>> = kinds;

/** True when every byte is 0 or 1. */
export function areBools(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) if ((bytes[index] as number) > 1) return false;
  return true;
}

const byId = new Map(Object.values(kinds).map((kind) => [kind.id, kind]));

/** The array kind of a Fory type id. */
export function arrayKindOfId(id: number): ArrayKind | undefined {
  return byId.get(id);
}

/** The array kinds by class. A `Uint8Array` without a schema is encoded as bytes. */
const byClass = new Map(
  Object.values(kinds)
    .filter(({ className }) => className !== "Uint8Array")
    .map((kind) => [kind.className, kind]),
);

/** The array kind of a value without a schema; undefined for bytes and for other values. */
export function arrayKindOfValue(value: unknown): ArrayKind | undefined {
  const className = classNameOf.call(value);
  return className === undefined ? undefined : byClass.get(className);
}

/** A copy of a typed array, with a new buffer. */
export function copyOfArray(kind: ArrayKind, value: NumericArray): NumericArray {
  const bytes = new Uint8Array(value.byteLength);
  bytes.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  return kind.over(bytes.buffer);
}
