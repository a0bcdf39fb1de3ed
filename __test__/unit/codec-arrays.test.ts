// Typed arrays: every kind, with both executors, at every alignment. Values that do not fit are refused.

import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { codecBy } from "../../ts/src/codec/codec.js";
import { MessageWriter } from "../../ts/src/message.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { codecsOf, encodeByBoth, type Loose } from "./support/executors.js";

const kinds: [string, Loose, string][] = [
  ["boolArray", Uint8Array.of(0, 1), "020001"],
  ["int8Array", Int8Array.of(-1, 2), "02ff02"],
  ["int16Array", Int16Array.of(-2, 300), "04feff2c01"],
  ["int32Array", Int32Array.of(1, -1), "0801000000ffffffff"],
  ["int64Array", BigInt64Array.of(-1n), "08ffffffffffffffff"],
  ["uint8Array", Uint8Array.of(0, 255), "0200ff"],
  ["uint16Array", Uint16Array.of(65535), "02ffff"],
  ["uint32Array", Uint32Array.of(4294967295), "04ffffffff"],
  ["uint64Array", BigUint64Array.of(2n ** 63n), "080000000000000080"],
  ["float32Array", Float32Array.of(1.5), "040000c03f"],
  ["float64Array", Float64Array.of(0.1), "089a9999999999b93f"],
];

/** The bytes of a message with the one field `x`. */
const encode = (schema: Loose, value: unknown): Uint8Array =>
  encodeByBoth(message("s/One", { x: schema }), { x: value });

/** Decodes the message at every alignment, with both executors. */
function decode(schema: Loose, bytes: Uint8Array): Loose {
  const One = message("s/One", { x: schema });
  let found: Loose;
  for (const codec of codecsOf(One)) {
    for (let at = 0; at < 8; at++) {
      const buffer = new Uint8Array(bytes.length + 16);
      buffer.set(bytes, at);
      const { x } = codec.read(buffer, at, at + bytes.length, false) as Loose;
      buffer.fill(0xaa);
      found ??= x;
      expect(x).toEqual(found);
    }
  }
  return found;
}

describe.each(kinds)("t.%s", (name, value, payload) => {
  const schema = (t as Loose)[name];

  it("is encoded as its length in bytes and its items", () => {
    expect(Buffer.from(encode(schema, value)).toString("hex").endsWith(payload)).toBe(true);
  });

  it("is decoded to a new array, from any alignment", () => {
    const back = decode(schema, encode(schema, value));
    expect(back).toEqual(value);
    expect(back.constructor).toBe(value.constructor);
    expect([back.byteOffset, back.buffer.byteLength]).toEqual([0, value.byteLength]);
  });

  it("may be empty, long, or a part of a buffer", () => {
    const many = new value.constructor(1000).fill(value[0]);
    const part = many.subarray(3, 5);
    for (const some of [new value.constructor(0), many, part]) {
      expect(decode(schema, encode(schema, some))).toEqual(some);
    }
  });

  it("is refused in JSON mode", () => {
    const One = message("s/One", { x: schema });
    expect(() => One.encodeJson({ x: value })).toThrow(/x: a typed array/);
    expect(() => One.decodeJson('{"x":[]}')).toThrow(/x: a typed array/);
    expect(() => One.jsonSchema()).toThrow(
      /s\/One at x: JSON mode, which the JSON Schema describes, cannot hold a typed array/,
    );
  });

  it("refuses lists, other classes and objects that imitate the class, with the path", () => {
    const One = message("s/One", { list: t.list(schema) });
    const other = value instanceof Int8Array ? Uint8Array.of(1) : Int8Array.of(1);
    const impostor = Object.create(value.constructor.prototype);
    for (const wrong of [[1], other, impostor, null, "x", new DataView(new ArrayBuffer(8))]) {
      expect(() => One.encode({ list: [value, wrong] } as Loose)).toThrow(
        /s\/One at list\[1\]: expected an? \w+Array/,
      );
    }
  });

  it("has a default that is copied for each use", () => {
    const One: Loose = message("s/One", { x: schema.default(value) });
    const [a, b] = [One.of({}), One.decode(One.encode({}))] as Loose[];
    expect(b.x).toEqual(value);
    b.x.fill(value[0]);
    expect(a.x).toEqual(value);
    const [first, second] = [{}, {}].map((input) => (One["~standard"].validate(input) as Loose).value.x);
    expect(first).toEqual(value);
    expect(first).not.toBe(second);
    expect(first.buffer).not.toBe(second.buffer);
  });
});

describe("typed arrays", () => {
  it("of another realm are accepted", () => {
    const foreign = runInNewContext("Int16Array.of(1, -2)") as Loose;
    expect(foreign instanceof Int16Array).toBe(false);
    expect(decode(t.int16Array, encode(t.int16Array, foreign))).toEqual(Int16Array.of(1, -2));
    expect(decode(t.any, encode(t.any, foreign))).toEqual(Int16Array.of(1, -2));
  });

  it("may be in shared memory or be Buffers", () => {
    const shared = new Float64Array(new SharedArrayBuffer(16)).fill(0.5);
    expect(decode(t.float64Array, encode(t.float64Array, shared))).toEqual(Float64Array.of(0.5, 0.5));
    expect(decode(t.uint8Array, encode(t.uint8Array, Buffer.from("ab")))).toEqual(Uint8Array.of(97, 98));
  });

  it("of bools accept only 0 and 1", () => {
    expect(() => encode(t.boolArray, Uint8Array.of(0, 2))).toThrow(/expected a Uint8Array of zeros and ones/);
  });

  it("of more than 64 MiB are refused before the buffer grows", () => {
    const writer = new MessageWriter(16);
    const One = message("s/One", { x: t.uint8Array });
    const much = new Uint8Array(64 * 1024 * 1024 + 1);
    expect(() => codecBy("generated", One).write(writer, { x: much })).toThrow(/more than 67108864 bytes/);
    expect(writer.buf.length).toBeLessThan(1024);
  });
});

describe("typed arrays without a schema", () => {
  it.each(kinds.filter(([, value]) => !(value instanceof Uint8Array)))(
    "a value of t.%s keeps its class",
    (_, value) => {
      const back = decode(t.any, encode(t.any, { k: [value, null] }));
      expect(back).toEqual(new Map([["k", [value, null]]]));
    },
  );

  it("a Uint8Array is encoded as bytes", () => {
    expect(
      Buffer.from(encode(t.any, Uint8Array.of(5)))
        .toString("hex")
        .endsWith("290105"),
    ).toBe(true);
  });

  it.each([
    ["a DataView", new DataView(new ArrayBuffer(4))],
    ["a clamped array", new Uint8ClampedArray(2)],
    ["an ArrayBuffer", new ArrayBuffer(2)],
  ])("%s is none", (_name, value) => {
    expect(() => encode(t.any, [value])).toThrow(/s\/One at x\[0\]: expected a value that t.any can hold/);
  });
});
