// Generated writers: one function for each message, list and map of a scope, in one source.
//
// Owns: that source. Position, buffer and view are local variables. Generated code makes room once for a sequence of
// values with a known largest size, and again after each call that may replace the buffer. It calls closures of the
// interpreter for rare encodings (dynamic positions, maps with nulls).

import { fieldInput } from "../schema/validate.js";
import { fieldWriter, flaggedFieldWriter, payloadWriter, trackedElement } from "./interpret-write.js";
import { putBigInt, putBigUint, putInt, putTaggedInt, putTaggedUint, putUint32 } from "./numbers.js";
import { assignReferenceId, referenceIdOf, referenceIdOfAny } from "./references.js";
import { refuse } from "./refusal.js";
import type { FieldShape, MapShape, MessageType, Scope, Shape } from "./shape.js";
import { member, Source } from "./source.js";
import { putShortText, SHORT_TEXT_ROOM, writeLongText } from "./text.js";
import { type TrackedType, trackedByShape } from "./tracked-types.js";
import { DECLARED_CHUNK, ID, LIST_FLAG, MAP_FLAG } from "./wire.js";
import { scalarWriter, type WriteValue } from "./write-scalar.js";
import { beginCollection, enterWriting, writeTypeInfo, writing } from "./writing.js";

const runtime = {
  beginCollection,
  assignReferenceId,
  enterWriting,
  fieldInput,
  referenceIdOf,
  referenceIdOfAny,
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

/** How a scalar is written inside such a sequence: its largest size, and the statements for the variable `x`. */
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

  /** Reads a member into `x` and writes it. */
  #field(fieldShape: FieldShape): Step {
    const { key, field } = fieldShape;
    const access = member("v", key);
    // For a name that every object inherits, such as "constructor", only an own member counts.
    const read =
      key in Object.prototype ? `Object.hasOwn(v, ${JSON.stringify(key)}) ? ${access} : undefined` : access;
    // Where references are tracked, each message gets its own object for a default.
    const own = this.#scope.tracked ? ", true" : "";
    const absent = `if (x === undefined) x = fieldInput(${this.#source.constant(field)}, v${own});`;
    const step = this.#flaggedField(fieldShape);
    return { room: step.room, code: (rest) => `x = ${read}; ${absent}\n${step.code(rest)}` };
  }

  /** Writes the value of a field, with its flags. */
  #flaggedField(fieldShape: FieldShape): Step {
    const { shape, leadingFlag } = fieldShape;
    if (leadingFlag === "plain") return this.#plainField(shape);
    if (leadingFlag === "flag" || shape.op === "dynamic" || shape.op === "extension")
      return this.#closure(flaggedFieldWriter(this.#scope, fieldShape));
    return orNull(shape.nullable, this.#tracked(trackedByShape(shape), this.#present(shape)));
  }

  /** Writes a value with a reference flag: the value itself, or a back reference. */
  #tracked(tracked: TrackedType, step: Step): Step {
    const name = this.#source.constant(tracked);
    const { room, code } = step;
    if (tracked.shape?.op === "scalar" && ["string", "date", "bigint"].includes(tracked.shape.kind.js)) {
      // Strings and bigints have no identity in JavaScript, so there are no back references to them.
      return { room: room + 1, code: (rest) => `assignReferenceId(${name}); b[p++] = 0; ${code(rest)}` };
    }
    // The user's encoder may accept values of any type, also those without identity.
    const lookUp = tracked.shape?.op === "extension" ? "referenceIdOfAny" : "referenceIdOf";
    return {
      room: room + 6,
      code: (rest) =>
        `q = ${lookUp}(x, ${name}); if (q >= 0) { b[p++] = 254; p = putUint32(b, p, q); } else { b[p++] = 0; ${code(rest)} }`,
    };
  }

  /** Writes a key or value of a map without nulls. */
  #side(shape: Shape): Step {
    const tracked = trackedElement(this.#scope, shape);
    return tracked === null ? this.#payload(shape) : this.#tracked(tracked, this.#payload(shape));
  }

  /** Writes the value of a field that is not shared, with its null flag and type info. */
  #plainField(shape: Shape): Step {
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

  /** Writes the payload of `x`. */
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
    const tracked = trackedElement(this.#scope, shape.element);
    const bareBools = tracked?.wireType === ID.BOOL;
    const body = this.#payload(shape.element);
    const step = tracked === null || bareBools ? body : this.#tracked(tracked, body);
    const trackedFlag = tracked === null ? 0 : LIST_FLAG.TRACKED;
    const guarded = this.#guard(nulls, tracked, bareBools);
    const room = step.room + (bareBools ? 6 : 1);
    this.#source.line(
      [
        `function ${name}(w, v) {`,
        list
          ? "if (!Array.isArray(v)) refuse(); const n = v.length;"
          : "if (!(v instanceof Set)) refuse(); const n = v.size;",
        "beginCollection(w, n); if (n === 0) { writing.depth--; return; }",
        `w.ensure(${room}); let p = w.pos, b = w.buf, d = w.view, x, q, i = 0;`,
        nulls
          ? `const nulls = ${has}; b[p++] = nulls ? ${14 | trackedFlag} : ${12 | trackedFlag};`
          : `b[p++] = ${12 | trackedFlag};`,
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

  /** Statements that write the null flag of an element in a list with nulls. */
  #guard(nulls: boolean, tracked: TrackedType | null, bareBools: boolean): string {
    if (!nulls) return "";
    const rest = tracked === null ? "b[p++] = 255;" : "";
    // Python writes and reads no reference flags for lists of bools without nulls.
    const bool = `q = referenceIdOf(x, ${this.#source.constant(tracked)}); if (q >= 0) { b[p++] = 254; p = putUint32(b, p, q); continue; } b[p++] = 0;`;
    return `if (nulls) { if (x === null) { b[p++] = 253; continue; } ${bareBools ? bool : rest} }`;
  }

  /** Adds the writer of a map whose key and value types are declared and never null: chunks of up to 255 entries. */
  #map(shape: MapShape): string {
    const name = `f${this.#functions++}`;
    const key = this.#side(shape.key);
    const value = this.#side(shape.value);
    const room = key.room + value.room + 2;
    const bits =
      (trackedElement(this.#scope, shape.key) === null ? 0 : MAP_FLAG.KEY_TRACKED) |
      (trackedElement(this.#scope, shape.value) === null ? 0 : MAP_FLAG.VALUE_TRACKED);
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

/** A step of a sequence: its largest size, and its statements. `rest` is the room that the steps after it need. */
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

/** A step that calls a function which moves `w.pos` and may replace the buffer. */
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

/** The writers of the types of a scope, by index; null for enums and extensions. */
export function generateWriters(scope: Scope): (WriteValue | null)[] {
  return new WriterSource(scope).build();
}
