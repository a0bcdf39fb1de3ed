/**
 * The messages that every language of these tests declares, with the values that are sent. `java/.../Messages.java`,
 * `go/messages.go` and `rust/src/messages.rs` declare the same types. The first value of each message is the sample that they send.
 */
import { type Infer, message, t } from "aster-rpc";
import type { View } from "./view.ts";

// biome-ignore lint/suspicious/noExplicitAny: a table of messages with any fields; each row is checked where it is made
export type AnyMessage = any;

/** A message, and values of it. */
export interface Case {
  readonly name: string;
  readonly schema: AnyMessage;
  /** The first value is the sample of all languages. */
  readonly values: readonly unknown[];
  /** The view that a peer shows of each value, when its type has other fields. */
  readonly shown?: readonly View[];
}

const cases: Case[] = [];

/** Declares a message of one field. */
function kind<S extends Parameters<typeof t.list>[0]>(
  name: string,
  value: S,
  values: readonly Infer<S>[],
): void {
  const schema = message(`interop/${name}`, { value });
  cases.push({ name, schema, values: values.map((value) => ({ value })) });
}

function record(name: string, schema: AnyMessage, ...values: readonly object[]): void {
  cases.push({ name, schema, values });
}

const Empty = message("interop/Empty", {});
record("Empty", Empty, {});

const most32 = 4294967295;
const most = (bits: bigint): bigint => 2n ** bits - 1n;

kind("Bool", t.bool, [true, false]);
kind("Int8", t.int8, [-128, 0, 127]);
kind("Int16", t.int16, [-32768, 0, 32767]);
kind("Int32", t.int32, [-2147483648, -1, 0, 63, 64, 2147483647]);
kind("FixedInt32", t.fixedInt32, [-2, 2147483647]);
kind("Int64", t.int64, [-(2n ** 63n), -1n, 0n, 2n ** 53n, 2n ** 62n, most(63n)]);
kind("FixedInt64", t.fixedInt64, [-3n, most(63n)]);
kind("TaggedInt64", t.taggedInt64, [
  2n ** 30n,
  0n,
  2n ** 30n - 1n,
  -(2n ** 30n),
  -(2n ** 30n) - 1n,
  most(63n),
]);
kind("Uint8", t.uint8, [200, 0, 255]);
kind("Uint16", t.uint16, [60000, 0, 65535]);
kind("Uint32", t.uint32, [4000000000, 0, 127, 128]);
kind("FixedUint32", t.fixedUint32, [4000000000, 0]);
kind("Uint64", t.uint64, [most(64n), 0n, 2n ** 56n, 2n ** 63n]);
kind("FixedUint64", t.fixedUint64, [most(64n), 0n]);
kind("TaggedUint64", t.taggedUint64, [2n ** 31n, 0n, 2n ** 31n - 1n, most(64n)]);
kind("Float32", t.float32, [Math.fround(0.1), -0, Number.NaN, Number.POSITIVE_INFINITY]);
kind("Float64", t.float, [0.1, -0, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324, 1e300]);

const texts = ["héllo €", "", "ascii", "ÿþý", "naïve", "日本語", "🦊 and 👩‍👩‍👧", '\u0000\u001f"\\'];
kind("Text", t.string, texts);
kind("LongText", t.string, ["x".repeat(5000), "é".repeat(5000), "語".repeat(5000), `x${"🦊".repeat(4096)}`]);
kind("Bytes", t.bytes, [Uint8Array.of(0, 1, 255), new Uint8Array(), new Uint8Array(5000).fill(7)]);
kind("Day", t.date, ["1969-12-31", "1970-01-01", "2024-02-29", "2024-07-01"]);
kind("Time", t.timestampMicros, [-500_000n, 0n, 1_700_000_000_123_456n]);

const Color = t.enum("interop/Color", ["RED", "DEEP_BLUE", "GREEN"]);
kind("Paint", Color, ["GREEN", "RED"]);

const Optionals = message("interop/Optionals", {
  flag: t.optional(t.bool),
  medium: t.optional(t.int32),
  wide: t.optional(t.int64),
  ratio: t.optional(t.float),
  text: t.optional(t.string),
  data: t.optional(t.bytes),
  day: t.optional(t.date),
  time: t.optional(t.timestampMicros),
  color: t.optional(Color),
  texts: t.optional(t.list(t.string)),
});
const allNull = {
  flag: null,
  medium: null,
  wide: null,
  ratio: null,
  text: null,
  data: null,
  day: null,
  time: null,
  color: null,
  texts: null,
};
record(
  "Optionals",
  Optionals,
  {
    ...allNull,
    flag: true,
    wide: -5n,
    ratio: 0.5,
    data: Uint8Array.of(7),
    time: 1_000_000n,
    color: "DEEP_BLUE",
  },
  allNull,
  { ...allNull, flag: false, medium: 7, text: "", day: "1970-01-01", texts: ["a"] },
);

