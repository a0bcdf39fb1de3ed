// Compatible mode: messages that describe their fields, decoded by readers with other fields. With both executors.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codecBy, codecOf, jsonCodec } from "../../ts/src/codec/codec.js";
import { AsterError, Code } from "../../ts/src/errors.js";
import { type MessageCodec, MessageWriter } from "../../ts/src/message.js";
import { field, wireType } from "../../ts/src/schema/decorators.js";
import { message } from "../../ts/src/schema/message.js";
import { messageOf } from "../../ts/src/schema/message-class.js";
import { t } from "../../ts/src/schema/t.js";
import { executors, type Loose } from "./support/executors.js";

const compatible = { compatible: true };

function versionOf(fields: Loose, types: Loose[] = []): Loose {
  return message("v/M", fields, { ...compatible, types });
}

function described(executor: (typeof executors)[number], schema: Loose): MessageCodec {
  const codec = codecBy(executor, schema).compatible;
  if (codec === null) throw new Error("not compatible");
  return codec;
}

/** The bytes of a message in compatible mode. Both executors and the public API must give the same. */
function encode(schema: Loose, value: unknown): Uint8Array {
  const bytes = schema.encode(value);
  for (const executor of executors) {
    const writer = new MessageWriter(4);
    writer.pos = 3; // a message may begin anywhere in a batch buffer
    described(executor, schema).write(writer, value);
    expect(writer.buf.slice(3, writer.pos)).toEqual(bytes);
  }
  return bytes;
}

/** The value or the error. Both executors and the public API must give the same. */
function decode(schema: Loose, bytes: Uint8Array): Loose {
  const padded = Uint8Array.of(1, 2, ...bytes, 3);
  const all = [
    () => schema.decode(bytes),
    ...executors.map(
      (executor) => () => described(executor, schema).read(padded, 2, 2 + bytes.length, false),
    ),
  ].map((run) => {
    try {
      return run();
    } catch (error) {
      expect(error).toBeInstanceOf(AsterError);
      expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: true });
      return (error as AsterError).rawMessage;
    }
  });
  expect(all[1]).toEqual(all[0]);
  expect(all[2]).toEqual(all[0]);
  return all[0];
}

// --- The table of changes

const Line = (fields: Loose): Loose => message("v/Line", fields);
const LineOld = Line({ sku: t.string, qty: t.int });
const LineNew = Line({ qty: t.int, price: t.float.default(1.5), sku: t.string });
const Color = (members: string[]): Loose => t.enum("v/Color", members as [string]);
const two = Color(["RED", "GREEN"]);
const three = Color(["RED", "GREEN", "BLUE"]);

/** The fields and the value that were written, the fields of the reader, and the value or the error text that it gets. */
type Row = [name: string, written: Loose, value: Loose, read: Loose, found: Loose];

