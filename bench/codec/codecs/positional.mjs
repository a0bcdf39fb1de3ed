// The alternative of ADR 0010: a private format for two peers with the same contract, without names and hashes. Numbers come
// first, then the text of all strings in one block, which one call encodes or decodes. A message that has only scalars has
// its strings in place, because this is faster. The code is generated; values are checked when written, lengths when read.
// It supports only the messages of the bench. Decoded strings keep no more text in memory than with XLANG: they are slices
// of windows of the text, by the rule of ts/src/codec/read-text.ts.
import { MessageWriter } from "../../../dist/message.js";
import { describe } from "../../../dist/schema/descriptor.js";
import { schemas } from "../schemas.mjs";

const { latin1Slice, latin1Write, ucs2Slice, ucs2Write } = Buffer.prototype;
const IN_PLACE = 4; // first byte of a message; XLANG uses 2 and 3
const LATIN1 = 5;
const UTF16 = 6;
const SHORT = 24;
const WINDOW = 256;

function refuse() {
  throw new TypeError("the value does not fit its type");
}

function broken() {
  throw new RangeError("not a message");
}

/** Integers below 240 are one byte; others are a lead byte and 2, 4 or 8 bytes. */
function putInt(b, p, x) {
  if (x >= 0 && x < 240 && (x | 0) === x) {
    b[p] = x;
    return p + 1;
  }
  if (!Number.isSafeInteger(x)) refuse();
  const bytes = x >= 0 && x < 65536 ? 2 : (x | 0) === x ? 4 : 8;
  b[p] = 240 + bytes;
  b[p + 1] = x;
  b[p + 2] = x >> 8;
  if (bytes > 2) {
    b[p + 3] = x >> 16;
    b[p + 4] = x >> 24;
  }
  if (bytes > 4) putLow32(b, p + 5, Math.floor(x / 2 ** 32));
  return p + 1 + bytes;
}

function putLow32(b, p, x) {
  b[p] = x;
  b[p + 1] = x >> 8;
  b[p + 2] = x >> 16;
  b[p + 3] = x >> 24;
}

function getInt(r) {
  const { b, p, e } = r;
  if (p >= e) broken();
  const lead = b[p];
  if (lead < 240) {
    r.p = p + 1;
    return lead;
  }
  const bytes = lead - 240;
  if ((bytes !== 2 && bytes !== 4 && bytes !== 8) || e - p <= bytes) broken();
  r.p = p + 1 + bytes;
  if (bytes === 2) return b[p + 1] | (b[p + 2] << 8);
  const low = b[p + 1] | (b[p + 2] << 8) | (b[p + 3] << 16) | (b[p + 4] << 24);
  if (bytes === 4) return low;
  const value = (b[p + 5] | (b[p + 6] << 8) | (b[p + 7] << 16) | (b[p + 8] << 24)) * 2 ** 32 + (low >>> 0);
  return Number.isSafeInteger(value) ? value : broken();
}

/** Writes a short string at a position with enough room; returns -1 if it is not short or not Latin-1. */
function putShort(b, p, x) {
  const { length } = x;
  if (length > SHORT) return -1;
  let units = 0;
  b[p++] = length;
  for (let index = 0; index < length; index++) {
    const unit = x.charCodeAt(index);
    units |= unit;
    b[p++] = unit;
  }
  return units > 255 ? -1 : p;
}

function putText(w, x) {
  const { length } = x;
  if (/[\u0100-\uffff]/.test(x)) refuse(); // the bench has none in such a message
  w.ensure(length + 9);
  const p = putInt(w.buf, w.pos, length);
  w.pos = p + latin1Write.call(w.buf, x, p, length);
}

const shorts = Array.from({ length: SHORT + 1 }, (_, length) => {
  const units = Array.from({ length }, (_, index) => `b[p + ${index}]`);
  return `case ${length}: return String.fromCharCode(${units.join(", ")});`;
});
const shortText = new Function(`return (b, p, length) => { switch (length) { ${shorts.join("\n")} } };`)();

function getText(r) {
  const length = getInt(r);
  const { b, p, e } = r;
  if (length < 0 || length > e - p) broken();
  r.p = p + length;
  return length > SHORT ? latin1Slice.call(b, p, p + length) : shortText(b, p, length);
}

