// Random values that structuredClone takes, with shared references and cycles.

import type { Random } from "./random.ts";

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  -17,
  207,
  208,
  4095,
  4096,
  65_535,
  65_536,
  2 ** 24,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
];
const FLOATS = [2 ** 53, 2 ** 53 - 1, -(2 ** 53), 0.1, 5e-324, 1e300, Number.NaN, Infinity, -Infinity];
const TEXTS = [
  "",
  "a",
  "\u0000",
  "é".repeat(30),
  "日本".repeat(20),
  "\ud800",
  "a\udc00b",
  "😀",
  "x".repeat(300),
];
const KEYS = [
  "a",
  "b",
  "name",
  "__proto__",
  "constructor",
  "toString",
  "then",
  "length",
  "0",
  "7",
  "1000",
  "é",
  "日",
  "",
];
const PATTERNS = [/a+b/gi, /(?<year>\d{4})/u, /[\u{1F600}]/u, /\//y, /(?:)/, /^x$/ms];
const ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

class Custom {
  own = 1;
  get inherited(): number {
    return 2;
  }
}

/** Makes one value from a number of parts. */
export class JsValueMaker {
  readonly #random: Random;
  #fuel = 0;
  #made: object[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  value(): unknown {
    this.#fuel = this.#random.pick([1, 5, 20, 60]);
    this.#made = [];
    return this.#any();
  }

  #any(): unknown {
    const random = this.#random;
    if (this.#made.length > 0 && random.once(8)) return random.pick(this.#made);
    return --this.#fuel < 0 || random.once(3) ? this.#primitive() : this.#object();
  }

  #primitive(): unknown {
    const random = this.#random;
    switch (random.below(9)) {
      case 0:
        return undefined;
      case 1:
        return null;
      case 2:
        return random.once(2);
      case 3:
        return random.pick(NUMBERS);
      case 4:
        return random.pick(FLOATS);
      case 5:
        return (random.bits() | 0) >> random.below(32);
      case 6:
        return (random.once(2) ? 1n : -1n) * random.long() ** BigInt(random.below(6));
      default:
        return random.pick(TEXTS);
    }
  }

  /** Registers an object before its parts, which may refer to it. */
  #keep<O extends object>(object: O, fill: (object: O) => void = () => {}): O {
    this.#made.push(object);
    fill(object);
    return object;
  }

  #times(most: number, step: (index: number) => void): void {
    for (let index = 0, count = this.#random.below(most + 1); index < count; index++) step(index);
  }

  #members(object: object, keys = KEYS): void {
    this.#times(5, () => {
      const key = this.#random.pick(keys);
      const value = this.#any();
      Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
    });
  }

  #object(): object {
    const random = this.#random;
    switch (random.below(16)) {
      case 0:
      case 1:
      case 2:
        return this.#keep({}, (object) => this.#members(object));
      case 3:
      case 4:
        return this.#keep([] as unknown[], (array) => this.#times(6, () => array.push(this.#any())));
      case 5:
        return this.#sparse();
      case 6:
        return this.#keep(new Map<unknown, unknown>(), (map) =>
          this.#times(5, () => map.set(this.#any(), this.#any())),
        );
      case 7:
        return this.#keep(new Set<unknown>(), (set) => this.#times(5, () => set.add(this.#any())));
      case 8:
        return this.#keep(new Date(random.pick([0, -1, 1.7e12, 8.64e15, Number.NaN])));
      case 9:
        return this.#keep(new RegExp(random.pick(PATTERNS)));
      case 10:
        return this.#keep(Object(random.pick([1, -0, "s", true, false, 5n, ""])) as object);
      case 11:
        return this.#error();
      case 12:
        return this.#keep(Uint8Array.from(random.bytes(20)).buffer);
      case 13:
      case 14:
        return this.#view();
      default:
        return this.#keep(random.once(2) ? new Custom() : Object.create(null), (object) =>
          this.#members(object),
        );
    }
  }

  /** An array with holes, or with members that are no elements. */
  #sparse(): object {
    return this.#keep([] as unknown[], (array) => {
      array.length = this.#random.pick([0, 3, 40, 5000]);
      this.#members(array, ["0", "1", "7", "39", "name", "__proto__", "-1", "1.5"]);
    });
  }

  #error(): object {
    const random = this.#random;
    const of = random.pick(ERRORS);
    return this.#keep(random.once(4) ? new of() : new of(random.pick(TEXTS)), (error) => {
      if (random.once(6)) error.name = random.pick(["TypeError", "MyError"]);
    });
  }

  /** A view of a new buffer, or of one that another view shows too. */
  #view(): object {
    const random = this.#random;
    const buffers = this.#made.filter((made): made is ArrayBuffer => made instanceof ArrayBuffer);
    const buffer =
      buffers.length > 0 && random.once(2)
        ? random.pick(buffers)
        : this.#keep(Uint8Array.from({ length: 8 * random.below(6) }, () => random.bits()).buffer);
    if (random.once(5)) return this.#keep(new DataView(buffer, random.below(buffer.byteLength + 1)));
    const of = random.pick(VIEWS);
    const items = Math.floor(buffer.byteLength / of.BYTES_PER_ELEMENT);
    const from = random.below(items + 1);
    return this.#keep(new of(buffer, from * of.BYTES_PER_ELEMENT, random.below(items - from + 1)));
  }
}