kind("TextList", t.list(t.string), [["a", "é", "€"], [], [""]]);
kind("Int64List", t.list(t.int64), [[1n, -1n, most(63n)], []]);
kind("Int32ItemList", t.list(t.int32), [[1, -1], []]);
kind("FloatList", t.list(t.float), [[0.5, Number.NaN], []]);
kind("BoolList", t.list(t.bool), [[true, false], []]);
kind("BytesList", t.list(t.bytes), [[Uint8Array.of(1), new Uint8Array()], []]);
kind("DayList", t.list(t.date), [["1970-01-01"], []]);
kind("TimeList", t.list(t.timestampMicros), [[0n], []]);
kind("Grid", t.list(t.list(t.int64)), [[[1n], [], [2n, 3n]], []]);
kind("Gaps", t.list(t.optional(t.string)), [["a", null, "b"], [null]]);
kind("Paints", t.list(Color), [["GREEN", "RED"], []]);

kind("TextSet", t.set(t.string), [new Set(["a", "b"]), new Set()]);
kind("Int64Set", t.set(t.int64), [new Set([2n, 3n]), new Set()]);

const many = new Map(
  Array.from({ length: 300 }, (_, index): [string, bigint] => [`k${index}`, BigInt(index)]),
);
kind("TextToInt64", t.map(t.string, t.int64), [new Map([["a", 1n]]), new Map()]);
kind("LongMap", t.map(t.string, t.int64), [many]);
kind("TextToText", t.map(t.string, t.string), [new Map([["a", "b"]]), new Map()]);
kind("Int64ToText", t.map(t.int64, t.string), [new Map([[-1n, "minus one"]]), new Map()]);
kind("TextToFloat", t.map(t.string, t.float), [new Map([["a", 0.5]]), new Map()]);
kind("TextToBool", t.map(t.string, t.bool), [new Map([["a", true]]), new Map()]);
kind("TextToList", t.map(t.string, t.list(t.string)), [new Map([["a", ["b", "c"]]]), new Map([["a", []]])]);
kind("TextToGap", t.map(t.string, t.optional(t.string)), [new Map([["a", null]])]);
kind("TextToPaint", t.map(t.string, Color), [new Map([["a", "DEEP_BLUE" as const]]), new Map()]);

const Point = message("interop/Point", { x: t.int64, y: t.int64 });
const point = { x: 1n, y: -1n };
record("Point", Point, point, { x: 0n, y: 0n });
kind("Nested", Point, [point]);
kind("MaybeNested", t.optional(Point), [point, null]);
kind("Points", t.list(Point), [[point, { ...point }], []]);
kind("TextToPoint", t.map(t.string, Point), [new Map([["a", point]]), new Map()]);

const Tree = message("interop/Tree", {
  name: t.string,
  get children() {
    return t.list(Tree);
  },
  get first() {
    return t.optional(Tree);
  },
});
const leaf = (name: string): Infer<typeof Tree> => ({ name, children: [], first: null });
record("Tree", Tree, leaf("root"), {
  name: "root",
  children: [leaf("a"), { ...leaf("b"), children: [leaf("c")] }],
  first: leaf("d"),
});

record(
  "Invoice",
  message("interop/Invoice", {
    invoiceId: t.string,
    amountCents: t.int64,
    taxRate: t.float,
    isPaid: t.bool,
    color: Color,
    lineTexts: t.list(t.string),
    unitsByMeter: t.map(t.string, t.int64),
    pages: t.set(t.int64),
    scan: t.bytes,
    dueOn: t.date,
    sentAt: t.timestampMicros,
    note: t.optional(t.string),
    origin: t.optional(Point),
  }),
  {
    invoiceId: "i-1",
    amountCents: 12550n,
    taxRate: 0.19,
    isPaid: true,
    color: "RED",
    lineTexts: ["tea", "お茶"],
    unitsByMeter: new Map([["kitchen", 108n]]),
    pages: new Set([1n]),
    scan: Uint8Array.of(1, 2, 3),
    dueOn: "2024-02-29",
    sentAt: 1_700_000_000_123_456n,
    note: null,
    origin: point,
  },
);

record("Names", message("interop/Names", { lineNumber2: t.int64, x1: t.int64, aB: t.int64 }), {
  lineNumber2: 1n,
  x1: 2n,
  aB: 3n,
});
record("Acronym", message("interop/Acronym", { getURL: t.string }), { getURL: "a" });