const id = { id: t.int };
const rows: Row[] = [
  [
    "the same fields",
    { a: t.int, b: t.string },
    { a: 1, b: "x" },
    { a: t.int, b: t.string },
    { a: 1, b: "x" },
  ],
  [
    "reordered",
    { a: t.int, b: t.string, c: t.bool },
    { a: 1, b: "x", c: true },
    { c: t.bool, b: t.string, a: t.int },
    { a: 1, b: "x", c: true },
  ],
  ["removed: a number", { id: t.int, gone: t.int }, { id: 1, gone: 2 }, id, { id: 1 }],
  ["removed: a string", { id: t.int, gone: t.string }, { id: 1, gone: "x" }, id, { id: 1 }],
  [
    "removed: a list",
    { id: t.int, gone: t.list(t.optional(t.int)) },
    { id: 1, gone: [1, null] },
    id,
    { id: 1 },
  ],
  [
    "removed: a map of messages",
    { id: t.int, gone: t.map(t.string, LineOld) },
    { id: 1, gone: { a: { sku: "s", qty: 1 } } },
    id,
    { id: 1 },
  ],
  [
    "removed: a message of an unknown type",
    { gone: LineOld, id: t.int },
    { id: 1, gone: { sku: "s", qty: 1 } },
    id,
    { id: 1 },
  ],
  ["removed: an unknown enum", { id: t.int, gone: two }, { id: 1, gone: "RED" }, id, { id: 1 }],
  [
    "removed: a typed array",
    { id: t.int, gone: t.int32Array },
    { id: 1, gone: Int32Array.of(1) },
    id,
    { id: 1 },
  ],
  ["removed: any value", { id: t.int, gone: t.any }, { id: 1, gone: [1, "x", { k: null }] }, id, { id: 1 }],
  ["added: optional", id, { id: 1 }, { id: t.int, more: t.optional(t.string) }, { id: 1, more: null }],
  ["added: with a default", id, { id: 1 }, { id: t.int, more: t.string.default("d") }, { id: 1, more: "d" }],
  [
    "added: with a default from a function",
    id,
    { id: 1 },
    { id: t.int, more: t.list(t.int).default(() => [7]) },
    { id: 1, more: [7] },
  ],
  [
    "added: optional with a default",
    id,
    { id: 1 },
    { id: t.int, more: t.optional(t.int).default(5) },
    { id: 1, more: 5 },
  ],
  [
    "added: a message with a default",
    id,
    { id: 1 },
    { id: t.int, more: LineOld.default({ sku: "s", qty: 1 }) },
    { id: 1, more: { sku: "s", qty: 1 } },
  ],
  [
    "added: required, with the zero value of its kind",
    id,
    { id: 1 },
    {
      id: t.int,
      n: t.int,
      f: t.float,
      s: t.string,
      b: t.bool,
      y: t.bytes,
      l: t.list(t.int),
      m: t.map(t.string, t.int),
    },
    { id: 1, n: 0, f: 0, s: "", b: false, y: new Uint8Array(0), l: [], m: new Map() },
  ],
  ["added: a required message", id, { id: 1 }, { id: t.int, more: LineOld }, /^v\/M: more: /],
  ["added: a required enum", id, { id: 1 }, { id: t.int, more: two }, /^v\/M: more: /],
  ["added: a required date", id, { id: 1 }, { id: t.int, more: t.date }, /^v\/M: more: /],
  [
    "added and removed at the same time",
    { id: t.int, old: t.string },
    { id: 1, old: "x" },
    { id: t.int, fresh: t.int.default(3) },
    { id: 1, fresh: 3 },
  ],
  ["no field in common", { old: t.string }, { old: "x" }, { fresh: t.optional(t.int) }, { fresh: null }],
  [
    "renamed is removed and added",
    { old_name: t.int },
    { old_name: 1 },
    { new_name: t.int.default(0) },
    { new_name: 0 },
  ],
  [
    "another TypeScript name with the same wire name",
    { total: t.int },
    { total: 1 },
    { sum: t.int.name("total") },
    { sum: 1 },
  ],
  ["widened: int8 to int", { n: t.int8 }, { n: -5 }, { n: t.int }, { n: -5 }],
  ["widened: int32 to int64", { n: t.int32 }, { n: -5 }, { n: t.int64 }, { n: -5n }],
  ["widened: int to bigint", { n: t.int }, { n: 5 }, { n: t.bigint }, { n: 5n }],
  ["widened: int32 to float", { n: t.int32 }, { n: 5 }, { n: t.float }, { n: 5 }],
  ["widened: float32 to float", { n: t.float32 }, { n: 0.5 }, { n: t.float }, { n: 0.5 }],
  ["widened in a list", { n: t.list(t.int32) }, { n: [1, 2] }, { n: t.list(t.int) }, { n: [1, 2] }],
  [
    "widened in the values of a map",
    { n: t.map(t.string, t.int8) },
    { n: { a: 1 } },
    { n: t.map(t.string, t.int) },
    { n: new Map([["a", 1]]) },
  ],
  ["narrowed, and the value fits", { n: t.int }, { n: 100 }, { n: t.int8 }, { n: 100 }],
  ["narrowed, and the value does not fit", { n: t.int }, { n: 300 }, { n: t.int8 }, /^v\/M: n: /],
  ["narrowed to unsigned, negative", { n: t.int }, { n: -1 }, { n: t.uint32 }, /^v\/M: n: /],
  [
    "too large for t.int",
    { n: t.bigint },
    { n: 2n ** 60n },
    { n: t.int },
    /^v\/M: the integer 1152921504606846976 is too large for a number/,
  ],
  ["required becomes optional", { n: t.int }, { n: 1 }, { n: t.optional(t.int) }, { n: 1 }],
  ["optional becomes required, with a value", { n: t.optional(t.int) }, { n: 1 }, { n: t.int }, { n: 1 }],
  [
    "optional becomes required, with null",
    { n: t.optional(t.int) },
    { n: null },
    { n: t.int },
    /^v\/M: n: null where a value is required/,
  ],
  [
    "optional elements become required, without nulls",
    { n: t.list(t.optional(t.int)) },
    { n: [1] },
    { n: t.list(t.int) },
    { n: [1] },
  ],
  [
    "optional elements become required, with a null",
    { n: t.list(t.optional(t.int)) },
    { n: [1, null] },
    { n: t.list(t.int) },
    /^v\/M: n\[1\]: /,
  ],
  ["a default is added", { n: t.int }, { n: 1 }, { n: t.int.default(9) }, { n: 1 }],
  ["a default is removed", { n: t.int.default(9) }, {}, { n: t.int }, { n: 9 }],
  [
    "a string becomes a number",
    { n: t.string },
    { n: "1" },
    { n: t.int },
    /^v\/M: n: the peer declares another type/,
  ],
  [
    "a list becomes a set",
    { n: t.list(t.int) },
    { n: [1] },
    { n: t.set(t.int) },
    /^v\/M: n: the peer declares another type/,
  ],
  [
    "a typed array becomes one of another kind",
    { n: t.int32Array },
    { n: Int32Array.of(1) },
    { n: t.int64Array },
    /^v\/M: n: the peer declares another type/,
  ],
  [
    "a list becomes a typed array",
    { n: t.list(t.int32) },
    { n: [1] },
    { n: t.int32Array },
    /^v\/M: n: the peer declares another type/,
  ],
  ["a field becomes t.any", { n: t.string }, { n: "x" }, { n: t.any }, { n: "x" }],
  ["t.any becomes a field of the type of its value", { n: t.any }, { n: "x" }, { n: t.string }, { n: "x" }],
  ["t.any becomes a field of another type", { n: t.any }, { n: "x" }, { n: t.int }, /^v\/M: n: /],
  [
    "a message becomes a union that contains it",
    { n: LineOld },
    { n: { sku: "s", qty: 1 } },
    { n: t.union(LineOld, two) },
    { n: { sku: "s", qty: 1 } },
  ],
  ["an enum gets a new member, which is not sent", { n: three }, { n: "GREEN" }, { n: two }, { n: "GREEN" }],
  [
    "an enum gets a new member, which is sent",
    { n: three },
    { n: "BLUE" },
    { n: two },
    /^v\/M: n: the enum has no member 2/,
  ],
  [
    "a message inside gets fields",
    { l: LineOld },
    { l: { sku: "s", qty: 1 } },
    { l: LineNew },
    { l: { sku: "s", qty: 1, price: 1.5 } },
  ],
  [
    "a message inside loses fields",
    { l: LineNew },
    { l: { sku: "s", qty: 1, price: 2 } },
    { l: LineOld },
    { l: { sku: "s", qty: 1 } },
  ],
  [
    "messages in a list get fields",
    { l: t.list(LineOld) },
    {
      l: [
        { sku: "s", qty: 1 },
        { sku: "u", qty: 2 },
      ],
    },
    { l: t.list(LineNew) },
    {
      l: [
        { sku: "s", qty: 1, price: 1.5 },
        { sku: "u", qty: 2, price: 1.5 },
      ],
    },
  ],
  [
    "messages in a map in a list lose fields",
    { l: t.list(t.map(t.string, LineNew)) },
    { l: [{ a: { sku: "s", qty: 1 } }] },
    { l: t.list(t.map(t.string, LineOld)) },
    { l: [new Map([["a", { sku: "s", qty: 1 }]])] },
  ],
];

