import { describe, expect, it } from "vitest";
import { describe as describeTypes } from "../../ts/src/schema/descriptor.js";
import { EnumMember, type Infer, message, messageOf, PlainDate, t } from "../../ts/src/schema/index.js";
import { wireNameOf } from "../../ts/src/schema/names.js";
import { asSchema } from "../../ts/src/schema/schema.js";

// biome-ignore lint/suspicious/noExplicitAny: values that a program may pass by mistake
type Loose = any;

describe("wire names", () => {
  it.each([
    ["invoiceId", "invoice_id"],
    ["getURL", "get_url"],
    ["HTTPServer", "http_server"],
    ["line1", "line1"],
    ["userIDs", "user_i_ds"],
    ["already_snake", "already_snake"],
    ["A", "a"],
  ])("%s is %s", (name, wire) => {
    expect(wireNameOf(name)).toBe(wire);
  });

  it("can be overridden", () => {
    const M = message("n/M", { userIDs: t.list(t.string).name("user_ids") });
    expect(M.encodeJson({ userIDs: ["a"] })).toBe('{"user_ids":["a"]}');
  });
});

describe("a bad definition is a TypeError that names the position", () => {
  const late: Loose = undefined;
  it.each([
    [
      "a field that is not a schema",
      () => message("n/M", { a: 5 as Loose }),
      /n\/M\.a: number is not a schema/,
    ],
    [
      "a constant that is declared later",
      () => message("n/M", { a: late }),
      /n\/M\.a: undefined.*getter or t\.ref/,
    ],
    ["a class without decorator", () => message("n/M", { a: class {} }), /@wireType/],
    [
      "two fields with one wire name",
      () => message("n/M", { aB: t.int, a_b: t.int }),
      /a_b: has the wire name a_b of aB/,
    ],
    ["an integer-like key", () => message("n/M", { 7: t.int }), /n\/M\.7: integer-like/],
    [
      "a key that is not an identifier",
      () => message("n/M", { "a-b": t.int }),
      /a-b: the key is not an identifier/,
    ],
    ["__proto__ as key", () => message("n/M", JSON.parse('{"__proto__":1}')), /__proto__/],
    ["an integer-like wire name", () => t.int.name("7"), /looks like an integer/],
    ["a tag without a name", () => message("n/", {}), /has no name/],
    [
      "a default that does not fit",
      () => message("n/M", { a: t.int.default(1.5) }),
      /n\/M\.a: the default does not fit/,
    ],
    [
      "a default inside a value that does not fit",
      () => message("n/M", { a: t.list(t.int).default([1, "x" as Loose]) }),
      /at \[1\]/,
    ],
    ["an undefined default", () => t.int.default(undefined as Loose), /undefined/],
    ["a default inside a list", () => t.list(t.int.default(1)), /only a field can have a default/],
    ["t.list without a schema", () => t.list(late), /t\.list\(\): undefined/],
    ["a union of scalars", () => t.union(t.int, t.string), /t\.any/],
    ["t.ref without a function", () => t.ref(5 as Loose), /needs a function/],
    ["an enum without members", () => t.enum("n/E", []), /no members/],
    ["an enum member twice", () => t.enum("n/E", ["A", "A"]), /listed twice/],
    ["an integer-like enum member", () => t.enum("n/E", { 1: "one" }), /looks like an integer/],
    ["an unknown option", () => message("n/M", {}, { module: "x" } as Loose), /n\/M\.module: unknown option/],
    [
      "refs that is not a boolean",
      () => message("n/M", {}, { refs: 1 } as Loose),
      /n\/M\.refs: must be true or false/,
    ],
    ["t.shared without a schema", () => t.shared(late), /t\.shared\(\): undefined/],
    ["a shared element", () => t.list(t.shared(t.anyList)), /t\.list\(\): t\.shared\(\) is only for fields/],
    ["a shared key", () => t.map(t.shared(t.string), t.int), /t\.map\(\) key: t\.shared/],
    [
      "compatible that is not a boolean",
      () => message("n/M", {}, { compatible: "yes" } as Loose),
      /n\/M\.compatible/,
    ],
  ])("%s", (_name, define, text) => {
    expect(define).toThrow(TypeError);
    expect(define).toThrow(text);
  });

  it("two types with one tag in one message", () => {
    const A = message("n/Same", { x: t.int });
    const B = message("n/Same", { x: t.int });
    const M = message("n/M", { a: A, b: B });
    expect(() => M.encode({ a: { x: 1 }, b: { x: 1 } })).toThrow(
      /two different types have the tag "n\/Same"/,
    );
  });
});

