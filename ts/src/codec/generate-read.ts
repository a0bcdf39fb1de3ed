// Generated readers: one function for each message, list and map of a scope, in one source.
//
// Owns: that source, in two variants: XLANG and presence-flagged XLANG. Generated code reads the encodings that Python
// writes. It calls the interpreter for the other encodings of lists and maps. The length of the message is checked
// once for the fields of fixed size at the start; every other read has its own check.

import { recordOf } from "../schema/validate.js";
import { COST } from "./costs.js";
import {
  checkHash,
  expectOf,
  fieldReader,
  flaggedFieldReader,
  isPresent,
  payloadReader,
  type Reading,
} from "./interpret-read.js";
import { trackedElement } from "./interpret-write.js";
import { type Expect, expectType, nullFor, readChunk, readChunkSize, readItems } from "./read-dynamic.js";
import { readBackReference, readTracked } from "./read-reference.js";
import { cutText } from "./read-text.js";
import {
  defaultOf,
  type FieldShape,
  type MapShape,
  type MessageType,
  type ReadValue,
  type Scope,
  type Shape,
} from "./shape.js";
import { costOfElement, costOfEntry, costOfMember, costOfMessage } from "./shape-costs.js";
import { member, Source } from "./source.js";
import { trackedByShape } from "./tracked-types.js";
import { DECLARED_CHUNK, DECLARED_LIST, ID, LIST_FLAG, MAP_FLAG } from "./wire.js";

const runtime = {
  checkHash,
  defaultOf,
  expectType,
  isPresent,
  nullFor,
  readBackReference,
  readChunk,
  readChunkSize,
  readItems,
  recordOf,
};

/** Kinds of fixed size: the number of bytes, and the expression that reads them at `p` without a check. */
const fixedByWord: Readonly<Record<string, readonly [number, string]>> = {
  int8: [1, "d.getInt8(p)"],
  int16: [2, "d.getInt16(p, true)"],
  fixedInt32: [4, "d.getInt32(p, true)"],
  fixedInt64: [8, "d.getBigInt64(p, true)"],
  uint8: [1, "b[p]"],
  uint16: [2, "d.getUint16(p, true)"],
  fixedUint32: [4, "d.getUint32(p, true)"],
  fixedUint64: [8, "d.getBigUint64(p, true)"],
  float32: [4, "d.getFloat32(p, true)"],
  float: [8, "d.getFloat64(p, true)"],
};

/** Kinds with a method of the reader. */
const methodByWord: Readonly<Record<string, string>> = {
  bool: "r.bool()",
  int32: "r.int32()",
  uint8: "r.byte()",
  uint32: "r.uint32()",
  uint64: "r.biguint()",
  taggedInt64: "r.taggedInt()",
  taggedUint64: "r.taggedUint()",
  float32: "r.float32()",
  float: "r.float()",
  string: "r.text()",
  date: "r.date()",
};