describe("a message of one version, decoded with another version", () => {
  it.each(rows)("%s", (_name, written, value, read, found) => {
    const result = decode(versionOf(read), encode(versionOf(written), value));
    if (found instanceof RegExp) expect(result).toMatch(found);
    else expect(result).toEqual(found);
  });

  it("values without a schema also have different versions on both sides", () => {
    const written = versionOf({ n: t.any }, [LineOld]);
    const read = versionOf({ n: t.any }, [LineNew]);
    const found = decode(read, encode(written, { n: [LineOld.of({ sku: "s", qty: 1 }), 5] }));
    expect(found).toEqual({ n: [{ sku: "s", qty: 1, price: 1.5 }, 5] });
    expect(messageOf(found.n[0])).toBe(LineNew);
  });

  it("the error for an unknown type that is needed contains its name", () => {
    const bytes = encode(versionOf({ n: t.any }, [LineOld]), { n: LineOld.of({ sku: "s", qty: 1 }) });
    expect(decode(versionOf({ n: t.any }), bytes)).toBe('v/M: n: unknown type "v/Line"');
  });

  it("each reader uses its own defaults", () => {
    const M = versionOf({ list: t.list(t.int).default(() => [1]) });
    const bytes = versionOf({}).encode({});
    M.decode(bytes).list.push(2);
    expect(M.decode(bytes)).toEqual({ list: [1] });
  });
});

