// Reading values of `t.js`.
//
// Owns: the check of everything that a peer claims, before memory is allocated for it. Objects are plain, and every key is
// only data in them: a member `__proto__` is defined, not assigned. The only classes are those of this file.

import { stackless } from "../../errors.js";
import { COST } from "../costs.js";
import type { Reader } from "../reader.js";
import { MAX_ELEMENTS, MAX_OBJECTS } from "../refusal.js";
import { latin1Of } from "../text.js";
import { hexSlice, ucs2Slice } from "./bytes.js";
import { readCount, readElementCount, readInteger } from "./format.js";
import { IncomingBuffers } from "./js-buffers.js";
import {
  ERROR_FLAG,
  ERROR_NAMES,
  KEY,
  MAX_JS_DEPTH,
  MAX_PATTERN,
  SMALL,
  TAG,
  TRACKS_LENGTH,
  VIEW_CLASSES,
} from "./js-format.js";

/** Reads one value. */
export function readJs(reader: Reader): unknown {
  return new JsReading(reader).run();
}

class JsReading {
  readonly #reader: Reader;
  /** The values with identity so far, in the order of their first use. */
  readonly #values: unknown[] = [];
  readonly #keys: string[] = [];
  #buffers: IncomingBuffers | null = null;
  #depth = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  run(): unknown {
    const value = this.#value();
    this.#buffers?.readContents(this.#reader);
    return value;
  }

  #value(): unknown {
    const r = this.#reader;
    const tag = r.byte();
    if (tag >= SMALL) return tag - SMALL - 16;
    switch (tag) {
      case TAG.UNDEFINED:
        return undefined;
      case TAG.NULL:
        return null;
      case TAG.FALSE:
        return false;
      case TAG.TRUE:
        return true;
      case TAG.INTEGER:
        return readInteger(r);
      case TAG.FLOAT:
        return r.float();
      case TAG.BIGINT:
      case TAG.NEGATIVE_BIGINT:
        return this.#bigint(tag === TAG.NEGATIVE_BIGINT);
      case TAG.LATIN1:
      case TAG.UTF16:
        return this.#text(tag === TAG.UTF16);
      case TAG.REFERENCE:
        return this.#reference();
      default:
        return this.#object(tag);
    }
  }

  #text(wide: boolean): string {
    const r = this.#reader;
    const length = readCount(r);
    r.charge(COST.text);
    const bytes = wide ? length * 2 : length;
    r.need(bytes);
    const start = r.pos;
    r.pos = start + bytes;
    return wide ? ucs2Slice.call(r.buf, start, start + bytes) : latin1Of(r.buf, start, length);
  }

  /** Reads a value that must be a string. */
  #string(): string {
    const tag = this.#reader.byte();
    if (tag === TAG.LATIN1 || tag === TAG.UTF16) return this.#text(tag === TAG.UTF16);
    return this.#reader.fail("another value where a string is expected");
  }

  #bigint(negative: boolean): bigint {
    const r = this.#reader;
    const length = readCount(r);
    if (length === 0) r.fail("a bigint without bytes");
    r.need(length);
    r.charge(COST.bigint + length * 4);
    const start = r.pos;
    r.pos = start + length;
    const magnitude = BigInt(`0x${hexSlice.call(r.buf, start, start + length)}`);
    return negative ? -magnitude : magnitude;
  }

  #reference(): unknown {
    const number = readCount(this.#reader);
    if (number >= this.#values.length)
      this.#reader.fail(`a reference to value ${number}, which does not exist yet`);
    const value = this.#values[number];
    return value === PENDING ? this.#reader.fail("a reference to a value that is not complete") : value;
  }

  #object(tag: number): unknown {
    const r = this.#reader;
    if (--r.budget < 0) r.exceed(`more than ${MAX_OBJECTS} messages, collections and objects`);
    r.charge(COST.reference + (costByTag[tag] ?? COST.record));
    if (++this.#depth > MAX_JS_DEPTH) r.exceed(`nested deeper than ${MAX_JS_DEPTH}`);
    const value = this.#contents(tag);
    this.#depth--;
    return value;
  }

  #contents(tag: number): unknown {
    switch (tag) {
      case TAG.OBJECT:
        return this.#members(this.#keep({}));
      case TAG.ARRAY:
        return this.#array();
      case TAG.SPARSE_ARRAY:
        return this.#sparseArray();
      case TAG.MAP:
        return this.#map();
      case TAG.SET:
        return this.#set();
      case TAG.DATE:
        return this.#keep(new Date(this.#number()));
      case TAG.REGEXP:
        return this.#keep(this.#regexp());
      case TAG.BUFFER:
      case TAG.RESIZABLE_BUFFER:
        return this.#keep(this.#buffer(tag === TAG.RESIZABLE_BUFFER));
      case TAG.VIEW:
        return this.#view();
      case TAG.ERROR:
        return this.#error();
      case TAG.BOXED:
        return this.#keep(this.#boxed());
      default:
        return this.#reader.fail(`a value begins with the unknown byte ${tag}`);
    }
  }

  /** Gives the next number to a value. */
  #keep<V>(value: V): V {
    this.#values.push(value);
    return value;
  }

  #members(target: object): object {
    const isArray = Array.isArray(target);
    let capacity = 0;
    for (let code = this.#keyCode(); code !== KEY.END; code = this.#keyCode()) {
      const key = this.#key(code);
      if (isArray && key === "length") this.#reader.fail("an array with a member for its length");
      this.#reader.charge(code === KEY.NEW ? COST.property : COST.element);
      if (!isArray) capacity = this.#reader.recordKey(key, capacity);
      const value = this.#value();
      if (key === "__proto__") {
        Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
      } else {
        (target as Record<string, unknown>)[key] = value;
      }
    }
    return target;
  }

  #keyCode(): number {
    return readCount(this.#reader);
  }

  #key(code: number): string {
    if (code === KEY.NEW) {
      const key = this.#string();
      this.#keys.push(key);
      return key;
    }
    return (
      this.#keys[code - KEY.FIRST] ??
      this.#reader.fail(`a reference to key ${code}, which does not exist yet`)
    );
  }

  #array(): unknown[] {
    const count = readElementCount(this.#reader, MAX_ELEMENTS);
    this.#reader.charge(count * COST.slot);
    const result: unknown[] = this.#keep([]);
    for (let index = 0; index < count; index++) result.push(this.#value());
    return result;
  }

  #sparseArray(): object {
    const length = readCount(this.#reader);
    const result: unknown[] = this.#keep([]);
    if (length > MOST_HOLES) {
      // A very large index first: then the engine keeps the array as a table, and its length takes no memory.
      result[LARGEST_INDEX] = null;
      result.length = 0;
    } else {
      this.#reader.charge(length * COST.slot);
    }
    result.length = length;
    this.#members(result);
    if (result.length !== length) this.#reader.fail("an array with an element behind its end");
    return result;
  }

  #map(): Map<unknown, unknown> {
    const count = readElementCount(this.#reader, MAX_ELEMENTS);
    this.#reader.charge(count * COST.entry);
    const result = this.#keep(new Map<unknown, unknown>());
    const load = this.#reader.hashLoad(count);
    for (let index = 0; index < count; index++) {
      const key = this.#value();
      load?.add(key);
      result.set(key, this.#value());
    }
    return result;
  }

  #set(): Set<unknown> {
    const count = readElementCount(this.#reader, MAX_ELEMENTS);
    this.#reader.charge(count * COST.element);
    const result = this.#keep(new Set<unknown>());
    const load = this.#reader.hashLoad(count);
    for (let index = 0; index < count; index++) {
      const value = this.#value();
      load?.add(value);
      result.add(value);
    }
    return result;
  }

  #number(): number {
    const value = this.#value();
    return typeof value === "number" ? value : this.#reader.fail("another value where a number is expected");
  }

  #regexp(): RegExp {
    const source = this.#string();
    const flags = this.#string();
    if (source.length > MAX_PATTERN)
      this.#reader.fail(`a regular expression of more than ${MAX_PATTERN} characters`);
    try {
      return new RegExp(source, flags);
    } catch {
      return this.#reader.fail("a regular expression that is not valid");
    }
  }

  #boxed(): object {
    const value = this.#value();
    if (value === undefined || value === null || typeof value === "object") {
      return this.#reader.fail("another value where a primitive is expected");
    }
    return Object(value) as object;
  }

  #error(): Error {
    const r = this.#reader;
    const name = ERROR_NAMES[r.byte()] ?? r.fail("an error of an unknown kind");
    const flags = r.byte();
    if (flags > (ERROR_FLAG.MESSAGE | ERROR_FLAG.CAUSE)) r.fail(`an error has the unknown flags ${flags}`);
    // The number comes before the cause, which may refer to the error.
    const number = this.#values.push(PENDING) - 1;
    const message = (flags & ERROR_FLAG.MESSAGE) === 0 ? undefined : this.#string();
    const error = stackless(() => new ERROR_CLASSES[name](message));
    this.#values[number] = error;
    if ((flags & ERROR_FLAG.CAUSE) !== 0) {
      const cause = this.#value();
      Object.defineProperty(error, "cause", {
        value: cause,
        writable: true,
        enumerable: false,
        configurable: true,
      });
    }
    return error;
  }

  #buffer(resizable: boolean): ArrayBuffer {
    this.#buffers ??= new IncomingBuffers();
    return this.#buffers.make(this.#reader, resizable);
  }

  #view(): object {
    const r = this.#reader;
    const code = r.byte();
    const name = VIEW_CLASSES[code & ~TRACKS_LENGTH] ?? r.fail("a view of an unknown class");
    const number = this.#values.push(PENDING) - 1;
    const buffer = this.#value();
    if (!(buffer instanceof ArrayBuffer)) return r.fail("a view of a value that is not a buffer");
    const offset = readCount(r);
    const length = (code & TRACKS_LENGTH) === 0 ? readCount(r) : undefined;
    const view = makeView(name, buffer, offset, length) ?? r.fail("a view that does not fit its buffer");
    this.#values[number] = view;
    return view;
  }
}