function anything(name: string, value: Parameters<typeof t.list>[0], ...values: unknown[]): void {
  const schema = message(`interop/${name}`, { value }, { types: [Point, Color] });
  cases.push({ name, schema, values: values.map((item) => ({ value: item })) });
}

anything("Anything", t.any, "text", true, 0.5, Uint8Array.of(1));
anything("AnyNull", t.any, null);
anything("MaybeAnything", t.optional(t.any), "text", null, true, 0.5, Point.of(point));
anything("AnyInt64", t.optional(t.any), 2n ** 60n);
anything("AnyPoint", t.any, Point.of(point));
anything("AnyItems", t.any, ["a", 2n ** 60n], [], ["a", "b"]);

const Label = message("interop/Label", { label: t.string });
record("Label", Label, { label: "x" });
const Either = message("interop/Either", { value: t.optional(t.union(Point, Label)) });
record("Either", Either, { value: Label.of({ label: "x" }) }, { value: Point.of(point) }, { value: null });

kind("BoolArray", t.boolArray, [Uint8Array.of(1, 0), new Uint8Array()]);
kind("Int8Array", t.int8Array, [Int8Array.of(-1, 1), new Int8Array()]);
kind("Int16Array", t.int16Array, [Int16Array.of(-1, 1), new Int16Array()]);
kind("Int32Array", t.int32Array, [Int32Array.of(-1, 1), new Int32Array(5000).fill(7)]);
kind("Int64Array", t.int64Array, [BigInt64Array.of(-1n, 1n), new BigInt64Array()]);
kind("Uint8Array", t.uint8Array, [Uint8Array.of(255, 1), new Uint8Array()]);
kind("Uint16Array", t.uint16Array, [Uint16Array.of(65535, 1), new Uint16Array()]);
kind("Uint32Array", t.uint32Array, [Uint32Array.of(most32, 1), new Uint32Array()]);
kind("Uint64Array", t.uint64Array, [BigUint64Array.of(most(64n), 1n), new BigUint64Array()]);
kind("Float32Array", t.float32Array, [Float32Array.of(0.1, -0), new Float32Array()]);
kind("Float64Array", t.float64Array, [Float64Array.of(0.1, Number.NaN), new Float64Array()]);

const tracked = { refs: true };
const one = { ...point };
record(
  "Twins",
  message("interop/Twins", { left: t.shared(Point), right: t.shared(Point) }, tracked),
  { left: one, right: one },
  { left: one, right: { ...one } },
);

const Ring = message(
  "interop/Ring",
  {
    name: t.string,
    get next() {
      return t.optional(t.shared(Ring));
    },
  },
  tracked,
);
interface Link {
  name: string;
  next: Link | null;
}
const ring = (...names: string[]): Link => {
  const links = names.map((name): Link => ({ name, next: null }));
  links.forEach((link, index) => {
    link.next = links[(index + 1) % links.length] ?? null;
  });
  return links[0] as Link;
};
record("Ring", Ring, ring("a"), { name: "end", next: null }, ring("a", "b", "c"));

record(
  "Crowd",
  message("interop/Crowd", { name: t.string, origin: t.optional(Point), value: t.list(Point) }, tracked),
  { name: "crowd", origin: { ...one }, value: [one, one, { ...one }] },
);

const evolving = { compatible: true };
const Meter = message("interop/Meter", { label: t.string }, evolving);
record("Meter", Meter, { label: "m" });
record(
  "Reading",
  message(
    "interop/Reading",
    { name: t.string, units: t.int64, notes: t.list(t.string), ratio: t.optional(t.float), meter: Meter },
    evolving,
  ),
  { name: "kitchen", units: 108n, notes: ["a"], ratio: null, meter: { label: "m" } },
);
const Evolved = message(
  "interop/Evolved",
  { name: t.string, units: t.int64, gone: t.list(t.int).default([]) },
  evolving,
);
cases.push({
  name: "Evolved",
  schema: Evolved,
  values: [
    { name: "kitchen", units: 108n, gone: [] },
    { name: "cellar", units: 1n, gone: [1, 2] },
  ],
  shown: [
    { added: null, name: "kitchen", units: { int: "108" } },
    { added: null, name: "cellar", units: { int: "1" } },
  ],
});

const tags = {
  Tiny: "a/b",
  Dotted: "org.example.billing_v1/invoice",
  Shouting: "SHOP_9/HTTPRequestWithALongName42",
};
for (const [name, tag] of Object.entries(tags)) record(name, message(tag, { value: t.int64 }), { value: 1n });

export const allCases: readonly Case[] = cases;