describe("a compatible message that tracks references", () => {
  const Node: Loose = message(
    "v/Node",
    {
      n: t.int,
      get next() {
        return t.shared(t.optional(Node));
      },
      list: t.list(t.any),
    },
    { compatible: true, refs: true },
  );
  const Newer: Loose = message(
    "v/Node",
    {
      list: t.list(t.any),
      more: t.optional(t.string),
      get next() {
        return t.shared(t.optional(Newer));
      },
    },
    { compatible: true, refs: true },
  );

  it("keeps identity and cycles, also between versions", () => {
    const shared = [1];
    const node: Loose = { n: 1, next: null, list: [shared, shared] };
    node.next = node;
    const bytes = Node.encode(node);
    for (const schema of [Node, Newer]) {
      for (const executor of executors) {
        const back = described(executor, schema).read(bytes, 0, bytes.length, false) as Loose;
        expect(back.next).toBe(back);
        expect(back.list).toEqual([[1], [1]]);
        expect(back.list[0]).toBe(back.list[1]);
      }
    }
  });
});

describe("a message with refs and compatible", () => {
  // Recorded from pyfory 0.16.0 with Fory(xlang=True, ref=True, compatible=True).
  const recorded =
    "02001e002081535ea424c7792605540f35c3204007344c1678a2646480411e00440001b8411e044b1e3497980202091e0209416761fedf98" +
    "162105540ba1a040075c000afe01fe01160301fe01001601080702ff150478fe01fe00";
  const In: Loose = message("v/In", { x: t.int });
  const Node: Loose = message(
    "v/Node",
    {
      n: t.int,
      get next() {
        return t.shared(t.optional(Node));
      },
      items: t.list(In),
      a: t.shared(In),
      b: t.shared(In),
      any: t.any,
    },
    { compatible: true, refs: true },
  );

  it("has the same bytes as in Python, with a cycle and a shared object", () => {
    const shared = In.of({ x: 5 });
    const node = Node.of({
      n: 1,
      next: null,
      items: [shared, shared],
      a: shared,
      b: shared,
      any: [shared, [1], "x"],
    });
    node.next = node;
    expect(Buffer.from(Node.encode(node)).toString("hex")).toBe(recorded);
    const back = Node.decode(Buffer.from(recorded, "hex"));
    expect(back.next).toBe(back);
    for (const other of [back.items[0], back.items[1], back.b, back.any[0]]) expect(other).toBe(back.a);
  });
});

// --- The two codecs of one root