describe("recursion", () => {
  it("works through getters, for one message and for two", () => {
    const Author = message("n/Author", {
      name: t.string,
      get books() {
        return t.list(Book);
      },
    });
    const Book = message("n/Book", {
      title: t.string,
      get author() {
        return t.optional(Author);
      },
    });
    const value: Infer<typeof Author> = {
      name: "Ann",
      books: [{ title: "One", author: { name: "Bob", books: [] } }],
    };
    expect(Author.decode(Author.encode(value))).toEqual(value);
    expect(Author.decodeJson(Author.encodeJson(value))).toEqual(value);
  });

  it("works through t.ref", () => {
    interface Tree {
      label: string;
      kids: Tree[];
    }
    const TreeSchema: import("../../ts/src/schema/index.js").Message<Tree> = message("n/Tree", {
      label: t.string,
      kids: t.list(t.ref(() => TreeSchema)),
    });
    const value = { label: "a", kids: [{ label: "b", kids: [] }] };
    expect(TreeSchema.decode(TreeSchema.encode(value))).toEqual(value);
  });

  it("a getter that returns no schema is an error when the message is used", () => {
    const M = message("n/M", {
      get next() {
        return undefined as Loose;
      },
    });
    expect(() => M.encode({ next: 1 } as Loose)).toThrow(/n\/M\.next: undefined is not a schema/);
  });
});

describe("defaults", () => {
  const M = message("n/M", {
    a: t.int,
    b: t.string.default("x"),
    c: t.list(t.int).default([1]),
    d: t.list(t.int).default(() => [2]),
    e: t.optional(t.string),
    f: t.record(t.int).default({ k: 1 }),
  });

  it("and null replace missing members when encoding", () => {
    expect(M.decode(M.encode({ a: 1 }))).toEqual({ a: 1, b: "x", c: [1], d: [2], e: null, f: { k: 1 } });
  });

  it("replace missing members of a JSON text, with a copy for each use", () => {
    const first = M.decodeJson('{"a":1}');
    const second = M.decodeJson('{"a":1}');
    expect(first).toEqual({ a: 1, b: "x", c: [1], d: [2], e: null, f: { k: 1 } });
    first.c.push(5);
    first.d.push(5);
    expect(second).toEqual(M.decodeJson('{"a":1}'));
    expect(first.c).not.toBe(second.c);
  });

  it("are not used when the text has the member", () => {
    expect(M.decodeJson('{"a":1,"b":"y","c":[],"d":[3],"e":"z","f":{}}')).toEqual({
      a: 1,
      b: "y",
      c: [],
      d: [3],
      e: "z",
      f: {},
    });
  });

  it("a missing member without a default is an error with the path", () => {
    expect(() => M.decodeJson("{}")).toThrow(expect.objectContaining({ code: 3 }));
    expect(() => M.decodeJson("{}")).toThrow(/a/);
    expect(() => M.encode({} as Loose)).toThrow(/n\/M at a: missing/);
  });

  it("an explicit undefined counts as a missing member where the member may be missing", () => {
    expect(M.encode({ a: 1, b: undefined, e: undefined })).toEqual(M.encode({ a: 1 }));
    expect(M.encodeJson({ a: 1, b: undefined, e: undefined })).toEqual(M.encodeJson({ a: 1 }));
    expect(M.of({ a: 1, b: undefined })).toEqual(M.of({ a: 1 }));
  });

  it("an explicit undefined of a required member is an error with the path", () => {
    expect(() => M.encode({ a: undefined } as Loose)).toThrow(/n\/M at a: undefined is not a value/);
    expect(() => M.of({ a: undefined } as Loose)).toThrow(/n\/M\.a: undefined is not a value/);
  });

  it("a function that returns a value that does not fit is an error when it is used", () => {
    const Bad = message("n/Bad", { a: t.int.default(() => "x" as Loose) });
    expect(() => Bad.encode({})).toThrow(/n\/Bad at a: expected a safe integer/);
    expect(() => Bad.decodeJson("{}")).toThrow(expect.objectContaining({ reason: "BAD_DEFAULT", code: 13 }));
  });
});