/** Reads a string at `a` of the text that is not inside the window, or that would keep too much of the window in memory. */
function refill(r, a, length) {
  const left = r.size - a;
  if (length > WINDOW / 2 || left < 64) return slice(r, a, a + length);
  if (a < r.from || a + length > r.from + r.window.length) {
    r.window = slice(r, a, a + Math.min(left, WINDOW));
    r.from = a;
  }
  const at = a - r.from;
  if (length <= 12 || length * 8 >= r.window.length) return r.window.slice(at, at + length);
  return slice(r, a, a + length);
}

function slice({ b, base, wide }, from, to) {
  return wide
    ? ucs2Slice.call(b, base + 2 * from, base + 2 * to)
    : latin1Slice.call(b, base + from, base + to);
}

const runtime = { refill, putInt, getInt, putShort, putText, getText, refuse, broken };

/** The statements that write the local `x`, after room was made. */
const put = {
  bool: 'if (typeof x !== "boolean") refuse(); b[p++] = x ? 1 : 0;',
  int: 'if (typeof x !== "number") refuse(); p = putInt(b, p, x);',
  float: 'if (typeof x !== "number") refuse(); w.view.setFloat64(p, x, true); p += 8;',
  string:
    'if (typeof x !== "string") refuse(); q = x.length; if (q < 240) b[p++] = q; else p = putInt(b, p, q); s += x;',
};
const putInPlace = {
  ...put,
  string:
    'if (typeof x !== "string") refuse(); q = putShort(b, p, x); ' +
    "if (q >= 0) p = q; else { w.pos = p; putText(w, x); w.ensure(64); p = w.pos; b = w.buf; }",
};
const call = (name) => `w.pos = p; w.text = s; ${name}(w, x); w.ensure(9); p = w.pos; b = w.buf; s = w.text;`;

/** The statements that read a value into a variable. */
const get = {
  bool: (y) => `if (p >= e || b[p] > 1) broken(); ${y} = b[p++] === 1;`,
  int: (y) => `if (p < e && b[p] < 240) ${y} = b[p++]; else { r.p = p; ${y} = getInt(r); p = r.p; }`,
  float: (y) =>
    `if (e - p < 8) broken(); for (let i = 0; i < 8; i++) r.eight[i] = b[p + i]; p += 8; ${y} = r.double[0];`,
  string: (y) =>
    `${get.int("q")} if (q < 0 || q > r.size - a) broken(); m = a - r.from; ${y} = m >= 0 && m + q <= r.window.length && (q <= 12 || q * 8 >= r.window.length) ? r.window.slice(m, m + q) : refill(r, a, q); a += q;`,
};
const getInPlace = { ...get, string: (y) => `r.p = p; ${y} = getText(r); p = r.p;` };
const got = (name) => (y) => `r.p = p; r.at = a; ${y} = ${name}(r); p = r.p; a = r.at;`;

class Program {
  lines = [];
  names = new Map();

  constructor(described, inPlace) {
    Object.assign(this, { described, put: inPlace ? putInPlace : put, get: inPlace ? getInPlace : get });
  }

  /** The name of the functions of a type: `w` before it writes, `r` before it reads. */
  name(word) {
    const key = JSON.stringify(word);
    let name = this.names.get(key);
    if (name === undefined) {
      name = `f${this.names.size}`;
      this.names.set(key, name);
      if (word.list !== undefined) this.list(name, word.list);
      else if (word.map !== undefined) this.record(name, word.map[1]);
      else
        this.message(name, this.described.types[word.message], this.described.descriptor.types[word.message]);
    }
    return name;
  }

  write(word) {
    return this.put[word] ?? call(`w${this.name(word)}`);
  }

  read(word, target) {
    return (this.get[word] ?? got(`r${this.name(word)}`))(target);
  }

  functions(name, check, writing, reading) {
    this.lines.push(
      `function w${name}(w, v) { ${check} if (++w.depth > 50) refuse(); w.ensure(256); let p = w.pos, b = w.buf, s = w.text, x, q;`,
      `${writing} w.pos = p; w.text = s; w.depth--; }`,
      `function r${name}(r) { if (++r.depth > 50) broken(); const b = r.b, e = r.e; let p = r.p, a = r.at, q, m, v;`,
      `${reading} r.p = p; r.at = a; r.depth--; return v; }`,
    );
  }

