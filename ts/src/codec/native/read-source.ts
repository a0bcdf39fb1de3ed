// Generated readers of NATIVE payloads: one function for each message, list and map, in one source.
//
// Owns: that source. The position is a local variable. The length of the message is checked once for the fields of fixed
// size at the start of a message; every other read has its own check.

import { recordOf } from "../../schema/validate.js";
import { COST } from "../costs.js";
import { MAX_ELEMENTS } from "../refusal.js";
import type { FieldShape, MapShape, MessageType, ReadValue, Shape } from "../shape.js";
import { costOfElement, costOfEntry, costOfMember, costOfMessage } from "../shape-costs.js";
import { member, Source } from "../source.js";
import {
  ONE_BYTE_BIAS,
  readElementCount,
  readInteger,
  readLength,
  SHORT_LENGTH,
  TWO_BYTES,
} from "./format.js";
import { readEmpty, readPresent, valueReader } from "./interpret-read.js";
import { fixedSize, layoutOf, type Target } from "./layout.js";
import { COPIED, cutLongText, incoming, KEPT_SHARE, readBlockText } from "./text.js";

const runtime = {
  cutLongText,
  incoming,
  readBlockText,
  readElementCount,
  readEmpty,
  readInteger,
  readLength,
  readPresent,
  recordOf,
};

/** The expressions that read kinds of fixed size at `p` without a check. `d` is the view of the buffer. */
const fixedByWord: Readonly<Record<string, string>> = {
  int8: "b[p] << 24 >> 24",
  int16: "(b[p] | b[p + 1] << 8) << 16 >> 16",
  fixedInt32: "d.getInt32(p, true)",
  fixedInt64: "d.getBigInt64(p, true)",
  uint8: "b[p]",
  uint16: "b[p] | b[p + 1] << 8",
  fixedUint32: "d.getUint32(p, true)",
  fixedUint64: "d.getBigUint64(p, true)",
  float32: "d.getFloat32(p, true)",
  float: "d.getFloat64(p, true)",
};

/** Reads the number of elements into `n`. A short one that the bytes left allow is read without a call. */
const COUNT = [
  "const b = r.buf, e = r.end; let p = r.pos, n = 0;",
  `if (p < e && (n = b[p]) < ${SHORT_LENGTH} && n < e - p) p++; else { n = readElementCount(r, ${MAX_ELEMENTS}); p = r.pos; }`,
].join(" ");

