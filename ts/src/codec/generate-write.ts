// Generated writers: one function a message, one a list or map, all of a scope in one source.
//
// Owns: that source. Cursor, buffer and view are locals; room is asked for once in front of a run of values whose
// size is bounded, and again behind each call that may have grown the buffer. Rare forms (dynamic places, maps
// with nulls) are closures of the interpreter.

import { fieldInput } from "../schema/validate.js";
import { type Form, formOfShape } from "./forms.js";
import { fieldWriter, leadWriter, payloadWriter, trackedForm } from "./interpret-write.js";
import { countValue, numberOf, numberOfAny } from "./numbered.js";
import { putBigInt, putBigUint, putInt, putTaggedInt, putTaggedUint, putUint32 } from "./numbers.js";
import { refuse } from "./refusal.js";
import type { FieldShape, MapShape, MessageType, Scope, Shape } from "./shape.js";
import { member, Source } from "./source.js";
import { putShortText, SHORT_TEXT_ROOM, writeLongText } from "./text.js";
import { DECLARED_CHUNK, ID, LIST_FLAG, MAP_FLAG } from "./wire.js";
import { scalarWriter, type WriteValue } from "./write-scalar.js";
import { beginCollection, enterWriting, writeTypeInfo, writing } from "./writing.js";

const runtime = {
  beginCollection,
  countValue,
  enterWriting,
  fieldInput,
  numberOf,
  numberOfAny,
  putBigInt,
  putBigUint,
  putInt,
  putShortText,
  putTaggedInt,
  putTaggedUint,
  putUint32,
  refuse,
  writeLongText,
  writeTypeInfo,
  writing,
};

/** How a value is written inside a run: its greatest size, and the statements for the local `x`. */
interface Inline {
  readonly room: number;
  readonly code: string;
}

const NOT_NUMBER = 'if (typeof x !== "number") refuse();';
const NOT_BIGINT = 'if (typeof x !== "bigint") refuse();';

function integer(condition: string, room: number, code: string): Inline {
  return { room, code: `${NOT_NUMBER} if (!(${condition})) refuse(); ${code}` };
}

function between(low: number, high: number): string {
  return `(x | 0) === x && x >= ${low} && x <= ${high}`;
}

const inlineByWord: Readonly<Record<string, Inline>> = {
  bool: { room: 1, code: 'if (typeof x !== "boolean") refuse(); b[p++] = x ? 1 : 0;' },
  int8: integer(between(-128, 127), 1, "b[p++] = x;"),
  int16: integer(between(-32768, 32767), 2, "d.setInt16(p, x, true); p += 2;"),
  fixedInt32: integer("(x | 0) === x", 4, "d.setInt32(p, x, true); p += 4;"),
  int32: integer("(x | 0) === x", 5, "p = putInt(b, p, x);"),
  fixedInt64: {
    room: 8,
    code: `${NOT_BIGINT} if (BigInt.asIntN(64, x) !== x) refuse(); d.setBigInt64(p, x, true); p += 8;`,
  },
  taggedInt64: { room: 9, code: `${NOT_BIGINT} p = putTaggedInt(d, p, x);` },
  uint8: integer(between(0, 255), 1, "b[p++] = x;"),
  uint16: integer(between(0, 65535), 2, "d.setUint16(p, x, true); p += 2;"),
  fixedUint32: integer("x >>> 0 === x", 4, "d.setUint32(p, x, true); p += 4;"),
  uint32: integer("x >>> 0 === x", 5, "p = putUint32(b, p, x);"),
  fixedUint64: {
    room: 8,
    code: `${NOT_BIGINT} if (BigInt.asUintN(64, x) !== x) refuse(); d.setBigUint64(p, x, true); p += 8;`,
  },
  uint64: { room: 9, code: `${NOT_BIGINT} p = putBigUint(b, p, x);` },
  taggedUint64: { room: 9, code: `${NOT_BIGINT} p = putTaggedUint(d, p, x);` },
  float32: { room: 4, code: `${NOT_NUMBER} d.setFloat32(p, x, true); p += 4;` },
  float: { room: 8, code: `${NOT_NUMBER} d.setFloat64(p, x, true); p += 8;` },
};

