/**
 * The limit on the estimated size of a decoded message: every kind of value counts, before it is made, in both executors
 * and in every form of a message.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COST, capacityFor } from "../../ts/src/codec/costs.js";
import { decodeJson, encodeJson } from "../../ts/src/codec/single-messages.js";
import { AsterError, Code } from "../../ts/src/errors.js";
import { MessageWriter } from "../../ts/src/message.js";
import { rows } from "../../ts/src/rows/rows.js";
import { message } from "../../ts/src/schema/message.js";
import { asSchema } from "../../ts/src/schema/schema.js";
import { t } from "../../ts/src/schema/t.js";
import { graphOf, Node, plans } from "./references-arbitraries.js";
import { codecsOf, encode, type Loose } from "./support/executors.js";

const MANY = 400;
const fill = <V>(make: (index: number) => V): V[] => Array.from({ length: MANY }, (_, at) => make(at));

const Empty = message("d/Empty", {});
const Point = message("d/Point", { x: t.float, y: t.float });
const Labelled = message("d/Labelled", { label: t.string });
const Packed = t.extension("d/Packed", {
  encode: (value) => value as Uint8Array,
  decode: (bytes) => ({ bytes }),
});

/** For each kind: the schema of a list, the elements, and the least that one element must count. */
const kinds: readonly [string, Loose, () => unknown[], number][] = [
  ["bool", t.bool, () => fill(() => true), 8],
  ["int", t.int, () => fill(() => 1), 8],
  ["float", t.float, () => fill(() => 0.5), 8],
  ["float or null", t.optional(t.float), () => fill((at) => (at % 2 ? null : 0.5)), 16],
  ["string", t.string, () => fill(() => "ab"), 32],
  ["bigint", t.bigint, () => fill((at) => BigInt(at)), 32],
  ["bytes", t.bytes, () => fill(() => new Uint8Array(0)), 190],
  ["a view of bytes", t.bytes.view, () => fill(() => new Uint8Array(0)), 100],
  ["typed array", t.float64Array, () => fill(() => new Float64Array(0)), 190],
  ["date", t.date, () => fill(() => "2024-01-31"), 40],
  ["timestamp", t.timestamp, () => fill(() => new Date(0)), 100],
  ["timestamp in microseconds", t.timestampMicros, () => fill(() => 5n), 32],
  ["list", t.list(t.int), () => fill(() => []), 40],
  ["set", t.set(t.int), () => fill(() => new Set()), 160],
  ["map", t.map(t.string, t.int), () => fill(() => new Map()), 190],
  ["record", t.record(t.int), () => fill(() => ({})), 190],
  ["message", Empty, () => fill(() => ({})), 56],
  ["message with fields", Point, () => fill(() => ({ x: 1, y: 2 })), 70],
  ["message with a string", Labelled, () => fill(() => ({ label: "" })), 60],
  ["extension", Packed, () => fill(() => new Uint8Array(0)), 190],
  ["any bytes", t.any, () => fill(() => new Uint8Array(0)), 190],
  ["any list", t.any, () => fill(() => []), 40],
  ["any set", t.any, () => fill(() => new Set()), 160],
  ["any map", t.any, () => fill(() => new Map()), 190],
  ["any date", t.any, () => fill(() => new Date(0)), 100],
];

const exhausted = { code: Code.RESOURCE_EXHAUSTED, reason: "LIMIT_EXCEEDED", isLocal: true };

/** The least limit with which a codec reads the bytes. Below it every limit must refuse them. */
function leastLimit(read: (limit: number) => unknown): number {
  let [refused, taken] = [0, 1 << 24];
  while (taken - refused > 1) {
    const middle = (refused + taken) >>> 1;
    try {
      read(middle);
      taken = middle;
    } catch (error) {
      expect(error).toMatchObject(exhausted);
      refused = middle;
    }
  }
  return taken;
}

