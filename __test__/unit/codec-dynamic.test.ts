// The values of `t.any` and `t.union`: each kind of value by itself and inside lists, sets, maps and messages. It must be
// decoded to the type that was sent, with both executors, and Rust must accept the bytes.

import { describe, expect, it } from "vitest";
import { message } from "../../ts/src/schema/message.js";
import { messageOf } from "../../ts/src/schema/message-class.js";
import { asFloat, PlainDate } from "../../ts/src/schema/plain-values.js";
import { t } from "../../ts/src/schema/t.js";
import { codecsOf, decode, type Loose, roundTrip } from "./support/executors.js";

const Color = t.enum("d/Color", { RED: "red", GREEN: "green" });
const Size = t.enum("d/Size", ["RED", "SMALL"]);
const Leaf = message("d/Leaf", { n: t.int });
const Bare = message("Bare", { s: t.string });
const Node = message("d/Node", {
  value: t.any,
  get next() {
    return t.union(Node, Leaf, Color);
  },
});
class Id {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
const IdType = t.extension("d/Id", {
  encode: (id: Id) => Uint8Array.from(Buffer.from(id.text)),
  decode: (bytes) => new Id(Buffer.from(bytes).toString()),
  is: (value): value is Id => value instanceof Id,
});
const types = [Color, Size, Leaf, Bare, Node, IdType];

/** Encodes and decodes the value as the only field of a message. */
const through = (schema: Loose, x: unknown): Loose =>
  roundTrip(message("d/One", { x: schema }, { types }), { x }).x;

const leaf = Leaf.of({ n: 1 });
const red = Color.value("RED");

const values: [string, unknown, unknown][] = [
  ["null", null, null],
  ["a boolean", true, true],
  ["a string", "text", "text"],
  ["an integer", -5, -5],
  ["the largest safe integer", 2 ** 53 - 1, 2 ** 53 - 1],
  ["a small bigint", 5n, 5],
  ["a large bigint", -(2n ** 63n), -(2n ** 63n)],
  ["a float", 1.5, 1.5],
  ["a number that is not a safe integer", 2 ** 60, 2 ** 60],
  ["-0", -0, -0],
  ["NaN", Number.NaN, Number.NaN],
  ["an integer as a float", asFloat(1), 1],
  ["bytes", Uint8Array.of(1), Uint8Array.of(1)],
  ["a typed array", Float32Array.of(0.5), Float32Array.of(0.5)],
  ["a Date", new Date(5), new Date(5)],
  ["a PlainDate", new PlainDate("2024-01-31"), new PlainDate("2024-01-31")],
  ["an array", [1, "x"], [1, "x"]],
  ["a Set", new Set([1, "x", null]), new Set([1, "x", null])],
  [
    "a Map",
    new Map<unknown, unknown>([
      [1, "x"],
      [null, leaf],
    ]),
    new Map<unknown, unknown>([
      [1, "x"],
      [null, leaf],
    ]),
  ],
  ["a plain object", { k: 1 }, new Map([["k", 1]])],
  ["an object without prototype", Object.assign(Object.create(null), { k: 1 }), new Map([["k", 1]])],
  ["a message", leaf, leaf],
  ["a message without a namespace", Bare.of({ s: "s" }), Bare.of({ s: "s" })],
  ["an enum member", red, red],
  ["a member with the same name of another enum", Size.value("RED"), Size.value("RED")],
  ["an extension", new Id("a"), new Id("a")],
];

describe.each(values)("t.any holds %s", (_name, given, expected) => {
  it.each([
    ["alone", (v: unknown) => v],
    ["in a list of one type", (v: unknown) => [v, v]],
    ["in a list of several types", (v: unknown) => [v, 1, null, "x", [v]]],
    ["in a list with a null", (v: unknown) => [null, v]],
    [
      "as the value of a map",
      (v: unknown) =>
        new Map([
          ["a", v],
          ["b", v],
          ["c", 1 as unknown],
        ]),
    ],
    [
      "in a message in a message",
      (v: unknown) => Node.of({ value: Node.of({ value: [v], next: red as Loose }), next: leaf }),
    ],
  ])("%s", (_place, put) => {
    expect(through(t.any, put(given))).toEqual(put(expected));
    expect(through(t.anyList, [put(given)])).toEqual([put(expected)]);
    expect(through(t.anyMap, { k: put(given) })).toEqual(new Map([["k", put(expected)]]));
    expect(through(t.list(t.map(t.string, t.any)), [{ k: put(given) }])).toEqual([
      new Map([["k", put(expected)]]),
    ]);
  });
});

describe("values decoded from t.any", () => {
  it("messages are branded, and members are the objects of their enum", () => {
    const [a, b, c] = through(t.any, [leaf, red, new Id("x")]);
    expect(messageOf(a)).toBe(Leaf);
    expect(b).toBe(red);
    expect(c).toBeInstanceOf(Id);
  });

  it("maps are Maps, also with keys such as __proto__", () => {
    const back = through(t.any, JSON.parse('{"__proto__":1,"constructor":2}'));
    expect(back).toEqual(
      new Map([
        ["__proto__", 1],
        ["constructor", 2],
      ]),
    );
  });

  it("a hundred values of five types come back unchanged", () => {
    const many = Array.from(
      { length: 100 },
      (_, n) => [leaf, red, Bare.of({ s: "s" }), new Id("i"), n][n % 5],
    );
    expect(through(t.any, many)).toEqual(many);
  });

  it.each([
    ["undefined", undefined],
    ["a function", () => 1],
    ["a symbol", Symbol("x")],
    ["a bigint of more than 64 bits", 2n ** 63n],
    ["half a surrogate pair", "\ud800"],
    ["an instance of an unknown class", new (class Unknown {})()],
    ["a message of another contract", message("d/Elsewhere", { n: t.int }).of({ n: 1 })],
    ["an enum member of another contract", t.enum("d/Elsewhere", ["A"]).value("A")],
    ["an invalid Date", new Date(Number.NaN)],
  ])("%s is refused", (_name, value) => {
    const One = message("d/One", { x: t.any }, { types });
    for (const wrong of [value, [value], { k: value }]) {
      expect(() => One.encode({ x: wrong } as Loose)).toThrow(/^INVALID_ARGUMENT: d\/One/);
    }
  });
});

describe("t.union", () => {
  const U = t.union(Leaf, Bare, Color, IdType);
  const members: [string, Loose][] = [
    ["a message", leaf],
    ["a message without a namespace", Bare.of({ s: "s" })],
    ["an enum member", red],
    ["an extension", new Id("a")],
  ];

  it.each(members)("returns %s with its type, at every position", (_name, value) => {
    const others = members.map(([, other]) => other);
    for (const [schema, given] of [
      [U, value],
      [t.optional(U), value],
      [t.list(U), [value, value]],
      [t.list(U), [value, ...others]],
      [t.list(t.optional(U)), [null, value, ...others]],
      [t.list(t.list(U)), [[value], [], others]],
      [t.map(t.string, U), new Map([["a", value], ...others.map((other, at) => [`k${at}`, other] as const)])],
      [
        t.map(t.string, t.optional(U)),
        new Map([
          ["a", value],
          ["b", null],
        ]),
      ],
      [t.map(t.string, t.list(U)), new Map([["a", others]])],
      [t.set(U), new Set(others)],
    ] as [Loose, Loose][]) {
      expect(through(schema, given)).toEqual(given);
    }
  });

  it("allows null only when it is optional", () => {
    expect(through(t.optional(U), null)).toBeNull();
    expect(() => through(U, null)).toThrow(/d\/One at x/);
    expect(() => through(t.list(U), [null])).toThrow(/d\/One at x\[0\]/);
  });

  it.each([
    ["a message that is not part of the union", Node.of({ value: 1, next: leaf })],
    ["a member of another enum", Size.value("RED")],
    ["the name of a member", "RED"],
    ["an object without a brand", { n: 1 }],
    ["a plain value", 5],
    ["a list", [leaf]],
  ])("%s is refused with the path", (_name, value) => {
    expect(() => through(t.list(U), [leaf, value])).toThrow(/d\/One at x\[1\]: expected/);
  });

  it("a type from a peer that is not part of the union is refused", () => {
    const One = message("d/One", { x: t.union(Leaf, Bare) }, { types });
    const wider = message("d/One", { x: t.union(Leaf, Bare, Color, Node) }, { types });
    const bytes = wider.encode({ x: Color.value("RED") });
    for (const codec of codecsOf(One)) {
      expect(() => decode(codec, bytes)).toThrow(/a value of another type than declared/);
    }
  });
});
