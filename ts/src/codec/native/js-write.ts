// Writing values of `t.js`: everything that structuredClone takes, with its rules.
//
// Owns: which values can be sent and what is sent of them: own enumerable members with text keys, the contents of the classes
// of the language, and never a prototype. A value with identity is written once; references to it follow. Does not own:
// validators (`validator.ts`), buffers (`js-buffers.ts`).

import { types } from "node:util";
import type { MessageWriter } from "../../message.js";
import { typedArrayClass } from "../../schema/arrays.js";
import { MAX_ELEMENTS, MAX_OBJECTS, refuse } from "../refusal.js";
import { writing } from "../writing.js";
import { ABOVE_LATIN1, hexWrite, latin1Write, ucs2Write } from "./bytes.js";
import { INTEGER_ROOM, LENGTH_ROOM, putInteger, putLength } from "./format.js";
import { OutgoingBuffers } from "./js-buffers.js";
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

/** Strings of up to this many characters are written in a loop. */
const SHORT_TEXT = 24;

/** A tag and an integer, a float or a length. */
const HEAD_ROOM = 1 + INTEGER_ROOM;

/** Writes one value. */
export function writeJs(writer: MessageWriter, value: unknown): void {
  new JsWriting(writer).run(value);
}

class JsWriting {
  readonly #writer: MessageWriter;
  /** The numbers of the values with identity, in the order of their first use. */
  readonly #numbers = new Map<object, number>();
  readonly #keys = new Map<string, number>();
  #buffers: OutgoingBuffers | null = null;
  #depth = 0;

  constructor(writer: MessageWriter) {
    this.#writer = writer;
  }