describe("a codec of a compatible root", () => {
  const fields = { n: t.int, s: t.string };
  const M = versionOf(fields);
  const Plain = message("v/M", fields);

  it("writes and reads plain XLANG itself, and compatible mode with `compatible`", () => {
    const codec = codecOf(M);
    const writer = new MessageWriter(4);
    codec.write(writer, { n: 1, s: "x" });
    const plain = writer.buf.slice(0, writer.pos);
    expect(plain).toEqual(Plain.encode({ n: 1, s: "x" }));
    expect(codec.read(plain, 0, plain.length, false)).toEqual({ n: 1, s: "x" });
    expect(M.encode({ n: 1, s: "x" })).not.toEqual(plain);
    expect(
      codec.compatible?.read(M.encode({ n: 1, s: "x" }), 0, M.encode({ n: 1, s: "x" }).length, false),
    ).toEqual({ n: 1, s: "x" });
  });

  it("has no `compatible` codec when the root was not declared so, whatever the messages inside are", () => {
    expect(codecOf(Plain).compatible).toBeNull();
    expect(codecOf(message("v/Outer", { m: M })).compatible).toBeNull();
    expect(codecOf(t.list(M)).compatible).toBeNull();
    expect(jsonCodec.compatible).toBeNull();
  });

  it("an optional root is null in both encodings", () => {
    const codec = codecBy("generated", t.optional(M));
    const writer = new MessageWriter(4);
    codec.compatible?.write(writer, null);
    expect(writer.buf.slice(0, writer.pos)).toEqual(Uint8Array.of(3, 0xfd));
    expect(codec.compatible?.read(writer.buf, 0, writer.pos, false)).toBeNull();
    const bytes = M.encode({ n: 1, s: "x" });
    expect(codec.compatible?.read(bytes, 0, bytes.length, false)).toEqual({ n: 1, s: "x" });
    expect(() => M.decode(Uint8Array.of(3, 0xfd))).toThrow(
      expect.objectContaining({ reason: "NULL_MESSAGE" }),
    );
  });

  it("reads presence-flagged XLANG without conversion, because Rust has already converted the JSON of the peer", () => {
    const Defaulted = versionOf({ n: t.int.default(4) });
    const codec = codecOf(Defaulted);
    expect(Defaulted.decodeJson("{}")).toEqual({ n: 4 });
    expect(Defaulted.encodeJson({})).toBe('{"n":4}');
    expect(codec.compatible).not.toBeNull();
  });

  it("the other encoding is refused with an error text", () => {
    expect(decode(M, Plain.encode({ n: 1, s: "x" }))).toMatch(/^v\/M: unsupported type number 29/);
    expect(() => Plain.decode(M.encode({ n: 1, s: "x" }))).toThrow(
      /v\/M at byte \d+: the type id 30 is not allowed here/,
    );
  });

  it("a value that does not fit is an error with its path, and the buffer keeps its earlier content", () => {
    const writer = new MessageWriter(4);
    const codec = codecOf(M).compatible as MessageCodec;
    codec.write(writer, { n: 1, s: "x" });
    const before = writer.buf.slice(0, writer.pos);
    expect(() => codec.write(writer, { n: 1, s: 5 })).toThrow(/v\/M at s: expected a string/);
    expect(() => codec.write(writer, { n: 1.5, s: "x" })).toThrow(/v\/M at n: expected a safe integer/);
    expect(writer.buf.slice(0, writer.pos)).toEqual(before);
  });

  it("a message that Rust finds too large is an error, and the buffer keeps its earlier content", () => {
    const Big = versionOf({ b: t.bytes });
    const writer = new MessageWriter(4);
    writer.pos = 2;
    const codec = codecOf(Big).compatible as MessageCodec;
    expect(() => codec.write(writer, { b: new Uint8Array(64 * 1024 * 1024 + 1) })).toThrow(
      expect.objectContaining({
        code: Code.INVALID_ARGUMENT,
        reason: "VALUE_MISFIT",
        rawMessage: expect.stringMatching(/^v\/M: b: more than 67108864/),
      }),
    );
    expect(writer.pos).toBe(2);
  });

  it("extensions work, and their errors have a cause", () => {
    const X = t.extension("v/X", {
      encode: (n: number) => Uint8Array.of(n),
      decode(bytes) {
        if (bytes[0] === 0) throw new Error("zero");
        return bytes[0] as number;
      },
    });
    const E = versionOf({ x: X });
    expect(decode(E, encode(E, { x: 5 }))).toEqual({ x: 5 });
    expect(decode(E, encode(E, { x: 0 }))).toBe("v/M: the decoder of v/X refused the bytes");
  });

  it("a class can be compatible", () => {
    @wireType("v/M", compatible)
    class Versioned {
      @field(t.int) n = 3;
    }
    const found = (codecOf(Versioned).compatible as MessageCodec).read(
      M.encode({ n: 1, s: "x" }),
      0,
      M.encode({ n: 1, s: "x" }).length,
      false,
    );
    expect(found).toBeInstanceOf(Versioned);
    expect(found).toEqual(Object.assign(new Versioned(), { n: 1 }));
  });

  it.each(["yes", 1, null])("the option must be true or false, not %j", (value) => {
    expect(() => message("v/M", {}, { compatible: value as Loose })).toThrow(
      /v\/M\.compatible: must be true or false/,
    );
  });
});