const INT: Inline = {
  room: 9,
  code: `${NOT_NUMBER} if (x >= -64 && x < 64 && (x | 0) === x) b[p++] = (x << 1) ^ (x >> 31); else p = putInt(b, p, x);`,
};
const BIGINT: Inline = { room: 9, code: `${NOT_BIGINT} p = putBigInt(b, p, x);` };

class WriterSource {
  readonly #source = new Source();
  readonly #scope: Scope;
  #functions = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  build(): (WriteValue | null)[] {
    const types = this.#scope.types;
    for (const type of types) if (type.kind === "message") this.#message(type);
    const names = types.map((type) => (type.kind === "message" ? `w${type.index}` : "null"));
    this.#source.line(`return [${names.join(", ")}];`);
    return this.#source.run(runtime) as (WriteValue | null)[];
  }

  #message(type: MessageType): void {
    const fields = type.order.map((index) => type.fields[index] as FieldShape);
    const steps = fields.map((field) => this.#field(field));
    let rest = steps.reduce((sum, step) => sum + step.room, 4);
    const lines = [
      `function w${type.index}(w, v) {`,
      'if (typeof v !== "object" || v === null || Array.isArray(v)) refuse();',
      "enterWriting();",
      `w.ensure(${rest}); let p = w.pos, b = w.buf, d = w.view, x, q;`,
      `d.setInt32(p, ${type.hash}, true); p += 4;`,
    ];
    rest -= 4;
    for (const step of steps) {
      rest -= step.room;
      lines.push(step.code(rest));
    }
    lines.push("w.pos = p; writing.depth--;", "}");
    this.#source.line(lines.join("\n"));
  }

  /** Reads the member into `x` and writes it. */
  #field(place: FieldShape): Step {
    const { key, field } = place;
    const access = member("v", key);
    // A name that every object inherits counts only as a member of its own.
    const read =
      key in Object.prototype ? `Object.hasOwn(v, ${JSON.stringify(key)}) ? ${access} : undefined` : access;
    // Where references are tracked, a default is another object for each message that needs it.
    const own = this.#scope.tracked ? ", true" : "";
    const absent = `if (x === undefined) x = fieldInput(${this.#source.constant(field)}, v${own});`;
    const step = this.#led(place);
    return { room: step.room, code: (rest) => `x = ${read}; ${absent}\n${step.code(rest)}` };
  }

  /** A field's value with all that precedes it. */
  #led(place: FieldShape): Step {
    const { shape, lead } = place;
    if (lead === "plain") return this.#place(shape);
    if (lead === "flag" || shape.op === "dynamic" || shape.op === "extension")
      return this.#closure(leadWriter(this.#scope, place));
    return orNull(shape.nullable, this.#referable(formOfShape(shape), this.#present(shape)));
  }

  /** A value behind a reference flag, or the number under which it was written already. */
  #referable(form: Form, step: Step): Step {
    const name = this.#source.constant(form);
    const { room, code } = step;
    if (form.shape?.op === "scalar" && ["string", "date", "bigint"].includes(form.shape.kind.js)) {
      // Strings and bigints in JavaScript: never the same ones twice.
      return { room: room + 1, code: (rest) => `countValue(${name}); b[p++] = 0; ${code(rest)}` };
    }
    // What a user's encoder takes may be anything.
    const lookUp = form.shape?.op === "extension" ? "numberOfAny" : "numberOf";
    return {
      room: room + 6,
      code: (rest) =>
        `q = ${lookUp}(x, ${name}); if (q >= 0) { b[p++] = 254; p = putUint32(b, p, q); } else { b[p++] = 0; ${code(rest)} }`,
    };
  }

  /** A key or value of a map, neither of them null. */
  #side(shape: Shape): Step {
    const form = trackedForm(this.#scope, shape);
    return form === null ? this.#payload(shape) : this.#referable(form, this.#payload(shape));
  }

  /** A field's value: null flag and type info included. */
  #place(shape: Shape): Step {
    const step =
      shape.op === "dynamic" || shape.op === "extension"
        ? this.#closure(fieldWriter(this.#scope, { ...shape, nullable: false }))
        : this.#present(shape);
    const { room, code } = step;
    if (!shape.nullable) return step;
    return orNull(true, { room: room + 1, code: (rest) => `b[p++] = 255; ${code(rest)}` });
  }

  #present(shape: Shape): Step {
    if (shape.op !== "message" || !shape.typeInfo) return this.#payload(shape);
    const type = this.#source.constant(shape.type);
    return call(`writeTypeInfo(w, ${type}); w${shape.type.index}(w, x);`);
  }

  #closure(write: WriteValue): Step {
    return call(`${this.#source.constant(write)}(w, x);`);
  }

  /** The payload of `x`. */
  #payload(shape: Shape): Step {
    switch (shape.op) {
      case "scalar":
        return this.#scalar(shape);
      case "message":
        return call(`w${shape.type.index}(w, x);`);
      case "enum": {
        const ordinals = this.#source.constant(shape.type.definition.ordinals);
        return inline({
          room: 5,
          code: `q = ${ordinals}.get(x); if (q === undefined) refuse(); p = putUint32(b, p, q);`,
        });
      }
      case "list":
      case "set":
        if (shape.declared) return call(`${this.#collection(shape)}(w, x);`);
        return this.#closure(payloadWriter(this.#scope, shape));
      case "map":
        if (plainMap(shape)) return call(`${this.#map(shape)}(w, x);`);
        return this.#closure(payloadWriter(this.#scope, shape));
      case "extension":
      case "dynamic":
        return this.#closure(payloadWriter(this.#scope, shape));
    }
  }

  #scalar(shape: Extract<Shape, { op: "scalar" }>): Step {
    const { kind } = shape;
    if (kind.word === "string") return TEXT;
    if (kind.word === "int") return inline(kind.js === "bigint" ? BIGINT : INT);
    const known = inlineByWord[kind.word];
    return known === undefined ? this.#closure(scalarWriter(kind)) : inline(known);
  }

  #collection(shape: Extract<Shape, { op: "list" | "set" }>): string {
    const name = `f${this.#functions++}`;
    const list = shape.op === "list";
    const nulls = shape.element.nullable;
    const has = list ? "v.includes(null)" : "v.has(null)";
    const form = trackedForm(this.#scope, shape.element);
    const bare = form?.kind === ID.BOOL;
    const body = this.#payload(shape.element);
    const step = form === null || bare ? body : this.#referable(form, body);
    const tracked = form === null ? 0 : LIST_FLAG.TRACKED;
    const guarded = this.#guard(nulls, form, bare);
    const room = step.room + (bare ? 6 : 1);
    this.#source.line(
      [
        `function ${name}(w, v) {`,
        list
          ? "if (!Array.isArray(v)) refuse(); const n = v.length;"
          : "if (!(v instanceof Set)) refuse(); const n = v.size;",
        "beginCollection(w, n); if (n === 0) { writing.depth--; return; }",
        `w.ensure(${room}); let p = w.pos, b = w.buf, d = w.view, x, q, i = 0;`,
        nulls
          ? `const nulls = ${has}; b[p++] = nulls ? ${14 | tracked} : ${12 | tracked};`
          : `b[p++] = ${12 | tracked};`,
        list ? "for (; i < n; i++) { x = v[i];" : "for (x of v) { if (i++ === n) refuse();",
        `if (b.length - p < ${room}) { w.pos = p; w.ensure(${room}); b = w.buf; d = w.view; }`,
        guarded,
        step.code(0),
        "}",
        list ? "" : "if (i !== n) refuse();",
        "w.pos = p; writing.depth--;",
        "}",
      ].join("\n"),
    );
    return name;
  }

  /** What stands before an element in a list with nulls, beside its own flag. */
  #guard(nulls: boolean, form: Form | null, bare: boolean): string {
    if (!nulls) return "";
    const rest = form === null ? "b[p++] = 255;" : "";
    // Python's one exception: its loop for bools looks only at nulls.
    const bool = `q = numberOf(x, ${this.#source.constant(form)}); if (q >= 0) { b[p++] = 254; p = putUint32(b, p, q); continue; } b[p++] = 0;`;
    return `if (nulls) { if (x === null) { b[p++] = 253; continue; } ${bare ? bool : rest} }`;
  }

  /** A map whose two sides are declared and never null: chunks of 255 entries, the last one shorter. */
  #map(shape: MapShape): string {
    const name = `f${this.#functions++}`;
    const key = this.#side(shape.key);
    const value = this.#side(shape.value);
    const room = key.room + value.room + 2;
    const bits =
      (trackedForm(this.#scope, shape.key) === null ? 0 : MAP_FLAG.KEY_TRACKED) |
      (trackedForm(this.#scope, shape.value) === null ? 0 : MAP_FLAG.VALUE_TRACKED);
    this.#source.line(
      [
        `function ${name}e(w, k, y, left) {`,
        `w.ensure(${room}); let p = w.pos, b = w.buf, d = w.view, x = k, q;`,
        `if (left > 0) { b[p++] = ${DECLARED_CHUNK | bits}; b[p++] = left > 255 ? 255 : left; }`,
        key.code(value.room),
        "x = y;",
        value.code(0),
        "w.pos = p;",
        "}",
        `function ${name}(w, v) {`,
        "if (v instanceof Map) {",
        "const n = v.size; let i = 0; beginCollection(w, n);",
        `for (const [k, y] of v) { if (i === n) refuse(); ${name}e(w, k, y, i % 255 === 0 ? n - i : 0); i++; }`,
        "if (i !== n) refuse();",
        "} else {",
        'if (typeof v !== "object" || v === null) refuse();',
        "const t = Object.getPrototypeOf(v); if (t !== null && t !== Object.prototype) refuse();",
        "const ks = Object.keys(v), n = ks.length; beginCollection(w, n);",
        `for (let i = 0; i < n; i++) { const k = ks[i]; ${name}e(w, k, v[k], i % 255 === 0 ? n - i : 0); }`,
        "}",
        "writing.depth--;",
        "}",
      ].join("\n"),
    );
    return name;
  }
}

/** A step of a run: the room it needs, and its statements, given the room that what follows needs. */
interface Step {
  readonly room: number;
  readonly code: (rest: number) => string;
}

function orNull(nullable: boolean, { room, code }: Step): Step {
  return nullable
    ? { room, code: (rest) => `if (x === null) b[p++] = 253; else { ${code(rest)} }` }
    : { room, code };
}

function inline({ room, code }: Inline): Step {
  return { room, code: () => code };
}

function reload(rest: number): string {
  return `${rest > 0 ? `w.ensure(${rest}); ` : ""}p = w.pos; b = w.buf; d = w.view;`;
}

/** Statements that move `w.pos` and may grow the buffer. */
function call(statements: string): Step {
  return { room: 0, code: (rest) => `w.pos = p; ${statements} ${reload(rest)}` };
}

const TEXT: Step = {
  room: SHORT_TEXT_ROOM,
  code: (rest) =>
    `if (typeof x !== "string") refuse(); q = putShortText(b, p, x); ` +
    `if (q >= 0) p = q; else { w.pos = p; writeLongText(w, x); ${reload(rest)} }`,
};

function plainMap(shape: MapShape): boolean {
  return shape.keyDeclared && shape.valueDeclared && !shape.key.nullable && !shape.value.nullable;
}

/** The writers of a scope's types, by index; null for enums. */
export function generateWriters(scope: Scope): (WriteValue | null)[] {
  return new WriterSource(scope).build();
}