  run(value: unknown): void {
    this.#value(value);
    this.#buffers?.writeContents(this.#writer);
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.#text(value);
        return;
      case "number":
        this.#number(value);
        return;
      case "boolean":
        this.#byte(value ? TAG.TRUE : TAG.FALSE);
        return;
      case "undefined":
        this.#byte(TAG.UNDEFINED);
        return;
      case "bigint":
        this.#bigint(value);
        return;
      case "object":
        if (value === null) this.#byte(TAG.NULL);
        else this.#object(value);
        return;
      default:
        refuse(`a ${typeof value} cannot be sent`);
    }
  }

  #byte(byte: number): void {
    const writer = this.#writer;
    writer.ensure(1);
    writer.buf[writer.pos++] = byte;
  }

  /** Writes a tag and a length. */
  #head(tag: number, length: number): void {
    const writer = this.#writer;
    writer.ensure(1 + LENGTH_ROOM);
    writer.buf[writer.pos] = tag;
    writer.pos = putLength(writer.buf, writer.pos + 1, length);
  }

  #number(value: number): void {
    const writer = this.#writer;
    writer.ensure(HEAD_ROOM);
    const { buf, pos } = writer;
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= -16 && value < 208) {
        buf[pos] = value + 16 + SMALL;
        writer.pos = pos + 1;
      } else {
        buf[pos] = TAG.INTEGER;
        writer.pos = putInteger(buf, pos + 1, value);
      }
      return;
    }
    buf[pos] = TAG.FLOAT;
    writer.view.setFloat64(pos + 1, value, true);
    writer.pos = pos + 9;
  }

  #text(text: string): void {
    const writer = this.#writer;
    const { length } = text;
    if (length <= SHORT_TEXT) {
      writer.ensure(2 + SHORT_TEXT);
      const { buf, pos } = writer;
      let units = 0;
      for (let index = 0; index < length; index++) {
        const unit = text.charCodeAt(index);
        units |= unit;
        buf[pos + 2 + index] = unit;
      }
      if (units < 256) {
        buf[pos] = TAG.LATIN1;
        buf[pos + 1] = length;
        writer.pos = pos + 2 + length;
        return;
      }
    }
    const wide = ABOVE_LATIN1.test(text);
    this.#head(wide ? TAG.UTF16 : TAG.LATIN1, length);
    writer.ensure(wide ? length * 2 : length);
    writer.pos += wide
      ? ucs2Write.call(writer.buf, text, writer.pos, length * 2)
      : latin1Write.call(writer.buf, text, writer.pos, length);
  }

  /** Writes a bigint as a length and the bytes of its magnitude, the highest first. */
  #bigint(value: bigint): void {
    const digits = (value < 0n ? -value : value).toString(16);
    const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
    const bytes = hex.length / 2;
    this.#head(value < 0n ? TAG.NEGATIVE_BIGINT : TAG.BIGINT, bytes);
    const writer = this.#writer;
    writer.ensure(bytes);
    writer.pos += hexWrite.call(writer.buf, hex, writer.pos, bytes);
  }

  /** Writes a value with identity: the number of an earlier value, or the value. */
  #object(value: object): void {
    const known = this.#numbers.get(value);
    if (known !== undefined) {
      // A buffer may be known through a view of a part of it.
      if (types.isAnyArrayBuffer(value)) this.#buffers?.show(value, 0, value.byteLength);
      this.#head(TAG.REFERENCE, known);
      return;
    }
    this.#numbers.set(value, this.#numbers.size);
    if (--writing.budget < 0) refuse(`more than ${MAX_OBJECTS} messages, collections and objects`);
    if (++this.#depth > MAX_JS_DEPTH) refuse(`nested deeper than ${MAX_JS_DEPTH}`);
    this.#contents(value);
    this.#depth--;
  }

  #contents(value: object): void {
    if (Array.isArray(value)) {
      this.#array(value);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) this.#members(TAG.OBJECT, value);
    else if (types.isMap(value)) this.#map(value);
    else if (types.isSet(value)) this.#set(value);
    else if (types.isDate(value)) this.#date(value);
    else if (types.isArrayBufferView(value)) this.#view(value);
    else if (types.isAnyArrayBuffer(value)) this.#buffer(value);
    else if (types.isNativeError(value)) this.#error(value);
    else if (types.isRegExp(value)) this.#regexp(value);
    else if (types.isBoxedPrimitive(value)) this.#boxed(value);
    else if (isWithoutCopy(value)) refuse("a value of this class cannot be sent");
    else this.#members(TAG.OBJECT, value);
  }

  /** Writes the own enumerable members with text keys. A getter runs once. */
  #members(tag: number, value: object): void {
    this.#byte(tag);
    this.#pairs(value, Object.keys(value));
  }

  #pairs(value: object, keys: readonly string[]): void {
    for (const key of keys) {
      // A getter may have deleted a later member.
      if (!Object.hasOwn(value, key)) continue;
      this.#key(key);
      this.#value((value as Record<string, unknown>)[key]);
    }
    this.#byte(KEY.END);
  }

  #key(key: string): void {
    const known = this.#keys.get(key);
    const writer = this.#writer;
    writer.ensure(LENGTH_ROOM);
    writer.pos = putLength(writer.buf, writer.pos, known ?? KEY.NEW);
    if (known !== undefined) return;
    this.#keys.set(key, this.#keys.size + KEY.FIRST);
    this.#text(key);
  }

  #array(value: readonly unknown[]): void {
    const { length } = value;
    const keys = Object.keys(value);
    if (keys.length !== length || (length > 0 && keys[length - 1] !== String(length - 1))) {
      this.#head(TAG.SPARSE_ARRAY, length);
      this.#pairs(value, keys);
      return;
    }
    if (length > MAX_ELEMENTS) refuse(`a collection of more than ${MAX_ELEMENTS} elements`);
    this.#head(TAG.ARRAY, length);
    for (let index = 0; index < length; index++) this.#value(value[index]);
  }

  // The entries are copied first, as structuredClone does: a getter inside may change the collection.
  #map(value: ReadonlyMap<unknown, unknown>): void {
    const entries: unknown[] = [];
    Map.prototype.forEach.call(value, (item, key) => entries.push(key, item));
    this.#items(TAG.MAP, entries.length / 2, entries);
  }

  #set(value: ReadonlySet<unknown>): void {
    const items: unknown[] = [];
    Set.prototype.forEach.call(value, (item) => items.push(item));
    this.#items(TAG.SET, items.length, items);
  }

  #items(tag: number, count: number, items: readonly unknown[]): void {
    if (count > MAX_ELEMENTS) refuse(`a collection of more than ${MAX_ELEMENTS} elements`);
    this.#head(tag, count);
    for (const item of items) this.#value(item);
  }

  #date(value: Date): void {
    this.#byte(TAG.DATE);
    this.#number(Date.prototype.getTime.call(value));
  }

  #regexp(value: RegExp): void {
    const { source, flags } = value;
    if (source.length > MAX_PATTERN) refuse(`a regular expression of more than ${MAX_PATTERN} characters`);
    this.#byte(TAG.REGEXP);
    this.#text(source);
    this.#text(flags);
  }

  #boxed(value: object): void {
    this.#byte(TAG.BOXED);
    if (types.isNumberObject(value)) this.#value(Number.prototype.valueOf.call(value));
    else if (types.isStringObject(value)) this.#value(String.prototype.valueOf.call(value));
    else if (types.isBooleanObject(value)) this.#value(Boolean.prototype.valueOf.call(value));
    else if (types.isBigIntObject(value)) this.#value(BigInt.prototype.valueOf.call(value));
    else refuse("a symbol cannot be sent");
  }

  /** Writes the name, the message and the cause. The stack stays here: it has paths and names of this program. */
  #error(value: Error): void {
    const kind = ERROR_NAMES.indexOf(String(value.name) as (typeof ERROR_NAMES)[number]);
    const message = Object.getOwnPropertyDescriptor(value, "message");
    const hasMessage = message !== undefined && "value" in message;
    const hasCause = Object.hasOwn(value, "cause");
    const writer = this.#writer;
    writer.ensure(3);
    writer.buf[writer.pos] = TAG.ERROR;
    writer.buf[writer.pos + 1] = Math.max(kind, 0);
    writer.buf[writer.pos + 2] = (hasMessage ? ERROR_FLAG.MESSAGE : 0) | (hasCause ? ERROR_FLAG.CAUSE : 0);
    writer.pos += 3;
    if (hasMessage) this.#text(String(message.value));
    if (hasCause) this.#value(value.cause);
  }

  #buffer(value: ArrayBufferLike): void {
    this.#outgoing().add(this.#writer, value, 0, value.byteLength);
  }

  /** Writes a view: its class, its buffer, and its place in the buffer in bytes. */
  #view(value: ArrayBufferView): void {
    const kind = VIEW_CLASSES.indexOf(typedArrayClass(value) ?? "DataView");
    if (kind < 0) refuse("a view of this class cannot be sent");
    const { buffer, byteOffset, byteLength } = value;
    const tracks = this.#outgoing().tracksLength(value);
    const writer = this.#writer;
    writer.ensure(2);
    writer.buf[writer.pos] = TAG.VIEW;
    writer.buf[writer.pos + 1] = kind | (tracks ? TRACKS_LENGTH : 0);
    writer.pos += 2;
    const known = this.#numbers.get(buffer);
    if (known === undefined) {
      this.#numbers.set(buffer, this.#numbers.size);
      if (--writing.budget < 0) refuse(`more than ${MAX_OBJECTS} messages, collections and objects`);
      this.#outgoing().add(writer, buffer, byteOffset, byteLength);
    } else {
      this.#outgoing().show(buffer, byteOffset, byteLength);
      this.#head(TAG.REFERENCE, known);
    }
    writer.ensure(2 * LENGTH_ROOM);
    writer.pos = putLength(writer.buf, writer.pos, byteOffset);
    if (!tracks) writer.pos = putLength(writer.buf, writer.pos, byteLength);
  }

  #outgoing(): OutgoingBuffers {
    this.#buffers ??= new OutgoingBuffers();
    return this.#buffers;
  }
}

/** Objects whose content is not in their members, so a copy of the members would be empty. */
function isWithoutCopy(value: object): boolean {
  return (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isProxy(value) ||
    types.isGeneratorObject(value) ||
    types.isMapIterator(value) ||
    types.isSetIterator(value) ||
    types.isModuleNamespaceObject(value) ||
    types.isExternal(value) ||
    types.isCryptoKey(value) ||
    types.isKeyObject(value) ||
    value instanceof WeakRef
  );
}