describe("paths", () => {
  const Line = message("n/Line", { qty: t.int });
  const M = message("n/M", {
    lines: t.list(Line),
    byName: t.map(t.string, Line),
    odd: t.record(t.int),
    any: t.any,
  });
  const fine = { lines: [], byName: {}, odd: {}, any: null };
  it.each([
    [{ ...fine, lines: [{ qty: 1 }, { qty: 1 }, { qty: "1" }] }, "lines[2].qty"],
    [{ ...fine, byName: { ann: { qty: 1.5 } } }, "byName.ann.qty"],
    [{ ...fine, odd: { "a b": "x" } }, 'odd["a b"]'],
    [{ ...fine, any: [1, [undefined]] }, "any[1][0]"],
    [{ ...fine, any: new Map([["k", () => 1]]) }, "any.k"],
    [{ ...fine, lines: new Array(2) }, "lines[0]"],
  ])("%#", (value, path) => {
    expect(() => M.encode(value as Loose)).toThrow(
      expect.objectContaining({ reason: "VALUE_MISFIT", details: new Map([["path", path]]) }),
    );
  });
});

describe("brands", () => {
  const M = message("n/M", { a: t.int, b: t.int.default(2), deep: t.optional(t.anyMap) });

  it("are on decoded objects and on results of of(), but not on literals", () => {
    const decoded = M.decode(M.encode({ a: 1 }));
    expect(messageOf(decoded)).toBe(M);
    expect(messageOf(M.of({ a: 1 }))).toBe(M);
    expect(messageOf({ a: 1 })).toBeNull();
    expect(messageOf(null)).toBeNull();
    expect(Object.getPrototypeOf(decoded)).toBe(Object.getPrototypeOf(M.of({ a: 1 })));
    expect(Object.isFrozen(Object.getPrototypeOf(decoded))).toBe(true);
  });

  it("of() copies only the outer object and fills in missing members", () => {
    const deep = new Map();
    const made = M.of({ a: 1, deep });
    expect(made).toEqual({ a: 1, b: 2, deep });
    expect(made.deep).toBe(deep);
    expect(() => M.of({} as Loose)).toThrow(TypeError);
  });

  it("cannot be set by a member from the wire", () => {
    const Bag = message("n/Bag", { any: t.any });
    const bag = Bag.decode(
      Bag.encode({
        any: new Map([
          ["__proto__", 1],
          ["constructor", 2],
        ]),
      }),
    );
    expect(bag.any).toEqual(
      new Map([
        ["__proto__", 1],
        ["constructor", 2],
      ]),
    );
    expect(messageOf(bag.any)).toBeNull();
  });

  it("dangerous names are only data in messages", () => {
    const Odd = message("n/Odd", {
      constructor: t.int,
      ["then" as string]: t.string,
      toString: t.optional(t.int),
    });
    const decoded = Odd.decode(Odd.encode(JSON.parse('{"constructor":1,"then":"x"}')));
    expect(Object.entries(decoded)).toEqual([
      ["constructor", 1],
      ["then", "x"],
      ["toString", null],
    ]);
    expect(() => Odd.encode(JSON.parse('{"then":"x"}'))).toThrow(/at constructor: missing/);
  });
});

describe("enums", () => {
  const Color = t.enum("n/Color", { RED: "red", GREEN: "green" });
  const Level = t.enum("n/Level", { LOW: 10, HIGH: 30 });
  const M = message("n/M", { color: Color, level: Level, any: t.any }, { types: [Color, Level] });

  it("are member names in TypeScript, values in JSON, ordinals on the wire", () => {
    const value = { color: "GREEN", level: "HIGH", any: null } as const;
    expect(M.decode(M.encode(value))).toEqual(value);
    expect(M.encodeJson(value)).toBe('{"color":"green","level":30,"any":null}');
    expect(M.decodeJson('{"color":"green","level":30,"any":null}')).toEqual(value);
    expect(() => M.encode({ ...value, color: "BLUE" } as Loose)).toThrow(
      /n\/M at color: expected a member of n\/Color/,
    );
  });

  it("in t.any each member is always the same object", () => {
    const red = Color.value("RED");
    expect(red).toBeInstanceOf(EnumMember);
    expect(M.decode(M.encode({ color: "RED", level: "LOW", any: red })).any).toBe(red);
    expect(String(red)).toBe("RED");
    expect(JSON.stringify([red, Level.value("HIGH")])).toBe('["red",30]');
    expect(() => Color.value("BLUE" as Loose)).toThrow(TypeError);
  });
});

