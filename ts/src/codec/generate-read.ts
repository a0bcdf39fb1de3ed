// Generated readers: one function a message, one a list or map, all of a scope in one source.
//
// Owns: that source, in two variants (XLANG and marked XLANG). The form that Python writes is spelled out; any
// other form of a list or map that peers may send goes to the interpreter. Values of fixed size at the start of a
// message are checked once; every other read checks for itself.

import { recordOf } from "../schema/validate.js";
import {
  checkHash,
  expectOf,
  fieldReader,
  isPresent,
  payloadReader,
  type Reading,
} from "./interpret-read.js";
import { expectType, readChunk, readChunkSize, readItems } from "./read-dynamic.js";
import {
  defaultOf,
  type FieldShape,
  type MapShape,
  type MessageType,
  type ReadBody,
  type Scope,
  type Shape,
} from "./shape.js";
import { member, Source } from "./source.js";

const runtime = {
  checkHash,
  defaultOf,
  expectType,
  isPresent,
  readChunk,
  readChunkSize,
  readItems,
  recordOf,
};

/** Kinds of fixed size: how many bytes, and the expression that reads them at `p` without a check. */
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

/** Kinds that the reader has a method for. */
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

const ENTER = "r.enter();";

class ReaderSource {
  readonly #source = new Source();
  readonly #reading: Reading;
  readonly #scopeName: string;
  #functions = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#scopeName = this.#source.constant(reading.scope);
  }

  build(): (ReadBody | null)[] {
    const { types } = this.#reading.scope;
    for (const type of types) if (type.kind === "message") this.#message(type);
    const names = types.map((type) => (type.kind === "message" ? `r${type.index}` : "null"));
    this.#source.line(`return [${names.join(", ")}];`);
    return this.#source.run(runtime) as (ReadBody | null)[];
  }

  #message(type: MessageType): void {
    const { index, fields, order } = type;
    const names = fields.map((_, at) => `a${at}`);
    const assign = fields.map((field, at) => `${member("this", field.key)} = a${at};`);
    this.#source.line(`function K${index}(${names.join(", ")}) { ${assign.join(" ")} }`);
    this.#source.line(`K${index}.prototype = ${this.#source.constant(type.definition.prototype)};`);
    const lead = this.#lead(type);
    const body = [
      `function r${index}(r) {`,
      ENTER,
      `const b = r.buf, d = r.view; let p = r.pos${names.map((name) => `, ${name}`).join("")}, x;`,
      `if (r.end - p < ${4 + lead.bytes} || d.getInt32(p, true) !== ${type.hash}) { checkHash(r, ${this.#source.constant(type)}); r.need(${lead.bytes}); }`,
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

  /** The fields of fixed size at the start, which one check covers. */
  #lead(type: MessageType): { readonly bytes: number; readonly count: number; readonly lines: string[] } {
    let bytes = 0;
    const lines: string[] = [];
    for (const at of type.order) {
      const { shape, field } = type.fields[at] as FieldShape;
      const marked = this.#reading.marked && field.fallback !== null;
      if (shape.op !== "scalar" || shape.nullable || marked) break;
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
    return { bytes, count: lines.length, lines };
  }

  #field({ field, shape }: FieldShape, target: string): string {
    const read = this.#place(shape, target);
    if (!this.#reading.marked || field.fallback === null) return read;
    return `if (isPresent(r)) { ${read} } else ${target} = defaultOf(${this.#source.constant(field)});`;
  }

  /** Statements that read a field into a variable. */
  #place(shape: Shape, target: string): string {
    if (shape.op === "dynamic" || shape.op === "extension") {
      return `${target} = ${this.#source.constant(fieldReader(this.#reading, shape))}(r);`;
    }
    const info = shape.op === "message" && shape.typeInfo;
    const type = info ? `expectType(r, ${this.#scopeName}, ${this.#source.constant(shape.type)}); ` : "";
    const read = `${type}${this.#payload(shape, target)}`;
    return shape.nullable ? `if (r.isNull()) ${target} = null; else { ${read} }` : read;
  }

  /** Statements that read a payload into a variable. */
  #payload(shape: Shape, target: string): string {
    if (shape.op === "scalar" && shape.kind.word === "int" && shape.kind.js === "number") {
      // One byte is what most integers are.
      return `x = r.pos; if (x < r.end && b[x] < 128) { x = b[x]; r.pos++; ${target} = (x >>> 1) ^ -(x & 1); } else ${target} = r.int();`;
    }
    return `${target} = ${this.#expression(shape)};`;
  }

  #expression(shape: Shape): string {
    switch (shape.op) {
      case "scalar": {
        const method = methodByWord[shape.kind.word];
        return method ?? `${this.#source.constant(payloadReader(this.#reading, shape))}(r)`;
      }
      case "message":
        return `r${shape.type.index}(r)`;
      case "list":
        return `${this.#collection(shape)}(r)`;
      case "set":
        return `new Set(${this.#collection(shape)}(r))`;
      case "map":
        return `${this.#map(shape)}(r)`;
      default:
        return `${this.#source.constant(payloadReader(this.#reading, shape))}(r)`;
    }
  }

  #collection(shape: Extract<Shape, { op: "list" | "set" }>): string {
    const name = `f${this.#functions++}`;
    const { element, declared } = shape;
    const expect = this.#source.constant(expectOf(this.#reading, element));
    const fast = declared
      ? `if (f === 12) { for (let i = 0; i < n; i++) { ${this.#payload(element, "y")} v.push(y); } } else `
      : "";
    this.#source.line(
      [
        `function ${name}(r) {`,
        `const n = r.count(); ${ENTER} let v = [];`,
        "if (n > 0) {",
        "const f = r.byte(), b = r.buf; let x, y;",
        `${fast}v = readItems(r, ${this.#scopeName}, ${expect}, n, f);`,
        "}",
        "r.depth--; return v;",
        "}",
      ].join("\n"),
    );
    return name;
  }

  #map(shape: MapShape): string {
    const name = `f${this.#functions++}`;
    const keys = this.#source.constant(expectOf(this.#reading, shape.key));
    const values = this.#source.constant(expectOf(this.#reading, shape.value));
    const take = shape.record ? "m[k] = y;" : "m.set(k, y);";
    const fast = [
      "if (h === 36) {",
      "const s = readChunkSize(r, n - i);",
      `for (let j = 0; j < s; j++) { ${this.#payload(shape.key, "k")} ${this.#payload(shape.value, "y")} ${take} }`,
      "i += s; continue; }",
    ];
    this.#source.line(
      [
        `function ${name}(r) {`,
        `const n = r.count(), b = r.buf, m = ${shape.record ? "recordOf([])" : "new Map()"}; ${ENTER}`,
        "let x, k, y;",
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

/** The readers of a scope's types, by index; null for enums. */
export function generateReaders(scope: Scope, marked: boolean): (ReadBody | null)[] {
  return new ReaderSource({ scope, marked }).build();
}