class ReaderSource {
  readonly #source = new Source();
  readonly #target: Target;
  #functions = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  build(types: readonly MessageType[]): Map<MessageType, ReadValue> {
    for (const type of types) this.#message(type);
    this.#source.line(`return [${types.map((type) => `r${type.index}`).join(", ")}];`);
    const functions = this.#source.run(runtime) as ReadValue[];
    return new Map(types.map((type, at) => [type, functions[at] as ReadValue]));
  }

  #message(type: MessageType): void {
    const { index, fields } = type;
    const names = fields.map((_, at) => `a${at}`);
    const assign = fields.map((field, at) => `${member("this", field.key)} = a${at};`);
    this.#source.line(`function K${index}(${names.join(", ")}) { ${assign.join(" ")} }`);
    this.#source.line(`K${index}.prototype = ${this.#source.constant(type.definition.prototype)};`);
    const order = layoutOf(type);
    const shapes = order.map((at) => (fields[at] as FieldShape).shape);
    const bytes = shapes.reduce((sum, shape) => sum + fixedSize(shape), 0);
    const lines = order.map((at, position) => this.#value(shapes[position] as Shape, `a${at}`, true));
    if (fields.length === 0) lines.push("r.pos = p; readEmpty(r); p = r.pos;");
    this.#source.line(
      [
        `function r${index}(r) {`,
        `r.enter(${costOfMessage(type)}); const b = r.buf, e = r.end${needsView(shapes) ? ", d = r.view" : ""}; let p = r.pos${names.map((name) => `, ${name}`).join("")}, x, q;`,
        bytes > 0 ? `if (e - p < ${bytes}) r.need(${bytes});` : "",
        ...lines,
        "r.pos = p; r.depth--;",
        `return new K${index}(${names.join(", ")});`,
        "}",
      ].join("\n"),
    );
  }

  /** Statements that read a value into a variable. `checked`: fields of fixed size are inside the message. */
  #value(shape: Shape, target: string, checked: boolean): string {
    const read = this.#present(shape, target, checked);
    if (!shape.nullable) return read;
    return `r.pos = p; if (readPresent(r)) { p = r.pos; ${read} } else { p = r.pos; ${target} = null; }`;
  }

  #present(shape: Shape, target: string, checked: boolean): string {
    switch (shape.op) {
      case "scalar":
        return this.#scalar(shape, target, checked && fixedSize(shape) > 0);
      case "message":
        return call(`r${shape.type.index}`, target);
      case "list":
      case "set":
        return call(this.#collection(shape), target);
      case "map":
        return call(this.#map(shape), target);
      default:
        return this.#closure(shape, target);
    }
  }

  #closure(shape: Shape, target: string): string {
    const read = valueReader(this.#target, { ...shape, nullable: false });
    return call(this.#source.constant(read), target);
  }

  #scalar(shape: Extract<Shape, { op: "scalar" }>, target: string, checked: boolean): string {
    const { word, js } = shape.kind;
    if (word === "string") {
      return this.#target.inPlace ? `r.pos = p; ${target} = r.text(); p = r.pos;` : blockText(target);
    }
    if (word === "int" && js === "number") {
      return `if (p < e && (x = b[p]) < ${TWO_BYTES}) { ${target} = x - ${ONE_BYTE_BIAS}; p++; } else { r.pos = p; ${target} = readInteger(r); p = r.pos; }`;
    }
    if (!checked) return this.#closure(shape, target);
    if (word === "bool") return `x = b[p]; if (x > 1) { r.pos = p; r.bool(); } p++; ${target} = x === 1;`;
    return `${target} = ${fixedByWord[word]}; p += ${fixedSize(shape)};`;
  }

  #collection(shape: Extract<Shape, { op: "list" | "set" }>): string {
    const name = `f${this.#functions++}`;
    const { element, op } = shape;
    const fixed = fixedSize(element);
    const set = op === "set";
    const cost = set ? costOfMember(element) : costOfElement(element);
    this.#source.line(
      [
        `function ${name}(r) {`,
        `${COUNT} r.enter(${set ? COST.set : COST.list} + n * ${cost}); ${fixed > 0 ? `r.pos = p; r.need(n * ${fixed});` : ""}`,
        `const ${needsView([element]) ? "d = r.view, " : ""}v = new Array(n); let x, y, q;`,
        `for (let i = 0; i < n; i++) { ${this.#value(element, "y", true)} v[i] = y; }`,
        "r.pos = p; r.depth--;",
        set ? "const c = r.hashLoad(n); if (c !== null) c.addAll(v); return new Set(v);" : "return v;",
        "}",
      ].join("\n"),
    );
    return name;
  }

  #map(shape: MapShape): string {
    const name = `f${this.#functions++}`;
    const { key, value, record } = shape;
    const cost = `${record ? COST.record : COST.map} + n * ${costOfEntry(key, value, record)}`;
    this.#source.line(
      [
        `function ${name}(r) {`,
        `${COUNT} r.enter(${cost}); const m = ${record ? "recordOf([])" : "new Map(), c = r.hashLoad(n)"}; let l = 0, x, k, y, q;`,
        `for (let i = 0; i < n; i++) { ${this.#value(key, "k", false)} ${this.#value(value, "y", false)} ${record ? "l = r.recordKey(k, l); m[k] = y;" : "if (c !== null) c.add(k); m.set(k, y);"} }`,
        "r.pos = p; r.depth--; return m;",
        "}",
      ].join("\n"),
    );
    return name;
  }
}

/** True when one of the fields of fixed size is read through the view of the buffer. */
function needsView(shapes: readonly Shape[]): boolean {
  return shapes.some(
    (shape) =>
      shape.op === "scalar" && fixedSize(shape) > 0 && fixedByWord[shape.kind.word]?.startsWith("d."),
  );
}

function call(name: string, target: string): string {
  return `r.pos = p; ${target} = ${name}(r); p = r.pos;`;
}

/** Cuts the next string out of the window of the text; `cutLongText` does the rest. */
function blockText(target: string): string {
  return [
    `if (p < e && (q = b[p]) < ${SHORT_LENGTH}) { p++;`,
    "const from = incoming.at, to = from + q, text = incoming.window;",
    `if (to <= text.length && (q <= ${COPIED} || q * ${KEPT_SHARE} >= text.length)) { incoming.at = to; ${target} = text.slice(from, to); }`,
    `else { r.pos = p; ${target} = cutLongText(r, q); }`,
    `} else { r.pos = p; ${target} = readBlockText(r); p = r.pos; }`,
  ].join(" ");
}

/** Compiles the readers of messages. */
export function generateReaders(target: Target, types: readonly MessageType[]): Map<MessageType, ReadValue> {
  return new ReaderSource(target).build(types);
}
