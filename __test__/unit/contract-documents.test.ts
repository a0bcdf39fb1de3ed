/** The service document: default values for manifests, and number types that only contracts distinguish. */
import { describe, expect, it } from "vitest";
import { field, message, service, t, unary, wireType } from "../../ts/src/index.js";
import { serviceDocument } from "../../ts/src/schema/service.js";

interface DocumentWithDefaults {
  readonly defaults: readonly Record<string, unknown>[];
}
interface ManifestField {
  readonly name: string;
  readonly default_value: unknown;
  readonly default_kind: string;
}

const Color = t.enum("documents/Color", { RED: "red", GREEN: "green" });
const Level = t.enum("documents/Level", { LOW: 10, HIGH: 20 });
const Inner = message("documents/Inner", { a: t.int.default(1) });
const Everything = message("documents/Everything", {
  required: t.string,
  text: t.string.default("x"),
  count: t.int.default(7),
  big: t.bigint.default(5n),
  huge: t.bigint.default(2n ** 60n),
  ratio: t.float.default(2),
  endless: t.float.default(Number.POSITIVE_INFINITY),
  flag: t.bool.default(true),
  raw: t.bytes.default(new Uint8Array([104, 105])),
  color: Color.default("GREEN"),
  level: Level.default("HIGH"),
  at: t.timestamp.default(new Date("2020-01-01T00:00:00Z")),
  note: t.optional(t.string).default("n"),
  nothing: t.optional(t.string).default(null),
  items: t.list(t.int).default([1]),
  table: t.map(t.string, t.int).default(() => new Map()),
  inner: Inner.default({}),
  made: t.string.default(() => {
    throw new Error("a function runs when a message needs it, not when a service is described");
  }),
});
const Telling = service("Telling", {}, { tell: unary(Everything, Everything) });

describe("the defaults of a service document", () => {
  const { defaults } = serviceDocument(Telling) as DocumentWithDefaults;

  it("are the scalars and nulls, in the order of the types", () => {
    expect(defaults).toEqual([
      {
        text: "x",
        count: 7,
        big: 5,
        ratio: 2,
        flag: true,
        raw: "6869",
        color: "green",
        level: 20,
        at: "2020-01-01 00:00:00",
        note: "n",
        nothing: null,
      },
      {},
      {},
      { a: 1 },
    ]);
  });

  it("are in the manifest as Python prints them", () => {
    const { methods } = Telling.manifest() as { methods: { fields: ManifestField[] }[] };
    const found = Object.fromEntries(
      (methods[0]?.fields ?? []).map((known) => [known.name, [known.default_kind, known.default_value]]),
    );
    expect(found).toEqual({
      required: ["none", null],
      text: ["value", "x"],
      count: ["value", 7],
      big: ["value", 5],
      huge: ["factory", null],
      ratio: ["value", 2],
      endless: ["factory", null],
      flag: ["value", true],
      raw: ["value", "b'hi'"],
      color: ["value", "green"],
      level: ["value", 20],
      at: ["value", "2020-01-01 00:00:00"],
      note: ["value", "n"],
      nothing: ["value", null],
      items: ["empty_list", null],
      table: ["empty_map", null],
      inner: ["factory", null],
      made: ["factory", null],
    });
  });

  it("come from the initial values of a class", () => {
    class Point {
      x = 3;
      y = 0;
    }
    const decorate = field(t.int) as unknown as (target: object, key: string) => void;
    for (const key of ["x", "y"]) decorate(Point.prototype, key);
    wireType("documents/Point")(Point);
    const points = service("Points", {}, { get: unary(Point as never, Point as never) });
    expect((serviceDocument(points) as DocumentWithDefaults).defaults).toEqual([{ x: 3, y: 0 }]);
  });

  it("do not change the contract id", () => {
    const with1 = service("S", {}, { a: unary(message("documents/M", { a: t.int.default(1) }), Inner) });
    const without = service("S", {}, { a: unary(message("documents/M", { a: t.int }), Inner) });
    expect(with1.contractId).toBe(without.contractId);
  });
});

describe("int64", () => {
  const withField = (kind: typeof t.bigint | typeof t.int32) => message("documents/N", { n: kind });
  const idOf = (kind: typeof t.bigint | typeof t.int32) => {
    const M = withField(kind);
    return service("N", {}, { a: unary(M, M) }).contractId;
  };

  it("is a sized number in contracts, as pyfory.int64, and not Python's int", () => {
    expect(idOf(t.int64)).toBe(idOf(t.int32));
    expect(idOf(t.int64)).not.toBe(idOf(t.bigint));
    expect(idOf(t.bigint)).toBe(idOf(t.int as never));
  });

  it("has the same bytes as int", () => {
    const value = { n: -5n };
    expect(withField(t.int64).encode(value as never)).toEqual(withField(t.bigint).encode(value as never));
    expect(withField(t.int64).decode(withField(t.bigint).encode(value as never))).toEqual(value);
  });
});