describe("t.any", () => {
  const Known = message("n/Known", { x: t.int });
  const Unknown = message("n/Unknown", { x: t.int });
  const Bag = message("n/Bag", { any: t.any }, { types: [Known] });
  const round = (any: Loose): unknown => Bag.decode(Bag.encode({ any })).any;

  it("accepts branded messages of the contract, and refuses others by name", () => {
    expect(round(Known.of({ x: 1 }))).toEqual({ x: 1 });
    expect(messageOf(round(Known.of({ x: 1 })))).toBe(Known);
    expect(() => round(Unknown.of({ x: 1 }))).toThrow(/n\/Unknown is not among the types/);
  });

  it("plain objects are encoded as dicts, and dicts are decoded as maps", () => {
    expect(round({ a: 1, b: [true, null] })).toEqual(
      new Map<string, unknown>([
        ["a", 1],
        ["b", [true, null]],
      ]),
    );
  });

  it("dates are PlainDate, timestamps are Date", () => {
    expect(round(new PlainDate("2024-01-31"))).toEqual(new PlainDate("2024-01-31"));
    expect(String(round(new PlainDate("2024-01-31")))).toBe("2024-01-31");
    expect(round(new Date(5))).toEqual(new Date(5));
    expect(() => new PlainDate("2023-02-29")).toThrow(TypeError);
  });

  it.each([[undefined], [() => 1], [Symbol("s")], [new (class X {})()], [/x/], [2n ** 63n]])(
    "refuses %s",
    (value) => {
      expect(() => round(value)).toThrow(/n\/Bag at any: /);
    },
  );
});

describe("unions", () => {
  const A = message("n/A", { x: t.int });
  const B = message("n/B", { x: t.int });
  const C = message("n/C", { x: t.int });
  const M = message("n/M", {
    u: t.union(A, B),
    list: t.list(t.union(A, B)),
    maybe: t.optional(t.union(A, B)),
  });

  it("are decoded to the type that was sent", () => {
    const back = M.decode(M.encode({ u: B.of({ x: 1 }), list: [A.of({ x: 2 }), B.of({ x: 3 })] }));
    expect(back).toEqual({ u: { x: 1 }, list: [{ x: 2 }, { x: 3 }], maybe: null });
    expect([back.u, ...back.list].map((item) => messageOf(item)?.tag)).toEqual(["n/B", "n/A", "n/B"]);
  });

  it("accept only branded values of their members", () => {
    expect(() => M.encode({ u: { x: 1 } as Loose, list: [] })).toThrow(/n\/M at u: /);
    expect(() => M.encode({ u: C.of({ x: 1 }) as Loose, list: [] })).toThrow(/n\/M at u: /);
  });
});

describe("Standard Schema", () => {
  const M = message("n/M", { a: t.int, b: t.string.default("x") });

  it("validates, fills in defaults, and reports issues with a path", () => {
    expect(M["~standard"].validate({ a: 1 })).toEqual({ value: { a: 1, b: "x" } });
    expect(M["~standard"].validate({ a: "1" })).toEqual({
      issues: [{ message: "expected a safe integer, got a string", path: ["a"] }],
    });
    expect(t.list(t.int)["~standard"].validate([1, 2])).toEqual({ value: [1, 2] });
    expect(M["~standard"]).toMatchObject({ version: 1, vendor: "aster-rpc" });
  });
});