class ReaderSource {
  readonly #source = new Source();
  readonly #reading: Reading;
  readonly #scopeName: string;
  #functions = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#scopeName = this.#source.constant(reading.scope);
  }

  build(): (ReadValue | null)[] {
    const { types, tracked } = this.#reading.scope;
    for (const type of types) {
      if (type.kind !== "message") continue;
      if (tracked) this.#trackedMessage(type);
      else this.#message(type);
    }
    const names = types.map((type) => (type.kind === "message" ? `r${type.index}` : "null"));
    this.#source.line(`return [${names.join(", ")}];`);
    return this.#source.run(runtime) as (ReadValue | null)[];
  }

  #message(type: MessageType): void {
    const { index, fields, order } = type;
    const names = fields.map((_, at) => `a${at}`);
    const assign = fields.map((field, at) => `${member("this", field.key)} = a${at};`);
    this.#source.line(`function K${index}(${names.join(", ")}) { ${assign.join(" ")} }`);
    this.#source.line(`K${index}.prototype = ${this.#source.constant(type.definition.prototype)};`);
    const lead = this.#fixedSizeStart(type);
    const body = [
      `function r${index}(r) {`,
      `r.enter(${costOfMessage(type)});`,
      `const b = r.buf${lead.view ? ", d = r.view" : ""}; let p = r.pos${names.map((name) => `, ${name}`).join("")}, x;`,
      `if (r.end - p < ${4 + lead.bytes} || (b[p] | b[p + 1] << 8 | b[p + 2] << 16 | b[p + 3] << 24) !== ${type.hash}) { checkHash(r, ${this.#source.constant(type)}); r.need(${lead.bytes}); }`,
      "p += 4;",
      ...lead.lines,
      "r.pos = p;",
      ...order.slice(lead.count).map((at) => this.#field(fields[at] as FieldShape, `a${at}`)),
      "r.depth--;",
      `return new K${index}(${names.join(", ")});`,
      "}",
    ];
    this.#source.line(body.join("\n"));
  }

  /**
   * Adds the reader of a message where references are tracked. Its fields may refer to the message itself, so the
   * object is made after the scalars at the start, and the other fields are set one by one. A message without other
   * fields is made at the end.
   */
  #trackedMessage(type: MessageType): void {
    const { index, fields, order } = type;
    const lead = this.#fixedSizeStart(type);
    const late = order.findIndex((at) => !isPlainScalar(fields[at] as FieldShape));
    const early = late < 0 ? order : order.slice(0, late);
    const names = [...early].sort((one, other) => one - other).map((at) => `a${at}`);
    const assign = fields.map(
      (field, at) => `${member("this", field.key)} = ${early.includes(at) ? `a${at}` : "null"};`,
    );
    const fieldOf = (at: number, target: string): string => this.#field(fields[at] as FieldShape, target);
    this.#source.line(`function K${index}(${names.join(", ")}) { ${assign.join(" ")} }`);
    this.#source.line(`K${index}.prototype = ${this.#source.constant(type.definition.prototype)};`);
    const body = [
      `function r${index}(r, s) {`,
      `r.enter(${costOfMessage(type)});`,
      `const b = r.buf, t = r.references${lead.view ? ", d = r.view" : ""}; let p = r.pos${names.map((name) => `, ${name}`).join("")}, x, q;`,
      `if (r.end - p < ${4 + lead.bytes} || (b[p] | b[p + 1] << 8 | b[p + 2] << 16 | b[p + 3] << 24) !== ${type.hash}) { checkHash(r, ${this.#source.constant(type)}); r.need(${lead.bytes}); }`,
      "p += 4;",
      ...lead.lines,
      "r.pos = p;",
      ...early.slice(lead.count).map((at) => fieldOf(at, `a${at}`)),
      `const o = new K${index}(${names.join(", ")});`,
      late < 0 ? "" : "if (s >= 0) t.values[s] = o;",
      ...order.slice(early.length).map((at) => fieldOf(at, member("o", (fields[at] as FieldShape).key))),
      "r.depth--;",
      "return o;",
      "}",
    ];
    this.#source.line(body.join("\n"));
  }

  /** The fields of fixed size at the start of a message, which one length check covers. */
  #fixedSizeStart(type: MessageType): {
    readonly bytes: number;
    readonly count: number;
    readonly view: boolean;
    readonly lines: string[];
  } {
    let bytes = 0;
    const lines: string[] = [];
    for (const at of type.order) {
      const { shape, field } = type.fields[at] as FieldShape;
      const presenceFlagged = this.#reading.presenceFlagged && field.fallback !== null;
      if (shape.op !== "scalar" || shape.nullable || presenceFlagged) break;
      if (shape.kind.word === "bool") {
        lines.push(`x = b[p]; if (x > 1) { r.pos = p; r.bool(); } p++; a${at} = x === 1;`);
        bytes += 1;
        continue;
      }
      const fixed = fixedByWord[shape.kind.word];
      if (fixed === undefined) break;
      lines.push(`a${at} = ${fixed[1]}; p += ${fixed[0]};`);
      bytes += fixed[0];
    }
    return { bytes, count: lines.length, view: lines.some((line) => line.includes("d.get")), lines };
  }

  #field(fieldShape: FieldShape, target: string): string {
    const { field, shape, leadingFlag } = fieldShape;
    const read =
      leadingFlag === "plain" ? this.#plainField(shape, target) : this.#flaggedField(fieldShape, target);
    if (!this.#reading.presenceFlagged || field.fallback === null) return read;
    return `if (isPresent(r)) { ${read} } else ${target} = defaultOf(r, ${this.#source.constant(field)});`;
  }

  /** Statements that read a shared field, which begins with a flag. */
  #flaggedField(fieldShape: FieldShape, target: string): string {
    const { shape, leadingFlag } = fieldShape;
    const rare = flaggedFieldReader(this.#reading, fieldShape);
    if (leadingFlag === "flag" || shape.op === "dynamic" || shape.op === "extension")
      return `${target} = ${this.#source.constant(rare)}(r);`;
    const info = shape.op === "message" && shape.typeInfo;
    const type = info ? `expectType(r, ${this.#scopeName}, ${this.#source.constant(shape.type)}); ` : "";
    return this.#tracked(shape, target, { expect: expectOf(this.#reading, shape), rare, type });
  }

  /** Statements that read a value with a reference flag: a new value or a back reference. Other flags go to `rare`. */
  #tracked(
    shape: Exclude<Shape, { op: "dynamic" }>,
    target: string,
    { expect, rare, type }: { readonly expect: Expect; readonly rare: ReadValue; readonly type: string },
  ): string {
    const expected = this.#source.constant(expect);
    return [
      `x = r.byte(); if (x === 0) { ${type}q = r.reserveReferenceId(${this.#source.constant(trackedByShape(shape))}); `,
      `${this.#payload(shape, target, "q")} t.values[q] = ${target}; }`,
      `else if (x === 254) ${target} = readBackReference(r, ${expected});`,
      `else if (x === 253) ${target} = nullFor(r, ${expected});`,
      `else { r.pos--; ${target} = ${this.#source.constant(rare)}(r); }`,
    ].join(" ");
  }

  /** Statements that read an element, key or value of a declared type, in the encoding that Python writes. */
  #element(shape: Shape, target: string): string {
    const tracked = trackedElement(this.#reading.scope, shape);
    if (tracked === null || shape.op === "dynamic") return this.#payload(shape, target);
    const expect = expectOf(this.#reading, shape);
    const read = payloadReader(this.#reading, shape);
    const rare: ReadValue = (reader) => readTracked(reader, expect, tracked, read);
    return this.#tracked(shape, target, { expect, rare, type: "" });
  }

  /** Statements that read a field that is not shared into a variable. */
  #plainField(shape: Shape, target: string): string {
    if (shape.op === "dynamic" || shape.op === "extension") {
      return `${target} = ${this.#source.constant(fieldReader(this.#reading, shape))}(r);`;
    }
    const info = shape.op === "message" && shape.typeInfo;
    const type = info ? `expectType(r, ${this.#scopeName}, ${this.#source.constant(shape.type)}); ` : "";
    const read = `${type}${this.#payload(shape, target)}`;
    return shape.nullable ? `if (r.isNull()) ${target} = null; else { ${read} }` : read;
  }

  /** Statements that read a payload into a variable. `id` is the variable with the reserved reference id, if any. */
  #payload(shape: Shape, target: string, id = ""): string {
    if (shape.op === "scalar" && shape.kind.word === "int" && shape.kind.js === "number") {
      // Most integers take one byte.
      return `x = r.pos; if (x < r.end && b[x] < 128) { x = b[x]; r.pos++; ${target} = (x >>> 1) ^ -(x & 1); } else ${target} = r.int();`;
    }
    if (shape.op === "scalar" && shape.kind.word === "string") return cutText(target);
    return `${target} = ${this.#expression(shape, id && `, ${id}`)};`;
  }

  /** @param id the argument for the reserved reference id of a collection or message; empty without one */
  #expression(shape: Shape, id: string): string {
    switch (shape.op) {
      case "scalar": {
        const method = methodByWord[shape.kind.word];
        return method ?? `${this.#source.constant(payloadReader(this.#reading, shape))}(r)`;
      }
      case "message":
        return `r${shape.type.index}(r${id})`;
      case "list":
      case "set":
        return `${this.#collection(shape)}(r${id})`;
      case "map":
        return `${this.#map(shape)}(r${id})`;
      default:
        return `${this.#source.constant(payloadReader(this.#reading, shape))}(r)`;
    }
  }

  #collection(shape: Extract<Shape, { op: "list" | "set" }>): string {
    const name = `f${this.#functions++}`;
    const { element, declared } = shape;
    const expect = this.#source.constant(expectOf(this.#reading, element));
    const { tracked } = this.#reading.scope;
    const elementType = trackedElement(this.#reading.scope, element);
    const flags = elementType === null ? DECLARED_LIST : DECLARED_LIST | LIST_FLAG.TRACKED;
    // Python writes and reads no reference flags for lists of bools without nulls.
    const readElement =
      elementType?.wireType === ID.BOOL ? this.#payload(element, "y") : this.#element(element, "y");
    const set = shape.op === "set";
    const fast = declared
      ? `if (f === ${flags}) { for (let i = 0; i < n; i++) { ${readElement} v[i] = y; } } else `
      : "";
    // Elements may refer to the list or set, so it exists before them.
    const early = set && tracked ? "const m = new Set(); if (s >= 0) t.values[s] = m;" : "";
    const register = !set && tracked ? "if (s >= 0) t.values[s] = v;" : "";
    const cost = set
      ? `${COST.set} + n * ${costOfMember(element)}`
      : `${COST.list} + n * ${costOfElement(element)}`;
    this.#source.line(
      [
        `function ${name}(r${tracked ? ", s" : ""}) {`,
        `const n = r.count(); r.enter(${cost}); const v = new Array(n); ${tracked ? "const t = r.references;" : ""} ${early} ${register}`,
        "if (n > 0) {",
        "const f = r.byte(), b = r.buf; let x, y, q;",
        `${fast}readItems(r, ${this.#scopeName}, ${expect}, n, f, v);`,
        "}",
        "r.depth--;",
        set ? "const c = r.hashLoad(n); if (c !== null) c.addAll(v);" : "",
        early === "" ? `return ${set ? "new Set(v)" : "v"};` : "for (const e of v) m.add(e); return m;",
        "}",
      ].join("\n"),
    );
    return name;
  }

  #map(shape: MapShape): string {
    const name = `f${this.#functions++}`;
    const keys = this.#source.constant(expectOf(this.#reading, shape.key));
    const values = this.#source.constant(expectOf(this.#reading, shape.value));
    const { scope } = this.#reading;
    const header =
      DECLARED_CHUNK |
      (trackedElement(scope, shape.key) === null ? 0 : MAP_FLAG.KEY_TRACKED) |
      (trackedElement(scope, shape.value) === null ? 0 : MAP_FLAG.VALUE_TRACKED);
    const { record } = shape;
    const take = record ? "l = r.recordKey(k, l); m[k] = y;" : "if (c !== null) c.add(k); m.set(k, y);";
    const cost = `${record ? COST.record : COST.map} + n * ${costOfEntry(shape.key, shape.value, record)}`;
    const fast = [
      `if (h === ${header}) {`,
      "const s = readChunkSize(r, n - i);",
      `for (let j = 0; j < s; j++) { ${this.#element(shape.key, "k")} ${this.#element(shape.value, "y")} ${take} }`,
      "i += s; continue; }",
    ];
    this.#source.line(
      [
        `function ${name}(r${scope.tracked ? ", s" : ""}) {`,
        `const n = r.count(), b = r.buf; r.enter(${cost});`,
        record ? "const m = recordOf([]); let l = 0;" : "const m = new Map(), c = r.hashLoad(n);",
        scope.tracked ? "const t = r.references; if (s >= 0) t.values[s] = m;" : "",
        "let x, k, y, q;",
        "for (let i = 0; i < n; ) {",
        "const h = r.byte();",
        ...(shape.keyDeclared && shape.valueDeclared ? fast : []),
        `i += readChunk(r, ${this.#scopeName}, ${keys}, ${values}, h, n - i, (k, y) => { ${take} });`,
        "}",
        "r.depth--; return m;",
        "}",
      ].join("\n"),
    );
    return name;
  }
}

/** A scalar or enum without a reference flag. It cannot be part of a cycle. */
function isPlainScalar({ shape, leadingFlag }: FieldShape): boolean {
  return leadingFlag !== "reference" && (shape.op === "scalar" || shape.op === "enum");
}

/** The readers of the types of a scope, by index; null for enums and extensions. */
export function generateReaders(scope: Scope, presenceFlagged: boolean): (ReadValue | null)[] {
  return new ReaderSource({ scope, presenceFlagged }).build();
}
