// Generated writers of NATIVE payloads: one function for each message, list and map, in one source.
//
// Owns: that source. As in `generate-write.ts`, position and buffer are local variables, and room is made once for a
// sequence of values. Strings of the text are collected in the local variable `s`.

import { fieldInput } from "../../schema/validate.js";
import { putBigUint, putInt, putTaggedInt, putTaggedUint, putUint32 } from "../numbers.js";
import { MAX_ELEMENTS, refuse } from "../refusal.js";
import type { FieldShape, MapShape, MessageType, Shape } from "../shape.js";
import { member, Source } from "../source.js";
import { putShortText, SHORT_TEXT_ROOM, writeLongText } from "../text.js";
import { scalarWriter, type WriteValue } from "../write-scalar.js";
import { enterWriting, writing } from "../writing.js";
import {
  INTEGER_ROOM,
  LENGTH_ROOM,
  ONE_BYTE_BIAS,
  putBigInteger,
  putInteger,
  putLength,
  SHORT_LENGTH,
  TWO_BYTES,
} from "./format.js";
import { valueWriter } from "./interpret-write.js";
import { layoutOf, type Target } from "./layout.js";
import { outgoing, writeIfWide } from "./text.js";

const runtime = {
  enterWriting,
  fieldInput,
  outgoing,
  putBigInteger,
  putBigUint,
  putInt,
  putInteger,
  putLength,
  putShortText,
  putTaggedInt,
  putTaggedUint,
  putUint32,
  refuse,
  writeIfWide,
  writeLongText,
  writing,
};

/** Counts a collection of `n` elements. */
const BEGIN_COLLECTION: string = `enterWriting(); if (n > ${MAX_ELEMENTS}) refuse("a collection of more than ${MAX_ELEMENTS} elements");`;

/** A step of a sequence: its largest size, and its statements for the variable `x`. */
interface Step {
  readonly room: number;
  readonly code: (rest: number) => string;
}

const NOT_NUMBER = 'if (typeof x !== "number") refuse();';
const NOT_BIGINT = 'if (typeof x !== "bigint") refuse();';

const plain = (room: number, code: string): Step => ({ room, code: () => code });

const whole = (condition: string, room: number, code: string): Step =>
  plain(room, `${NOT_NUMBER} if (!(${condition})) refuse(); ${code}`);

const between = (low: number, high: number): string => `(x | 0) === x && x >= ${low} && x <= ${high}`;

const INTEGER = plain(
  INTEGER_ROOM,
  `${NOT_NUMBER} if ((x | 0) === x && x >= ${-ONE_BYTE_BIAS} && x < ${TWO_BYTES - ONE_BYTE_BIAS}) b[p++] = x + ${ONE_BYTE_BIAS}; else p = putInteger(b, p, x);`,
);

const steps: Readonly<Record<string, Step>> = {
  bool: plain(1, 'if (typeof x !== "boolean") refuse(); b[p++] = x ? 1 : 0;'),
  int8: whole(between(-128, 127), 1, "b[p++] = x;"),
  int16: whole(between(-32768, 32767), 2, "b[p] = x; b[p + 1] = x >> 8; p += 2;"),
  fixedInt32: whole("(x | 0) === x", 4, "w.view.setInt32(p, x, true); p += 4;"),
  int32: whole("(x | 0) === x", 5, "p = putInteger(b, p, x);"),
  fixedInt64: plain(
    8,
    `${NOT_BIGINT} if (BigInt.asIntN(64, x) !== x) refuse(); w.view.setBigInt64(p, x, true); p += 8;`,
  ),
  taggedInt64: plain(9, `${NOT_BIGINT} p = putTaggedInt(w.view, p, x);`),
  uint8: whole(between(0, 255), 1, "b[p++] = x;"),
  uint16: whole(between(0, 65535), 2, "b[p] = x; b[p + 1] = x >> 8; p += 2;"),
  fixedUint32: whole("x >>> 0 === x", 4, "w.view.setUint32(p, x, true); p += 4;"),
  uint32: whole("x >>> 0 === x", 9, "p = putInteger(b, p, x);"),
  fixedUint64: plain(
    8,
    `${NOT_BIGINT} if (BigInt.asUintN(64, x) !== x) refuse(); w.view.setBigUint64(p, x, true); p += 8;`,
  ),
  uint64: plain(9, `${NOT_BIGINT} p = putBigUint(b, p, x);`),
  taggedUint64: plain(9, `${NOT_BIGINT} p = putTaggedUint(w.view, p, x);`),
  float32: plain(4, `${NOT_NUMBER} w.view.setFloat32(p, x, true); p += 4;`),
  float: plain(8, `${NOT_NUMBER} w.view.setFloat64(p, x, true); p += 8;`),
};