describe("a decoded value counts", () => {
  it.each(kinds)("%s", (_, element, make, least) => {
    const Holder = message("d/Holder", { list: t.list(element) });
    const [generated, interpreted] = codecsOf(Holder);
    const bytes = encode(generated, { list: make() });
    const limitOf = (codec: Loose): number =>
      leastLimit((limit) => codec.read(bytes, 0, bytes.length, false, limit));
    const limit = limitOf(generated);
    expect(limit).toBeGreaterThanOrEqual(MANY * least);
    expect(limitOf(interpreted)).toBe(limit);
  });

  it("whole graphs count the same in both executors", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const [generated, interpreted] = codecsOf(Node);
        const bytes = encode(generated, graphOf(plan));
        const limitOf = (codec: Loose): number =>
          leastLimit((limit) => codec.read(bytes, 0, bytes.length, false, limit));
        // A message with many fields counts more for each field where the interpreter makes it.
        const more = limitOf(interpreted) - limitOf(generated);
        expect(more).toBeGreaterThanOrEqual(0);
        expect(more % COST.tableField).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it("a default that the peer left out, with everything in it", () => {
    const Wide = message(
      "d/Wide",
      { tags: t.list(t.string).default(Array(100).fill("tag")) },
      { compatible: true },
    );
    const Wides = message("d/Wides", { list: t.list(Wide) }, { compatible: true });
    const text = JSON.stringify({ list: fill(() => ({})) });
    expect(() => decodeJson(schemaOf(Wides), text, { maxDecodedBytes: 200_000 })).toThrow(
      expect.objectContaining(exhausted),
    );
    expect(decodeJson(schemaOf(Wides), text)).toMatchObject({ list: { length: MANY } });
  });

  it("characters of two bytes", () => {
    const Note = message("d/Note", { text: t.string });
    const bytes = Note.encode({ text: `${"a".repeat(100_000)}\u{1f600}` });
    expect(() => Note.decode(bytes, { maxDecodedBytes: 150_000 })).toThrow(
      expect.objectContaining(exhausted),
    );
    expect(Note.decode(bytes, { maxDecodedBytes: 250_000 }).text.length).toBe(100_002);
  });
});

describe("a member of a record that looks like an array index", () => {
  it.each([
    ["0", 0, 17],
    ["1022", 0, 1550],
    ["1024", 0, 0],
    ["4294967295", 0, 0],
    ["01", 0, 0],
    ["a", 0, 0],
    ["", 0, 0],
    ["1500", 1550, 1550],
    ["2000", 1550, 3017],
  ])("%s above a capacity of %i gives a capacity of %i", (key, capacity, next) => {
    expect(capacityFor(key, capacity)).toBe(next);
  });

  it("counts the holes before it", () => {
    const Sparse = message("d/Sparse", { list: t.list(t.record(t.int)) });
    const bytes = Sparse.encode({ list: fill(() => ({ 1022: 1 })) });
    expect(() => Sparse.decode(bytes, { maxDecodedBytes: MANY * 12_000 })).toThrow(
      expect.objectContaining(exhausted),
    );
    expect(Sparse.decode(bytes).list[MANY - 1]).toEqual({ 1022: 1 });
  });
});

describe("the limit", () => {
  const Blobs = message("d/Blobs", { list: t.list(t.bytes) });
  const small = Blobs.encode({ list: [new Uint8Array(3)] });

  it("is 64 MiB unless an option sets another", () => {
    const writer = new MessageWriter(16);
    const [codec] = codecsOf(Blobs);
    codec.write(writer, { list: Array(250_000).fill(new Uint8Array(0)) });
    expect(() => codec.read(writer.buf, 0, writer.pos, false)).toThrow(/67108864 bytes of estimated size/);
    const value = codec.read(writer.buf, 0, writer.pos, false, 2 ** 27) as { list: unknown[] };
    expect(value.list.length).toBe(250_000);
  });

  it("counts the bytes of the message", () => {
    expect(() => Blobs.decode(small, { maxDecodedBytes: small.length })).toThrow(
      expect.objectContaining(exhausted),
    );
  });

  it.each([0, -1, 1.5, "1", 2 ** 31])("%j is refused as an option", (maxDecodedBytes) => {
    expect(() => Blobs.decode(small, { maxDecodedBytes: maxDecodedBytes as number })).toThrow(
      expect.objectContaining({ name: "TypeError", path: "options.maxDecodedBytes" }),
    );
  });

  it("holds for JSON text and for compatible messages, in Rust and after it", () => {
    const Pair = message("d/Pair", { list: t.list(t.list(t.int)) }, { compatible: true });
    const value = { list: fill((): number[] => []) };
    const text = encodeJson(schemaOf(Pair), value);
    const bytes = Pair.encode(value);
    for (const maxDecodedBytes of [1000, 20_000]) {
      expect(() => Pair.decodeJson(text, { maxDecodedBytes })).toThrow(expect.objectContaining(exhausted));
      expect(() => Pair.decode(bytes, { maxDecodedBytes })).toThrow(expect.objectContaining(exhausted));
    }
    expect(Pair.decodeJson(text)).toEqual(value);
    expect(Pair.decode(bytes)).toEqual(value);
  });

  it("holds for what one call decodes from rows", () => {
    const Row = message("d/Row", { texts: t.list(t.string), ids: t.set(t.int), by: t.record(t.int) });
    const all = rows(Row);
    const value = { texts: Array<string>(100).fill("x".repeat(100)), ids: new Set([1]), by: { a: 1 } };
    const table = all.encodeTable([value, value, value]);
    const tight = all.table(table, { maxDecodedBytes: 40_000 });
    expect(tight.row(0).toObject()).toEqual(value);
    expect(() => tight.toArray()).toThrow(expect.objectContaining(exhausted));
    expect(all.table(table).toArray()).toEqual([value, value, value]);
    expect(() => tight.column("texts").toArray()).toThrow(expect.objectContaining(exhausted));
  });

  it("is not a limit of what a program encodes", () => {
    const value = { list: Array<Uint8Array>(200_000).fill(new Uint8Array(0)) };
    expect(Blobs.encode(value).length).toBeGreaterThan(200_000);
  });
});

describe("the limits of nesting and elements", () => {
  const Tree = message("d/Tree", { any: t.any });
  const nested = (depth: number): Loose => (depth === 0 ? 1 : [nested(depth - 1)]);
  const deep = (text: string): string => `{"any":${"[".repeat(60)}${text}${"]".repeat(60)}}`;

  it("have the same code in JSON text and in bytes", () => {
    const bytes = Tree.encode({ any: nested(45) });
    expect(Tree.decode(bytes).any).toEqual(nested(45));
    const at = bytes.length - 4;
    const tooDeep = Uint8Array.from([
      ...bytes.subarray(0, at),
      ...Array.from({ length: 12 }, () => [1, 8, 22]).flat(),
      ...bytes.subarray(at),
    ]);
    expect(() => Tree.decode(tooDeep)).toThrow(expect.objectContaining(exhausted));
    expect(() => Tree.decodeJson(deep("1"))).toThrow(
      expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED, reason: "LIMIT_EXCEEDED" }),
    );
  });

  it("an error of a limit is an AsterError with the place", () => {
    try {
      Blob_.decode(encodedBlob, { maxDecodedBytes: encodedBlob.length + COST.bytes });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(AsterError);
      expect(String(error)).toMatch(
        /^AsterError: RESOURCE_EXHAUSTED: d\/Blob at byte \d+: more than \d+ bytes of estimated size/,
      );
    }
  });
});

const Blob_ = message("d/Blob", { a: t.bytes, b: t.bytes });
const encodedBlob = Blob_.encode({ a: new Uint8Array(1), b: new Uint8Array(1) });

function schemaOf(type: Loose): Loose {
  return asSchema(type, "test");
}
