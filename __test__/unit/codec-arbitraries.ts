// Random schemas and random values that fit them, for property tests of the codec.
//
// Owns: the arbitraries. Each value comes with the value that decoding must return for it.

import fc from "fast-check";
import { type MessageOptions, message } from "../../ts/src/schema/message.js";
import { asFloat, PlainDate } from "../../ts/src/schema/plain-values.js";
import { asSchema, nodeOf } from "../../ts/src/schema/schema.js";
import { t } from "../../ts/src/schema/t.js";

// biome-ignore lint/suspicious/noExplicitAny: schemas made at run time have no static type
type Loose = any;

/** A value to encode, and the value that decoding must return. */
export interface Pair {
  readonly input: unknown;
  readonly output: unknown;
}

const same = <V>(values: fc.Arbitrary<V>): fc.Arbitrary<Pair> =>
  values.map((value) => ({ input: value, output: value }));

const FIRST = Date.UTC(1900, 0, 1);
const LAST = Date.UTC(9999, 11, 31);
const day = fc.integer({ min: FIRST / 86_400_000, max: LAST / 86_400_000 });
const dayText = day.map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10));
const instant = fc.integer({ min: FIRST, max: LAST }).map((ms) => new Date(ms));

/** Strings for all three encodings, with lengths around every limit where the writer changes its method. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.integer({ min: 0, max: 70 }).map((length) => "é".repeat(length)),
  fc.integer({ min: 0, max: 40 }).map((length) => "日".repeat(length)),
  fc.constantFrom("", "\u0000", "__proto__", "constructor", "a😀é日"),
);

const scalars: Record<string, fc.Arbitrary<Pair>> = {
  bool: same(fc.boolean()),
  int8: same(fc.integer({ min: -128, max: 127 })),
  int16: same(fc.integer({ min: -32768, max: 32767 })),
  int32: same(fc.integer()),
  fixedInt32: same(fc.integer()),
  uint8: same(fc.integer({ min: 0, max: 255 })),
  uint16: same(fc.integer({ min: 0, max: 65535 })),
  uint32: same(fc.integer({ min: 0, max: 4294967295 })),
  fixedUint32: same(fc.integer({ min: 0, max: 4294967295 })),
  int: same(fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: -70, max: 70 }))),
  bigint: same(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  int64: same(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  fixedInt64: same(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  taggedInt64: same(
    fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -5n, max: 5n })),
  ),
  uint64: same(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  fixedUint64: same(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  taggedUint64: same(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 5n }))),
  float32: same(fc.float()),
  float: same(fc.double()),
  string: same(texts),
  bytes: same(fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from(bytes))),
  timestamp: same(instant),
  timestampMicros: same(fc.bigInt({ min: BigInt(FIRST) * 1000n, max: BigInt(LAST) * 1000n })),
  date: same(dayText),
  boolArray: same(fc.array(fc.nat(1), { maxLength: 20 }).map((items) => Uint8Array.from(items))),
  int8Array: same(fc.int8Array({ maxLength: 20 })),
  int16Array: same(fc.int16Array({ maxLength: 20 })),
  int32Array: same(fc.int32Array({ maxLength: 20 })),
  int64Array: same(fc.bigInt64Array({ maxLength: 20 })),
  uint8Array: same(fc.uint8Array({ maxLength: 20 })),
  uint16Array: same(fc.uint16Array({ maxLength: 20 })),
  uint32Array: same(fc.uint32Array({ maxLength: 20 })),
  uint64Array: same(fc.bigUint64Array({ maxLength: 20 })),
  float32Array: same(fc.float32Array({ maxLength: 20 })),
  float64Array: same(fc.float64Array({ maxLength: 20 })),
};

const Color = t.enum("p/Color", { RED: "red", GREEN: "green", BLUE: "blue" });
const Leaf = message("p/Leaf", { label: t.string, weight: t.optional(t.float) });
const Other = message("Other", { n: t.int });

/** A value of an extension. It contains only bytes. */
class Opaque {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}
const OpaqueType = t.extension("p/Opaque", {
  encode: (value: Opaque) => value.bytes,
  decode: (bytes) => new Opaque(bytes),
  is: (value): value is Opaque => value instanceof Opaque,
});
const opaque = fc.uint8Array({ maxLength: 20 }).map((bytes) => new Opaque(Uint8Array.from(bytes)));

const keys = fc.constantFrom<Loose>(t.string, t.int, t.bool, t.date, Color, t.bigint);
let made = 0;

/** A random schema with a limited depth. */
function schemas(depth: number): fc.Arbitrary<Loose> {
  const scalar = fc.constantFrom(...Object.keys(scalars)).map((name) => (t as Loose)[name]);
  const leaf = fc.oneof(
    { weight: 6, arbitrary: scalar },
    fc.constantFrom<Loose>(
      Color,
      Leaf,
      t.any,
      t.anyList,
      t.anyMap,
      t.union(Leaf, Other, Color, OpaqueType),
      t.bytes.view,
      OpaqueType,
    ),
  );
  if (depth === 0) return leaf;
  const inner = schemas(depth - 1);
  const maybe = fc
    .tuple(inner, fc.boolean())
    .map(([schema, nullable]) => (nullable ? t.optional(schema) : schema));
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    maybe.map((schema) => t.list(schema)),
    keys.map((schema) => t.set(schema)),
    fc.tuple(keys, maybe).map(([key, value]) => t.map(key, value)),
    maybe.map((schema) => t.record(schema)),
    inner.map((schema) => t.optional(schema)),
    messages(depth - 1),
  );
}