const BIGINT = plain(INTEGER_ROOM, `${NOT_BIGINT} p = putBigInteger(b, p, x);`);

class WriterSource {
  readonly #source = new Source();
  readonly #target: Target;
  #functions = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  build(types: readonly MessageType[]): Map<MessageType, WriteValue> {
    for (const type of types) this.#message(type);
    this.#source.line(`return [${types.map((type) => `w${type.index}`).join(", ")}];`);
    const functions = this.#source.run(runtime) as WriteValue[];
    return new Map(types.map((type, at) => [type, functions[at] as WriteValue]));
  }

  #message(type: MessageType): void {
    const fields = layoutOf(type).map((index) => this.#field(type.fields[index] as FieldShape));
    // An empty message takes one byte, so that the length of a message limits the length of a list.
    if (fields.length === 0) fields.push(plain(1, "b[p++] = 0;"));
    let rest = fields.reduce((sum, step) => sum + step.room, 0);
    const lines = [
      `function w${type.index}(w, v) {`,
      'if (typeof v !== "object" || v === null || Array.isArray(v)) refuse();',
      `enterWriting(); w.ensure(${rest}); let p = w.pos, b = w.buf, ${this.#text()}x, q;`,
    ];
    for (const step of fields) {
      rest -= step.room;
      lines.push(step.code(rest));
    }
    lines.push(`w.pos = p; ${this.#leave()}writing.depth--;`, "}");
    this.#source.line(lines.join("\n"));
  }

  /** The declaration of the variable for the text, and the statement that stores it. */
  #text(): string {
    return this.#target.inPlace ? "" : "s = outgoing.text, ";
  }

  #leave(): string {
    return this.#target.inPlace ? "" : "outgoing.text = s; ";
  }

  /** Reads a member into `x` and writes it. */
  #field({ key, field, shape }: FieldShape): Step {
    const access = member("v", key);
    // For a name that every object inherits, such as "constructor", only an own member counts.
    const read =
      key in Object.prototype ? `Object.hasOwn(v, ${JSON.stringify(key)}) ? ${access} : undefined` : access;
    const absent = `if (x === undefined) x = fieldInput(${this.#source.constant(field)}, v);`;
    const { room, code } = this.#value(shape);
    return { room, code: (rest) => `x = ${read}; ${absent}\n${code(rest)}` };
  }

  /** Writes the value of `x`, with its null flag. */
  #value(shape: Shape): Step {
    const step = this.#present(shape);
    if (!shape.nullable) return step;
    return {
      room: step.room + 1,
      code: (rest) => `if (x === null) b[p++] = 0; else { b[p++] = 1; ${step.code(rest)} }`,
    };
  }

  #present(shape: Shape): Step {
    switch (shape.op) {
      case "scalar":
        return this.#scalar(shape);
      case "message":
        return this.#textCall(`w${shape.type.index}(w, x);`);
      case "enum": {
        const ordinals = this.#source.constant(shape.type.definition.ordinals);
        return plain(
          LENGTH_ROOM,
          `q = ${ordinals}.get(x); if (q === undefined) refuse(); p = putLength(b, p, q);`,
        );
      }
      case "list":
      case "set":
        return this.#inlineList(shape) ?? this.#textCall(`${this.#collection(shape)}(w, x);`);
      case "map":
        return this.#textCall(`${this.#map(shape)}(w, x);`);
      case "extension":
      case "dynamic":
        return this.#closure(valueWriter(this.#target, { ...shape, nullable: false }));
    }
  }

  #scalar(shape: Extract<Shape, { op: "scalar" }>): Step {
    const { kind } = shape;
    if (kind.word === "string") return this.#target.inPlace ? TEXT_IN_PLACE : this.#blockText();
    if (kind.word === "int") return kind.js === "bigint" ? BIGINT : INTEGER;
    return steps[kind.word] ?? this.#closure(scalarWriter(kind));
  }

  #blockText(): Step {
    const wide = (rest: number): string =>
      `w.pos = p; if (writeIfWide(w, x)) { ${reload(rest)} q = -1; } else q = x.length;`;
    return {
      room: LENGTH_ROOM,
      code: (rest) =>
        [
          'if (typeof x !== "string") refuse();',
          `if (outgoing.checked) { ${wide(rest)} } else q = x.length;`,
          `if (q >= 0) { if (q < ${SHORT_LENGTH}) b[p++] = q; else p = putLength(b, p, q); s += x; }`,
        ].join(" "),
    };
  }

  /** A step that calls a function which moves `w.pos` and may replace the buffer. */
  #closure(write: WriteValue): Step {
    const statement = `${this.#source.constant(write)}(w, x);`;
    return { room: 0, code: (rest) => `w.pos = p; ${statement} ${reload(rest)}` };
  }

  /** The same for a generated function, which also adds to the text. */
  #textCall(statement: string): Step {
    if (this.#target.inPlace) return { room: 0, code: (rest) => `w.pos = p; ${statement} ${reload(rest)}` };
    return {
      room: 0,
      code: (rest) => `w.pos = p; outgoing.text = s; ${statement} s = outgoing.text; ${reload(rest)}`,
    };
  }

  /**
   * A list of scalars, without a function of its own: short lists are common, and the call of a function costs as much as a few
   * of their elements. Null for other shapes.
   */
  #inlineList({ op, element }: Extract<Shape, { op: "list" | "set" }>): Step | null {
    if (op !== "list" || element.op !== "scalar") return null;
    const { room, code } = this.#value(element);
    if (room === 0) return null;
    const ensure = (bytes: number): string =>
      bytes > 0 ? `if (b.length - p < ${bytes}) { w.pos = p; w.ensure(${bytes}); b = w.buf; }` : "";
    return {
      room: LENGTH_ROOM,
      code: (rest) =>
        [
          `{ const l = x; if (!Array.isArray(l)) refuse(); const n = l.length; ${BEGIN_COLLECTION} p = putLength(b, p, n);`,
          `for (let i = 0; i < n; i++) { x = l[i]; ${ensure(room)} ${code(0)} }`,
          `writing.depth--; ${ensure(rest)} }`,
        ].join("\n"),
    };
  }

  #collection(shape: Extract<Shape, { op: "list" | "set" }>): string {
    const name = `f${this.#functions++}`;
    const list = shape.op === "list";
    const step = this.#value(shape.element);
    const room = step.room;
    this.#source.line(
      [
        `function ${name}(w, v) {`,
        list
          ? "if (!Array.isArray(v)) refuse(); const n = v.length;"
          : "if (!(v instanceof Set)) refuse(); const n = v.size;",
        BEGIN_COLLECTION,
        `w.ensure(${room + LENGTH_ROOM}); let p = w.pos, b = w.buf, ${this.#text()}x, q, i = 0; p = putLength(b, p, n);`,
        list ? "for (; i < n; i++) { x = v[i];" : "for (x of v) { if (i++ === n) refuse();",
        room > 0 ? `if (b.length - p < ${room}) { w.pos = p; w.ensure(${room}); b = w.buf; }` : "",
        step.code(0),
        "}",
        list ? "" : "if (i !== n) refuse();",
        `w.pos = p; ${this.#leave()}writing.depth--;`,
        "}",
      ].join("\n"),
    );
    return name;
  }

  #map(shape: MapShape): string {
    const name = `f${this.#functions++}`;
    const key = this.#value(shape.key);
    const value = this.#value(shape.value);
    const room = key.room + value.room;
    const entry = [
      room > 0 ? `if (b.length - p < ${room}) { w.pos = p; w.ensure(${room}); b = w.buf; }` : "",
      "x = k;",
      key.code(value.room),
      "x = y;",
      value.code(0),
    ].join("\n");
    const begin = `if (n > ${MAX_ELEMENTS}) refuse("a collection of more than ${MAX_ELEMENTS} elements"); p = putLength(b, p, n);`;
    this.#source.line(
      [
        `function ${name}(w, v) {`,
        `enterWriting(); w.ensure(${room + LENGTH_ROOM}); let p = w.pos, b = w.buf, ${this.#text()}x, q;`,
        "if (v instanceof Map) {",
        `const n = v.size; let i = 0; ${begin}`,
        `for (const [k, y] of v) { if (i++ === n) refuse(); ${entry} }`,
        "if (i !== n) refuse();",
        "} else {",
        'if (typeof v !== "object" || v === null) refuse();',
        "const t = Object.getPrototypeOf(v); if (t !== null && t !== Object.prototype) refuse();",
        `const ks = Object.keys(v), n = ks.length; ${begin}`,
        `for (let i = 0; i < n; i++) { const k = ks[i], y = v[k]; ${entry} }`,
        "}",
        `w.pos = p; ${this.#leave()}writing.depth--;`,
        "}",
      ].join("\n"),
    );
    return name;
  }
}

function reload(rest: number): string {
  return `${rest > 0 ? `w.ensure(${rest}); ` : ""}p = w.pos; b = w.buf;`;
}

const TEXT_IN_PLACE: Step = {
  room: SHORT_TEXT_ROOM,
  code: (rest) =>
    `if (typeof x !== "string") refuse(); q = putShortText(b, p, x); ` +
    `if (q >= 0) p = q; else { w.pos = p; writeLongText(w, x); ${reload(rest)} }`,
};

/** Compiles the writers of messages. */
export function generateWriters(target: Target, types: readonly MessageType[]): Map<MessageType, WriteValue> {
  return new WriterSource(target).build(types);
}