/** What values cost, by tag. */
const costByTag: Readonly<Record<number, number>> = {
  [TAG.ARRAY]: COST.list,
  [TAG.SPARSE_ARRAY]: COST.list,
  [TAG.MAP]: COST.map,
  [TAG.SET]: COST.set,
  [TAG.DATE]: COST.timestamp,
  [TAG.REGEXP]: 2 * COST.array,
  [TAG.VIEW]: COST.array,
  [TAG.ERROR]: COST.array,
};

/** Stands for a value whose number is known before the value exists. */
const PENDING = Symbol("pending");

/** The largest length of a sparse array that has memory for every element. */
const MOST_HOLES = 1024;

/** Behind this gap, the engine keeps an array as a table. */
const LARGEST_INDEX = 2 ** 32 - 2;

const ERROR_CLASSES: Readonly<Record<(typeof ERROR_NAMES)[number], new (message?: string) => Error>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

type ViewClass = {
  readonly BYTES_PER_ELEMENT?: number;
  new (buffer: ArrayBuffer, offset: number, length?: number): ArrayBufferView;
};

/** Classes by name, without a look-up of a name from the wire. Float16Array exists only in newer engines. */
const VIEWS = new Map<string, ViewClass>(
  [
    DataView,
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
    (globalThis as { readonly Float16Array?: unknown }).Float16Array,
  ]
    .filter((of) => of !== undefined)
    .map((of) => [(of as { readonly name: string }).name, of as ViewClass]),
);

/** Makes a view over a part of a buffer, which is given in bytes. Null when it does not fit. */
function makeView(
  name: string,
  buffer: ArrayBuffer,
  offset: number,
  bytes: number | undefined,
): object | null {
  const of = VIEWS.get(name);
  const width = of?.BYTES_PER_ELEMENT ?? 1;
  if (of === undefined || offset % width !== 0 || offset > buffer.byteLength) return null;
  if (bytes === undefined) {
    return (buffer as { readonly resizable?: boolean }).resizable === true ? new of(buffer, offset) : null;
  }
  return bytes % width !== 0 || bytes > buffer.byteLength - offset
    ? null
    : new of(buffer, offset, bytes / width);
}