describe("JSON Schema", () => {
  it("lists members by wire name, required members, defaults and descriptions, and each type once", () => {
    const Color = t.enum("n/Color", { RED: "red" });
    const Node = message("n/Node", {
      nodeId: t.int32.describe("its number"),
      label: t.string.default("x"),
      color: Color,
      get next() {
        return t.optional(Node);
      },
    });
    expect(Node.jsonSchema()).toEqual({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $ref: "#/$defs/n~1Node",
      $defs: {
        "n/Node": {
          type: "object",
          title: "Node",
          properties: {
            node_id: {
              type: "integer",
              minimum: -2147483648,
              maximum: 2147483647,
              description: "its number",
            },
            label: { type: "string", default: "x" },
            color: { $ref: "#/$defs/n~1Color" },
            next: { anyOf: [{ $ref: "#/$defs/n~1Node" }, { type: "null" }] },
          },
          required: ["node_id", "color"],
          additionalProperties: false,
        },
        "n/Color": { title: "Color", enum: ["red"] },
      },
    });
  });

  it("has bounds for integers when a JSON number can hold the bound", () => {
    const fields = { a: t.int, b: t.bigint, c: t.uint64, d: t.fixedInt64, e: t.taggedUint64, f: t.uint32 };
    const document = message("n/Sizes", fields).jsonSchema() as {
      $defs: Record<string, { properties: Record<string, unknown> }>;
    };
    expect(document.$defs["n/Sizes"]?.properties).toEqual({
      a: { type: "integer", minimum: -9007199254740991, maximum: 9007199254740991 },
      b: { type: "integer" },
      c: { type: "integer", minimum: 0 },
      d: { type: "integer" },
      e: { type: "integer", minimum: 0 },
      f: { type: "integer", minimum: 0, maximum: 4294967295 },
    });
  });

  it("describes bytes that are declared as base64", () => {
    const document = message("n/Key", { key: t.bytes.base64 }).jsonSchema() as {
      $defs: Record<string, { properties: Record<string, unknown> }>;
    };
    expect(document.$defs["n/Key"]?.properties).toEqual({
      key: { type: "string", contentEncoding: "base64" },
    });
  });

  it.each([
    [t.bytes, "bytes"],
    [t.bytes.view, "bytes"],
    [t.optional(t.date), "a date"],
    [t.timestamp, "a timestamp"],
    [t.timestampMicros, "a timestamp"],
    [t.set(t.int), "a set"],
    [t.union(message("n/A", {}), message("n/B", {})), "a union"],
  ])("is refused with the path of a member that JSON mode cannot hold (%#)", (schema, text) => {
    const Inner = message("n/Inner", { whenSeen: t.list(t.map(t.string, schema)) });
    const Outer = message("n/Outer", { id: t.int, inner: t.optional(Inner) });
    const path = "n/Inner at whenSeen[][]";
    expect(() => Outer.jsonSchema()).toThrow(
      expect.objectContaining({
        name: "TypeError",
        path,
        message: `${path}: JSON mode, which the JSON Schema describes, cannot hold ${text}`,
      }),
    );
  });
});

describe("the descriptor", () => {
  it("lists types in the order of the first visit, and fields in the order of declaration", () => {
    const Inner = message("n/Inner", { x: t.bigint, y: t.timestampMicros });
    const Color = t.enum("n/Color", { RED: "red" });
    const M = message(
      "Outer",
      { a: t.optional(t.list(Inner)), b: t.record(Color), c: t.bytes.view.default(new Uint8Array()) },
      { pythonModule: "app.models", types: [message("n/Extra", {})] },
    );
    expect(describeTypes([asSchema(M, "")]).descriptor).toMatchObject({
      types: [
        {
          kind: "message",
          tag: "Outer",
          namespace: "",
          name: "Outer",
          pythonModule: "app.models",
          qualname: null,
          refs: false,
          compatible: false,
          fields: [
            { name: "a", type: { optional: { list: { message: 1 } } }, default: false },
            { name: "b", type: { map: ["string", { enum: 2 }] }, default: false },
            { name: "c", type: "bytes", default: true },
          ],
        },
        { tag: "n/Inner", fields: [{ type: "int" }, { type: "timestamp" }] },
        { kind: "enum", tag: "n/Color", members: ["RED"], json: ["red"] },
        { tag: "n/Extra" },
      ],
      roots: [{ message: 0 }],
    });
  });
});