/** The schema as a field with that wire name. A message is a class, so its `name` is the name of the class. */
function named(schema: Loose, name: string): Loose {
  return typeof schema === "function" ? schema.named(name) : schema.name(name);
}

/** A random message with up to six fields, some of them with unusual names. */
export function messages(depth: number, options: MessageOptions = {}): fc.Arbitrary<Loose> {
  const name = fc.oneof(
    fc.stringMatching(/^[a-z][A-Za-z0-9_]{0,8}$/),
    fc.constantFrom("constructor", "then", "toString", "x", "valueOf"),
  );
  const field = fc.tuple(name, schemas(depth), fc.boolean());
  const fields = fc.uniqueArray(field, { maxLength: 6, selector: ([key]) => key });
  return fields.map((entries) => {
    const members = entries.map(([key, schema]) => [key, named(schema, key)]);
    return message(`p${made % 3}/M${made++}`, Object.fromEntries(members), {
      types: [Color, Leaf, OpaqueType],
      ...options,
    });
  });
}

const dynamic: fc.Arbitrary<Pair> = fc.letrec<{ value: Pair }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    same(fc.constantFrom<unknown>(null, true, false, "", "text", 0, -1, 2 ** 53 - 1, 1.5, -0, 2n ** 62n)),
    same(fc.double({ noInteger: true })),
    fc.integer().map((value) => ({ input: asFloat(value), output: value })),
    same(fc.constant(Uint8Array.of(0, 255))),
    same(fc.constantFrom(Int32Array.of(1, -2), BigUint64Array.of(2n ** 63n), new Float32Array(0))),
    same(instant),
    dayText.map((text) => ({ input: new PlainDate(text), output: new PlainDate(text) })),
    same(fc.constant(Color.value("BLUE"))),
    same(opaque),
    same(fc.constant(Leaf.of({ label: "leaf", weight: 0.5 }))),
    fc.array(tie("value"), { maxLength: 4 }).map(list),
    fc.array(fc.tuple(texts, tie("value")), { maxLength: 4 }).map(dict),
    same(fc.constant(new Set([1, 2, "x", null]))),
  ),
})).value;

function list(items: Pair[]): Pair {
  return { input: items.map((item) => item.input), output: items.map((item) => item.output) };
}

function dict(entries: [string, Pair][]): Pair {
  return {
    input: new Map(entries.map(([key, value]) => [key, value.input])),
    output: new Map(entries.map(([key, value]) => [key, value.output])),
  };
}

function record(entries: [string, Pair][]): Pair {
  const output = Object.create(null);
  for (const [key, value] of entries) output[key] = value.output;
  return { input: new Map(entries.map(([key, value]) => [key, value.input])), output };
}

/** The values of a schema. */
export function valuesOf(schema: Loose): fc.Arbitrary<Pair> {
  const node = nodeOf(asSchema(schema, "the schema"));
  switch (node.kind) {
    case "scalar":
      return scalars[
        node.scalar.js === "bigint" && node.scalar.word === "timestamp"
          ? "timestampMicros"
          : scalarName(node.scalar)
      ] as fc.Arbitrary<Pair>;
    case "optional":
      return fc.oneof(same(fc.constant(null)), valuesOf(node.inner));
    case "list":
      return fc.array(valuesOf(node.element), { maxLength: 6 }).map(list);
    case "set":
      return fc.array(valuesOf(node.element), { maxLength: 6 }).map((items) => {
        const set = new Set(items.map((item) => item.input));
        return { input: set, output: set };
      });
    case "map": {
      const entries = fc.array(fc.tuple(valuesOf(node.key), valuesOf(node.value)), { maxLength: 6 });
      if (node.record) return entries.map((all) => record(all.map(([k, v]) => [k.input as string, v])));
      return entries.map((all) => ({
        input: new Map(all.map(([k, v]) => [k.input, v.input])),
        output: new Map(all.map(([k, v]) => [k.output, v.output])),
      }));
    }
    case "message": {
      const arbitraries = node.message.fields.map((field) => valuesOf(field.schema));
      return fc.tuple(...arbitraries).map((values) => {
        const names = node.message.fields.map((field) => field.key);
        const input = Object.fromEntries(names.map((key, at) => [key, values[at]?.input]));
        const output = Object.fromEntries(names.map((key, at) => [key, values[at]?.output]));
        return { input, output };
      });
    }
    case "enum":
      return same(fc.constantFrom(...node.enum.members));
    case "union":
      return fc.oneof(
        same(fc.constantFrom<unknown>(Leaf.of({ label: "u" }), Other.of({ n: -7 }), Color.value("RED"))),
        same(opaque),
      );
    case "extension":
      return same(opaque);
    case "js":
      throw new Error("no values of t.js; see native-js.test.ts");
    case "any":
      if (node.narrow === null) return dynamic;
      if (node.narrow === "list") return fc.array(dynamic, { maxLength: 4 }).map(list);
      return fc.array(fc.tuple(texts, dynamic), { maxLength: 4 }).map(dict);
  }
}

function scalarName(kind: { word: string; js: string }): string {
  return kind.word === "int" && kind.js === "bigint" ? "bigint" : kind.word;
}