  message(name, { fields }, { fields: described }) {
    const keys = fields.map(({ key }) => JSON.stringify(key));
    const names = keys.map((_, index) => `y${index}`).join(", ");
    this.lines.push(
      `function K${name}(${names}) { ${keys.map((key, i) => `this[${key}] = y${i};`).join(" ")} }`,
    );
    const writing = keys.map((key, i) => `x = v[${key}]; ${this.write(described[i].type)}`);
    const reading = keys.map((_, i) => this.read(described[i].type, `y${i}`));
    this.functions(
      name,
      'if (typeof v !== "object" || v === null) refuse();',
      writing.join("\n"),
      `let ${names}; ${reading.join("\n")} v = new K${name}(${names});`,
    );
  }

  list(name, element) {
    this.functions(
      name,
      "if (!Array.isArray(v)) refuse();",
      `p = putInt(b, p, v.length); for (let i = 0; i < v.length; i++) { if (b.length - p < 16) { w.pos = p; w.ensure(16); b = w.buf; } x = v[i]; ${this.write(element)} }`,
      `${get.int("q")} const n = q; if (n < 0 || n > e - p) broken(); v = n > 256 ? [] : new Array(n); for (let j = 0, y; j < n; j++) { ${this.read(element, "y")} v[j] = y; }`,
    );
  }

  record(name, value) {
    this.functions(
      name,
      'if (typeof v !== "object" || v === null) refuse();',
      `const ks = Object.keys(v); p = putInt(b, p, ks.length); for (let i = 0; i < ks.length; i++) { if (b.length - p < 32) { w.pos = p; w.ensure(32); b = w.buf; } x = ks[i]; ${this.write("string")} x = v[ks[i]]; ${this.write(value)} }`,
      `${get.int("q")} const n = q; if (n < 0 || n > e - p) broken(); v = Object.create(null); for (let j = 0, k, y; j < n; j++) { ${this.read("string", "k")} ${this.read(value, "y")} v[k] = y; }`,
    );
  }
}

function compile(schema) {
  const described = describe([schema]);
  const inPlace = described.descriptor.types[0].fields.every(({ type }) => typeof type === "string");
  const program = new Program(described, inPlace);
  const name = program.name(described.descriptor.roots[0]);
  const source = `const { ${Object.keys(runtime)} } = runtime; ${program.lines.join("\n")} return { write: w${name}, read: r${name} };`;
  return { inPlace, ...new Function("runtime", source)(runtime) };
}

export function open(type) {
  const { inPlace, write, read } = compile(schemas[type]);
  const writer = Object.assign(new MessageWriter(1 << 16), { text: "", depth: 0 });
  const eight = new Uint8Array(8);
  const reader = {
    b: eight,
    p: 0,
    e: 0,
    wide: false,
    base: 0, // where the text begins
    size: 0,
    window: "",
    from: 0,
    at: 0,
    depth: 0,
    eight,
    double: new Float64Array(eight.buffer),
  };

  function encode(value) {
    writer.depth = 0;
    writer.text = "";
    writer.pos = inPlace ? 1 : 5;
    write(writer, value);
    if (inPlace) writer.buf[0] = IN_PLACE;
    else appendText(writer.text);
    return writer.buf.slice(0, writer.pos);
  }

  function appendText(text) {
    const { length } = text;
    const wide = /[\u0100-\uffff]/.test(text);
    writer.ensure(length * 2);
    const { buf, pos } = writer;
    buf[0] = wide ? UTF16 : LATIN1;
    putLow32(buf, 1, pos);
    writer.pos += wide
      ? ucs2Write.call(buf, text, pos, length * 2)
      : latin1Write.call(buf, text, pos, length);
  }

  function decode(bytes) {
    reader.depth = 0;
    reader.at = 0;
    reader.b = bytes;
    reader.p = inPlace ? 1 : 5;
    reader.e = inPlace ? bytes.length : textStart(bytes);
    const value = read(reader);
    if (reader.p !== reader.e || reader.at !== reader.size) broken();
    return value;
  }

  /** Finds the text of the message, which begins where the numbers end. */
  function textStart(bytes) {
    const start = (bytes[1] | (bytes[2] << 8) | (bytes[3] << 16) | (bytes[4] << 24)) >>> 0;
    if (start > bytes.length) broken();
    reader.wide = bytes[0] === UTF16;
    reader.base = start;
    reader.size = (bytes.length - start) >> (reader.wide ? 1 : 0);
    reader.window = "";
    reader.from = 0;
    return start;
  }

  return { encode, decode };
}