// --- Hostile input

describe("hostile field descriptions", () => {
  const M = versionOf({ id: t.int, name: t.string, lines: t.list(LineOld), any: t.any }, [LineOld]);
  const bytes = M.encode({
    id: 1,
    name: "x",
    lines: [{ sku: "s", qty: 1 }],
    any: [LineOld.of({ sku: "t", qty: 2 })],
  });

  it("every flipped bit and every cut gives an AsterError or a value", () => {
    const codec = codecOf(M).compatible as MessageCodec;
    let refused = 0;
    const attempt = (damaged: Uint8Array): void => {
      try {
        codec.read(damaged, 0, damaged.length, false);
      } catch (error) {
        refused++;
        expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: true });
      }
    };
    for (let at = 0; at < bytes.length * 8; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at >> 3] = (damaged[at >> 3] as number) ^ (1 << (at & 7));
      attempt(damaged);
    }
    // Flipped bits in the payload may give another value. All other bits must give an error.
    expect(refused).toBeGreaterThan(bytes.length * 5);
    for (let length = 0; length < bytes.length; length++) {
      const before = refused;
      attempt(bytes.subarray(0, length));
      expect(refused).toBe(before + 1);
    }
  });

  it.each([
    ["nothing", ""],
    ["no type", "02ff"],
    ["a reference to a description that does not exist", "02ff1e01"],
    ["a description with a wrong number", "02ff1e02"],
    ["no description", "02ff1e00"],
    ["a header with a length beyond the end of the message", "02ff1e00ffffffffffffffff"],
    ["a size of 2^63", "02ff1e00ff00000000000000ffffffffffffffffff"],
    ["a message without its names", "02ff1d0000"],
    ["a number instead of a name", "02ff1c0000"],
    ["an enum at the root", "02ff1a00"],
    ["references, which were not agreed on", "02001e00"],
    ["a null flag at the root", "02fd"],
    ["bytes after a null", "03fd00"],
  ])("%s is refused with an error of ours", (_name, hex) => {
    expect(decode(M, Uint8Array.from(Buffer.from(hex, "hex")))).toMatch(/^v\/M/);
  });

  it("random bytes at the end are decoded within the length of the message", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(bytes.length), (tail, kept) => {
        const found = decode(M, Uint8Array.of(...bytes.subarray(0, kept), ...tail));
        expect(["string", "object"]).toContain(typeof found);
      }),
      { numRuns: 300 },
    );
  });

  it("names from the wire never become properties of a prototype", () => {
    const Evil = versionOf({ x: t.int.name("__proto__"), y: t.int.name("constructor") });
    const found = decode(M, Evil.encode({ x: 1, y: 2 }));
    expect(found).toEqual({ id: 0, name: "", lines: [], any: null });
    expect(Object.getPrototypeOf(found)).toBe(
      Object.getPrototypeOf(M.of({ id: 0, name: "", lines: [], any: null })),
    );
  });
});
